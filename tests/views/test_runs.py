"""Runs for people and machines."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from reconciler.journal import OutcomeKind
from reconciler.shards import Progress
from reconciler.views.runs import next_steps, runs_fields, runs_lines
from tests.builders import NOW


def a_progress(**fields: Any) -> Progress:
    given: dict[str, Any] = {
        "run": "r-1",
        "command": "apply",
        "actor": "ada",
        "started_at": NOW,
        "finished_at": None,
        "planned": 300,
        "shards": {"done": 1, "working": 1, "waiting": 1},
        "total": 300,
        "outcomes": {OutcomeKind.SUCCEEDED: 99, OutcomeKind.FAILED: 1},
        "workers": ("build-7:12",),
        "rate": 20.0,
    }
    return Progress(**{**given, **fields})


def test_a_run_under_way_says_who_works_how_fast_and_how_long_still() -> None:
    failed = (("contoso/visio", "cancel-now", "no"),)
    assert runs_lines([a_progress(failures=failed)], whole=True) == [
        "r-1  under way  apply by ada, 100 of 300 changes, 99 succeeded, 1 failed",
        "  shards: 1 done, 1 waiting, 1 working",
        "  workers: build-7:12",
        "  20.0 changes/s, about 10 s left",
        "  failed: contoso/visio cancel-now: no",
    ]


def test_a_run_without_a_worker_says_what_to_do() -> None:
    run = a_progress(workers=(), rate=0.0, outcomes={})
    lines = runs_lines([run], whole=True)
    assert "  workers: none has taken a shard now" in lines
    assert lines[-2:] == [f"  next: {line}" for line in next_steps(run)]
    assert "reconcile worker --run r-1" in lines[-2]


def test_every_stage_of_a_run_has_its_word() -> None:
    over: dict[str, Any] = {"finished_at": NOW, "workers": ()}
    runs = [
        a_progress(shards={"done": 3}, **over),
        a_progress(shards={"withdrawn": 3}, **over),
        a_progress(shards={}, workers=()),
        a_progress(shards={}, planned=1, **over),
    ]
    assert [line.split("  ")[1] for line in runs_lines(runs, whole=False)] == [
        "finished", "taken back", "cut off", "finished",
    ]  # fmt: skip
    assert runs_lines(runs, whole=False)[3].endswith("1 change")
    assert "no workers" in runs_lines([runs[3]], whole=True)[1]
    assert next_steps(runs[0]) == [
        "apply again: what was not carried out is planned anew, and what is not known is asked for"
    ]
    assert runs_lines([], whole=False) == ["No runs yet."]


def test_machines_get_all_of_it() -> None:
    fields: dict[str, Any] = dict(runs_fields([a_progress(failures=(("a/b", "cancel-now", "no"),))]))
    (found,) = fields["runs"]
    assert (found["stage"], found["done"], found["changes"], found["seconds_left"]) == ("under-way", 100, 300, 10.0)
    assert (found["outcomes"], found["workers"]) == ({"succeeded": 99, "failed": 1}, ["build-7:12"])
    assert found["failures"] == [{"subscription": "a/b", "kind": "cancel-now", "error": "no"}]


def test_a_refresh_counts_accounts_and_names_those_in_trouble() -> None:
    failed = (("shop", "rate-limited", "no answer"),)
    run = a_progress(command="refresh", of="account", planned=0, total=40, rate=2.0, failures=failed)
    run = replace(run, outcomes={OutcomeKind.SUCCEEDED: 19, OutcomeKind.FAILED: 1})
    assert runs_lines([run], whole=True) == [
        "r-1  under way  refresh by ada, 20 of 40 accounts, 19 succeeded, 1 failed",
        "  shards: 1 done, 1 waiting, 1 working",
        "  workers: build-7:12",
        "  2.0 accounts/s, about 10 s left",
        "  failed: shop rate-limited: no answer",
    ]
    told: dict[str, Any] = dict(runs_fields([run]))
    (fields,) = told["runs"]
    assert (fields["accounts"], fields["failures"]) == (
        40,
        [{"account": "shop", "code": "rate-limited", "error": "no answer"}],
    )
    assert next_steps(replace(run, finished_at=NOW, shards={"done": 2})) == [
        "refresh again: what was kept before of the accounts in trouble stays until then"
    ]

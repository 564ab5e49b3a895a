"""People as a provider, from the outside: tasks issued, listed, done, failed and withdrawn."""

from __future__ import annotations

import csv
from datetime import datetime
from typing import Any

import pytest

from reconciler.errors import StoreError
from reconciler.journal import Freeze
from reconciler.stores.sqlite import SqliteStore
from tests.cli.office import OFF, OPEN, SETTINGS, VISIO, Office, asked, office
from tests.cli.world import World, codes, kinds

__all__ = ["asked", "office"]


def test_an_apply_issues_a_task_and_nothing_is_shown_as_done(office: Office) -> None:
    office.specs(OFF)
    assert kinds(office.plan()) == [(OPEN, "update"), (OPEN, "turn-off-recurring")]
    forecast = office.document("forecast")
    applied = office.run("--format", "json")
    assert applied.code == 5
    outcomes = {item["kind"]: item["outcome"] for item in applied.document["changes"]}
    assert outcomes == {"update": "succeeded", "turn-off-recurring": "accepted"}
    assert office.pair() == ("active", "on", "none")
    assert office.document("forecast")["occurrences"] == forecast["occurrences"]
    assert {(item["occasion"], item["on"]) for item in forecast["occurrences"]} == {("renews", "2027-03-01")}
    assert office.told()[-1] == ("turn-off-recurring", "accepted", None)


def test_a_second_apply_issues_no_second_task_and_exits_5_until_it_is_done(asked: Office) -> None:
    before = asked.document("history")["entries"]
    again = asked.run("--format", "json")
    assert (again.code, again.document["changes"], again.document["run"]) == (5, [], None)
    assert asked.document("history")["entries"] == before
    (pending,) = again.document["pending"]
    assert (pending["subscription"], pending["kind"], pending["deadline"]) == (OPEN, "turn-off-recurring", "2027-02-28")
    assert asked.run("--dry-run").code == 0
    assert asked.run("--dry-run", "--detailed-exitcode").code == 2


def test_a_task_says_the_clicks_the_day_the_owner_and_who_asked_why(asked: Office) -> None:
    done = asked.run("tasks")
    assert done.code == 0
    assert done.last == "1 task. When one is done: reconcile done KEY --evidence TEXT"
    assert "deadline 28 Feb 2027; owner it@contoso.example" in done.out
    assert "why: moved to another tool    specs/kiosk.yaml:6:16" in done.out
    (task,) = asked.document("tasks")["tasks"]
    assert task["steps"][-2] == "Then record it: reconcile done kiosk/visio --evidence 'WHAT SHOWS IT'"
    assert any("choose Off, and Save." in step for step in task["steps"])
    assert "Open Billing > Your products, and select Visio Plan 2." in task["steps"]
    assert (task["owner"], task["reason"], task["deadline"]) == (
        "it@contoso.example",
        "moved to another tool",
        "2027-02-28",
    )
    assert "- [ ] **turn off**" in asked.run("tasks", "--format", "markdown").out
    (row,) = csv.DictReader(asked.run("tasks", "--format", "csv").out.splitlines())
    assert (row["subscription"], row["overdue"]) == (OPEN, "false")
    assert asked.run("tasks", "--format", "github").out == done.out


def test_tasks_are_narrowed_to_an_account_that_there_is(asked: Office) -> None:
    assert len(asked.document("tasks", "--account", "kiosk")["tasks"]) == 1
    assert asked.document("tasks", "--exclude", "kiosk/v*")["tasks"] == []
    wrong = asked.run("tasks", "--account", "kios")
    assert (wrong.code, "hint: did you mean 'kiosk'?" in wrong.err) == (64, True)
    assert asked.run("tasks", "--account", "zzz", "--format", "json").document["error"]["code"] == "no-such-account"


def test_without_a_store_there_are_no_tasks(world: World) -> None:
    assert world.run("tasks").last == "No tasks: nobody is asked to do anything by hand."


def test_tasks_are_listed_whatever_the_specs_say(asked: Office) -> None:
    asked.world.write("specs/wrong.yaml", "version: 2\n")
    listed = asked.run("tasks")
    assert (listed.code, OPEN in listed.out) == (0, True)
    assert "what is withdrawn may be told wrong" in listed.err
    assert asked.document("tasks")["diagnostics"] != []


def test_a_task_whose_last_day_is_over_is_overdue_and_comes_first(asked: Office) -> None:
    asked.specs(OFF + "a-teams:\n  facts: {product: SPB, term: annual, start: 2026-06-01}\n  recurring: off\n")
    asked.on("2027-02-28")
    asked.apply()
    assert asked.open() == [
        (OPEN, "turn-off-recurring", False, False),
        ("kiosk/a-teams", "turn-off-recurring", False, False),
    ]
    asked.on("2027-03-01")
    assert [(item["subscription"], item["overdue"]) for item in asked.plan()["pending"]] == [
        (OPEN, True),
        ("kiosk/a-teams", False),
    ]
    assert asked.open()[0] == (OPEN, "turn-off-recurring", True, False)
    assert "1 overdue" in asked.run("tasks").last


def test_what_somebody_says_is_done_is_recorded_and_nothing_is_left(asked: Office) -> None:
    done = asked.run("done", OPEN, "--evidence", "TICKET-7")
    assert (done.code, done.err) == (0, "")
    assert done.last == "Recorded as said: 1 task done. Nobody asked the vendor."
    assert asked.pair() == ("active", "off", "none")
    assert asked.told()[-1] == (
        "turn-off-recurring",
        "succeeded",
        "done by hand on 2026-11-23; evidence: TICKET-7",
    )
    entry = asked.document("history", OPEN)["entries"][-1]
    assert (entry["reason"], entry["source"]["line"]) == ("moved to another tool", 6)
    assert entry["value"]["amount"] == "10.00 EUR"
    assert asked.open() == []
    after = asked.run("--format", "json", "--detailed-exitcode", "--dry-run")
    assert (after.code, after.document["changes"], after.document["pending"]) == (0, [], [])
    assert asked.run().code == 0


def test_done_tells_machines_what_it_recorded(asked: Office) -> None:
    found = asked.document("done", OPEN, "--evidence", "https://tickets.example/7")
    assert found["tasks"] == [
        {"subscription": OPEN, "kind": "turn-off-recurring", "done_at": "2026-11-23T12:00:00Z", "taken_back": []}
    ]
    assert (found["evidence"], found["failed"], found["subscriptions"]) == ("https://tickets.example/7", None, [OPEN])
    assert asked.document("history")["entries"][-1]["run"] == found["run"]


def test_a_task_that_is_not_there_is_told_with_what_became_of_the_last_one(asked: Office) -> None:
    assert asked.run("done", OPEN).code == 0
    again = asked.run("done", OPEN, "--format", "json")
    assert (again.code, again.document["error"]["code"]) == (1, "no-task")
    assert "its last task is done already, recorded on 23 Nov 2026" in again.document["error"]["message"]
    strange = asked.run("done", "kiosk/word")
    assert (strange.code, "kiosk/word: it is not stored" in strange.err) == (1, True)
    assert asked.run("done", "word").code == 64
    assert asked.run("done").code == 64


def test_several_are_done_at_once_or_none(asked: Office) -> None:
    asked.specs(OFF + "teams:\n  facts: {product: SPB, term: annual, start: 2026-06-01}\n  recurring: off\n")
    asked.apply()
    wrong = asked.run("done", OPEN, "kiosk/teams", "kiosk/word")
    assert (wrong.code, "kiosk/word: it is not stored" in wrong.err) == (1, True)
    assert [asked.pair(name)[1] for name in ("visio", "teams")] == ["on", "on"]
    done = asked.run("done", "kiosk/teams", OPEN, OPEN)
    assert done.last == "Recorded as said: 2 tasks done. Nobody asked the vendor."
    assert [asked.pair(name)[1] for name in ("visio", "teams")] == ["off", "off"]


def test_what_could_not_be_done_is_asked_for_again(asked: Office) -> None:
    failed = asked.run("done", OPEN, "--failed", "the page says it is locked")
    assert failed.code == 0
    assert failed.last == "Recorded: 1 task could not be done. The next apply asks for what the specs still want."
    assert asked.told()[-1] == ("turn-off-recurring", "failed", "not done: the page says it is locked")
    assert (asked.pair()[1], asked.open()) == ("on", [])
    closed = asked.run("done", OPEN)
    assert "its last task was closed on 23 Nov 2026: not done: the page says it is locked" in closed.err
    assert asked.run().code == 5
    assert asked.open() == [(OPEN, "turn-off-recurring", False, False)]
    assert asked.run("done", OPEN).code == 0
    assert asked.pair()[1] == "off"


@pytest.mark.parametrize(
    ("words", "code", "exit_code"),
    [
        pytest.param(["--on", "2026-11-24"], "done-in-future", 1, id="a day that is to come"),
        pytest.param(["--on", "2026-11-22"], "done-before-issued", 1, id="a day before anybody was asked"),
        pytest.param(["--on", "2026-11-23T10:00Z"], "bad-instant", 64, id="an instant is no day"),
        pytest.param(["--on", "23 Nov"], "bad-instant", 64, id="no day at all"),
        pytest.param(["--evidence", " "], "no-reason", 64, id="evidence that says nothing"),
        pytest.param(["--failed", ""], "no-reason", 64, id="a failure that says nothing"),
        pytest.param(["--failed", "x", "--evidence", "y"], "done-or-failed", 64, id="failed with evidence"),
        pytest.param(["--failed", "x", "--on", "2026-11-23"], "done-or-failed", 64, id="failed on a day"),
        pytest.param(["--as-of", "2026-11-23"], "as-of-outside", 64, id="as of another instant"),
        pytest.param(["--select", "*"], "not-narrowed", 64, id="narrowed"),
    ],
)
def test_what_cannot_be_is_refused_and_nothing_is_recorded(
    asked: Office, words: list[str], code: str, exit_code: int
) -> None:
    done = asked.run("done", OPEN, *words, "--format", "json")
    assert (done.code, done.document["error"]["code"]) == (exit_code, code)
    assert asked.pair()[1] == "on"
    assert len(asked.open()) == 1


def test_what_was_done_on_an_earlier_day_counts_from_then(asked: Office) -> None:
    asked.on("2026-12-24")
    assert asked.run("done", OPEN, "--on", "2026-12-01").code == 0
    assert asked.told()[-1][2] == "done by hand on 2026-12-01"
    assert asked.document("status")["subscriptions"][0]["term"]["end"] == "2027-03-01T00:00:00Z"


def test_the_day_on_which_it_was_issued_is_a_day_on_which_it_may_be_done(asked: Office) -> None:
    asked.on("2026-11-25")
    assert asked.run("done", OPEN, "--on", "2026-11-23").code == 0


def test_time_that_passed_unrecorded_before_it_is_recorded_first(asked: Office) -> None:
    asked.on("2027-03-05")
    assert asked.run("done", OPEN).code == 0
    assert [item[:2] for item in asked.told()[-2:]] == [("renewed", "succeeded"), ("turn-off-recurring", "succeeded")]
    assert asked.row()["term"]["end"] == "2028-03-01T00:00:00Z"
    assert asked.plan()["elapsed"] == []


def test_done_in_time_and_told_late_takes_the_renewal_back_that_was_recorded(asked: Office) -> None:
    asked.on("2027-03-05")
    asked.apply()
    assert asked.told()[-1][0] == "renewed"
    done = asked.run("done", OPEN, "--on", "2027-02-27")
    assert "taken back, for with that it did not happen: renewed 1 Mar 2027" in done.out
    assert asked.pair() == ("expired", "off", "none")
    assert asked.row()["term"]["end"] == "2027-03-01T00:00:00Z"
    later = asked.plan()
    assert ([item["kind"] for item in later["elapsed"]], later["changes"], later["pending"]) == (["expired"], [], [])


def test_done_in_time_and_told_late_needs_no_renewal_taken_back_where_none_was_recorded(asked: Office) -> None:
    asked.on("2027-03-05")
    assert asked.run("done", OPEN, "--on", "2027-02-27").code == 0
    assert asked.pair() == ("expired", "off", "none")
    assert [item[0] for item in asked.told()] == ["register", "update", "turn-off-recurring"]


def test_what_has_expired_by_now_cannot_have_been_turned_on_today(office: Office) -> None:
    office.export("Visio,VISIOCLIENT,annual,2026-03-01,off,,1\n", "--update")
    office.specs(VISIO + "  recurring: on\n")
    office.apply()
    office.on("2027-03-05")
    wrong = office.run("done", OPEN, "--format", "json")
    assert (wrong.code, wrong.document["error"]["code"]) == (1, "done-misplaced")
    assert "it was expired then" in wrong.document["error"]["message"]
    assert office.run("done", OPEN, "--on", "2027-02-20").code == 0
    assert office.pair() == ("active", "on", "none")


def test_a_record_that_was_mended_since_is_no_longer_told_as_it_was(asked: Office) -> None:
    asked.on("2027-03-05")
    asked.apply()
    asked.specs(OFF.replace("2026-03-01", "2026-03-03"))
    asked.apply()
    wrong = asked.run("done", OPEN, "--on", "2027-02-27", "--format", "json")
    assert wrong.document["error"]["code"] == "done-misplaced"
    assert "renewed 2027-03-01" in wrong.document["error"]["message"]
    assert asked.run("done", OPEN).code == 0


def test_specs_with_errors_keep_nobody_from_saying_what_was_done(asked: Office) -> None:
    asked.world.write("specs/wrong.yaml", "version: 2\n")
    assert asked.run("done", OPEN).code == 0


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(VISIO + "  recurring: on\n", id="the spec asks for the contrary"),
        pytest.param(VISIO, id="the spec says nothing of its renewal"),
        pytest.param("word:\n  facts: {product: SPB, term: annual, start: 2026-03-01}\n", id="no file declares it"),
    ],
)
def test_a_task_that_nobody_asks_for_any_more_is_withdrawn_and_told(asked: Office, text: str) -> None:
    asked.specs(text)
    assert asked.open() == [(OPEN, "turn-off-recurring", False, True)]
    planned = asked.plan()
    assert [(item["subscription"], item["withdrawn"]) for item in planned["pending"]] == [(OPEN, True)]
    assert "withdrawn" in asked.run("tasks").out
    assert (OPEN, "turn-off-recurring") not in kinds(planned)
    assert asked.run().code == 0
    assert asked.open() == []
    assert asked.told()[-1][:2] == ("turn-off-recurring", "failed")
    assert "its last task was closed on 23 Nov 2026: withdrawn" in asked.run("done", OPEN).err
    assert asked.plan()["pending"] == []
    asked.specs(OFF)
    asked.apply()
    assert asked.open() == [(OPEN, "turn-off-recurring", False, False)]


def test_a_run_that_is_narrowed_takes_back_nothing_that_it_does_not_see(asked: Office) -> None:
    asked.specs("word:\n  facts: {product: SPB, term: annual, start: 2026-03-01}\n")
    asked.run("--select", "kiosk/word")
    assert asked.open() == [(OPEN, "turn-off-recurring", False, True)]


def test_a_task_that_nobody_asks_for_may_have_been_done_all_the_same(asked: Office) -> None:
    asked.specs(VISIO + "  recurring: on\n")
    assert asked.run("done", OPEN).code == 0
    assert asked.pair()[1] == "off"
    asked.apply()
    assert asked.open() == [(OPEN, "turn-on-recurring", False, False)]


def test_the_task_of_a_record_that_was_forgotten_is_withdrawn(asked: Office) -> None:
    asked.specs("word:\n  facts: {product: SPB, term: annual, start: 2026-03-01}\n")
    assert asked.run("forget", OPEN).code == 0
    assert asked.open() == [(OPEN, "turn-off-recurring", False, True)]
    assert f"{OPEN}: it is not stored" in asked.run("done", OPEN).err
    assert [item["subscription"] for item in asked.plan()["pending"]] == [OPEN]
    asked.apply()
    assert asked.open() == []


def test_the_tasks_of_an_account_that_is_gone_are_listed_and_withdrawn(asked: Office) -> None:
    asked.world.write("reconcile.yaml", "version: 1\naccounts: {shop: {}}\n")
    asked.world.specs(VISIO, account="shop", file="specs/kiosk.yaml")
    assert asked.open() == [(OPEN, "turn-off-recurring", False, True)]
    assert len(asked.document("tasks", "--account", "kiosk")["tasks"]) == 1
    assert asked.run("done", OPEN).code == 0


def test_protection_that_comes_later_takes_an_ending_task_back(asked: Office) -> None:
    asked.specs(OFF + "  protect: true\n")
    found = asked.apply()
    assert codes(found) == [(OPEN, "protected")]
    assert asked.open() == []


def test_tasks_of_ending_changes_count_towards_the_limits(office: Office) -> None:
    facts = "facts: {product: SPB, term: annual, start: 2026-03-01}"
    office.specs(VISIO + "".join(f"s{n}:\n  {facts}\n" for n in range(6)))
    office.apply()
    office.specs(VISIO + "".join(f"s{n}:\n  {facts}\n  recurring: off\n" for n in range(6)))
    refused = office.run("--format", "json")
    assert (refused.code, [item["limit"] for item in refused.document["refused"]]) == (3, ["max-endings"])
    assert office.open() == []


def test_a_limit_over_several_days_counts_the_tasks_that_are_open(office: Office) -> None:
    safety = "safety: {max_endings: {count: 2, percent: 100, at_least: 2, per: 7d}}\n"
    office.world.write("reconcile.yaml", SETTINGS + safety)
    facts = "facts: {product: SPB, term: annual, start: 2026-03-01}"
    office.specs("".join(f"s{n}:\n  {facts}\n" for n in range(3)))
    office.apply()
    office.specs(f"s0:\n  {facts}\n  recurring: off\ns1:\n  {facts}\n  recurring: off\ns2:\n  {facts}\n")
    office.apply()
    assert len(office.open()) == 2
    office.specs("".join(f"s{n}:\n  {facts}\n  recurring: off\n" for n in range(3)))
    office.on("2026-11-25")
    assert [item["limit"] for item in office.apply()["refused"]] == ["max-endings"]
    office.run("done", "kiosk/s0")
    assert [item["limit"] for item in office.apply()["refused"]] == ["max-endings"]
    office.run("done", "kiosk/s1", "--failed", "locked")
    assert [(item["kind"], item["subscription"]) for item in office.plan()["changes"]] == [
        ("turn-off-recurring", "kiosk/s1"),
        ("turn-off-recurring", "kiosk/s2"),
    ]
    office.on("2026-12-03")
    office.apply()
    assert len(office.open()) == 2


def test_while_frozen_no_task_is_issued_and_none_is_recorded_as_done(asked: Office) -> None:
    asked.run("freeze", "--reason", "year-end")
    done = asked.run("done", OPEN, "--format", "json")
    assert (done.code, done.document["error"]["code"]) == (3, "frozen")
    asked.specs(VISIO + "  recurring: on\n")
    assert asked.run().code == 3
    assert asked.open() == [(OPEN, "turn-off-recurring", False, True)]
    asked.run("thaw")
    assert asked.run("done", OPEN).code == 0


def test_a_freeze_that_comes_meanwhile_stops_it(asked: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(SqliteStore, "freeze", lambda self: Freeze("closing", asked.now, "ada"))
    done = asked.run("done", OPEN, "--format", "json")
    assert (done.code, done.document["error"]["code"]) == (3, "frozen")
    monkeypatch.undo()


def test_what_specs_wish_is_no_fact_where_people_make_the_changes(office: Office) -> None:
    office.specs(VISIO + "word:\n  facts: {product: WORD, term: annual, start: 2026-06-01}\n  cancel: at-renewal\n")
    found = office.apply()
    assert kinds(found) == [("kiosk/word", "register"), ("kiosk/word", "cancel-at-renewal")]
    assert office.pair("word") == ("active", "on", "none")
    assert office.open() == [("kiosk/word", "cancel-at-renewal", False, False)]
    assert office.run("done", "kiosk/word").code == 0
    assert office.pair("word") == ("active", "off", "at-renewal")
    assert office.plan()["changes"] == []


def test_what_could_not_be_recorded_is_told(asked: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    asked.on("2027-03-05")
    calls: list[Any] = []
    record = SqliteStore.record

    def fails_then(store: SqliteStore, run_id: str, entries: Any, at: datetime) -> int:
        calls.append(entries)
        if len(calls) > 1:
            raise StoreError("disk-full", "the disk is full")
        return record(store, run_id, entries, at)

    with monkeypatch.context() as patched:
        patched.setattr(SqliteStore, "record", fails_then)
        done = asked.run("done", OPEN)
    assert (done.code, "kiosk/visio was not recorded: the disk is full" in done.err) == (1, True)
    assert asked.told()[-1][0] == "renewed"
    assert asked.run("done", OPEN).code == 0


def test_a_task_that_a_cut_off_run_never_handed_out_is_issued_anew(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    office.specs(OFF)

    def fails(*words: Any) -> None:
        raise StoreError("store-busy", "cut off")

    with monkeypatch.context() as patched:
        patched.setattr(SqliteStore, "accept", fails)
        assert office.run().code != 0
    assert office.open() == []
    assert "there is no task" in office.run("done", OPEN).err
    office.apply()
    assert office.open() == [(OPEN, "turn-off-recurring", False, False)]
    assert office.run("done", OPEN).code == 0
    assert (office.open(), office.plan()["pending"]) == ([], [])

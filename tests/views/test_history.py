"""The journal for people."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from reconciler.changes import Risk
from reconciler.diagnostics import Location
from reconciler.events import EventKind
from reconciler.journal import FreezeEntry, HistoryEntry, OutcomeKind
from reconciler.model import Money
from reconciler.views.history import history_text, verb_of
from tests.views.cases import HOSTILE, NOW

TURNED_OFF = HistoryEntry(
    run="run-2",
    at=NOW,
    subscription="contoso/visio-plan-2",
    kind="turn-off-recurring",
    outcome=OutcomeKind.SUCCEEDED,
    before={"recurring": "on", "cancellation": "none"},
    after={"recurring": "off", "cancellation": "none"},
    reason="team moved to another tool",
    error=None,
    actor="runner",
    ci_run="https://ci.example/7",
    commit="4f0c1a2b",
    commit_author="Ada Author <ada@contoso.example>",
    source=Location("specs/contoso.yaml", 22, 16),
)
REGISTERED = replace(
    TURNED_OFF, run="run-1", kind="register", before={}, after={"product": "SPB"}, reason=None, ci_run=None, commit=None
)


def test_each_entry_says_what_when_why_who_decided_and_who_applied() -> None:
    assert history_text([REGISTERED, TURNED_OFF]) == (
        "2026-11-23 00:00:00Z  registered    contoso/visio-plan-2    succeeded\n"
        "      why: specs/contoso.yaml:22:16\n"
        "      applied by runner; run run-1\n"
        "2026-11-23 00:00:00Z  turned off    contoso/visio-plan-2    succeeded\n"
        "      recurring on -> off\n"
        "      why: team moved to another tool    specs/contoso.yaml:22:16\n"
        "      decided in 4f0c1a2b by Ada Author <ada@contoso.example>; applied by runner; run run-2, https://ci.example/7\n"
        "\n"
        "2 changes in 2 runs.\n"
    )


def test_what_was_begun_is_told_by_its_verb_and_not_as_done() -> None:
    begun = replace(TURNED_OFF, outcome=OutcomeKind.ACCEPTED)
    head, *details = history_text([begun]).splitlines()
    assert head == "2026-11-23 00:00:00Z  turn off    contoso/visio-plan-2    accepted"
    assert details[0] == "      recurring on -> off"


def test_how_an_outcome_became_known_is_told() -> None:
    known = replace(TURNED_OFF, note="settled by reading")
    assert "      note: settled by reading\n      why: team moved" in history_text([known])


def test_what_was_changed_outside_is_told_as_such_with_when_that_was_seen() -> None:
    noticed = replace(TURNED_OFF, kind="noticed", happened_at=NOW, reason=None, source=None)
    assert history_text([noticed]).splitlines()[:2] == [
        "2026-11-23 00:00:00Z  noticed    contoso/visio-plan-2    observed 2026-11-23 00:00:00Z",
        "      recurring on -> off, changed outside",
    ]


def test_what_failed_says_what_was_to_be_done_and_why_it_was_not() -> None:
    failed = replace(TURNED_OFF, outcome=OutcomeKind.FAILED, error="no such date", source=None, commit_author=None)
    assert history_text([failed]).splitlines()[0].split("  ")[1] == "turn off"
    assert (
        "      error: no such date\n      why: team moved to another tool\n      decided in 4f0c1a2b; "
        in history_text([failed])
    )


def test_an_entry_without_a_cause_says_who_did_it() -> None:
    forgotten = replace(REGISTERED, kind="forget", source=None)
    assert history_text([forgotten]) == (
        "2026-11-23 00:00:00Z  forgotten    contoso/visio-plan-2    succeeded\n"
        "      applied by runner; run run-1\n"
        "\n"
        "1 change in 1 run.\n"
    )
    assert "applied by" not in history_text([replace(forgotten, actor="")])


def test_a_verb_of_a_later_version_stands_as_journaled() -> None:
    assert verb_of(replace(TURNED_OFF, kind="resize")) == "resize"


def test_nothing_applied_is_said() -> None:
    assert history_text([]) == "Nothing has been applied yet.\n"


def test_foreign_text_stays_on_its_line() -> None:
    text = history_text([replace(TURNED_OFF, reason=HOSTILE, actor=HOSTILE, after={"owner": HOSTILE})])
    assert len(text.splitlines()) == 6
    assert text.replace("\n", "").isprintable()


def test_an_instant_of_its_own_is_told_and_the_usual_one_is_not() -> None:
    usual = replace(TURNED_OFF, as_of=TURNED_OFF.at)
    assert "as of" not in history_text([usual])
    assert "as of 2030-01-01 00:00:00Z" in history_text([replace(TURNED_OFF, as_of=datetime(2030, 1, 1, tzinfo=UTC))])


def test_what_a_run_was_allowed_is_told() -> None:
    assert "with --allow max-endings=contoso/*" in history_text(
        [replace(TURNED_OFF, allowed=("max-endings=contoso/*",))]
    )


RENEWED = replace(
    TURNED_OFF,
    kind="renewed",
    before={"term_start": "2025-03-01", "term_end": "2026-03-01"},
    after={"term_start": "2026-03-01", "term_end": "2027-03-01"},
    reason=None,
    commit=None,
    commit_author=None,
    source=None,
    allowed=("max-endings",),
    happened_at=datetime(2026, 3, 1, tzinfo=UTC),
)


def test_what_time_did_is_told_with_its_own_instant_and_who_recorded_it() -> None:
    assert history_text([RENEWED, TURNED_OFF]) == (
        "2026-11-23 00:00:00Z  renewed       contoso/visio-plan-2    happened 2026-03-01 00:00:00Z\n"
        "      term 1 Mar 2026 to 28 Feb 2027\n"
        "      recorded by runner; run run-2, https://ci.example/7\n"
        "2026-11-23 00:00:00Z  turned off    contoso/visio-plan-2    succeeded\n"
        "      recurring on -> off\n"
        "      why: team moved to another tool    specs/contoso.yaml:22:16\n"
        "      decided in 4f0c1a2b by Ada Author <ada@contoso.example>; applied by runner; run run-2, https://ci.example/7\n"
        "\n"
        "1 change and 1 event in 1 run.\n"
    )


@pytest.mark.parametrize("kind", EventKind)
def test_every_event_is_told_by_its_own_word(kind: EventKind) -> None:
    event = replace(RENEWED, kind=str(kind))
    assert verb_of(event) == kind
    assert history_text([event, event]).endswith("\n2 events in 1 run.\n")


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"risk": Risk.IRREVERSIBLE}, "      cannot be undone\n"),
        (
            {"risk": Risk.REVERSIBLE_UNTIL, "reversible_until": datetime(2027, 2, 14, tzinfo=UTC)},
            "      can be undone until 2027-02-14 00:00:00Z\n",
        ),
        (
            {
                "outcome": OutcomeKind.UNKNOWN,
                "risk": Risk.REVERSIBLE_UNTIL,
                "reversible_until": datetime(2027, 2, 14, tzinfo=UTC),
                "value": Money(618000, "EUR"),
            },
            "      6180.00 EUR a term; can be undone until 2027-02-14 00:00:00Z\n",
        ),
        ({"risk": Risk.REVERSIBLE, "value": Money(2060, "JPY")}, "      2060 JPY a term\n"),
    ],
    ids=["irreversible", "until an instant", "with its value", "a value alone"],
)
def test_what_a_change_came_to_is_told(fields: dict[str, Any], said: str) -> None:
    assert f"      recurring on -> off\n{said}" in history_text([replace(TURNED_OFF, **fields)])


@pytest.mark.parametrize("outcome", [OutcomeKind.FAILED, OutcomeKind.SKIPPED, OutcomeKind.ACCEPTED])
def test_nothing_came_of_what_was_not_done(outcome: OutcomeKind) -> None:
    text = history_text([replace(TURNED_OFF, outcome=outcome, risk=Risk.IRREVERSIBLE, value=Money(618000, "EUR"))])
    assert "undone" not in text
    assert "EUR" not in text


FROZEN = FreezeEntry("run-3", NOW - timedelta(hours=1), "freeze", "year end", "ada", "https://ci.example/8")
THAWED = FreezeEntry("run-4", NOW + timedelta(hours=1), "thaw", None, "grace")


def test_freezes_and_thaws_stand_among_the_entries_at_their_time() -> None:
    text = history_text([REGISTERED], freezes=[FROZEN, THAWED])
    assert text == (
        "2026-11-22 23:00:00Z  frozen\n"
        "      why: year end\n"
        "      by ada; run run-3, https://ci.example/8\n"
        "2026-11-23 00:00:00Z  registered    contoso/visio-plan-2    succeeded\n"
        "      why: specs/contoso.yaml:22:16\n"
        "      applied by runner; run run-1\n"
        "2026-11-23 01:00:00Z  thawed\n"
        "      by grace; run run-4\n"
        "\n"
        "1 change in 1 run.\n"
    )


def test_a_freeze_before_the_first_apply_is_told() -> None:
    assert history_text([], freezes=[FROZEN]) == (
        "2026-11-22 23:00:00Z  frozen\n"
        "      why: year end\n"
        "      by ada; run run-3, https://ci.example/8\n"
        "\n"
        "Nothing has been applied yet.\n"
    )


def test_a_reason_to_freeze_stays_on_its_line() -> None:
    text = history_text([], freezes=[replace(FROZEN, reason=HOSTILE, actor=HOSTILE)])
    assert len(text.splitlines()) == 5
    assert text.replace("\n", "").isprintable()


def test_a_change_tells_what_moved_and_not_what_it_was_made_for() -> None:
    change = replace(TURNED_OFF, before={**TURNED_OFF.before, "term_end": "2027-02-14"})
    assert "\n      recurring on -> off\n" in history_text([change])
    forgotten = replace(TURNED_OFF, kind="forget", before={"product": "SPB", "status": "active"}, after={})
    assert "\n      product SPB -> none, status active -> none\n" in history_text([forgotten])


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ({"status": "active"}, {"status": "expired"}, "status active -> expired"),
        (
            {"term_start": "2026-03-01", "term_end": "2027-03-01", "status": "active"},
            {"term_start": "2027-03-01", "term_end": "2027-04-01", "status": "expired"},
            "term 1 Mar 2027 to 31 Mar 2027, status active -> expired",
        ),
        ({"term_end": "2027-03-01"}, {"term_end": "2027-04-01"}, "term_end 2027-03-01 -> 2027-04-01"),
    ],
    ids=["a stage", "a term and more", "half a term"],
)
def test_an_event_tells_the_stage_or_the_term_that_it_began(
    before: dict[str, str], after: dict[str, str], said: str
) -> None:
    assert f"\n      {said}\n" in history_text([replace(RENEWED, before=before, after=after)])

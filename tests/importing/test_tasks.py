"""What a row says of a task: confirmed, not done, unclear, contradicted, or nothing at all."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from reconciler.changes import Kind
from reconciler.diagnostics import Location
from reconciler.importing.rows import ImportedRow
from reconciler.importing.tasks import ByHand, Showing, Told, told_of_tasks
from reconciler.journal import HistoryEntry, OpenIntent, OutcomeKind
from reconciler.lifecycle import advance
from reconciler.model import Cancel, Recurring, Status, StoredSubscription, TermLength
from tests.builders import CLASSIC, NOW, START, a_key, a_stored, an_open_intent

PLACE = Location("estate.csv", 2, 1)
ON: dict[str, Any] = {"recurring": Recurring.ON}
OFF: dict[str, Any] = {"recurring": Recurring.OFF}
AT_RENEWAL: dict[str, Any] = {**OFF, "cancellation": Cancel.AT_RENEWAL}
PAIRS = {"on": ("on", "none"), "off": ("off", "none"), "ends": ("off", "at-renewal"), "ended": ("off", "immediately")}


def a_row(**pair: Any) -> ImportedRow:
    """A row of the one subscription, showing this of its pair."""
    return ImportedRow(PLACE, "Visio Plan 2", "CFQ7TTC0HD32", TermLength.ANNUAL, START, **pair)


def values(pair: str) -> dict[str, Any]:
    """A pair by its short name, as the journal has it."""
    recurring, cancellation = PAIRS[pair]
    return {"recurring": recurring, "cancellation": cancellation}


def a_task(kind: Kind, before: str, after: str) -> OpenIntent:
    """An open task that leads from one pair to another."""
    return an_open_intent(kind=kind, before=values(before), after=values(after), token="{}")


def an_entry(kind: str, before: str, **fields: Any) -> HistoryEntry:
    """A change in the history of the record, made on somebody's word."""
    given: dict[str, Any] = {"note": "done by hand on 2026-11-23", "outcome": OutcomeKind.SUCCEEDED} | fields
    outcome = given.pop("outcome")
    return HistoryEntry(
        "run-1", NOW, str(a_key()), kind, outcome, values(before), {}, None, None, "ada",
        None, None, None, None, **given,
    )  # fmt: skip


def told(
    row: ImportedRow,
    record: StoredSubscription | None,
    task: OpenIntent | None = None,
    history: tuple[HistoryEntry, ...] = (),
    now: datetime = NOW,
) -> Told | None:
    """What that row says."""
    standing = None if record is None else advance(record, CLASSIC, now)
    by_hand = ByHand(
        {} if task is None else {task.key: task}, lambda key: history, standing.events if standing else (), CLASSIC
    )
    records = {} if standing is None else {standing.row.key: standing.row}
    found = list(told_of_tasks({a_key(): row}, records, by_hand, "estate.csv", now))
    assert len(found) <= 1
    return found[0] if found else None


TURN_OFF = a_task(Kind.TURN_OFF, "on", "off")
CANCEL = a_task(Kind.CANCEL_AT_RENEWAL, "on", "ends")
UNDO = a_task(Kind.UNDO_CANCEL, "ends", "off")
UNDO_ON = a_task(Kind.UNDO_CANCEL, "ends", "on")
NOW_TASK = a_task(Kind.CANCEL_NOW, "on", "ended")


@pytest.mark.parametrize(
    ("task", "record", "row", "showing"),
    [
        pytest.param(TURN_OFF, {}, OFF, "confirmed", id="off is what was asked for"),
        pytest.param(TURN_OFF, {}, OFF | {"cancel": Cancel.NONE}, "confirmed", id="and without a cancellation"),
        pytest.param(
            TURN_OFF, {}, OFF | {"cancel": Cancel.AT_RENEWAL}, "unclear", id="a cancellation is something else"
        ),
        pytest.param(TURN_OFF, {}, ON, "not-done", id="on is the state before"),
        pytest.param(TURN_OFF, {}, ON | {"cancel": Cancel.AT_RENEWAL}, "unclear", id="a row that contradicts itself"),
        pytest.param(TURN_OFF, {}, {"cancel": Cancel.NONE}, "unclear", id="no cancellation says nothing of recurring"),
        pytest.param(CANCEL, {}, OFF, "unclear", id="off alone shows no cancellation"),
        pytest.param(CANCEL, {}, {"cancel": Cancel.AT_RENEWAL}, "confirmed", id="a cancellation alone is off as well"),
        pytest.param(CANCEL, {}, ON, "not-done", id="what renews is not cancelled"),
        pytest.param(UNDO, AT_RENEWAL, OFF, "unclear", id="an empty cell takes no cancellation back"),
        pytest.param(UNDO, AT_RENEWAL, OFF | {"cancel": Cancel.NONE}, "confirmed", id="none does"),
        pytest.param(UNDO, AT_RENEWAL, {"cancel": Cancel.AT_RENEWAL}, "not-done", id="it stands still"),
        pytest.param(UNDO_ON, AT_RENEWAL, ON, "confirmed", id="what renews again is not cancelled any more"),
        pytest.param(NOW_TASK, {}, ON, "not-done", id="what is on was not ended"),
        pytest.param(NOW_TASK, {}, OFF, "unclear", id="no export shows an end at once"),
    ],
)
def test_a_row_speaks_of_an_open_task(
    task: OpenIntent, record: dict[str, Any], row: dict[str, Any], showing: str
) -> None:
    found = told(a_row(**row), a_stored(**record), task)
    assert found is not None
    assert (found.showing, found.key, found.kind, found.place) == (showing, a_key(), task.kind, PLACE)
    assert (found.change is not None) is (showing == "confirmed")


def test_what_is_confirmed_closes_the_task_under_its_own_operation_id() -> None:
    found = told(a_row(**OFF), a_stored(), TURN_OFF)
    assert found is not None
    assert found.change is not None
    assert found.proof is not None
    assert (found.operation_id, found.change.place, found.change.after) == ("0" * 32, PLACE, values("off"))
    assert (found.proof.at, found.proof.note) == (NOW, "confirmed by import of estate.csv")


@pytest.mark.parametrize(
    ("row", "record"),
    [pytest.param({}, a_stored(), id="nothing of the pair"), pytest.param(OFF, None, id="no record")],
)
def test_a_row_that_shows_nothing_says_nothing(row: dict[str, Any], record: StoredSubscription | None) -> None:
    assert told(a_row(**row), record, TURN_OFF) is None


def test_what_is_over_by_now_is_for_a_person_to_place() -> None:
    later = datetime(2027, 3, 5, tzinfo=UTC)
    found = told(a_row(**ON), a_stored(**OFF), a_task(Kind.TURN_ON, "off", "on"), now=later)
    assert found is not None
    assert found.showing is Showing.UNCLEAR
    assert found.detail.endswith("is expired by now: reconcile done contoso/visio-plan-2 --on DATE")


SAID = an_entry("turn-off-recurring", "on")


@pytest.mark.parametrize(
    ("record", "row", "history", "contradicted"),
    [
        pytest.param(OFF, ON, (SAID,), True, id="shown as before"),
        pytest.param(OFF, OFF, (SAID,), False, id="shown as said"),
        pytest.param(AT_RENEWAL, OFF, (an_entry("cancel-at-renewal", "on"),), False, id="neither"),
        pytest.param(OFF, ON, (), False, id="nobody said anything"),
        pytest.param(OFF, ON, (an_entry("register", "on"),), False, id="it was brought in like that"),
        pytest.param(OFF, ON, (an_entry("turn-off-recurring", "on", note=None),), False, id="an import recorded it"),
        pytest.param(
            OFF,
            ON,
            (SAID, an_entry("turn-off-recurring", "on", note="confirmed by import of old.csv")),
            False,
            id="an export showed it",
        ),
        pytest.param(
            OFF,
            ON,
            (SAID, an_entry("turn-on-recurring", "off", outcome=OutcomeKind.FAILED, note=None)),
            True,
            id="what failed since is no word",
        ),
        pytest.param({}, OFF, (an_entry("reactivate", "off"),), False, id="a purchase made anew stays"),
    ],
)
def test_a_row_speaks_of_what_was_said(
    record: dict[str, Any], row: dict[str, Any], history: tuple[HistoryEntry, ...], contradicted: bool
) -> None:
    found = told(a_row(**row), a_stored(**record), None, history)
    assert (found is not None) is contradicted
    assert found is None or found.showing is Showing.CONTRADICTED


def test_a_record_goes_back_with_what_time_did_and_nobody_recorded() -> None:
    later = datetime(2027, 3, 5, tzinfo=UTC)
    found = told(a_row(**ON), a_stored(**OFF), None, (SAID,), later)
    assert found is not None
    assert found.change is not None
    assert found.proof is not None
    assert (found.change.kind, found.change.before, found.change.after) == (
        Kind.TURN_ON,
        values("off"),
        values("on"),
    )
    assert found.proof.row == a_stored()
    assert found.proof.row.status is Status.ACTIVE
    assert found.operation_id is None

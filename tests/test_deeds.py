"""What somebody did stands where it was done, time follows from it, and what cannot be proved is not told."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest

from reconciler.changes import Kind
from reconciler.deeds import Deed, Misplaced, Proof, Witness, deed, happened, instant_on, rewound, taken_back, verb_back
from reconciler.events import Event, EventKind
from reconciler.journal import HistoryEntry, OutcomeKind
from reconciler.lifecycle import advance
from reconciler.model import Cancel, Recurring, Status, StoredSubscription
from reconciler.terms import midnight
from tests.builders import CLASSIC, NOW, a_change, a_key, a_lifecycle, a_stored, an_open_intent

LATER = datetime(2027, 4, 1, tzinfo=UTC)
OFF: dict[str, Any] = {"recurring": Recurring.OFF}
AT_RENEWAL: dict[str, Any] = {**OFF, "cancellation": Cancel.AT_RENEWAL}


def an_entry_of(event: Event, at: datetime = LATER) -> HistoryEntry:
    """The event as the journal tells it."""
    return HistoryEntry(
        "run-2", at, str(event.key), event.kind.value, OutcomeKind.SUCCEEDED, dict(event.before), dict(event.after),
        None, None, "ada", None, None, None, None, happened_at=event.at,
    )  # fmt: skip


def a_word(recurring: str = "on", cancellation: str = "none", kind: Kind = Kind.TURN_OFF) -> HistoryEntry:
    """A change of the pair that was said to be made, from this pair."""
    before = {"recurring": recurring, "cancellation": cancellation}
    return HistoryEntry(
        "run-1", NOW, "contoso/visio-plan-2", kind.value, OutcomeKind.SUCCEEDED, before, {}, None, None, "ada",
        None, None, None, None, note="done by hand on 2026-11-23",
    )  # fmt: skip


def moved(row: StoredSubscription, until: datetime = LATER) -> tuple[StoredSubscription, list[HistoryEntry]]:
    """The record as time leaves it, and what the journal says of that."""
    found = advance(row, CLASSIC, until)
    return found.row, [an_entry_of(event) for event in found.events]


@pytest.mark.parametrize(
    ("day", "at"),
    [
        pytest.param(None, LATER, id="now, where no day is said"),
        pytest.param(LATER.date(), LATER, id="today is now"),
        pytest.param(date(2026, 12, 1), midnight(date(2026, 12, 1)), id="another day from its beginning"),
        pytest.param(NOW.date(), NOW, id="the day of issue from the issue on"),
    ],
)
def test_a_day_stands_for_an_instant(day: date | None, at: datetime) -> None:
    assert instant_on(day, an_open_intent(at=NOW), LATER) == at


def test_what_time_did_before_it_is_told_with_it() -> None:
    found = deed(an_open_intent(), a_stored(), (), CLASSIC, LATER)
    assert isinstance(found, Deed)
    assert [event.kind for event in found.events] == [EventKind.RENEWED]
    assert (found.row.term.start, found.overtaken) == (midnight(date(2027, 3, 1)), ())


def test_a_renewal_that_was_recorded_since_is_taken_back() -> None:
    row, history = moved(a_stored())
    found = deed(an_open_intent(), row, history, CLASSIC, midnight(date(2027, 2, 27)))
    assert isinstance(found, Deed)
    assert (found.row, found.events) == (a_stored(), ())
    assert [event.kind for event in found.overtaken] == [EventKind.RENEWED]


def test_stages_that_were_recorded_since_are_taken_back() -> None:
    row, history = moved(a_stored(**OFF))
    assert row.status is Status.DISABLED
    found = deed(an_open_intent(kind=Kind.TURN_ON), row, history, CLASSIC, midnight(date(2027, 2, 27)))
    assert isinstance(found, Deed)
    assert found.row == a_stored(**OFF)


def test_a_record_that_time_alone_did_not_make_is_not_told() -> None:
    row, history = moved(a_stored())
    mended = a_stored(start=date(2026, 3, 3), term=row.term)
    found = deed(an_open_intent(), mended, history, CLASSIC, midnight(date(2027, 2, 27)))
    assert isinstance(found, Misplaced)
    assert "renewed 2027-03-01" in found.detail
    noticed = Event(a_key(), EventKind.NOTICED, NOW, {"status": "active"}, {"status": "expired"})
    assert rewound(row, [noticed], CLASSIC) is None


@pytest.mark.parametrize(
    ("kind", "status", "fits"),
    [
        pytest.param(Kind.TURN_ON, Status.ACTIVE, True, id="what is active can be turned on"),
        pytest.param(Kind.TURN_ON, Status.EXPIRED, False, id="what has expired cannot"),
        pytest.param(Kind.REACTIVATE, Status.EXPIRED, True, id="but it can be brought back"),
        pytest.param(Kind.REACTIVATE, Status.ACTIVE, False, id="what is active is there"),
        pytest.param(Kind.REACTIVATE, Status.DELETED, False, id="and nothing brings back what is deleted"),
    ],
)
def test_it_must_have_been_possible_then(kind: Kind, status: Status, fits: bool) -> None:
    still = a_lifecycle(expired=None, disabled=None)
    found = deed(an_open_intent(kind=kind), a_stored(status=status, **OFF), (), still, NOW)
    assert isinstance(found, Deed) is fits
    assert fits or (isinstance(found, Misplaced) and found.detail == f"it was {status} then")


def test_what_happened_is_read_from_the_history_alone() -> None:
    (event,) = advance(a_stored(), CLASSIC, LATER).events
    (read,) = happened([a_word(), an_entry_of(event)])
    assert (read.key, read.kind, read.at, dict(read.before)) == (event.key, event.kind, event.at, dict(event.before))


@pytest.mark.parametrize(
    ("row", "word", "pair", "verb"),
    [
        pytest.param(OFF, a_word(), (Recurring.ON, Cancel.NONE), Kind.TURN_ON, id="off goes back to on"),
        pytest.param(AT_RENEWAL, a_word(), (Recurring.ON, Cancel.NONE), Kind.UNDO_CANCEL, id="cancelled to on"),
        pytest.param({}, a_word("off"), (Recurring.OFF, Cancel.NONE), Kind.TURN_OFF, id="on to off"),
        pytest.param(
            {},
            a_word("off", "at-renewal"),
            (Recurring.OFF, Cancel.AT_RENEWAL),
            Kind.CANCEL_AT_RENEWAL,
            id="to cancelled",
        ),
    ],
)
def test_a_false_word_is_taken_back(
    row: dict[str, Any], word: HistoryEntry, pair: tuple[Recurring, Cancel], verb: Kind
) -> None:
    record = a_stored(**row)
    left = taken_back(record, word, (), CLASSIC)
    assert ((left.recurring, left.cancellation), verb_back(record, word)) == (pair, verb)
    assert left.effective_at == (record.term.end if pair[1] is Cancel.AT_RENEWAL else None)


def test_with_a_false_word_goes_what_time_did_on_it() -> None:
    row, history = moved(a_stored(**OFF))
    assert taken_back(row, a_word(), happened(history), CLASSIC) == a_stored()


def test_where_that_cannot_be_proved_the_record_is_active_as_it_is() -> None:
    row, history = moved(a_stored(**OFF))
    left = taken_back(row, a_word(), happened(history), a_lifecycle(expired=5))
    assert (left.status, left.recurring, left.term) == (Status.ACTIVE, Recurring.ON, row.term)


def test_a_witness_records_what_was_done_as_of_its_own_day_and_how_it_is_known() -> None:
    proof = Proof(NOW, "done by hand")
    witness = Witness({a_key(): proof})
    outcome = witness.execute(a_change(Kind.CANCEL_AT_RENEWAL), a_stored(), "op", LATER)
    assert outcome.row is not None
    assert (outcome.kind, outcome.note, outcome.row.requested_at) == (OutcomeKind.SUCCEEDED, "done by hand", NOW)
    assert witness.name == "manual"


def test_a_witness_records_the_rest_as_of_the_run() -> None:
    witness = Witness({a_key(): Proof(NOW, "done by hand")})
    other = witness.execute(a_change(Kind.UPDATE), a_stored(), "op", LATER)
    assert (other.kind, other.note) == (OutcomeKind.SUCCEEDED, None)
    stranger = a_stored("contoso/word")
    left = witness.execute(a_change(Kind.CANCEL_AT_RENEWAL, "contoso/word"), stranger, "op", LATER).row
    assert left is not None
    assert left.requested_at == LATER


def test_a_witness_may_bring_the_record_itself() -> None:
    told = a_stored(seats=9)
    assert Witness({a_key(): Proof(NOW, "shown", told)}).execute(a_change(), a_stored(), "op", LATER).row == told


def test_a_date_beyond_the_calendar_is_a_failed_outcome() -> None:
    witness = Witness({a_key(): Proof(datetime(9999, 6, 1, tzinfo=UTC), "done by hand")})
    outcome = witness.execute(a_change(Kind.REACTIVATE), a_stored(**OFF), "op", LATER)
    assert outcome.kind is OutcomeKind.FAILED

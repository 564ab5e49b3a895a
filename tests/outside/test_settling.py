"""What a run that was cut off left open: what reading says of it, and that nothing is sent to find out."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from reconciler.answers import Accepted, Ambiguous, Done, Rejected
from reconciler.changes import Kind
from reconciler.diagnostics import Location
from reconciler.errors import Malformed, Unreachable, WrongTenant
from reconciler.journal import OpenIntent, OutcomeKind
from reconciler.model import Cancel, Recurring, Status
from reconciler.observed import ObservedSubscription, Obstacle
from reconciler.outside.settling import Settled, Unsettled, Verdict, lapsed, settle, verdict
from tests.builders import NOW, a_stored
from tests.outside.vendor import Hours, Notes, Vendor, account, intent_of, order_of, shown

OFF = shown(recurring=Recurring.OFF)
BUSY = shown(busy="at work")
WHY = Obstacle("unreachable", "no answer")
OLD, YOUNG = 181.0, 179.0


@pytest.mark.parametrize(
    ("seen", "age", "idempotent", "said"),
    [
        pytest.param(OFF, YOUNG, False, Verdict.REACHED, id="it stands"),
        pytest.param(OFF, OLD, True, Verdict.REACHED, id="it stands, and has for long"),
        pytest.param(replace(OFF, busy="at work"), YOUNG, False, Verdict.REACHED, id="it stands, and is busy"),
        pytest.param(shown(), OLD, False, Verdict.NOT_CARRIED_OUT, id="it would show by now"),
        pytest.param(shown(), OLD, True, Verdict.NOT_CARRIED_OUT, id="it would show by now, and may be sent again"),
        pytest.param(shown(), YOUNG, True, Verdict.REPEATABLE, id="it may show yet, and may be sent again"),
        pytest.param(shown(), YOUNG, False, Verdict.OPEN, id="it may show yet, and must not be sent again"),
        pytest.param(shown(), 180.0, False, Verdict.OPEN, id="at the very moment nothing is sure"),
        pytest.param(shown(), -5.0, False, Verdict.OPEN, id="journaled by a clock ahead of ours"),
        pytest.param(BUSY, OLD, True, Verdict.OPEN, id="something is under way"),
        pytest.param(WHY, OLD, True, Verdict.OPEN, id="it cannot be read"),
        pytest.param(None, OLD, False, Verdict.VANISHED, id="it is gone"),
        pytest.param(None, YOUNG, True, Verdict.OPEN, id="it is not shown, which may change"),
        pytest.param(
            shown(cancellation=Cancel.AT_RENEWAL), OLD, False, Verdict.NOT_CARRIED_OUT, id="somebody moved it otherwise"
        ),
    ],
)
def test_one_look_says(
    seen: ObservedSubscription | Obstacle | None, age: float, idempotent: bool, said: Verdict
) -> None:
    intent = intent_of(order_of())
    assert verdict(intent, seen, age, idempotent=idempotent, settles_within=60.0) is said


def settled(
    vendor: Vendor, *intents: OpenIntent, notes: Notes | None = None, age: float = OLD, **fields: Any
) -> Settled:
    given = intents or (intent_of(order_of()),)
    unsettled = [Unsettled(one, account(), a_stored(str(one.key), owner="it"), vendor.open) for one in given]
    return settle(unsettled, notes or Notes(), Hours(age).timing(), **fields)


def a_vendor(seen: ObservedSubscription | None = None, **fields: Any) -> Vendor:
    seen = seen or shown()
    return Vendor({seen.id: seen}, **fields)


def test_what_stands_is_recorded_under_the_old_operation_id() -> None:
    notes = Notes()
    found = settled(a_vendor(OFF), notes=notes)
    (entry,) = found.closed
    assert (entry.operation_id, entry.outcome.kind, entry.outcome.note) == (
        "op-1",
        OutcomeKind.SUCCEEDED,
        "settled by reading: the run that began it never learned what became of it",
    )
    assert entry.outcome.row is not None
    assert (entry.outcome.row.owner, entry.outcome.row.recurring) == ("it", Recurring.OFF)
    assert (notes.log, found.still_open) == (["record s1:succeeded"], {})
    (note,) = found.notes
    assert (note.code, note.detail) == ("settled", f"{entry.change.key}: turn-off-recurring was carried out")


@pytest.mark.parametrize("idempotent", [True, False])
def test_what_was_surely_not_carried_out_is_closed_to_be_planned_anew(idempotent: bool) -> None:
    """Also where its id is known there: a failure that is kept under the id would be answered for as long."""
    notes = Notes()
    found = settled(a_vendor(idempotent=idempotent), notes=notes)
    (entry,) = found.closed
    assert (entry.outcome.kind, entry.outcome.code) == (OutcomeKind.FAILED, "not-carried-out")
    assert (notes.log, found.repeatable) == (["record s1:failed"], ())
    assert "turn-off-recurring was not carried out: the run that began it" in found.notes[0].detail


@pytest.mark.parametrize("kind", [Kind.TURN_OFF, Kind.CANCEL_NOW])
def test_nothing_is_ever_sent(kind: Kind) -> None:
    vendor = a_vendor()
    found = settled(vendor, intent_of(order_of(kind)))
    assert (vendor.calls, vendor.ledger, vendor.closed) == (["get s1"], [], 1)
    assert [entry.outcome.code for entry in found.closed] == ["not-carried-out"]


def test_what_may_be_repeated_and_what_may_be_given_up_are_told_apart() -> None:
    notes = Notes()
    found = settled(a_vendor(), notes=notes, age=YOUNG)
    assert (found.repeatable, found.closed, notes.log) == ((intent_of(order_of()),), (), [])


@pytest.mark.parametrize(
    ("vendor", "code", "word"),
    [
        pytest.param(a_vendor(BUSY), "outcome-unknown", "it is busy: at work", id="busy"),
        pytest.param(a_vendor(idempotent=False), "outcome-unknown", "an order may still take effect", id="too young"),
        pytest.param(Vendor(), "outcome-unknown", "it is not shown", id="not shown"),
        pytest.param(
            a_vendor(plays={"get s1": [Unreachable("unreachable", "no answer")] * 4}),
            "unreachable",
            "no answer",
            id="unreadable",
        ),
        pytest.param(
            a_vendor(plays={"check": [WrongTenant("wrong-tenant", "that is contoso")]}),
            "wrong-tenant",
            "that is contoso",
            id="of an account where nobody can sign in",
        ),
        pytest.param(
            a_vendor(replace(OFF, term=None, seats=1)), None, None, id="it stands, by the dates that are stored"
        ),
    ],
)
def test_what_nothing_can_be_said_of_stays_open(vendor: Vendor, code: str | None, word: str | None) -> None:
    notes = Notes()
    found = settled(vendor, notes=notes, age=YOUNG)
    if code is None or word is None:
        assert len(found.closed) == 1
        return
    why = found.still_open[order_of().key]
    assert (why.code, found.closed, notes.log) == (code, (), [])
    assert word in why.detail


def test_what_is_gone_has_failed() -> None:
    found = settled(Vendor())
    (entry,) = found.closed
    assert (entry.outcome.kind, entry.outcome.code) == (OutcomeKind.FAILED, "vanished")


@pytest.mark.parametrize(
    ("answer", "seen", "expected"),
    [
        pytest.param(Done(), OFF, (OutcomeKind.SUCCEEDED, None), id="done"),
        pytest.param(Done(), shown(), (OutcomeKind.FAILED, "still-differs"), id="a lie"),
        pytest.param(Rejected("conflict", "lost"), shown(), (OutcomeKind.FAILED, "conflict"), id="refused in the end"),
        pytest.param(Accepted("job"), shown(), "still-under-way", id="at work"),
        pytest.param(Ambiguous("strange"), shown(), "still-under-way", id="an answer that says nothing"),
        pytest.param(
            Malformed("malformed-answer", "?"), OFF, (OutcomeKind.SUCCEEDED, None), id="it shows all the same"
        ),
        pytest.param(KeyError("hunter2"), shown(), "still-under-way", id="a bug of the provider"),
    ],
)
def test_with_a_token_the_provider_is_asked_first(answer: Any, seen: ObservedSubscription, expected: Any) -> None:
    vendor = a_vendor(seen, plays={"poll": [answer]})
    found = settled(vendor, intent_of(order_of(), token="job"))
    assert vendor.calls[0] == "poll job"
    if isinstance(expected, str):
        assert found.still_open[order_of().key].code == expected
        assert "hunter2" not in repr(found)
    else:
        (entry,) = found.closed
        assert (entry.outcome.kind, entry.outcome.code) == expected


def test_what_the_store_cannot_take_down_stays_open() -> None:
    found = settled(a_vendor(OFF), notes=Notes(fails={"record": 0}))
    assert found.closed == ()
    assert found.still_open == {order_of().key: Obstacle("outcome-unknown", "no space left", "run again")}


def test_halted_nothing_is_asked() -> None:
    vendor = a_vendor(OFF)
    found = settled(vendor, notes=Notes(halts_after=0))
    assert vendor.calls == []
    assert found.still_open[order_of().key].detail == "the run was halted before it could be asked"


def test_many_are_recorded_together() -> None:
    vendor = Vendor({f"s{number}": shown(f"s{number}", recurring=Recurring.OFF) for number in range(8)})
    notes = Notes()
    found = settled(vendor, *(intent_of(order_of(id=f"s{number}"), f"op-{number}") for number in range(8)), notes=notes)
    assert (len(found.closed), notes.commits["record"] <= 2) == (8, True)


def test_nothing_open_is_nothing_asked() -> None:
    assert settle([], Notes(), Hours().timing()) == Settled()


def test_an_intent_that_is_not_wanted_any_more_is_closed_as_not_carried_out() -> None:
    entry = lapsed(intent_of(order_of()))
    assert (entry.operation_id, entry.outcome.kind, entry.outcome.code) == (
        "op-1",
        OutcomeKind.FAILED,
        "not-carried-out",
    )


def test_its_change_is_what_was_journaled() -> None:
    change = order_of(reason="team moved", product="SPB")
    again = replace(intent_of(change), source=Location("specs/a.yaml", 3, 5)).change
    assert again == replace(change, place=Location("specs/a.yaml", 3, 5), risk=again.risk)
    assert intent_of(change).change.place == Location("")


def test_time_is_counted_from_when_it_was_journaled() -> None:
    intent = intent_of(order_of(), at=NOW + timedelta(seconds=30))
    found = settled(a_vendor(idempotent=False), intent, age=OLD)
    assert list(found.still_open) == [order_of().key]


def test_suspended_meanwhile_it_was_not_carried_out() -> None:
    (entry,) = settled(a_vendor(shown(status=Status.SUSPENDED))).closed
    assert entry.outcome.code == "not-carried-out"

"""What a pair asks of an outside subscription: the ledger's own table, the provider's refusals, and drift."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from reconciler.changes import Kind
from reconciler.foreign import Case, judge, unexpected
from reconciler.model import Cancel, Facts, Intent, Recurring, Status, TermLength
from reconciler.noticing import compare, live_row
from reconciler.observed import Capabilities, ObservedSubscription, Obstacle
from reconciler.wishes import Barred, Converged, Move
from tests.builders import NOW, PLACE, a_desired, a_seen, a_stored

ON, OFF = Recurring.ON, Recurring.OFF
ROW = a_stored(id="sub-1")
TURN_ON, TURN_OFF = Intent(ON, None, PLACE), Intent(OFF, None, PLACE)


def case(seen: ObservedSubscription, *, stored: bool = True, **fields: Any) -> Case:
    noticed = compare(ROW, seen, NOW) if stored else None
    live = noticed.live if noticed is not None else live_row(ROW.key, seen, None)
    return Case("stripe", seen, live, noticed, NOW, fields.pop("protected", False))


def test_what_stands_is_converged() -> None:
    assert judge(TURN_ON, case(a_seen())).decision == Converged()


def test_what_does_not_stand_is_a_move() -> None:
    ruling = judge(TURN_OFF, case(a_seen()))
    assert (ruling.decision, ruling.said, ruling.held) == (Move(Kind.TURN_OFF, OFF, Cancel.NONE), None, False)


def test_a_move_that_only_undoes_drift_is_held() -> None:
    assert judge(TURN_ON, case(a_seen(recurring=OFF))).held


def test_the_first_look_at_one_finds_no_drift() -> None:
    assert not judge(TURN_ON, case(a_seen(recurring=OFF), stored=False)).held


def test_drift_beside_the_pair_holds_nothing() -> None:
    assert not judge(TURN_OFF, case(a_seen(seats=99))).held


@pytest.mark.parametrize(
    ("seen", "code"),
    [
        (a_seen(busy="locked"), "busy"),
        (a_seen(capabilities=Capabilities(barred={Kind.TURN_OFF: Obstacle("unsupported", "no")})), "unsupported"),
        (a_seen(status=Status.SUSPENDED), "suspended"),
        (a_seen(status=Status.UNKNOWN), "status-unknown"),
    ],
    ids=["busy", "barred", "suspended", "unknown"],
)
def test_what_cannot_be_done_is_barred(seen: ObservedSubscription, code: str) -> None:
    decision = judge(TURN_OFF, case(seen, stored=False)).decision
    assert isinstance(decision, Barred)
    assert decision.code == code


def test_protection_bars_before_the_provider_does() -> None:
    barred = Capabilities(barred={Kind.TURN_OFF: Obstacle("unsupported", "no")})
    decision = judge(TURN_OFF, case(a_seen(capabilities=barred), protected=True)).decision
    assert isinstance(decision, Barred)
    assert decision.code == "protected"


def test_facts_that_agree_or_are_not_shown_are_no_surprise() -> None:
    seen = a_seen(seats=None, price=None)
    wanted = a_desired(facts=Facts(ROW.product, TermLength.ANNUAL, None, ROW.start, seats=7))
    assert unexpected(wanted, live_row(ROW.key, seen, None), seen) == []


def test_each_that_differs_is_told_at_its_place() -> None:
    wanted = replace(a_desired(facts=Facts("OTHER", seats=7)), fields={"seats": replace(PLACE, line=9)})
    seen = a_seen(seats=5)
    found = unexpected(wanted, live_row(ROW.key, seen, None), seen)
    assert [(item.code, item.location and item.location.line) for item in found] == [
        ("fact-differs", PLACE.line),
        ("fact-differs", 9),
    ]

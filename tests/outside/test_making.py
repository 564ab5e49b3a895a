"""The parts of one change that need no vendor: its waits, its words, and that no verb is carried out as another."""

from __future__ import annotations

from dataclasses import replace
from math import inf, nan

import pytest

from reconciler.answers import Order
from reconciler.changes import INTENTS, Kind
from reconciler.model import Cancel, Recurring, Status
from reconciler.observed import Capabilities, Obstacle
from reconciler.outside.making import dispatch, shows, waits
from tests.builders import NOW
from tests.outside.vendor import Vendor, order_of, shown
from tests.outside.world import world


@pytest.mark.parametrize("kind", sorted(INTENTS))
def test_an_intent_is_dispatched_to_the_method_of_its_name(kind: Kind) -> None:
    vendor = Vendor({"s1": shown()})
    dispatch(vendor, Order(order_of(kind), shown(), "op-1", NOW))
    assert vendor.calls == [f"{kind.value.replace('-', '_')} s1 op-1"]


@pytest.mark.parametrize("kind", sorted(set(Kind) - INTENTS))
def test_what_is_only_recorded_is_dispatched_nowhere(kind: Kind) -> None:
    vendor = Vendor({"s1": shown()})
    with pytest.raises(ValueError, match="is recorded, and never sent"):
        dispatch(vendor, Order(order_of(kind), shown(), "op-1", NOW))
    assert vendor.calls == []


def test_the_last_look_is_when_any_order_must_show() -> None:
    found = waits(62)
    assert found == [0.0, 2.0, 4.0, 8.0, 16.0, 32.0]
    assert sum(found) == 62


@pytest.mark.parametrize("within", [0.0, -1.0, nan, inf])
def test_where_an_order_shows_at_once_one_look_is_enough(within: float) -> None:
    assert waits(within) == [0.0]


@pytest.mark.parametrize(
    ("seen", "words"),
    [
        (shown(), "recurring on"),
        (shown(recurring=Recurring.OFF, cancellation=Cancel.AT_RENEWAL), "recurring off, cancellation at-renewal"),
        (shown(status=Status.SUSPENDED), "recurring on, status suspended"),
    ],
)
def test_what_stands_is_told_in_words(seen: object, words: str) -> None:
    assert shows(seen) == words  # type: ignore[arg-type]


@pytest.mark.parametrize(("accepted", "effects"), [(True, 1), (False, 0)])
def test_only_an_extension_that_was_approved_is_led_into(accepted: bool, effects: int) -> None:
    trap = Capabilities(barred={Kind.TURN_OFF: Obstacle("end-undecided", "a paid extension follows")})
    change = order_of(Kind.TURN_OFF)
    if accepted:
        change = replace(change, after={**change.after, "extension": "accepted"})
    at = world(shown(capabilities=trap))
    report = at.one(change)
    assert (report.code, len(at.effects)) == (None if accepted else "end-undecided", effects)

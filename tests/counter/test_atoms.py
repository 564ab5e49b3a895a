"""A plan taken apart."""

from __future__ import annotations

from reconciler.changes import Blocked, Kind
from reconciler.counter.atoms import NAME, PAIR, atoms, bars, pair_to
from reconciler.plan import Bindings, Plan
from tests.builders import NAME as KEY
from tests.builders import NOW, PLACE, a_change, a_key


def a_plan(*kinds: Kind, **more: object) -> Plan:
    """A plan of usual changes."""
    blocked = (Blocked(a_key(), Kind.TURN_OFF, "protected", "it is", "lift it", PLACE),)
    return Plan(NOW, Bindings("", "", None, 0), tuple(map(a_change, kinds)), blocked)


def test_what_moves_and_to_what() -> None:
    found = atoms(a_plan(Kind.RENAME, Kind.CORRECT, Kind.UPDATE, Kind.TURN_OFF))
    assert found == {
        (a_key(), NAME): "visio",
        (a_key(), "start"): "2026-04-01",
        (a_key(), "seats"): 7,
        (a_key(), PAIR): pair_to(Kind.TURN_OFF, "off", "none"),
    }


def test_a_record_is_one_piece() -> None:
    ((key, verb),) = atoms(a_plan(Kind.REGISTER))
    assert (str(key), verb) == (KEY, "register")


def test_what_is_held_back_has_its_reason() -> None:
    assert bars(a_plan()) == {(a_key(), "protected"): (Kind.TURN_OFF, "it is", "lift it")}

"""A frozen value with some of its fields changed."""

from __future__ import annotations

from dataclasses import FrozenInstanceError, dataclass, field, replace

import pytest

from reconciler.changes import Change, change_with
from reconciler.model import StoredSubscription, stored_with
from reconciler.remake import Remake
from tests.builders import a_change, a_stored


@dataclass(frozen=True, slots=True)
class Pair:
    one: int
    two: list[int] = field(default_factory=list)


def test_it_is_what_replace_makes() -> None:
    row, change = a_stored(), a_change()
    assert stored_with(row, seats=7, owner=None) == replace(row, seats=7, owner=None)
    assert change_with(change, reason="why") == replace(change, reason="why")
    assert Remake(Pair)(Pair(1, [2]), one=3) == Pair(3, [2])


def test_it_is_a_frozen_value_of_its_kind() -> None:
    made = stored_with(a_stored(), seats=7)
    assert type(made) is StoredSubscription
    assert type(change_with(a_change())) is Change
    assert hash(Remake(Pair)(Pair(1, ()), one=3)) == hash(Pair(3, ()))  # type: ignore[arg-type]
    with pytest.raises(FrozenInstanceError):
        made.seats = 8  # type: ignore[misc]


def test_the_value_itself_stays_as_it_was() -> None:
    row = a_stored(seats=1)
    stored_with(row, seats=2)
    assert row.seats == 1


def test_a_field_that_it_has_not_is_refused() -> None:
    with pytest.raises(AttributeError):
        stored_with(a_stored(), seat=2)


def test_what_is_no_dataclass_is_refused() -> None:
    with pytest.raises(TypeError):
        Remake(int)  # type: ignore[type-var]

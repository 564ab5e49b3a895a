"""Turns that workers share: together never more than the pace, and none saved up."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

import pytest

from reconciler.stores.postgres.address import address_of
from reconciler.stores.postgres.paces import LATE, SharedLine, SharedTurns
from tests.stores.postgres.places import Room, place, server

__all__ = ["place", "server"]


class Till:
    """A row of nothing but memory, and time that nobody waits for."""

    def __init__(self) -> None:
        self.now = 100.0
        self.next = 0.0
        self.asked: list[int] = []

    def take(self, name: str, gap: float, count: int) -> float | None:
        self.asked.append(count)
        begin = max(self.next, self.now)
        self.next = begin + gap * count
        return begin - self.now

    def line(self, rate: float) -> SharedLine:
        return SharedLine("one writes", rate, self.take, lambda: self.now)


def turns(till: Till, lines: list[SharedLine], seconds: float) -> list[float]:
    """When turns were taken by those who always want one."""
    found: list[float] = []
    end = till.now + seconds
    while till.now < end:
        found += [till.now for line in lines if not line.due(till.now)]
        till.now += 0.001
    return found


@pytest.mark.parametrize("rate", [5.0, 40.0, 250.0], ids=str)
def test_several_together_are_as_fast_as_the_pace_and_never_faster(rate: float) -> None:
    till = Till()
    found = turns(till, [till.line(rate) for _ in range(4)], 5.0)
    assert len(found) >= rate * 5 * 0.85
    for begin in found:
        assert sum(begin <= one < begin + 1 for one in found) <= rate * (1 + LATE) + 2


def test_a_turn_that_was_not_taken_in_time_is_lost() -> None:
    till = Till()
    line = till.line(100.0)
    turns(till, [line], 1.0)
    till.now += 60.0
    assert len(turns(till, [line], 0.1)) <= 100 * 0.15 + 1


def test_who_needs_few_turns_takes_few_in_advance() -> None:
    till = Till()
    line = till.line(200.0)
    for _ in range(5):
        assert line.due(till.now) == 0
        till.now += 10
    assert max(till.asked) <= 2


def test_without_an_answer_nobody_has_a_turn() -> None:
    assert SharedLine("x", 5.0, lambda name, gap, count: None).due(0.0) > 0


@pytest.mark.parametrize("rate", [0.0, -1.0, float("inf")], ids=str)
def test_a_pace_that_is_none_is_refused(rate: float) -> None:
    with pytest.raises(ValueError, match="is none"):
        SharedLine("x", rate, lambda name, gap, count: None)


@pytest.fixture
def shared(place: Room) -> Iterator[list[SharedTurns]]:
    place.make()
    with closing(SharedTurns(address_of(place.url))) as one, closing(SharedTurns(address_of(place.url))) as two:
        yield [one, two]


def test_the_row_hands_out_one_turn_after_the_other(shared: list[SharedTurns]) -> None:
    one, two = shared
    first = one.take("fabrikam writes", 0.5, 4)
    second = two.take("fabrikam writes", 0.5, 1)
    other = two.take("litware writes", 0.5, 1)
    assert first is not None
    assert second is not None
    assert other is not None
    assert abs(first) < 0.01
    assert 1.5 < second <= 2.0
    assert abs(other) < 0.01


def test_a_server_that_does_not_answer_has_no_turns() -> None:
    with closing(SharedTurns(address_of("postgresql://nobody@127.0.0.1:1/x"))) as gone:
        assert gone.take("x", 0.1, 1) is None

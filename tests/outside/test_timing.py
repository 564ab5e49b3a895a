"""Waits: in slices that look up, growing, and never what cannot be waited."""

from __future__ import annotations

from datetime import UTC, datetime
from math import inf, nan

import pytest

from reconciler.outside.timing import SLICE, Timing, growing, never, sensible
from tests.outside.vendor import Hours


def test_a_long_pause_is_waited_in_slices() -> None:
    hours = Hours()
    assert hours.timing().pause(1.2, never)
    assert hours.waits == [SLICE, SLICE, pytest.approx(0.2)]


def test_a_pause_ends_where_somebody_asks_to_stop() -> None:
    hours = Hours()
    assert not hours.timing().pause(60, lambda: len(hours.waits) == 3)
    assert len(hours.waits) == 3


def test_no_pause_is_over_at_once_even_where_somebody_asks_to_stop() -> None:
    assert Hours().timing().pause(0, lambda: True)


@pytest.mark.parametrize(("step", "rest"), [(0, 0.5), (1, 1.0), (3, 4.0), (4, 8.0), (5, 8.0), (10_000, 8.0)])
def test_waits_double_up_to_the_longest(step: int, rest: float) -> None:
    assert growing(0.5, 8.0, step) == rest


@pytest.mark.parametrize(
    ("said", "taken"), [(None, None), (0.0, 0.0), (7.5, 7.5), (-1.0, None), (nan, None), (inf, None)]
)
def test_what_cannot_be_waited_is_not_taken_for_a_time(said: float | None, taken: float | None) -> None:
    assert sensible(said) == taken


def test_real_time_is_the_default() -> None:
    timing = Timing(now=lambda: datetime.now(UTC))
    before = timing.monotonic()
    timing.wait(0)
    with timing.pool(1) as pool:
        assert pool.submit(timing.chance).result() < 1
    assert timing.monotonic() >= before

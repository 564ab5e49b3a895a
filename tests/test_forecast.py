"""The arithmetic of forecasts: groups together, one less another, month by month."""

from __future__ import annotations

from datetime import date

import pytest

from reconciler.forecast import Comparison, Forecast, Occasion, Slice, added, less, together
from tests.builders import NOW

MONTHS = (date(2026, 11, 1), date(2026, 12, 1))


def a_forecast(*slices: Slice) -> Forecast:
    """Two months with these groups."""
    return Forecast(NOW, date(2026, 12, 31), MONTHS, "account", slices)


ONE = Slice("a", {"EUR": (1, 2)}, (0, 1), {Occasion.RENEWS: (1, 0)}, (0, 3))
OTHER = Slice("b", {"EUR": (10, 20), "CHF": (5, 5)}, (1, 0), {Occasion.ENDS: (0, 1)}, (1, 1))


def test_groups_are_added_month_by_month() -> None:
    whole = a_forecast(ONE, OTHER).total
    assert (whole.group, whole.cash) == ("", {"EUR": (11, 22), "CHF": (5, 5)})
    assert (whole.unknown, whole.monthly) == ((1, 1), (1, 4))
    assert whole.counts == {Occasion.RENEWS: (1, 0), Occasion.ENDS: (0, 1)}


def test_sums_are_by_currency_in_the_order_of_their_codes() -> None:
    assert list(OTHER.sums().items()) == [("CHF", 10), ("EUR", 30)]
    assert (OTHER.count(Occasion.ENDS), OTHER.count(Occasion.RENEWS)) == (1, 0)


def test_nothing_together_is_nothing() -> None:
    assert together(()) == Slice("")


@pytest.mark.parametrize(
    ("first", "second", "sign", "expected"),
    [
        pytest.param((1, 2), (3, 4), 1, (4, 6), id="one and the other"),
        pytest.param((1, 2), (3, 4), -1, (-2, -2), id="one less the other"),
        pytest.param((), (3, 4), -1, (-3, -4), id="nothing counts as zeros"),
        pytest.param((1, 2), (), 1, (1, 2), id="on either side"),
    ],
)
def test_numbers_are_added(
    first: tuple[int, ...], second: tuple[int, ...], sign: int, expected: tuple[int, ...]
) -> None:
    assert added(first, second, sign) == expected


def test_one_group_less_another() -> None:
    found = less(OTHER, ONE)
    assert found.group == "b"
    assert (found.cash, found.unknown) == ({"CHF": (5, 5), "EUR": (9, 18)}, (1, -1))
    assert found.counts == {Occasion.RENEWS: (-1, 0), Occasion.ENDS: (0, 1)}
    assert found.monthly == (1, -2)


def test_a_comparison_is_the_other_less_the_base_group_by_group() -> None:
    found = Comparison(a_forecast(ONE), a_forecast(Slice("a", {"EUR": (1, 1)}), OTHER), "with others")
    assert found.groups == ("a", "b")
    assert found.difference("a").cash == {"EUR": (0, -1)}
    assert found.difference("b").cash == OTHER.cash
    assert found.difference("nobody") == Slice("nobody")
    assert found.total.cash == {"CHF": (5, 5), "EUR": (10, 19)}

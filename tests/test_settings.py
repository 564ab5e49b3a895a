"""Limits: their arithmetic and their defaults."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.model import Money
from reconciler.settings import DEFAULT_LIMITS, IN_MONEY, IN_NUMBERS, Limit, LimitName, Safety, amount_of


@pytest.mark.parametrize(
    ("limit", "not_ended", "allowed"),
    [
        pytest.param(Limit(20, 10, 5), 0, 5, id="an empty store allows at_least"),
        pytest.param(Limit(20, 10, 5), 50, 5, id="percent reaches at_least"),
        pytest.param(Limit(20, 10, 5), 59, 5, id="a part of one does not count"),
        pytest.param(Limit(20, 10, 5), 60, 6, id="percent passes at_least"),
        pytest.param(Limit(20, 10, 5), 199, 19, id="just below count"),
        pytest.param(Limit(20, 10, 5), 200, 20, id="percent reaches count"),
        pytest.param(Limit(20, 10, 5), 100_000, 20, id="count holds"),
        pytest.param(Limit(2, 10, 5), 100_000, 5, id="at_least is the floor of count too"),
        pytest.param(Limit(0, 0, 0), 100_000, 0, id="nothing at all"),
        pytest.param(Limit(100, 100, 0), 7, 7, id="all of them"),
    ],
)
def test_allowed_is_the_greater_of_at_least_and_the_lesser_of_count_and_percent(
    limit: Limit, not_ended: int, allowed: int
) -> None:
    assert limit.allowed(not_ended) == allowed


@given(
    st.builds(Limit, st.integers(0, 1000), st.integers(0, 100), st.integers(0, 100)),
    st.lists(st.integers(0, 10**6), min_size=2, max_size=2),
)
def test_more_subscriptions_never_allow_fewer_changes(limit: Limit, sizes: list[int]) -> None:
    few, many = (limit.allowed(size) for size in sorted(sizes))
    assert limit.at_least <= few <= many <= max(limit.count, limit.at_least)


def test_the_defaults_are_those_of_the_specification() -> None:
    assert [(name.value, limit) for name, limit in DEFAULT_LIMITS.items()] == [
        ("max-changes", Limit(100, 30, 10)),
        ("max-endings", Limit(20, 10, 5)),
        ("max-cancel-now", Limit(2, 5, 1)),
        ("max-spending", Limit(20, 10, 5)),
    ]
    assert (Safety().limits, Safety().allow_empty, Safety().overrides, Safety().caps) == (DEFAULT_LIMITS, False, (), {})


def test_a_limit_has_a_name_for_flags_and_one_for_files() -> None:
    assert {name.value: name.setting for name in LimitName} == {
        "max-changes": "max_changes",
        "max-endings": "max_endings",
        "max-cancel-now": "max_cancel_now",
        "max-spending": "max_spending",
        "max-cancelled-value": "max_cancelled_value",
        "max-spent-value": "max_spent_value",
    }


def test_a_limit_counts_changes_or_money_and_only_those_that_count_changes_have_defaults() -> None:
    assert sorted((*IN_NUMBERS, *IN_MONEY)) == sorted(LimitName)
    assert tuple(DEFAULT_LIMITS) == IN_NUMBERS
    assert Safety().values == {}
    assert {limit.days for limit in DEFAULT_LIMITS.values()} == {None}


def test_of_a_currency_that_no_amount_names_it_is_nothing() -> None:
    amounts = (Money(500_000, "EUR"), Money(900, "JPY"))
    assert [amount_of(amounts, currency) for currency in ("EUR", "JPY", "CHF")] == [500_000, 900, 0]

"""Sums on the page: exact to the last digit, and never made up."""

from __future__ import annotations

import pytest

from reconciler.consequences import Amount, Basis
from reconciler.model import Money
from reconciler.views.report.sums import amount_words, basis_words, grouped, in_sum, money


@pytest.mark.parametrize(
    ("text", "written"),
    [
        pytest.param("saves 24720.00 EUR a term", "saves 24,720.00 EUR a term", id="a sum"),
        pytest.param("25 x 20.60 EUR x 12", "25 x 20.60 EUR x 12", id="a small one"),
        pytest.param("1234567 JPY, 1000.000 KWD", "1,234,567 JPY, 1,000.000 KWD", id="other decimals"),
        pytest.param("in 2027 EUR", "in 2,027 EUR", id="what looks like a sum is one"),
        pytest.param("14 Feb 2027 AND", "14 Feb 2027 AND", id="a word is no currency"),
        pytest.param("E5000.00 EUR, 0.1234 EUR", "E5000.00 EUR, 0.1234 EUR", id="part of another word or number"),
    ],
)
def test_thousands_of_sums_are_set_apart(text: str, written: str) -> None:
    assert grouped(text) == written


@pytest.mark.parametrize(
    ("units", "currency", "written"),
    [
        (2472000, "EUR", "24,720.00 EUR"),
        (-101, "EUR", "-1.01 EUR"),
        (1000, "JPY", "1,000 JPY"),
        (5, "KWD", "0.005 KWD"),
    ],
)
def test_a_sum_is_exact_to_the_last_digit(units: int, currency: str, written: str) -> None:
    assert money(units, currency) == written


def test_an_amount_says_where_it_comes_from_and_one_that_is_not_known_why() -> None:
    amounts = [
        Amount(Money(618000, "EUR"), Basis.DECLARED, "25 x 20.60 EUR x 12"),
        Amount(Money(618000, "EUR"), Basis.PRICE_LIST, "1 x 1500.00 EUR"),
        Amount(Money(618000, "EUR"), Basis.LAST_CHARGE),
        Amount(None, Basis.UNKNOWN, "no price is known"),
    ]
    assert [(amount_words(amount), basis_words(amount)) for amount in amounts] == [
        ("6,180.00 EUR", "25 x 20.60 EUR x 12"),
        ("6,180.00 EUR", "1 x 1,500.00 EUR, by the price list"),
        ("6,180.00 EUR", "as last charged"),
        ("not known", "no price is known"),
    ]
    assert in_sum(amounts) == "18,540.00 EUR, 1 not known"

"""The price list: asked by product, term, billing cycle and currency, and quick for a whole estate."""

from __future__ import annotations

import pytest

from reconciler.model import Money, TermLength
from reconciler.rulebook import PriceList, Rulebook

MONTHLY, ANNUAL, _ = TermLength
EUR, USD = Money(2060, "EUR"), Money(2200, "USD")
LISTED = PriceList(
    {
        ("SPB", ANNUAL, MONTHLY, "EUR"): EUR,
        ("SPB", ANNUAL, MONTHLY, "USD"): USD,
        ("VISIO", MONTHLY, MONTHLY, "USD"): USD,
    },
    "prices.csv",
)


@pytest.mark.parametrize(
    ("product", "length", "billing", "currency", "price"),
    [
        pytest.param("SPB", ANNUAL, MONTHLY, "EUR", EUR, id="the account's currency chooses"),
        pytest.param("SPB", ANNUAL, MONTHLY, "USD", USD, id="and another one another price"),
        pytest.param("SPB", ANNUAL, MONTHLY, None, None, id="no currency, and two to choose from"),
        pytest.param("SPB", ANNUAL, MONTHLY, "CHF", None, id="a currency that is not listed"),
        pytest.param("SPB", ANNUAL, ANNUAL, "EUR", None, id="another billing cycle"),
        pytest.param("SPB", MONTHLY, MONTHLY, "EUR", None, id="another term"),
        pytest.param("VISIO", MONTHLY, MONTHLY, None, USD, id="no currency, and just one that is listed"),
        pytest.param("PROJECT", MONTHLY, MONTHLY, None, None, id="a product that is not listed"),
    ],
)
def test_a_price_is_found_by_all_that_it_depends_on(
    product: str, length: TermLength, billing: TermLength, currency: str | None, price: Money | None
) -> None:
    assert LISTED.price(product, length, billing, currency) == price


def test_what_is_offered_is_told_in_the_order_of_the_list() -> None:
    assert LISTED.offers("SPB", ANNUAL, MONTHLY) == (EUR, USD)
    assert LISTED.offers("SPB", MONTHLY, MONTHLY) == ()
    assert LISTED.products == {"SPB", "VISIO"}


def test_the_index_is_no_part_of_the_value() -> None:
    assert PriceList(dict(LISTED.prices), "prices.csv") == LISTED
    assert "products" not in repr(LISTED)
    assert PriceList(dict(LISTED.prices), "other.csv") != LISTED


def test_without_a_list_there_is_no_price() -> None:
    assert Rulebook().prices.price("SPB", ANNUAL, MONTHLY, None) is None
    assert not Rulebook().prices.products

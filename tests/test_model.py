"""The vocabulary: keys, lengths, currencies, and money as people write it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.model import (
    Money,
    Status,
    SubscriptionKey,
    TermLength,
    currencies,
    currency_digits,
    money_from_text,
    money_text,
)


def test_a_key_reads_as_account_and_name() -> None:
    assert str(SubscriptionKey("contoso", "visio-plan-2")) == "contoso/visio-plan-2"


def test_keys_are_ordered_by_account_first() -> None:
    keys = [SubscriptionKey("b", "a"), SubscriptionKey("a-b", "z"), SubscriptionKey("a", "z")]
    assert list(map(str, sorted(keys))) == ["a/z", "a-b/z", "b/a"]


def test_ended_means_expired_disabled_or_deleted() -> None:
    assert {status.value for status in Status if status.ended} == {"expired", "disabled", "deleted"}


@pytest.mark.parametrize(
    ("length", "months", "iso"),
    [(TermLength.MONTHLY, 1, "P1M"), (TermLength.ANNUAL, 12, "P1Y"), (TermLength.TRIENNIAL, 36, "P3Y")],
    ids=str,
)
def test_a_length_is_known_in_months_and_in_iso_8601(length: TermLength, months: int, iso: str) -> None:
    assert (length.months, length.iso) == (months, iso)


def test_every_length_is_known_in_both() -> None:
    assert len({length.months for length in TermLength}) == len({length.iso for length in TermLength}) == 3


@pytest.mark.parametrize(
    ("currency", "digits"),
    [("EUR", 2), ("USD", 2), ("CHF", 2), ("JPY", 0), ("ISK", 0), ("KWD", 3), ("CLF", 4), ("eur", None), ("EURO", None)],
)
def test_a_currency_has_the_decimals_of_iso_4217(currency: str, digits: int | None) -> None:
    assert currency_digits(currency) == digits


def test_the_known_currencies_are_sorted_and_each_has_its_decimals() -> None:
    known = currencies()
    assert known == sorted(set(known))
    assert {"EUR", "USD", "JPY", "KWD", "CLF"} <= set(known)
    assert {currency_digits(code) for code in known} == {0, 2, 3, 4}


@pytest.mark.parametrize(
    ("money", "text"),
    [
        pytest.param(Money(2060, "EUR"), "20.60 EUR", id="two decimals"),
        pytest.param(Money(5, "EUR"), "0.05 EUR", id="less than one"),
        pytest.param(Money(0, "EUR"), "0.00 EUR", id="nothing"),
        pytest.param(Money(2060, "JPY"), "2060 JPY", id="no decimals"),
        pytest.param(Money(1234, "KWD"), "1.234 KWD", id="three decimals"),
        pytest.param(Money(12345, "CLF"), "1.2345 CLF", id="four decimals"),
    ],
)
def test_money_reads_as_people_write_it_and_back(money: Money, text: str) -> None:
    assert money_text(money) == text
    assert money_from_text(text) == money


@pytest.mark.parametrize(
    ("text", "minor"),
    [("20 EUR", 2000), ("20.6 EUR", 2060), ("007.50 EUR", 750), ("999999999999.99 EUR", 99999999999999)],
)
def test_fewer_decimals_than_the_currency_has_are_filled_up(text: str, minor: int) -> None:
    assert money_from_text(text) == Money(minor, "EUR")


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="nothing"),
        pytest.param("20.60", id="no currency"),
        pytest.param("EUR", id="no number"),
        pytest.param(" EUR", id="a blank for a number"),
        pytest.param("EUR 20.60", id="currency first"),
        pytest.param("20.60EUR", id="no space"),
        pytest.param("20.60  EUR", id="two spaces"),
        pytest.param("20.60 EUR ", id="a space behind"),
        pytest.param("20.60 eur", id="a currency in small letters"),
        pytest.param("20.60 XXX", id="no currency in use"),
        pytest.param("20.605 EUR", id="more decimals than the currency has"),
        pytest.param("20.0 JPY", id="decimals where the currency has none"),
        pytest.param("20. EUR", id="a bare point"),
        pytest.param(".60 EUR", id="no whole number"),
        pytest.param("-1 EUR", id="negative"),
        pytest.param("+1 EUR", id="signed"),
        pytest.param("1e3 EUR", id="an exponent"),
        pytest.param("1,000 EUR", id="grouped"),
        pytest.param("1_000 EUR", id="grouped with an underscore"),
        pytest.param("20.6.0 EUR", id="two points"),
        pytest.param("nan EUR", id="not a number"),
        pytest.param("\u0661\u0662 EUR", id="digits of another script"),
        pytest.param("1.\u0662 EUR", id="decimals of another script"),
        pytest.param("1000000000000 EUR", id="more than twelve digits"),
    ],
)
def test_what_is_no_amount_is_none(text: str) -> None:
    assert money_from_text(text) is None


@given(st.integers(0, 10**12 - 1), st.sampled_from(currencies()))
def test_every_amount_survives_being_written_and_read(minor: int, currency: str) -> None:
    assert money_from_text(money_text(Money(minor, currency))) == Money(minor, currency)

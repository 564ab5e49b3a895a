"""What fields take is the same for the models, the readers of dates and money, and the published patterns."""

from __future__ import annotations

import re
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from reconciler.model import currencies, currency_digits, money_from_text
from reconciler.spec import fields
from reconciler.spec.characters import UNSAFE_IN_NAMES, UNSAFE_IN_TEXT
from reconciler.spec.facts import day_from_text
from reconciler.spec.scalars import FloatText, IntText


def schema(kind: Any) -> dict[str, Any]:
    """The published schema of one kind of field."""
    return TypeAdapter(kind).json_schema()


PRICE = re.compile(schema(fields.Price)["pattern"])
AMOUNTS = st.tuples(st.text("0123456789.-+ ", max_size=16), st.sampled_from([*currencies(), "XXX", "eur", ""]))


@given(AMOUNTS.map(" ".join) | st.text(max_size=20))
def test_the_pattern_of_a_price_takes_what_money_takes(text: str) -> None:
    assert (PRICE.search(text) is not None and "\n" not in text) == (money_from_text(text) is not None)


@pytest.mark.parametrize("currency", currencies())
def test_every_currency_has_its_decimals_in_the_pattern(currency: str) -> None:
    digits = currency_digits(currency) or 0
    exact, more = "." + "1" * digits if digits else "", "." + "1" * (digits + 1)
    assert PRICE.search(f"20{exact} {currency}")
    assert not PRICE.search(f"20{more} {currency}")


@given(st.dates() | st.dates(date(8999, 1, 1), date(9001, 1, 1)) | st.dates(date(1969, 1, 1), date(1971, 1, 1)))
def test_the_pattern_of_a_day_takes_every_day_of_the_range(day: date) -> None:
    found = re.search(fields.DATE_PATTERN, day.isoformat())
    assert (found is not None) == (day_from_text(day.isoformat()) is not None)


@given(st.text("0123456789-", max_size=11))
def test_the_pattern_of_a_day_takes_no_more_than_days_and_the_31st_of_every_month(text: str) -> None:
    if day_from_text(text) is not None:
        assert re.search(fields.DATE_PATTERN, text)
    elif re.search(fields.DATE_PATTERN, text):
        assert int(text[-2:]) > 28


@pytest.mark.parametrize(
    ("published", "ours"),
    [(schema(fields.Text)["not"], UNSAFE_IN_NAMES), (schema(fields.Prose)["not"], UNSAFE_IN_TEXT)],
    ids=["names", "prose"],
)
def test_the_published_sets_of_unsafe_characters_are_ours(published: dict[str, str], ours: re.Pattern[str]) -> None:
    theirs = re.compile(published["pattern"])
    signs = [chr(code) for code in range(0x10000) if not 0xD800 <= code < 0xE000]
    assert [hex(ord(sign)) for sign in signs if bool(theirs.search(sign)) != bool(ours.search(sign))] == []


@pytest.mark.parametrize(
    ("kind", "value", "text"),
    [
        ("Text", IntText(123, "0123"), "0123"),
        ("Text", FloatText(1.1, "1.10"), "1.10"),
        ("Name", IntText(365, "365"), "365"),
        ("Prose", IntText(1, "1"), "1"),
        ("Price", FloatText(20.6, "20.60"), "20.60"),
        ("LabelValue", "", ""),
    ],
)
def test_a_text_field_takes_a_number_as_it_was_written(kind: str, value: object, text: str) -> None:
    assert TypeAdapter(getattr(fields, kind)).validate_python(value) == text


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("Text", True),
        ("Text", ""),
        ("Text", " \t"),
        ("Text", "x" * 201),
        ("Text", ["x"]),
        ("Name", "Foo"),
        ("Name", "-foo"),
        ("Name", "foo\n"),
        ("Name", "x" * 101),
        ("Name", FloatText(1.5, "1.5")),
        ("Version", 2),
        ("Version", 1.0),
        ("Version", True),
        ("Version", "1"),
        ("Seats", -1),
        ("Seats", 10_000_001),
        ("Seats", 1.0),
        ("Seats", True),
        ("Recurs", 1),
        ("Recurs", "On"),
        ("Confirm", "contoso/a@2026-1-1"),
        ("Confirm", "contoso/a@2026-01-01\n"),
        ("Lineage", "0B9E4A54-2F6E-4A53-8F0C-2F1F4E0B7C11"),
        ("Patterns", []),
        ("Patterns", True),
    ],
)
def test_fields_are_strict(kind: str, value: object) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(getattr(fields, kind)).validate_python(value, strict=True)

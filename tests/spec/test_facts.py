"""Facts: dates that the calendar has, money in a currency in use, and how facts go over facts."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from reconciler.diagnostics import Diagnostics
from reconciler.model import Facts, Money, TermLength
from reconciler.spec.facts import FactReader, day_from_text, merged
from reconciler.spec.models import FactsBlock
from reconciler.spec.positions import Document
from tests.spec.reading import brief

TEXT = "facts:\n  start: S\n  price: P\n  last_charge: L\n"


def read(**facts: str) -> tuple[Facts | None, Diagnostics]:
    """What a block of these facts reads as."""
    found = Diagnostics()
    block = FactsBlock.model_validate(facts)
    return FactReader(found).read(block, Document("a.yaml", TEXT), ()), found


@pytest.mark.parametrize("text", ["1970-01-01", "2026-02-28", "2024-02-29", "8999-12-31", "9000-01-01"])
def test_a_day_of_the_calendar_is_read(text: str) -> None:
    assert day_from_text(text) == date.fromisoformat(text)


@pytest.mark.parametrize(
    "text",
    [
        *("2026-02-29 2026-13-01 2026-00-10 2026-1-1 20260101 2026-W01-1 01.02.2026 2026-01-01T00:00".split()),
        *("1969-12-31 9000-01-02 today ٢٠٢٦-01-01 +026-01-01 2026/01/01".split()),
        *("", " 2026-01-01", "2026-01-01\n"),
    ],
)
def test_what_is_no_day_from_1970_to_9000_is_refused(text: str) -> None:
    assert day_from_text(text) is None


def test_a_date_that_is_none_is_told_with_the_form_to_write() -> None:
    facts, found = read(start="14.02.2026", product="SPB")
    assert facts == Facts("SPB")
    (finding,) = found
    assert brief([finding]) == ["2:10 bad-date"]
    assert "YYYY-MM-DD" in finding.hint


@pytest.mark.parametrize("more", ["T00:00", "T00:00:00Z", " 12:00", "x"])
def test_of_a_date_with_a_time_the_day_alone_is_to_be_written(more: str) -> None:
    (finding,) = read(start=f"2027-03-01{more}")[1]
    assert finding.hint == "write the day alone, 2027-03-01: a day begins at 00:00 UTC"


@pytest.mark.parametrize(("fact", "place"), [("price", "3:10"), ("last_charge", "4:16")])
@pytest.mark.parametrize(
    ("price", "hint"),
    [
        ("20.60", "name the currency"),
        ("20,60 EUR", "2 decimals"),
        ("20.601 EUR", "2 decimals"),
        ("20.5 JPY", "0 decimals"),
        ("1000000000000 EUR", "up to 12 digits"),
        ("1e3 EUR", "up to 12 digits"),
        ("1 000 EUR", "2 decimals"),
        ("-1 EUR", "2 decimals"),
        ("20 eur", "did you mean 'EUR'?"),
        ("20 EUD", "did you mean"),
        ("20 QQQ", "ISO 4217"),
        ("EUR 20", "name the currency"),
        ("free", "ISO 4217"),
    ],
)
def test_an_amount_that_is_none_is_told_with_what_to_write(fact: str, place: str, price: str, hint: str) -> None:
    facts, found = read(**{fact: price})
    assert facts == Facts()
    (finding,) = found
    assert brief([finding]) == [f"{place} bad-price"]
    assert hint in finding.hint


def test_what_is_wrong_is_told_at_each_of_its_places() -> None:
    found = Diagnostics()
    reader, document = FactReader(found), Document("a.yaml", TEXT)
    block = FactsBlock.model_validate({"price": "1", "last_charge": "1", "start": "x"})
    for _ in range(2):
        assert reader.read(block, document, ()) == Facts()
    assert brief(found.items) == ["2:10 bad-date", "3:10 bad-price", "4:16 bad-price"] * 2


def test_a_block_is_read_whole() -> None:
    facts, found = read(
        product="SPB",
        term="annual",
        billing="monthly",
        start="2026-02-14",
        price="20.60 EUR",
        last_charge="240 JPY",
        seats=25,  # type: ignore[arg-type]
    )
    assert not len(found)
    annual, monthly = TermLength.ANNUAL, TermLength.MONTHLY
    assert facts == Facts("SPB", annual, monthly, date(2026, 2, 14), 25, Money(2060, "EUR"), Money(240, "JPY"))


def test_days_and_amounts_that_come_again_are_read_once() -> None:
    found = Diagnostics()
    reader, document = FactReader(found), Document("a.yaml", TEXT)
    block = FactsBlock.model_validate({"start": "2026-02-14", "price": "20 EUR", "last_charge": "240 EUR"})
    first, again = reader.read(block, document, ()), reader.read(block, document, ())
    assert first is not None
    assert again is not None
    assert first == again
    assert (first.start, first.price, first.last_charge) == (date(2026, 2, 14), Money(2000, "EUR"), Money(24000, "EUR"))
    assert first.start is again.start
    assert first.price is again.price
    assert first.last_charge is again.last_charge


def test_no_block_is_no_facts() -> None:
    assert FactReader(Diagnostics()).read(None, Document("a.yaml", ""), ()) is None


def test_facts_go_over_facts_one_by_one() -> None:
    weaker = Facts("A", TermLength.MONTHLY, None, date(2026, 1, 1), 5, Money(1, "EUR"), Money(5, "EUR"))
    stronger = Facts(None, TermLength.ANNUAL, TermLength.MONTHLY, None, 0)
    assert merged(weaker, stronger) == Facts(
        "A", TermLength.ANNUAL, TermLength.MONTHLY, date(2026, 1, 1), 0, Money(1, "EUR"), Money(5, "EUR")
    )
    assert merged(weaker, Facts(last_charge=Money(0, "EUR"))) == replace(weaker, last_charge=Money(0, "EUR"))
    assert merged(weaker, None) is weaker
    assert merged(None, stronger) is stronger
    assert merged(None, None) is None

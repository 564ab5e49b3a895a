"""Facts of a block as values: dates that the calendar has, money in a currency in use, words as term lengths.

Pure. Texts come again and again over an estate, so each is read once for a whole load.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import Final

from reconciler.diagnostics import Diagnostic, Diagnostics, did_you_mean, error
from reconciler.model import Facts, Money, TermLength, currencies, currency_digits, money_from_text
from reconciler.spec.characters import escaped
from reconciler.spec.models import FactsBlock
from reconciler.spec.positions import Document, Path, SpecPlace

FIRST_DAY: Final = date(1970, 1, 1)
LAST_DAY: Final = date(9000, 1, 1)
"""Terms are counted on from a start: some room is left before the calendar's end in the year 9999."""

NAMES: Final = ("product", "term", "billing", "start", "seats", "price")
_LENGTHS: Final[dict[str | None, TermLength | None]] = {None: None, **{length.value: length for length in TermLength}}
_DATE_HINT: Final = "write a day of the calendar as YYYY-MM-DD, from 1970-01-01 to 9000-01-01"


def day_from_text(text: str) -> date | None:
    """The day that exactly YYYY-MM-DD names, or None where it names none between the first day and the last one."""
    if len(text) != 10 or text[4] != "-" or text[7] != "-" or not text.isascii():
        return None
    digits = text[:4] + text[5:7] + text[8:]
    if not digits.isdecimal():
        return None
    try:
        day = date(int(digits[:4]), int(digits[4:6]), int(digits[6:]))
    except ValueError:
        return None
    return day if FIRST_DAY <= day <= LAST_DAY else None


def bad_date(place: SpecPlace, text: str) -> Diagnostic:
    """The complaint about a text that is no such day."""
    return error("bad-date", "not a date", place, detail=f"'{escaped(text[:40])}'", hint=_DATE_HINT)


def _bad_price(place: SpecPlace, text: str) -> Diagnostic:
    currency = text.rpartition(" ")[2]
    digits = currency_digits(currency)
    if digits is not None:
        hint = f"write digits with at most {digits} decimals, and the currency: such as 20 {currency}"
    elif currency.isalpha():
        hint = did_you_mean(currency.upper(), currencies()) or "name a currency in use (ISO 4217), such as EUR"
    else:
        hint = "name the currency: such as 20.60 EUR"
    return error("bad-price", "not a price", place, detail=f"'{escaped(text[:40])}'", hint=hint)


@dataclass(slots=True)
class FactReader:
    """Reads blocks of facts, and remembers every date and price that it has read."""

    found: Diagnostics
    days: dict[str | None, date | None] = field(default_factory=dict)
    prices: dict[str | None, Money | None] = field(default_factory=dict)
    unread_starts: set[tuple[Document, Path]] = field(default_factory=set)
    """Blocks around a `start` that is no date: it is wrong there, not missing."""

    def read(self, block: FactsBlock | None, document: Document, path: Path) -> Facts | None:
        """The block's facts; what cannot be read is reported, and not stated. None for no block."""
        if block is None:
            return None
        start, price = self.days.get(block.start), self.prices.get(block.price)
        if start is None and block.start is not None:
            start = self._day(block.start, document, path)
        if price is None and block.price is not None:
            price = self._price(block.price, document, path)
        return Facts(block.product, _LENGTHS[block.term], _LENGTHS[block.billing], start, block.seats, price)

    def _day(self, text: str, document: Document, path: Path) -> date | None:
        day = self.days[text] = day_from_text(text)
        if day is None:
            self.unread_starts.add((document, path))
            self.found.add(bad_date(document.at(*path, "facts", "start"), text))
        return day

    def _price(self, text: str, document: Document, path: Path) -> Money | None:
        price = self.prices[text] = money_from_text(text)
        if price is None:
            self.found.add(_bad_price(document.at(*path, "facts", "price"), text))
        return price


def merged(weaker: Facts | None, stronger: Facts | None) -> Facts | None:
    """Both, fact by fact."""
    if weaker is None or stronger is None:
        return stronger if weaker is None else weaker
    return Facts(
        weaker.product if stronger.product is None else stronger.product,
        weaker.term if stronger.term is None else stronger.term,
        weaker.billing if stronger.billing is None else stronger.billing,
        weaker.start if stronger.start is None else stronger.start,
        weaker.seats if stronger.seats is None else stronger.seats,
        weaker.price if stronger.price is None else stronger.price,
    )

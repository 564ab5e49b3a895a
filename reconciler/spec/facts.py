"""Facts of a block as values: dates that the calendar has, money in a currency in use, words as term lengths.

Pure. Texts come again and again over an estate, so each is read once for a whole load.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final

from reconciler.diagnostics import Diagnostic, Diagnostics, did_you_mean, error
from reconciler.model import Facts, Money, TermLength, currencies, currency_digits, money_from_text
from reconciler.remake import Remake
from reconciler.spec.characters import escaped
from reconciler.spec.models import FactsBlock
from reconciler.spec.positions import Document, Path, SpecPlace

FIRST_DAY: Final = date(1970, 1, 1)
LAST_DAY: Final = date(9000, 1, 1)
"""Terms are counted on from a start: some room is left before the calendar's end in the year 9999."""

NAMES: Final = ("product", "term", "billing", "start", "seats", "price", "last_charge")
_LENGTHS: Final[dict[str | None, TermLength | None]] = {None: None, **{length.value: length for length in TermLength}}
_Filled: Final = Remake(Facts).filled  # a load makes one or two of each subscription
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
    alone = text[:10]
    with_more = day_from_text(alone) is not None
    hint = f"write the day alone, {alone}: a day begins at 00:00 UTC" if with_more else _DATE_HINT
    return error("bad-date", "not a date", place, detail=f"'{escaped(text[:40])}'", hint=hint)


def _bad_price(place: SpecPlace, text: str) -> Diagnostic:
    currency = text.rpartition(" ")[2]
    digits = currency_digits(currency)
    if digits is not None:
        hint = f"write up to 12 digits, at most {digits} decimals, and the currency: such as 20 {currency}"
    elif currency.isalpha():
        hint = did_you_mean(currency.upper(), currencies()) or "name a currency in use (ISO 4217), such as EUR"
    else:
        hint = "name the currency: such as 20.60 EUR"
    return error("bad-price", "not a price", place, detail=f"'{escaped(text[:40])}'", hint=hint)


@dataclass(slots=True)
class FactReader:
    """Reads blocks of facts, and remembers every date and amount of money that it has read."""

    found: Diagnostics
    days: dict[str | None, date | None] = field(default_factory=dict)
    prices: dict[str | None, Money | None] = field(default_factory=dict)
    unread_starts: set[tuple[Document, Path]] = field(default_factory=set)
    """Blocks around a `start` that is no date: it is wrong there, not missing."""

    def read(self, block: FactsBlock | None, document: Document, path: Path) -> Facts | None:
        """The block's facts; what cannot be read is reported, and not stated. None for no block."""
        if block is None:
            return None
        start, price, charge = self.days.get(block.start), self.prices.get(block.price), block.last_charge
        if start is None and block.start is not None:
            start = self._start(block.start, document, path)
        if price is None and block.price is not None:
            price = self._money(block.price, document.at(*path, "facts", "price"))
        last_charge = None if charge is None else self._money(charge, document.at(*path, "facts", "last_charge"))
        made: Any = _Filled(
            block.product, _LENGTHS[block.term], _LENGTHS[block.billing], start, block.seats, price, last_charge
        )
        made.__class__ = Facts
        facts: Facts = made
        return facts

    def day(self, text: str, place: SpecPlace) -> date | None:
        """The day that a text names; None for none, and then it is reported."""
        day = self.days.get(text)
        if day is None:
            day = self.days[text] = day_from_text(text)
            if day is None:
                self.found.add(bad_date(place, text))
        return day

    def _start(self, text: str, document: Document, path: Path) -> date | None:
        day = self.day(text, document.at(*path, "facts", "start"))
        if day is None:
            self.unread_starts.add((document, path))
        return day

    def _money(self, text: str, place: SpecPlace) -> Money | None:
        money = self.prices.get(text)
        if money is None:
            money = self.prices[text] = money_from_text(text)
            if money is None:
                self.found.add(_bad_price(place, text))
        return money


def merged(weaker: Facts | None, stronger: Facts | None) -> Facts | None:
    """Both, fact by fact."""
    if weaker is None or stronger is None:
        return stronger if weaker is None else weaker
    made: Any = _Filled(
        weaker.product if stronger.product is None else stronger.product,
        weaker.term if stronger.term is None else stronger.term,
        weaker.billing if stronger.billing is None else stronger.billing,
        weaker.start if stronger.start is None else stronger.start,
        weaker.seats if stronger.seats is None else stronger.seats,
        weaker.price if stronger.price is None else stronger.price,
        weaker.last_charge if stronger.last_charge is None else stronger.last_charge,
    )
    made.__class__ = Facts
    both: Facts = made
    return both

"""A price list from CSV: what each product costs by term, billing cycle and currency, for each seat.

Pure: a text in, prices or located diagnostics out. Must not guess: a price that can be read in two ways is an error.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from reconciler.desired import SpecText
from reconciler.diagnostics import Diagnostic, did_you_mean
from reconciler.importing import cells
from reconciler.importing.findings import Findings, excerpt
from reconciler.importing.header import other_delimiter
from reconciler.importing.records import Broken, Record, forbidden, lines_of, records
from reconciler.model import Money, TermLength, currencies, currency_digits, money_from_text, money_text
from reconciler.rulebook import PriceList

REQUIRED = ("product", "term", "currency", "price")
COLUMNS = (*REQUIRED, "billing")
BYTES_AT_MOST = 16 * 1024 * 1024
ROWS_AT_MOST = 200_000

T = TypeVar("T")
_Key = tuple[str, TermLength, TermLength, str]


def read_prices(text: SpecText) -> tuple[PriceList | None, tuple[Diagnostic, ...]]:
    """The prices of a list, or None and everything that is wrong with it.

    The first line names the columns, in any order: product, term, currency, price (for each seat and billing cycle),
    and billing, which may be absent, and where it is empty is the term's length.
    """
    content = text.text.removeprefix("\ufeff")
    findings = Findings(text.origin, lines_of(content))
    if len(content) * 4 > BYTES_AT_MOST and len(content.encode("utf-8", "replace")) > BYTES_AT_MOST:
        detail = f"more than {BYTES_AT_MOST:,} bytes"
        hint = "keep the products that you have"
        findings.at_line(1, "csv-too-large", "the file is too large", detail=detail, hint=hint)
        return None, findings.diagnostics()
    findings.report(forbidden(content, findings.lines, text.origin))
    prices = _Prices(findings)
    prices.read()
    if findings.any:
        return None, findings.diagnostics()
    return PriceList({key: money for key, (money, _) in prices.found.items()}, text.origin), ()


@dataclass(slots=True)
class _Prices:
    """One reading under way."""

    findings: Findings
    columns: dict[str, int] = field(default_factory=dict)
    found: dict[_Key, tuple[Money, int]] = field(default_factory=dict)
    """Each price, and the line in which it stands."""

    def read(self) -> None:
        """Every row; what is wrong is reported, and hides no other."""
        filled = self._filled()
        header = next(filled, None)
        if header is None:
            hint = f"the first line names the columns: {','.join(REQUIRED)}"
            self.findings.at_line(1, "csv-empty", "the file is empty", hint=hint)
        elif isinstance(header, Broken):
            self._broken(header)
        elif not other_delimiter(header, self.findings):
            self._header(header)
            self._rows(header, filled)

    def _filled(self) -> Iterator[Record | Broken]:
        """The records but blank ones: spreadsheets leave lines of commas behind."""
        found = records(self.findings.lines)
        return (item for item in found if isinstance(item, Broken) or any(map(str.strip, item.cells)))

    def _broken(self, item: Broken) -> None:
        if not item.complaint.startswith("new-line character"):  # reported as a forbidden character already
            detail = "a quoted cell is never closed, is too long, or has something behind its closing quote"
            hint = 'a quote within a quoted cell is doubled: "5"" disk"'
            self.findings.at_line(item.line, "csv-quotes", "quotes that do not fit", detail=detail, hint=hint)

    def _header(self, header: Record) -> None:
        for index, cell in enumerate(header.cells):
            name = cell.strip()
            if name not in COLUMNS:
                detail = excerpt(name) if name else f"column {index + 1} has no name"
                hint = did_you_mean(name.lower(), COLUMNS) or f"a price list has the columns {', '.join(COLUMNS)}"
                self.findings.at_cell(header, index, "csv-unknown-column", "unknown column", detail=detail, hint=hint)
            elif name in self.columns:
                detail = f"'{name}' is column {self.columns[name] + 1} and column {index + 1}"
                summary = "two columns say the same"
                self.findings.at_cell(
                    header, index, "csv-duplicate-column", summary, detail=detail, hint="keep one of them"
                )
            else:
                self.columns[name] = index
        for name in REQUIRED:
            if name not in self.columns:
                hint = f"a price list has the columns {', '.join(COLUMNS)}"
                self.findings.at_line(
                    header.line, "csv-missing-column", "missing column", detail=f"'{name}'", hint=hint
                )

    def _rows(self, header: Record, filled: Iterator[Record | Broken]) -> None:
        number = 0
        for number, record in enumerate(filled, 1):
            if number > ROWS_AT_MOST:
                detail, hint = f"more than {ROWS_AT_MOST:,}", "keep the products that you have"
                self.findings.at_line(record.line, "csv-too-many-rows", "too many rows", detail=detail, hint=hint)
                break
            if isinstance(record, Broken):
                self._broken(record)
            elif len(record.cells) != len(header.cells):
                detail = f"{len(record.cells)} cells, the header has {len(header.cells)}"
                hint = "a cell that holds a comma is quoted; a cell that holds nothing keeps its comma"
                summary = "a row of another length than the header"
                self.findings.at_line(record.line, "csv-ragged-row", summary, detail=detail, hint=hint)
            else:
                self._keep(_Row(record, self.columns, self.findings))
        if not number:
            hint = "each line below the header states one price"
            self.findings.at_line(header.line, "csv-no-rows", "the file has a header and no row", hint=hint)

    def _keep(self, row: _Row) -> None:
        """Take the row's price, unless the list has one for the same already."""
        priced = row.priced()
        if priced is None:
            return
        key, money = priced
        first, line = self.found.setdefault(key, (money, row.record.line))
        if line == row.record.line:
            return
        product, term, billing, currency = key
        lines = f"lines {line} and {row.record.line}"
        if first == money:
            summary, hint = "two rows say the very same", "remove one of them"
            self.findings.at_line(row.record.line, "csv-duplicate-row", summary, detail=lines, hint=hint)
            return
        prices = f"{money_text(first)} and {money_text(money)} in {lines}"
        detail = f"{excerpt(product)}, {term}, billed {billing}, {currency}: {prices}"
        row.fault("price", "csv-price-clash", "two prices for the same", detail=detail, hint="keep the one that holds")


@dataclass(slots=True)
class _Row:
    """One record on its way to a price."""

    record: Record
    columns: Mapping[str, int]
    findings: Findings
    sound: bool = True
    """Nothing was wrong with a cell of it so far."""

    def priced(self) -> tuple[_Key, Money] | None:
        """What costs how much; None where a cell is missing or unfit, and every cell has been looked at."""
        product = self._take("product", cells.value)
        term = self._take("term", cells.term_length)
        billing = self._take("billing", cells.term_length)
        currency = self._take("currency", _currency)
        price = self._take("price", lambda text: _price(text, currency))
        if term and billing and billing.months > term.months:
            detail, hint = f"billing {billing}, term {term}", "a term is charged at least once"
            self.fault(
                "billing", "csv-billing-too-long", "billed less often than once a term", detail=detail, hint=hint
            )
        if product is None or term is None or currency is None or price is None or not self.sound:
            return None
        return (product, term, billing or term, currency), price

    def _take(self, column: str, read: Callable[[str], T]) -> T | None:
        """What the cell of that column says; None where it says nothing, or nothing that can be taken."""
        index = self.columns.get(column)
        if index is None:
            return None
        text = self.record.cells[index].strip()
        if not text:
            if column in REQUIRED:
                self.fault(
                    column, "csv-missing-value", "a required cell is empty", detail=column, hint="every row states it"
                )
            return None
        try:
            return read(text)
        except cells.Unfit as unfit:
            summary = _SUMMARIES.get(unfit.code) or cells.SUMMARIES[unfit.code]
            self.fault(column, unfit.code, summary, detail=f"{column} {excerpt(text)}", hint=unfit.hint)
            return None

    def fault(self, column: str, code: str, summary: str, *, detail: str, hint: str) -> None:
        """An error of one of its cells."""
        self.sound = False
        self.findings.at_cell(self.record, self.columns[column], code, summary, detail=detail, hint=hint)


_SUMMARIES = {"csv-bad-currency": "not a currency in use"}
_MOST_DECIMALS = "CLF"
"""The currency with four, more than which none has: any number that may be a price is one in it."""


def _currency(text: str) -> str:
    if currency_digits(text) is None:
        hint = did_you_mean(text.upper(), currencies()) or "write its three letters (ISO 4217), such as EUR"
        raise cells.Unfit("csv-bad-currency", hint)
    return text


def _price(text: str, currency: str | None) -> Money | None:
    """The amount in that currency; None where that is not known, and a number is all that can be asked for."""
    money = money_from_text(f"{text} {currency or _MOST_DECIMALS}")
    if money is None:
        raise cells.Unfit("csv-bad-price", _price_hint(text, currency))
    return money if currency is not None else None


def _price_hint(text: str, currency: str | None) -> str:
    if text.startswith(("-", "(")):
        return "a price is not negative; a credit does not belong into a price list"
    alone, _, last = text.rpartition(" ")
    if last.isalpha() and alone:
        return f"write the number alone, {alone}: the currency has its own column"
    if "," in text:
        return "write it like 1020.60: a decimal point, and no thousands separators"
    digits = None if currency is None else currency_digits(currency)
    if digits is not None and currency is not None and money_from_text(f"{text} {_MOST_DECIMALS}") is not None:
        return f"{currency} has {digits} decimals"
    return "write up to 12 digits, and decimals behind a point: such as 20.60"

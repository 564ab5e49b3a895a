"""Tables as CSV (RFC 4180, UTF-8), line by line: for a spreadsheet, and for whoever adds up.

Pure. A text cell is escaped here, so that no name becomes a formula; a number is a number.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from reconciler.model import currency_digits
from reconciler.views.escape import spreadsheet

Cell = str | int | bool | None


def csv_lines(heading: Sequence[str], rows: Iterable[Sequence[Cell]]) -> Iterator[str]:
    """Each row as a line, ended by CR and LF, the heading first."""
    yield _line(heading)
    for row in rows:
        yield _line(row)


def csv_text(heading: Sequence[str], rows: Iterable[Sequence[Cell]]) -> str:
    """The whole table."""
    return "".join(csv_lines(heading, rows))


class Number(str):
    """A number that is written already, such as a sum with its decimals: no cell to escape."""

    __slots__ = ()


def sum_cell(minor: int, currency: str) -> Number:
    """A sum as a plain decimal number, without its currency, which is a column of its own."""
    return Number(decimal_text(minor, currency))


def decimal_text(minor: int, currency: str) -> str:
    """A sum in minor units with exactly the currency's decimals: `-20.60`."""
    digits = currency_digits(currency) or 0
    sign, whole = "-" if minor < 0 else "", abs(minor)
    return f"{sign}{whole // 10**digits}.{whole % 10**digits:0{digits}d}" if digits else f"{sign}{whole}"


def _line(row: Sequence[Cell]) -> str:
    return f"{','.join(map(_cell, row))}\r\n"


def _cell(value: Cell) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case int() | Number():
            return str(value)
        case _:
            text = spreadsheet(value)
            # A blank at an end is quoted too: some programs would drop it.
            quoted = any(char in text for char in ',"') or text != text.strip()
            return '"{}"'.format(text.replace('"', '""')) if quoted else text

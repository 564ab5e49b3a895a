"""Builders of imported files and rows: every default stands here once."""

from __future__ import annotations

from datetime import date
from typing import Any

from reconciler.diagnostics import Diagnostic, Location
from reconciler.importing.read import read_csv
from reconciler.importing.rows import ImportedRow
from reconciler.model import TermLength

FILE = "estate.csv"
HEADER = "name,product,term,start"
ROW = "Visio Plan 2,VISIOCLIENT,monthly,2026-03-31"


def a_row(name: str = "Visio Plan 2", line: int = 2, **fields: Any) -> ImportedRow:
    """A monthly row of the file; any field of ImportedRow by name."""
    fields.setdefault("product", "VISIOCLIENT")
    fields.setdefault("term", TermLength.MONTHLY)
    fields.setdefault("start", date(2026, 3, 31))
    return ImportedRow(Location(FILE, line), name, **fields)


def found_in(text: str | bytes, **mapping: str) -> list[Diagnostic]:
    """What is wrong with a file, checked to yield no row then."""
    rows, found = read_csv(text if isinstance(text, bytes) else text.encode(), FILE, mapping)
    assert not (rows and found)
    return list(found)


def codes_of(text: str | bytes, **mapping: str) -> list[str]:
    """Code and place of each error, like `csv-bad-term 2:6`."""
    found = found_in(text, **mapping)
    return [f"{item.code} {item.location.line}:{item.location.column}" for item in found if item.location is not None]


def rows_of(text: str | bytes, **mapping: str) -> tuple[ImportedRow, ...]:
    """The rows of a file in which nothing is wrong."""
    rows, found = read_csv(text if isinstance(text, bytes) else text.encode(), FILE, mapping)
    assert found == ()
    return rows

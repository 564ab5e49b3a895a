"""What the cells of each column may say, and what is said of all others."""

from __future__ import annotations

import pytest

from reconciler.diagnostics import Severity
from tests.importing.files import HEADER, ROW, found_in, rows_of


@pytest.mark.parametrize(
    ("text", "recurring"),
    [("on", "on"), ("off", "off"), ("true", "on"), ("TRUE", "on"), ("false", "off"), ("FALSE", "off")],
)
def test_recurring_takes_words_and_booleans(text: str, recurring: str) -> None:
    (row,) = rows_of(f"{HEADER},recurring\n{ROW},{text}\n")
    assert row.recurring == recurring


@pytest.mark.parametrize(
    ("column", "cell", "code", "hint"),
    [
        pytest.param(
            "term", "yearly", "csv-bad-term", "write monthly, annual or triennial", id="another word for a term"
        ),
        pytest.param("term", "anual", "csv-bad-term", "did you mean 'annual'?", id="a misspelt term"),
        pytest.param("billing", "P6M", "csv-bad-term", "write monthly", id="a length that we do not have"),
        pytest.param("start", "01/02/2026", "csv-bad-start", "it may be 2026-02-01 or 2026-01-02", id="two days"),
        pytest.param("start", "31.01.2026", "csv-bad-start", "write 2026-01-31", id="the day first"),
        pytest.param(
            "start", "1/31/2026 12:00", "csv-bad-start", "write 2026-01-31", id="the month first, with a time"
        ),
        pytest.param("start", "05/05/2026", "csv-bad-start", "write 2026-05-05", id="one day either way"),
        pytest.param("start", "2026-01-31T00:00:00Z", "csv-bad-start", "write 2026-01-31", id="an instant"),
        pytest.param("start", "2026/1/31", "csv-bad-start", "write 2026-01-31", id="slashes"),
        pytest.param("start", "20260131", "csv-bad-start", "write 2026-01-31", id="digits alone"),
        pytest.param("start", "46053", "csv-bad-start", "a spreadsheet's day number", id="a day number"),
        pytest.param("start", "2026-02-30", "csv-bad-start", "no such day in the calendar", id="no such day"),
        pytest.param("start", "1969-12-31", "csv-bad-start", "from 1970-01-01 to 9000-01-01", id="a day too long ago"),
        pytest.param(
            "billing", "annual", "csv-billing-too-long", "charged at least once", id="billing beyond the term"
        ),
        pytest.param("start", "31 Jan 2026", "csv-bad-start", "write the day as YYYY-MM-DD", id="a month by name"),
        pytest.param("start", "\u0662026-01-31", "csv-bad-start", "write the day as YYYY-MM-DD", id="other digits"),
        pytest.param("start", "9999-12-01", "csv-bad-start", "from 1970-01-01 to 9000-01-01", id="a day too far off"),
        pytest.param("recurring", "On", "csv-bad-recurring", "write on, off", id="a capital"),
        pytest.param("recurring", "yes", "csv-bad-recurring", "write on, off", id="yes"),
        pytest.param("cancel", "immediately", "csv-bad-cancel", "leave its row out", id="an immediate cancellation"),
        pytest.param("cancel", "at renewal", "csv-bad-cancel", "did you mean 'at-renewal'?", id="a missing hyphen"),
        pytest.param("cancel", "no", "csv-bad-cancel", "did you mean 'none'?", id="no"),
        pytest.param("cancel", "x", "csv-bad-cancel", "write none or at-renewal", id="another cancellation"),
        pytest.param("seats", "25.0", "csv-bad-seats", "write digits alone", id="a fraction"),
        pytest.param("seats", '"1,250"', "csv-bad-seats", "write digits alone", id="a thousands separator"),
        pytest.param("seats", "-1", "csv-bad-seats", "write digits alone", id="fewer than none"),
        pytest.param("seats", "10000001", "csv-bad-seats", "at most 10000000", id="too many seats"),
        pytest.param("seats", "9" * 5000, "csv-bad-seats", "write digits alone", id="5,000 digits"),
        pytest.param("price", "20.60", "csv-bad-price", "add the currency, such as 20.60 EUR", id="no currency"),
        pytest.param("price", '"20,60 EUR"', "csv-bad-price", "write 20.60 EUR", id="a decimal comma"),
        pytest.param("price", "€20.60", "csv-bad-price", "write it like 20.60 EUR", id="a sign"),
        pytest.param("price", "20.60 eur", "csv-bad-price", "did you mean 'EUR'?", id="a misspelt currency"),
        pytest.param("price", "20.60 QQQ", "csv-bad-price", "no currency in use", id="an unknown currency"),
        pytest.param("price", "20.605 EUR", "csv-bad-price", "EUR has 2 decimals", id="too many decimals"),
        pytest.param(
            "last_charge", "240", "csv-bad-price", "add the currency, such as 240 EUR", id="a charge of nothing"
        ),
        pytest.param("last_charge", "-240 EUR", "csv-bad-price", "write it like 20.60 EUR", id="a negative charge"),
        pytest.param("price", "20.5 JPY", "csv-bad-price", "JPY has 0 decimals", id="decimals that a currency lacks"),
        pytest.param("labels", "team", "csv-bad-labels", "like team=sales;env=prod", id="a label without a value"),
        pytest.param("labels", "=sales", "csv-bad-labels", "like team=sales;env=prod", id="a value without a label"),
        pytest.param("labels", "a=1;a=2", "csv-bad-labels", "keep one value for a", id="a label twice"),
        pytest.param("labels", ";", "csv-bad-labels", "leave the cell empty", id="separators alone"),
        pytest.param("product", '"A\nB"', "csv-line-break", "write the value in one line", id="a code of two lines"),
        pytest.param("labels", "a=x\ty", "csv-line-break", "write the value in one line", id="a tab in a label"),
        pytest.param("labels", "x" * 101 + "=y", "csv-cell-too-long", "100 characters", id="a long label"),
        pytest.param("labels", "x=" + "y" * 201, "csv-cell-too-long", "200 characters", id="a long value of a label"),
        pytest.param("owner", "x" * 201, "csv-cell-too-long", "200 characters", id="a long owner"),
        pytest.param("name", "x" * 65_537, "csv-cell-too-long", "65,536 bytes", id="64 KiB and one byte"),
        pytest.param("name", "é" * 32_769, "csv-cell-too-long", "65,536 bytes", id="64 KiB in fewer characters"),
        pytest.param("name", '"' + "x" * 140_000 + '"', "csv-cell-too-long", "missing", id="a cell without end"),
        pytest.param("name", "", "csv-missing-value", "every row states it", id="no name"),
        pytest.param("product", " ", "csv-missing-value", "the provider's product code", id="no product"),
    ],
)
def test_a_cell_that_cannot_be_taken_is_an_error_with_a_hint(column: str, cell: str, code: str, hint: str) -> None:
    cells = {"name": "Visio", "product": "VISIOCLIENT", "term": "monthly", "start": "2026-03-31"} | {column: cell}
    (found,) = found_in(f"{','.join(cells)}\n{','.join(cells.values())}\n")
    assert (found.code, found.severity) == (code, Severity.ERROR)
    assert hint in found.hint
    assert str(found.location).startswith("estate.csv:2:")


def test_the_longest_cell_is_taken() -> None:
    (row,) = rows_of(
        f"{HEADER},owner,labels,seats\n{'n' * 65_536}{ROW[12:]},{'é' * 200},{'l' * 100}={'v' * 200};e=,0\n"
    )
    assert row.name == "n" * 65_536
    assert row.owner == "é" * 200
    assert row.labels == {"l" * 100: "v" * 200, "e": ""}
    assert row.seats == 0

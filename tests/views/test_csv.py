"""CSV as RFC 4180 has it, read back by Python's own reader; and no cell that a spreadsheet would run."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.views.csv import Cell, csv_lines, csv_text, decimal_text, sum_cell
from tests.views.cases import HOSTILE


def read_back(text: str) -> list[list[str]]:
    """Every row as the standard library reads it."""
    return list(csv.reader(io.StringIO(text, newline=""), strict=True))


def test_rows_are_read_back() -> None:
    text = csv_text(("a", "b"), [("x,y", 'say "hi"'), (None, True), (-3, sum_cell(-2060, "EUR")), (" a ", False)])
    assert read_back(text) == [["a", "b"], ["x,y", 'say "hi"'], ["", "true"], ["-3", "-20.60"], [" a ", "false"]]
    assert text.endswith("\r\n")


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)"])
def test_no_text_is_a_formula(text: str) -> None:
    assert read_back(csv_text((), [(text,)]))[1] == [f"'{text}"]


def test_a_hostile_text_stays_in_its_cell_and_hides_nothing() -> None:
    (cell,) = read_back(csv_text((), [(HOSTILE,)]))[1]
    assert "\\x1b[31mred\\x07\\n" in cell
    assert cell.isprintable()


@given(st.lists(st.lists(st.text() | st.integers() | st.none(), min_size=1, max_size=4), max_size=4))
def test_every_table_has_its_rows_and_cells(rows: list[list[Cell]]) -> None:
    found = read_back(csv_text(("heading",), rows))
    assert [len(row) for row in found[1:] if row] == [len(row) for row in rows if csv_text((), [row]) != "\r\n\r\n"]


def test_lines_are_made_one_by_one() -> None:
    lines = csv_lines(("n",), ((number,) for number in iter(int, 1)))
    assert [next(lines), next(lines)] == ["n\r\n", "0\r\n"]


@pytest.mark.parametrize(
    ("minor", "currency", "text"),
    [
        pytest.param(2060, "EUR", "20.60", id="two decimals"),
        pytest.param(-5, "EUR", "-0.05", id="less than one, and negative"),
        pytest.param(-2060, "JPY", "-2060", id="none"),
        pytest.param(1234, "KWD", "1.234", id="three"),
        pytest.param(0, "EUR", "0.00", id="nothing"),
        pytest.param(5, "XXX", "5", id="a currency that is none"),
    ],
)
def test_sums_are_exact(minor: int, currency: str, text: str) -> None:
    assert decimal_text(minor, currency) == text

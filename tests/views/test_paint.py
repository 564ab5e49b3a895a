"""Styled lines as text: escaped whatever stands in them, aligned, and with colour only if it is asked for."""

from __future__ import annotations

import re

import pytest

from reconciler.views.paint import BLANK, LONGEST, Line, Piece, Style, column, padded, paint, shorten, table, width
from tests.views.cases import HOSTILE

LINES: list[Line] = [
    (Piece("! cancel now  ", Style.DANGER), Piece("a/b  ")),
    BLANK,
    (Piece("", Style.STRONG), Piece("end")),
]


def test_without_colour_there_is_nothing_but_words() -> None:
    assert paint(LINES, colour=False) == "! cancel now  a/b\n\nend\n"


def test_with_colour_each_styled_piece_is_wrapped() -> None:
    assert paint(LINES, colour=True) == "\x1b[1;31m! cancel now  \x1b[0ma/b\n\nend\n"


@pytest.mark.parametrize("colour", [False, True])
def test_no_piece_can_hide_or_command(colour: bool) -> None:
    shown = paint([(Piece(HOSTILE, Style.NAME), Piece(HOSTILE))], colour=colour)
    bare = re.sub(r"\x1b\[(36|0)m", "", shown)
    assert bare.removesuffix("\n").isprintable()
    assert "##[" not in bare


@pytest.mark.parametrize("colour", [False, True])
def test_a_line_that_a_runner_would_obey_is_broken(colour: bool) -> None:
    line: Line = (Piece("  "), Piece("::error::", Style.QUIET), Piece("x", Style.NAME))
    assert paint([line], colour=colour) == "  \\x3a:error::x\n"


def test_a_text_beyond_measure_is_cut() -> None:
    shown = paint([(Piece("x" * 70_000),)], colour=False)
    assert shown == "x" * (LONGEST - 1) + "…\n"
    assert shorten("abc", 3) == "abc"


@pytest.mark.parametrize(
    ("text", "columns"),
    [
        pytest.param("Visio", 5, id="plain letters"),
        pytest.param("Büro", 4, id="a letter with its mark"),
        pytest.param("Bu\u0308ro", 4, id="a letter and its mark"),
        pytest.param("日本", 4, id="wide letters"),
        pytest.param("a\x1bb", 6, id="as it is escaped"),
    ],
)
def test_the_width_is_what_a_terminal_takes(text: str, columns: int) -> None:
    assert width(text) == columns
    assert width(padded(text, 10)) == 10


def test_a_column_is_as_wide_as_its_longest_text_within_bounds() -> None:
    assert [column(["a", "abc"]), column([]), column(["a"], least=6), column(["x" * 90], most=20)] == [7, 4, 10, 24]


def test_a_table_aligns_its_columns_and_ends_no_line_with_blanks() -> None:
    lines = table([("name", "seats", ""), ("日本", "1,000", "x"), ("b", "", "")], right=frozenset({1}))
    assert paint(lines, colour=False) == "name  seats\n日本  1,000  x\nb\n"
    assert [line[0].style for line in lines] == [Style.QUIET, Style.PLAIN, Style.PLAIN]


def test_a_table_may_be_empty_or_without_a_heading() -> None:
    assert table([]) == []
    assert table([("a",)], heading=False) == [(Piece("a", Style.PLAIN),)]

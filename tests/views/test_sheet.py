"""Sheets: titled tables with a summary, on a terminal and as Markdown."""

from __future__ import annotations

from reconciler.views.sheet import Grid, Rows, Sheet, sheet_markdown, sheet_text
from tests.views.cases import HOSTILE

GRID = Grid(("name", "count", "note"), [("a", "1", ""), ("total", "1", "")], right=frozenset({1}), last=True)


def test_a_terminal_gets_columns_and_the_summary_last() -> None:
    sheet = Sheet("A title", "The sum of it.", [GRID, Grid(("empty",), [])], ["A note."])
    assert sheet_text(sheet).splitlines() == [
        "A title",
        "",
        "name   count",
        "a          1",
        "total      1",
        "",
        "A note.",
        "",
        "The sum of it.",
    ]


def test_a_column_that_is_empty_everywhere_is_left_out() -> None:
    assert "note" not in sheet_text(Sheet("t", "s", [GRID]))


def test_without_tables_and_notes_the_title_and_the_summary_stay() -> None:
    assert sheet_text(Sheet("A title", "Nothing.")).splitlines() == ["A title", "", "Nothing."]


def test_a_long_list_is_cut_and_says_how() -> None:
    grid = Grid(("n",), [(str(number),) for number in range(60)], title="Numbers")
    lines = sheet_text(Sheet("t", "s", [grid])).splitlines()
    assert lines[2] == "Numbers (60)"
    assert (lines[-4], lines[-3]) == ("49", "… and 10 more; --format json has them all")


def test_a_sum_is_never_cut_off() -> None:
    rows = [*((str(number),) for number in range(60)), ("total",)]
    lines = sheet_text(Sheet("t", "s", [Grid(("n",), rows, last=True, title="N")])).splitlines()
    assert lines[2] == "N (60)"
    assert lines[-4] == "total"


def test_a_table_may_be_shown_whole() -> None:
    grid = Grid(("n",), [(str(number),) for number in range(60)], most=None)
    assert len(sheet_text(Sheet("t", "s", [grid])).splitlines()) == 65


def test_only_shown_rows_are_made() -> None:
    made: list[int] = []

    def row(number: int) -> list[str]:
        made.append(number)
        return [str(number)]

    rows = Rows(range(100_000), row)
    assert (len(rows), rows[99_999], rows[-1], list(rows[:2])) == (100_000, ["99999"], ["99999"], [["0"], ["1"]])
    made.clear()
    sheet_text(Sheet("t", "s", [Grid(("n",), rows)]))
    assert max(made) == 49


def test_markdown_has_tables_and_the_summary_in_bold() -> None:
    sheet = Sheet("A title", "The sum.", [GRID, Grid(("a",), [("b",)], title="More")], ["Write `x`."])
    assert sheet_markdown(sheet).splitlines() == [
        "### A title",
        "",
        "| name | count | note |",
        "| --- | ---: | --- |",
        "| a | 1 |  |",
        "| total | 1 |  |",
        "",
        "#### More (1)",
        "",
        "| a |",
        "| --- |",
        "| b |",
        "",
        "Write <code>x</code>.",
        "",
        "**The sum.**",
    ]


def test_markdown_stays_below_what_a_comment_holds() -> None:
    grid = Grid(("n",), Rows(range(100_000), lambda number: [f"row {number}"]))
    text = sheet_markdown(Sheet("t", "s", [grid]))
    assert len(text.encode()) < 65_536
    assert "more; see the job's full output" in text


def test_hostile_texts_do_nothing() -> None:
    sheet = Sheet(HOSTILE, HOSTILE, [Grid((HOSTILE,), [(HOSTILE,)], title=HOSTILE)], [HOSTILE])
    text = sheet_text(sheet)
    assert "\x1b" not in text
    assert "\n::" not in text
    page = sheet_markdown(sheet)
    assert "<script" not in page
    assert "\x1b" not in page


def test_colour_is_for_terminals() -> None:
    assert "\x1b[" in sheet_text(Sheet("t", "s", [GRID]), colour=True)

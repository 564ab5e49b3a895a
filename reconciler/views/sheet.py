"""Titled tables with a summary: one value, shown on a terminal and as Markdown.

Pure. Must not know what the tables are about. Callers escape nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar, overload

from reconciler.views.budget import Block, fitted, size
from reconciler.views.cells import cut, row
from reconciler.views.escape import markdown, markdown_prose
from reconciler.views.paint import BLANK, Line, Piece, Style, paint, shorten, table

_CELL = 60
_ROWS = 50
"""Of one table on a terminal."""
_ROOM = 65_000
"""Bytes of Markdown: what a comment may hold."""


_Item = TypeVar("_Item")


class Rows(Sequence[Sequence[str]], Generic[_Item]):
    """Rows that are made only where they are shown: of a hundred thousand, few are."""

    def __init__(self, items: Sequence[_Item], made: Callable[[_Item], Sequence[str]]) -> None:
        """A row for each item."""
        self._items, self._made = items, made

    def __len__(self) -> int:
        return len(self._items)

    @overload
    def __getitem__(self, index: int) -> Sequence[str]: ...
    @overload
    def __getitem__(self, index: slice) -> list[Sequence[str]]: ...
    def __getitem__(self, index: int | slice) -> Sequence[str] | list[Sequence[str]]:
        if isinstance(index, slice):
            return [self._made(item) for item in self._items[index]]
        return self._made(self._items[index])


@dataclass(frozen=True, slots=True)
class Grid:
    """One table."""

    heading: Sequence[str]
    rows: Sequence[Sequence[str]]
    title: str = ""
    right: frozenset[int] = frozenset()
    """Columns of numbers."""
    last: bool = False
    """The last row is a sum."""
    most: int | None = _ROWS
    """Rows that a terminal is given."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """What a command has to say; tables without a row are left out."""

    title: str
    summary: str
    grids: Sequence[Grid] = ()
    notes: Sequence[str] = field(default=())
    """Sentences below the tables; what stands between two backticks is code."""


def sheet_text(sheet: Sheet, *, colour: bool = False) -> str:
    """For a terminal: the title, each table, the notes, and the summary as the last line."""
    lines: list[Line] = [(Piece(sheet.title, Style.STRONG),), BLANK]
    for grid in sheet.grids:
        if grid.rows:
            lines += [*_grid_lines(grid), BLANK]
    lines += [(Piece(note),) for note in sheet.notes]
    lines += [BLANK] if sheet.notes else []
    return paint([*lines, (Piece(sheet.summary, Style.STRONG),)], colour=colour)


def _grid_lines(grid: Grid) -> Iterable[Line]:
    shown = _shown(grid)
    lines: list[Line] = [(Piece(f"{grid.title} ({_count(grid):,})", Style.STRONG),)] if grid.title else []
    cells = [[shorten(cell, _CELL) for cell in items] for items in (grid.heading, *shown)]
    used = [index for index in range(len(grid.heading)) if any(items[index] for items in cells[1:])]
    right = frozenset(place for place, index in enumerate(used) if index in grid.right)
    lines += table([[items[index] for index in used] for items in cells], right=right)
    left = len(grid.rows) - len(shown)
    return [*lines, (Piece(f"… and {left:,} more; --format json has them all", Style.QUIET),)] if left else lines


def _shown(grid: Grid) -> Sequence[Sequence[str]]:
    """As many rows as a terminal is given; never without the sum."""
    if grid.most is None or len(grid.rows) <= grid.most:
        return grid.rows
    return [*grid.rows[: grid.most - 1], grid.rows[-1]] if grid.last else grid.rows[: grid.most]


def _count(grid: Grid) -> int:
    return len(grid.rows) - (1 if grid.last else 0)


def sheet_markdown(sheet: Sheet) -> str:
    """For a comment or a page: the same as tables; rows that do not fit into a comment are counted."""
    head = (f"### {markdown(cut(sheet.title))}",)
    tail = [
        *(line for note in sheet.notes for line in ("", markdown_prose(note))),
        "",
        f"**{markdown(sheet.summary)}**",
    ]
    blocks = [_block(grid) for grid in sheet.grids if grid.rows]
    return "\n".join([*head, *fitted(blocks, _ROOM - size(*head, *tail)), *tail, ""])


def _block(grid: Grid) -> Block:
    title = (f"#### {markdown(cut(grid.title))} ({_count(grid):,})", "") if grid.title else ()
    marks = ("---:" if index in grid.right else "---" for index in range(len(grid.heading)))
    opening = (*title, _row(grid.heading), row(*marks))
    return Block(opening, (), len(grid.rows), lambda index: _row(grid.rows[index]))


def _row(cells: Sequence[str]) -> str:
    return row(*(markdown(cut(cell)) for cell in cells))

"""The estate at a glance: rows as aligned columns, as CSV, and as a table of Markdown.

Pure. Text and CSV are made row by row: of a hundred thousand rows the whole text is never held.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice

from reconciler.views.csv import csv_lines
from reconciler.views.escape import is_plain, terminal
from reconciler.views.paint import BLANK, Line, Piece, Style, paint, width
from reconciler.views.sheet import Grid, Rows, Sheet, sheet_markdown
from reconciler.views.status import StatusRow, recurring_words, summary
from reconciler.views.status_columns import COLUMNS, SHOWN, SPARED, per_mark
from reconciler.views.words import counted

_LONGEST = 200
"""Columns of a terminal that one cell takes at most, where it may be cut."""
_GAP = 2
_AT_ONCE = 500

Text = Callable[[StatusRow], str]


_MARKS: Mapping[str, Text] = {
    "recurring": lambda row: recurring_words(row).removeprefix("off, "),
    "per": per_mark,
    "managed": lambda row: "" if row.managed else "*",
}
"""Fewer words, on a terminal."""


@dataclass(frozen=True, slots=True)
class Asked:
    """How `status` is to be shown."""

    columns: tuple[str, ...] | None = None
    """Just these, and never without one of them; None: the usual ones, as far as there is room."""
    stored: int = 0
    """How many there are, whatever was filtered."""
    filters: tuple[str, ...] = ()
    """What the rows were filtered by, as written."""

    @property
    def names(self) -> tuple[str, ...]:
        """The columns that are to be shown."""
        if self.columns is None:
            return SHOWN
        # A sum without its period says nothing.
        named = [each for name in self.columns for each in (("cost", "per") if name == "cost" else (name,))]
        return tuple(dict.fromkeys(named))


def status_text(
    rows: Sequence[StatusRow], asked: Asked, *, room: int | None = None, colour: bool = False
) -> Iterator[str]:
    """The rows in the order given, and a line that counts them; `room` is what a terminal has, None cuts nothing."""
    lines = status_lines(rows, asked, room)
    while batch := list(islice(lines, _AT_ONCE)):
        yield paint(batch, colour=colour)


def status_lines(rows: Sequence[StatusRow], asked: Asked, room: int | None = None) -> Iterator[Line]:
    """The same as styled lines, each made when it is asked for."""
    if not rows:
        yield (Piece(none_words(asked), Style.STRONG),)
        return
    brief, whole = room is not None, asked.columns is not None
    texts = {name: (_MARKS if brief else {}).get(name, COLUMNS[name].text) for name in asked.names}
    widths = _widths(rows, texts, whole=whole)
    left_out = [] if room is None else _fit(widths, room, whole=whole)
    yield (Piece(_joined(widths, (COLUMNS[name].heading for name in widths)), Style.QUIET),)
    shown = [texts[name] for name in widths]
    for row in rows:
        yield (Piece(_joined(widths, (text(row) for text in shown))),)
    yield BLANK
    if brief:
        yield from _legend(rows, widths)
    if left_out:
        yield (Piece(f"No room for {', '.join(left_out)}: a wider terminal has it, or --columns.", Style.QUIET),)
    yield (Piece(summary(rows), Style.STRONG),)


def _legend(rows: Sequence[StatusRow], shown: Container[str]) -> Iterator[Line]:
    """What the marks say, where any stands."""
    if "per" in shown and any("~" in per_mark(row) for row in rows):
        yield (Piece("~ not by the declared price, but by the price list or the last charge.", Style.QUIET),)
    if "managed" in shown and not all(row.managed for row in rows):
        yield (Piece("* unmanaged: no file declares it.", Style.QUIET),)


def none_words(asked: Asked) -> str:
    """Why there is no row."""
    if not asked.stored:
        return "No subscriptions are stored."
    return f"None of {counted(asked.stored, 'subscription')} matches: {', '.join(asked.filters)}."


def _widths(rows: Sequence[StatusRow], texts: Mapping[str, Text], *, whole: bool) -> dict[str, int]:
    """How wide each column is; without `whole`, what nobody fills is left out."""
    widths = {}
    for name, text in texts.items():
        # Estates share most of their texts, and looking whether one was measured is quicker than measuring it.
        widest = max(map(lru_cache(1000)(width), map(text, rows)))
        if widest or whole:
            most = widest if COLUMNS[name].least is None else _LONGEST
            widths[name] = max(min(widest, most), width(COLUMNS[name].heading))
    return widths


def _fit(widths: dict[str, int], room: int, *, whole: bool) -> list[str]:
    """Narrow what may be cut until all fits, and without `whole` leave out what there is no room for: answers which."""
    least = {name: COLUMNS[name].least or columns for name, columns in widths.items()}
    left_out = []
    for name in () if whole else SPARED:
        if _total({key: min(least[key], columns) for key, columns in widths.items()}) <= room:
            break
        if widths.pop(name, None) is not None:
            left_out.append(COLUMNS[name].heading)
    while _total(widths) > room:
        flexible = {name: columns for name, columns in widths.items() if columns > least[name]}
        if not flexible:
            break  # keys are never cut: a terminal as narrow as this breaks the lines
        widths[max(flexible, key=flexible.__getitem__)] -= 1
    return left_out


def _total(widths: Mapping[str, int]) -> int:
    return sum(columns + _gap(name) for name, columns in widths.items()) - _GAP


def _gap(name: str) -> int:
    """Blanks before a column: what a sum is for stands close to it."""
    return 1 if name == "per" else _GAP


def _joined(widths: Mapping[str, int], texts: Iterable[str]) -> str:
    """One line of the table."""
    cells = []
    for (name, columns), text in zip(widths.items(), texts, strict=True):
        cells.append(" " * _gap(name))
        if len(text) > columns or not is_plain(text):  # hardly any: what all others take is quicker
            cut = _cut(text, columns)
            blanks = " " * (columns - width(cut))
            cells += (blanks, cut) if COLUMNS[name].right else (cut, blanks)
        else:
            cells.append(text.rjust(columns) if COLUMNS[name].right else text.ljust(columns))
    return "".join(cells[1:]).rstrip()


def _cut(text: str, columns: int) -> str:
    """The text in so many columns of a terminal, with an ellipsis where it is longer."""
    text = terminal(text)
    if width(text) <= columns:
        return text
    text = text[: columns - 1]
    while width(text) >= columns:  # some letters are two columns wide
        text = text[:-1]
    return f"{text}…"


def status_csv(rows: Iterable[StatusRow], asked: Asked) -> Iterator[str]:
    """The same for a spreadsheet: stable names, ISO dates, a sum and its currency in cells of their own."""
    columns = [COLUMNS[name] for name in asked.names]
    heading = [field for column in columns for field in column.fields]
    return csv_lines(heading, ([cell for column in columns for cell in column.cells(row)] for row in rows))


def status_markdown(rows: Sequence[StatusRow], asked: Asked) -> str:
    """The same as a table of Markdown; of rows that do not fit into a comment it tells how many there are."""
    columns = [COLUMNS[name] for name in asked.names]
    if asked.columns is None:
        columns = [column for column in columns if any(column.text(row) for row in rows)]
    right = frozenset(place for place, column in enumerate(columns) if column.right)
    cells = Rows(rows, lambda row: [column.text(row) for column in columns])
    grid = Grid([column.heading for column in columns], cells, "", right)
    return sheet_markdown(Sheet("Subscriptions", summary(rows) if rows else none_words(asked), (grid,)))

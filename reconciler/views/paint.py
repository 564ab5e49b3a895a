"""Styled lines, and the one function that turns them into text for a terminal.

Must not know what a plan is. Callers escape nothing: `paint` escapes every piece, so that none can be forgotten.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import NamedTuple

from reconciler.views.escape import is_plain, line_start, terminal

LONGEST = 1000
"""Characters shown of one text; the JSON document has it whole."""


class Style(StrEnum):
    """What a piece of a line is, each with its ANSI colour (ECMA-48 SGR parameters)."""

    PLAIN = ""
    STRONG = "1"
    QUIET = "2"
    DANGER = "1;31"
    ENDING = "33"
    SPENDING = "35"
    GOOD = "32"
    NAME = "36"


class Piece(NamedTuple):
    """A text in one style; may hold anything, as it is escaped when painted."""

    text: str
    style: Style = Style.PLAIN


Line = tuple[Piece, ...]
BLANK: Line = ()


def paint(lines: Iterable[Line], *, colour: bool) -> str:
    """The lines as text, each ended by a newline; without colour nothing but what people read is in it."""
    return "".join(f"{_painted(line, colour=colour)}\n" for line in lines)


def _painted(line: Line, *, colour: bool) -> str:
    pieces: Line = line
    bare = "".join([text for text, _ in line]).rstrip()
    if not is_plain(bare) or len(bare) > LONGEST:  # nearly all lines are, which makes long plans quick
        pieces = tuple(Piece(shorten(terminal(text)), style) for text, style in line)
        bare = "".join([text for text, _ in pieces]).rstrip()
    safe = line_start(bare)
    if not colour or safe != bare:
        return safe
    return "".join(f"\x1b[{style}m{text}\x1b[0m" if style and text else text for text, style in pieces).rstrip()


def shorten(text: str, limit: int = LONGEST) -> str:
    """The text, cut with an ellipsis where it is longer than the limit."""
    return text if len(text) <= limit else f"{text[: limit - 1]}…"


def width(text: str) -> int:
    """How many columns of a terminal the text takes, once escaped."""
    if not is_plain(text) or len(text) > LONGEST:
        text = shorten(terminal(text))
    if text.isascii():
        return len(text)
    from unicodedata import combining, east_asian_width  # only where there is more than ASCII

    return sum(0 if combining(char) else 2 if east_asian_width(char) in "WF" else 1 for char in text)


def padded(text: str, columns: int, *, least: int = 0) -> str:
    """The text, filled up with blanks to that many columns, with `least` blanks at least; never cut."""
    return text + " " * max(least, columns - width(text))


def column(texts: Iterable[str], *, gap: int = 4, least: int = 0, most: int = 64) -> int:
    """How wide a column must be for these texts; one that is longer than `most` sticks out alone."""
    return max(least, min(most, max(map(width, texts), default=0))) + gap


def table(rows: Sequence[Sequence[str]], *, right: frozenset[int] = frozenset(), heading: bool = True) -> list[Line]:
    """Rows as aligned columns, two blanks apart; those in `right` align right; the first row is the heading."""
    widths = [max(width(row[index]) for row in rows) for index in range(len(rows[0]))] if rows else []
    lines: list[Line] = []
    for number, row in enumerate(rows):
        cells = [
            " " * (widths[index] - width(cell)) + cell if index in right else padded(cell, widths[index])
            for index, cell in enumerate(row)
        ]
        style = Style.QUIET if heading and number == 0 else Style.PLAIN
        lines.append((Piece("  ".join(cells).rstrip(), style),))
    return lines

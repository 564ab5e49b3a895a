"""A spec file cut down to the subscriptions that somebody asks for, with the places that they have in the whole.

Pure. Takes only texts of plain layout that were read before without a complaint: of any other it says nothing.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable

from reconciler.spec.lines import PLAIN_TEXT
from reconciler.spec.positions import Document

_HEADER = re.compile(r"^subscriptions:[^\n]*+(?:\n *+(?:#[^\n]*+)?(?=\n))*+(?=\n( ++)\w)", re.MULTILINE)
_TOP = re.compile(r"\n(?=\w)")


class Excerpt(Document):
    """A document of which some lines are left out."""

    __slots__ = ("_left_out", "_lines")

    def __init__(self, origin: str, text: str, lines: list[int], left_out: list[int]) -> None:
        super().__init__(origin, text)
        self._lines = lines
        """From each of these on so many lines are left out as `left_out` says."""
        self._left_out = left_out

    def line(self, number: int) -> int:
        """As in the whole file."""
        return number + self._left_out[bisect_right(self._lines, number) - 1]


def excerpt(origin: str, text: str, names: Iterable[str]) -> Excerpt | None:
    """The file with just these of its subscriptions; None where that cannot be told at a glance.

    The text must be one that was read before without a complaint. In a plain layout each line says the whole of its
    value: so what has the indent of the first subscription's name is a name, down to the next key of the top.
    """
    header = _HEADER.search(text) if PLAIN_TEXT.fullmatch(text) is not None else None
    if header is None:
        return None
    begin = header.end()
    top = _TOP.search(text, begin)
    end = len(text) if top is None else top.start()
    starts = sorted({text.find(f"\n{header[1]}{name}:", begin, end) for name in names})
    if not starts or starts[0] < 0:
        return None
    following = re.compile(rf"\n{header[1]}(?=\w)").search
    pieces, at = [text[:begin]], begin
    lines, left_out = [0], [0]
    line, missing = text.count("\n", 0, begin) + 1, 0
    for start in (*starts, end):
        # The line breaks before a piece are its own.
        missing += text.count("\n", at, start)
        lines.append(line)
        left_out.append(missing)
        found = following(text, start + 1, end) if start < end else None
        at = len(text) if start == end else end if found is None else found.start()
        pieces.append(text[start:at])
        line += text.count("\n", start, at)
    return Excerpt(origin, "".join(pieces), lines, left_out)

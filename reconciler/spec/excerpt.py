"""A spec file cut down to the subscriptions that somebody asks for, with the places that they have in the whole.

Pure. Takes only texts of plain layout that were read before without a complaint: of any other it says nothing.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable

from reconciler.spec.lines import PLAIN_TEXT, Block, Key
from reconciler.spec.positions import Document, Path

_WITHIN = "subscriptions"
_HEADER = re.compile(r"^subscriptions:[^\n]*+(?:\n *+(?:#[^\n]*+)?(?=\n))*+(?=\n( ++)\w)", re.MULTILINE)
_TOP = re.compile(r"\n(?=\w)")


class Excerpt(Document):
    """A document of which some lines are left out."""

    __slots__ = ("_left_out", "_lines", "_names")

    def __init__(self, origin: str, text: str, names: Block, lines: list[int], left_out: list[int]) -> None:
        super().__init__(origin, text)
        self._names = {_WITHIN: names}
        """Where in this text the subscriptions stand that are left."""
        self._lines = lines
        """From each of these on so many lines are left out as `left_out` says."""
        self._left_out = left_out

    def blocks(self, path: Path) -> dict[str, Block]:
        """Of what is left nobody needs to look for the names once more; of what is below them the layout tells."""
        known = len(path) == 2 and path[0] == _WITHIN and path[1] in self._names[_WITHIN].keys
        return self._names if known else super().blocks(path)

    def line(self, number: int) -> int:
        """As in the whole file."""
        return number + self._left_out[bisect_right(self._lines, number) - 1]


def excerpt(origin: str, text: str, names: Iterable[str], *, plain: bool = False) -> Excerpt | None:
    """The file with just these of its subscriptions; None where that cannot be told at a glance.

    The text must be one that was read before without a complaint. In a plain layout each line says the whole of its
    value: so what has the indent of the first subscription's name is a name, down to the next key of the top. `plain`:
    the layout is known to be so.
    """
    header = _HEADER.search(text) if plain or PLAIN_TEXT.fullmatch(text) is not None else None
    if header is None:
        return None
    begin = header.end()
    top = _TOP.search(text, begin)
    end = len(text) if top is None else top.start()
    found = {text.find(f"\n{header[1]}{name}:", begin, end): name for name in names}
    if not found or -1 in found:
        return None
    following = re.compile(rf"\n{header[1]}(?=\w)").search
    pieces, at = [text[:begin]], begin
    lines, left_out, starts = [0], [0], list[int]()
    keys: dict[str, Key] = {}
    length, line, missing = begin, text.count("\n", 0, begin) + 1, 0
    for start in (*sorted(found), end):
        # The line breaks before a piece are its own.
        missing += text.count("\n", at, start)
        lines.append(line)
        left_out.append(missing)
        starts.append(length + 1)
        at = len(text)
        if start < end:
            keys[found[start]] = Key(length + 1, line, len(starts))
            after = following(text, start + 1, end)
            at = end if after is None else after.start()
        pieces.append(text[start:at])
        length += at - start
        line += text.count("\n", start, at)
    return Excerpt(origin, "".join(pieces), Block(0, 0, keys, starts), lines, left_out)

"""Blocks of rows that must share a limited room: whole rows are left out, and how many is said.

Pure. Must not know what the rows are about; a row is made only if it may be shown.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

_ROWS_FIRST = 5


@dataclass(frozen=True, slots=True)
class Block:
    """What opens it, its rows, and what closes it; rows may be left out from the end, the rest may not."""

    head: tuple[str, ...]
    tail: tuple[str, ...]
    count: int
    row: Callable[[int], str]
    """The row at an index below `count`."""

    @property
    def frame(self) -> int:
        """Bytes that it takes without any row, the line about missing rows included."""
        return size("", *self.head, "", more(self.count), *self.tail)


def block(head: Sequence[str], rows: Sequence[str] = ()) -> Block:
    """A block whose rows are there already."""
    return Block(tuple(head), (), len(rows), rows.__getitem__)


def size(*lines: str) -> int:
    """The bytes of these lines in UTF-8, each with its newline."""
    return sum(len(line.encode(errors="replace")) + 1 for line in lines)


def more(count: int) -> str:
    """The line that says how many rows are missing."""
    return f"… and {count:,} more; see the job's full output"


def fitted(blocks: Sequence[Block], room: int) -> list[str]:
    """The lines of all blocks within that many bytes: a few rows of each, then more of the first ones.

    Frames are never cut: the room must be enough for them.
    """
    room -= sum(item.frame for item in blocks)
    shown: list[list[str]] = [[] for _ in blocks]
    for most in (_ROWS_FIRST, None):
        for item, rows in zip(blocks, shown, strict=True):
            room = _fill(item, rows, room, item.count if most is None else min(most, item.count))
    lines: list[str] = []
    for item, rows in zip(blocks, shown, strict=True):
        missing = item.count - len(rows)
        lines += ["", *item.head, *rows, *(["", more(missing)] if missing else []), *item.tail]
    return lines


def _fill(item: Block, rows: list[str], room: int, most: int) -> int:
    """Add rows as long as they fit; the room that is left."""
    while len(rows) < most:
        row = item.row(len(rows))
        if size(row) > room:
            break
        rows.append(row)
        room -= size(row)
    return room

"""Where things stand in a file of plain layout, line by line: one pass over it, and little is kept.

Pure. Takes just what it is sure of: of any other text it says nothing, and the events of the parser tell instead.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple

Path = tuple[str | int, ...]
Marks = tuple[int, int]
"""Line and column, both counted from 0."""
Within = Callable[[str, Path, bool], Marks]
"""Finds a path in the text of one flow collection."""

# Every line of such a text says the whole of its value: nothing goes on in the next one. No quantifier gives back what
# it took, so that no text makes them slow. What YAML takes for a line break, beside LF, is in none of them: that is
# looked for once in a line, as a set of such characters takes a third of a millisecond to compile.
_ODD = r"\x00-\x1f\x7f-\xa0\u2028\u2029\ud800-\udfff\ufeff\ufffe\uffff"
_WORD = r"\w[\w./@+-]{0,200}+"
_LETTERS = r"(?:[\w./@+=;,()-]|:(?=[\w./@+=;,()-]))"
_PLAIN = rf"\w{_LETTERS}*+(?: ++{_LETTERS}++)*+"
_SOUND = rf"(?=[^{_ODD}]*+(?:\n|\Z))"
_QUOTED = r"'[^'\\\n]*+'|\"[^\"\\\n]*+\""
_ITEM = rf"(?:\w[\w./@+-]*+(?: [\w./@+-]++)*+|{_QUOTED})"
_FLOW = rf"\{{(?:{_WORD}: {_ITEM}(?:, {_WORD}: {_ITEM})*+)?+\}}|\[(?:{_ITEM}(?:, {_ITEM})*+)?+\]"
_REMARK = r"#[^\n]*+"
_LINE = re.compile(rf"{_SOUND}( *+)({_WORD}):(?: ++({_FLOW}|{_QUOTED}|{_PLAIN}))? *+(?:(?<= ){_REMARK})?(?=\n|\Z)")
PLAIN_TEXT = re.compile(
    rf"(?:{_SOUND}(?: *+{_WORD}:(?: ++(?:{_FLOW}|{_QUOTED}|{_PLAIN}))?+)?+ *+(?:(?<![^ \n]){_REMARK})?+(?:\n|\Z))*+"
)
"""Fits a text of which every line is such a one, blank, or a remark."""
_BESIDE = re.compile(rf"{_SOUND} *+(?:{_REMARK})?(?=\n|\Z)")
_SPACES = re.compile(" *+")
_FIRST = re.compile(rf"[^\n]*+(?:\n{_SOUND} *+(?:{_REMARK})?(?=\n))*+\n( *+)(?=\w)")
_MOST = 200
"""Lines that are looked through for one key. Of longer blocks the parser keeps every place."""


class Block(NamedTuple):
    """A key of the top, and where the keys just below it stand."""

    start: int
    """The offset of its line in the text."""
    number: int
    """Of its line, from 0."""
    keys: dict[str, Key]
    starts: list[int]
    """Of all these lines of the whole text: where each key ends."""


class Key(NamedTuple):
    """A key just below one of the top."""

    start: int
    number: int
    following: int
    """Which of the starts is the one after it."""


def blocks_of(text: str) -> dict[str, Block] | None:
    """The blocks of a text of plain layout, in their order; None for any other."""
    known: dict[str, _Said] = {}  # most lines of a large estate recur
    blocks: dict[str, Block] = {}
    keys: dict[str, Key] = {}
    starts: list[int] = []
    outer: list[int] = []
    level, opened, start = 0, False, 0
    made = tuple.__new__  # what Key(…) comes to, without a call of Python on the way
    for number, line in enumerate(text.split("\n")):
        said = known.get(line)
        if said is None:
            said = _said(line)
            if said is None:
                return None
            known[line] = said
        indent, name, opens = said
        if name:
            if indent != level:
                if not _moves(outer, level, indent, opened):
                    return None
                level = indent
            depth = len(outer)
            if depth < 2:
                if name in (keys if depth else blocks):
                    return None
                starts.append(start)
                if depth:
                    keys[name] = made(Key, (start, number, len(starts)))
                else:
                    keys = {}
                    blocks[name] = Block(start, number, keys, starts)
            opened = opens
        start += len(line) + 1
    return blocks or None


def _moves(outer: list[int], level: int, indent: int, opened: bool) -> bool:
    """Whether a line may have this indent after one of that level; if so, the levels around it are brought up to it."""
    if indent > level:
        outer.append(level)
        return opened
    while indent < level:
        level = outer.pop()
    return indent == level


_Said = tuple[int, str, bool]
"""Of one line: how far it is indented, its key, and whether its value is on the next ones; no key: it says nothing."""


def _said(line: str) -> _Said | None:
    found = _LINE.match(line)
    if found is not None:
        return len(found[1]), found[2], found[3] is None
    return (0, "", False) if _BESIDE.match(line) is not None else None


def find(text: str, blocks: dict[str, Block], path: Path, key: bool, within: Within) -> Marks | None:
    """The value at this path, or the key that it ends with; of what is not there, the nearest thing around it.

    None where that is not to be told quickly.
    """
    if not path or (key and isinstance(path[-1], int)):
        return None
    first = next(iter(blocks.values()))
    block = blocks.get(path[0]) if isinstance(path[0], str) else None
    if block is None:
        return first.number, 0
    start, number = block.start, block.number
    entry: Key | None = None
    for depth, step in enumerate(path[1:], 1):
        line = None if depth == 1 and block.keys else _LINE.match(text, start)
        if line is not None and line[3] is not None:
            if line[3][0] not in "{[":
                return number, line.start(3) - start
            row, column = within(line[3], path[depth:], key)
            return number + row, line.start(3) - start + column
        if depth == 1:
            entry = block.keys.get(step) if isinstance(step, str) else None
            below = entry and (entry.start, entry.number)
        elif depth == 2 and entry is not None:
            below = _in_block(text, entry, block.starts, step)
        else:
            below = _below(text, start, number, step)
        if below is _TOO_FAR:
            return None
        if below is None:
            key = False
            break
        start, number = below
    return _mark(text, start, number, key)


def _in_block(text: str, entry: Key, starts: list[int], name: str | int) -> tuple[int, int] | None:
    """The line of that key just below this one: down to the next key, one with the indent of the first."""
    end = starts[entry.following] if entry.following < len(starts) else len(text)
    first = _FIRST.match(text, entry.start, end)
    if first is None:
        return None
    at = text.find(f"\n{first[1]}{name}:", entry.start, end) + 1
    return (at, entry.number + text.count("\n", entry.start, at)) if at else None


_TOO_FAR = (-1, -1)


def _mark(text: str, start: int, number: int, key: bool) -> Marks | None:
    """Of the key on this line, or of its value, which may begin further down."""
    line = _LINE.match(text, start)
    if line is None:
        return None
    if key:
        return number, len(line[1])
    if line[3] is not None:
        return number, line.start(3) - start
    below = _below(text, start, number, None)
    if below is None:
        return number, line.end(2) + 1 - start
    if below is _TOO_FAR:
        return None
    return below[1], _indent(text, below[0])


def _below(text: str, start: int, number: int, name: str | int | None) -> tuple[int, int] | None:
    """The line of that key just below the one on this line, or of the first one there (None); _TOO_FAR: not found."""
    outer, indent, opening = _indent(text, start), -1, f"{name}:"
    for ahead in range(1, _MOST):
        start = text.find("\n", start) + 1
        if not start:
            return None
        depth = _indent(text, start)
        first = text[start + depth : start + depth + 1]
        if first in {"", "\n", "#"}:
            continue
        if depth <= outer:
            return None
        if indent < 0:
            indent = depth
        if depth == indent and (name is None or text.startswith(opening, start + depth)):
            return start, number + ahead
    return _TOO_FAR


def _indent(text: str, start: int) -> int:
    found = _SPACES.match(text, start)
    return 0 if found is None else found.end() - start

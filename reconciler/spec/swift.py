"""Swift reading: the plain layouts of YAML line by line, in front of the parser's events, which have the last word.

Pure. It answers only what `parse` would, and nothing on any doubt: whatever is new, odd or wrong is left to `parse`.
Lines come again and again over an estate, so each is taken apart once and remembered.
"""

from __future__ import annotations

import re
from typing import Any, Final

from reconciler.spec.dialect import LIMITS
from reconciler.spec.scalars import BROKEN, PlainScalars

LINES_KEPT: Final = 20_000
"""How many lines are remembered; then all are forgotten, and those that recur are soon known again."""
LONGEST_LINE: Final = 1_000
"""Characters: the parser gives up on a key that is longer, and so do we on any line."""
WIDEST: Final = 32
"""Columns of indentation: so no more than as many blocks are around a line, and one; brackets nest less deeply."""
_DEEPEST = 16

_SCALAR, _OPENER, _FLAT, _NESTED, _ITEM = range(5)
# Ranks: a mapping's lines have twice their column, a list's items one more, for a list may stand as far left as its key
# does. What is below nought holds no value.
_NOTHING, _START, _ROOT, _WAITING = -1, -2, -3, -4
_Line = tuple[int, str | None, Any, int]
"""What one line says: its rank, its key (None in what stands bare in a list), its value, and of which kind that is."""

# Each repetition is possessive: a line that does not fit is given up without trying again.
_WORD = r"[A-Za-z0-9_./@+\-]++"
_KEY = rf"(?=[A-Za-z0-9_])({_WORD}(?: ++{_WORD})*+)|\"([^\"\\]++)\"|'([^']++)'"
_COMMENT = r"(?: ++(?:#.*+)?+)?+"
_LINE = re.compile(
    rf"( {{0,{WIDEST}}}+)(- ++)?+(?:(?:{_KEY}):(?: ++|$))?+"
    r"(?:"
    r"((?:[A-Za-z0-9_./+~$(^;<=\\]|-(?=[A-Za-z0-9.])|[^\x00-\x7f])(?:[^ :#]++|:(?! |$)|#| ++(?!#|$))*+)" + _COMMENT +
    r"|\"([^\"\\]*+)\"" + _COMMENT +
    r"|'([^']*+(?:''[^']*+)*+)'" + _COMMENT +
    r"|\{([^{}\[\]#]*+)\}" + _COMMENT +
    r"|([{\[].*+)"
    r"|(?:#.*+)?+"
    r")"
)  # fmt: skip
# Most lines that are met once name a subscription, or state its id: they need no second look.
_USUAL = re.compile(rf"( {{0,{WIDEST}}}+)([a-z0-9][a-z0-9_-]{{0,99}}+):(?: ([A-Za-z0-9][A-Za-z0-9_.@+-]{{0,99}}+))?+")
_PLAIN_VALUE, _DOUBLE_VALUE, _SINGLE_VALUE, _FLAT_VALUE, _FLOW_VALUE = range(6, 11)

# All beyond ASCII, and of that [A-Za-z0-9_./@+~$^;<=()-]; to begin with, [A-Za-z0-9_./+~$^;<=(]. Said by what they are
# not: a set with a range to the end of Unicode takes milliseconds to compile.
_INNER = r"(?:[^\x00-\x20!\"#%&'*,:>?\[\\\]`{|}\x7f]++|:(?=[A-Za-z0-9/]))++"
_FIRST = r"[^\x00-\x20!\"#%&')*,\-:>?@\[\\\]`{|}\x7f]"
_SIMPLE = rf"(?={_FIRST}|-[A-Za-z0-9.])({_INNER}(?: ++{_INNER})*+)|\"([^\"\\]*+)\"|'([^']*+)'"
_PAIR = re.compile(rf" *+(?:{_KEY}): ++(?:{_SIMPLE}) *+")
_FLOW_KEY = re.compile(rf"(?:{_KEY}): ++")
_FLOW_VALUE_OF = re.compile(_SIMPLE)
_SPACES = re.compile(r" *+")
_END = re.compile(_COMMENT)


class _Doubt(Exception):
    """Whether this is as it seems, only the parser can tell."""


def swiftly(text: str, plain: PlainScalars) -> dict[str, Any] | None:
    """What `parse` reads from this text without a complaint, every container new; None where that is not certain."""
    if "\r" in text:
        text = text.replace("\r\n", "\n")  # one alone breaks a line for the parser, and fits no line of ours
    if may_exceed(text):
        return None
    try:
        found, rank = _read(text.split("\n"), _Lines(plain) if plain.lines is None else plain.lines)
    except _Doubt:
        return None
    return found if rank != _WAITING and found.__class__ is dict else None


def may_exceed(text: str) -> bool:
    """Whether the parser might complain about the size of a text, or about the number of nodes in it."""
    length, limits = len(text), LIMITS
    if length * 4 > limits.size and (length > limits.size or not text.isascii()):
        return True
    if length <= limits.nodes:
        return False
    # Of a line there are a key, its value and what holds them in a list; of a pair in brackets its key and its value.
    within = text.count(",") + text.count("{") + text.count("[")
    return 2 * (text.count("\n") + 1 + within) + text.count("- ") >= limits.nodes


def _read(lines: list[str], known: dict[str, _Line]) -> tuple[Any, int]:
    """The root of these lines, and the rank that the last one leaves: waiting, where its key has no value."""
    outer: list[tuple[int, Any]] = []
    top: dict[str, Any] = {}
    box: Any = top
    wait: str | None
    level, at, wait, begun = _WAITING, _ROOT, "", False  # the key that waits is one of a box of rank `at`
    for line in map(known.__getitem__, lines):
        rank, key, value, kind = line
        if rank != level:
            if rank < 0:
                begun = _begun(rank, begun or bool(outer))
                continue
            if level == _WAITING:
                if rank <= at:
                    raise _Doubt
                outer.append((at, box))
                made: Any = [] if rank & 1 else {}
                box[wait] = made
                box = made
            else:
                while rank < level:
                    level, box = outer.pop()
                if rank != level:
                    raise _Doubt
            level = rank
        if kind > _OPENER:
            level, box, key, value, kind = _more(level, box, line, outer)
            if key is None:
                continue
        if key in box:
            raise _Doubt
        if kind == _OPENER:
            level, at, wait = _WAITING, level, key
        else:
            box[key] = value
    return top.get(""), level


def _begun(rank: int, begun: bool) -> bool:
    """Whether the document has begun by its sign, which stands before all else."""
    if rank == _START and begun:
        raise _Doubt
    return begun or rank == _START


def _more(level: int, box: Any, line: _Line, outer: list[tuple[int, Any]]) -> tuple[int, Any, str | None, Any, int]:
    """A line of more than a key and a scalar: where its key belongs, if it has one, with a value of its own."""
    rank, key, value, kind = line
    if kind == _ITEM:
        rank, key, value, kind = value
        if key is None:
            box.append(_copied(value, kind))
        else:
            made: dict[str, Any] = {}
            outer.append((level, box))
            box.append(made)
            level, box = rank, made
    return level, box, key, _copied(value, kind), kind


def _copied(value: Any, kind: int) -> Any:
    """The same in new containers: what is remembered must not change with what was made of it."""
    if kind == _FLAT:
        return value.copy()
    if value.__class__ is dict:
        return {key: _copied(inner, _NESTED) for key, inner in value.items()}
    if value.__class__ is list:
        return [_copied(inner, _NESTED) for inner in value]
    return value


class _Lines(dict[str, _Line]):
    """A memo of lines."""

    def __init__(self, plain: PlainScalars) -> None:
        super().__init__()
        self.plain = plain
        plain.lines = self

    def __missing__(self, line: str) -> _Line:
        found = _USUAL.fullmatch(line)
        if found is None:
            made = _taken_apart(line, self.plain)
        elif (text := found[3]) is None:
            made = (2 * len(found[1]), found[2], None, _OPENER)
        else:
            made = (2 * len(found[1]), found[2], _known(self.plain[text]), _SCALAR)
        if len(self) >= LINES_KEPT:
            self.clear()
        self[line] = made
        return made


def _taken_apart(line: str, plain: PlainScalars) -> _Line:
    if len(line) > LONGEST_LINE or not line.isprintable():
        raise _Doubt
    found = _LINE.fullmatch(line)
    if found is not None:
        return _said(found, plain)
    if line.rstrip(" ") != "---":
        raise _Doubt
    return _START, None, None, _SCALAR


def _said(found: re.Match[str], plain: PlainScalars) -> _Line:
    indent, dash, *keys = found.group(1, 2, 3, 4, 5)
    key = keys[0] or keys[1] or keys[2]
    form = found.lastindex or 0
    if form < _PLAIN_VALUE:  # a key alone, a comment, a blank line
        if dash is None and key is None:
            return _NOTHING, None, None, _SCALAR
        value, kind = None, _OPENER
    else:
        value, kind = _value(found[form], form, plain)
    if (key is None and (dash is None or kind == _OPENER)) or key == "<<":
        raise _Doubt
    column = len(indent)
    if dash is None:
        return 2 * column, key, value, kind
    return 2 * column + 1, None, (2 * (column + len(dash)), key, value, kind), _ITEM


def _value(text: str, form: int, plain: PlainScalars) -> tuple[Any, int]:
    if form == _PLAIN_VALUE:
        return _known(plain[text]), _SCALAR
    if form == _FLAT_VALUE:
        flat = _flat(text, plain)
        if flat is not None:
            return flat, _FLAT
        text, form = f"{{{text}}}", _FLOW_VALUE
    if form == _FLOW_VALUE:
        value, end = _flow(text, 0, plain, 1)
        if _END.fullmatch(text, end) is None:
            raise _Doubt
        return value, _NESTED
    return text.replace("''", "'") if form == _SINGLE_VALUE else text, _SCALAR


def _known(value: Any) -> Any:
    if value is BROKEN:
        raise _Doubt
    return value


def _flat(text: str, plain: PlainScalars) -> dict[str, Any] | None:
    """A mapping that holds no others, of what stands in its brackets; its pairs are remembered as lines are.

    None where it is not as simple as that: half a quoted text that holds a comma fits no pair.
    """
    pairs, parts = plain.pairs, text.split(",")
    found: dict[Any, Any] = dict([pairs.get(part) or _pair(part, plain) for part in parts])
    return found if len(found) == len(parts) and None not in found else None


def _pair(text: str, plain: PlainScalars) -> tuple[str | None, Any]:
    found = _PAIR.fullmatch(text)
    if found is None:
        return None, None
    key = found[1] or found[2] or found[3]
    if key == "<<":
        raise _Doubt
    made: tuple[str, Any] = key, _simple(found, 4, plain)
    if len(plain.pairs) >= LINES_KEPT:
        plain.pairs.clear()
    plain.pairs[text] = made
    return made


def _simple(found: re.Match[str], first: int, plain: PlainScalars) -> Any:
    """The scalar of three groups, one of which is there: plain, or in either quotes."""
    text: str | None = found[first]
    if text is not None:
        return _known(plain[text])
    text = found[first + 1]
    return found[first + 2] if text is None else text


def _flow(text: str, index: int, plain: PlainScalars, depth: int) -> tuple[Any, int]:
    """The collection in brackets that begins here, and where it ends."""
    if depth == _DEEPEST:
        raise _Doubt
    is_mapping = text[index] == "{"
    made: Any = {} if is_mapping else []
    index = _past_spaces(text, index + 1)
    end = "}" if is_mapping else "]"
    if text[index : index + 1] == end:
        return made, index + 1
    while True:
        if is_mapping:
            found = _FLOW_KEY.match(text, index)
            if found is None:
                raise _Doubt
            key, index = found[1] or found[2] or found[3], found.end()
            if key in made or key == "<<":
                raise _Doubt
            made[key], index = _inner(text, index, plain, depth)
        else:
            value, index = _inner(text, index, plain, depth)
            made.append(value)
        index = _past_spaces(text, index)
        sign = text[index : index + 1]
        if sign == end:
            return made, index + 1
        if sign != ",":
            raise _Doubt
        index = _past_spaces(text, index + 1)


def _inner(text: str, index: int, plain: PlainScalars, depth: int) -> tuple[Any, int]:
    """One value within brackets, and where it ends."""
    if text[index : index + 1] in ("{", "["):
        return _flow(text, index, plain, depth + 1)
    found = _FLOW_VALUE_OF.match(text, index)
    if found is None:
        raise _Doubt
    return _simple(found, 1, plain), found.end()


def _past_spaces(text: str, index: int) -> int:
    found = _SPACES.match(text, index)
    return index if found is None else found.end()

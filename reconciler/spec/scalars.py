"""Plain scalars by the YAML 1.2 core schema (yaml.org/spec/1.2.2, 10.3.2), each number with the text it was written as.

Pure. What is quoted is text and never comes here; dates, `on`, `yes` and `1_000` are text in this schema.
"""

from __future__ import annotations

import re
from math import isinf
from typing import Any, Final, Self

MEMO_SIZE: Final = 50_000
"""How many different plain scalars are remembered; an estate of unique ids must not fill the memory."""
LONG: Final = 16 * 1024
"""Characters: a longer text may be more bytes than a scalar may have, and is never remembered."""
_LONGEST_INTEGER: Final = 300
_BEYOND: Final = 10**300


class Broken:
    """Stands where the file holds something that has no value in this dialect; it was reported where it was found."""

    # No Enum: where text is due, pydantic would take a member's name for it.
    __slots__ = ()


BROKEN: Final = Broken()


class IntText(int):
    """A whole number that knows its source text, for fields in which a code such as 0123 is text."""

    text: str

    def __new__(cls, number: int, text: str) -> Self:
        made = super().__new__(cls, number)
        made.text = text
        return made

    def __str__(self) -> str:
        return self.text


class FloatText(float):
    """A number with a point or an exponent that knows its source text."""

    text: str

    def __new__(cls, number: float, text: str) -> Self:
        made = super().__new__(cls, number)
        made.text = text
        return made

    def __str__(self) -> str:
        return self.text


Scalar = str | int | float | bool | Broken

_WORDS: Final[dict[str, bool | None]] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_NUMBER = re.compile(
    r"(?P<integer>[-+]?[0-9]+)"
    r"|(?P<based>0o[0-7]+|0x[0-9a-fA-F]+)"
    r"|(?P<float>[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?)"
    r"|(?P<special>[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))"
)
_BEGINS_NUMBERS: Final = frozenset("+-.0123456789")


def core(text: str) -> Scalar | None:
    """What a plain scalar means: None for null, BROKEN for a number that is not finite, else its value."""
    if text in _WORDS:
        return _WORDS[text]
    if text[0] not in _BEGINS_NUMBERS:
        return text
    found = _NUMBER.fullmatch(text)
    match found.lastgroup if found else None:
        case "integer":
            return _integer(text, 10)
        case "based":
            return _integer(text, 0)
        case "float":
            number = float(text)
            return BROKEN if isinf(number) else FloatText(number, text)
        case "special":
            return BROKEN
        case _:
            return text


def _integer(text: str, base: int) -> IntText:
    # Python converts and shows no more than 4,300 digits; such a number is beyond every range, and its text is kept.
    if len(text) > _LONGEST_INTEGER:
        return IntText(-_BEYOND if text[0] == "-" else _BEYOND, text)
    return IntText(int(text, base), text)


class PlainScalars(dict[str, Scalar]):
    """A memo of plain scalars: the same words come again and again. BROKEN: null, what is not finite, long texts."""

    def __init__(self) -> None:
        super().__init__()
        self.good_keys: set[str] = set()
        """Texts that were found fit to be keys."""
        self.read = 0
        """How many characters were read with it."""
        self.lines: Any = None
        """What whole lines say, and `pairs` in brackets: kept here for swift reading, which alone knows how."""
        self.pairs: dict[str, tuple[str, Any]] = {}

    def __missing__(self, text: str) -> Scalar:
        if len(text) > LONG:
            return BROKEN
        value = core(text)
        known: Scalar = BROKEN if value is None else value
        if len(self) < MEMO_SIZE:
            self[text] = known
        return known

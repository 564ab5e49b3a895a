"""Cuts a spec file into the blocks of its subscriptions, each as its form and the pieces of its lines.

Pure, in front of `swift` as that is in front of the parser: of a form that was not met before the text is read by
`swift`, and of whatever that leaves to the parser nothing is said. Must not know what the values mean.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any, Final, NamedTuple

from reconciler.spec.scalars import IntText, PlainScalars
from reconciler.spec.swift import may_exceed, swiftly

# Why it holds. A piece is what stands from one line's end to the next, or from one comma before a key to the next. A
# form is all of a block's text but its simple values; each of these is of letters and signs that mean nothing where it
# stands, and was found to be the whole of the value at its path. So another one there changes that value, and no other.

PIECES_KEPT: Final = 20_000
"""How many pieces are remembered; then all are forgotten, and those that recur are soon known again."""
FORMS_KEPT: Final = 5_000
TRUST: Final = 20_000
"""In blocks: once what was in vain has cost so many more than were gained, nothing is cut any more."""
COST: Final = 20
"""Blocks whose reading one new form costs."""

Path = tuple[str | int, ...]

_CUT = "\x1e"
"""Put between pieces. No text that holds one is cut."""
_TEXT, _COUNT = "\x00", "\x01"
"""Stand in a sign for a value that is a text, and for one that is a whole number. Nothing else in a sign can be one."""
_TEXT_AT, _COUNT_FROM = "zq0x{}x", 731_000_000
"""What is put there to see where the value is."""
_HEADER = "\nsubscriptions:"
_DEEPEST_NAME = 16

_KEY = r"[A-Za-z_][A-Za-z0-9_./-]*+"
_WORD = r"[A-Za-z0-9._@/+-]++"
# All that a plain scalar of a block may hold, and what means nothing within brackets and quotes either.
_LETTERS = r"!\"$-9;-~\xc0-\u024f"
_BLOCK_VALUE = re.compile(
    rf"( ++(?:- ++)?+({_KEY}): ++)()((?=[A-Za-z0-9])(?:[{_LETTERS}]++|:(?=[A-Za-z0-9/])| (?=[{_LETTERS}]))++)()"
)
_FLOW_VALUE = re.compile(
    rf"((?:(?: ++{_KEY}:)?+ ?+\{{ ?+(?:{_KEY}: \{{ ?+)?+|, | ++(?:- ++\{{?+ *+)?+)({_KEY}): ++)(['\"]?)"
    rf"((?=[A-Za-z0-9]){_WORD}(?: {_WORD})*+)(\3(?: ?+\}}){{0,4}}+ *+)"
)
_LONGEST_VALUE = 200
_PAIR = re.compile(rf", (?={_KEY}: )")
_ID = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]|:(?=[A-Za-z0-9])){0,99}+").fullmatch
# Ids that are no numbers, nor any of the words that are no texts.
_TEXT_ID = re.compile(r"(?![nNtTfF])[0-9]{0,19}+[a-df-np-wyzA-DF-NP-WYZ][A-Za-z0-9._-]{0,79}+").fullmatch
_NAMES = re.compile(r"(?:[a-z0-9][a-z0-9-]{0,99}+\n)++").fullmatch


class Spot(NamedTuple):
    """Where a value stands among the pieces of its block."""

    piece: int
    begin: int
    end: int | None

    def of(self, pieces: Sequence[str]) -> str:
        """The value, as it is written between its quotes if it has some."""
        return pieces[self.piece][self.begin : self.end]


class Form:
    """How some blocks are written that are the same but for simple values."""

    __slots__ = ("block", "counts", "spots")

    def __init__(self, block: Any, spots: dict[Path, Spot], counts: frozenset[Path]) -> None:
        self.block = block
        """Such a block as it is read, with whatever there is in place of these values."""
        self.spots = spots
        """Where each of them stands, by its path in the block."""
        self.counts = counts
        """Paths of those that are whole numbers. The others are texts."""


class Cut(NamedTuple):
    """A file in blocks. All of it is what the parser reads without a complaint."""

    head: dict[str, Any]
    """What stands before the subscriptions."""
    names: list[str]
    forms: list[Form]
    pieces: list[list[str]]
    """Of each block."""


class Cutter:
    """Cuts files, one after the other; what it learned of one serves the next."""

    def __init__(self, plain: PlainScalars) -> None:
        self.plain = plain
        self._signs = _Signs(plain)
        self._forms: dict[tuple[str, ...], Form | None] = {}
        self._trust = TRUST

    def cut(self, text: str) -> Cut | None:
        """The file in blocks; None where it is to be parsed."""
        if self._trust < 0:
            return None
        found = _halves(text)
        if found is None:
            return None
        head, names, blocks = found
        forms: list[Form] = []
        pieces: list[list[str]] = []
        known, sign = self._forms, self._signs.__getitem__
        for block in blocks:
            parts = block.split(_CUT)
            key = tuple(map(sign, parts))
            try:
                form = known[key]
            except KeyError:
                form = self._new(key)
            if form is None:
                self._trust -= len(names)
                return None
            forms.append(form)
            pieces.append(parts)
        data = swiftly(f"{head}subscriptions: 0\n", self.plain)
        if data is None or data.pop("subscriptions", None) != 0:
            return None
        self._trust = min(TRUST, self._trust + len(names))
        return Cut(data, names, forms, pieces)

    def said(self, piece: str) -> tuple[str, Any]:
        """The key and the value of a piece with a value, as the parser reads them."""
        found = _BLOCK_VALUE.fullmatch(piece) or _FLOW_VALUE.fullmatch(piece)
        if found is None:
            return "", None
        return found[2], found[4] if found[3] else self.plain[found[4]]

    def block(self, pieces: Sequence[str]) -> Any:
        """The block of these pieces, read anew."""
        return _read(pieces, self.plain)

    def _new(self, signs: tuple[str, ...]) -> Form | None:
        self._trust -= COST
        if len(self._forms) >= FORMS_KEPT:
            self._forms.clear()
        found = self._forms[signs] = _form(signs, self.plain)
        return found


def _halves(text: str) -> tuple[str, list[str], list[str]] | None:
    """What stands before the subscriptions, their names, and what stands after the colon of each; None on any doubt."""
    if "\r" in text:
        text = text.replace("\r\n", "\n")
    start = 0 if text.startswith(_HEADER[1:]) else text.find(_HEADER) + 1
    if _CUT in text or may_exceed(text) or not (start or text.startswith(_HEADER[1:])):
        return None
    body = text[start + len(_HEADER) - 1 :]
    if "#" in body:
        body = _uncommented(body)
    while "\n\n" in body:
        body = body.replace("\n\n", "\n")
    body = body.strip("\n") if body[:1] == "\n" else body.lstrip(" ").strip("\n")
    indent = len(body) - len(body.lstrip(" "))
    if not 0 < indent <= _DEEPEST_NAME:
        return None
    begin = "\n" + " " * indent
    body = body[indent:].replace(begin + " ", _CUT + " ")
    if "{" in body:
        body = _PAIR.sub(_CUT + ", ", body)
    blocks = body.split(begin)
    if body.count("\n") >= len(blocks):
        return None
    named = [block.partition(":") for block in blocks]
    names = [name for name, _, _ in named]
    if _NAMES("\n".join(names) + "\n") is None or len(set(names)) < len(names):
        return None
    return text[:start], names, [rest for _, _, rest in named]


def _uncommented(body: str) -> str:
    """The text without its comments. Where a sign that would begin one stands in quotes, what is left of its line fits
    nothing, and so no such form is ever found."""
    kept: list[str] = []
    within, last = False, ""
    for number, part in enumerate(body.split("#")):
        if number and not within:
            within = last[-1:] in (" ", "\n")
            if not within:
                kept.append("#")
        end = 0
        if within:
            end = part.find("\n")
            if not part[: end if end >= 0 else None].isprintable():
                return ""
            if end < 0:
                continue
            within = False
            kept[-1] = kept[-1].rstrip(" ")
        kept.append(part[end:])
        last = part
    if within and kept:
        kept[-1] = kept[-1].rstrip(" ")
    return "".join(kept)


class _Signs(dict[str, str]):
    """By piece, what it is but for its value. What comes but once is not remembered: names and ids."""

    def __init__(self, plain: PlainScalars) -> None:
        super().__init__({"": ""})
        self.plain = plain
        self.known: dict[str, str] = {}
        self.ids: dict[str, str] = {}
        """By what stands before an id."""

    def __missing__(self, piece: str) -> str:
        before, _, value = piece.partition(": ")
        sign = self.ids.get(before)
        if sign is not None and _TEXT_ID(value) is not None:
            return sign
        made = _sign(piece, self.plain)
        sign = self.known.setdefault(made, made)
        if sign.endswith((f" id: {_TEXT}", f" id: {_COUNT}")):
            if sign.endswith(_TEXT) and sign.startswith(f"{before}: "):
                self.ids[before] = sign
            return sign
        if len(self) >= PIECES_KEPT:
            self.clear()
            self.known.clear()
            self[""] = ""
        self[piece] = sign
        return sign


def _sign(piece: str, plain: PlainScalars) -> str:
    found = _BLOCK_VALUE.fullmatch(piece) or _FLOW_VALUE.fullmatch(piece)
    if found is not None and len(found[4]) <= _LONGEST_VALUE:
        before, key, quote, text, after = found.groups()
        value = text if quote else plain[text]
        if key != "id" or _ID(text) is not None:
            if value.__class__ is str:
                return f"{before}{quote}{_TEXT}{after}"
            if value.__class__ is IntText and text.isdigit():
                return f"{before}{_COUNT}{after}"
    return piece if piece.isprintable() else "\t"  # which no line may hold


def _form(signs: tuple[str, ...], plain: PlainScalars) -> Form | None:
    """The form of these signs; None where it is not certain what each value is to the block."""
    texts: list[str] = []
    put: dict[str, tuple[Spot, bool]] = {}
    for number, sign in enumerate(signs):
        count = _COUNT in sign
        mark = _COUNT if count else _TEXT
        begin = sign.find(mark)
        if begin < 0:
            texts.append(sign)
            continue
        after = len(sign) - begin - 1
        value = str(_COUNT_FROM + number) if count else _TEXT_AT.format(number)
        put[value] = Spot(number, begin, -after or None), count
        texts.append(sign.replace(mark, value))
    if any("zq0x" in sign or "731000" in sign for sign in signs):
        return None
    block = _read(texts, plain)
    if block is None:
        return None
    spots: dict[Path, Spot] = {}
    counts: set[Path] = set()
    for path, said in _scalars(block, ()):
        found = put.pop(str(said), None)
        if found is not None:
            spot, count = found
            if count is not isinstance(said, IntText):
                return None
            spots[path] = spot
            if count:
                counts.add(path)
    return None if put else Form(block, spots, frozenset(counts))


def _scalars(value: Any, path: Path) -> Iterator[tuple[Path, Any]]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _scalars(inner, (*path, key))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _scalars(inner, (*path, index))
    else:
        yield path, value


def _read(pieces: Sequence[str], plain: PlainScalars) -> Any:
    """What a subscription of these pieces says; None where only the parser could tell."""
    text = "".join(piece if piece[:1] == "," else f"\n {piece}" for piece in pieces[1:])
    found = swiftly(f"s:\n x:{pieces[0]}{text}\n", plain)
    return None if found is None or found.keys() != {"s"} or found["s"].keys() != {"x"} else found["s"]["x"]

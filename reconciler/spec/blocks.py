"""Cuts a spec file into the blocks of its subscriptions: the form of each, and the values that differ.

Pure, in front of `swift` as that is in front of the parser: of a form that was not met before the text is read by
`swift`, and of whatever that leaves to the parser nothing is said. Must not know what the values mean.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final, NamedTuple

from reconciler.spec.scalars import IntText, PlainScalars
from reconciler.spec.swift import may_exceed, swiftly

# Why it holds. A form is all of a block's text but its comments, its blank lines and its simple values. Each of these
# values is of letters and signs that mean nothing to YAML where it stands, and it was found to be the whole of what is
# read at its path. So another one of the same kind there changes that value, and nothing else.

PIECES_KEPT: Final = 20_000
"""How many pieces of lines are remembered; then all are forgotten, and those that recur are soon known again."""
FORMS_KEPT: Final = 5_000
TRUST: Final = 20_000
"""In blocks: once what was in vain has cost so many more than were gained, nothing is cut any more."""
COST: Final = 20
"""Blocks whose reading one new form costs."""
OFTEN: Final = 100
"""Blocks of a form before it is worth a pattern of its own, which takes some milliseconds to compile."""
PATTERNS: Final = 12
"""At most: each is tried in turn."""

Path = tuple[str | int, ...]
Row = Sequence[str]
"""A block as it is written, with the end of the line before it; its name; then its values in the order of its form."""

_CUT = "\x1e"
"""Put between pieces. No text that holds one is cut."""
_TEXT, _COUNT = "\x00", "\x01"
"""Stand in a sign for a value that is a text, and for one that is a whole number. Nothing else in a sign can be one."""
_TEXT_AT, _COUNT_FROM = "zq0x{}x", 731_000_000
"""What is put there to see where the value is."""
_TAKEN = ("zq0x", "731000")
_HEADER = "\nsubscriptions:"
_DEEPEST_NAME = 16

_KEY = r"[A-Za-z_][A-Za-z0-9_./-]*+"
_WORD = r"[A-Za-z0-9._@/+-]++"
_WORDS = rf"(?=[A-Za-z0-9]){_WORD}(?: {_WORD})*+"
"""What means nothing within brackets and quotes either."""
_LETTERS = r"!\"$-9;-~\xc0-\u024f"
_PROSE = rf"(?=[A-Za-z0-9])(?:[{_LETTERS}]++|:(?=[A-Za-z0-9/])| (?=[{_LETTERS}]))++"
"""All that is simple in a plain scalar on a line of its own."""
_LINE_VALUE = re.compile(rf"( ++(?:- ++)?+({_KEY}): ++)()({_PROSE})()")
_FLOW_VALUE = re.compile(
    rf"((?:(?: ++{_KEY}:)?+ ?+\{{ ?+(?:{_KEY}: \{{ ?+)?+|, | ++(?:- ++\{{?+ *+)?+)({_KEY}): ++)(['\"]?)"
    rf"({_WORDS})(\3(?: ?+\}}){{0,4}}+ *+)"
)
_LONGEST_VALUE = 200
_PAIR = re.compile(rf", (?={_KEY}: )")
_ID = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]|:(?=[A-Za-z0-9])){0,99}+")
_NAME = r"([a-z0-9][a-z0-9-]{0,99}+):"

# The same in patterns of whole blocks, without what might be no text: what does not fit is looked at piece by piece.
_BEGINS_TEXT = r"(?=[A-Za-z])(?![NnTtFf](?:ull|ULL|rue|RUE|alse|ALSE)\b)(?!.{201})"
_DAY = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
_AMOUNT = r"[0-9]{1,12}+(?:\.[0-9]{1,4}+)?+ [A-Z]{3}"
_LETTER = "[a-df-np-wyzA-DF-NP-WYZ]"
"""None of those that a number may hold after its first digits."""
_TEXT_ID = (
    r"(?i:(?!(?:null|true|false)\b))(?:[A-Za-z]|[0-9]{1,19}+(?:-|(?:e[0-9]{0,19}+)?+"
    rf"{_LETTER}))[A-Za-z0-9._-]{{0,59}}+"
)
_PATTERN_OF: Final[dict[Path, str]] = {
    ("facts", "start"): _DAY,
    ("facts", "price"): _AMOUNT,
    ("facts", "last_charge"): _AMOUNT,
    ("id",): _TEXT_ID,
}


class Form:
    """How some blocks are written that are the same but for simple values."""

    __slots__ = ("block", "counts", "met", "parts", "paths", "spots")

    def __init__(self, block: Any, parts: tuple[str, ...], found: dict[Path, tuple[Spot, bool]]) -> None:
        self.block = block
        """Such a block as it is read, with whatever there is in place of these values."""
        self.parts = parts
        """Its text before the first value, between the values, and after the last."""
        self.paths = tuple(found)
        """Where in the block each value is, in the order of the text."""
        self.spots = tuple(spot for spot, _ in found.values())
        self.counts = frozenset(path for path, (_, count) in found.items() if count)
        """Paths of those that are whole numbers. The others are texts."""
        self.met = 0


class Spot(NamedTuple):
    """Where a value stands among the pieces of its block."""

    piece: int
    begin: int
    end: int | None

    def of(self, pieces: Sequence[str]) -> str:
        """The value, as it is written between its quotes if it has some."""
        return pieces[self.piece][self.begin : self.end]


class Cut(NamedTuple):
    """A file in blocks. All of it is what the parser reads without a complaint."""

    head: dict[str, Any]
    """What stands before the subscriptions."""
    forms: list[Form]
    rows: list[Row]
    begins: str
    """All that stands before the subscriptions, as it is written."""
    indent: int


_Step = tuple[Form, Row, int]
"""One block, and where it ends."""


class Cutter:
    """Cuts files, one after the other; what it learned of one serves the next."""

    def __init__(self, plain: PlainScalars) -> None:
        self.plain = plain
        self._signs = _Signs(plain)
        self._forms: dict[tuple[str, ...], Form | None] = {}
        self._trust = TRUST
        self._layouts: dict[int, _Layout] = {}

    def cut(self, text: str) -> Cut | None:
        """The file in blocks; None where it is to be parsed."""
        halves = None if self._trust < 0 else halves_of(text)
        if halves is None:
            return None
        head, body, indent = halves
        found = self._blocks(body, indent)
        if found is None:
            self._trust -= body.count("\n") // 8
            return None
        forms, rows = found
        if len({row[1] for row in rows}) < len(rows):
            return None
        data = swiftly(f"{head}subscriptions: 0\n", self.plain)
        if data is None or data.pop("subscriptions", None) != 0:
            return None
        self._trust = min(TRUST, self._trust + len(rows))
        return Cut(data, forms, rows, head, indent)

    def block(self, form: Form, row: Row) -> Any:
        """One block, read anew."""
        _, _, *values = row
        text = "".join(part for pair in zip(form.parts, (*values, ""), strict=True) for part in pair)
        return _read(text, self.plain)

    def _blocks(self, body: str, indent: int) -> tuple[list[Form], list[Row]] | None:
        layout = self._layouts.get(indent)
        if layout is None:
            layout = self._layouts[indent] = _Layout(indent)
        if layout.only is not None:
            alike = layout.all_alike(body)
            if alike:
                return [layout.only] * len(alike), alike
        patterns, follow = layout.patterns, layout.follow
        forms: list[Form] = []
        rows: list[Row] = []
        last: Form | None = None
        at, end = 0, len(body)
        while at < end:
            form = follow.get(last)
            found = None if form is None else patterns[form](body, at)
            if form is not None and found is not None:
                row: Row = found.groups()
                at = found.end()
            else:
                step = layout.tried(body, at) or self._step(body, at, layout)
                if step is None:
                    return None
                form, row, at = step
                if form in patterns:
                    follow[last] = form
            forms.append(form)
            rows.append(row)
            last = form
        layout.only = last if last in patterns and forms.count(last) == len(forms) else None
        return forms, rows

    def _step(self, body: str, at: int, layout: _Layout) -> _Step | None:
        """The next block, piece by piece; None on any doubt."""
        opened = layout.opening(body, at)
        if opened is None:
            return None
        following = layout.following(body, opened.end())
        end = len(body) if following is None else before_blanks(body, following.start())
        text = body[opened.end() : end]
        while "\n\n" in text:
            text = text.replace("\n\n", "\n")
        text = text.replace(layout.deeper, _CUT + " ")
        if "{" in text:
            text = _PAIR.sub(_CUT + ", ", text)
        pieces = text.split(_CUT)
        form = None if "\n" in text else self._form(tuple(map(self._signs.__getitem__, pieces)))
        if form is None:
            return None
        form.met += 1
        if form.met >= OFTEN:
            layout.learn(form)
        return form, (body[at:end], opened[1], *(spot.of(pieces) for spot in form.spots)), end

    def _form(self, signs: tuple[str, ...]) -> Form | None:
        try:
            return self._forms[signs]
        except KeyError:
            self._trust -= COST
            if len(self._forms) >= FORMS_KEPT:
                self._forms.clear()
            found = self._forms[signs] = _form(signs, self.plain)
            return found


class _Layout:
    """Blocks whose names stand in the same column."""

    def __init__(self, indent: int) -> None:
        begin = " " * indent
        self.deeper = f"\n{begin} "
        self.opening = re.compile(rf"\n++{begin}{_NAME}").match
        self.following = name_after(indent).search
        self.patterns: dict[Form, Callable[[str, int], re.Match[str] | None]] = {}
        """Of the forms that were met often."""
        self.follow: dict[Form | None, Form] = {}
        """By form, the one that followed it the last time."""
        self.only: Form | None = None
        """That of all blocks of the last file, where it was a single one that is met often."""
        self._all: dict[Form, re.Pattern[str]] = {}
        self.begin = begin

    def tried(self, body: str, at: int) -> _Step | None:
        """The next block, if it has a form that is met often."""
        for form, match in self.patterns.items():
            found = match(body, at)
            if found is not None:
                return form, found.groups(), found.end()
        return None

    def learn(self, form: Form) -> None:
        """A form that was met often."""
        if form not in self.patterns and len(self.patterns) < PATTERNS:
            self.patterns[form] = self._compiled(form, r"\n++").match

    def all_alike(self, body: str) -> list[Row] | None:
        """The blocks of a file that are all of the form which was the only one of the last; None where one is not."""
        form = self.only
        if form is None:
            return None
        pattern = self._all.get(form)
        if pattern is None:  # bounded: wherever one does not fit, the next is searched for
            pattern = self._all[form] = self._compiled(form, r"\n{1,2}+")
        rows: list[Row] = pattern.findall(body)
        return rows if sum(len(row[0]) for row in rows) == len(body) else None

    def _compiled(self, form: Form, before: str) -> re.Pattern[str]:
        values = (_pattern(form, number) for number in range(len(form.paths)))
        parts = (re.escape(part.replace("\n ", f"\n{self.begin}")) for part in form.parts)
        text = "".join(part for pair in zip(parts, (*values, ""), strict=True) for part in pair)
        ends = rf"(?=\n++{self.begin}[a-z0-9]|\Z)"
        return re.compile(rf"({before}{self.begin}{_NAME}{text}){ends}")


def _pattern(form: Form, number: int) -> str:
    """What fits a value, and is sure to be of its kind."""
    path, before, after = form.paths[number], form.parts[number], form.parts[number + 1]
    if path in form.counts:
        return r"([0-9]{1,9}+)"
    if path in _PATTERN_OF:
        return f"({_PATTERN_OF[path]})"
    if before[-1] in "'\"":
        return rf"((?!.{{201}}){_WORDS})"
    alone = after[:1] in ("", "\n") and "{" not in before[before.rfind("\n") + 1 :] and before[:1] != ","
    return f"({_BEGINS_TEXT}{_PROSE if alone and path[-1] == 'reason' else _WORDS})"


def name_after(indent: int) -> re.Pattern[str]:
    """The last end of a line before a name in this column. With those before it, it would take ever longer to find."""
    return re.compile(rf"\n{' ' * indent}(?=[^ \n])")


def before_blanks(body: str, at: int) -> int:
    """Where the first of the ends of lines is of which the last is here."""
    while at and body[at - 1] == "\n":
        at -= 1
    return at


def halves_of(text: str) -> tuple[str, str, int] | None:
    """What stands before the subscriptions, what they are, and the column of their names; None on any doubt."""
    if "\r" in text:
        text = text.replace("\r\n", "\n")
    start = 0 if text.startswith(_HEADER[1:]) else text.find(_HEADER) + 1
    if _CUT in text or may_exceed(text) or not (start or text.startswith(_HEADER[1:])):
        return None
    body = text[start + len(_HEADER) - 1 :]
    if "#" in body:
        body = _uncommented(body)
    body = body.lstrip(" ").rstrip("\n")
    names = body.lstrip("\n")
    indent = len(names) - len(names.lstrip(" "))
    return (text[:start], body, indent) if 0 < indent <= _DEEPEST_NAME and body[0] == "\n" else None


def _uncommented(body: str) -> str:
    """The text without its comments; nothing where one holds what no text may.

    Where the sign of a comment stands in quotes, what is left of its line fits nothing: no such form is ever found.
    """
    kept: list[str] = []
    begin, at = 0, body.find("#")
    while at >= 0:
        if body[at - 1 : at] not in (" ", "\n"):
            at = body.find("#", at + 1)
            continue
        end = body.find("\n", at)
        if end < 0:
            end = len(body)
        if not body[at:end].isprintable():
            return ""
        text = body[begin:at].rstrip(" ")
        kept.append(text[:-1] if text[-1:] == "\n" else text)
        begin, at = end, body.find("#", end)
    return "".join((*kept, body[begin:]))


class _Signs(dict[str, str]):
    """By piece, what it is but for its value. An id comes but once, and is not remembered."""

    def __init__(self, plain: PlainScalars) -> None:
        super().__init__()
        self.plain = plain
        self.known: dict[str, str] = {}

    def __missing__(self, piece: str) -> str:
        made = _sign(piece, self.plain)
        if len(self) >= PIECES_KEPT:
            self.clear()
            self.known.clear()
        sign = self.known.setdefault(made, made)
        if not sign.endswith(f" id: {_TEXT}"):
            self[piece] = sign
        return sign


def _sign(piece: str, plain: PlainScalars) -> str:
    found = _LINE_VALUE.fullmatch(piece) or _FLOW_VALUE.fullmatch(piece)
    if found is not None and len(found[4]) <= _LONGEST_VALUE:
        before, key, quote, text, after = found.groups()
        value = text if quote else plain[text]
        if key != "id" or _ID.fullmatch(text) is not None:
            if value.__class__ is str:
                return f"{before}{quote}{_TEXT}{after}"
            if value.__class__ is IntText and text.isdigit() and len(text) < 10:
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
        if any(taken in sign for taken in _TAKEN):
            return None
        if begin >= 0:
            value = str(_COUNT_FROM + number) if count else _TEXT_AT.format(number)
            put[value] = Spot(number, begin, begin + 1 - len(sign) or None), count
            text = sign.replace(mark, value)
        else:
            text = sign
        texts.append(text if sign[:1] == "," or not number else f"\n {text}")
    text = "".join(texts)
    block = _read(text, plain)
    if block is None:
        return None
    paths = {str(said): path for path, said in _scalars(block, ()) if str(said) in put}
    kinds = {str(said): isinstance(said, IntText) for _, said in _scalars(block, ())}
    if any(value not in paths or kinds[value] is not count for value, (_, count) in put.items()):
        return None
    parts: list[str] = []
    for value in put:
        part, _, text = text.partition(value)
        parts.append(part)
    return Form(block, (*parts, text), {paths[value]: found for value, found in put.items()})


def _scalars(value: Any, path: Path) -> Iterator[tuple[Path, Any]]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _scalars(inner, (*path, key))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _scalars(inner, (*path, index))
    else:
        yield path, value


def _read(text: str, plain: PlainScalars) -> Any:
    """What a subscription of this text says; None where only the parser could tell."""
    found = swiftly(f"s:\n x:{text}\n", plain)
    return None if found is None or found.keys() != {"s"} or found["s"].keys() != {"x"} else found["s"]["x"]

"""Spec files to sketches: the gists of all that is plainly declared in a file, and the names of what is not.

Pure, and the hot path of a large estate. What each subscription comes to is resolved in full once for all that are
declared alike; only the values that differ from one to the next are put in. A file with anything to complain about has
no sketch, and is read in full. The law: a gist is the one of the subscription resolved in full (see `gist.gist_of`).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from hashlib import blake2b
from typing import Any, Final, NamedTuple

import orjson

from reconciler.diagnostics import Diagnostics
from reconciler.gist import SEPARATOR, UNSAID, Asked, gist_of, labels_text, money_column
from reconciler.model import SubscriptionKey, money_from_text
from reconciler.settings import LEDGER, AccountSettings
from reconciler.spec.facts import FactReader, day_from_text
from reconciler.spec.fields import MOST_SEATS, NAME_PATTERN
from reconciler.spec.layers import FieldPlaces, LayerReader, merged_labels
from reconciler.spec.match import CompiledRule
from reconciler.spec.models import SpecsFile
from reconciler.spec.parse import Parsed
from reconciler.spec.resolve import Estate, SpecFile
from reconciler.spec.scalars import IntText
from reconciler.spec.stacks import Stack
from reconciler.spec.validate import checked

SIZE: Final = 16
"""Bytes of a gist's digest."""
_ASKED_AT_MOST: Final = 256
_KEPT_AT_MOST: Final = 100_000
"""How many ways of declaring are remembered; an estate of nothing but different ones is read as it is."""
_name_fits = re.compile(NAME_PATTERN).match
_id_fits = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,99}\Z").match
"""Ids that need no second look: any other is read in full."""


class RuleCount(NamedTuple):
    """How many subscriptions of a file one rule matched."""

    origin: str
    """The file of the rule."""
    number: int
    """Of the rule in that file, from 0."""
    products: tuple[tuple[str, int], ...]
    """Codes of what it matched, sorted, each with how often."""
    summary: str

    @property
    def matched(self) -> int:
        """How many it matched."""
        return sum(count for _, count in self.products)


class Sketch(NamedTuple):
    """What a plan needs to know of one spec file, as long as nothing in it has to be looked at."""

    account: str
    names: str
    """Of what is plainly declared, in the order of the file, a line each: as one text they take a third of the room."""
    gists: bytes
    """Theirs, one after the other."""
    which: bytes
    """For each of them the index into `asked`."""
    asked: tuple[Asked, ...]
    odd: tuple[str, ...]
    """What is to be read in full whatever the store holds."""
    products: tuple[str, ...]
    rules: tuple[RuleCount, ...]

    def packed(self) -> bytes:
        """The sketch as bytes."""
        asked, rules = list(map(tuple, self.asked)), list(map(tuple, self.rules))
        head = orjson.dumps([self.account, self.names, asked, self.odd, self.products, rules])
        return b"%08x" % len(head) + head + self.which + self.gists

    @classmethod
    def unpacked(cls, data: bytes) -> Sketch:
        """The sketch that such bytes hold; ValueError for others."""
        try:
            length = int(data[:8], 16)
            head, rest = orjson.loads(data[8 : 8 + length]), data[8 + length :]
            account, names, asked, odd, products, rules = head
            count = len(names.splitlines())
            made = cls(
                account,
                names,
                rest[count:],
                rest[:count],
                tuple(Asked(*item) for item in asked),
                tuple(odd),
                tuple(products),
                tuple(
                    RuleCount(origin, number, tuple((code, count) for code, count in codes), summary)
                    for origin, number, codes, summary in rules
                ),
            )
        except (TypeError, AttributeError) as error:
            raise ValueError(str(error)) from error
        if len(rest) != count * (SIZE + 1) or (made.which and max(made.which) >= len(asked)):
            raise ValueError("a sketch whose parts do not fit")
        return made


Rules = tuple[tuple[int, CompiledRule], ...]
"""Rules that match, each with its number among those above a file."""
Shape = tuple[object, ...]
"""How a subscription is declared, without the values that are its own."""


class _Own(NamedTuple):
    """A subscription as it was taken apart: None stands for what is not among its own keys."""

    shape: Shape
    product: str | None
    owner: str | None
    labels: tuple[tuple[str, str], ...] | None
    start: Any
    seats: Any
    price: Any
    charge: Any
    number: Any
    """The provider's id."""


class _Class(NamedTuple):
    """What all subscriptions have in common that are declared alike, and that the same rules match."""

    product: str | None
    terms: str
    owner: str | None
    labels: Mapping[str, str] | None
    """Those that are inherited."""
    pair: str
    values: tuple[str, str, str, str, str]
    """What is inherited of start, seats, price, last charge and id."""
    asked: Asked
    rules: Rules
    texts: dict[tuple[tuple[str, str], ...] | None, str | None]
    """Labels of their own, and what both sorts come to; None where they are to be looked at."""


_NO_RULES: Final[tuple[tuple[int, ...], Rules]] = ((), ())
_SPOKEN: Final = _Class(
    None, "", None, None, "", ("", "", "", "", ""), Asked(0, None, None, False, None, False), (), {}
)
"""Stands for a shape that there is something to complain about."""
Classes = dict[tuple[Shape, tuple[int, ...]], "_Class | None"]
"""By shape, and by the numbers of the rules that match."""


class _Above(NamedTuple):
    """What was learned of the subscriptions of one account below one stack."""

    classes: Classes
    matching: dict[tuple[object, ...], tuple[tuple[int, ...], Rules]]
    """By the values that rules look at: which of them match, by their numbers and as they are."""


class Sketcher:
    """Makes sketches of files, one after the other; what it learned of one serves the next."""

    def __init__(self) -> None:
        self._found = Diagnostics()
        self._layers = LayerReader(self._found, FactReader(self._found))
        self._above: dict[tuple[Stack, str], _Above] = {}
        self._starts: dict[str, str | None] = {}
        self._prices: dict[str, str | None] = {}

    def sketch(self, file: SpecFile, subscriptions: Mapping[str, Any], *, shared: bool) -> Sketch | None:
        """The sketch of a file's subscriptions as they were parsed; None where something in it is to be told.

        `shared`: other files stand under the same stack, so that what is learned here is worth keeping.
        """
        account = file.account
        if account is None or account.provider != LEDGER or not file.stack.sure:
            return None
        above = _Above({}, {})
        if shared:
            above = self._above.setdefault((file.stack, account.name), above)
            if max(len(above.classes), len(above.matching)) > _KEPT_AT_MOST:
                above.classes.clear()
                above.matching.clear()
        return _Sketching(self, file, account, above).run(subscriptions)

    def resolved(self, file: SpecFile, name: str, block: Mapping[str, Any], rules: Rules) -> _Class | None:
        """What one subscription has in common with all of its class, by the long way; None where it is not plain."""
        self._found.items.clear()
        data: Any = {"version": 1, "subscriptions": {name: block}}
        result = checked(file.document, Parsed(data), SpecsFile)
        if result.model is None or result.diagnostics:
            return _SPOKEN
        with uncounted(file.stack):
            estate = Estate(self._found, self._layers)
            estate.resolve(file, name, result.model.subscriptions[name])
        if self._found.items or file.account is None:
            return _SPOKEN
        wanted = estate.subscriptions[SubscriptionKey(file.account.name, name)]
        gist = gist_of(wanted)
        if gist is None or not isinstance(wanted.fields, FieldPlaces):
            return None
        line, asked = gist
        _, product, length, billing, owner, _, *pair, day, count, amount, charged, id = line.split(SEPARATOR)
        labels: Mapping[str, str] | None = None
        for layer in wanted.fields.inherited:
            labels = merged_labels(labels, layer.labels)
        terms, values = f"{length}\x1f{billing}", (day, count, amount, charged, id)
        return _Class(product, terms, owner, labels, SEPARATOR.join(pair), values, asked, rules, {})

    def start(self, text: object) -> str | None:
        """The day as a line has it; None for what is none."""
        if not isinstance(text, str):
            return None
        try:
            return self._starts[text]
        except KeyError:
            day = day_from_text(text)
            found = self._starts[text] = None if day is None else day.isoformat()
            return found

    def price(self, text: object) -> str | None:
        """The amount as a line has it; None for what is none."""
        if not isinstance(text, str):
            return None
        try:
            return self._prices[text]
        except KeyError:
            found = self._prices[text] = money_column(money_from_text(text))
            return found


class _Sketching:
    """One file under way."""

    def __init__(self, sketcher: Sketcher, file: SpecFile, account: AccountSettings, above: _Above) -> None:
        self.sketcher = sketcher
        self.file = file
        self.account = account
        self.above = above
        rules = [step for step in file.stack.steps if isinstance(step, CompiledRule)]
        self.ruled = bool(rules)
        # Most rules look at values that many share; one that looks at the name does not.
        self.by_name = any(rule.key is not None for rule in rules)

    def run(self, subscriptions: Mapping[str, Any]) -> Sketch | None:
        """The sketch of it all."""
        prefix, line_of = f"{self.account.name}/", self._line
        names: list[str] = []
        gists: list[bytes] = []
        odd: list[str] = []
        met: list[tuple[_Class, str]] = []
        for name, block in subscriptions.items():
            own = _taken_apart(block)
            common = None
            if own is not None and _name_fits(name):
                common = self._class_of(name, block, own)
                if common is _SPOKEN:
                    return None
            line = None if common is None or own is None else line_of(prefix + name, common, own)
            if line is None or common is None or own is None:
                odd.append(name)
                continue
            names.append(name)
            gists.append(blake2b(line.encode(), digest_size=SIZE).digest())
            met.append((common, own.product or common.product or ""))
        return self._sketch(names, gists, odd, met)

    def _class_of(self, name: str, block: Mapping[str, Any], own: _Own) -> _Class | None:
        numbers, rules = self._rules(name, own) if self.ruled else _NO_RULES
        try:
            return self.above.classes[own.shape, numbers]
        except KeyError:
            found = self.sketcher.resolved(self.file, name, block, rules)
            self.above.classes[own.shape, numbers] = found
            return found

    def _rules(self, name: str, own: _Own) -> tuple[tuple[int, ...], Rules]:
        """The rules that match."""
        asked = (own.product, own.owner, own.labels, name if self.by_name else None)
        found = self.above.matching.get(asked)
        if found is None:
            key, labels = SubscriptionKey(self.account.name, name), None if own.labels is None else dict(own.labels)
            rules = self.file.stack.matching(key, own.product, own.owner, labels)
            found = self.above.matching[asked] = (tuple(number for number, _ in rules), rules)
        return found

    def _line(self, key: str, common: _Class, own: _Own) -> str | None:
        """The line; None where one of its values needs a second look."""
        sketcher = self.sketcher
        day, count, amount, charged, id = common.values
        found = day if own.start is None else sketcher.start(own.start)
        seats = count if own.seats is None else _count(own.seats)
        price = amount if own.price is None else sketcher.price(own.price)
        charge = charged if own.charge is None else sketcher.price(own.charge)
        if own.number is not None:
            id = own.number if own.number.__class__ is str and _id_fits(own.number) else ""
        labels = common.texts.get(own.labels, "")
        if labels == "":
            labels = common.texts[own.labels] = _labels(common.labels, own.labels)
        product, owner = own.product or common.product, own.owner or common.owner
        if found is None or seats is None or price is None or charge is None or labels is None or not id:
            return None
        return (
            f"{key}\x1f{product}\x1f{common.terms}\x1f{owner}\x1f{labels}\x1f{common.pair}"
            f"\x1f{found}\x1f{seats}\x1f{price}\x1f{charge}\x1f{id}"
        )

    def _sketch(
        self, names: list[str], gists: list[bytes], odd: list[str], met: list[tuple[_Class, str]]
    ) -> Sketch | None:
        asked: dict[Asked, int] = {}
        for common, _ in met:
            asked.setdefault(common.asked, len(asked))
        if len(asked) > _ASKED_AT_MOST:
            return None
        counted: dict[CompiledId, tuple[Counter[str], CompiledRule]] = {}
        for common, product in met:
            for _, rule in common.rules:
                counted.setdefault(rule_id(rule), (Counter(), rule))[0][product] += 1
        rules = [
            RuleCount(*place, tuple(sorted(counts.items())), rule.summary) for place, (counts, rule) in counted.items()
        ]
        return Sketch(
            self.account.name,
            "\n".join(names),
            b"".join(gists),
            bytes([asked[common.asked] for common, _ in met]),
            tuple(asked),
            tuple(odd),
            tuple(sorted({product for _, product in met})),
            tuple(rules),
        )


_PLAIN: Final = (int, IntText)
_OWN_VALUES: Final = frozenset(("id", "labels", "owner", "reason"))
_OWN_FACTS: Final = {"product": 0, "start": 1, "seats": 2, "price": 3, "last_charge": 4}
_Values = list[Any]
"""The facts of its own while they are looked for."""
_MOST_PROSE: Final = 2000
_MOST_TEXT: Final = 200
_MOST_LABEL: Final = 100
CompiledId = tuple[str, int]


def _count(seats: Any) -> str | None:
    """A number of seats as a line has it; None for what is none."""
    fits = seats.__class__ in _PLAIN and 0 <= seats <= MOST_SEATS
    return str(int(seats)) if fits else None


def _labels(inherited: Mapping[str, str] | None, own: tuple[tuple[str, str], ...] | None) -> str | None:
    """Labels as a line has them; None where one of them needs a second look."""
    for name, value in own or ():
        if not _is_text(name, _MOST_LABEL) or len(value) > _MOST_TEXT:
            return None
    labels = merged_labels(inherited, None if own is None else dict(own))
    return UNSAID if labels is None else labels_text(labels)


def _taken_apart(block: object) -> _Own | None:
    """The subscription as its shape and its values of its own; None for what is to be read in full."""
    if not isinstance(block, dict):
        return None
    shape: list[object] = []
    facts: _Values = [None, None, None, None, None]
    for name, value in block.items():
        kind = value.__class__
        shape.append(name)
        if name in _OWN_VALUES:
            pass
        elif kind is dict:
            if not (_take_facts(value, shape, facts) if name == "facts" else _take_cancel(name, value, shape)):
                return None
        elif kind is str:
            shape.append(value)
        elif kind is bool:
            shape.append((value,))  # it would be equal to a number
        else:
            return None
    labels, owner, reason = block.get("labels"), block.get("owner"), block.get("reason")
    if not (_are_texts(labels) and _may_be(facts[0], _MOST_TEXT) and _may_be(owner, _MOST_TEXT)):
        return None
    if not _may_be(reason, _MOST_PROSE):
        return None
    product, start, seats, price, charge = facts
    known = None if labels is None else tuple(labels.items())
    return _Own(tuple(shape), product, owner, known, start, seats, price, charge, block.get("id"))


def _take_facts(facts: Mapping[str, Any], shape: list[object], own: _Values) -> bool:
    """Whether its facts could be taken apart."""
    for fact, said in facts.items():
        shape.append(fact)
        at = _OWN_FACTS.get(fact)
        if at is not None:
            own[at] = said
        elif said.__class__ is str:
            shape.append(said)
        else:
            return False
    shape.append(None)
    return True


def _take_cancel(name: str, block: Mapping[str, Any], shape: list[object]) -> bool:
    """Whether this is the long form of a cancellation, and all of it texts."""
    if name != "cancel":
        return False
    for key, said in block.items():
        if said.__class__ is not str:
            return False
        shape.append(key)
        if key != "reason":
            shape.append(said)
        elif not _is_text(said, _MOST_PROSE):
            return False
    shape.append(None)
    return True


def _are_texts(labels: Any) -> bool:
    """Whether these are labels that are texts, or none are given."""
    return labels is None or (labels.__class__ is dict and all(said.__class__ is str for said in labels.values()))


def _may_be(said: object, longest: int) -> bool:
    """Whether this is a text, or nothing is said."""
    return said is None or _is_text(said, longest)


def _is_text(said: object, longest: int) -> bool:
    """Whether this is a text in which something shows."""
    return isinstance(said, str) and 0 < len(said) <= longest and not said.isspace()


@contextmanager
def uncounted(stack: Stack) -> Iterator[None]:
    """What is resolved within is not counted by the rules above it."""
    rules = [step for step in stack.steps if isinstance(step, CompiledRule)]
    before = [(rule.matched, set(rule.products)) for rule in rules]
    yield
    for rule, (matched, products) in zip(rules, before, strict=True):
        rule.matched, rule.products = matched, products


def rule_id(rule: CompiledRule) -> CompiledId:
    """The file of a rule, and its number there."""
    return rule.place.document.origin, int(rule.place.path[1])

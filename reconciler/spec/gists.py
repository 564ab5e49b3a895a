"""Spec files to sketches: the gists of all that is plainly declared in a file, and the names of what is not.

Pure, and the hot path of a large estate. What each subscription comes to is resolved in full once for all that are
declared alike; only the values that differ from one to the next are put in. A file with anything to complain about has
no sketch, and is read in full. The law: a gist is the one of the subscription resolved in full (see `gist.gist_of`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from reconciler.diagnostics import Diagnostics
from reconciler.gist import SEPARATOR, UNSAID, Asked, gist_of, labels_text, money_column
from reconciler.model import SubscriptionKey, money_from_text
from reconciler.settings import LEDGER, AccountSettings
from reconciler.spec.apart import MOST_TEXT, Looks, Own, Plan, Shape, is_text, labels_of, plan_of, taken_apart
from reconciler.spec.facts import FactReader, day_from_text
from reconciler.spec.fields import MOST_SEATS, NAME_PATTERN
from reconciler.spec.layers import FieldPlaces, LayerReader, merged_labels
from reconciler.spec.marks import Marks, marks_of
from reconciler.spec.match import CompiledRule, rule_id
from reconciler.spec.models import SpecsFile
from reconciler.spec.parse import Parsed
from reconciler.spec.resolve import Estate, SpecFile
from reconciler.spec.scalars import IntText
from reconciler.spec.sketch import SIZE, Sketch, Sort, sketched
from reconciler.spec.stacks import Stack, uncounted
from reconciler.spec.validate import checked

if TYPE_CHECKING:  # start-up: only large estates are worth its patterns
    from reconciler.spec.blocks import Cut, Cutter, Form, Row

_COLUMNS_AT_MOST: Final = 20_000
_TEXTS_AT_MOST: Final = 10_000
_KEPT_AT_MOST: Final = 100_000
"""How many ways of declaring are remembered; an estate of nothing but different ones is read as it is."""
_name_fits = re.compile(NAME_PATTERN).match
_id_fits = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,99}\Z").match
"""Ids that need no second look: any other is read in full."""


Rules = tuple[tuple[int, CompiledRule], ...]
"""Rules that match, each with its number among those above a file."""


@dataclass(frozen=True, slots=True, eq=False)
class _Class:
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
    by_form: dict[Form, dict[object, str]]
    """The same by the form of a block and its values there; empty: to be looked at."""

    def named_rules(self) -> tuple[tuple[str, int, str], ...]:
        """The rules as a sketch has them."""
        return tuple((*rule_id(rule), rule.summary) for _, rule in self.rules)


_NO_RULES: Final[tuple[tuple[int, ...], Rules]] = ((), ())
_NO_LINE: Final = (None, "")
_SPOKEN: Final = _Class(
    None, "", None, None, "", ("", "", "", "", ""), Asked(0, None, None, False, None, False), (), {}, {}
)
"""Stands for a shape that there is something to complain about."""
Classes = dict[tuple[Shape, tuple[int, ...]], "_Class | None"]
"""By shape, and by the numbers of the rules that match."""


class _Columns(dict[str, str]):
    """A memo of what a line has for a text; empty: that is to be looked at."""

    def __init__(self, column_of: Callable[[str], str | None]) -> None:
        super().__init__()
        self.column_of = column_of

    def __missing__(self, text: str) -> str:
        if len(self) >= _COLUMNS_AT_MOST:
            self.clear()
        found = self[text] = self.column_of(text) or ""
        return found


class _Kind:
    """What blocks of one form have in common that are alike in the values that their plan sets apart."""

    __slots__ = ("columns", "common", "form", "owner", "plan", "product", "texts", "values")

    def __init__(
        self,
        form: Form,
        plan: Plan,
        common: _Class,
        own: Own,
        values: tuple[str, str, str, str, str],
        columns: tuple[_Columns, _Columns, _Columns],
    ) -> None:
        self.form, self.plan, self.common = form, plan, common
        self.product = own.product or common.product or ""
        self.owner = own.owner or common.owner or ""
        self.values = values
        """Start, seats, price, last charge and id, of which those hold that all of them say; empty: to be looked at."""
        self.columns = columns
        self.texts = common.by_form.setdefault(form, {})

    def line(self, prefix: str, row: Row) -> tuple[str | None, str]:
        """The line of such a block, or None where one of its values needs a second look; and its product."""
        _, start_at, seats_at, price_at, charge_at, id_at, product_at, owner_at, labels_at = self.plan
        day, count, amount, charged, id = self.values
        days, counts, prices = self.columns
        if start_at is not None:
            day = days[row[start_at]]
        if seats_at is not None:
            count = counts[row[seats_at]]
        if price_at is not None:
            amount = prices[row[price_at]]
        if charge_at is not None:
            charged = prices[row[charge_at]]
        if id_at is not None:
            id = row[id_at]
        said = None if labels_at is None else labels_at(row)
        labels = self.texts.get(said) or self.labels(said, row)
        common = self.common
        product = self.product if product_at is None else row[product_at]
        if not (day and count and amount and charged and id and labels):
            return None, product
        owner = self.owner if owner_at is None else row[owner_at]
        return (
            f"{prefix}{row[1]}\x1f{product}\x1f{common.terms}\x1f{owner}\x1f{labels}\x1f{common.pair}"
            f"\x1f{day}\x1f{count}\x1f{amount}\x1f{charged}\x1f{id}"
        ), product

    def labels(self, said: object, row: Row) -> str:
        """What the labels of this row come to, which say that; empty: to be looked at."""
        if len(self.texts) >= _TEXTS_AT_MOST:
            self.texts.clear()
        found = self.texts[said] = _labels(self.common.labels, labels_of(self.form, row)) or ""
        return found


def _lines_of(plan: Plan, rows: Sequence[Row], kinds: Sequence[_Kind]) -> tuple[list[str], Sequence[str]] | None:
    """What `_Kind.line` says of each of these rows of one form, column by column, and without the prefix; and their
    products. None where one of their values needs a second look.
    """
    columns = list(zip(*rows, strict=True))
    days, counts, prices = (memo.__getitem__ for memo in kinds[0].columns)
    places: list[tuple[int | None, Callable[[str], str]]] = [(plan.start, days), (plan.seats, counts)]
    places += [(plan.price, prices), (plan.last_charge, prices), (plan.id, str)]
    said = [None] * len(rows) if plan.labels is None else map(plan.labels, rows)
    labels = [kind.texts.get(own) or kind.labels(own, row) for kind, own, row in zip(kinds, said, rows, strict=True)]
    values = [
        [kind.values[number] for kind in kinds] if place is None else list(map(memo, columns[place]))
        for number, (place, memo) in enumerate(places)
    ]
    if not all(map(all, (labels, *values))):
        return None
    products = [kind.product for kind in kinds] if plan.product is None else columns[plan.product]
    owners = [kind.owner for kind in kinds] if plan.owner is None else columns[plan.owner]
    terms, pairs = [kind.common.terms for kind in kinds], [kind.common.pair for kind in kinds]
    lines = zip(columns[1], products, terms, owners, labels, pairs, *values, strict=True)
    return list(map(SEPARATOR.join, lines)), products


class _Above(NamedTuple):
    """What was learned of the subscriptions of one account below one stack."""

    classes: Classes
    matching: dict[tuple[object, ...], tuple[tuple[int, ...], Rules]]
    """By the values that rules look at: which of them match, by their numbers and as they are."""
    kinds: dict[tuple[Form, object], _Kind | None]
    """By form, and by the values that a plan sets apart; None: each of them is read in full."""
    owns: dict[tuple[Form, object], Own | None]
    """By the same, one of them taken apart."""


class Sketcher:
    """Makes sketches of files, one after the other; what it learned of one serves the next."""

    def __init__(self) -> None:
        self._found = Diagnostics()
        self._layers = LayerReader(self._found, FactReader(self._found))
        self._above: dict[tuple[Stack, str], _Above] = {}
        self._starts: dict[str, str | None] = {}
        self._prices: dict[str, str | None] = {}
        self._plans: dict[Looks, dict[Form, Plan | None]] = {}
        self.columns = (_Columns(self.start), _Columns(_count_in), _Columns(self.price))
        """Of starts, of seats and of amounts that are written in blocks."""

    def sketch(self, file: SpecFile, subscriptions: Mapping[str, Any], *, shared: bool) -> Sketch | None:
        """The sketch of a file's subscriptions as they were parsed; None where something in it is to be told.

        `shared`: other files stand under the same stack, so that what is learned here is worth keeping.
        """
        begun = self._begun(file, shared=shared)
        found = None if begun is None else begun.run(subscriptions)
        return None if found is None else found[0]

    def sketch_cut(
        self, file: SpecFile, cut: Cut, cutter: Cutter, *, shared: bool
    ) -> tuple[Sketch | None, Marks | None]:
        """The same of a file in blocks; with the marks of its blocks, where they tell all that they come to."""
        begun = self._begun(file, shared=shared)
        found = None if begun is None else begun.run_cut(cut, cutter)
        if found is None:
            return None, None
        made, which, sorts = found
        return made, marks_of(cut, made.odd, which, sorts) if shared else None

    def _begun(self, file: SpecFile, *, shared: bool) -> _Sketching | None:
        account = file.account
        if account is None or account.provider != LEDGER or not file.stack.sure:
            return None
        above = _Above({}, {}, {}, {})
        if shared:
            above = self._above.setdefault((file.stack, account.name), above)
            if max(len(known) for known in above) > _KEPT_AT_MOST:
                for known in above:
                    known.clear()
        return _Sketching(self, file, account, above)

    def plans(self, looks: Looks) -> dict[Form, Plan | None]:
        """By form, how its blocks are taken apart."""
        plans = self._plans.setdefault(looks, {})
        if len(plans) > _KEPT_AT_MOST:
            plans.clear()
        return plans

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
        return _Class(product, terms, owner, labels, SEPARATOR.join(pair), values, asked, rules, {}, {})

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
        self.looks = Looks(
            any(rule.product is not None for rule in rules),
            any(rule.owner is not None for rule in rules),
            any(rule.labels for rule in rules),
        )

    def run(self, subscriptions: Mapping[str, Any]) -> tuple[Sketch, list[int], list[Sort]] | None:
        """The sketch of it all; and for each name in it which of these sorts it is."""
        prefix, line_of = f"{self.account.name}/", self._line
        names: list[str] = []
        gists: list[bytes] = []
        odd: list[str] = []
        met: list[_Class] = []
        products: list[str] = []
        for name, block in subscriptions.items():
            own = taken_apart(block)
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
            met.append(common)
            products.append(own.product or common.product or "")
        return self._sketch(names, gists, odd, met, products)

    def run_cut(self, cut: Cut, cutter: Cutter) -> tuple[Sketch, list[int], list[Sort]] | None:
        """The same of a file in blocks."""
        prefix, by_name, kinds = f"{self.account.name}/", self.by_name, self.above.kinds
        plans = self.sketcher.plans(self.looks)
        together = self._all_alike(cut)
        if together is not None:
            return together
        begun = blake2b(digest_size=SIZE).copy  # a copy is a third quicker than one made anew
        names: list[str] = []
        gists: list[bytes] = []
        odd: list[str] = []
        met: list[_Class] = []
        products: list[str] = []
        for form, row in zip(cut.forms, cut.rows, strict=True):
            try:
                plan = plans[form]
            except KeyError:
                plan = plans[form] = plan_of(form, self.looks)
            if plan is None:
                odd.append(row[1])
                continue
            alike = self._named(form, plan, row, cutter) if by_name else (form, plan[0](row))
            try:
                kind = kinds[alike]
            except KeyError:
                found = self._kind(form, plan, row, cutter)
                if isinstance(found, _Class):
                    return None
                kind = kinds[alike] = found
            line, product = _NO_LINE if kind is None else kind.line(prefix, row)
            if line is None or kind is None:
                odd.append(row[1])
                continue
            names.append(row[1])
            made = begun()
            made.update(line.encode())
            gists.append(made.digest())
            met.append(kind.common)
            products.append(product)
        return self._sketch(names, gists, odd, met, products)

    def _all_alike(self, cut: Cut) -> tuple[Sketch, list[int], list[Sort]] | None:
        """The same where all blocks are of one form, and of kinds that are known; None where one is not that simple."""
        form, rows = cut.forms[0], cut.rows
        plan = self.sketcher.plans(self.looks).get(form)
        if plan is None or self.by_name or cut.forms.count(form) < len(rows):
            return None
        keys = list(map(plan.key, rows))
        known = {key: kind for key in set(keys) if (kind := self.above.kinds.get((form, key))) is not None}
        kinds = [known[key] for key in keys if key in known]
        found = _lines_of(plan, rows, kinds) if len(kinds) == len(rows) else None
        if found is None:
            return None
        lines, products = found
        begun = blake2b(f"{self.account.name}/".encode(), digest_size=SIZE).copy
        gists: list[bytes] = []
        for line in lines:
            made = begun()
            made.update(line.encode())
            gists.append(made.digest())
        return self._sketch([row[1] for row in rows], gists, [], [kind.common for kind in kinds], products)

    def _kind(self, form: Form, plan: Plan, row: Row, cutter: Cutter) -> _Kind | _Class | None:
        """The kind of this block; None where all such are read in full, a class where there is something to tell."""
        block = cutter.block(form, row)
        own = taken_apart(block)
        common = None if own is None else self._class_of(row[1], block, own)
        if own is None or common is None or common is _SPOKEN:
            return common
        return _Kind(form, plan, common, own, self._columns(common, own), self.sketcher.columns)

    def _named(self, form: Form, plan: Plan, row: Row, cutter: Cutter) -> tuple[Form, object]:
        """What tells its kind below rules that look at names."""
        owns, alike = self.above.owns, (form, plan.key(row))
        own = owns[alike] if alike in owns else owns.setdefault(alike, taken_apart(cutter.block(form, row)))
        return form, (alike[1], () if own is None else self._rules(row[1], own)[0])

    def _class_of(self, name: str, block: Mapping[str, Any], own: Own) -> _Class | None:
        numbers, rules = self._rules(name, own) if self.ruled else _NO_RULES
        try:
            return self.above.classes[own.shape, numbers]
        except KeyError:
            found = self.sketcher.resolved(self.file, name, block, rules)
            self.above.classes[own.shape, numbers] = found
            return found

    def _rules(self, name: str, own: Own) -> tuple[tuple[int, ...], Rules]:
        """The rules that match."""
        asked = (own.product, own.owner, own.labels, name if self.by_name else None)
        found = self.above.matching.get(asked)
        if found is None:
            key, labels = SubscriptionKey(self.account.name, name), None if own.labels is None else dict(own.labels)
            rules = self.file.stack.matching(key, own.product, own.owner, labels)
            found = self.above.matching[asked] = (tuple(number for number, _ in rules), rules)
        return found

    def _line(self, key: str, common: _Class, own: Own) -> str | None:
        """The line; None where one of its values needs a second look."""
        found, seats, price, charge, id = self._columns(common, own)
        labels = common.texts.get(own.labels, "")
        if labels == "":
            labels = common.texts[own.labels] = _labels(common.labels, own.labels)
        product, owner = own.product or common.product, own.owner or common.owner
        if not (found and seats and price and charge and id) or labels is None:
            return None
        return (
            f"{key}\x1f{product}\x1f{common.terms}\x1f{owner}\x1f{labels}\x1f{common.pair}"
            f"\x1f{found}\x1f{seats}\x1f{price}\x1f{charge}\x1f{id}"
        )

    def _columns(self, common: _Class, own: Own) -> tuple[str, str, str, str, str]:
        """Start, seats, price, last charge and id as a line has them; empty: to be looked at."""
        sketcher = self.sketcher
        day, count, amount, charged, id = common.values
        if own.number is not None:
            id = own.number if own.number.__class__ is str and _id_fits(own.number) else ""
        return (
            day if own.start is None else sketcher.start(own.start) or "",
            count if own.seats is None else _count(own.seats) or "",
            amount if own.price is None else sketcher.price(own.price) or "",
            charged if own.charge is None else sketcher.price(own.charge) or "",
            id,
        )

    def _sketch(
        self, names: list[str], gists: list[bytes], odd: list[str], met: list[_Class], products: Sequence[str]
    ) -> tuple[Sketch, list[int], list[Sort]] | None:
        """The sketch; and for each name in it which of these sorts it is."""
        pairs = list(zip(met, products, strict=True))
        numbers = {pair: number for number, pair in enumerate(dict.fromkeys(pairs))}
        which = list(map(numbers.__getitem__, pairs))
        sorts = [Sort(common.asked, product, common.named_rules()) for common, product in numbers]
        made = sketched(self.account.name, names, b"".join(gists), odd, which, sorts)
        return None if made is None else (made, which, sorts)


_PLAIN: Final = (int, IntText)
_MOST_LABEL: Final = 100


def _count(seats: Any) -> str | None:
    """A number of seats as a line has it; None for what is none."""
    fits = seats.__class__ in _PLAIN and 0 <= seats <= MOST_SEATS
    return str(int(seats)) if fits else None


def _count_in(text: str) -> str | None:
    return _count(int(text))


def _labels(inherited: Mapping[str, str] | None, own: tuple[tuple[str, str], ...] | None) -> str | None:
    """Labels as a line has them; None where one of them needs a second look."""
    for name, value in own or ():
        if not is_text(name, _MOST_LABEL) or len(value) > MOST_TEXT:
            return None
    labels = merged_labels(inherited, None if own is None else dict(own))
    return UNSAID if labels is None else labels_text(labels)

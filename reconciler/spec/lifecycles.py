"""Lifecycle policies, the shipped ones and those of reconcile.yaml: one like another, without gap or contradiction.

Pure: the texts of shipped policies are handed in, by a function that reads one when it is named. Every mistake of every
declared policy is told, also of those that no account names.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from reconciler.diagnostics import Diagnostic, Diagnostics, Place, did_you_mean, error
from reconciler.policy import Dated, Lifecycle, RefundRule, Rule
from reconciler.spec.characters import escaped
from reconciler.spec.dated import NEVER, Placed, clash, gap, placed_rules
from reconciler.spec.facts import FIRST_DAY
from reconciler.spec.load import empty_file
from reconciler.spec.parse import parse
from reconciler.spec.policies import (
    MATTERS,
    UNKNOWN,
    LifecycleBlock,
    LifecycleFile,
    PolicyBlock,
    SideEffectsBlock,
)
from reconciler.spec.positions import Document, Path, SpecPlace
from reconciler.spec.scalars import PlainScalars
from reconciler.spec.trusted import SHIPPED, Shipped
from reconciler.spec.validate import Checked, checked


def read_lifecycles(
    named: Iterable[tuple[str, Place]],
    declared: Mapping[str, LifecycleBlock],
    shipped: Shipped,
    document: Document,
    result: Checked[Any],
    found: Diagnostics,
) -> dict[str, Lifecycle]:
    """The lifecycles that are named, each with the place that names it; what is wrong is found, and not among them.

    `document` and `result` are those of reconcile.yaml, where the declared ones stand under `lifecycles`. Of the
    shipped ones only those are read that a name, or the `like` of a declared one, asks for.
    """
    reader = _Reader(declared, shipped, document, result, found)
    for name in declared:
        reader.check(name)
    lifecycles = {}
    for name, place in named:
        policy = reader.policy(name) if reader.is_known(name, place) else None
        if policy is not None:
            lifecycles[name] = policy.lifecycle(name)
    return lifecycles


_Matters = dict[Path, tuple[Placed, ...]]
"""By the path of each matter within its policy."""


@dataclass(frozen=True, slots=True)
class _Policy:
    """A policy without mistakes."""

    summary: str
    matters: _Matters

    def dated(self, *path: str) -> Dated[Any]:
        """The rules of one matter."""
        return Dated(tuple(placed.rule for placed in self.matters[path]))

    def place(self, rule: Rule[Any], *path: str) -> SpecPlace:
        """Where a rule of this matter stands."""
        return next(placed.place for placed in self.matters[path] if placed.rule is rule)

    def lifecycle(self, name: str) -> Lifecycle:
        """The policy as a value, under this name."""
        effects = {str(path[-1]): path for path in self.matters if len(path) > 1}
        return Lifecycle(
            name,
            self.summary,
            **{matter: self.dated(matter) for matter in MATTERS},
            side_effects={verb: self.dated(*map(str, path)) for verb, path in effects.items()},
        )


@dataclass(frozen=True, slots=True)
class _Block:
    """Where a policy stands: a whole file, or one of the `lifecycles:`."""

    document: Document
    path: Path
    result: Checked[Any]

    def at(self, *path: str | int) -> SpecPlace:
        """The place of a value in it."""
        return self.document.at(*self.path, *path)

    @property
    def place(self) -> SpecPlace:
        """Its own."""
        return self.document.key(*self.path) if self.path else self.document.at()

    def is_broken(self, *path: str) -> bool:
        """Whether anything was complained about within this, or around it."""
        whole = (*self.path, *path)
        return any(whole[: len(broken)] == broken[: len(whole)] for broken in self.result.broken)

    @property
    def is_misspelt(self) -> bool:
        """Whether an unknown key stands in it: then what is missing may be there under that name."""
        keys = (path[-1] for path in self.result.broken if path[:-1] == self.path)
        return any(key not in LifecycleBlock.model_fields and key not in LifecycleFile.model_fields for key in keys)


@dataclass(slots=True)
class _Reader:
    """One reading under way: every policy is read once, and what is wrong with it told once."""

    declared: Mapping[str, LifecycleBlock]
    shipped: Shipped
    document: Document
    result: Checked[Any]
    found: Diagnostics
    read: dict[str, _Policy | None] = field(default_factory=dict)
    under_way: list[str] = field(default_factory=list)
    """Declared policies, each of which is like the next one."""

    def check(self, name: str) -> None:
        """Find what is wrong with a declared policy."""
        if name not in SHIPPED:
            self.policy(name)
            return
        place = self.document.key("lifecycles", name)
        hint = f"choose another name, and begin with like: {name}"
        self.found.add(
            error("reserved-lifecycle", "a lifecycle cannot have this name", place, detail=f"'{name}'", hint=hint)
        )
        self._declared(name)

    def is_known(self, name: str, place: Place) -> bool:
        """Whether there is such a policy; one that is broken is there, and has been told of."""
        if name in SHIPPED or name in self.declared or self._block(name).is_broken():
            return True
        known = list(dict.fromkeys((*SHIPPED, *self.declared)))
        hint = did_you_mean(name, known) or f"known are: {', '.join(known)}"
        self.found.add(error("unknown-lifecycle", "unknown lifecycle", place, detail=f"'{escaped(name)}'", hint=hint))
        return False

    def policy(self, name: str) -> _Policy | None:
        """A policy that is known; None where it holds a mistake."""
        if name not in self.read:
            self.read[name] = self._from_file(name) if name in SHIPPED else self._declared(name)
        return self.read[name]

    def _block(self, name: str) -> _Block:
        return _Block(self.document, ("lifecycles", name), self.result)

    def _from_file(self, name: str) -> _Policy | None:
        text = self.shipped(name)
        document = Document(text.origin, text.text)
        parsed = parse(document, PlainScalars())
        if parsed.data is None:
            self.found.extend(parsed.diagnostics or (empty_file(document, of_subscriptions=False),))
            return None
        result = checked(document, parsed, LifecycleFile)
        self.found.extend(result.diagnostics)
        if result.model is None:
            return None
        return _read(result.model, result.model.summary, _Block(document, (), result), {}, self.found)

    def _declared(self, name: str) -> _Policy | None:
        model, block = self.declared.get(name), self._block(name)
        if model is None:
            return None
        if model.like is None:
            return _read(model, model.summary or name, block, None if block.is_broken("like") else {}, self.found)
        self.under_way.append(name)
        like = self._like(model.like, block.at("like"))
        self.under_way.pop()
        matters = None if like is None else like.matters
        return _read(model, model.summary or f"like {model.like}", block, matters, self.found)

    def _like(self, name: str, place: Place) -> _Policy | None:
        """The policy that is taken over; None where it cannot be told, which has been said."""
        if name not in SHIPPED and name in self.under_way:
            detail = " is like ".join((*self.under_way[self.under_way.index(name) :], name))
            hint = "let one of them say everything, or be like one that ships"
            self.found.add(
                error("lifecycle-circle", "a lifecycle that is like itself", place, detail=detail, hint=hint)
            )
            return None
        return self.policy(name) if self.is_known(name, place) else None


def _read(model: PolicyBlock, summary: str, block: _Block, like: _Matters | None, found: Diagnostics) -> _Policy | None:
    """The policy of one block over what it takes over; with None that is not known, and nothing can be missing."""
    taken_over = {path: tuple(Placed(rule, block.place) for rule, _ in rules) for path, rules in (like or {}).items()}
    matters, sound = dict(taken_over), like is not None and not block.is_broken()
    for path, rules in _given(model):
        own = placed_rules(rules, block.at(*path), found)
        before = taken_over.get(path, ())
        if own and like is not None:
            before = tuple(placed for placed in before if placed.rule.effective_from < own[0].rule.effective_from)
            sound = (bool(before) or _from_the_beginning(own[0], path, found)) and sound
        matters[path] = (*before, *own)
        sound = sound and bool(own)
    missing = [f"'{matter}'" for matter in MATTERS if (matter,) not in matters and not block.is_broken(matter)]
    if missing and like is not None and not block.is_misspelt:
        hint = f"add rules, '{UNKNOWN}' where nobody knows; or take them over with 'like'"
        found.add(gap(block.place, f"it says nothing of {', '.join(missing)}", hint))
    if missing or not sound:
        return None
    policy = _Policy(" ".join(summary.split()), matters)
    contradictions = [*_both_extended_and_expired(policy, block), *_refund_for_nothing(policy)]
    found.extend(contradictions)
    return None if contradictions else policy


def _given(model: PolicyBlock) -> Iterator[tuple[Path, list[Any]]]:
    """Every matter that a block speaks of, by its path."""
    for matter in MATTERS:
        rules = getattr(model, matter)
        if rules is not None:
            yield (matter,), rules
    if model.side_effects is not None:
        for name, info in SideEffectsBlock.model_fields.items():
            rules = getattr(model.side_effects, name)
            if rules is not None:
                yield ("side_effects", info.alias or name), rules


def _from_the_beginning(first: Placed, path: Path, found: Diagnostics) -> bool:
    """Whether the first rule of a matter leaves nothing before it open; told if not."""
    rule, place = first
    if rule.effective_from > FIRST_DAY:
        hint = f"add a rule from {FIRST_DAY}, '{UNKNOWN}' where nobody knows; or take earlier ones over with 'like'"
        found.add(gap(place, f"'{path[-1]}' begins on {rule.effective_from}", hint))
    elif rule.terms_from is not None:
        hint = f"let the rule from {FIRST_DAY} hold for every term, and this one from a later day on"
        found.add(gap(place, f"'{path[-1]}' says nothing of terms before {rule.terms_from}", hint))
    else:
        return True
    return False


def _both_extended_and_expired(policy: _Policy, block: _Block) -> Iterator[Diagnostic]:
    """A term cannot go on as a paid extension and have free days too."""
    expired, extension = policy.dated("expired"), policy.dated("extension")
    rules = (*expired.rules, *extension.rules)
    marks = sorted({day for rule in rules for day in (rule.effective_from, rule.terms_from) if day is not None})
    for end in marks:  # between two of them nothing changes
        for start in (mark for mark in marks if mark <= end):
            free, paid = expired.rule_at(end, start), extension.rule_at(end, start)
            if free and paid and free.value and paid.value and paid.value.when_off:
                places = policy.place(paid, "extension"), policy.place(free, "expired")
                place = next((place for place in places if place != block.place), block.place)
                detail = f"a term that ends on {end} is extended, and expired for {free.value} days"
                hint = "give 'expired' 0 days from then on, or 'extension' when_off: false"
                yield clash(place, detail, hint)
                return


def _refund_for_nothing(policy: _Policy) -> Iterator[Diagnostic]:
    """Where nothing can be cancelled at once, nothing is paid back for it."""
    windows, refunds = policy.dated("window").rules, policy.dated("refund").rules
    for index, refund in enumerate(refunds):
        until = refunds[index + 1].effective_from if index + 1 < len(refunds) else date.max
        begun = [at for at, rule in enumerate(windows) if rule.effective_from <= refund.effective_from]
        first = max((at for at in begun if windows[at].terms_from is None), default=0)
        in_force = [rule.value for rule in windows[first:] if rule.effective_from < until]
        if refund.value in (RefundRule.PRORATED, RefundRule.FULL) and all(value == NEVER for value in in_force):
            detail = f"from {refund.effective_from} a refund is {refund.value}, and nothing can be cancelled"
            hint = "write rule: none, or a 'window' in which it can be"
            yield clash(policy.place(refund, "refund"), detail, hint)

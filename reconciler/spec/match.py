"""Rules: which subscriptions they match, how many those were, and what a rule says in one line.

Pure. A rule is judged on own keys and defaults alone, never on what another rule set; globs are case-sensitive.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from fnmatch import translate
from typing import Any, NamedTuple

from reconciler.desired import RuleUse
from reconciler.diagnostics import Diagnostic, Diagnostics, error, warning
from reconciler.spec.layers import Layer, LayerKind, LayerReader
from reconciler.spec.models import CancelBlock, MatchBlock, Rule, RuleBlock
from reconciler.spec.positions import Document, SpecPlace
from reconciler.spec.validate import Checked


class Candidate(NamedTuple):
    """What of a subscription a rule may look at."""

    key: str
    account: str
    product: str | None
    owner: str | None
    labels: Mapping[str, str] | None


class Globs:
    """One or more globs, any of which may match; answers are remembered, for the same values come again and again."""

    __slots__ = ("_matches", "_seen")

    def __init__(self, patterns: str | Iterable[str]) -> None:
        globs = [patterns] if isinstance(patterns, str) else list(patterns)
        self._matches = re.compile("|".join(translate(glob) for glob in globs)).match
        self._seen: dict[str, bool] = {}

    def matches(self, text: str | None) -> bool:
        """Whether this text, which is one of few, matches; what is not stated never does."""
        if text is None:
            return False
        try:
            return self._seen[text]
        except KeyError:
            found = self._seen[text] = self._matches(text) is not None
            return found

    def matches_key(self, text: str) -> bool:
        """The same for a text of its own: nothing is gained by remembering it."""
        return self._matches(text) is not None


@dataclass(slots=True)
class CompiledRule:
    """One rule, ready to match, and what it has matched so far."""

    layer: Layer
    place: SpecPlace
    summary: str
    product: Globs | None
    owner: Globs | None
    account: Globs | None
    labels: tuple[tuple[str, Globs], ...]
    key: Globs | None
    matched: int = 0
    products: set[str] = field(default_factory=set)

    def takes_product(self, product: str | None) -> bool:
        """Whether the product fits, whatever else may not."""
        return self.product is None or self.product.matches(product)

    def matches(self, candidate: Candidate) -> bool:
        """Whether every key of the match fits; the cheapest questions come first."""
        return (
            self.takes_product(candidate.product)
            and (self.account is None or self.account.matches(candidate.account))
            and (self.owner is None or self.owner.matches(candidate.owner))
            and all(
                candidate.labels is not None and globs.matches(candidate.labels.get(name))
                for name, globs in self.labels
            )
            and (self.key is None or self.key.matches_key(candidate.key))
        )

    def count(self, product: str | None) -> None:
        """One more subscription has matched."""
        self.matched += 1
        if product is not None:
            self.products.add(product)

    @property
    def use(self) -> RuleUse:
        """How much it was used."""
        return RuleUse(self.place, self.matched, tuple(sorted(self.products)), self.summary)

    @property
    def unused(self) -> Diagnostic:
        """The warning for a rule that has matched nothing."""
        hint = "look at the spelling: globs are case-sensitive; or take the rule out"
        return warning("rule-matches-nothing", "a rule matches nothing", self.place, detail=self.summary, hint=hint)


def compiled_rules(
    rules: Iterable[Rule] | None, kind: LayerKind, document: Document, checked: Checked[Any], layers: LayerReader
) -> list[CompiledRule]:
    """The rules of a file in their order; one that was complained about is left out."""
    found = []
    for index, rule in enumerate(rules or ()):
        if checked.is_broken("rules", index) or _says_nothing(rule, document, index, layers.found):
            continue
        layer = layers.rule(rule.set, kind, document, ("rules", index, "set"))
        found.append(_compiled(rule, layer, document.at("rules", index)))
    return found


def _says_nothing(rule: Rule, document: Document, index: int, found: Diagnostics) -> bool:
    """Complain about an empty `match` or `set`."""
    empty = False
    for name, block, hint in (
        ("match", rule.match, "say what it matches; for everything, use defaults"),
        ("set", rule.set, "say what it sets, or take the rule out"),
    ):
        if not block.model_fields_set:
            empty = True
            place = document.at("rules", index, name)
            summary = "a rule that matches on nothing" if name == "match" else "a rule that sets nothing"
            found.add(error(f"empty-{name}", summary, place, detail=f"'{name}' is empty", hint=hint))
    return empty


def _compiled(rule: Rule, layer: Layer, place: SpecPlace) -> CompiledRule:
    match = rule.match
    return CompiledRule(
        layer,
        place,
        f"{_matching(match)}: {_setting(rule.set)}",
        product=None if match.product is None else Globs(match.product),
        owner=None if match.owner is None else Globs(match.owner),
        account=None if match.account is None else Globs(match.account),
        labels=tuple((name, Globs(globs)) for name, globs in (match.labels or {}).items()),
        key=None if match.key is None else Globs(match.key),
    )


def _matching(match: MatchBlock) -> str:
    parts = [
        (name, globs)
        for name, globs in (
            ("key", match.key),
            ("account", match.account),
            ("product", match.product),
            *((f"label {name}", globs) for name, globs in (match.labels or {}).items()),
            ("owner", match.owner),
        )
        if globs is not None
    ]
    return " and ".join(f"{name} {globs if isinstance(globs, str) else ', '.join(globs)}" for name, globs in parts)


def _setting(block: RuleBlock) -> str:
    cancel = block.cancel.when if isinstance(block.cancel, CancelBlock) else block.cancel
    recurring = ("off", "on")[block.recurring] if isinstance(block.recurring, bool) else block.recurring
    parts = [
        f"{name} {value}"
        for name, value in (
            ("recurring", recurring),
            ("cancel", cancel),
            ("owner", block.owner),
            *((f"label {name}", value) for name, value in (block.labels or {}).items()),
            ("protect", None if block.protect is None else "true"),
            ("reason", block.reason),
        )
        if value is not None
    ]
    return ", ".join(parts)


def rule_id(rule: CompiledRule) -> tuple[str, int]:
    """The file of a rule, and its number there."""
    return rule.place.document.origin, int(rule.place.path[1])

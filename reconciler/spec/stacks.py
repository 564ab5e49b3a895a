"""Stacks of layers: what stands above a file, in order, and what of it holds for one subscription.

Pure. What many subscriptions inherit is folded once for all that match the same rules, over all files below.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager

from reconciler.model import SubscriptionKey
from reconciler.spec.layers import NOTHING, Folded, Layer, merged_labels
from reconciler.spec.match import Candidate, CompiledRule

Step = Layer | CompiledRule
"""One layer of a stack: it holds for all below it, or for those that it matches."""


class Stack:
    """All that stands above some subscriptions, weakest first."""

    __slots__ = ("_by_product", "_defaults", "_folded", "_rules", "steps", "sure")

    def __init__(self, steps: tuple[Step, ...] = (), *, sure: bool = True) -> None:
        self.steps = steps
        self.sure = sure
        """Nothing in it was complained about: what it does not say, it really does not say."""
        self._rules = tuple(step for step in steps if isinstance(step, CompiledRule))
        # What a rule may look at beside own keys: the layers that hold for all, folded.
        self._defaults = _fold(step for step in steps if isinstance(step, Layer))
        self._by_product: dict[str | None, tuple[tuple[int, CompiledRule], ...]] = {}
        self._folded: dict[int, tuple[tuple[Layer, ...], Folded]] = {}

    def below(self, steps: tuple[Step, ...], *, sure: bool = True) -> Stack:
        """This with stronger steps over it; itself where there are none, so that what was folded stays."""
        return Stack(self.steps + steps, sure=self.sure and sure) if steps or not sure else self

    def inherited(self, key: SubscriptionKey, own: Layer) -> tuple[tuple[Layer, ...], Folded]:
        """The layers that hold for a subscription with these own keys, and what they come to; its rules are counted."""
        matched = self._matched(key, own) if self._rules else 0
        found = self._folded.get(matched)
        if found is None:
            found = self._folded[matched] = self._holding(matched)
        return found

    def matching(
        self, key: SubscriptionKey, product: str | None, owner: str | None, labels: Mapping[str, str] | None
    ) -> tuple[tuple[int, CompiledRule], ...]:
        """The rules that match a subscription with these own values, each with its number; nothing is counted."""
        if product is None and self._defaults.facts is not None:
            product = self._defaults.facts.product
        rules = self._by_product.get(product)
        if rules is None:  # most rules are about products, and most products are those of others
            fitting = (pair for pair in enumerate(self._rules) if pair[1].takes_product(product))
            rules = self._by_product[product] = tuple(fitting)
        if not rules:
            return ()
        owner = self._defaults.owner if owner is None else owner
        candidate = Candidate(str(key), key.account, product, owner, merged_labels(self._defaults.labels, labels))
        return tuple(pair for pair in rules if pair[1].matches(candidate))

    def _matched(self, key: SubscriptionKey, own: Layer) -> int:
        """Which rules match, as bits in their order; each is counted."""
        product = None if own.facts is None else own.facts.product
        found = self.matching(key, product, own.owner, own.labels)
        if found and product is None and self._defaults.facts is not None:
            product = self._defaults.facts.product
        matched = 0
        for index, rule in found:
            rule.count(product)
            matched |= 1 << index
        return matched

    def _holding(self, matched: int) -> tuple[tuple[Layer, ...], Folded]:
        holding = {id(rule) for index, rule in enumerate(self._rules) if matched >> index & 1}
        layers = tuple(
            step if isinstance(step, Layer) else step.layer
            for step in self.steps
            if isinstance(step, Layer) or id(step) in holding
        )
        return layers, _fold(layers)


def _fold(layers: Iterable[Layer]) -> Folded:
    folded = NOTHING
    for layer in layers:
        folded = folded.under(layer)
    return folded


class Folders:
    """The stack of each folder: those of the folders around it, then its own `_defaults.yaml`."""

    def __init__(self) -> None:
        self._own: dict[str, tuple[Step, ...]] = {}
        self._unsure: set[str] = set()
        self._stacks: dict[str, Stack] = {}

    def add(self, folder: str, steps: tuple[Step, ...]) -> None:
        """What this folder's `_defaults.yaml` says."""
        self._own[folder] = steps

    def broken(self, folder: str) -> None:
        """This folder's `_defaults.yaml` says more than could be made out."""
        self._unsure.add(folder)

    def stack(self, folder: str) -> Stack:
        """Everything above the files of this folder. All folders must have been added by now."""
        found = self._stacks.get(folder)
        if found is None:
            around = self.stack(folder.rpartition("/")[0]) if folder else Stack()
            found = around.below(self._own.get(folder, ()), sure=folder not in self._unsure)
            self._stacks[folder] = found
        return found


@contextmanager
def uncounted(stack: Stack) -> Iterator[None]:
    """What is resolved within is not counted by the rules above it."""
    rules = [step for step in stack.steps if isinstance(step, CompiledRule)]
    before = [(rule.matched, set(rule.products)) for rule in rules]
    yield
    for rule, (matched, products) in zip(rules, before, strict=True):
        rule.matched, rule.products = matched, products

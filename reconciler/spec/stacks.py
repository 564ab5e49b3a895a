"""Stacks of layers: what stands above a file, in order, and what of it holds for one subscription.

Pure. What many subscriptions inherit is folded once for all that match the same rules.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from reconciler.model import SubscriptionKey
from reconciler.spec.facts import merged
from reconciler.spec.layers import NOTHING, Folded, Layer, merged_labels
from reconciler.spec.match import Candidate, CompiledRule

Step = Layer | CompiledRule
"""One layer of a stack: it holds for all below it, or for those that it matches."""


@dataclass(frozen=True, slots=True)
class FolderStack:
    """All that stands above the files of a folder, weakest first."""

    steps: tuple[Step, ...] = ()
    sure: bool = True
    """Nothing in it was complained about: what it does not say, it really does not say."""


class Folders:
    """The stack of each folder: those of the folders around it, then its own `_defaults.yaml`."""

    def __init__(self) -> None:
        self._own: dict[str, tuple[Step, ...]] = {}
        self._unsure: set[str] = set()
        self._stacks: dict[str, FolderStack] = {}

    def add(self, folder: str, steps: tuple[Step, ...]) -> None:
        """What this folder's `_defaults.yaml` says."""
        self._own[folder] = steps

    def broken(self, folder: str) -> None:
        """This folder's `_defaults.yaml` says more than could be made out."""
        self._unsure.add(folder)

    def stack(self, folder: str) -> FolderStack:
        """Everything above the files of this folder. All folders must have been added by now."""
        found = self._stacks.get(folder)
        if found is None:
            around = self.stack(folder.rpartition("/")[0]) if folder else FolderStack()
            sure = around.sure and folder not in self._unsure
            found = self._stacks[folder] = FolderStack(around.steps + self._own.get(folder, ()), sure)
        return found


@dataclass(slots=True)
class FileStack:
    """All that stands above the subscriptions of one file."""

    steps: tuple[Step, ...]
    sure: bool
    rules: tuple[CompiledRule, ...] = ()
    defaults: Folded = NOTHING
    """The layers that hold for every subscription, folded: what a rule may look at."""
    _folded: dict[int, tuple[tuple[Layer, ...], Folded]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.rules = tuple(step for step in self.steps if isinstance(step, CompiledRule))
        for step in self.steps:
            if isinstance(step, Layer):
                self.defaults = self.defaults.under(step)

    def inherited(self, key: SubscriptionKey, own: Layer) -> tuple[tuple[Layer, ...], Folded]:
        """The layers that hold for a subscription with these own keys, and what they come to; its rules are counted."""
        matched = self._matched(key, own) if self.rules else 0
        found = self._folded.get(matched)
        if found is None:
            found = self._folded[matched] = self._fold(matched)
        return found

    def _matched(self, key: SubscriptionKey, own: Layer) -> int:
        """Which rules match, as bits in their order."""
        facts = merged(self.defaults.facts, own.facts)
        product = None if facts is None else facts.product
        owner = self.defaults.owner if own.owner is None else own.owner
        candidate = Candidate(str(key), key.account, product, owner, merged_labels(self.defaults.labels, own.labels))
        matched = 0
        for index, rule in enumerate(self.rules):
            if rule.matches(candidate):
                rule.count(product)
                matched |= 1 << index
        return matched

    def _fold(self, matched: int) -> tuple[tuple[Layer, ...], Folded]:
        holding = {id(rule) for index, rule in enumerate(self.rules) if matched >> index & 1}
        layers = tuple(
            step if isinstance(step, Layer) else step.layer
            for step in self.steps
            if isinstance(step, Layer) or id(step) in holding
        )
        folded = NOTHING
        for layer in layers:
            folded = folded.under(layer)
        return layers, folded

"""Layers: what one block of defaults, one rule or a subscription's own keys say, and how stronger ones go over weaker.

Pure. The pair of `recurring` and `cancel` moves as one; labels and facts merge key by key; everything else replaces.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, NamedTuple

from reconciler.diagnostics import Diagnostics, Place, error
from reconciler.model import Cancel, Facts, Intent, Recurring
from reconciler.spec.facts import NAMES, FactReader, merged
from reconciler.spec.models import (
    CancelBlock,
    DefaultsBlock,
    OwnCancelBlock,
    RuleBlock,
    SubscriptionBlock,
)
from reconciler.spec.positions import Document, Path, SpecPlace
from reconciler.spec.wording import not_inheritable

UNMANAGED: Final = "unmanaged"
_LONG_FORMS: Final = (CancelBlock, OwnCancelBlock)
# What is not given, or takes an inherited pair back, is no wish.
_RECURRING: Final[dict[object, Recurring | None]] = {
    "on": Recurring.ON,
    True: Recurring.ON,
    "off": Recurring.OFF,
    False: Recurring.OFF,
    None: None,
    UNMANAGED: None,
}
_CANCEL: Final[dict[object, Cancel | None]] = {
    None: None,
    UNMANAGED: None,
    **{cancel.value: cancel for cancel in Cancel},
}


class LayerKind(StrEnum):
    """Where a layer comes from."""

    FOLDER_DEFAULTS = "folder defaults"
    FOLDER_RULE = "folder rule"
    FILE_DEFAULTS = "file defaults"
    FILE_RULE = "file rule"
    OWN = "own keys"

    @property
    def is_rule(self) -> bool:
        """Whether it holds only for what it matches."""
        return self in (LayerKind.FOLDER_RULE, LayerKind.FILE_RULE)


# Once for each subscription: a member of an enumeration is looked up slowly before Python 3.12.
_OWN: Final = LayerKind.OWN
_NONE: Final = Cancel.NONE


class Layer(NamedTuple):
    """What one layer says; None is not said. A tuple, for each subscription's own keys are one."""

    kind: LayerKind
    document: Document
    path: Path
    """Of the mapping that holds its keys."""
    pair: Intent | None = None
    taken_back_at: SpecPlace | None = None
    """Where it sets the pair to nothing at all: an inherited one is taken back."""
    reason: str | None = None
    """A reason without a pair: it replaces only that of the inherited pair."""
    owner: str | None = None
    labels: Mapping[str, str] | None = None
    protect: bool | None = None
    facts: Facts | None = None

    def place_of(self, name: str, *within: str) -> SpecPlace:
        """Where this layer's value of a field, or what is within it, stands; a fact goes by its own name."""
        inner = ("facts", name) if name in NAMES else (name,)
        return SpecPlace(self.document, self.path + inner + within, False)

    def says(self, name: str) -> bool:
        """Whether it sets this field."""
        if name in NAMES:
            return self.facts is not None and getattr(self.facts, name) is not None
        return name in _PLAIN and getattr(self, name) is not None


_PLAIN: Final = ("owner", "labels", "protect")


class Folded(NamedTuple):
    """What a stack of layers comes to."""

    pair: Intent | None = None
    owner: str | None = None
    labels: Mapping[str, str] | None = None
    protect: bool | None = None
    facts: Facts | None = None

    def under(self, layer: Layer) -> Folded:
        """This, with a stronger layer over it."""
        if layer.pair is not None or layer.taken_back_at is not None:
            pair = layer.pair
        elif layer.reason is not None and self.pair is not None:
            pair = with_reason(self.pair, layer.reason)
        else:
            pair = self.pair
        return Folded(
            pair,
            self.owner if layer.owner is None else layer.owner,
            merged_labels(self.labels, layer.labels),
            self.protect if layer.protect is None else layer.protect,
            merged(self.facts, layer.facts),
        )


NOTHING: Final = Folded()


def with_reason(pair: Intent, reason: str) -> Intent:
    """The same pair for another reason."""
    return Intent(pair.recurring, pair.cancel, pair.place, reason, pair.confirm, pair.own)


def merged_labels(weaker: Mapping[str, str] | None, stronger: Mapping[str, str] | None) -> Mapping[str, str] | None:
    """Both sets of labels, label by label."""
    if weaker is None or stronger is None:
        return stronger if weaker is None else weaker
    return {**weaker, **stronger}


class FieldPlaces(Mapping[str, Place]):
    """Where each field of a subscription was set: found in its layers when asked, so that a load need not note it."""

    __slots__ = ("_id_and_name", "inherited", "own")

    def __init__(self, inherited: Sequence[Layer], own: Layer, id_and_name: tuple[bool, bool]) -> None:
        self.inherited = inherited
        self.own = own
        self._id_and_name = id_and_name

    @property
    def layers(self) -> tuple[Layer, ...]:
        """Every layer that holds for it, weakest first."""
        return (*self.inherited, self.own)

    def __getitem__(self, name: str) -> Place:
        if name in ("id", "previously"):
            if self._id_and_name[name == "previously"]:
                return self.own.place_of(name)
            raise KeyError(name)
        for layer in reversed(self.layers):
            if layer.says(name):
                return layer.place_of(name)
        raise KeyError(name)

    def __iter__(self) -> Iterator[str]:
        return (name for name in (*_PLAIN, "previously", "id", *NAMES) if name in self)

    def __len__(self) -> int:
        return sum(1 for _ in self)


@dataclass(slots=True)
class LayerReader:
    """Makes layers of blocks, and reports what a single layer contradicts or may not say."""

    found: Diagnostics
    facts: FactReader
    broken: frozenset[Path] = frozenset()
    """Paths of the file at hand that were complained about: what stands there is not missing."""

    def defaults(self, block: DefaultsBlock, kind: LayerKind, document: Document) -> Layer:
        """The layer of a `defaults` block."""
        path: Path = ("defaults",)
        facts = self.facts.read(block.facts, document, path)
        return self._layer(block, kind, document, path, facts)

    def rule(self, block: RuleBlock, kind: LayerKind, document: Document, path: Path) -> Layer:
        """The layer of a rule's `set`."""
        if block.protect is False:
            place = document.at(*path, "protect")
            self.found.add(not_inheritable(place, "'protect: false'", by_rule=True))
        return self._layer(block, kind, document, path, None)

    def own(self, block: SubscriptionBlock, document: Document, path: Path) -> Layer:
        """The layer of a subscription's own keys."""
        facts = None if block.facts is None else self.facts.read(block.facts, document, path)
        return self._layer(block, _OWN, document, path, facts)

    def start_was_told(self, layers: Iterable[Layer]) -> bool:
        """Whether one of these layers states a start that is no date, which was complained about."""
        return any((layer.document, layer.path) in self.facts.unread_starts for layer in layers)

    def _layer(
        self,
        block: DefaultsBlock | RuleBlock | SubscriptionBlock,
        kind: LayerKind,
        document: Document,
        path: Path,
        facts: Facts | None,
    ) -> Layer:
        reason = block.reason
        if reason is not None:
            reason = " ".join(reason.split())
        pair, taken_back_at = None, None
        if block.recurring is not None or block.cancel is not None:
            pair = self._pair(block, kind, document, path, reason)
            reason = None
            if pair is None:
                key = "recurring" if block.cancel is None else "cancel"
                taken_back_at = SpecPlace(document, (*path, key), False)
        return Layer(kind, document, path, pair, taken_back_at, reason, block.owner, block.labels, block.protect, facts)

    def _pair(
        self,
        block: DefaultsBlock | RuleBlock | SubscriptionBlock,
        kind: LayerKind,
        document: Document,
        path: Path,
        reason: str | None,
    ) -> Intent | None:
        """The pair that a layer sets with one of its keys or both; None where it takes an inherited one back."""
        recurring = _RECURRING[block.recurring]
        when: object = block.cancel
        confirm, at = None, "cancel"
        within: Path = ()
        if isinstance(when, OwnCancelBlock):
            confirm = when.confirm
        if isinstance(when, _LONG_FORMS):
            within = ("when",)
            reason = reason if when.reason is None else " ".join(when.reason.split())
            when = when.when
        cancel = _CANCEL[when]
        if cancel is None or (cancel is _NONE and recurring is not None):
            if recurring is None:
                return None
            at, within = "recurring", ()
        place = SpecPlace(document, (*path, at, *within), False)
        if cancel is not None and cancel is not _NONE:
            self._judge(recurring, cancel, reason, place, path)
        return Intent(recurring, cancel, place, reason, confirm, kind is _OWN)

    def _judge(
        self, recurring: Recurring | None, cancel: Cancel, reason: str | None, place: SpecPlace, path: Path
    ) -> None:
        if recurring is Recurring.ON:
            hint = "take 'recurring: on' out to end it, or 'cancel' to let it renew"
            detail = f"'recurring: on' beside 'cancel: {cancel}'"
            self.found.add(
                error("contradiction", "recurring billing on and a cancellation", place, detail=detail, hint=hint)
            )
        said = {(*path, "reason"), (*path, "cancel", "reason")}
        if cancel is Cancel.IMMEDIATELY and reason is None and not said & self.broken:
            hint = "add 'reason' in the long form: cancel: {when: immediately, reason: …, confirm: …}"
            self.found.add(error("missing-reason", "an end at once without a reason", place, hint=hint))

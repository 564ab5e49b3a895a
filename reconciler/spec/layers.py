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
    ScheduleEntry,
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
    SCHEDULE = "schedule"
    TO_COME = "schedule, to come"

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
_OWN_ONLY: Final = ("id", "previously", "schedule", "decided")


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
    return Intent(pair.recurring, pair.cancel, pair.place, reason, pair.confirm, pair.own, pair.on_blocked)


def one_line(text: str | None) -> str | None:
    """A text of several lines as one: so it is shown, kept and compared."""
    return None if text is None else " ".join(text.split())


def merged_labels(weaker: Mapping[str, str] | None, stronger: Mapping[str, str] | None) -> Mapping[str, str] | None:
    """Both sets of labels, label by label."""
    if weaker is None or stronger is None:
        return stronger if weaker is None else weaker
    return {**weaker, **stronger}


class FieldPlaces(Mapping[str, Place]):
    """Where each field of a subscription was set: found in its layers when asked, so that a load need not note it."""

    __slots__ = ("_own_only", "inherited", "own")

    def __init__(self, inherited: Sequence[Layer], own: Layer, own_only: tuple[bool, bool, bool, bool]) -> None:
        self.inherited = inherited
        self.own = own
        self._own_only = own_only  # which of _OWN_ONLY are there, in its order

    @property
    def layers(self) -> tuple[Layer, ...]:
        """Every layer that holds for it, weakest first."""
        return (*self.inherited, self.own)

    def __getitem__(self, name: str) -> Place:
        if name in _OWN_ONLY:
            if self._own_only[_OWN_ONLY.index(name)]:
                return self.own.place_of(name)
            raise KeyError(name)
        for layer in reversed(self.layers):
            if layer.says(name):
                return layer.place_of(name)
        raise KeyError(name)

    def __iter__(self) -> Iterator[str]:
        return (name for name in (*_PLAIN, *_OWN_ONLY, *NAMES) if name in self)

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
        reason = one_line(block.reason)
        pair, taken_back_at = None, None
        if block.recurring is not None or block.cancel is not None:
            pair = self.pair(block, document, path, reason, own=kind is _OWN)
            reason = None
            if pair is None:
                key = "recurring" if block.cancel is None else "cancel"
                taken_back_at = SpecPlace(document, (*path, key), False)
        return Layer(kind, document, path, pair, taken_back_at, reason, block.owner, block.labels, block.protect, facts)

    def pair(
        self,
        block: DefaultsBlock | RuleBlock | SubscriptionBlock | ScheduleEntry,
        document: Document,
        path: Path,
        reason: str | None,
        *,
        own: bool,
    ) -> Intent | None:
        """The pair that a block sets with one of its keys or both; None where it takes an inherited one back."""
        recurring = _RECURRING[block.recurring]
        when: object = block.cancel
        confirm, on_blocked, at = None, None, "cancel"
        within: Path = ()
        if isinstance(when, OwnCancelBlock):
            confirm = when.confirm
            on_blocked = _CANCEL[when.on_blocked]
            if on_blocked is not None:
                self._judge_fallback(when, document, path)
        if isinstance(when, _LONG_FORMS):
            within = ("when",)
            reason = one_line(when.reason) or reason
            when = when.when
        cancel = _CANCEL[when]
        if cancel is None or (cancel is _NONE and recurring is not None):
            if recurring is None:
                return None
            at, within = "recurring", ()
        place = SpecPlace(document, (*path, at, *within), False)
        if cancel is not None and cancel is not _NONE:
            self._judge(recurring, cancel, reason, place, path)
        return Intent(recurring, cancel, place, reason, confirm, own, on_blocked)

    def _judge_fallback(self, block: OwnCancelBlock, document: Document, path: Path) -> None:
        """What is to happen where an end at once is barred has no meaning elsewhere."""
        if block.when != "immediately":
            place = document.at(*path, "cancel", "on_blocked")
            detail, summary = f"beside 'when: {block.when}'", "'on_blocked' without 'immediately'"
            hint = "it chooses what is done where 'immediately' is barred: take it out, or write 'when: immediately'"
            self.found.add(error("needless-on-blocked", summary, place, detail=detail, hint=hint))

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

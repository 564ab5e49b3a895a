"""What a plan holds: changes with domain names, and what was kept from being one.

Frozen values. A Change says everything that is needed to carry it out; deciding is `plan`'s work, acting `apply`'s.
"""

from __future__ import annotations

from abc import abstractmethod
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import NamedTuple

from reconciler.consequences import Impact
from reconciler.diagnostics import Place
from reconciler.model import SubscriptionKey
from reconciler.remake import Remake

JsonValue = str | int | bool | None | Mapping[str, str]
"""What `before` and `after` hold: JSON scalars, and labels."""


class Kind(StrEnum):
    """The verbs of the domain, in the order in which one subscription's changes are made."""

    REGISTER = "register"
    ADOPT = "adopt"
    RENAME = "rename"
    CORRECT = "correct"
    UPDATE = "update"
    TURN_ON = "turn-on-recurring"
    TURN_OFF = "turn-off-recurring"
    CANCEL_AT_RENEWAL = "cancel-at-renewal"
    UNDO_CANCEL = "undo-cancel"
    CANCEL_NOW = "cancel-now"
    REACTIVATE = "reactivate"
    FORGET = "forget"

    @property
    def rank(self) -> int:
        """The place in that order."""
        return _RANKS[self]


_RANKS = {kind: rank for rank, kind in enumerate(Kind)}

EXTENSION = "extension"
"""In a change's `after`: `accepted`, where recurring off leads into a paid extension, and the spec says that it may."""
ENDING = frozenset({Kind.TURN_OFF, Kind.CANCEL_AT_RENEWAL, Kind.CANCEL_NOW})
"""Changes after which a subscription ends; `protect` refuses every one."""
SPENDING = frozenset({Kind.TURN_ON, Kind.UNDO_CANCEL, Kind.REACTIVATE})
"""Changes after which money is charged again."""
INTENTS = ENDING | SPENDING
"""Changes of the pair; a subscription has at most one in a plan."""


class Risk(StrEnum):
    """Can it be taken back."""

    REVERSIBLE = "reversible"
    REVERSIBLE_UNTIL = "reversible-until"
    IRREVERSIBLE = "irreversible"


class Trait(NamedTuple):
    """By what changes are counted, judged and shown together."""

    kind: Kind
    risk: Risk
    account: str


@dataclass(frozen=True, slots=True)
class Change:
    """One verb on one subscription. `before` and `after` hold just what it moves, JSON-ready, and no instant."""

    key: SubscriptionKey
    """After a rename: the new name."""
    kind: Kind
    before: Mapping[str, JsonValue]
    after: Mapping[str, JsonValue]
    place: Place
    """The spec value that asks for it."""
    risk: Risk = Risk.REVERSIBLE
    reason: str | None = None
    external_id: str | None = None
    product: str = ""
    declares: bool = False
    """The specs declare a pair for this subscription; kept on the record so that its removal can be told."""
    scheduled: bool = False
    """A dated intent asks for it: while that holds, own keys beside it are void."""
    impact: Impact | None = None
    """What follows, for people and for the limits in money; not part of the fingerprint."""
    instead_of: str | None = None
    """In words, beside the change: what of the specs the provider cannot tell from it, or that a person makes it."""

    @property
    def trait(self) -> Trait:
        """What it is counted by."""
        return Trait(self.kind, self.risk, self.key.account)


change_with = Remake(Change)
"""Of a change with these fields changed."""


class Many(Sequence[Change]):
    """So many changes that they are not kept as values: each walk over them makes them anew, so that none is counted
    by one.
    """

    @property
    @abstractmethod
    def traits(self) -> Counter[Trait]:
        """How many there are of each trait."""

    @abstractmethod
    def picked(self, fits: Callable[[Trait], bool]) -> Many:
        """Those of them whose trait fits, in the same order."""

    def bare(self) -> Iterator[Change]:
        """All of them, maybe without what follows from them: that is most of what they are made of."""
        return iter(self)


def traits_of(changes: Iterable[Change]) -> Counter[Trait]:
    """How many there are of each trait."""
    return changes.traits if isinstance(changes, Many) else Counter(change.trait for change in changes)


def bare(changes: Iterable[Change]) -> Iterable[Change]:
    """The same changes, maybe without what follows from them."""
    return changes.bare() if isinstance(changes, Many) else changes


def picked(changes: Iterable[Change], fits: Callable[[Trait], bool]) -> Sequence[Change]:
    """Those of the changes whose trait fits, in the same order."""
    if isinstance(changes, Many):
        return changes.picked(fits)
    return tuple(change for change in changes if fits(change.trait))


@dataclass(frozen=True, slots=True)
class Blocked:
    """A wish that cannot be carried out as things stand, with its reason code and what to do instead."""

    key: SubscriptionKey
    kind: Kind
    code: str
    detail: str
    hint: str
    place: Place
    product: str = ""


@dataclass(frozen=True, slots=True)
class Listed:
    """A subscription that is shown, and left as it is: released, ended or held."""

    key: SubscriptionKey
    detail: str
    hint: str
    place: Place
    product: str = ""


@dataclass(frozen=True, slots=True)
class Scheduled:
    """A dated intent whose day is still to come, and what it will do then as things stand."""

    key: SubscriptionKey
    on: date
    """From 00:00 UTC of this day."""
    kind: Kind | None
    """The verb that it leads to; None: nothing is to do then, or it will be blocked."""
    detail: str
    """In words: what it sets, and why nothing comes of it where nothing does."""
    place: Place
    product: str = ""
    reason: str | None = None
    impact: Impact | None = None


@dataclass(frozen=True, slots=True)
class Pending:
    """A change that was begun and is not done: a person has its task, or the provider still works on it."""

    key: SubscriptionKey
    kind: Kind
    since: date
    """The UTC day on which it was begun."""
    detail: str
    """In words: who is to do what, or what is waited for."""
    hint: str
    place: Place
    deadline: date | None = None
    """The last UTC day on which it is of use."""
    overdue: bool = False
    owner: str | None = None
    product: str = ""
    withdrawn: bool = False
    """The specs do not ask for it any more: an apply takes it back."""


@dataclass(frozen=True, slots=True)
class Sighting:
    """How far one outside account was looked at for this plan."""

    account: str
    at: datetime | None
    """When it was last read, in real time; None: never."""
    fresh: bool
    """In this run."""
    seen: int = 0
    """Subscriptions that the provider showed."""
    undeclared: int = 0
    """Those of them that no file declares and no record names."""
    trouble: str | None = None
    """Why it could not be read, in words."""


@dataclass(frozen=True, slots=True)
class Drift:
    """What is stored differs from what was observed, through no act of ours."""

    key: SubscriptionKey
    field: str
    stored: JsonValue
    observed: JsonValue


@dataclass(frozen=True, slots=True)
class Refusal:
    """A brake that holds: which one, on what, how many, how many may pass, and the exact way out."""

    limit: str
    """A LimitName's value, or empty, frozen, new-store, other-store, wrong-account."""
    scope: str
    """An account's name, or `run`."""
    detail: str
    hint: str
    count: int | None = None
    allowed: int | None = None
    amount: str | None = None
    """Of a limit in money: how much, with its currency, as people write it."""
    allowed_amount: str | None = None
    """And how much may pass."""

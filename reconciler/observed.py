"""What an outside provider shows of its subscriptions, spelled in our words; what could not be read is a value, too.

Frozen vocabulary: no I/O, no clock. A provider's `convert` makes these, planning compares them with what is stored.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

from reconciler.changes import Kind
from reconciler.model import Cancel, Money, Recurring, Status, Term, TermLength


@dataclass(frozen=True, slots=True)
class Obstacle:
    """Why something cannot be read, or cannot be done where it stands: a stable code, and what to do instead."""

    code: str
    """Such as `past-cancellation-window`, `managed-elsewhere`, `unsupported`, `unreadable`."""
    detail: str
    hint: str = ""


BOTH_ENDS = frozenset({Kind.TURN_OFF, Kind.CANCEL_AT_RENEWAL})
"""Recurring off, and a cancellation at the next renewal, told apart."""


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What can be done to one subscription as it stands."""

    ends: frozenset[Kind] = BOTH_ENDS
    """The ways to end at term that its provider can tell apart. With one of the two, both wishes mean that one."""
    barred: Mapping[Kind, Obstacle] = field(default_factory=dict)
    """Verbs of the pair that cannot be carried out now, each with why; those not named here can."""


@dataclass(frozen=True, slots=True)
class ObservedSubscription:
    """One subscription as its provider showed it. None is always: it does not say."""

    id: str
    """The provider's own id: what `id:` in a spec names, and all that `get` needs within the account."""
    product: str
    """The provider's own code of what was bought, as `facts: {product:}` and rules name it."""
    status: Status
    provider_status: str
    """The provider's word, verbatim. One that we do not know is `unknown`, and never written to."""
    recurring: Recurring
    cancellation: Cancel
    """What stands on it. A provider that tells one end only shows that one (see `Capabilities.ends`)."""
    term: Term | None = None
    """As the provider reports it, half-open: never recomputed."""
    length: TermLength | None = None
    """None: not stated, or no length that we have a word for; what a term costs is then not known."""
    billing: TermLength | None = None
    started: date | None = None
    """The UTC day on which it was bought or began."""
    product_name: str = ""
    """What people call the product; for comments and lists, never matched."""
    display_name: str = ""
    """What people call this one subscription, where they may name it."""
    seats: int | None = None
    price: Money | None = None
    """For one seat and billing period."""
    last_charge: Money | None = None
    """What one billing period cost the last time, all seats together."""
    requested_at: datetime | None = None
    effective_at: datetime | None = None
    """When a cancellation that stands takes effect."""
    cancel_now_until: datetime | None = None
    """Until when it can be cancelled at once."""
    revision: str | None = None
    """An etag or a version that moves whenever it changes; None: the provider has none."""
    busy: str | None = None
    """Why nothing can be written just now, such as an operation under way; it will pass by itself."""
    capabilities: Capabilities = Capabilities()
    notes: tuple[str, ...] = ()
    """What is reported and never `mended`, in words: collection is paused, an end on a date of its own."""


@dataclass(frozen=True, slots=True)
class Unreadable:
    """One subscription that is there and cannot be read: it blocks itself alone."""

    id: str
    why: Obstacle


@dataclass(frozen=True, slots=True)
class Page:
    """One page of an account's subscriptions, ended ones included; `cursor` None: it was the last."""

    items: tuple[ObservedSubscription | Unreadable, ...]
    cursor: str | None = None


@dataclass(frozen=True, slots=True)
class ObservedAccount:
    """All that is known of one account's subscriptions, and since when."""

    account: str
    at: datetime
    """When it was read, in real time."""
    subscriptions: Mapping[str, ObservedSubscription] = field(default_factory=dict)
    """By the provider's id."""
    unreadable: Mapping[str, Obstacle] = field(default_factory=dict)
    """By the provider's id: there, and what of it could not be read."""
    absent: frozenset[str] = frozenset()
    """Ids that were asked for one by one, and that the provider says it does not have."""
    complete: bool = True
    """The list was read to its end: what is on none of its pages is undeclared by nobody, and unseen."""
    trouble: Obstacle | None = None
    """Why nothing of it could be read: it blocks every subscription of the account, and no other account."""
    fresh: bool = True
    """Read in this run; False: it is what the store kept of an earlier one."""
    broken_off: Obstacle | None = None
    """Why the list was not read to its end, where it was begun and something of the account is known all the same."""

    def of(self, id: str) -> ObservedSubscription | Obstacle | None:
        """What is known of one: as it was seen, or why that is not known; None: the provider does not have it."""
        if self.trouble is not None:
            return self.trouble
        if id in self.subscriptions:
            return self.subscriptions[id]
        if id in self.unreadable:
            return self.unreadable[id]
        if id in self.absent:
            return None
        hint = "observe it: reconcile refresh" if not self.fresh else "run again; a failed read is never absence"
        return Obstacle("unreadable", "it was not among what was read, and that proves nothing", hint)

    def undeclared(self, known: Collection[str]) -> int:
        """Of what was seen and has not ended, so many whose ids are none of these."""
        return sum(not seen.status.ended and id not in known for id, seen in self.subscriptions.items())


@dataclass(frozen=True, slots=True)
class ObservedState:
    """Everything that was observed, by account. An account that is not outside is not in it."""

    accounts: Mapping[str, ObservedAccount] = field(default_factory=dict)


def never_returns(seen: ObservedSubscription) -> bool:
    """Whether its provider brings no ended one back, whatever a policy says."""
    barred = seen.capabilities.barred.get(Kind.REACTIVATE)
    return barred is not None and barred.code in ("unsupported", "terminal")


@dataclass(frozen=True, slots=True)
class Abroad:
    """What was observed, and whose drift is to be undone."""

    observed: ObservedState = field(default_factory=ObservedState)
    now: datetime | None = None
    """The instant at which they are judged; a ledger's own may be ahead of it. None: the plan's."""
    corrected: Callable[[str], bool] = lambda key: False
    """Whether `--correct-drift` names a key, as text."""

"""What the store holds, as planning sees it: one consistent picture.

Frozen values; read by a store adapter, compared by the core.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, NamedTuple

from reconciler.changes import Kind
from reconciler.consequences import Due
from reconciler.diagnostics import Diagnostic
from reconciler.journal import Freeze, OpenIntent
from reconciler.model import Money, StoredSubscription, SubscriptionKey


class Silence(NamedTuple):
    """Which columns of their lines (see `gist`) records are told without, for the specs leave them unsaid."""

    always: int = 0
    """Bits of the columns that none of them speaks of."""
    sometimes: int = 0
    """Of those that some do not speak of: as a rule because there is nothing to be said."""


WHOLE: Final = Silence()
"""Nothing is left out."""


@dataclass(frozen=True, slots=True)
class Settled:
    """Records of which nothing is to be decided: declared, at rest, and just as the specs ask (see `sift`)."""

    counts: Mapping[str, int] = field(default_factory=dict)
    """How many there are in each account."""
    chosen: Mapping[str, int] = field(default_factory=dict)
    """How many of them the run is about."""
    due: Sequence[Due] = ()
    """Of these, the renewals within 30 days."""


NOTHING_SETTLED = Settled()


@dataclass(frozen=True, slots=True)
class StoredState:
    """What the store holds: a consistent picture of one serial."""

    lineage: str | None = None
    """None: there is no store yet and none is pinned."""
    serial: int = 0
    subscriptions: Mapping[SubscriptionKey, StoredSubscription] = field(default_factory=dict)
    accounts: Mapping[str, tuple[str, str | None]] = field(default_factory=dict)
    """Provider and tenant, as recorded when an account was first written to."""
    safety: Mapping[str, object] | None = None
    """The limits and overrides that the last unrefused apply recorded, as `safety.recorded` wrote them."""
    freeze: Freeze | None = None
    last_as_of: datetime | None = None
    """The latest `as_of` of a recorded run; applying before it is refused."""
    unfinished: Mapping[str, str | None] = field(default_factory=dict)
    """Runs that began and never ended, each with its plan's fingerprint: cut off, and carried on by the next one."""
    open_intents: Mapping[SubscriptionKey, OpenIntent] = field(default_factory=dict)
    """Journaled intents whose outcome is not known, by the key that they are about: the last one of each."""
    last_run: str | None = field(default=None, compare=False)
    """The one that was begun last. A copy that went its own way has the same serial at times, but not the same run."""
    made: str = field(default="", compare=False)
    """Tells this place's store from one that was made there before or after, also from the same export."""
    exists: bool = True
    diagnostics: tuple[Diagnostic, ...] = ()
    settled: Settled = NOTHING_SETTLED
    """Records that are not among `subscriptions`."""
    apart: bool = False
    """Records that something is to be decided of are not among them either: they are read once they are needed."""
    recent: tuple[RecentChange, ...] | None = None
    """The changes of earlier runs, as far back as `brakes.window_start` asks; None: nobody has read them."""

    @property
    def branch(self) -> str:
        """The lineage with its last run, and which store it is: with the serial, this tells all that is stored.

        An export may be edited before it is brought back, so that lineage, run and serial alone do not.
        """
        return f"{self.lineage} {self.last_run} {self.made}"


@dataclass(frozen=True, slots=True)
class RecentChange:
    """One change of an earlier run, as a rolling limit counts it."""

    key: SubscriptionKey
    """The one that it had then."""
    kind: Kind
    at: datetime
    """When it was recorded, in real time."""
    value: Money | None
    """The charges of one whole term that it ended or committed to; None: not known, or not recorded."""
    allowed: tuple[str, ...]
    """The `--allow` flags of its run: what one of them excused does not count."""

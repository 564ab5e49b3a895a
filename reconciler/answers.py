"""What passes between the engine and an outside provider: an order, its answer, who is signed in, how fast we may ask.

Frozen vocabulary. An answer says what is known to have happened, and nothing else: what is not sure is `Ambiguous`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from reconciler.changes import Change
from reconciler.observed import ObservedSubscription


@dataclass(frozen=True, slots=True)
class Order:
    """One write, just before it is sent. It was read a moment ago, and is what was approved."""

    change: Change
    """What was approved; `external_id` names the subscription, `reason` may be told to the provider."""
    seen: ObservedSubscription
    """As it was read just now."""
    operation_id: str
    """32 hexadecimal digits, fixed for this change of this plan: a repeat after a crash or a lost answer has the same,
    the same verb on the same subscription planned later has another. Idempotency keys are made of it."""
    now: datetime
    """Real time."""

    @property
    def expected_revision(self) -> str | None:
        """Write only where this still stands, if the provider can compare."""
        return self.seen.revision


@dataclass(frozen=True, slots=True)
class Done:
    """The provider says that it is done. Reading it back decides whether it is."""


@dataclass(frozen=True, slots=True)
class Accepted:
    """It works on it. The token is all that `poll` needs, also in another process; no secret may be in it."""

    token: str
    retry_after: float | None = None
    """Seconds until it is worth asking."""


@dataclass(frozen=True, slots=True)
class Rejected:
    """It was surely not carried out."""

    code: str
    detail: str
    hint: str = ""
    retry_after: float | None = None
    """Seconds after which the same order may be sent again (429, a lock that passes); None: it is of no use."""


@dataclass(frozen=True, slots=True)
class Ambiguous:
    """It may or may not have been carried out: a timeout, a reset, a 5xx, an answer that cannot be read.

    Never for what was surely not sent.
    """

    detail: str


Answer = Done | Accepted | Rejected | Ambiguous


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast a provider may be asked, by its published limits, for everything that shares one sign-in."""

    reads: float
    """A second."""
    writes: float
    """A second."""
    threads: int = 8
    """At most so many requests under way at once."""
    source: str = ""
    """Where the limits are published."""
    burst: int = 0
    """So many reads may go at once after a rest, where the published limit is a bucket that fills up; 0: hardly any."""


@dataclass(frozen=True, slots=True)
class Role:
    """One role of whoever is signed in, at one place, and what it may not do of what we do."""

    name: str
    scope: str
    lacks: tuple[str, ...] = ()
    """In words: `turn recurring on or off`, `cancel`."""


@dataclass(frozen=True, slots=True)
class Identity:
    """Who is signed in at a provider, as far as it tells. No secret, and of a person just what the provider shows."""

    name: str
    """A user, an application or a key's own name, never the key."""
    tenant: str | None = None
    places: tuple[tuple[str, str], ...] = ()
    """Billing accounts, customers or the like that can be seen: the id, and what people call it."""
    roles: tuple[Role, ...] = ()
    notes: tuple[str, ...] = ()
    """What cannot be told, in words."""

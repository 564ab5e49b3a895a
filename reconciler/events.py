"""What happened to a record without us: events, each with an instant of its own. No wish, and no change of ours.

Frozen vocabulary; `lifecycle.advance` and `noticing` make them, the plan lists them as elapsed, an apply journals them.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from reconciler.model import SubscriptionKey


class EventKind(StrEnum):
    """What may happen to a record by itself. No word of this is a verb of a plan."""

    STARTED = "started"
    """A scheduled subscription's first term began."""
    RENEWED = "renewed"
    """A new term followed on the old one."""
    EXTENDED = "extended"
    """A month of a paid extension began, for recurring was off and nothing was cancelled."""
    EXPIRED = "expired"
    """The last term is over; users keep access."""
    DISABLED = "disabled"
    """Users have lost access; only admins reach the data."""
    DELETED = "deleted"
    """Nothing comes back."""
    SUSPENDED = "suspended"
    """Its provider suspended it: an unpaid bill, a breach of rules. Of outside accounts alone."""
    RESUMED = "resumed"
    """And took that back."""
    NOTICED = "noticed"
    """Somebody changed it outside, and the specs agree with that or say nothing about it: drift that is now known."""


class Event(NamedTuple):
    """One thing that time did to one record. A tuple, for an estate of monthly terms makes many of them.

    `before` and `after` hold just what it moved, JSON-ready.
    """

    key: SubscriptionKey
    kind: EventKind
    at: datetime
    """When it happened (UTC), not when it was noticed; of what a provider does not date, when it was observed."""
    before: Mapping[str, str]
    """`status`, or `term_start` and `term_end` as days; of `noticed`, every field that moved."""
    after: Mapping[str, str]
    product: str = ""

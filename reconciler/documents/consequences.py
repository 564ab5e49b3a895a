"""Everything that follows from a change, and how it is taken back, as models of the plan's document."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from reconciler.documents.parts import AmountPart, Count, Day, Instant, Part, Period, SumPart, Value

LocalInstant = Annotated[
    str,
    Field(
        pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?[+-][0-9]{2}:[0-9]{2}(:[0-9]{2})?$",
        max_length=36,
    ),
]


class ChargePart(AmountPart):
    """The next charge that a change avoids or incurs."""

    on: Day
    """The UTC day on which it would fall."""
    per: Period
    """It recurs so often, as an ISO 8601 duration."""
    incurred: bool
    """False: the change avoids it."""


class RefundPart(AmountPart):
    """What comes back after an immediate cancellation."""

    rule: Literal["prorated", "full", "none", "not-known"]
    """The policy's rule."""


class ImpactPart(Part):
    """Everything that follows from a change. What does not apply is not there; what applies and is not known is null,
    and named in `unknown`.
    """

    term_start: Day | None = None
    """Of the term that the change begins or moves: its first day."""
    term_end: Day | None = None
    """The first day after it."""
    renews: Day | None = None
    """The day on which the next term starts."""
    last_day: Day | None = None
    """The last UTC day of the last term, or the day on which access is lost at once."""
    access_ends: Instant | None = None
    """When users lose access: after the expired stage, where there is one."""
    access_ends_local: LocalInstant | None = None
    """The same in the zone that the settings name."""
    expired_days: Count | None = None
    """Days after the last one on which users still have access."""
    data_deleted: Day | None = None
    """The first UTC day on which nothing can be brought back."""
    data_gone_by: Day | None = None
    """The day by which the vendor has wiped it, where that may be later."""
    reversible_until: Instant | None = None
    """The first instant at which the change can no longer be taken back."""
    window_closes: Instant | None = None
    """When the subscription can no longer be cancelled at once."""
    charge: ChargePart | None = None
    """The next charge that the change avoids or incurs."""
    refund: RefundPart | None = None
    """What comes back."""
    value: AmountPart | None = None
    """The charges of one whole term: what a limit in money counts."""
    weighed: AmountPart | None = None
    """What a limit in money counts instead, where the same plan makes `value` less: the charges as they were before."""
    extension: AmountPart | None = None
    """What a month of the paid extension costs that the change leads into."""
    side_effects: list[str] = Field(default_factory=list)
    """What else the change does or needs."""
    unknown: list[str] = Field(default_factory=list)
    """Names of fields that apply, and that the sources leave open."""
    instead_of: str | None = None
    """What the spec wished first, and why that was barred: the change is the fallback that it names."""


class TotalsPart(Part):
    """The sums of a plan, each currency apart."""

    avoided: list[SumPart]
    """The charges of one whole term of everything that ends."""
    incurred: list[SumPart]
    """The charges of one whole term of everything that goes on."""
    refunded: list[SumPart]
    """What comes back."""
    unknown: Count
    """Changes that move money whose sum is not known."""


class UndoPart(Part):
    """How a change that was made can be taken back."""

    possible: bool
    """Whether all that it moved can be as it was before."""
    how: str
    """What to do, or why nothing takes it back."""
    until: Instant | None
    """The first instant at which that no longer does it; null: no instant, or not possible at all."""
    keys: dict[str, Value]
    """What to write among the subscription's own keys."""
    facts: dict[str, Value]
    """What to write under its `facts`."""
    lost: list[str]
    """What had no value before: no spec can say so again."""
    later: str
    """What can be done after `until`, and what that means."""
    later_until: Day | None
    """The UTC day from which that cannot be done any more, as far as it is known."""

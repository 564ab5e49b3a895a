"""One subscription, one entry of the journal, one freeze: as models of the documents of `status` and `history`."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from reconciler.changes import Risk
from reconciler.documents.parts import AmountPart, Count, Day, Instant, Key, Part, Source, SumPart, Value
from reconciler.forecast import Occasion
from reconciler.journal import OutcomeKind
from reconciler.model import Cancel, Recurring, Status


class TermPart(Part):
    """A half-open period in UTC."""

    start: Instant
    """The first instant of it."""
    end: Instant
    """The first instant after it."""
    length: Literal["P1M", "P1Y", "P3Y"]
    """How long a term is, as an ISO 8601 duration."""


class UpcomingPart(Part):
    """What time brings next."""

    occasion: Occasion
    """What it is."""
    on: Day
    """The UTC day on which it happens; of `ends`, the day after the last one."""
    sure: bool
    """False: whether it ends, or goes on as a paid extension, is not known."""


class SubscriptionPart(Part):
    """One subscription as it stands."""

    subscription: Key
    """`account/name`."""
    external_id: str | None
    """The provider's own id."""
    product: str
    """The provider's own product code."""
    product_name: str
    """What to call it; the code itself where no name is known."""
    status: Status
    """The lifecycle stage."""
    provider_status: str | None
    """The provider's own word for the status."""
    recurring: Recurring
    """Whether it renews by itself."""
    cancellation: Cancel
    """What cancellation stands on it."""
    term: TermPart
    """The current term."""
    extended: bool = False
    """It is in a paid extension: its terms are months, whatever `term.length` says."""
    renews: Day | None
    """The day on which the next term starts; null where none will."""
    next: UpcomingPart | None = None
    """What time brings next, if nobody does anything. Null: of what is deleted, nothing more; else it is not known."""
    days_left: int | None = None
    """Whole UTC days from the day of `as_of` until that."""
    billing: Literal["P1M", "P1Y", "P3Y"] | None
    """How often it is charged, as an ISO 8601 duration."""
    price: str | None
    """Per seat and billing period: `20.60 EUR`."""
    seats: Count | None
    """How many."""
    last_charge: SumPart | None = None
    """What one billing period cost the last time, all seats together."""
    cost: AmountPart | None = None
    """The charges of one whole term, or of one month of a paid extension; null once it has ended."""
    owner: str | None
    """Who is responsible for it."""
    labels: dict[str, str] = Field(default_factory=dict)
    """Name by name."""
    protected: bool
    """Every ending change is refused."""
    managed: bool
    """A spec declares it now."""
    observed: Instant | None = None
    """When its provider last showed it, in real time; null: never, or its account is kept by us."""


class EntryPart(Part):
    """One journaled change or event of time: what, when, why, who decided and who applied."""

    run: str
    """The run that made it."""
    at: Instant
    """When, in real time."""
    as_of: Instant | None
    """The instant that it was recorded as of: another one where the run was given one."""
    allowed: list[str]
    """The `--allow` flags of its run: who applied went past these limits."""
    subscription: str
    """The key it had then."""
    kind: str
    """The verb, or of an event what happened."""
    outcome: OutcomeKind
    """What became of it; `intended` while its run is under way or was cut off, `accepted` while a person or the
    provider works on it."""
    error: str | None
    """Why it did not succeed."""
    note: str | None = None
    """How it is known what became of it, where that is not plain: settled by reading, the evidence of a task."""
    before: dict[str, Value]
    """Just what it moved, as it was."""
    after: dict[str, Value]
    """Just what it moved, as it became."""
    reason: str | None
    """The spec's own words."""
    actor: str
    """Who applied it."""
    commit: str | None
    """The commit that decided it."""
    commit_author: str | None
    """Who decided it."""
    ci_run: str | None
    """The CI run that applied it."""
    happened_at: Instant | None
    """Of an event: when it happened, which may be long before it was noticed; null for a change."""
    risk: Risk | None
    """Of a change: whether it could be taken back, as far as that was recorded."""
    reversible_until: Instant | None
    """The first instant at which it no longer could."""
    value: SumPart | None
    """The charges of one whole term that it ended or committed to."""
    source: Source | None
    """The spec value that asked for it, in that commit."""


class FreezePart(Part):
    """One freeze or thaw."""

    run: str
    """The run that it was."""
    at: Instant
    """When, in real time."""
    kind: Literal["freeze", "thaw"]
    """Which of the two."""
    reason: str | None
    """Why; of a thaw, why it was frozen."""
    actor: str
    """Who did it."""
    ci_run: str | None
    """The CI run that did it."""

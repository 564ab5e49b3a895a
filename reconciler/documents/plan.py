"""The lists of the plan's document as models: changes, what is none, what time did, and what is ahead."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from reconciler.changes import Kind, Risk
from reconciler.documents.consequences import ImpactPart, UndoPart
from reconciler.documents.parts import (
    AmountPart,
    Count,
    Day,
    Instant,
    Key,
    Part,
    Period,
    ProductPart,
    Source,
    Value,
)
from reconciler.events import EventKind


class SelectionPart(Part):
    """What narrowed a plan; `apply PLAN` is narrowed alike."""

    select: list[str]
    """The `--select` patterns; none selects all."""
    exclude: list[str]
    """The `--exclude` patterns."""
    paths: list[str]
    """The spec files and folders; none selects all."""


class BindingsPart(Part):
    """What a plan was made from. `apply PLAN` refuses another lineage or specs digest."""

    specs_digest: str
    """Of the spec files' paths and bytes."""
    settings_digest: str
    """Of the settings file's bytes."""
    store_lineage: str | None
    """The identity of the store; null while there is none and none is pinned."""
    store_serial: Count
    """How often the store had been written to."""
    commit: str | None
    """The commit the specs were read at; null outside a repository."""
    selection: SelectionPart
    """What it is narrowed to."""
    correct: list[str] = Field(default_factory=list)
    """The `--correct-drift` patterns: what was changed outside of these is undone, by `apply PLAN` too."""


class RefusalPart(Part):
    """A brake that holds: which one, on what, how many, how many may pass, and the exact way out."""

    limit: str
    """`max-changes`, `max-endings`, `max-cancel-now`, `max-spending`, `max-cancelled-value`, `max-spent-value`,
    `empty`, `frozen`, `new-store`, `other-store` or `wrong-account`."""
    scope: str
    """An account's name, or `run`."""
    count: Count | None
    """How many changes counted; null for a brake that does not count."""
    allowed: Count | None
    """How many may pass; null for a brake that does not count."""
    amount: str | None = None
    """Of a limit in money: how much the changes are worth; null for any other."""
    allowed_amount: str | None = None
    """Of a limit in money: how much may pass; null for any other."""
    detail: str
    """The brake with its numbers."""
    hint: str
    """The setting and the exact override."""


class ChangePart(Part):
    """One verb on one subscription."""

    subscription: Key
    """`account/name`; after a rename, the new name."""
    external_id: str | None
    """The provider's own id."""
    kind: Kind
    """The verb."""
    product: str | None
    """The provider's own product code."""
    product_name: str | None
    """What to call it; the code itself where no name is known."""
    before: dict[str, Value]
    """Just what the change moves, as it is stored."""
    after: dict[str, Value]
    """Just what the change moves, as it will be; free of instants that are set at apply."""
    reason: str | None
    """The spec's own words."""
    risk: Risk
    """Whether it can be taken back."""
    instead_of: str | None = None
    """What of the spec's wish the provider cannot tell from this change; null: it can tell all of it."""
    impact: ImpactPart
    """Money, dates and side effects. For people, and for the limits in money: not part of what is approved."""
    source: Source
    """The spec value that asks for it."""
    outcome: Literal["succeeded", "accepted", "failed", "unknown", "skipped"] | None = None
    """Of an apply: what became of it; `accepted`: a person or the provider works on it, and nothing is done yet."""
    error: str | None = None
    """Of an apply: why it did not succeed."""
    code: str | None = None
    """Of an apply: the stable code of an error at a provider."""
    note: str | None = None
    """Of an apply: how it is known what became of it, where that is not plain."""
    undo: UndoPart | None = None
    """Of an apply: how it can be taken back; null where it was not made."""


class BlockedPart(Part):
    """A wish that cannot be carried out as things stand."""

    subscription: Key
    """`account/name`."""
    kind: Kind
    """The verb that is wished."""
    product: str | None
    """The provider's own product code."""
    product_name: str | None
    """What to call it; the code itself where no name is known."""
    code: str
    """The reason code; stable, each has a page of its own."""
    detail: str
    """Why not."""
    hint: str
    """What to do instead."""
    source: Source
    """The spec value that asks for it."""


class ListedPart(Part):
    """A subscription that is shown, and left as it is."""

    subscription: Key
    """`account/name`."""
    product: str | None
    """The provider's own product code."""
    product_name: str | None
    """What to call it; the code itself where no name is known."""
    detail: str
    """What will happen to it."""
    hint: str
    """How to change that."""
    source: Source
    """Where the spec declares it."""


class DriftPart(Part):
    """What is stored differs from what was observed, through no act of ours."""

    subscription: Key
    """`account/name`."""
    field: str
    """Which of its values."""
    stored: Value
    """As the store has it."""
    observed: Value
    """As the provider tells it."""


class EventPart(Part):
    """One thing that time, or somebody outside, did to one subscription."""

    subscription: Key
    """`account/name`."""
    kind: EventKind
    """What happened."""
    product: str | None
    """The provider's own product code."""
    product_name: str | None
    """What to call it; the code itself where no name is known."""
    at: Instant
    """When it happened, not when it was noticed; of what a provider does not date, when it was observed."""
    before: dict[str, Value]
    """Just what it moved, as it was."""
    after: dict[str, Value]
    """Just what it moved, as it became."""


class ScheduledPart(Part):
    """A dated intent whose day is still to come."""

    subscription: Key
    """`account/name`."""
    on: Day
    """From 00:00 UTC of this day."""
    kind: Kind | None
    """The verb that it leads to as things stand; null where nothing is to do then."""
    product: str | None
    """The provider's own product code."""
    product_name: str | None
    """What to call it; the code itself where no name is known."""
    detail: str
    """What it sets, and why nothing comes of it where nothing does."""
    reason: str | None
    """The spec's own words."""
    impact: ImpactPart
    """What follows then."""
    source: Source
    """The entry of the schedule."""


class DecisionPart(Part):
    """Somebody's word that one renewal is meant to happen."""

    renewal: Annotated[Day, Field(alias="for")]
    """The renewal that it is for: the UTC day on which the next term starts."""
    by: str
    """Who decided."""
    note: str | None
    """What they said of it."""
    source: Source
    """Where it is declared."""


class DuePart(Part):
    """A renewal that is to come."""

    subscription: Key
    """`account/name`."""
    product: str | None
    """The provider's own product code."""
    product_name: str | None
    """What to call it; the code itself where no name is known."""
    on: Day
    """The UTC day on which the next term starts."""
    length: Period
    """For how long it commits, as an ISO 8601 duration."""
    value: AmountPart
    """The charges of the whole term that it commits to."""
    owner: str | None
    """Who is responsible for it."""
    managed: bool
    """A spec declares it now."""
    decided: DecisionPart | None
    """The decision for just this renewal; null: nobody has taken one."""
    source: Source | None
    """Where it is declared; null for an unmanaged one."""


class RulePart(Part):
    """One rule of the specs, and how many subscriptions it matched."""

    source: Source
    """Where it stands."""
    summary: str
    """What it matches and sets, in one line."""
    matched: Count
    """How many subscriptions it matched."""
    products: list[ProductPart]
    """The products among them."""

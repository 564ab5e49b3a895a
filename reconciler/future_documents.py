"""The JSON documents of `forecast`, `due` and `what-if` as models. Their docstrings are the published schemas' words.

Strict in what is known, open to what a later minor version adds. Imports pydantic, and is therefore imported only where
a schema is made.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from reconciler.changes import Kind
from reconciler.documents import DIALECT, Head
from reconciler.documents.consequences import ImpactPart
from reconciler.documents.estate import TermPart
from reconciler.documents.parts import AmountPart, Count, Currency, Day, Instant, Key, Part, Period
from reconciler.documents.plan import DuePart
from reconciler.forecast import Occasion
from reconciler.model import Cancel, Recurring, Status
from reconciler.what_if import Way

Month = Annotated[str, Field(pattern=r"^[0-9]{4}-[0-9]{2}$")]


class CashPart(Part):
    """An exact sum, which may be negative: a refund, or a difference."""

    amount: str
    """As people write it: `-20.60 EUR`."""
    minor: int
    """In the currency's minor units (ISO 4217)."""
    currency: Currency
    """The ISO 4217 code."""


class NumbersPart(Part):
    """What is ahead in some time. In a difference, every number may be negative."""

    cash: list[CashPart]
    """The charges that fall into it, less what is paid back, by currency."""
    charges_not_known: int
    """Charges whose sum is not known, and which `cash` lacks."""
    renewals: int
    """Of terms longer than a month."""
    monthly_renewals: int
    """Of monthly terms."""
    starts: int
    """First terms that begin."""
    extensions: int
    """Months of paid extensions that begin."""
    ends: int
    """Last terms that are over."""
    disabled: int
    """Accesses that end after the last term."""
    deleted: int
    """Subscriptions of which nothing comes back."""


class MonthPart(NumbersPart):
    """A calendar month (UTC)."""

    month: Month
    """Its year and number."""


class GroupPart(NumbersPart):
    """A group in the whole time, and month by month."""

    group: str | None
    """An account, an owner, a product code or a label's value; null for those without one, and where nothing groups."""
    months: list[MonthPart]
    """Every month of the time."""


class OccurrencePart(Part):
    """One thing that is ahead."""

    on: Day
    """The first UTC day of what begins then: of an end, the day after the last one."""
    subscription: Key
    """`account/name`."""
    occasion: Occasion
    """What it is."""


class SubjectPart(Part):
    """A subscription that was looked at."""

    subscription: Key
    """`account/name`."""
    product: str | None
    """The provider's own product code."""
    product_name: str | None
    """What to call it; the code itself where no name is known."""
    length: Period
    """How long a term is, as an ISO 8601 duration."""
    seats: Count | None
    """How many."""
    owner: str | None
    """Who is responsible for it."""
    managed: bool
    """A spec declares it now."""
    value: AmountPart
    """The charges of one whole term: what a renewal commits to."""


class FuturePart(Part):
    """What is ahead of an estate."""

    groups: list[GroupPart]
    """By their names."""
    total: GroupPart | None = None
    """All groups together; absent for a failure."""
    occurrences: list[OccurrencePart]
    """By day and key; renewals of monthly terms and months of extensions are only counted."""
    subscriptions: list[SubjectPart] = Field(default_factory=list)
    """By key; absent for a failure."""
    not_known: list[Key] = Field(default_factory=list)
    """Those with a charge whose sum is not known."""
    unforeseen: list[Key] = Field(default_factory=list)
    """Those whose future nobody can tell: suspended, or of a status not known."""


class DifferencePart(Part):
    """The other future less this one."""

    groups: list[GroupPart]
    """By their names."""
    total: GroupPart
    """All groups together."""


class ComparedPart(Part):
    """Another future of the same time."""

    what: str
    """What makes it differ, in words."""
    other: FuturePart
    """The other future."""
    difference: DifferencePart
    """The other one less this one."""


class ForecastDocument(Head, FuturePart):
    """What is ahead of the estate as an apply now would leave it."""

    until: Day | None = None
    """The last day that was looked at; absent for a failure."""
    by: str | None = None
    """What the groups are: `month` (a single one), `account`, `owner`, `product` or `label:NAME`."""
    compared: ComparedPart | None = None
    """Another future, where one was asked for."""


class DueDocument(Head):
    """The renewals that nobody has decided."""

    until: Day | None = None
    """The last day that was looked at; absent for a failure."""
    due: list[DuePart]
    """By day and key."""
    sums: list[CashPart] = Field(default_factory=list)
    """What they commit to, by currency."""
    not_known: Count = 0
    """Renewals whose sum is not known."""


class BlockedWayPart(Part):
    """What bars a way."""

    kind: Kind
    """The verb that is barred."""
    code: str
    """The reason code; stable, each has a page of its own."""
    detail: str
    """Why not."""
    hint: str
    """What to do instead."""


class WayPart(Part):
    """What one wish would come to. Where it is blocked, nothing but that is told."""

    way: Way
    """Recurring billing on or off, cancelled at the renewal, or cancelled now."""
    wished: bool
    """The specs say so now."""
    change: Kind | None
    """The verb that a plan would hold; null where it stands so already, or is blocked."""
    blocked: BlockedWayPart | None
    """What bars it."""
    renews: Day | None
    """The day on which the next term starts."""
    last_day: Day | None
    """The last UTC day of the last term, or the day on which access is lost at once."""
    access_ends: Instant | None
    """When users lose access."""
    data_deleted: Day | None
    """The first UTC day on which nothing can be brought back."""
    data_gone_by: Day | None
    """The day by which the vendor has wiped it, where that may be later."""
    not_known: list[str]
    """Names of fields that apply, and that the sources leave open."""
    reversible_until: Instant | None
    """The first instant at which the change can no longer be taken back."""
    extension: AmountPart | None
    """What a month of the paid extension costs that it leads into, or would."""
    cash: list[CashPart]
    """What is charged in the next months, less what is paid back, by currency."""
    charges_not_known: Count
    """Charges and refunds of that time whose sum is not known."""
    impact: ImpactPart
    """Everything that follows from the change."""


class WhatIfDocument(Head):
    """One subscription four ways."""

    subscription: Key | None = None
    """`account/name`; absent for a failure, like all that it is."""
    product: str | None = None
    """The provider's own product code."""
    product_name: str | None = None
    """What to call it; the code itself where no name is known."""
    status: Status | None = None
    """The lifecycle stage."""
    recurring: Recurring | None = None
    """Whether it renews by itself."""
    cancellation: Cancel | None = None
    """What cancellation stands on it."""
    term: TermPart | None = None
    """The current term."""
    months: Count | None = None
    """So far ahead `cash` is added up."""
    ways: list[WayPart]
    """On, off, at renewal and now, in this order."""


Name = Literal["forecast", "due", "what-if"]
NAMES: tuple[Name, ...] = ("forecast", "due", "what-if")
_DOCUMENTS: dict[Name, type[Head]] = {"forecast": ForecastDocument, "due": DueDocument, "what-if": WhatIfDocument}


def schema(name: Name) -> dict[str, Any]:
    """The JSON Schema (2020-12) of a document."""
    return {"$schema": DIALECT, **_DOCUMENTS[name].model_json_schema()}

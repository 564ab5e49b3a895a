"""The estate at a glance: one row for each subscription.

Pure values to text. Rows are handed in as they stand now; nothing is computed here but words.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from reconciler.model import (
    Cancel,
    Money,
    Recurring,
    Status,
    StoredSubscription,
    SubscriptionKey,
    Term,
    TermLength,
    money_text,
)
from reconciler.views.paint import BLANK, Line, Piece, Style, paint, shorten, table
from reconciler.views.words import NameOf, counted, day, last_day

_CELL = 60
_PERIODS = {TermLength.MONTHLY: "month", TermLength.ANNUAL: "year", TermLength.TRIENNIAL: "3 years"}


@dataclass(frozen=True, slots=True)
class StatusRow:
    """One subscription as `status` shows it."""

    subscription: SubscriptionKey
    product: str
    product_name: str
    status: Status
    recurring: Recurring
    cancellation: Cancel
    term: Term
    length: TermLength
    renews: date | None
    """The UTC day on which the next term starts; None where none will."""
    billing: TermLength | None = None
    price: Money | None = None
    """Per seat and billing period."""
    seats: int | None = None
    owner: str | None = None
    protected: bool = False
    managed: bool = True
    """A spec declares it now."""
    provider_status: str | None = None
    external_id: str | None = None


def status_row(row: StoredSubscription, names: NameOf, *, managed: bool) -> StatusRow:
    """The row of a record that was brought to now (`lifecycle.at`)."""
    return StatusRow(
        subscription=row.key,
        product=row.product,
        product_name=names(row.key.account, row.product),
        status=row.status,
        recurring=row.recurring,
        cancellation=row.cancellation,
        term=row.term,
        length=row.length,
        renews=row.term.end.date() if row.recurring is Recurring.ON and not row.status.ended else None,
        billing=row.billing,
        price=row.price,
        seats=row.seats,
        owner=row.owner,
        protected=row.protected,
        managed=managed,
        provider_status=row.provider_status,
        external_id=row.id,
    )


def status_text(rows: Sequence[StatusRow], *, colour: bool = False) -> str:
    """All rows by key, in aligned columns, and a line that counts them."""
    return paint(status_lines(rows), colour=colour)


def status_lines(rows: Sequence[StatusRow]) -> list[Line]:
    """The same as styled lines."""
    if not rows:
        return [(Piece("No subscriptions are stored.", Style.STRONG),)]
    heading = ("subscription", "product", "status", "recurring", "next", "seats", "price", "owner", "")
    ordered = sorted(rows, key=lambda row: row.subscription)
    cells = [tuple(shorten(cell, _CELL) for cell in _cells(row)) for row in ordered]
    used = [index for index in range(len(heading)) if any(row[index] for row in cells)]
    numbers = frozenset(place for place, index in enumerate(used) if heading[index] in ("seats", "price"))
    lines = table([[row[index] for index in used] for row in (heading, *cells)], right=numbers)
    return [*lines, BLANK, (Piece(_counts(ordered), Style.STRONG),)]


def _cells(row: StatusRow) -> tuple[str, ...]:
    return (
        str(row.subscription),
        row.product_name,
        row.status.value,
        row.recurring.value,
        upcoming(row),
        "" if row.seats is None else f"{row.seats:,}",
        price_words(row),
        row.owner or "",
        ", ".join([*(["protected"] if row.protected else []), *([] if row.managed else ["unmanaged"])]),
    )


def upcoming(row: StatusRow) -> str:
    """What time brings next: `renews 14 Feb 2027`, `last day 29 Nov 2026`, `starts 1 Jan 2027`."""
    if row.status is Status.SCHEDULED:
        return f"starts {day(row.term.start)}"
    if row.status.ended:
        return "cancelled" if row.cancellation is Cancel.IMMEDIATELY else f"ended {last_day(row.term.end)}"
    if row.renews is not None:
        return f"renews {day(row.renews)}"
    cancelled = "cancelled, " if row.cancellation is Cancel.AT_RENEWAL else ""
    return f"{cancelled}last day {last_day(row.term.end)}"


def price_words(row: StatusRow) -> str:
    """The price of a seat and how often it is charged."""
    if row.price is None:
        return ""
    return money_text(row.price) if row.billing is None else f"{money_text(row.price)} / {_PERIODS[row.billing]}"


def _counts(rows: Sequence[StatusRow]) -> str:
    by_status = Counter(row.status for row in rows)
    parts = [f"{by_status[status]:,} {status}" for status in Status if by_status[status]]
    unmanaged = sum(1 for row in rows if not row.managed)
    beside = f"; {unmanaged:,} unmanaged" if unmanaged else ""
    return f"{counted(len(rows), 'subscription')}: {', '.join(parts)}{beside}."

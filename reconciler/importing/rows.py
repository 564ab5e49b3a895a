"""One row of an imported file as values, and the columns that it may have.

Frozen vocabulary of this package; reading and checking cells is the work of `read` and `cells`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from reconciler.diagnostics import Location
from reconciler.model import Cancel, Money, Recurring, TermLength, money_text

REQUIRED = ("name", "product", "term", "start")
"""Columns that the header must have, and no row may leave empty."""
OPTIONAL = ("recurring", "cancel", "billing", "seats", "price", "last_charge", "owner", "id", "labels")
"""Columns that may be absent; an empty cell says nothing."""
COLUMNS = REQUIRED + OPTIONAL


@dataclass(frozen=True, slots=True)
class ImportedRow:
    """What one row states; None is not stated."""

    place: Location
    """Where its name stands."""
    name: str
    """As people know it; the spec's name is made from it."""
    product: str
    term: TermLength
    start: date
    recurring: Recurring | None = None
    cancel: Cancel | None = None
    """None or at-renewal: an export tells what stands, and an immediate cancellation leaves nothing to import."""
    billing: TermLength | None = None
    seats: int | None = None
    price: Money | None = None
    last_charge: Money | None = None
    owner: str | None = None
    id: str | None = None
    labels: Mapping[str, str] | None = None

    @property
    def states_pair(self) -> bool:
        """Whether the row says anything about recurring billing or a cancellation."""
        return self.recurring is not None or self.cancel is not None


def stated(row: ImportedRow) -> tuple[str, ...]:
    """Everything that the row says, as texts in a fixed order: equal just for rows that say the very same."""
    labels = sorted((row.labels or {}).items())
    return (
        *purchase(row),
        row.recurring or "",
        row.cancel or "",
        row.billing or "",
        "" if row.seats is None else str(row.seats),
        "" if row.price is None else money_text(row.price),
        "" if row.last_charge is None else money_text(row.last_charge),
        row.owner or "",
        row.id or "",
        *(part for pair in labels for part in pair),
    )


def purchase(row: ImportedRow) -> tuple[str, str, str, str]:
    """What a row without an id is known by in a later export: name, product, term and start."""
    return (row.name, row.product, row.term.value, row.start.isoformat())


def recorded_pair(row: ImportedRow) -> tuple[Recurring, Cancel]:
    """The pair that the row's record begins with: what it states, and otherwise that it renews."""
    cancel = row.cancel or Cancel.NONE
    off = row.recurring is Recurring.OFF or cancel is Cancel.AT_RENEWAL
    return (Recurring.OFF if off else Recurring.ON, cancel)

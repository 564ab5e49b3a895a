"""One stored subscription as people look at it: what it is, what time brings next and when, what a term of it costs.

Pure values and words. Rows are handed in as they stand now; how they are laid out is for `status_table`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple

from reconciler.consequences import Amount
from reconciler.events import EventKind
from reconciler.forecast import Occasion
from reconciler.lifecycle import extends, next_step
from reconciler.model import Cancel, Recurring, Status, StoredSubscription, SubscriptionKey, TermLength, money_text
from reconciler.money import amount_of_term
from reconciler.policy import Lifecycle
from reconciler.rulebook import Rulebook
from reconciler.views.consequences import sums_of
from reconciler.views.outside import age_words
from reconciler.views.words import NameOf, counted, day, last_day, listed

PERIODS = {TermLength.MONTHLY: "month", TermLength.ANNUAL: "year", TermLength.TRIENNIAL: "3 years"}


class Upcoming(NamedTuple):
    """What time brings next, if nobody does anything."""

    occasion: Occasion
    on: date
    """The UTC day on which it happens; of an end, the day after the last one."""
    sure: bool = True
    """False: whether it ends, or goes on as a paid extension, is not known."""


@dataclass(frozen=True, slots=True)
class StatusRow:
    """One subscription as `status` and `show` tell of it."""

    record: StoredSubscription
    """As it stands now."""
    product_name: str
    managed: bool
    """A spec declares it now."""
    upcoming: Upcoming | None
    """None: nothing more will happen to what is deleted; of any other, what comes is not known."""
    days_left: int | None
    """Whole UTC days from today until that."""
    cost: Amount | None
    """The charges of one whole term; None once it has ended."""
    observed: datetime | None = None
    """When its provider last showed it, in real time; None: never, or we keep its account ourselves."""
    age: timedelta = timedelta()
    """How long ago that was."""

    @property
    def renews(self) -> date | None:
        """The UTC day on which the next term starts; None where none will."""
        renewing = self.record.recurring is Recurring.ON and not self.record.status.ended
        return self.record.term.end.date() if renewing else None

    @property
    def charged_for(self) -> TermLength:
        """What `cost` is for: a paid extension's terms are months, whatever the record's length says."""
        return TermLength.MONTHLY if self.record.extended else self.record.length


def status_row(
    row: StoredSubscription,
    names: NameOf,
    *,
    managed: bool,
    now: datetime,
    rulebook: Rulebook | None = None,
    observed: Mapping[SubscriptionKey, datetime] | None = None,
) -> StatusRow:
    """The row of a record that was brought to now (`lifecycle.at`), an aware instant.

    `observed` says when the provider of each last showed it.
    """
    rules = rulebook or Rulebook()
    seen = None if observed is None else observed.get(row.key)
    coming = upcoming(row, rules.lifecycles.get(row.key.account), now)
    return StatusRow(
        record=row,
        product_name=names(row.key.account, row.product),
        managed=managed,
        upcoming=coming,
        days_left=None if coming is None else (coming.on - now.astimezone(UTC).date()).days,
        cost=None if row.status.ended else amount_of_term(row, rules),
        observed=seen,
        age=timedelta() if seen is None else now - seen,
    )


_OCCASIONS = {
    EventKind.STARTED: Occasion.STARTS,
    EventKind.RENEWED: Occasion.RENEWS,
    EventKind.EXTENDED: Occasion.EXTENDED,
    EventKind.EXPIRED: Occasion.ENDS,
    EventKind.DISABLED: Occasion.DISABLED,
    EventKind.DELETED: Occasion.DELETED,
}


def upcoming(row: StoredSubscription, lifecycle: Lifecycle | None, now: datetime) -> Upcoming | None:
    """What comes next by the policy; without one, what the record's own dates say, as long as they lie ahead."""
    if lifecycle is None:
        return _by_its_dates(row, now)
    step = next_step(row, lifecycle)
    if step is None:
        return None
    on = step.at.date()
    if row.status is not Status.ACTIVE or step.kind in (EventKind.RENEWED, EventKind.EXTENDED):
        return Upcoming(_OCCASIONS[step.kind], on)
    # Whatever stage follows on the last term: what people ask first is until when there is one.
    return Upcoming(Occasion.ENDS, on, row.cancellation is not Cancel.NONE or extends(row, lifecycle) is not None)


def _by_its_dates(row: StoredSubscription, now: datetime) -> Upcoming | None:
    if row.status is Status.SCHEDULED and row.term.start > now:
        return Upcoming(Occasion.STARTS, row.term.start.date())
    if row.status is not Status.ACTIVE or row.term.end <= now:
        return None
    occasion = Occasion.RENEWS if row.recurring is Recurring.ON else Occasion.ENDS
    return Upcoming(occasion, row.term.end.date())


def next_words(row: StatusRow) -> str:
    """That in words: `renews 14 Feb 2027`, `ends 29 Nov 2026`, which is the last day, `disabled 30 Dec 2026`."""
    coming = row.upcoming
    if coming is None:
        return "" if row.record.status is Status.DELETED else "not known"
    if coming.occasion is Occasion.ENDS:
        return f"ends {last_day(coming.on)}{'' if coming.sure else ' or extends'}"
    return f"{coming.occasion} {day(coming.on)}"


def recurring_words(row: StatusRow) -> str:
    """Whether it renews by itself, with the cancellation where one is pending."""
    record = row.record
    pending = record.cancellation is not Cancel.NONE and not record.status.ended
    return f"{record.recurring}, cancelled" if pending else record.recurring.value


def observed_words(row: StatusRow) -> str:
    """How long ago its provider showed it: `6 h ago`; empty where it never did."""
    return "" if row.observed is None else age_words(row.age)


def price_words(record: StoredSubscription) -> str:
    """The price of a seat and how often it is charged."""
    return "" if record.price is None else f"{money_text(record.price)} / {PERIODS[record.billing]}"


def summary(rows: Iterable[StatusRow]) -> str:
    """How many by status, how many unmanaged, and what their terms cost by currency."""
    statuses, sums, unmanaged, unknown = Counter[Status](), Counter[str](), 0, 0
    for row in rows:
        statuses[row.record.status] += 1
        unmanaged += not row.managed
        if row.cost is not None and row.cost.money is not None:
            sums[row.cost.money.currency] += row.cost.money.minor
        elif row.cost is not None:
            unknown += 1
    found = ", ".join(f"{statuses[status]:,} {status}" for status in Status if statuses[status])
    parts = [f"{counted(statuses.total(), 'subscription')}: {found}"]
    parts += [f"{unmanaged:,} unmanaged"] if unmanaged else []
    money = [*([f"{listed(sums_of(sums), len(sums))} for one term of each"] if sums else [])]
    money += [f"{counted(unknown, 'sum')} not known"] if unknown else []
    return f"{'; '.join([*parts, *([', '.join(money)] if money else [])])}."

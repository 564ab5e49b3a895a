"""The course of one record from now to a day ahead: what happens on which day, and which charges fall when.

Pure. Time's own part is `lifecycle.advance`; a record that renews is stepped by arithmetic instead, as its next sixty
terms need no look at any rule. Dated intents take effect on their day, as if an apply ran that day.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import NamedTuple

from reconciler.changes import Kind
from reconciler.consequences import Amount
from reconciler.effects import carried_out
from reconciler.events import Event, EventKind
from reconciler.forecast import Occasion
from reconciler.lifecycle import advance, extends
from reconciler.model import Cancel, DesiredSubscription, Recurring, ScheduledIntent, Status, StoredSubscription
from reconciler.money import amount_of_cycle, extension_amount
from reconciler.policy import Lifecycle
from reconciler.rulebook import Rulebook
from reconciler.schedule import on_its_day, to_come
from reconciler.terms import add_months, midnight, next_start, term_at


class Series(NamedTuple):
    """Days that follow on each other by so many months, counted from the anchor and clamped to the month's end."""

    anchor: date
    months: int
    first: date
    times: int

    def days(self) -> Iterator[date]:
        """Each of them, in order."""
        yield self.first
        if self.times == 1:
            return
        # Only the first one may lie beside the series: from the second on, each is so many months from the anchor.
        anchor, second = self.anchor, next_start(self.anchor, self.months, self.first)
        months = (second.year - anchor.year) * 12 + second.month - anchor.month
        for number in range(self.times - 1):
            yield add_months(anchor, months + number * self.months)


class Charged(NamedTuple):
    """The same charge on each day of a series."""

    series: Series
    amount: Amount
    extension: bool | None = False
    """It is for months of a paid extension; None: whether that follows is not known."""


@dataclass(slots=True)
class Course:
    """What is ahead of one record; grows from one instant to the next."""

    row: StoredSubscription
    """As it stands at `at`, until time has passed for the last time."""
    at: datetime
    occurrences: list[tuple[date, Occasion]] = field(default_factory=list)
    renewals: list[Series] = field(default_factory=list)
    """Apart from the occurrences, for there are many and they are regular."""
    charges: list[Charged] = field(default_factory=list)


def course(
    row: StoredSubscription,
    wanted: DesiredSubscription | None,
    rulebook: Rulebook,
    now: datetime,
    until: datetime,
) -> Course:
    """What is ahead of a record that stands at now (see `lifecycle.advance`), after now and up to that instant."""
    ahead = Course(row, now)
    _follow(ahead, wanted, rulebook, until)
    _pass_time(ahead, rulebook, until, onwards=False)
    return ahead


def _follow(ahead: Course, wanted: DesiredSubscription | None, rulebook: Rulebook, until: datetime) -> None:
    """Let time pass to the last dated intent up to that instant, each carried out on its day."""
    if wanted is None or not wanted.schedule:
        return
    for entry in to_come(wanted, ahead.at.date()):
        if midnight(entry.day) <= until:
            _pass_time(ahead, rulebook, midnight(entry.day), onwards=True)
            _intend(ahead, wanted, entry, rulebook)


def renewing(row: StoredSubscription) -> StoredSubscription:
    """The record as its own terms go on: out of a paid extension, if it is in one."""
    return replace(row, extended=False) if row.extended else row


def last_instant(day: date) -> datetime:
    """The last second of a UTC day."""
    return midnight(day) + timedelta(days=1, seconds=-1)


def _intend(ahead: Course, wanted: DesiredSubscription, entry: ScheduledIntent, rulebook: Rulebook) -> None:
    """Carry a dated intent out on its day; where it is blocked, the record stays as it is."""
    _, change = on_its_day(wanted, entry, ahead.row, rulebook, ahead.at)
    if change is None:
        return
    ahead.row = carried_out(change, ahead.row, ahead.at)
    if change.kind is Kind.REACTIVATE:
        # Its first term starts this very day, and so does the first billing cycle.
        ahead.occurrences.append((entry.day, Occasion.STARTS))
        ahead.charges.append(Charged(Series(entry.day, 1, entry.day, 1), amount_of_cycle(ahead.row, rulebook)))


def _pass_time(ahead: Course, rulebook: Rulebook, until: datetime, *, onwards: bool) -> None:
    """Let time pass up to that instant; `onwards`: the record is looked at then."""
    row = ahead.row
    lifecycle = rulebook.lifecycles.get(row.key.account)
    if row.recurring is Recurring.ON and (row.status is Status.ACTIVE or row.status is Status.SCHEDULED):
        _renew(ahead, lifecycle, until, rulebook)
        if onwards:
            ahead.row = _renewed(row, lifecycle, until)
    elif row.status is Status.ACTIVE or row.status is Status.SCHEDULED:
        _end(ahead, lifecycle, until, rulebook)
    else:
        advanced = advance(row, lifecycle, until)
        _tell(ahead, advanced.events)
        ahead.row = advanced.row
    ahead.at = until


_DAY = timedelta(days=1)


def _renew(ahead: Course, lifecycle: Lifecycle | None, until: datetime, rulebook: Rulebook) -> None:
    """Term follows on term."""
    row, after, last = ahead.row, ahead.at.date(), until.date()
    start, end = row.term.start.date(), row.term.end.date()
    if row.status is Status.SCHEDULED and after < start <= last:
        ahead.occurrences.append((start, Occasion.STARTS))
    anchor, months = _anchor(row, lifecycle), row.length.months
    if end <= after:
        end = next_start(anchor, months, after)  # nobody has told of the renewals since
    if end <= last:
        second = next_start(anchor, months, end)
        times = 1 if second > last else 1 + _steps(anchor, months, second, last)
        ahead.renewals.append(Series(anchor, months, end, times))
    if row.extended:
        # The month of the extension was charged when it began, at a price of its own.
        row, after = renewing(row), end - _DAY
    _charge(ahead, row, anchor, after, last, rulebook)


def _anchor(row: StoredSubscription, lifecycle: Lifecycle | None) -> date:
    """What the terms of a record that renews are counted from."""
    if lifecycle is None:
        return row.term.start.date()  # its provider tells its dates, and they need not lie on our series
    return row.term.end.date() if row.extended else row.anchor


def _renewed(row: StoredSubscription, lifecycle: Lifecycle | None, until: datetime) -> StoredSubscription:
    """The record as it stands at that instant."""
    if lifecycle is not None:
        return advance(row, lifecycle, until).row
    return row if until < row.term.end else replace(row, term=term_at(row.term.start.date(), row.length, until))


def _end(ahead: Course, lifecycle: Lifecycle | None, until: datetime, rulebook: Rulebook) -> None:
    """The last term, and what follows on it by the policy."""
    row, after, end = ahead.row, ahead.at.date(), ahead.row.term.end.date()
    if not row.extended and row.cancellation is not Cancel.IMMEDIATELY:
        anchor = row.anchor if lifecycle is not None else row.term.start.date()
        _charge(ahead, row, anchor, after, min(until.date(), end - _DAY), rulebook)
    if lifecycle is None:
        # What follows then is its provider's to say.
        if after < end <= until.date():
            ahead.occurrences.append((end, Occasion.ENDS))
            if row.cancellation is Cancel.NONE:
                _perhaps_extend(ahead, row, end, rulebook)
        return
    advanced = advance(row, lifecycle, until)
    _tell(ahead, advanced.events)
    months = [event.at.date() for event in advanced.events if event.kind is EventKind.EXTENDED]
    if months:
        # Each month of an extension is charged when it begins.
        months_charged = Series(row.anchor, 1, months[0], len(months))
        ahead.charges.append(Charged(months_charged, extension_amount(row, rulebook), extension=True))
    if extends(row, lifecycle) is None and any(event.kind is EventKind.EXPIRED for event in advanced.events):
        _perhaps_extend(ahead, row, end, rulebook)
    ahead.row = advanced.row


def _perhaps_extend(ahead: Course, row: StoredSubscription, end: date, rulebook: Rulebook) -> None:
    """Its rules leave open what follows on the last term: one charge that is not known stands for all of them."""
    ahead.charges.append(Charged(Series(end, 1, end, 1), extension_amount(row, rulebook), extension=None))


def _tell(ahead: Course, events: tuple[Event, ...]) -> None:
    """What time did, as people ask for it: when the last term is over, when access is lost, when all is gone."""
    status = ahead.row.status
    for event in events:
        on = event.at.date()
        match event.kind:
            case EventKind.STARTED:
                ahead.occurrences.append((on, Occasion.STARTS))
                status = Status.ACTIVE
            case EventKind.EXTENDED:
                ahead.occurrences.append((on, Occasion.EXTENDED))
            case EventKind.EXPIRED:
                ahead.occurrences.append((on, Occasion.ENDS))
                status = Status.EXPIRED
            case EventKind.DISABLED:
                ahead.occurrences.append((on, Occasion.ENDS if status is Status.ACTIVE else Occasion.DISABLED))
                status = Status.DISABLED
            case EventKind.DELETED:
                if status is Status.ACTIVE:
                    ahead.occurrences.append((on, Occasion.ENDS))
                ahead.occurrences.append((on, Occasion.DELETED))
            case EventKind.RENEWED:  # pragma: no cover - what renews is stepped by arithmetic
                raise ValueError(f"{event.key} renews though it does not recur")
            case EventKind.SUSPENDED | EventKind.RESUMED | EventKind.NOTICED:  # pragma: no cover - providers tell these
                raise ValueError(f"{event.key}: time alone does not bring {event.kind}")


def _charge(ahead: Course, row: StoredSubscription, anchor: date, after: date, last: date, rulebook: Rulebook) -> None:
    """The charges after one day, up to and including another."""
    months = row.billing.months
    first = anchor if after < anchor else next_start(anchor, months, after)
    if first <= last:
        series = Series(anchor, months, first, _steps(anchor, months, first, last))
        ahead.charges.append(Charged(series, amount_of_cycle(row, rulebook)))


def _steps(anchor: date, months: int, first: date, last: date) -> int:
    """How many days of the series there are from the first one, which is one of them, to the last day."""
    beyond = next_start(anchor, months, last)
    return ((beyond.year - first.year) * 12 + beyond.month - first.month) // months

"""Term arithmetic: half-open UTC terms counted from the anchor, clamped to the month's end, and never from each other.

Pure, and exact: 31 January is followed by 28 February and then by 31 March, as the anchor is what is counted from
(the rule of Stripe's billing cycle anchor; what Microsoft does later than the first renewal is not published).
"""

from __future__ import annotations

from calendar import monthrange
from datetime import UTC, date, datetime, time

from reconciler.model import Term, TermLength

_MIDNIGHT = time(tzinfo=UTC)


def add_months(anchor: date, months: int) -> date:
    """The anchor's day that many months on, clamped to the month's end; OverflowError after the year 9999."""
    index = anchor.year * 12 + anchor.month - 1 + months
    year, month = divmod(index, 12)
    if year > 9999:
        raise OverflowError("a term ends after the year 9999")
    # Every month has 28 days: only a later day can need the slow question how long this one is.
    day = anchor.day if anchor.day <= 28 else min(anchor.day, monthrange(year, month + 1)[1])
    return date(year, month + 1, day)


def midnight(day: date) -> datetime:
    """The day's first instant, in UTC."""
    return datetime.combine(day, _MIDNIGHT)


def term_at(anchor: date, length: TermLength, now: datetime) -> Term:
    """The term that contains now, always computed from the anchor; the first one while now lies before it."""
    start, end = term_days(anchor, length, now.astimezone(UTC).date())
    return Term(midnight(start), midnight(end))


def term_days(anchor: date, length: TermLength, today: date) -> tuple[date, date]:
    """The same by days: the first day of the term that contains today, and that of the next term."""
    months = length.months
    index = _index(anchor, months, today)
    return add_months(anchor, index * months), add_months(anchor, (index + 1) * months)


def next_start(anchor: date, months: int, day: date) -> date:
    """The first day, after this one, of the series that steps by so many months from the anchor."""
    return add_months(anchor, (_index(anchor, months, day) + 1) * months)


def _index(anchor: date, months: int, day: date) -> int:
    """Which step of the series contains the day; the first one for a day before the anchor."""
    elapsed = (day.year - anchor.year) * 12 + day.month - anchor.month
    index = elapsed // months
    if index <= 0:
        return 0
    # Only in the month of a step can the day lie before it; and only before the anchor's day of the month.
    if elapsed == index * months and day.day < anchor.day and add_months(anchor, elapsed) > day:
        index -= 1
    return index

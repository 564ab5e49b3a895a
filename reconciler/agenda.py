"""The days that somebody should have in a calendar: renewals, extensions, last days, the last days to cancel at once.

Pure. Must not know what a calendar file is.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from enum import StrEnum

from reconciler.consequences import Amount
from reconciler.diagnostics import Place
from reconciler.endings import NOTHING_KNOWN
from reconciler.forecast import Occasion, Subject
from reconciler.foresee import Estate, foresee
from reconciler.model import Decision, Status, StoredSubscription, SubscriptionKey, TermLength
from reconciler.money import extension_amount
from reconciler.policy import Lifecycle
from reconciler.terms import midnight


class Matter(StrEnum):
    """What a day is about."""

    RENEWAL = "renewal"
    """The day on which the next term starts."""
    LAST_DAY = "last-day"
    """Of the last term."""
    EXTENSION = "extension"
    """The day on which a paid extension starts; of one that is under way, its next month."""
    WINDOW = "window"
    """The last day on which the term that just began can be cancelled at once."""


@dataclass(frozen=True, slots=True)
class Appointment:
    """One day of one subscription."""

    day: date
    key: SubscriptionKey
    matter: Matter
    subject: Subject
    decided: Decision | None = None
    """Of a renewal: who wants it."""
    place: Place | None = None
    """Where it is declared."""
    month: Amount | None = None
    """Of an extension: what a month of it costs."""
    under_way: bool = False
    """Of an extension: it has started already."""
    perhaps_extended: bool = False
    """Of a last day: whether a paid extension follows on it is not known."""


def agenda(estate: Estate, until: date, *, monthly: bool = False) -> tuple[Appointment, ...]:
    """The days after the estate's instant, up to and including `until`, by day and key.

    Renewals of monthly terms, and the windows that they open, only with `monthly`: they would hide all others.
    """
    forecast = foresee(estate, until, monthly=monthly)
    found = []
    perhaps, extended = frozenset(forecast.perhaps_extended), set()
    for item in forecast.occurrences:
        row, subject = estate.rows[item.key], forecast.subjects[item.key]
        if item.occasion is Occasion.ENDS:
            last = _appointment(estate, item.on - timedelta(days=1), Matter.LAST_DAY, subject)
            found.append(replace(last, perhaps_extended=item.key in perhaps))
        if item.occasion is Occasion.EXTENDED and item.key not in extended:
            extended.add(item.key)
            starts = _appointment(estate, item.on, Matter.EXTENSION, subject)
            month = extension_amount(row, estate.rulebook)
            found.append(replace(starts, month=month, under_way=row.extended))
        if not monthly and subject.length is TermLength.MONTHLY:
            continue
        if item.occasion is Occasion.RENEWS:
            found.append(_appointment(estate, item.on, Matter.RENEWAL, subject))
        if item.occasion is Occasion.RENEWS or item.occasion is Occasion.STARTS:
            found += _windows(estate, row, item.on, subject, until)
    for key, row in estate.rows.items():
        if row.status is Status.ACTIVE and (monthly or row.length is not TermLength.MONTHLY):
            found += _windows(estate, row, row.term.start.date(), forecast.subjects[key], until)
    return tuple(sorted(found, key=lambda item: (item.day, item.key, item.matter)))


def _appointment(estate: Estate, day: date, matter: Matter, subject: Subject) -> Appointment:
    wanted = estate.desired.get(subject.key)
    decided = None if wanted is None or matter is not Matter.RENEWAL else wanted.decided
    place = None if wanted is None else wanted.place
    return Appointment(
        day, subject.key, matter, subject, decided if decided is not None and decided.day == day else None, place
    )


def _windows(
    estate: Estate, row: StoredSubscription, start: date, subject: Subject, until: date
) -> Iterator[Appointment]:
    """The last day of the window that a term opens, where it has one and that is still ahead."""
    lifecycle = estate.rulebook.lifecycles.get(row.key.account, NOTHING_KNOWN)
    closes = _closes(row, start, lifecycle)
    if closes is None or closes <= max(estate.as_of, midnight(start)):
        return
    last = (closes - timedelta(microseconds=1)).date()
    if last <= until and _few_enough(row, lifecycle, last):
        yield _appointment(estate, last, Matter.WINDOW, subject)


def _closes(row: StoredSubscription, start: date, lifecycle: Lifecycle) -> datetime | None:
    try:
        return lifecycle.window_closes(midnight(start), midnight(row.anchor))
    except OverflowError:
        return None


def _few_enough(row: StoredSubscription, lifecycle: Lifecycle, day: date) -> bool:
    """Whether it has no more seats than can be cancelled at once."""
    limit = lifecycle.seats.at(day)
    return limit is None or limit.most is None or row.seats is None or row.seats <= limit.most

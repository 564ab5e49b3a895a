"""The ledger lives in time: what the passing of time alone does to a record, by the policy of its channel.

Pure: now is handed in. Each step follows from the record and the policy alone, never from when it is noticed, so that
looking every day and looking once a year come to the same. It never goes backwards.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, make_dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache
from operator import attrgetter
from types import MappingProxyType
from typing import Any, NamedTuple, assert_never

from reconciler.events import Event, EventKind
from reconciler.model import Cancel, Recurring, Status, StoredSubscription, Term
from reconciler.policy import Lifecycle
from reconciler.terms import midnight, next_start


class Advanced(NamedTuple):
    """A record as time left it, and what happened on the way, each event at its own instant."""

    row: StoredSubscription
    events: tuple[Event, ...]


class Step(NamedTuple):
    """The next thing that time does to a record."""

    at: datetime
    kind: EventKind


def advance(row: StoredSubscription, lifecycle: Lifecycle | None, now: datetime) -> Advanced:
    """The record as it stands at now, with every event since it was recorded, in their order; never backwards.

    Without a lifecycle (an outside provider tells its own dates; an account that is declared no more has no rules that
    we know) it is left as it is. Idempotent, and the same over any instants in between. A renewal beyond the year 9999
    does not happen.
    """
    if lifecycle is None or now < _restless_from(row):
        return Advanced(row, ())
    events: list[Event] = []
    step = next_step(row, lifecycle)
    while step is not None and step.at <= now:
        after = _stepped(row, step.kind)
        if after is None:
            break
        events.append(_event(row, after, step))
        row = after
        step = None if now < _restless_from(row) else next_step(row, lifecycle)
    return Advanced(row, tuple(events))


def at(row: StoredSubscription, lifecycle: Lifecycle | None, now: datetime) -> StoredSubscription:
    """The record as it stands at now."""
    return advance(row, lifecycle, now).row


def next_step(row: StoredSubscription, lifecycle: Lifecycle) -> Step | None:
    """What time does to the record next, and when; None where nothing more will happen, or nobody knows when."""
    try:
        match row.status:
            case Status.ACTIVE:
                return _after_term(row, lifecycle)
            case Status.SCHEDULED:
                return Step(row.term.start, EventKind.STARTED)
            case Status.EXPIRED:
                return _after(row.term.end, _expired_days(row, lifecycle), _when_access_ends(row, lifecycle))
            case Status.DISABLED:
                return _after(_disabled_from(row, lifecycle), disabled_days(row, lifecycle), EventKind.DELETED)
            case Status.DELETED | Status.SUSPENDED | Status.UNKNOWN:
                return None
            case _:  # pragma: no cover - mypy proves it unreachable
                assert_never(row.status)
    except OverflowError:
        return None


def term_over(row: StoredSubscription, now: datetime) -> bool:
    """Whether the last term of a record that does not renew has passed, and nothing has told yet what followed."""
    return not row.status.ended and row.recurring is Recurring.OFF and now >= row.term.end


def extends(row: StoredSubscription, lifecycle: Lifecycle) -> bool | None:
    """Whether recurring billing off alone would lead into a paid extension when this term ends; None: not known."""
    if row.extended:
        return True
    rule = lifecycle.extension.at(row.term.end.date(), row.term.start.date())
    return None if rule is None else rule.when_off


def may_extend(lifecycle: Lifecycle | None) -> bool:
    """Whether recurring off alone may lead into a paid extension, at whatever time."""
    return lifecycle is not None and any(rule.value and rule.value.when_off for rule in lifecycle.extension.rules)


def disabled_days(row: StoredSubscription, lifecycle: Lifecycle) -> int | None:
    """How many days it is, or will be, disabled before it is deleted; None: not known."""
    if row.cancellation is Cancel.IMMEDIATELY:
        return lifecycle.disabled_after_cancel_now.at((row.effective_at or row.term.end).date(), row.term.start.date())
    return lifecycle.disabled.at(row.term.end.date(), row.term.start.date())


def _restless_from(row: StoredSubscription) -> datetime:
    """An instant before which nothing can happen; quick, as most records are at rest in most runs."""
    if row.status is Status.SCHEDULED:
        return row.term.start
    return row.term.end if row.cancellation is not Cancel.IMMEDIATELY else row.effective_at or row.term.start


def _after_term(row: StoredSubscription, lifecycle: Lifecycle) -> Step:
    end = row.term.end
    if row.cancellation is Cancel.IMMEDIATELY:
        return Step(row.effective_at or end, _when_access_ends(row, lifecycle))
    if row.recurring is Recurring.ON:
        return Step(end, EventKind.RENEWED)
    if row.cancellation is Cancel.AT_RENEWAL:
        return Step(end, _when_access_ends(row, lifecycle))
    leads_on = extends(row, lifecycle)
    if leads_on:
        return Step(end, EventKind.EXTENDED)
    if leads_on is not None and lifecycle.expired.at(end.date(), row.term.start.date()) == 0:
        return Step(end, _when_access_ends(row, lifecycle))
    return Step(end, EventKind.EXPIRED)


def _expired_days(row: StoredSubscription, lifecycle: Lifecycle) -> int | None:
    """How long it is expired; not known where an extension may have followed instead."""
    if extends(row, lifecycle) is None:
        return None
    return lifecycle.expired.at(row.term.end.date(), row.term.start.date())


def _when_access_ends(row: StoredSubscription, lifecycle: Lifecycle) -> EventKind:
    """A stage of no days is no stage."""
    return EventKind.DELETED if disabled_days(row, lifecycle) == 0 else EventKind.DISABLED


def _disabled_from(row: StoredSubscription, lifecycle: Lifecycle) -> datetime | None:
    """The instant at which a disabled record became so; None: not known."""
    if row.cancellation is Cancel.IMMEDIATELY:
        return row.effective_at or row.term.end
    if row.cancellation is Cancel.AT_RENEWAL:
        return row.term.end
    days = _expired_days(row, lifecycle)
    return None if days is None else row.term.end + timedelta(days=days)


def _after(since: datetime | None, days: int | None, kind: EventKind) -> Step | None:
    if since is None or days is None:
        return None
    return Step(since + timedelta(days=days), kind)


_STAGES = {
    EventKind.STARTED: Status.ACTIVE,
    EventKind.EXPIRED: Status.EXPIRED,
    EventKind.DISABLED: Status.DISABLED,
    EventKind.DELETED: Status.DELETED,
}


def _stepped(row: StoredSubscription, kind: EventKind) -> StoredSubscription | None:
    """The record after that event; None where the calendar ends before its next term does."""
    end = row.term.end
    try:
        if kind is EventKind.RENEWED:
            # Out of an extension a new series of terms begins on the day on which it ended.
            anchor = end.date() if row.extended else row.anchor
            return _moved(row, anchor, _next_term(anchor, row.length.months, end), row.status, extended=False)
        if kind is EventKind.EXTENDED:
            return _moved(row, row.anchor, _next_term(row.anchor, 1, end), row.status, extended=True)
    except OverflowError:
        return None
    return _moved(row, row.anchor, row.term, _STAGES[kind], extended=row.extended)


_VALUES = attrgetter(*(one.name for one in fields(StoredSubscription)))
_Unfrozen: Any = make_dataclass("_Unfrozen", [(one.name, one.type) for one in fields(StoredSubscription)], slots=True)
"""A record that is not frozen yet: `dataclasses.replace` on one of so many fields takes three times as long."""


def _moved(row: StoredSubscription, anchor: date, term: Term, status: Status, *, extended: bool) -> StoredSubscription:
    moved = _Unfrozen(*_VALUES(row))
    moved.anchor, moved.term, moved.status, moved.extended = anchor, term, status, extended
    moved.__class__ = StoredSubscription
    after: StoredSubscription = moved
    return after


# Estates share their dates: a thousand renewals fall on a few hundred days.
@lru_cache(maxsize=4096)
def _next_term(anchor: date, months: int, start: datetime) -> Term:
    """The term that follows on one that ended then; its end is on the anchor's series even where that one's was not."""
    return Term(start, midnight(next_start(anchor, months, start.date())))


def _event(before: StoredSubscription, after: StoredSubscription, step: Step) -> Event:
    if before.term is after.term:
        moved = {"status": before.status.value}, {"status": after.status.value}
        return Event(after.key, step.kind, step.at, *moved, after.product)
    old, new = before.term, after.term
    return Event(after.key, step.kind, step.at, _days(old.start, old.end), _days(new.start, new.end), after.product)


@lru_cache(maxsize=4096)
def _days(start: datetime, end: datetime) -> Mapping[str, str]:
    return MappingProxyType({"term_start": start.date().isoformat(), "term_end": end.date().isoformat()})

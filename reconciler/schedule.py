"""Dated intents: which one holds now, what those to come will do on their day, and which come too late.

Pure: now is handed in. An entry holds from 00:00 UTC of its day, the latest that has come stays in force, and it is
stronger than the subscription's own keys.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta

from reconciler.changes import Change, Scheduled
from reconciler.diagnostics import Diagnostic, warning
from reconciler.effects import carried_out
from reconciler.events import EventKind
from reconciler.impact import assess
from reconciler.lifecycle import advance
from reconciler.model import (
    Cancel,
    DesiredSubscription,
    Intent,
    Recurring,
    ScheduledIntent,
    StoredSubscription,
    TermLength,
)
from reconciler.proposals import intent_change
from reconciler.rulebook import Rulebook
from reconciler.terms import midnight
from reconciler.wishes import Barred, Decision, Move, Over, decide

_MISSED = {TermLength.MONTHLY: timedelta(days=3), TermLength.ANNUAL: timedelta(days=31)}
"""So soon after a renewal that the renewal must have been meant; for longer terms as for annual ones."""
_CLOSE = timedelta(days=2)
"""Too short before a renewal: vendors lock a renewal up to a day before it is through, and somebody has to apply."""


def in_force(wanted: DesiredSubscription, today: date) -> ScheduledIntent | None:
    """The entry that holds on that day; None where none has come yet."""
    found = None
    for entry in wanted.schedule:
        if entry.day <= today:
            found = entry
    return found


def effective(wanted: DesiredSubscription, today: date) -> DesiredSubscription:
    """The subscription with the pair that holds on that day."""
    entry = in_force(wanted, today)
    return wanted if entry is None else replace(wanted, intent=entry.intent)


def to_come(wanted: DesiredSubscription, today: date) -> tuple[ScheduledIntent, ...]:
    """The entries after that day, by day."""
    return tuple(entry for entry in wanted.schedule if entry.day > today)


def shadowed(wanted: DesiredSubscription, today: date) -> Diagnostic | None:
    """The warning about own keys that an entry which has come makes void; None where they hold."""
    entry, own = in_force(wanted, today), wanted.intent
    if entry is None or own is None or not own.own:
        return None
    detail = f"{wanted.key}: since {entry.day.isoformat()} the entry at {entry.intent.place.location} holds instead"
    hint = "take the older entry out of `schedule`, or the own key"
    summary = "own keys that a dated entry makes void"
    return warning("shadowed-by-schedule", summary, own.place, detail=detail, hint=hint)


def foreseen(
    wanted: DesiredSubscription, row: StoredSubscription, rulebook: Rulebook, now: datetime
) -> tuple[list[Scheduled], list[Diagnostic]]:
    """What the entries to come will do to a record that stands at now as the plan leaves it, and which come too late.

    An entry beyond the calendar of its terms does nothing.
    """
    scheduled: list[Scheduled] = []
    warnings: list[Diagnostic] = []
    lifecycle = rulebook.lifecycles.get(wanted.key.account)
    for entry in to_come(wanted, now.date()):
        instant = midnight(entry.day)
        row, events = advance(row, lifecycle, instant)
        renewed = any(event.kind is EventKind.RENEWED for event in events)
        late = _late(wanted, entry, row, renewed=renewed)
        if late is not None:
            warnings.append(late)
        item, row = _told(wanted, entry, row, rulebook, instant)
        scheduled.append(item)
    return scheduled, warnings


def on_its_day(
    wanted: DesiredSubscription, entry: ScheduledIntent, row: StoredSubscription, rulebook: Rulebook, instant: datetime
) -> tuple[Decision, Change | None]:
    """What is decided when the entry's day has come, of the record as it stands then; the change where there is one."""
    lifecycle = rulebook.ruling(wanted.key.account)
    decision = decide(entry.intent, row, instant, lifecycle, protected=row.protected or wanted.protect is True)
    if isinstance(decision, Move):
        # No entry ends anything at once, so that something is always left.
        return decision, intent_change(wanted, entry.intent, decision, row, gone=False)
    return decision, None


def _told(
    wanted: DesiredSubscription, entry: ScheduledIntent, row: StoredSubscription, rulebook: Rulebook, instant: datetime
) -> tuple[Scheduled, StoredSubscription]:
    intent = entry.intent
    said = pair_words(intent)
    item = Scheduled(wanted.key, entry.day, None, said, intent.place, row.product, intent.reason)
    decision, change = on_its_day(wanted, entry, row, rulebook, instant)
    if change is not None:
        after = carried_out(change, row, instant)
        return replace(item, kind=change.kind, impact=assess(change, row, after, rulebook, instant)), after
    match decision:
        case Over(detail):
            why = f"no change, as {detail}"
        case Barred(_, code, detail, _):
            why = f"it would be blocked, {code}: {detail}"
        case _:
            why = "nothing is to change then"
    return replace(item, detail=f"{said}: {why}"), row


def pair_words(intent: Intent) -> str:
    """The pair as a spec writes it."""
    said = [] if intent.recurring is None else [f"recurring: {intent.recurring}"]
    return ", ".join([*said, *([] if intent.cancel is None else [f"cancel: {intent.cancel}"])])


def _late(
    wanted: DesiredSubscription, entry: ScheduledIntent, row: StoredSubscription, *, renewed: bool
) -> Diagnostic | None:
    """The warning about an entry that ends a subscription just after a renewal, or too shortly before one."""
    intent, day = entry.intent, midnight(entry.day)
    if row.status.ended or not (intent.recurring is Recurring.OFF or intent.cancel is Cancel.AT_RENEWAL):
        return None
    since, left = day - row.term.start, row.term.end - day
    if renewed and since < _MISSED.get(row.length, _MISSED[TermLength.ANNUAL]):
        renewal, apart = row.term.start, f"{_days(since)} later" if since else "the same day"
    elif row.recurring is Recurring.ON and left < _CLOSE:
        renewal, apart = row.term.end, f"{_days(left)} before"
    else:
        return None
    detail = f"{wanted.key}: it renews on {renewal.date()}, and the entry is of {entry.day}, {apart}"
    hint = f"to stop that renewal, date the entry {(renewal - _CLOSE).date()} or earlier"
    summary = "a dated end that misses a renewal, or comes too close to it"
    return warning("schedule-misses-renewal", summary, intent.place, detail=detail, hint=hint)


def _days(span: timedelta) -> str:
    return "1 day" if span.days == 1 else f"{span.days} days"

"""What an outside provider shows against what is stored of it: the live record, what elapsed, and what drifted.

Pure. The stored record is the baseline: what we last made, took over or were told of. Must not decide what is to be
done about drift: `build` does.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import assert_never

from reconciler.changes import Change, Drift, JsonValue, Kind
from reconciler.events import Event, EventKind
from reconciler.model import (
    Cancel,
    Recurring,
    Status,
    StoredSubscription,
    SubscriptionKey,
    Term,
    TermLength,
    money_text,
)
from reconciler.observed import ObservedSubscription


@dataclass(frozen=True, slots=True)
class Noticed:
    """One record beside what its provider shows."""

    live: StoredSubscription
    """As the provider shows it, with what is ours: wishes are judged on this."""
    baseline: StoredSubscription
    """As stored, with what time and the vendor's rules did, and without what somebody changed outside."""
    elapsed: tuple[Event, ...] = ()
    drift: tuple[Drift, ...] = ()

    @property
    def drifted_pair(self) -> bool:
        """Whether somebody changed outside what a spec may declare, or ended it."""
        return any(item.field in _DECLARABLE for item in self.drift)


_DECLARABLE = frozenset({"recurring", "cancellation", "status"})


def term_of(seen: ObservedSubscription, row: StoredSubscription | None) -> Term | None:
    """The term as the provider reports it, or as it last did; None: nobody knows its dates."""
    return seen.term or (row.term if row is not None else None)


def live_row(key: SubscriptionKey, seen: ObservedSubscription, row: StoredSubscription | None) -> StoredSubscription:
    """The record as the provider shows it, with what is ours of the stored one: owner, labels, protection.

    Dates are the provider's own, never recomputed. ValueError where it reports none and none is stored (`term_of`).
    """
    term = term_of(seen, row)
    if term is None:
        raise ValueError(f"{key}: its provider reports no term")
    # A length that we have no word for still needs one; its price is then left out, so that no sum is ever wrong.
    length = seen.length or _nearest(term)
    known = seen.length is not None
    pending = seen.cancellation is Cancel.AT_RENEWAL
    return StoredSubscription(
        key=key,
        product=seen.product,
        length=length,
        billing=seen.billing or length,
        start=seen.started or (row.start if row is not None else term.start.date()),
        anchor=term.start.date(),
        term=term,
        status=seen.status,
        recurring=seen.recurring,
        cancellation=seen.cancellation,
        requested_at=seen.requested_at,
        effective_at=seen.effective_at or (term.end if pending else None),
        id=seen.id,
        provider_status=seen.provider_status,
        seats=seen.seats,
        price=seen.price if known else None,
        last_charge=(seen.last_charge or (row.last_charge if row is not None else None)) if known else None,
        owner=row.owner if row is not None else None,
        labels=row.labels if row is not None else {},
        protected=row is not None and row.protected,
        declared=row is not None and row.declared,
    )


def _nearest(term: Term) -> TermLength:
    days = (term.end - term.start).days
    if days <= 45:
        return TermLength.MONTHLY
    return TermLength.ANNUAL if days <= 550 else TermLength.TRIENNIAL


def compare(row: StoredSubscription, seen: ObservedSubscription, at: datetime) -> Noticed:
    """A stored record beside what was observed at that instant. ValueError as `live_row`."""
    live = live_row(row.key, seen, row)
    drift = _drift(row, live, at)
    moved = {item.field for item in drift}
    baseline = live
    if moved & _DECLARABLE:
        baseline = replace(
            baseline,
            recurring=row.recurring,
            cancellation=row.cancellation,
            requested_at=row.requested_at,
            effective_at=row.effective_at,
        )
    if "status" in moved:
        baseline = replace(baseline, status=row.status, provider_status=row.provider_status)
    return Noticed(live, baseline, tuple(_elapsed(row, live, at, "status" in moved)), drift)


def _drift(row: StoredSubscription, live: StoredSubscription, at: datetime) -> tuple[Drift, ...]:
    """What moved through no act of ours, and not by time: only what matters to what is declared or paid."""
    found: list[tuple[str, JsonValue, JsonValue]] = []
    if not live.status.ended:  # on an ended one the flags mean nothing: providers leave them as they were
        found.append(("recurring", row.recurring.value, live.recurring.value))
        found.append(("cancellation", row.cancellation.value, live.cancellation.value))
    if not _by_rules(row, live, at):
        found.append(("status", row.status.value, live.status.value))
    found.append(("product", row.product, live.product))
    found.append(("seats", row.seats, live.seats))
    if live.price is not None:
        found.append(("price", None if row.price is None else money_text(row.price), money_text(live.price)))
    return tuple(Drift(row.key, name, old, new) for name, old, new in found if old != new)


def _by_rules(row: StoredSubscription, live: StoredSubscription, at: datetime) -> bool:
    """Whether time or the vendor's rules moved the status: everything but an end before its time, and a return."""
    if live.status is Status.ACTIVE:
        return not row.status.ended
    if not live.status.ended or row.status.ended:
        return True
    if row.cancellation is Cancel.IMMEDIATELY or row.status is Status.SUSPENDED:
        return True
    return at >= row.term.end and row.recurring is Recurring.OFF


def _elapsed(row: StoredSubscription, live: StoredSubscription, at: datetime, drifted: bool) -> list[Event]:
    found = []
    if row.term != live.term:
        later = live.term.start > row.term.start and live.term.start >= row.term.end
        before, after = _term_days(row.term), _term_days(live.term)
        kind, when = (EventKind.RENEWED, live.term.start) if later else (EventKind.NOTICED, at)
        if before != after:
            found.append(Event(row.key, kind, min(when, at), before, after, live.product))
    if row.status is not live.status and not drifted:
        kind = _became(row.status, live.status)
        when = _since(kind, row, live, at)
        before, after = {"status": row.status.value}, {"status": live.status.value}
        found.append(Event(row.key, kind, min(when, at), before, after, live.product))
    return found


def _term_days(term: Term) -> dict[str, str]:
    return {"term_start": term.start.date().isoformat(), "term_end": term.end.date().isoformat()}


def _became(was: Status, status: Status) -> EventKind:
    match status:
        case Status.ACTIVE:
            if was is Status.SCHEDULED:
                return EventKind.STARTED
            return EventKind.RESUMED if was is Status.SUSPENDED else EventKind.NOTICED
        case Status.EXPIRED:
            return EventKind.EXPIRED
        case Status.DISABLED:
            return EventKind.DISABLED
        case Status.DELETED:
            return EventKind.DELETED
        case Status.SUSPENDED:
            return EventKind.SUSPENDED
        case Status.SCHEDULED | Status.UNKNOWN:
            return EventKind.NOTICED
        case _:  # pragma: no cover - mypy proves it unreachable
            assert_never(status)


def _since(kind: EventKind, row: StoredSubscription, live: StoredSubscription, at: datetime) -> datetime:
    """When it happened, as far as the dates tell; else when it was observed."""
    if kind is EventKind.STARTED:
        return live.term.start
    first_end = kind in (EventKind.EXPIRED, EventKind.DISABLED) and not row.status.ended
    return row.term.end if first_end and row.cancellation is not Cancel.IMMEDIATELY else at


def taken_note(noticed: Noticed, at: datetime, *, held: bool) -> tuple[tuple[Event, ...], StoredSubscription]:
    """What an apply journals of it, and the record after that. Of what is held it takes no note: it drifts on."""
    known = [item for item in noticed.drift if not (held and item.field in _DECLARABLE)]
    events = noticed.elapsed
    if known:
        before = {item.field: _text(item.stored) for item in known}
        after = {item.field: _text(item.observed) for item in known}
        key, product = noticed.live.key, noticed.live.product
        events = (*events, Event(key, EventKind.NOTICED, at, before, after, product))
    return events, noticed.baseline if held else noticed.live


def _text(value: JsonValue) -> str:
    return "none" if value is None or isinstance(value, Mapping) else str(value)


def row_after(key: SubscriptionKey, seen: ObservedSubscription, base: StoredSubscription | None) -> StoredSubscription:
    """The record that a change leaves, read back. What else moved meanwhile is left to be noticed. ValueError as
    `live_row`.
    """
    live = live_row(key, seen, base)
    if base is None:
        return live
    return replace(live, product=base.product, seats=base.seats, price=base.price if live.price else live.price)


def reached(change: Change, seen: ObservedSubscription) -> bool:
    """Whether what the change asks for stands already."""
    match change.kind:
        case Kind.CANCEL_NOW:
            return seen.cancellation is Cancel.IMMEDIATELY or seen.status in (Status.DISABLED, Status.DELETED)
        case Kind.REACTIVATE:
            return seen.status is Status.ACTIVE and _pair_stands(change, seen)
        case Kind.TURN_OFF | Kind.CANCEL_AT_RENEWAL:
            return seen.status.ended or _pair_stands(change, seen)
        case Kind.TURN_ON | Kind.UNDO_CANCEL:
            return not seen.status.ended and _pair_stands(change, seen)
        case Kind.REGISTER | Kind.ADOPT | Kind.RENAME | Kind.CORRECT | Kind.UPDATE | Kind.FORGET:
            raise ValueError(f"{change.kind} asks nothing of a provider")
        case _:  # pragma: no cover - mypy proves it unreachable
            assert_never(change.kind)


def _pair_stands(change: Change, seen: ObservedSubscription) -> bool:
    wanted = (change.after["recurring"], change.after["cancellation"])
    return wanted == (seen.recurring.value, seen.cancellation.value)


def moved(change: Change, seen: ObservedSubscription) -> str | None:
    """In words what is not as it was when the change was approved; None: it is."""
    now: dict[str, str] = {
        "recurring": seen.recurring.value,
        "cancellation": seen.cancellation.value,
        "status": seen.status.value,
    }
    if seen.term is not None:
        now["term_end"] = seen.term.end.date().isoformat()
    differing = [
        f"{name.replace('_', ' ')} was {change.before[name]}, is {value}"
        for name, value in now.items()
        if name in change.before and change.before[name] != value
    ]
    # Every intent change but those of an ended one is approved for one that lives.
    if not differing and "status" not in change.before and seen.status.ended:
        differing = [f"it is {seen.status.value}"]
    return "; ".join(differing) or None

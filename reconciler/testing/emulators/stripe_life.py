"""What time does to a subscription at Stripe: it renews, ends, leaves its trial, or gives up on its first payment.

Pure. A period is counted from the billing cycle's anchor and clamped to the month's end (31 January, 28 February,
31 March), as Stripe's page on the billing cycle says; an incomplete one expires after 23 hours.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from reconciler.terms import add_months
from reconciler.testing.emulators.ledger import Document
from reconciler.testing.emulators.stripe_wire import epoch, instant

TERMINAL = frozenset({"canceled", "incomplete_expired"})
INCOMPLETE_HOURS = 23
_ROLLING = frozenset({"active", "past_due", "unpaid", "trialing"})
_DAYS = {"day": 1, "week": 7}


def due(subscription: Document) -> datetime | None:
    """When time changes it next; None: never."""
    status = subscription["status"]
    if status in TERMINAL:
        return None
    if status == "incomplete":
        return instant(subscription["created"] + INCOMPLETE_HOURS * 3600)
    moments = [subscription["cancel_at"], (subscription["pause_collection"] or {}).get("resumes_at")]
    if status in _ROLLING:
        moments.append(period_end(subscription))
    return min((instant(moment) for moment in moments if moment is not None), default=None)


def elapse(subscription: Document) -> Document:
    """As it stands after what is due next."""
    at = due(subscription)
    if at is None:
        return subscription
    now = epoch(at)
    if subscription["status"] == "incomplete":
        return {**subscription, "status": "incomplete_expired", "ended_at": now}
    if subscription["cancel_at"] is not None and subscription["cancel_at"] <= now:
        return {**subscription, "status": "canceled", "ended_at": now}
    resumes = (subscription["pause_collection"] or {}).get("resumes_at")
    if resumes is not None and resumes <= now:
        return {**subscription, "pause_collection": None}
    return _renewed(subscription, now)


def period_end(subscription: Document) -> int:
    """The end of the term: the first of its items' periods to end."""
    return int(min(item["current_period_end"] for item in subscription["items"]["data"]))


def latest_end(subscription: Document) -> int:
    """The last of its items' periods to end."""
    return int(max(item["current_period_end"] for item in subscription["items"]["data"]))


def ended(subscription: Document, now: int, details: Document) -> Document:
    """Cancelled at once."""
    return {
        **subscription,
        "status": "canceled",
        "canceled_at": subscription["canceled_at"] or now,
        "ended_at": now,
        "cancel_at": None,
        "cancel_at_period_end": False,
        "cancellation_details": {**details, "reason": "cancellation_requested"},
    }


def period_after(anchor: int, end: int, interval: str, count: int) -> int:
    """The end of the period that begins where another ends."""
    start, first = instant(end), instant(anchor)
    if interval in _DAYS:
        return epoch(start + timedelta(days=_DAYS[interval] * count))
    months = count * (12 if interval == "year" else 1)
    steps = ((start.year - first.year) * 12 + start.month - first.month) // months
    counted = add_months(first.date(), steps * months) == start.date()
    day = add_months(first.date(), (steps + 1) * months) if counted else add_months(start.date(), months)
    return epoch(datetime.combine(day, start.timetz()))


def _renewed(subscription: Document, now: int) -> Document:
    anchor = subscription["billing_cycle_anchor"]
    items = [_rolled(item, anchor, now) for item in subscription["items"]["data"]]
    status = "active" if subscription["status"] == "trialing" else subscription["status"]
    return {**subscription, "items": {**subscription["items"], "data": items}, "status": status}


def _rolled(item: Document, anchor: int, now: int) -> Document:
    end = item["current_period_end"]
    if end > now:
        return item
    recurring: dict[str, Any] = item["price"]["recurring"]
    then = period_after(anchor, end, recurring["interval"], recurring["interval_count"])
    return {**item, "current_period_start": end, "current_period_end": then}

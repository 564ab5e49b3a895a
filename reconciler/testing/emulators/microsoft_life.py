"""What time does to a seat subscription of a customer agreement: renews it, or lets it expire, disables and deletes it.

Pure. Day counts: the window to cancel is open for 7 days after a start or a renewal; Expired lasts 30 days, Disabled 90
(Microsoft's page "What happens to my data and access when my subscription ends?", most direct offers).
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from reconciler.testing.emulators.ledger import Document
from reconciler.testing.emulators.microsoft_wire import later, moment, months, renewal, stamp

WINDOW = timedelta(days=7)
EXPIRED = timedelta(days=30)
DISABLED = timedelta(days=90)
LIVING = frozenset({"Active", "Warned", "Expiring", "AutoRenew"})
"""Statuses whose term runs on."""
INACTIVE = frozenset({"Disabled", "Cancelled"})


def due(subscription: Document) -> datetime | None:
    """When time changes it next; None: never, such as for one that is suspended, deleted, or has no term."""
    properties = subscription["properties"]
    status = properties.get("status")
    if status in INACTIVE:
        details = properties.get("suspensionReasonDetails")
        return moment(details[0]["effectiveDate"]) + DISABLED if details else None
    if "termEndDate" not in properties:
        return None
    end = moment(properties["termEndDate"])
    if status == "Expired":
        return end + EXPIRED
    if status not in LIVING:
        return None
    closes = _window(properties)
    return min(end, closes) if closes is not None else end


def elapse(subscription: Document) -> Document:
    """As it stands after what is due next."""
    properties = subscription["properties"]
    at = due(subscription)
    if at is None:
        return subscription
    if properties["status"] in INACTIVE:
        return changed(subscription, at, status="Deleted")
    if properties["status"] == "Expired":
        return ended(subscription, at, "Disabled", "Expired")
    closes = _window(properties)
    if closes is not None and closes <= at and closes < moment(properties["termEndDate"]):
        overrides = {**properties["systemOverrides"], "cancellation": "NotAllowed"}
        return changed(subscription, at, systemOverrides=overrides)
    if properties.get("autoRenew") == "On":
        return _renewed(subscription)
    return changed(subscription, at, status="Expired", systemOverrides=_shut(properties))


def ended(subscription: Document, at: datetime, status: str, reason: str) -> Document:
    """Disabled or Cancelled, from a moment on. Its autoRenew is left as it was, as customers report of the real one."""
    details = [{"effectiveDate": stamp(at), "reason": reason}]
    overrides = _shut(subscription["properties"])
    return changed(
        subscription,
        at,
        status=status,
        suspensionReasons=[reason],
        suspensionReasonDetails=details,
        systemOverrides=overrides,
    )


def changed(subscription: Document, at: datetime, **properties: Any) -> Document:
    """With other values of some properties; None takes one away."""
    merged = {**subscription["properties"], **properties}
    kept = {name: value for name, value in merged.items() if value is not None}
    modified = {**subscription.get("systemData", {}), "lastModifiedAt": stamp(at)}
    return {**subscription, "properties": kept, "systemData": modified}


def _renewed(subscription: Document) -> Document:
    properties = subscription["properties"]
    start = moment(properties["termEndDate"])
    anchor, length = moment(properties["purchaseDate"]), months(properties["termDuration"])
    steps = ((start.year - anchor.year) * 12 + start.month - anchor.month) // length
    # Counted from the purchase while the terms follow it (31 January, 28 February, 31 March), else from this term.
    counted = later(anchor, steps * length).date() == start.date()
    day = later(anchor, (steps + 1) * length) if counted else later(start, length)
    end = datetime.combine(day.date(), start.timetz())
    overrides = {"cancellation": "Allowed", "cancellationAllowedEndDate": stamp(start + WINDOW)}
    fresh = {**properties, "termStartDate": stamp(start), "termEndDate": stamp(end), "systemOverrides": overrides}
    return changed(subscription, start, **{**fresh, "renewalTermDetails": renewal(fresh)})


def _window(properties: Document) -> datetime | None:
    """When the window to cancel closes, if it is open."""
    overrides = properties.get("systemOverrides", {})
    if overrides.get("cancellation") != "Allowed" or "cancellationAllowedEndDate" not in overrides:
        return None
    return moment(overrides["cancellationAllowedEndDate"])


def _shut(properties: Document) -> Document:
    return {**properties.get("systemOverrides", {}), "cancellation": "NotAllowed"}

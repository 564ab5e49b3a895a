"""What time does to a subscription that a partner sold: renews it within a day, extends it, lets it expire, deletes it.

Pure. The stages and day counts are those of "Subscription lifecycle states" (2023), the renewal's queue that of "Create
a new subscription", the paid extension that of "Extended service terms" (2026). How an extended one looks over the API
is published nowhere: here its term is a month, and it can be cancelled at any time.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any

from reconciler.terms import add_months, midnight
from reconciler.testing.emulators.ledger import Document
from reconciler.testing.emulators.partner_center_wire import MONTHS, end_of, modern, moment, stamp, term, until

WINDOW = timedelta(days=7)
RENEWAL_TAKES = timedelta(hours=6)
"""A renewal waits in a queue, for up to 24 hours."""
EXPIRED = timedelta(days=30)
DISABLED = timedelta(days=90)
EXTENDED_SINCE, EXTENDED_TERMS_SINCE = date(2026, 5, 4), date(2025, 4, 1)


def due(document: Document) -> datetime | None:
    """When time changes it next; None: never."""
    fields = document["fields"]
    if document.get("coming") is not None:
        return moment(document["coming"]["at"])
    end = end_of(fields)
    if end is None:
        return None
    match fields["status"]:
        case "active":
            return moment(document["renewing"]) if document.get("renewing") else end
        case "suspended":
            return end
        case "expired" | "disabled" as stage:
            after = EXPIRED if stage == "expired" else EXPIRED + DISABLED
            return moment(document["next"]) if document.get("next") else end + after
        case _:
            return None


def elapse(document: Document) -> Document:
    """As it stands after what is due next."""
    at = due(document)
    if at is None:
        return document
    if document.get("coming") is not None:
        return changed(document, document["coming"]["fields"], coming=None)
    fields = document["fields"]
    match fields["status"]:
        case "active" if document.get("renewing"):
            return _renewed(document, at)
        case "active" if fields["autoRenewEnabled"]:
            return {**document, "renewing": stamp(at + RENEWAL_TAKES)}
        case "active":
            return _ended(document, at)
        case "expired":
            return _stage(document, "disabled", at + DISABLED)
        case "disabled":
            return _stage(document, "deleted", None)
        case _:  # suspended when its term ends
            return _stage(document, "disabled", at + EXPIRED + DISABLED)


def extends(fields: Mapping[str, Any]) -> bool:
    """Whether recurring billing off alone leads into the paid extension."""
    end = end_of(fields)
    if end is None or fields.get("isTrial") or fields.get("productType", {}).get("id") != "OnlineServicesNCE":
        return False
    last = (end - timedelta(days=1)).date()
    return last >= EXTENDED_SINCE and moment(fields["effectiveStartDate"]).date() >= EXTENDED_TERMS_SINCE


def at_term_end(fields: Mapping[str, Any]) -> str | None:
    """What is scheduled for the end of the term as to whether it goes on."""
    scheduled = fields.get("scheduledActions") or ()
    found = (entry["actionType"] for entry in scheduled if entry["scheduleType"] == "TermEnd")
    return next((kind for kind in found if kind != "Transition"), None)


def changed(document: Document, fields: Mapping[str, Any], **others: Any) -> Document:
    """With other values of some fields, and so of another version; None takes a field away."""
    merged = {**document["fields"], **fields}
    kept = {name: value for name, value in merged.items() if value is not None}
    return {**document, "fields": kept, "version": document["version"] + 1, **others}


def _ended(document: Document, at: datetime) -> Document:
    """The term is over, and it does not renew."""
    fields = document["fields"]
    what = at_term_end(fields)
    if what == "Cancel":
        return _stage(document, "disabled", at + DISABLED)
    if what == "RenewToExtendedServiceTerm" or document.get("extended") or extends(fields):
        following = add_months(at.date(), 1)
        end = until(following)
        cancellable = {"cancellationAllowedUntilDate": end["commitmentEndDateTime"]}
        fresh = {"effectiveStartDate": stamp(at), **end, **cancellable, "scheduledActions": None}
        return changed(document, fresh, extended=True)
    return _stage(document, "expired", at + EXPIRED)


def _stage(document: Document, status: str, following: datetime | None) -> Document:
    fresh = {"status": status, "autoRenewEnabled": False, "cancellationAllowedUntilDate": None}
    return changed(document, fresh, next=None if following is None else stamp(following))


def _renewed(document: Document, at: datetime) -> Document:
    """The next term, from the end of the last one; its window opens when the renewal is complete."""
    fields = document["fields"]
    start = end_of(fields) or at
    next_term = fields.get("scheduledNextTermInstructions") or {}
    length = next_term.get("product", {}).get("termDuration") or fields.get("termDuration") or "P1Y"
    fresh: dict[str, Any] = {
        **term(midnight(start.date()), MONTHS[length], inclusive=modern(fields)),
        "termDuration": length if "termDuration" in fields else None,
        "quantity": next_term.get("quantity", fields["quantity"]),
        "scheduledNextTermInstructions": None,
        "scheduledActions": None,
        "isTrial": False if "isTrial" in fields else None,
    }
    if modern(fields):
        fresh["cancellationAllowedUntilDate"] = stamp(at + WINDOW)
        fresh["refundOptions"] = [{"type": "Full", "expiresAt": stamp(at + timedelta(days=1))}]
    return changed(document, fresh, renewing=None)

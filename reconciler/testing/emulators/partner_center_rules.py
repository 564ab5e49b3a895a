"""What an update of a subscription comes to: which fields it changes, which it loses by leaving them out, and why not.

Pure. The rules are those of "Update a subscription by ID", "Cancel …", "Suspend a subscription", "Schedule changes" and
the list of error codes.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from reconciler.testing.emulators.ledger import Document
from reconciler.testing.emulators.partner_center_wire import TurnedAway, end_of, modern, moment

_WRITABLE = frozenset({"friendlyName", "quantity", "status", "autoRenewEnabled", "partnerId"})
_LOST = ("scheduledNextTermInstructions", "nextChargeInstructions", "scheduledActions")
"""What a body that does not hold them deletes. Of the last one that is not published, but for the other two it is."""
_SHOWN_ONLY = frozenset({"links", "attributes"})
_WHENS = frozenset({"TermEnd", "CustomDate"})
_KINDS = frozenset({"Cancel", "RenewToNewTerm", "RenewToExtendedServiceTerm", "Transition"})


def updated(document: Document, body: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    """The fields that the body changes, with their new values, None for those that go; or it is turned away."""
    fields = document["fields"]
    _writable(fields, body)
    status = str(body.get("status", fields["status"])).lower()
    _open(document, status, now)
    if status != fields["status"]:
        return _moved(fields, status, now)
    wanted: dict[str, Any] = {name: body[name] for name in _WRITABLE if name in body}
    wanted["autoRenewEnabled"] = _truth(body.get("autoRenewEnabled", False))
    wanted |= {name: body.get(name) for name in _LOST}
    _renewable(fields, wanted)
    if not wanted["autoRenewEnabled"]:
        wanted |= {"scheduledNextTermInstructions": None, "nextChargeInstructions": None}
    if wanted.get("quantity", fields["quantity"]) != fields["quantity"]:
        wanted["scheduledNextTermInstructions"] = None
    _check_scheduled(fields, wanted)
    return {name: value for name, value in wanted.items() if value != fields.get(name)}


def _writable(fields: Mapping[str, Any], body: Mapping[str, Any]) -> None:
    """A field that is only shown may be sent back as it is, or left out."""
    for name, value in body.items():
        if name in _WRITABLE or name in _LOST or name in _SHOWN_ONLY:
            continue
        if value != fields.get(name):
            raise TurnedAway(400, 3000, f"Invalid property: {name}")


def _open(document: Document, status: str, now: datetime) -> None:
    """Whether it takes updates at all."""
    fields = document["fields"]
    before = fields["status"]
    if before == "deleted":
        raise TurnedAway(400, 2011, f"Subscription with ID {fields['id']} and deleted status can't be updated.")
    if before in ("expired", "disabled"):
        raise TurnedAway(400, 900279, "Update operations are no longer allowed for this subscription.")
    if before == "pending" or document.get("coming") is not None:
        raise TurnedAway(409, 800082, "Subscription is not ready to be updated. Try again after sometime")
    if before == "suspended" and status == "suspended":
        raise TurnedAway(400, 800091, "Can't update a subscription with suspended status")
    if document.get("renewing"):
        message = "There is a pending operation on this subscription. Please try again after 24 hours."
        raise TurnedAway(409, 900278, message)


def _moved(fields: Mapping[str, Any], status: str, now: datetime) -> dict[str, Any]:
    """Another status: nothing else of the body counts."""
    match fields["status"], status:
        case (("active" | "suspended"), "deleted"):
            _in_window(fields, now)
            closed = {"cancellationAllowedUntilDate": None, **dict.fromkeys(_LOST)}
            return {"status": "deleted", "autoRenewEnabled": False, **closed}
        case "active", "suspended":
            reasons = {"suspensionReasons": ["partnerInitiated"]}
            return {"status": "suspended", "autoRenewEnabled": False, **reasons, **dict.fromkeys(_LOST)}
        case "suspended", "active":
            return {"status": "active", "suspensionReasons": None}
        case _:
            raise TurnedAway(400, 800096, "Can't update the status for this subscription")


def _in_window(fields: Mapping[str, Any], now: datetime) -> None:
    if not modern(fields):
        raise TurnedAway(400, 800096, "Can't update the status for this subscription")
    until = fields.get("cancellationAllowedUntilDate")
    if until is None or moment(until) <= now:
        message = "You have passed your 7-day cancellation window. We are unable to cancel your purchase"
        raise TurnedAway(400, 900117, message)


def _renewable(fields: Mapping[str, Any], wanted: Mapping[str, Any]) -> None:
    if wanted["autoRenewEnabled"] and (fields.get("billingType") == "usage" or end_of(fields) is None):
        raise TurnedAway(400, 800093, "The subscription isn't eligible to be auto-renewed")


def _check_scheduled(fields: Mapping[str, Any], wanted: Mapping[str, Any]) -> None:
    """What is scheduled must make sense, and go with whether it renews."""
    scheduled = wanted["scheduledActions"]
    if not scheduled:
        return
    if not modern(fields):
        raise TurnedAway(400, 800042, "Not supported")
    for entry in scheduled:
        if entry.get("scheduleType") not in _WHENS or entry.get("actionType") not in _KINDS:
            raise TurnedAway(400, 900126, "Unable to parse enum: scheduledActions")
    kinds = [
        entry["actionType"]
        for entry in scheduled
        if entry["scheduleType"] == "TermEnd" and entry["actionType"] != "Transition"
    ]
    contrary = {"Cancel", "RenewToExtendedServiceTerm"} if wanted["autoRenewEnabled"] else {"RenewToNewTerm"}
    if len(kinds) > 1 or contrary & set(kinds):
        raise TurnedAway(400, 3000, "Invalid property: scheduledActions")


def _truth(value: object) -> bool:
    if not isinstance(value, bool):
        raise TurnedAway(400, 3000, "Invalid property: autoRenewEnabled")
    return value

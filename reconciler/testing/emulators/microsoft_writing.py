"""What Microsoft.Billing takes in the bodies of writes, and what it refuses. Pure.

Which properties are writable is the OpenAPI's `readOnly`; the descriptions narrow it (of a product, auto renew alone).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import orjson

from reconciler.testing.emulators.ledger import Document
from reconciler.testing.emulators.microsoft_wire import Refusal, error, moment
from reconciler.testing.emulators.wire import Request

LOCKED = error(409, "Conflict", "The subscription is locked for update by another operation in progress.")
_TEXTS = frozenset({"billingFrequency", "consumptionCostCenter", "displayName", "termDuration"})
_REASONS = ("Other", "Compromise", "Dispute")


def product_patch(request: Request) -> Mapping[str, Any]:
    """The properties of a PATCH of a product: auto renew, which is all that can be updated."""
    properties = _properties(request)
    for name in properties:
        if name != "autoRenew":
            raise _wrong(f"The property '{name}' cannot be updated. Currently, auto renew can be updated.", name)
    if properties.get("autoRenew") not in ("On", "Off"):
        raise _wrong("The value of 'autoRenew' is one of 'On', 'Off'.", "autoRenew")
    return properties


def subscription_patch(request: Request) -> Mapping[str, Any]:
    """The properties of a PATCH of a billing subscription. Whether the real one honours autoRenew here is not known:
    this one refuses it, so that nobody comes to rely on it.
    """
    properties = _properties(request)
    if not properties:
        raise _wrong("The request has no properties.", "properties")
    for name, value in properties.items():
        if name == "autoRenew":
            raise _wrong("Auto renew is updated through the product.", name)
        if name == "quantity":
            if not isinstance(value, int) or isinstance(value, bool) or value < 1:
                raise _wrong("The value of 'quantity' is a whole number.", name)
        elif name not in _TEXTS:
            raise _wrong(f"Could not find or update the member '{name}'.", name)
        elif not isinstance(value, str):
            raise _wrong(f"The value of '{name}' is a string.", name)
    return properties


def cancel_request(request: Request) -> Mapping[str, Any]:
    """The body of POST cancel."""
    body = _object(request)
    for name in body:
        if name not in ("cancellationReason", "customerId"):
            raise _wrong(f"Could not find member '{name}' on object of type 'CancelSubscriptionRequest'.", name)
    if body.get("cancellationReason") not in _REASONS:
        raise _wrong(f"'cancellationReason' is required, and one of {', '.join(_REASONS)}.", "cancellationReason")
    if not isinstance(body.get("customerId", ""), str):
        raise _wrong("The value of 'customerId' is a string.", "customerId")
    return body


def check_unlocked(subscription: Document) -> None:
    """Refuses a write while an operation is under way: LockedForUpdate."""
    if subscription["properties"].get("operationStatus") == "LockedForUpdate":
        failure = LOCKED.body["error"]
        raise Refusal(LOCKED.status, failure["code"], failure["message"])


def check_window(subscription: Document, now: datetime) -> None:
    """Refuses a cancellation outside of what systemOverrides allow. The real one's code for it is not published."""
    overrides = subscription["properties"].get("systemOverrides", {})
    until = overrides.get("cancellationAllowedEndDate")
    if overrides.get("cancellation", "Allowed") != "Allowed" or (until is not None and now >= moment(until)):
        raise Refusal(400, "BadRequest", "Self-serve cancellation is not allowed for this subscription any more.")


def _properties(request: Request) -> Mapping[str, Any]:
    """What stands under `properties`; refuses a member at any other level, such as autoRenew beside it."""
    body = _object(request)
    for name in body:
        if name not in ("properties", "tags"):
            raise _wrong(f"Could not find member '{name}' on object of type 'ResourceDefinition'.", name)
    properties = body.get("properties")
    if not isinstance(properties, dict):
        raise _wrong("'properties' is required, and an object.", "properties")
    return properties


def _object(request: Request) -> Mapping[str, Any]:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json":
        raise Refusal(
            415, "UnsupportedMediaType", "The content media type is not supported. Only 'application/json' is."
        )
    try:
        body = orjson.loads(request.body)
    except orjson.JSONDecodeError as problem:
        raise _wrong("The request content was invalid and could not be deserialized.") from problem
    if not isinstance(body, dict):
        raise _wrong("The request content is not an object.")
    return body


def _wrong(message: str, target: str | None = None) -> Refusal:
    return Refusal(400, "InvalidRequestContent", message, target)

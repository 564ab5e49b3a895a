"""What POST and DELETE of a subscription make of it. Pure: the subscription as it was and the parameters, to the next.

What Stripe's documents leave open, and how it is here: `cancel_at` and `cancel_at_period_end` in one request are
refused; `cancel_at_period_end=false` leaves a `cancel_at` alone that was set by date; a schedule that owns a
subscription also keeps it from being cancelled at once.
"""

from __future__ import annotations

from typing import Any

from reconciler.testing.emulators import stripe_parameters as parameters
from reconciler.testing.emulators.ledger import Document
from reconciler.testing.emulators.stripe_life import TERMINAL, ended, latest_end, period_end
from reconciler.testing.emulators.stripe_parameters import Values
from reconciler.testing.emulators.stripe_wire import Refusal, error, missing, wrong

_ALWAYS = frozenset({"metadata", "cancellation_details", "expand"})


def checked_update(values: Values) -> None:
    """Refuses values that no subscription takes; the endpoint has not begun yet."""
    if "cancel_at" in values and "cancel_at_period_end" in values:
        message = "You may only specify one of these parameters: cancel_at, cancel_at_period_end."
        raise wrong(message, "cancel_at")
    parameters.flag(values, "cancel_at_period_end")
    if values.get("cancel_at") not in ("", *parameters.CANCEL_AT):
        parameters.number(values, "cancel_at")
    parameters.choice(values, "proration_behavior", parameters.PRORATIONS)
    parameters.choice(values, "payment_behavior", parameters.PAYMENTS)
    parameters.number(values, "proration_date")
    parameters.text(values, "description")
    _checked_details(values)
    pause = parameters.group(values, "pause_collection", frozenset({"behavior", "resumes_at"}))
    if pause is not None:
        if parameters.choice(pause, "behavior", parameters.PAUSES) is None:
            raise wrong(
                "Missing required param: pause_collection[behavior].", "pause_collection[behavior]", "parameter_missing"
            )
        parameters.number(pause, "resumes_at")


def checked_cancel(values: Values) -> None:
    """Likewise for DELETE."""
    parameters.flag(values, "invoice_now")
    parameters.flag(values, "prorate")
    _checked_details(values)


def updated(subscription: Document, values: Values, now: int) -> Document:
    """As it stands after POST; raises Refusal."""
    _check_open(subscription, values)
    fresh = dict(subscription)
    _cancellation(fresh, values, now)
    if "pause_collection" in values:
        fresh["pause_collection"] = _pause(values)
    if "metadata" in values:
        fresh["metadata"] = _metadata(subscription["metadata"], values["metadata"])
    if "description" in values:
        fresh["description"] = values["description"] or None
    if "items" in values:
        fresh["items"] = _items(subscription, values)
    return fresh


def cancelled(subscription: Document, values: Values, now: int) -> Document:
    """As it stands after DELETE; raises Refusal."""
    if subscription["status"] in TERMINAL:
        raise missing("subscription", subscription["id"])
    _check_unowned(subscription)
    return ended(subscription, now, _details(subscription, values))


def _check_open(subscription: Document, values: Values) -> None:
    if subscription["status"] in TERMINAL and set(values) - _ALWAYS:
        message = "A canceled subscription can only update its cancellation_details and metadata."
        raise Refusal(error(400, message, code="invalid_canceled_subscription_fields"), executed=True)
    if subscription["status"] == "incomplete" and set(values) - _ALWAYS:
        message = "An incomplete subscription can only have its metadata and default_source updated."
        raise Refusal(error(400, message), executed=True)
    if {"cancel_at", "cancel_at_period_end"} & set(values):
        _check_unowned(subscription)


def _check_unowned(subscription: Document) -> None:
    if subscription["schedule"] is not None:
        message = (
            f"The subscription is managed by the subscription schedule `{subscription['schedule']}`, and updating any "
            "cancelation behavior directly is not allowed. Please update the schedule instead."
        )
        raise Refusal(error(400, message), executed=True)


def _cancellation(fresh: Document, values: Values, now: int) -> None:
    at_end = parameters.flag(values, "cancel_at_period_end")
    asked = values.get("cancel_at")
    if at_end is True:
        _set_end(fresh, period_end(fresh), now)
        fresh["cancel_at_period_end"] = True
    elif (at_end is False and fresh["cancel_at_period_end"]) or asked == "":
        _unset_end(fresh)
    elif asked is not None:
        _set_end(fresh, _moment(fresh, values), now)
        fresh["cancel_at_period_end"] = False
    if "cancellation_details" in values:
        fresh["cancellation_details"] = _details(fresh, values)


def _set_end(fresh: Document, at: int, now: int) -> None:
    if at <= now:
        raise Refusal(error(400, "`cancel_at` must be in the future.", param="cancel_at"), executed=True)
    fresh["cancel_at"], fresh["canceled_at"] = at, now
    fresh["cancellation_details"] = {**fresh["cancellation_details"], "reason": "cancellation_requested"}


def _unset_end(fresh: Document) -> None:
    fresh["cancel_at"], fresh["canceled_at"], fresh["cancel_at_period_end"] = None, None, False
    fresh["cancellation_details"] = {**fresh["cancellation_details"], "reason": None}


def _moment(subscription: Document, values: Values) -> int:
    match values["cancel_at"]:
        case "min_period_end":
            return period_end(subscription)
        case "max_period_end" | "max_billed_until":
            return latest_end(subscription)
        case _:
            return parameters.number(values, "cancel_at") or 0


def _checked_details(values: Values) -> None:
    details = parameters.group(values, "cancellation_details", frozenset({"comment", "feedback"}))
    if details is not None:
        parameters.text(details, "comment")
        parameters.choice(details, "feedback", {*parameters.FEEDBACK, ""})


def _details(subscription: Document, values: Values) -> Document:
    given = {name: value or None for name, value in (values.get("cancellation_details") or {}).items()}
    return {**subscription["cancellation_details"], **given}


def _pause(values: Values) -> Document | None:
    pause = values["pause_collection"]
    return (
        None if pause == "" else {"behavior": pause["behavior"], "resumes_at": parameters.number(pause, "resumes_at")}
    )


def _metadata(before: Document, given: Any) -> Document:
    if given == "":
        return {}
    if not isinstance(given, dict) or not all(isinstance(value, str) for value in given.values()):
        raise wrong("Invalid object", "metadata")
    merged = {**before, **given}
    return {name: value for name, value in merged.items() if value != ""}


def _items(subscription: Document, values: Values) -> Document:
    """New quantities for items; other changes of items this emulator does not do."""
    items = list(subscription["items"]["data"])
    for given in parameters.many(values, "items"):
        if not isinstance(given, dict) or set(given) != {"id", "quantity"}:
            raise Refusal(
                error(501, "The emulator changes quantities of items alone.", type="api_error", param="items")
            )
        places = [place for place, item in enumerate(items) if item["id"] == given["id"]]
        if not places:
            raise missing("subscription_item", str(given["id"]), "items[0][id]", 400)
        items[places[0]] = {**items[places[0]], "quantity": parameters.number(given, "quantity")}
    return {**subscription["items"], "data": items}

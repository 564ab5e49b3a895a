"""Stripe's form-encoded parameters: how they are read, which a call has, and which values they take. Pure.

The names are those of the SDK's parameter types. A documented one that this emulator does not act on is answered with
501, so that nobody takes its silence for obedience.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from urllib.parse import parse_qsl

from reconciler.testing.emulators.stripe_wire import Refusal, error, wrong
from reconciler.testing.emulators.wire import Request

UPDATE = frozenset(
    "cancel_at cancel_at_period_end cancellation_details description expand items metadata pause_collection "
    "payment_behavior proration_behavior proration_date".split()
)
UPDATE_UNDONE = frozenset(
    "add_invoice_items application_fee_percent automatic_tax billing_cycle_anchor billing_schedules billing_thresholds "
    "collection_method days_until_due default_payment_method default_source default_tax_rates discounts "
    "invoice_settings off_session on_behalf_of payment_settings pending_invoice_item_interval transfer_data trial_end "
    "trial_from_plan trial_settings".split()
)
CANCEL = frozenset({"cancellation_details", "expand", "invoice_now", "prorate"})
LIST = frozenset({"limit", "starting_after", "ending_before", "expand"})
LIST_SUBSCRIPTIONS = LIST | {"status", "customer", "price", "collection_method"}
LIST_SUBSCRIPTIONS_UNDONE = frozenset(
    "automatic_tax created current_period_end current_period_start customer_account plan test_clock".split()
)
LIST_PRODUCTS = LIST | {"ids", "active"}
LIST_PRICES = LIST | {"product", "active"}
LIST_ITEMS = LIST | {"subscription"}
RETRIEVE = frozenset({"expand"})
FEEDBACK = frozenset(
    "customer_service low_quality missing_features other switched_service too_complex too_expensive unused".split()
)
PRORATIONS = frozenset({"always_invoice", "create_prorations", "none"})
PAYMENTS = frozenset({"allow_incomplete", "default_incomplete", "error_if_incomplete", "pending_if_incomplete"})
PAUSES = frozenset({"keep_as_draft", "mark_uncollectible", "void"})
CANCEL_AT = frozenset({"min_period_end", "max_period_end", "max_billed_until"})
PAGE, PAGE_AT_MOST = 10, 100
_KEY = re.compile(r"([a-z_]+)((?:\[[^\[\]]*\])*)")
_FORM = "application/x-www-form-urlencoded"

Values = Mapping[str, Any]


def read(request: Request, known: frozenset[str], undone: frozenset[str] = frozenset()) -> Values:
    """The parameters, nested as they name it (`a[b][0]=c`); refuses names that the call does not have."""
    pairs = request.pairs if request.method in ("GET", "DELETE") else ()
    if request.method in ("POST", "DELETE") and request.body:
        pairs = (*pairs, *_form(request))
    values = _nested(pairs)
    for name in values:
        if name in undone:
            message = f"The emulator does not do this yet: {name}"
            raise Refusal(error(501, message, type="api_error", param=name))
        if name not in known:
            raise wrong(f"Received unknown parameter: {name}", name, "parameter_unknown")
    return values


def flag(values: Values, name: str) -> bool | None:
    """A boolean parameter; None: not given."""
    value = values.get(name)
    if value is None:
        return None
    if value not in ("true", "false"):
        raise wrong(f"Invalid boolean: {value}", name)
    return bool(value == "true")


def number(values: Values, name: str) -> int | None:
    """A whole number; None: not given."""
    value = values.get(name)
    if value is None:
        return None
    if not isinstance(value, str) or not re.fullmatch(r"-?[0-9]{1,12}", value):
        raise wrong(f"Invalid integer: {value}", name, "parameter_invalid_integer")
    return int(value)


def text(values: Values, name: str) -> str | None:
    """A text; None: not given."""
    value = values.get(name)
    if value is not None and not isinstance(value, str):
        raise wrong(f"Invalid string: {value}", name)
    return value


def choice(values: Values, name: str, among: Iterable[str]) -> str | None:
    """One of several words; None: not given."""
    value = text(values, name)
    if value is not None and value not in among:
        raise wrong(f"Invalid {name}: must be one of {', '.join(sorted(among))}", name)
    return value


def group(values: Values, name: str, known: frozenset[str]) -> Values | None:
    """Parameters below one name; None: not given, or empty to unset it."""
    value = values.get(name)
    if value is None or value == "":
        return None
    if not isinstance(value, Mapping):
        raise wrong("Invalid object", name)
    for inner in value:
        if inner not in known:
            raise wrong(f"Received unknown parameter: {name}[{inner}]", f"{name}[{inner}]", "parameter_unknown")
    return value


def many(values: Values, name: str) -> Sequence[Any]:
    """A list, whichever way it was written: `a[]=1&a[]=2` or `a[0]=1&a[1]=2`."""
    value = values.get(name, {})
    if isinstance(value, Mapping):
        return list(value.values())
    raise wrong("Invalid array", name)


def limit(values: Values) -> int:
    """The size of a page."""
    size = number(values, "limit")
    if size is None:
        return PAGE
    if not 1 <= size <= PAGE_AT_MOST:
        raise wrong(f"Invalid limit: must be between 1 and {PAGE_AT_MOST}", "limit", "parameter_invalid_integer")
    return size


def _form(request: Request) -> Sequence[tuple[str, str]]:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != _FORM:
        raise wrong(f"Invalid request (check that your POST content type is {_FORM}).")
    try:
        return parse_qsl(request.body.decode(), keep_blank_values=True, strict_parsing=True)
    except ValueError as problem:
        raise wrong("Invalid request: the body is not form-encoded.") from problem


def _nested(pairs: Iterable[tuple[str, str]]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for key, value in pairs:
        found = _KEY.fullmatch(key)
        if found is None:
            raise wrong(f"Received unknown parameter: {key}", key, "parameter_unknown")
        names = [found[1], *re.findall(r"\[([^\[\]]*)\]", found[2])]
        place = values
        for name in names[:-1]:
            inner = place.setdefault(name, {})
            if not isinstance(inner, dict):
                raise wrong(f"Invalid object: {key}", key)
            place = inner
        place[names[-1] or str(len(place))] = value
    return values

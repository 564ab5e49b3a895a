"""How Stripe (API 2026-10-28.endive) spells things: errors, and the bodies of subscriptions, items, prices, products.

The keys are those of Stripe's published fixtures, all of them; values that a reconciler has no use for are null.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from reconciler.testing.emulators.ledger import Document
from reconciler.testing.emulators.wire import Response

API_VERSION = "2026-10-28.endive"
INVALID = "invalid_request_error"


class Refusal(Exception):
    """A request that is answered with an error. `executed`: the endpoint had begun, so an idempotency key keeps it."""

    def __init__(self, response: Response, *, executed: bool = False) -> None:
        super().__init__(response.status)
        self.response, self.executed = response, executed


def error(
    status: int,
    message: str,
    *,
    type: str = INVALID,  # noqa: A002  the vendor's word
    code: str | None = None,
    param: str | None = None,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """An error body."""
    detail = {"code": code, "message": message, "param": param, "type": type}
    if code is not None:
        detail["doc_url"] = f"https://docs.stripe.com/error-codes#{code.replace('_', '-')}"
    return Response(
        status, {"error": {name: value for name, value in detail.items() if value is not None}}, headers or {}
    )


def wrong(message: str, param: str | None = None, code: str | None = None) -> Refusal:
    """400, before the endpoint began."""
    return Refusal(error(400, message, code=code, param=param))


def missing(kind: str, id: str, param: str = "id", status: int = 404) -> Refusal:
    """There is none of that id."""
    return Refusal(
        error(status, f"No such {kind}: '{id}'", code="resource_missing", param=param), executed=status == 404
    )


@dataclass(frozen=True, slots=True)
class Plan:
    """A product and its price."""

    product: str
    """The product's id, `prod_…`."""
    name: str
    price: str
    """The price's id, `price_…`."""
    amount: int = 2000
    """In the currency's smallest unit, for one seat and interval."""
    currency: str = "usd"
    interval: str = "month"
    interval_count: int = 1


@dataclass(frozen=True, slots=True)
class Terms:
    """What one subscription is made of."""

    id: str
    plans: Sequence[Plan]
    started: datetime
    """Its billing cycle's anchor."""
    period: tuple[datetime, datetime]
    """The current one."""
    quantity: int = 1
    status: str = "active"
    customer: str = "cus_Sandbox0000001"
    metadata: Mapping[str, str] = field(default_factory=dict)
    values: Mapping[str, Any] = field(default_factory=dict)
    """Other values of the body."""


def epoch(moment: datetime) -> int:
    """Seconds, as Stripe writes a moment."""
    return int(moment.timestamp())


def instant(seconds: int) -> datetime:
    """From `epoch`."""
    return datetime.fromtimestamp(seconds, UTC)


def product_body(plan: Plan, created: int) -> Document:
    """A product."""
    return {
        "active": True,
        "created": created,
        "default_price": plan.price,
        "description": None,
        "id": plan.product,
        "images": [],
        "livemode": False,
        "marketing_features": [],
        "metadata": {},
        "name": plan.name,
        "object": "product",
        "package_dimensions": None,
        "shippable": None,
        "statement_descriptor": None,
        "tax_code": None,
        "unit_label": None,
        "updated": created,
        "url": None,
        "type": "service",
    }


def price_body(plan: Plan, created: int) -> Document:
    """A recurring price for each unit."""
    return {
        "active": True,
        "billing_scheme": "per_unit",
        "created": created,
        "currency": plan.currency,
        "custom_unit_amount": None,
        "id": plan.price,
        "livemode": False,
        "lookup_key": None,
        "metadata": {},
        "nickname": None,
        "object": "price",
        "product": plan.product,
        "recurring": {
            "interval": plan.interval,
            "interval_count": plan.interval_count,
            "meter": None,
            "usage_type": "licensed",
            "trial_period_days": None,
        },
        "tax_behavior": "unspecified",
        "tiers_mode": None,
        "transform_quantity": None,
        "type": "recurring",
        "unit_amount": plan.amount,
        "unit_amount_decimal": str(plan.amount),
    }


def _old_plan(plan: Plan, created: int) -> Document:
    """The price once more, in the shape that it had before there were prices."""
    return {
        "active": True,
        "amount": plan.amount,
        "amount_decimal": str(plan.amount),
        "billing_scheme": "per_unit",
        "created": created,
        "currency": plan.currency,
        "id": plan.price,
        "interval": plan.interval,
        "interval_count": plan.interval_count,
        "livemode": False,
        "metadata": {},
        "meter": None,
        "nickname": None,
        "object": "plan",
        "product": plan.product,
        "tiers_mode": None,
        "transform_usage": None,
        "trial_period_days": None,
        "usage_type": "licensed",
    }


def item_body(terms: Terms, plan: Plan, number: int) -> Document:
    """One item of a subscription, with its price. The current period stands here, and nowhere else."""
    created = epoch(terms.started)
    start, end = terms.period
    return {
        "created": created,
        "discounts": [],
        "id": f"si_{terms.id.removeprefix('sub_')}{number}",
        "metadata": {},
        "object": "subscription_item",
        "price": price_body(plan, created),
        "quantity": terms.quantity,
        "subscription": terms.id,
        "tax_rates": [],
        "plan": _old_plan(plan, created),
        "current_period_end": epoch(end),
        "current_period_start": epoch(start),
        "billing_thresholds": None,
    }


_FIXED: Mapping[str, Any] = {
    "application": None,
    "application_fee_percent": None,
    "automatic_tax": {"enabled": False, "liability": None, "disabled_reason": None},
    "billing_cycle_anchor_config": None,
    "cancel_at": None,
    "canceled_at": None,
    "cancellation_details": {"comment": None, "feedback": None, "reason": None},
    "collection_method": "charge_automatically",
    "days_until_due": None,
    "default_payment_method": None,
    "default_source": None,
    "default_tax_rates": [],
    "description": None,
    "discounts": [],
    "ended_at": None,
    "invoice_settings": {
        "account_tax_ids": None,
        "issuer": {"type": "self"},
        "custom_fields": None,
        "description": None,
        "footer": None,
    },
    "latest_invoice": None,
    "livemode": False,
    "next_pending_invoice_item_invoice": None,
    "object": "subscription",
    "on_behalf_of": None,
    "pause_collection": None,
    "payment_settings": {
        "payment_method_options": None,
        "payment_method_types": None,
        "save_default_payment_method": None,
    },
    "pending_invoice_item_interval": None,
    "pending_setup_intent": None,
    "pending_update": None,
    "schedule": None,
    "test_clock": None,
    "transfer_data": None,
    "trial_end": None,
    "trial_settings": {"end_behavior": {"missing_payment_method": "create_invoice"}},
    "trial_start": None,
    "cancel_at_period_end": False,
    "billing_thresholds": None,
    "billing_mode": {"type": "classic", "flexible": None},
    "customer_account": None,
    "managed_payments": None,
    "billing_schedules": [],
}


def subscription_body(terms: Terms) -> Document:
    """A subscription with its items."""
    items = [item_body(terms, plan, number) for number, plan in enumerate(terms.plans, start=1)]
    return {
        **_FIXED,
        "billing_cycle_anchor": epoch(terms.started),
        "created": epoch(terms.started),
        "currency": terms.plans[0].currency,
        "customer": terms.customer,
        "id": terms.id,
        "items": {
            "data": items,
            "has_more": False,
            "object": "list",
            "url": f"/v1/subscription_items?subscription={terms.id}",
        },
        "metadata": dict(terms.metadata),
        "start_date": epoch(terms.started),
        "status": terms.status,
        **terms.values,
    }


def account_body(id: str, name: str) -> Document:
    """The account itself, of which no fixture is at hand: the fields that its reference page always shows."""
    return {
        "id": id,
        "object": "account",
        "business_profile": {"name": name, "url": None},
        "business_type": "company",
        "charges_enabled": True,
        "country": "US",
        "default_currency": "usd",
        "details_submitted": True,
        "email": "billing@contoso.example",
        "payouts_enabled": True,
        "settings": {"dashboard": {"display_name": name, "timezone": "Etc/UTC"}},
        "type": "standard",
    }

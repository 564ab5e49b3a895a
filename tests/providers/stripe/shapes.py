"""Stripe's objects as the API shows them: the published example, with sound dates and nothing odd about it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from copy import deepcopy
from datetime import UTC, datetime
from functools import cache
from typing import Any

from reconciler.answers import Order
from reconciler.changes import Change, Kind
from reconciler.model import SubscriptionKey
from reconciler.observed import ObservedSubscription
from reconciler.ports import Opening
from reconciler.providers.stripe.convert import converted
from reconciler.secret import Secret
from reconciler.settings import AccountSettings
from tests.builders import NOW, PLACE
from tests.conftest import REPOSITORY

ID = "sub_1Pgc6rB7WZ01zgkWNy0Cn5nw"
PRODUCT = "prod_QXg1hqf4jFNsqG"
START, END = datetime(2026, 11, 1, tzinfo=UTC), datetime(2026, 12, 1, tzinfo=UTC)
OWNER = "acct_1Sandbox"
KEY = "sk_test_4eC39HqLyjWDarjtT1zdp7dc"


@cache
def _published() -> Mapping[str, Any]:
    path = REPOSITORY / "tests" / "data" / "stripe" / "fixtures.json"
    found: Mapping[str, Any] = json.loads(path.read_text("utf-8"))
    return found


def published(name: str) -> dict[str, Any]:
    """The example of Stripe's own API description, as it is."""
    return deepcopy(dict(_published()[name]))


def seconds(instant: datetime) -> int:
    """As Stripe writes instants."""
    return int(instant.timestamp())


def an_item(price: Mapping[str, Any] | None = None, **fields: Any) -> dict[str, Any]:
    """One seat at 20.00 USD a month."""
    item = published("subscription_item")
    item |= {"current_period_start": seconds(START), "current_period_end": seconds(END)}
    item["price"] |= {"transform_quantity": None, **(price or {})}
    return item | fields


def a_subscription(*items: Mapping[str, Any], **fields: Any) -> dict[str, Any]:
    """An active one that renews, with nothing to be said of it."""
    raw = published("subscription")
    raw |= {
        "cancel_at": None,
        "cancel_at_period_end": False,
        "canceled_at": None,
        "ended_at": None,
        "pause_collection": None,
        "pending_update": None,
        "start_date": seconds(START),
        "trial_end": None,
        "trial_start": None,
    }
    raw["items"] |= {"data": list(items) or [an_item()]}
    return raw | fields


def shown(raw: Mapping[str, Any], names: Mapping[str, str] | None = None) -> ObservedSubscription:
    """What is made of it; it must be readable."""
    found = converted(raw, str(raw["id"]), names or {})
    assert isinstance(found, ObservedSubscription), found
    return found


def an_opening(endpoint: str | None, key: str | None = KEY, **options: str) -> Opening:
    """An account whose key is that one."""
    account = AccountSettings("shop", "stripe", "plain", tenant=OWNER, options=options)
    return Opening(account, {"key": Secret(key) if key is not None else None}.get, endpoint)


def an_order(kind: Kind, seen: ObservedSubscription, operation_id: str = "ab" * 16) -> Order:
    """One write on it."""
    key = SubscriptionKey("shop", "visio")
    return Order(Change(key, kind, {}, {}, PLACE, external_id=seen.id), seen, operation_id, NOW)

"""The emulator's bodies against Stripe's published fixtures: exactly their keys, and their JSON types."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from reconciler.testing.emulators import sample_estate
from reconciler.testing.emulators.stripe import Plan, StripeEmulator, Terms
from tests.testing.emulators.asking import asking
from tests.testing.emulators.openapi import kind
from tests.testing.emulators.toy import NOW

FIXTURES = Path(__file__).resolve().parents[2] / "data" / "stripe" / "fixtures.json"
KEY = {"Authorization": "Bearer sk_test_sandbox"}


@pytest.fixture(scope="module")
def fixtures() -> Any:
    return json.loads(FIXTURES.read_text("utf-8"))


def differences(there: Any, here: Any, path: str = "$") -> Iterator[str]:
    """Keys and types that differ. A null on one side fits anything: a fixture shows each object once."""
    if kind(there) == "null" or kind(here) == "null":
        return
    if kind(there) != kind(here):
        yield f"{path}: {kind(there)} there, {kind(here)} here"
    elif isinstance(there, dict) and not path.endswith(".metadata"):
        yield from (f"{path}.{name}: on one side" for name in sorted(there.keys() ^ here.keys()))
        for name in sorted(there.keys() & here.keys()):
            yield from differences(there[name], here[name], f"{path}.{name}")
    elif isinstance(there, list):
        for one, other in zip(there[:1], here[:1], strict=False):
            yield from differences(one, other, f"{path}[]")


def test_every_subscription_of_the_estate_has_the_fixtures_keys_and_types(fixtures: Any) -> None:
    with asking(sample_estate("stripe", 60, now=NOW), **KEY) as client:
        bodies = client.ask("GET", "/v1/subscriptions", limit=100, status="all").body["data"]
        assert len(bodies) == 60
        for body in bodies:
            assert list(differences(fixtures["subscription"], body)) == []
            for item in body["items"]["data"]:
                assert list(differences(fixtures["subscription_item"], item)) == []


def test_prices_and_products_have_the_fixtures_keys_and_types(fixtures: Any) -> None:
    with asking(sample_estate("stripe", 20, now=NOW), **KEY) as client:
        for name in ("price", "product"):
            for body in client.ask("GET", f"/v1/{name}s", limit=100).body["data"]:
                assert list(differences(fixtures[name], body)) == []
                assert client.ask("GET", f"/v1/{name}s/{body['id']}").body == body


def test_what_was_updated_and_what_was_cancelled_has_them_too(fixtures: Any) -> None:
    emulator = StripeEmulator(now=NOW)
    plan = Plan("prod_1", "One", "price_1")
    emulator.add_subscription(Terms("sub_1", (plan,), NOW, (NOW, NOW.replace(month=12))))
    with asking(emulator, **KEY) as client:
        values = {"pause_collection[behavior]": "void", "cancel_at_period_end": "true", "metadata[a]": "b"}
        assert (
            list(differences(fixtures["subscription"], client.form("POST", "/v1/subscriptions/sub_1", **values).body))
            == []
        )
        assert list(differences(fixtures["subscription"], client.ask("DELETE", "/v1/subscriptions/sub_1").body)) == []


def test_what_stays_null_here_is_known(fixtures: Any) -> None:
    """Objects of the fixture that no subscription here ever shows: their types are not proven."""
    emulator = sample_estate("stripe", 60, now=NOW)
    bodies = list(emulator.table("subscriptions").values())
    never = {name for name in fixtures["subscription"] if all(body[name] is None for body in bodies)}
    assert {name for name in never if fixtures["subscription"][name] is not None} == {
        "billing_cycle_anchor_config",
        "billing_thresholds",
        "managed_payments",
        "next_pending_invoice_item_invoice",
        "pending_invoice_item_interval",
        "pending_update",
        "transfer_data",
    }


@pytest.mark.parametrize(
    ("there", "here", "told"),
    [
        ({"a": 1}, {}, "$.a: on one side"),
        ({}, {"a": 1}, "$.a: on one side"),
        ({"a": [{"b": 1}]}, {"a": [{"b": "1"}]}, "$.a[].b: number there, string here"),
    ],
)
def test_a_difference_is_found(there: Any, here: Any, told: str) -> None:
    assert list(differences(there, here)) == [told]

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from reconciler.testing.emulators import microsoft_writing as writing
from reconciler.testing.emulators.microsoft_wire import Refusal, stamp
from reconciler.testing.emulators.wire import Request
from tests.testing.emulators.toy import NOW

JSON = {"content-type": "application/json; charset=utf-8"}


def sent(body: Any, headers: dict[str, str] | None = None) -> Request:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Request("PATCH", "/", headers=JSON if headers is None else headers, body=data)


@pytest.mark.parametrize(
    ("body", "told"),
    [
        pytest.param({"autoRenew": "Off"}, "Could not find member 'autoRenew'", id="the wrong level"),
        pytest.param({}, "'properties' is required", id="no properties"),
        pytest.param({"properties": []}, "'properties' is required", id="a list of properties"),
        pytest.param([], "is not an object", id="a list"),
        pytest.param(b"{", "could not be deserialized", id="no JSON"),
        pytest.param({"properties": {}}, "has no properties", id="none of them"),
        pytest.param({"properties": {"autoRenew": "Off"}}, "through the product", id="auto renew"),
        pytest.param({"properties": {"status": "Active"}}, "'status'", id="what is read-only"),
        pytest.param({"properties": {"quantity": 0}}, "whole number", id="no seats"),
        pytest.param({"properties": {"quantity": True}}, "whole number", id="a boolean for a number"),
        pytest.param({"properties": {"displayName": 1}}, "is a string", id="a number for a text"),
    ],
)
def test_a_wrong_patch_of_a_subscription_is_refused(body: Any, told: str) -> None:
    with pytest.raises(Refusal, match=told):
        writing.subscription_patch(sent(body))


def test_a_right_patch_is_taken() -> None:
    properties = {"displayName": "S", "quantity": 3}
    assert writing.subscription_patch(sent({"properties": properties, "tags": {}})) == properties
    assert writing.product_patch(sent({"properties": {"autoRenew": "On"}})) == {"autoRenew": "On"}


@pytest.mark.parametrize("headers", [{}, {"content-type": "text/plain"}])
def test_only_json_is_taken(headers: dict[str, str]) -> None:
    with pytest.raises(Refusal) as caught:
        writing.product_patch(sent({"properties": {"autoRenew": "On"}}, headers))
    assert caught.value.response.status == 415


@pytest.mark.parametrize("body", [{}, {"cancellationReason": "Other", "customerId": 1}, {"reason": "Other"}])
def test_a_wrong_cancellation_is_refused(body: Any) -> None:
    with pytest.raises(Refusal):
        writing.cancel_request(sent(body))


@pytest.mark.parametrize(
    ("overrides", "allowed"),
    [
        pytest.param({}, True, id="none stated"),
        pytest.param({"cancellation": "Allowed"}, True, id="allowed, without an end"),
        pytest.param({"cancellation": "NotAllowed"}, False, id="not allowed"),
        pytest.param({"cancellationAllowedEndDate": stamp(NOW)}, False, id="its end is now"),
        pytest.param(
            {"cancellationAllowedEndDate": stamp(NOW + timedelta(seconds=1))}, True, id="a second before its end"
        ),
    ],
)
def test_the_window_to_cancel(overrides: dict[str, str], allowed: bool) -> None:
    subscription = {"properties": {"systemOverrides": overrides}}
    if allowed:
        writing.check_window(subscription, NOW)
        return
    with pytest.raises(Refusal):
        writing.check_window(subscription, NOW)

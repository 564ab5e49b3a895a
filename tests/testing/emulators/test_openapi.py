"""That the check of bodies against the OpenAPI can fail."""

from __future__ import annotations

from typing import Any

import pytest

from tests.testing.emulators.openapi import breaches, differences, example

HOME = "billingSubscription.json"


def body(**properties: Any) -> dict[str, Any]:
    return {"name": "a", "properties": properties}


@pytest.mark.parametrize(
    ("given", "told"),
    [
        pytest.param(body(autoRenew="Perhaps"), "is not one of", id="a word that no enum has"),
        pytest.param(body(colour="red"), "Additional properties", id="an unknown name"),
        pytest.param({**body(), "colour": "red"}, "Additional properties", id="an unknown name beside them"),
        pytest.param(body(quantity="1"), "is not of type 'integer'", id="a text for a number"),
        pytest.param(body(termEndDate="tomorrow"), "does not match", id="no date"),
        pytest.param(body(systemOverrides={"cancellation": "Maybe"}), "is not one of", id="one level down"),
        pytest.param(body(lastMonthCharges={"value": "5"}), "is not of type 'number'", id="in another file"),
        pytest.param({**body(), "systemData": {"createdAt": 1}}, "is not of type 'string'", id="in the common types"),
    ],
)
def test_a_wrong_body_is_found(given: Any, told: str) -> None:
    assert any(told in breach for breach in breaches(given, "BillingSubscription", HOME))


def test_a_right_body_passes() -> None:
    shown = example("billingSubscriptionsGet")["responses"]["200"]["body"]
    assert breaches(shown, "BillingSubscription", HOME) == []


def test_what_is_read_only_cannot_be_written() -> None:
    given = body(status="Active")
    assert breaches(given, "BillingSubscriptionPatch", HOME) == []
    assert breaches(given, "BillingSubscriptionPatch", HOME, writing=True)


def test_shapes_are_compared_both_ways() -> None:
    assert list(differences({"a": 1, "b": [1], "d": 1}, {"a": "1", "b": [], "c": 2})) == [
        "$.d: only there",
        "$.c: only here",
        "$.a: number there, string here",
    ]
    assert list(differences([{"a": 1}], [{"a": None}])) == ["$[0].a: number there, null here"]

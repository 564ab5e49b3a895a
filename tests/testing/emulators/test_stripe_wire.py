from __future__ import annotations

from datetime import UTC, datetime

from reconciler.testing.emulators import stripe_wire as wire


def test_moments_are_seconds() -> None:
    at = datetime(2026, 11, 23, 12, tzinfo=UTC)
    assert wire.epoch(at) == 1795435200
    assert wire.instant(wire.epoch(at)) == at


def test_an_error_has_only_what_is_known_of_it() -> None:
    assert wire.error(400, "No.").body == {"error": {"message": "No.", "type": "invalid_request_error"}}
    detail = wire.missing("subscription", "sub_1").response.body["error"]
    assert detail["doc_url"] == "https://docs.stripe.com/error-codes#resource-missing"
    assert (detail["param"], detail["message"]) == ("id", "No such subscription: 'sub_1'")


def test_the_period_stands_on_the_items_alone() -> None:
    start, end = datetime(2026, 11, 1, tzinfo=UTC), datetime(2026, 12, 1, tzinfo=UTC)
    plans = (wire.Plan("prod_1", "A", "price_1"), wire.Plan("prod_2", "B", "price_2"))
    body = wire.subscription_body(wire.Terms("sub_1", plans, start, (start, end), quantity=3))
    assert not {name for name in body if name.startswith("current_period")}
    assert [item["current_period_end"] for item in body["items"]["data"]] == [wire.epoch(end)] * 2
    assert len({item["id"] for item in body["items"]["data"]}) == 2

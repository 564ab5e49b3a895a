from __future__ import annotations

from reconciler.testing.emulators.stripe_estate import plans, sample_estate
from reconciler.testing.emulators.stripe_life import latest_end, period_end
from reconciler.testing.emulators.stripe_wire import epoch
from tests.testing.emulators.toy import NOW


def test_it_has_so_many_subscriptions_with_one_of_each_special_case() -> None:
    bodies = list(sample_estate(50, 1, now=NOW).table("subscriptions").values())
    assert len(bodies) == 50
    assert {body["status"] for body in bodies} == set(
        "active canceled incomplete incomplete_expired past_due paused trialing unpaid".split()
    )
    cases = {body["metadata"].get("case"): body for body in bodies}
    assert cases["ends at its period"]["cancel_at"] == period_end(cases["ends at its period"])
    assert cases["ends on a date"]["cancel_at_period_end"] is False
    assert cases["owned by a schedule"]["schedule"]
    assert cases["collection is paused"]["pause_collection"]["behavior"] == "void"
    assert len(cases["two items"]["items"]["data"]) == 2
    two = cases["two items with periods of their own"]
    assert period_end(two) < latest_end(two)


def test_every_living_period_contains_today() -> None:
    now = epoch(NOW)
    for body in sample_estate(200, 3, now=NOW).table("subscriptions").values():
        item = body["items"]["data"][0]
        assert item["current_period_start"] <= now < item["current_period_end"]


def test_time_has_nothing_to_do_at_once() -> None:
    emulator = sample_estate(200, 3, now=NOW)
    before = dict(emulator.table("subscriptions"))
    emulator.clock = NOW
    assert dict(emulator.table("subscriptions")) == before


def test_each_product_has_two_prices() -> None:
    assert len(plans()) == len({plan.price for plan in plans()}) == 2 * len({plan.product for plan in plans()})

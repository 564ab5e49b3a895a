from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from reconciler.testing.emulators import stripe_life as life
from reconciler.testing.emulators.stripe_wire import Plan, Terms, epoch, instant, subscription_body

START = datetime(2026, 1, 31, 8, tzinfo=UTC)
END = datetime(2026, 2, 28, 8, tzinfo=UTC)


def one(interval: str = "month", **values: Any) -> Any:
    plan = Plan("prod_1", "A", "price_1", interval=interval)
    status = values.pop("status", "active")
    return subscription_body(Terms("sub_1", (plan,), START, (START, END), status=status, values=values))


@pytest.mark.parametrize(
    ("interval", "count", "ends"),
    [
        ("month", 1, ["02-28", "03-31", "04-30", "05-31"]),
        ("month", 3, ["04-30", "07-31", "10-31", "01-31"]),
        ("week", 2, ["02-14", "02-28", "03-14", "03-28"]),
        ("day", 10, ["02-10", "02-20", "03-02", "03-12"]),
        ("year", 1, ["01-31", "01-31", "01-31", "01-31"]),
    ],
)
def test_periods_are_counted_from_the_anchor(interval: str, count: int, ends: list[str]) -> None:
    found, end = [], epoch(START)
    for _ in range(4):
        end = life.period_after(epoch(START), end, interval, count)
        found.append(f"{instant(end):%m-%d}")
    assert found == ends


def test_a_period_off_the_anchor_is_counted_from_its_own_start() -> None:
    end = epoch(datetime(2026, 3, 10, tzinfo=UTC))
    assert instant(life.period_after(epoch(START), end, "month", 1)) == datetime(2026, 4, 10, tzinfo=UTC)


@pytest.mark.parametrize("status", ["active", "past_due", "unpaid"])
def test_it_renews_and_keeps_its_status(status: str) -> None:
    after = life.elapse(one(status=status))
    assert (after["status"], instant(life.period_end(after))) == (status, datetime(2026, 3, 31, 8, tzinfo=UTC))


def test_a_trial_becomes_active() -> None:
    assert life.elapse(one(status="trialing"))["status"] == "active"


def test_an_item_whose_period_goes_on_is_left_alone() -> None:
    plans = (Plan("prod_1", "A", "price_1"), Plan("prod_1", "A", "price_2", interval="year"))
    subscription = subscription_body(Terms("sub_1", plans, START, (START, END)))
    first, second = subscription["items"]["data"]
    second = {**second, "current_period_end": epoch(START + timedelta(days=365))}
    after = life.elapse({**subscription, "items": {**subscription["items"], "data": [first, second]}})
    assert after["items"]["data"][1] == second
    assert life.latest_end(after) == second["current_period_end"]


@pytest.mark.parametrize(
    ("subscription", "at", "status"),
    [
        pytest.param(one(cancel_at=epoch(END)), END, "canceled", id="at the end of its period"),
        pytest.param(
            one(cancel_at=epoch(END - timedelta(days=2))), END - timedelta(days=2), "canceled", id="before it"
        ),
        pytest.param(one(status="incomplete"), START + timedelta(hours=23), "incomplete_expired", id="never paid"),
        pytest.param(one(status="paused", cancel_at=epoch(END)), END, "canceled", id="paused, and ended"),
    ],
)
def test_it_ends(subscription: Any, at: datetime, status: str) -> None:
    assert life.due(subscription) == at
    after = life.elapse(subscription)
    assert (after["status"], after["ended_at"]) == (status, epoch(at))
    assert life.due(after) is None


@pytest.mark.parametrize(
    "subscription", [one(status="canceled"), one(status="incomplete_expired"), one(status="paused")]
)
def test_time_leaves_some_as_they_are(subscription: Any) -> None:
    assert life.due(subscription) is None
    assert life.elapse(subscription) is subscription


def test_collection_resumes_when_it_says() -> None:
    resumes = epoch(START + timedelta(days=3))
    after = life.elapse(one(pause_collection={"behavior": "void", "resumes_at": resumes}))
    assert (after["pause_collection"], after["status"]) == (None, "active")
    assert life.due(after) == END


def test_an_end_at_once_keeps_when_it_was_asked_for() -> None:
    details = {"comment": None, "feedback": None}
    assert life.ended(one(canceled_at=5), 9, details)["canceled_at"] == 5
    assert life.ended(one(), 9, details)["cancellation_details"]["reason"] == "cancellation_requested"

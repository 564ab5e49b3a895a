from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from reconciler.testing.emulators.microsoft_life import changed, due, elapse, ended
from reconciler.testing.emulators.microsoft_wire import Seats, moment, subscription_body

START = datetime(2026, 1, 31, 8, 30, tzinfo=UTC)


def seats(**values: Any) -> Any:
    return subscription_body("1", "tenant", Seats("s", "S", values.pop("start", START), **values), START)


def through(subscription: Any, steps: int) -> list[tuple[str, str]]:
    """What it is after each step, and since when."""
    found = []
    for _ in range(steps):
        at = due(subscription)
        subscription = elapse(subscription)
        found.append((f"{at:%Y-%m-%d}", subscription["properties"]["status"]))
    return found


def test_without_auto_renew_it_expires_is_disabled_and_deleted() -> None:
    assert through(seats(length="P1Y", auto_renew="Off"), 4) == [
        ("2026-02-07", "Active"),  # the window to cancel closes
        ("2027-01-31", "Expired"),
        ("2027-03-02", "Disabled"),
        ("2027-05-31", "Deleted"),
    ]


def test_with_auto_renew_a_term_follows_the_other_from_the_same_day_of_the_month() -> None:
    subscription = seats(length="P1M")
    ends = []
    for _ in range(6):
        subscription = elapse(subscription)
        ends.append(subscription["properties"]["termEndDate"][:16])
    assert ends[1::2] == ["2026-03-31T08:30", "2026-04-30T08:30", "2026-05-31T08:30"]
    assert subscription["properties"]["renewalTermDetails"]["termEndDate"][:10] == "2026-06-30"


def test_terms_that_do_not_follow_the_purchase_are_counted_from_their_own_start() -> None:
    subscription = seats(start=START + timedelta(days=1), purchased=START, length="P1M")
    assert elapse(elapse(subscription))["properties"]["termEndDate"][:10] == "2026-04-01"


def test_the_window_opens_again_with_a_renewal() -> None:
    renewed = elapse(elapse(seats(length="P1M")))
    overrides = renewed["properties"]["systemOverrides"]
    assert overrides["cancellation"] == "Allowed"
    assert moment(overrides["cancellationAllowedEndDate"]) - moment(
        renewed["properties"]["termStartDate"]
    ) == timedelta(7)


@pytest.mark.parametrize(
    "subscription",
    [
        pytest.param(seats(status="Suspended"), id="suspended"),
        pytest.param(seats(status="Deleted"), id="deleted"),
        pytest.param(seats(status="Cancelled"), id="cancelled, nobody knows when"),
        pytest.param({"properties": {"offerId": "MS-AZR-0017P"}}, id="without a term"),
    ],
)
def test_time_leaves_some_as_they_are(subscription: Any) -> None:
    assert due(subscription) is None
    assert elapse(subscription) is subscription


@pytest.mark.parametrize("status", ["Disabled", "Cancelled"])
def test_what_was_cancelled_is_deleted_after_ninety_days(status: str) -> None:
    subscription = ended(seats(), START, status, "Cancelled")
    assert subscription["properties"]["autoRenew"] == "On"
    assert through(subscription, 1) == [("2026-05-01", "Deleted")]


def test_a_change_leaves_the_one_before_as_it_was() -> None:
    before = seats()
    after = changed(before, START + timedelta(days=1), displayName="T", quantity=None)
    assert (before["properties"]["displayName"], after["properties"]["displayName"]) == ("S", "T")
    assert "quantity" not in after["properties"]
    assert after["systemData"]["lastModifiedAt"] == "2026-02-01T08:30:00.0000000Z"

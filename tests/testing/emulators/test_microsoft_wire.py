from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from reconciler.testing.emulators import microsoft_wire as wire
from tests.testing.emulators.toy import NOW


def test_dates_are_written_as_published_and_read_again() -> None:
    assert wire.stamp(datetime(2023, 1, 4, 22, 39, 34, 260675, tzinfo=UTC)) == "2023-01-04T22:39:34.2606750Z"
    assert wire.stamp(NOW.astimezone(timezone(timedelta(hours=5)))) == "2026-11-23T12:00:00.0000000Z"
    assert wire.moment(wire.stamp(NOW)) == NOW


@pytest.mark.parametrize(("text", "count"), [("P1M", 1), ("P3M", 3), ("P1Y", 12), ("P3Y", 36)])
def test_durations_are_months(text: str, count: int) -> None:
    assert wire.months(text) == count


@pytest.mark.parametrize("text", ["P7D", "1Y", "", "P1Y6M"])
def test_other_durations_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="a duration such as"):
        wire.months(text)


def test_an_error_may_name_its_target() -> None:
    assert wire.error(400, "A", "B.").body == {"error": {"code": "A", "message": "B."}}
    assert wire.Refusal(400, "A", "B.", "c").response.body["error"]["target"] == "c"


def test_a_product_has_its_subscriptions_name_and_its_own_words() -> None:
    subscription = wire.subscription_body("1", "t", wire.Seats("s", "S", NOW, status="Cancelled"), NOW)
    product = wire.product_body("1", subscription, 5.0)
    assert (product["name"], product["properties"]["status"]) == ("s", "Canceled")
    assert product["properties"]["endDate"] == subscription["properties"]["termEndDate"]
    bare = wire.mirrored(product, {"properties": {"displayName": "T"}})
    assert (bare["properties"]["displayName"], bare["properties"]["status"]) == ("T", "Canceled")


@pytest.mark.parametrize(
    ("agreement", "kind"),
    [
        (wire.CUSTOMER_AGREEMENT, "Business"),
        (wire.PARTNER_AGREEMENT, "Partner"),
        (wire.ENTERPRISE_AGREEMENT, "Enterprise"),
    ],
)
def test_accounts_are_of_the_kind_that_their_agreement_is_for(agreement: str, kind: str) -> None:
    assert wire.account_body("1", agreement, "t", "A")["properties"]["accountType"] == kind

"""What Microsoft.Billing answers, in our words: the published examples, and answers that nobody should send."""

from __future__ import annotations

from copy import deepcopy
from datetime import UTC, date, datetime
from typing import Any

import pytest

from reconciler.changes import INTENTS, Kind
from reconciler.model import Cancel, Money, Recurring, Status, Term, TermLength
from reconciler.observed import ObservedSubscription, Unreadable
from reconciler.providers.microsoft import convert
from reconciler.providers.microsoft.words import Agreement
from tests.providers.microsoft.published import body, subscriptions

CUSTOMER = Agreement.CUSTOMER


def seat(**properties: Any) -> Any:
    """The published example of a seat subscription, with other properties; None takes one away."""
    raw = deepcopy(body("billingSubscriptionsGet"))
    merged = {**raw["properties"], **properties}
    raw["properties"] = {name: value for name, value in merged.items() if value is not None}
    return raw


def seen(raw: Any, agreement: Agreement = CUSTOMER, products: Any = None) -> ObservedSubscription:
    """What it is in our words; it can be read."""
    got = convert.subscription(raw, agreement, products)
    assert isinstance(got, ObservedSubscription), got
    return got


def test_the_published_seat_subscription_converts_field_by_field() -> None:
    got = seen(body("billingSubscriptionsGet"))
    start = datetime(2023, 1, 5, 22, 39, 34, 260675, tzinfo=UTC)
    assert got == ObservedSubscription(
        id="90000000-0000-0000-0000-000000000000",
        product="XYZ56789:0001",
        status=Status.ACTIVE,
        provider_status="Active",
        recurring=Recurring.ON,
        cancellation=Cancel.NONE,
        term=Term(start, datetime(2023, 2, 5, 22, 39, 34, 260675, tzinfo=UTC)),
        length=TermLength.MONTHLY,
        started=date(2023, 1, 4),
        product_name="SKU Description",
        display_name="My subscription",
        seats=1,
        cancel_now_until=datetime(2023, 2, 1, 22, 39, 34, 260675, tzinfo=UTC),
        capabilities=got.capabilities,
    )
    assert got.capabilities.ends == {Kind.TURN_OFF}
    assert set(got.capabilities.barred) == {Kind.REACTIVATE}


@pytest.mark.parametrize(("where", "raw"), subscriptions(), ids=[where for where, _ in subscriptions()])
@pytest.mark.parametrize("agreement", list(Agreement))
def test_every_published_subscription_converts(where: str, raw: Any, agreement: Agreement) -> None:
    got = seen(raw, agreement)
    assert got.id == raw["name"]
    assert got.status is (Status.ACTIVE if raw["properties"].get("status") == "Active" else Status.UNKNOWN)


def test_there_are_published_subscriptions_to_convert() -> None:
    assert len(subscriptions()) > 15


@pytest.mark.parametrize(
    "name", ["productsListByBillingAccount", "productsListByBillingProfile", "productsListByCustomer"]
)
def test_every_published_product_converts(name: str) -> None:
    raws = body(name)["value"]
    assert [convert.product(raw).name for raw in raws] == [raw["name"] for raw in raws]


def test_the_published_product_shows_what_it_cost() -> None:
    got = convert.product(body("productsGet"))
    assert (got.code, got.last_charge) == ("A12345:0001", Money(500000, "USD"))


def test_the_published_lists_link_a_subscription_and_its_product_by_name() -> None:
    product = body("productsListByBillingAccount")["value"][0]
    raw = body("billingSubscriptionsGet")
    assert product["name"] == raw["name"]
    assert product["properties"]["purchaseDate"] == raw["properties"]["purchaseDate"]
    assert convert.product(product).code == seen(raw).product


def test_the_published_billing_account_converts() -> None:
    got = convert.billing_account(body("billingAccountsGet"))
    assert got.agreement is CUSTOMER
    assert got.tenant == "20000000-0000-0000-0000-000000000001"
    assert got.readable


@pytest.mark.parametrize("raw", [{}, {"name": ""}, {"name": 3}, {"name": None}], ids=repr)
@pytest.mark.parametrize("made", [convert.billing_account, convert.product])
def test_what_has_no_name_is_no_answer(made: Any, raw: Any) -> None:
    with pytest.raises(convert.Unconvertible, match="no name"):
        made(raw)


def test_a_subscription_without_a_name_is_no_answer() -> None:
    with pytest.raises(convert.Unconvertible):
        convert.subscription({"properties": {}}, CUSTOMER, None)


@pytest.mark.parametrize(
    ("properties", "code"),
    [
        ({"productTypeId": "CFQ7TTC0LF8S", "skuId": "0001"}, "CFQ7TTC0LF8S:0001"),
        ({"productTypeId": "CFQ7TTC0LF8S"}, "CFQ7TTC0LF8S"),
        ({"offerId": "MS-AZR-0017P"}, "MS-AZR-0017P"),
        ({"skuId": "0001"}, "unknown"),
        ({"productTypeId": " ", "skuId": ""}, "unknown"),
        ({}, "unknown"),
    ],
    ids=["both", "no sku", "an offer", "a sku alone", "blanks", "nothing"],
)
def test_a_product_code_is_the_billing_systems_own(properties: Any, code: str) -> None:
    assert convert.product_code(properties) == code


@pytest.mark.parametrize("status", ["Disabled", "Cancelled", "Expired", "Deleted"])
def test_an_ended_subscription_does_not_renew_whatever_it_says(status: str) -> None:
    got = seen(seat(status=status, autoRenew="On"))
    assert got.status.ended
    assert got.recurring is Recurring.OFF
    assert any("means nothing" in note for note in got.notes)


def test_a_cancelled_subscription_shows_its_cancellation_and_since_when() -> None:
    details = [{"effectiveDate": "2023-01-07T00:00:00Z", "reason": "Cancelled"}]
    got = seen(seat(status="Suspended", suspensionReasons=["Cancelled"], suspensionReasonDetails=details))
    assert got.status is Status.DISABLED
    assert got.cancellation is Cancel.IMMEDIATELY
    assert got.effective_at == datetime(2023, 1, 7, tzinfo=UTC)


def test_a_subscription_that_ran_out_was_not_cancelled() -> None:
    got = seen(seat(status="Expired", autoRenew="Off", suspensionReasons=["Expired"]))
    assert (got.status, got.cancellation, got.effective_at) == (Status.EXPIRED, Cancel.NONE, None)


def test_an_unpaid_bill_suspends_and_is_told() -> None:
    got = seen(seat(status="Suspended", suspensionReasonDetails=[{"reason": "PastDue"}]))
    assert got.status is Status.SUSPENDED
    assert got.notes == ("suspended because a bill was not paid",)
    assert got.cancellation is Cancel.NONE


def test_a_locked_subscription_is_busy() -> None:
    assert seen(seat(operationStatus="None")).busy is None
    assert seen(seat(operationStatus="Other")).busy is None
    assert "locked" in str(seen(seat(operationStatus="LockedForUpdate")).busy)


@pytest.mark.parametrize("state", ["New", "Pending", "Provisioning"])
def test_a_subscription_that_is_being_set_up_is_busy(state: str) -> None:
    assert "setting it up" in str(seen(seat(provisioningState=state)).busy)


def test_no_dates_are_no_term() -> None:
    got = seen(seat(termStartDate=None, termEndDate=None))
    assert got.term is None
    assert "Microsoft shows no dates of its term" in got.notes
    assert seen(seat(termEndDate=None)).term is None


def test_a_length_that_has_no_name_is_told() -> None:
    got = seen(seat(termDuration="P3M", billingFrequency="P3M"))
    assert (got.length, got.billing) == (None, None)
    assert got.notes == ("its term is P3M, which has no name here",)


def test_the_year_one_is_no_date() -> None:
    got = seen(seat(purchaseDate="0001-01-01T00:00:00", termStartDate="0001-01-01T00:00:00Z"))
    assert (got.started, got.term) == (None, None)


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("2023-01-05T22:39:34.2606757Z", datetime(2023, 1, 5, 22, 39, 34, 260675, tzinfo=UTC)),
        ("2023-01-05T22:39:34.26Z", datetime(2023, 1, 5, 22, 39, 34, 260000, tzinfo=UTC)),
        ("2023-01-05T22:39:34.2606750+02:00", datetime(2023, 1, 5, 20, 39, 34, 260675, tzinfo=UTC)),
        ("2023-01-05T22:39:34", datetime(2023, 1, 5, 22, 39, 34, tzinfo=UTC)),
        ("2023-01-05", datetime(2023, 1, 5, tzinfo=UTC)),
    ],
    ids=["seven digits", "two digits", "an offset", "no zone is UTC", "a day"],
)
def test_a_date_is_taken_as_it_is_written(text: str, instant: datetime) -> None:
    got = seen(seat(termStartDate=text, termEndDate="2030-01-01T00:00:00Z"))
    assert got.term is not None
    assert got.term.start == instant
    assert got.term.start.tzinfo is UTC


@pytest.mark.parametrize(
    ("properties", "why"),
    [
        ({"termEndDate": "soon"}, "one of its dates is none"),
        ({"termEndDate": "2023-13-05T22:39:34.2606750Z"}, "one of its dates is none"),
        ({"purchaseDate": "9999-12-31T23:59:59-23:00"}, "one of its dates is none"),
        ({"termEndDate": "2023-01-01T00:00:00Z"}, "its term ends before it starts"),
        ({"autoRenew": None}, "it has a term, and no `autoRenew`"),
        ({"autoRenew": "Once"}, "its `autoRenew` is neither On nor Off"),
        ({"autoRenew": True}, "its `autoRenew` is neither On nor Off"),
    ],
    ids=repr,
)
def test_what_cannot_be_read_is_unreadable_and_says_why(properties: Any, why: str) -> None:
    raw = deepcopy(body("billingSubscriptionsGet"))
    raw["properties"].update(properties)
    got = convert.subscription(raw, CUSTOMER, None)
    assert isinstance(got, Unreadable)
    assert (got.id, got.why.code) == (raw["name"], "unreadable")
    assert why in got.why.detail


@pytest.mark.parametrize("properties", [None, [], "text"], ids=repr)
def test_a_subscription_without_properties_is_unreadable(properties: Any) -> None:
    got = convert.subscription({"name": "s1", "properties": properties}, CUSTOMER, None)
    assert isinstance(got, Unreadable)


@pytest.mark.parametrize("quantity", [-1, True, "5", 2.5, None], ids=repr)
def test_seats_are_a_whole_number_or_not_stated(quantity: Any) -> None:
    assert seen(seat(quantity=quantity)).seats is None


def test_what_a_month_cost_is_the_last_charge_of_what_is_billed_monthly() -> None:
    product = convert.Product("x", "XYZ56789:0001", Money(6000, "EUR"))
    known = {"90000000-0000-0000-0000-000000000000": product}
    assert seen(seat(billingFrequency="P1M"), products=known).last_charge == Money(6000, "EUR")
    assert seen(seat(billingFrequency="P1Y"), products=known).last_charge is None
    assert seen(seat(), products=known).last_charge is None
    assert seen(seat(billingFrequency="P1M"), products={}).last_charge is None


@pytest.mark.parametrize(
    ("charge", "money"),
    [
        ({"currency": "USD", "value": 5000.00}, Money(500000, "USD")),
        ({"currency": "USD", "value": 20.6}, Money(2060, "USD")),
        ({"currency": "JPY", "value": 600}, Money(600, "JPY")),
        ({"currency": "USD", "value": 0.001}, None),
        ({"currency": "JPY", "value": 0.5}, None),
        ({"currency": "USD", "value": -1}, None),
        ({"currency": "USD", "value": float("inf")}, None),
        ({"currency": "USD", "value": float("nan")}, None),
        ({"currency": "USD", "value": "5"}, None),
        ({"currency": "USD", "value": True}, None),
        ({"currency": "Gold", "value": 5}, None),
        ({"value": 5}, None),
        ([], None),
    ],
    ids=repr,
)
def test_an_amount_is_exact_or_not_stated(charge: Any, money: Money | None) -> None:
    assert convert.product({"name": "p", "properties": {"lastCharge": charge}}).last_charge == money


def test_what_is_arranged_for_the_next_term_is_told() -> None:
    following = {"quantity": 5, "productTypeId": "NEW", "skuId": "0002", "termDuration": "P1Y"}
    got = seen(seat(renewalTermDetails=following))
    assert got.notes == ("renews with 5 seats", "renews as NEW:0002", "renews for an annual term")
    same = {"quantity": 1, "productTypeId": "XYZ56789", "skuId": "0001", "termDuration": "P1M"}
    assert seen(seat(renewalTermDetails=same)).notes == ()
    assert seen(seat(autoRenew="Off", renewalTermDetails=following)).notes == ()


def test_a_usage_based_subscription_goes_on_and_is_none_of_ours() -> None:
    got = seen(seat(productCategory="UsageBased", autoRenew=None))
    assert got.recurring is Recurring.ON
    assert {obstacle.code for obstacle in got.capabilities.barred.values()} == {"unsupported"}
    assert set(got.capabilities.barred) == INTENTS


def test_a_status_that_we_do_not_know_is_kept_verbatim() -> None:
    got = seen(seat(status="Vogon"))
    assert (got.status, got.provider_status) == (Status.UNKNOWN, "Vogon")


def test_hostile_text_is_kept_as_text() -> None:
    name = "\u202e\x1b[31m<script>"
    assert seen(seat(displayName=name)).display_name == name

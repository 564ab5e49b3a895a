"""Stripe's shapes in our words: statuses, both spellings of an end, prices in odd currencies, and what is garbled."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from reconciler.changes import INTENTS, Kind
from reconciler.model import Cancel, Money, Recurring, Status, Term, TermLength, currency_digits
from reconciler.observed import Unreadable
from reconciler.providers.stripe.convert import ENDED_BY_DATE, converted, money, products
from tests.providers.stripe.shapes import END, ID, PRODUCT, START, a_subscription, an_item, published, seconds, shown

DAY = timedelta(days=1)


def test_the_published_example_is_read_as_it_is() -> None:
    seen = shown(published("subscription"))
    assert (seen.id, seen.product, seen.provider_status, seen.status) == (ID, PRODUCT, "active", Status.ACTIVE)
    assert (seen.recurring, seen.cancellation) == (Recurring.OFF, Cancel.AT_RENEWAL)
    assert (seen.length, seen.billing, seen.seats) == (TermLength.MONTHLY, TermLength.MONTHLY, 1)
    assert seen.started == date(2009, 2, 13)
    assert seen.requested_at == datetime(2009, 2, 13, 23, 31, 30, tzinfo=UTC)
    assert seen.term is None  # its one item ends before it starts: no term can be made of that
    assert seen.price is None  # it is for a package of seats
    assert seen.capabilities.ends == {Kind.CANCEL_AT_RENEWAL}
    assert "payment collection is paused" in seen.notes


def test_one_that_renews_is_read_whole() -> None:
    seen = shown(a_subscription(), {PRODUCT: "T-shirt"})
    assert (seen.recurring, seen.cancellation) == (Recurring.ON, Cancel.NONE)
    assert seen.term == Term(START, END)
    assert (seen.price, seen.seats, seen.product_name) == (Money(2000, "USD"), 1, "T-shirt")
    assert (seen.requested_at, seen.effective_at) == (None, None)
    assert (dict(seen.capabilities.barred), seen.notes) == ({}, ())
    assert seen.revision is None


@pytest.mark.parametrize(
    ("word", "status"),
    [
        ("active", Status.ACTIVE),
        ("trialing", Status.ACTIVE),
        ("past_due", Status.ACTIVE),
        ("incomplete", Status.SUSPENDED),
        ("paused", Status.SUSPENDED),
        ("unpaid", Status.SUSPENDED),
        ("canceled", Status.DELETED),
        ("incomplete_expired", Status.DELETED),
        ("half_active", Status.UNKNOWN),
        ("", Status.UNKNOWN),
    ],
)
def test_every_status_has_its_place_and_keeps_its_word(word: str, status: Status) -> None:
    seen = shown(a_subscription(status=word))
    assert (seen.status, seen.provider_status) == (status, word)


@pytest.mark.parametrize("word", ["incomplete", "paused", "unpaid"])
def test_what_waits_for_a_payment_is_left_alone_and_says_why(word: str) -> None:
    barred = shown(a_subscription(status=word)).capabilities.barred
    assert set(barred) == INTENTS
    assert {item.code for item in barred.values()} == {"suspended"}
    assert all(item.detail and item.hint for item in barred.values())


@pytest.mark.parametrize("word", ["canceled", "incomplete_expired"])
def test_nothing_is_done_to_what_has_ended(word: str) -> None:
    seen = shown(a_subscription(status=word, schedule="sub_sched_1", cancel_at=seconds(END + DAY)))
    assert {item.code for item in seen.capabilities.barred.values()} == {"terminal"}
    assert set(seen.capabilities.barred) == INTENTS
    assert seen.notes == ()


def test_the_flag_is_both_axes() -> None:
    asked = datetime(2026, 11, 5, 10, tzinfo=UTC)
    seen = shown(a_subscription(cancel_at_period_end=True, cancel_at=seconds(END), canceled_at=seconds(asked)))
    assert (seen.recurring, seen.cancellation) == (Recurring.OFF, Cancel.AT_RENEWAL)
    assert (seen.requested_at, seen.effective_at) == (asked, END)
    assert (dict(seen.capabilities.barred), seen.notes) == ({}, ())


def test_a_date_that_is_the_end_of_the_term_is_the_same_and_is_told() -> None:
    seen = shown(a_subscription(cancel_at=seconds(END)))
    assert (seen.recurring, seen.cancellation, seen.effective_at) == (Recurring.OFF, Cancel.AT_RENEWAL, END)
    assert (dict(seen.capabilities.barred), seen.notes) == ({}, (ENDED_BY_DATE,))


@pytest.mark.parametrize(
    ("at", "recurring"),
    [
        pytest.param(END + 40 * DAY, Recurring.ON, id="after a renewal or more"),
        pytest.param(END - 10 * DAY, Recurring.OFF, id="within the term"),
    ],
)
def test_a_date_of_its_own_is_told_and_never_mended(at: datetime, recurring: Recurring) -> None:
    seen = shown(a_subscription(cancel_at=seconds(at)))
    assert (seen.recurring, seen.cancellation, seen.effective_at) == (recurring, Cancel.NONE, None)
    assert seen.notes == (f"ends on {at:%Y-%m-%d} by a date of its own (cancel_at)",)
    barred = seen.capabilities.barred
    assert set(barred) == {Kind.TURN_ON, Kind.TURN_OFF, Kind.CANCEL_AT_RENEWAL, Kind.UNDO_CANCEL}
    assert {item.code for item in barred.values()} == {"ends-on-date"}


@pytest.mark.parametrize("schedule", ["sub_sched_9", {"id": "sub_sched_9", "object": "subscription_schedule"}])
def test_what_a_schedule_decides_is_the_schedules(schedule: object) -> None:
    barred = shown(a_subscription(schedule=schedule, cancel_at=seconds(END + DAY))).capabilities.barred
    assert set(barred) == INTENTS
    assert {item.code for item in barred.values()} == {"managed-elsewhere"}
    assert "sub_sched_9" in barred[Kind.CANCEL_NOW].detail


@pytest.mark.parametrize(
    ("fields", "cancellation"),
    [
        pytest.param({"ended_at": START + DAY}, Cancel.IMMEDIATELY, id="within its term"),
        pytest.param({"ended_at": END}, Cancel.AT_RENEWAL, id="with its term"),
        pytest.param({"ended_at": None}, Cancel.NONE, id="nobody knows when"),
        pytest.param({"ended_at": END, "reason": "payment_failed"}, Cancel.NONE, id="for want of payment"),
        pytest.param({"ended_at": END, "reason": "cancellation_requested"}, Cancel.AT_RENEWAL, id="as asked"),
        pytest.param({"ended_at": END, "status": "incomplete_expired"}, Cancel.NONE, id="never begun"),
    ],
)
def test_what_ended_it_counts_and_not_the_flags_left_on_it(fields: dict[str, Any], cancellation: Cancel) -> None:
    ended = fields["ended_at"]
    raw = a_subscription(
        status=fields.get("status", "canceled"),
        cancel_at_period_end=True,
        canceled_at=seconds(START),
        ended_at=None if ended is None else seconds(ended),
        cancellation_details={"reason": fields.get("reason")},
    )
    seen = shown(raw)
    assert (seen.recurring, seen.cancellation) == (Recurring.OFF, cancellation)
    assert (seen.requested_at, seen.effective_at) == ((None, None) if cancellation is Cancel.NONE else (START, ended))


def test_the_term_is_that_of_the_item_that_ends_first() -> None:
    year = an_item(current_period_start=seconds(START - 90 * DAY), current_period_end=seconds(END + 275 * DAY))
    assert shown(a_subscription(year, an_item())).term == Term(START, END)


def test_an_answer_of_an_older_version_has_its_period_on_the_whole() -> None:
    item = an_item()
    del item["current_period_start"], item["current_period_end"]
    raw = a_subscription(item, current_period_start=seconds(START), current_period_end=seconds(END))
    assert shown(raw).term == Term(START, END)


def test_an_answer_of_an_older_version_has_a_plan_for_a_price() -> None:
    item = an_item()
    del item["price"]
    item["plan"] |= {"amount": 990, "currency": "eur", "interval": "year", "interval_count": 1, "product": "prod_1"}
    item["plan"] |= {"transform_usage": None}
    seen = shown(a_subscription(item, currency="eur"))
    assert (seen.product, seen.price, seen.length) == ("prod_1", Money(990, "EUR"), TermLength.ANNUAL)


@pytest.mark.parametrize(
    ("interval", "count", "length"),
    [
        ("month", 1, TermLength.MONTHLY),
        ("month", 12, TermLength.ANNUAL),
        ("month", 36, TermLength.TRIENNIAL),
        ("year", 1, TermLength.ANNUAL),
        ("year", 3, TermLength.TRIENNIAL),
        ("month", 3, None),
        ("year", 2, None),
        ("week", 4, None),
        ("day", 30, None),
        ("fortnight", 1, None),
        ("month", True, None),
        (None, 1, None),
    ],
)
def test_only_lengths_that_we_have_a_word_for_are_named(interval: Any, count: Any, length: TermLength | None) -> None:
    item = an_item({"recurring": {"interval": interval, "interval_count": count, "usage_type": "licensed"}})
    seen = shown(a_subscription(item))
    assert (seen.length, seen.billing) == (length, length)
    assert bool(seen.notes) is (length is None)


@pytest.mark.parametrize(
    ("amount", "currency", "minor"),
    [
        (2060, "EUR", 2060),
        (2060, "JPY", 2060),
        (500, "ISK", 5),
        (500, "UGX", 5),
        (550, "ISK", None),
        (500, "MGA", 50000),
        (5120, "KWD", 5120),
        (1000, "HUF", 1000),
        (1000, "TWD", 1000),
        (100, "IQD", 1000),
        (100, "XXX", None),
        (100, "", None),
    ],
)
def test_amounts_are_taken_by_stripes_list_and_kept_by_iso(amount: int, currency: str, minor: int | None) -> None:
    assert money(amount, currency) == (None if minor is None else Money(minor, currency))
    if currency:
        assert (currency_digits(currency) is None) is (currency == "XXX")


@pytest.mark.parametrize(
    ("price", "fields"),
    [
        pytest.param({"unit_amount": None, "billing_scheme": "tiered"}, {}, id="tiers"),
        pytest.param({"transform_quantity": {"divide_by": 5, "round": "up"}}, {}, id="packages"),
        pytest.param(
            {"recurring": {"interval": "month", "interval_count": 1, "usage_type": "metered"}}, {}, id="usage"
        ),
        pytest.param({"unit_amount": None, "unit_amount_decimal": "0.5"}, {}, id="half a cent"),
        pytest.param({"unit_amount": -5}, {}, id="less than nothing"),
        pytest.param({"unit_amount": True}, {}, id="no number"),
        pytest.param({"unit_amount": 2000.0}, {}, id="a fraction"),
        pytest.param({}, {"currency": "eur"}, id="another currency than it is charged in"),
        pytest.param({"currency": "zzz"}, {"currency": "zzz"}, id="no currency"),
    ],
)
def test_a_price_that_is_no_plain_amount_is_not_known(price: dict[str, Any], fields: dict[str, Any]) -> None:
    assert shown(a_subscription(an_item(price), **fields)).price is None


def test_several_items_are_one_subscription_of_several_products() -> None:
    other = an_item({"product": "prod_B"})
    seen = shown(a_subscription(an_item(), other, an_item()), {PRODUCT: "Base", "prod_B": "Extra"})
    assert (seen.product, seen.product_name) == (f"{PRODUCT}+prod_B", "Base + Extra")
    assert (seen.price, seen.seats, seen.length) == (None, None, TermLength.MONTHLY)
    assert seen.notes == ("3 items: their seats and prices are not told apart",)


def test_items_billed_at_different_times_have_no_one_length() -> None:
    year = an_item({"recurring": {"interval": "year", "interval_count": 1, "usage_type": "licensed"}})
    assert shown(a_subscription(an_item(), year)).length is None


@pytest.mark.parametrize(
    ("fields", "note"),
    [
        ({"pause_collection": {"behavior": "void", "resumes_at": None}}, "payment collection is paused"),
        (
            {"pause_collection": {"behavior": "void", "resumes_at": seconds(END)}},
            "payment collection is paused until 2026-12-01",
        ),
        ({"status": "past_due"}, "a payment is overdue"),
        ({"status": "trialing", "trial_end": seconds(END)}, "in trial until 2026-12-01"),
        ({"pending_update": {"expires_at": 1}}, "an update of it waits for a payment"),
        ({"discounts": ["di_1"]}, "discounts apply; the price is without them"),
    ],
)
def test_what_is_out_of_the_ordinary_is_told_and_bars_nothing(fields: dict[str, Any], note: str) -> None:
    seen = shown(a_subscription(**fields))
    assert seen.notes == (note,)
    assert dict(seen.capabilities.barred) == {}
    assert seen.recurring is Recurring.ON


def test_a_product_may_stand_in_full_in_its_place() -> None:
    item = an_item({"product": {"id": "prod_X", "object": "product", "name": "X"}})
    assert products(a_subscription(item)) == ("prod_X",)
    assert shown(a_subscription(item)).product == "prod_X"


@pytest.mark.parametrize(
    "fields",
    [
        pytest.param({"status": None}, id="no status"),
        pytest.param({"status": 7}, id="a status that is a number"),
        pytest.param({"cancel_at_period_end": None}, id="no flag"),
        pytest.param({"cancel_at_period_end": "true"}, id="a flag that is a text"),
        pytest.param({"cancel_at": "soon"}, id="a time that is a text"),
        pytest.param({"cancel_at": -1}, id="a time before all"),
        pytest.param({"cancel_at": 10**15}, id="a time after the calendar"),
        pytest.param({"cancel_at": True}, id="a time that is a flag"),
        pytest.param({"start_date": 1.5}, id="a time that is a fraction"),
        pytest.param({"schedule": 5}, id="a schedule that is a number"),
        pytest.param({"schedule": {"id": 5}}, id="a schedule whose id is a number"),
        pytest.param({"items": None}, id="no items"),
        pytest.param({"items": []}, id="items that are a list"),
        pytest.param({"items": {"data": []}}, id="an empty list of items"),
        pytest.param({"items": {"data": ["si_1"]}}, id="items that are ids"),
        pytest.param({"items": {"data": [{}]}}, id="an item without a price"),
        pytest.param({"items": {"data": [{"price": {"product": None}}]}}, id="a price without a product"),
        pytest.param({"items": {"data": [an_item()], "has_more": True}}, id="items that are not all there"),
        pytest.param({"pause_collection": "void"}, id="a pause that is a text"),
        pytest.param({"description": 5}, id="a description that is a number"),
    ],
)
def test_what_cannot_be_understood_blocks_itself_alone(fields: dict[str, Any]) -> None:
    found = converted(a_subscription(**fields), ID, {})
    assert isinstance(found, Unreadable)
    assert (found.id, found.why.code) == (ID, "unreadable")
    assert found.why.detail.startswith("Stripe shows it with ")


def test_products_of_what_is_garbled_are_not_asked_for() -> None:
    assert products({"items": 5}) == ()


def test_odd_seats_are_not_known() -> None:
    for quantity in (None, True, "5", 2.5):
        assert shown(a_subscription(an_item(quantity=quantity))).seats is None

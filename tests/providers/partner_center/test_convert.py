"""A subscription of Partner Center's in our words, from the published answers and from each special case."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from reconciler.changes import INTENTS, Kind
from reconciler.model import Cancel, Recurring, Status, Term, TermLength
from reconciler.observed import BOTH_ENDS, ObservedSubscription, Obstacle, Unreadable
from reconciler.providers.partner_center import convert
from reconciler.testing.emulators.partner_center_estate import legacy, seats
from tests.builders import NOW
from tests.providers.partner_center.partner import ID, published

CANCEL = [{"scheduleType": "TermEnd", "actionType": "Cancel"}]
EXTEND = [{"scheduleType": "TermEnd", "actionType": "RenewToExtendedServiceTerm"}]
THEN = datetime(2021, 2, 19, tzinfo=UTC)


def seen(fields: dict[str, Any], now: datetime = NOW) -> ObservedSubscription:
    found = convert.subscription({"id": ID, **fields}, now)
    assert isinstance(found, ObservedSubscription), found
    return found


def of(now: datetime = NOW, **fields: Any) -> ObservedSubscription:
    return seen(seats(now, **fields), now)


def barred(found: ObservedSubscription, kind: Kind) -> Obstacle:
    return found.capabilities.barred[kind]


def test_the_published_new_commerce_subscription() -> None:
    found = seen(published("get-new-commerce"), THEN)
    assert (found.id, found.product) == (ID, "CFQ7TTC0LH18:0001")
    assert (found.product_name, found.display_name) == ("Microsoft 365 Business Basic", "")
    assert (found.status, found.provider_status) == (Status.EXPIRED, "expired")
    assert (found.length, found.billing, found.seats) == (TermLength.ANNUAL, TermLength.MONTHLY, 15)
    assert found.started == date(2021, 1, 14)
    start = datetime(2021, 1, 14, 16, 57, 14, 498252, tzinfo=UTC)
    assert found.term == Term(start, datetime(2022, 1, 14, tzinfo=UTC))
    assert found.revision is None


def test_the_published_list_of_software() -> None:
    (fields,) = published("list-software")["items"]
    found = seen(fields, datetime(2021, 11, 1, tzinfo=UTC))
    assert (found.product, found.length, found.billing) == (
        "DG7GMGF0FKZV:0003",
        TermLength.TRIENNIAL,
        TermLength.TRIENNIAL,
    )
    assert found.term is not None
    assert found.term.end == datetime(2024, 10, 15, tzinfo=UTC)
    assert found.cancel_now_until == datetime(2021, 11, 14, 23, 59, tzinfo=UTC)
    assert Kind.CANCEL_NOW not in found.capabilities.barred
    assert found.capabilities.ends == {Kind.TURN_OFF}


def test_the_published_marketplace_subscription() -> None:
    found = seen(published("update-marketplace-response"), datetime(2019, 1, 9, 12, tzinfo=UTC))
    assert (found.status, found.recurring) == (Status.ACTIVE, Recurring.OFF)
    assert found.term is not None
    assert found.term.end == datetime(2019, 2, 9, tzinfo=UTC)
    assert "full refund until 2019-01-10T00:21:45Z" in found.notes
    assert "sold by publishe rName, not by Microsoft" in found.notes


def test_the_published_cancelled_subscription() -> None:
    found = seen(published("cancel-response"), THEN)
    assert (found.status, found.recurring, found.cancellation) == (Status.DELETED, Recurring.OFF, Cancel.NONE)
    assert {obstacle.code for obstacle in found.capabilities.barred.values()} == {"terminal"}
    assert found.capabilities.barred.keys() == INTENTS


def test_the_published_azure_subscription_is_not_ours_to_change() -> None:
    found = seen(published("get-azure"))
    assert (found.status, found.term, found.seats, found.product) == (Status.ACTIVE, None, None, "MS-AZR-0145P")
    assert found.revision == published("get-azure")["attributes"]["etag"]
    assert found.capabilities.barred.keys() == INTENTS
    assert barred(found, Kind.TURN_OFF).code == "unsupported"


def test_the_published_add_on_of_the_old_kind() -> None:
    found = seen(published("get-add-on"), datetime(2017, 6, 1, tzinfo=UTC))
    assert found.term == Term(datetime(2017, 1, 25, tzinfo=UTC), datetime(2018, 2, 10, tzinfo=UTC))
    assert (found.recurring, found.length) == (Recurring.ON, None)
    assert found.display_name == "Some friendly name"
    assert barred(found, Kind.CANCEL_NOW).code == "unsupported"
    assert "an add-on of 1C2B75C1-74A5-472A-A729-7F8CEFC477F9" in found.notes


def test_the_published_scheduled_change_is_told_and_left_alone() -> None:
    found = seen(published("schedule-response"), datetime(2019, 1, 10, 12, tzinfo=UTC))
    assert "changes are scheduled for its renewal; turning recurring billing off deletes them" in found.notes


@pytest.mark.parametrize(
    ("word", "status"),
    [
        ("none", Status.UNKNOWN),
        ("active", Status.ACTIVE),
        ("pending", Status.SCHEDULED),
        ("suspended", Status.SUSPENDED),
        ("expired", Status.EXPIRED),
        ("disabled", Status.DISABLED),
        ("deleted", Status.DELETED),
        ("Active", Status.UNKNOWN),
        ("", Status.UNKNOWN),
        ("extended", Status.UNKNOWN),
    ],
)
def test_each_status_has_one_word_of_ours(word: str, status: Status) -> None:
    found = of(status=word)
    assert (convert.status_of(word), found.status, found.provider_status) == (status, status, word)


@pytest.mark.parametrize(
    ("on", "scheduled", "recurring", "cancellation"),
    [
        (True, None, Recurring.ON, Cancel.NONE),
        (False, None, Recurring.OFF, Cancel.NONE),
        (False, [], Recurring.OFF, Cancel.NONE),
        (False, CANCEL, Recurring.OFF, Cancel.AT_RENEWAL),
        (False, EXTEND, Recurring.OFF, Cancel.NONE),
        (False, [{"scheduleType": "termEnd", "actionType": "cancel"}], Recurring.OFF, Cancel.AT_RENEWAL),
        (True, CANCEL, Recurring.ON, Cancel.NONE),
    ],
)
def test_the_pair(on: bool, scheduled: Any, recurring: Recurring, cancellation: Cancel) -> None:
    found = of(autoRenewEnabled=on, scheduledActions=scheduled)
    assert (found.recurring, found.cancellation) == (recurring, cancellation)
    end = found.term and found.term.end
    assert found.effective_at == (end if cancellation is Cancel.AT_RENEWAL else None)


def test_what_contradicts_itself_is_told() -> None:
    (note,) = of(autoRenewEnabled=True, scheduledActions=CANCEL).notes
    assert "which of them holds is unknown" in note


def test_a_cancelled_one_that_is_shown_as_renewing_does_not_renew() -> None:
    assert of(status="deleted", autoRenewEnabled=True).recurring is Recurring.OFF


def test_off_alone_that_leads_into_the_paid_extension_is_undecided() -> None:
    found = of(autoRenewEnabled=True)
    assert barred(found, Kind.TURN_OFF).code == "end-undecided"
    assert "`cancel: at-renewal`" in barred(found, Kind.TURN_OFF).hint
    assert found.capabilities.ends == BOTH_ENDS
    off = of(autoRenewEnabled=False)
    assert barred(off, Kind.TURN_OFF).code == "end-undecided"
    assert f"goes on as a paid extended service term, month by month, from {off.term.end:%Y-%m-%d}" in off.notes  # type: ignore[union-attr]


@pytest.mark.parametrize(
    "fields",
    [
        pytest.param({"isTrial": True}, id="a trial"),
        pytest.param({"productType": {"id": "Software"}}, id="software"),
        pytest.param({"productType": "nonsense"}, id="a product of no type"),
        pytest.param({"effectiveStartDate": "2025-03-31T00:00:00Z"}, id="a term of before 1 April 2025"),
    ],
)
def test_off_leads_nowhere_else_where_the_extension_does_not_hold(fields: dict[str, Any]) -> None:
    now = datetime(2026, 1, 1, tzinfo=UTC)
    found = of(now, days=200, commitmentEndDateTime="2026-06-01T23:59:59Z", **{"termDuration": "P3Y"} | fields)
    assert Kind.TURN_OFF not in found.capabilities.barred
    assert found.capabilities.ends == {Kind.TURN_OFF}


@pytest.mark.parametrize(("last", "extends"), [("2026-05-03", False), ("2026-05-04", True)])
def test_the_extension_holds_for_terms_that_end_from_its_day_on(last: str, extends: bool) -> None:
    now = datetime(2026, 1, 1, tzinfo=UTC)
    found = of(now, days=200, commitmentEndDate=f"{last}T00:00:00Z", commitmentEndDateTime=None)
    assert (Kind.TURN_OFF in found.capabilities.barred) is extends


def test_where_something_can_be_scheduled_both_ends_are_told_apart() -> None:
    found = of(isTrial=True, scheduledActions=[])
    assert found.capabilities.ends == BOTH_ENDS
    assert Kind.TURN_OFF not in found.capabilities.barred


def test_a_trial_says_what_becomes_of_it() -> None:
    assert of(isTrial=True).notes == ("a trial: with recurring billing on it becomes a paid subscription when it ends",)


def test_the_last_day_of_new_commerce_is_whole() -> None:
    for fields in (
        {"commitmentEndDate": "2027-08-14T00:00:00Z", "commitmentEndDateTime": None},
        {"commitmentEndDate": "2027-08-14T00:00:00Z", "commitmentEndDateTime": "2027-08-14T23:59:59Z"},
        {"commitmentEndDate": None, "commitmentEndDateTime": "2027-08-14T23:59:59.9999999Z"},
    ):
        term = of(**fields).term
        assert term is not None
        assert term.end == datetime(2027, 8, 15, tzinfo=UTC)


def test_the_end_of_the_old_kind_is_an_instant() -> None:
    found = seen({**legacy(NOW), "commitmentEndDate": "2027-01-10T08:00:00Z", "commitmentEndDateTime": None})
    assert found.term is not None
    assert found.term.end == datetime(2027, 1, 10, 8, tzinfo=UTC)


@pytest.mark.parametrize(("length", "start"), [("P1M", "2026-12-15"), ("P1Y", "2026-01-15"), ("P3Y", "2024-01-15")])
def test_the_start_of_an_earlier_term_is_not_the_current_ones(length: str, start: str) -> None:
    fields = seats(NOW) | {"termDuration": length, "effectiveStartDate": "2019-01-15T09:30:00Z"}
    now = datetime(2026, 12, 20, tzinfo=UTC)
    found = seen({**fields, "commitmentEndDateTime": "2027-01-14T23:59:59Z"}, now)
    assert found.term == Term(datetime.fromisoformat(f"{start}T00:00:00Z"), datetime(2027, 1, 15, tzinfo=UTC))
    assert any("is reckoned from its end" in note for note in found.notes)


def test_a_first_term_that_is_shorter_than_its_length_is_taken_as_it_is() -> None:
    found = of(days=20, commitmentEndDateTime="2026-12-31T23:59:59Z")
    assert found.term is not None
    assert found.term.start.date() == (NOW - timedelta(days=20)).date()


@pytest.mark.parametrize(
    "fields",
    [
        {"commitmentEndDateTime": "9999-12-31T23:59:59Z"},
        {"commitmentEndDateTime": "2099-12-31T23:59:59Z"},
        {"commitmentEndDateTime": None, "commitmentEndDate": None},
        {"effectiveStartDate": "0001-01-01T00:00:00"},
        {"commitmentEndDateTime": "2020-12-31T23:59:59Z"},
    ],
)
def test_without_a_term_nothing_of_the_pair_can_be_changed(fields: dict[str, Any]) -> None:
    found = of(**fields)
    assert found.term is None
    assert {barred(found, kind).code for kind in convert.PAIR} == {"unsupported"}


def test_the_window_is_the_vendors_own() -> None:
    found = of(days=3)
    assert found.cancel_now_until == datetime(2026, 11, 27, 9, 30, tzinfo=UTC)
    assert Kind.CANCEL_NOW not in found.capabilities.barred


@pytest.mark.parametrize(
    ("until", "detail"),
    [
        (None, "Partner Center shows no time in which it can be cancelled"),
        ("2026-11-23T12:00:00Z", "its window closed 2026-11-23T12:00:00Z"),
    ],
)
def test_outside_of_the_window_nothing_is_cancelled_at_once(until: str | None, detail: str) -> None:
    found = of(days=30, cancellationAllowedUntilDate=until)
    obstacle = barred(found, Kind.CANCEL_NOW)
    assert (obstacle.code, obstacle.detail) == ("past-cancellation-window", detail)
    assert obstacle.hint == "write `cancel: at-renewal` instead: its last day is then 2027-10-23"


def test_what_can_be_cancelled_at_any_time_has_its_window_open_to_the_end() -> None:
    found = of(days=200, cancellationAllowedUntilDate="2027-05-07T00:00:00Z")
    assert Kind.CANCEL_NOW not in found.capabilities.barred


@pytest.mark.parametrize(
    ("now", "busy"),
    [("2026-11-22T23:59:59+00:00", False), ("2026-11-23T00:00:00+00:00", True), ("2026-11-23T20:00:00+00:00", True)],
)
def test_from_the_day_behind_the_term_it_is_busy_until_it_has_renewed(now: str, busy: bool) -> None:
    found = seen({**seats(NOW), "commitmentEndDateTime": "2026-11-22T23:59:59Z"}, datetime.fromisoformat(now))
    assert (found.busy is not None) is busy
    assert (found.busy or "renewal-freeze").startswith("renewal-freeze")


def test_an_expired_one_is_not_busy() -> None:
    assert of(days=400, status="expired").busy is None


def test_a_suspended_one_says_why_and_takes_nothing() -> None:
    found = of(status="suspended", autoRenewEnabled=False, suspensionReasons=["partnerInitiated"])
    assert found.capabilities.barred.keys() == INTENTS
    assert "partnerinitiated" in barred(found, Kind.TURN_ON).detail
    assert barred(found, Kind.TURN_ON).code == "suspended"
    assert "no reason is given" in barred(of(status="suspended"), Kind.TURN_ON).detail


@pytest.mark.parametrize(
    "fields",
    [{"billingType": "usage"}, {"billingType": "benefit"}, {"contractType": "productKey"}],
)
def test_what_does_not_renew_takes_nothing(fields: dict[str, Any]) -> None:
    found = of(**fields)
    assert {obstacle.code for obstacle in found.capabilities.barred.values()} == {"unsupported"}
    assert found.capabilities.barred.keys() == INTENTS


@pytest.mark.parametrize(
    ("allowed", "codes"),
    [
        (None, {Kind.TURN_ON: None, Kind.CANCEL_NOW: None}),
        (["edit", "cancel"], {Kind.TURN_ON: None, Kind.CANCEL_NOW: None}),
        (["Cancel"], {Kind.TURN_ON: "unsupported", Kind.TURN_OFF: "unsupported", Kind.CANCEL_NOW: None}),
        (["edit"], {Kind.TURN_ON: None, Kind.CANCEL_NOW: "unsupported"}),
        ([], {Kind.TURN_ON: "unsupported", Kind.CANCEL_NOW: "unsupported"}),
    ],
)
def test_what_it_says_may_be_done_is_honoured(allowed: list[str] | None, codes: dict[Kind, str | None]) -> None:
    found = of(days=3, actions=allowed).capabilities.barred
    assert {kind: found[kind].code if kind in found else None for kind in codes} == codes


def test_a_cancellation_on_a_date_of_its_own_is_told_and_left_alone() -> None:
    dated = [{"scheduleType": "CustomDate", "actionType": "Cancel", "effectiveDate": "2027-01-31T00:00:00Z"}]
    found = of(autoRenewEnabled=False, scheduledActions=dated)
    assert (found.cancellation, found.effective_at) == (Cancel.NONE, datetime(2027, 1, 31, tzinfo=UTC))
    assert {barred(found, kind).code for kind in convert.PAIR} == {"ends-on-date"}
    assert found.notes == ("ends on 2027-01-31, a date of its own",)


def test_nothing_that_ended_comes_back() -> None:
    for found in (of(), of(status="disabled")):
        assert barred(found, Kind.REACTIVATE).code == "terminal"


def test_refunds_are_told_while_they_hold() -> None:
    options = [
        {"type": "Full", "expiresAt": "2026-11-23T11:00:00Z"},
        {"type": "Partial", "expiresAfter": "2026-11-24T00:00:00Z"},
        {"type": None},
    ]
    assert of(refundOptions=options).notes == ("partial refund until 2026-11-24T00:00:00Z", "some refund at any time")


@pytest.mark.parametrize(
    ("attributes", "header", "revision"),
    [
        ({"etag": "body"}, "header", "body"),
        ({"etag": ""}, "header", "header"),
        ({}, None, None),
        ("nonsense", None, None),
        ({"etag": 5}, None, None),
    ],
)
def test_the_revision_is_the_etag(attributes: Any, header: str | None, revision: str | None) -> None:
    found = convert.subscription({"id": ID, **seats(NOW), "attributes": attributes}, NOW, header)
    assert isinstance(found, ObservedSubscription)
    assert found.revision == revision


@pytest.mark.parametrize(
    "fields",
    [
        {"status": 1},
        {"autoRenewEnabled": "true"},
        {"commitmentEndDateTime": "soon"},
        {"commitmentEndDateTime": "9999-12-31T23:59:59-12:00"},
        {"quantity": -1, "creationDate": None},
        {"quantity": "12"},
        {"quantity": True},
        {"scheduledActions": {}},
        {"scheduledActions": ["Cancel"]},
        {"scheduledActions": [{"actionType": 5}]},
        {"actions": "edit"},
        {"actions": [1]},
        {"refundOptions": [5]},
        {"offerId": 5},
    ],
)
def test_a_field_that_is_not_what_it_should_be_blocks_that_one_alone(fields: dict[str, Any]) -> None:
    found = convert.subscription({"id": ID, **seats(NOW), **fields}, NOW)
    assert isinstance(found, Unreadable)
    assert (found.id, found.why.code) == (ID, "unreadable")
    assert next(iter(fields)) in found.why.detail or "Type" in found.why.detail


@pytest.mark.parametrize("id", [None, "", 5])
def test_without_an_id_there_is_nothing_to_call_it_by(id: Any) -> None:
    with pytest.raises(ValueError, match="no id"):
        convert.subscription({"id": id}, NOW)


def test_what_is_not_told_is_not_known() -> None:
    found = seen({"status": "active"})
    assert (found.seats, found.started, found.term, found.length, found.billing) == (None, None, None, None, None)
    assert (found.product, found.product_name, found.revision) == ("", "", None)


def test_an_availability_is_no_part_of_the_product() -> None:
    assert of(offerId="A:B:C").product == of(offerId="A:B:D").product == "A:B"

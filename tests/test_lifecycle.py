"""Term arithmetic, and what each change leaves of a record."""

from __future__ import annotations

from calendar import monthrange
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.changes import Kind
from reconciler.lifecycle import add_months, at, carried_out, confirmation, midnight, term_at, term_over
from reconciler.model import Cancel, Money, Recurring, Status, StoredSubscription, Term, TermLength
from tests.builders import NAME, NOW, a_change, a_key, a_stored

MONTHLY, ANNUAL, TRIENNIAL = TermLength


def day(text: str) -> datetime:
    """Midnight UTC of `2026-01-31`."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def a_term(start: str, end: str) -> Term:
    return Term(day(start), day(end))


@pytest.mark.parametrize(
    ("anchor", "length", "days"),
    [
        pytest.param("2026-01-31", MONTHLY, "2026-02-28 2026-03-31 2026-04-30 2026-05-31", id="the 31st sticks"),
        pytest.param("2024-01-31", MONTHLY, "2024-02-29 2024-03-31", id="the 31st in a leap year"),
        pytest.param("2026-01-30", MONTHLY, "2026-02-28 2026-03-30", id="the 30th sticks"),
        pytest.param("2026-08-29", MONTHLY, "2026-09-29 2026-10-29 2026-11-29", id="the 29th"),
        pytest.param("2026-11-30", MONTHLY, "2026-12-30 2027-01-30 2027-02-28 2027-03-30", id="over new year"),
        pytest.param("2024-02-29", MONTHLY, "2024-03-29 2024-04-29", id="a leap day, monthly"),
        pytest.param(
            "2024-02-29", ANNUAL, "2025-02-28 2026-02-28 2027-02-28 2028-02-29 2029-02-28", id="a leap day, yearly"
        ),
        pytest.param("2024-02-29", TRIENNIAL, "2027-02-28 2030-02-28 2033-02-28 2036-02-29", id="a leap day, 3 years"),
        pytest.param("2096-02-29", ANNUAL, "2097-02-28 2098-02-28 2099-02-28 2100-02-28", id="2100 has no leap day"),
        pytest.param("1996-02-29", ANNUAL, "1997-02-28 1998-02-28 1999-02-28 2000-02-29", id="2000 has one"),
        pytest.param("2026-02-14", ANNUAL, "2027-02-14 2028-02-14", id="a plain year"),
        pytest.param("2026-12-31", TRIENNIAL, "2029-12-31 2032-12-31", id="the last day of a year, 3 years"),
    ],
)
def test_terms_follow_the_anchor(anchor: str, length: TermLength, days: str) -> None:
    bounds = [anchor, *days.split()]
    for start, end in pairwise(bounds):
        expected = a_term(start, end)
        last_instant = day(end) - timedelta(microseconds=1)
        assert term_at(date.fromisoformat(anchor), length, day(start)) == expected
        assert term_at(date.fromisoformat(anchor), length, last_instant) == expected


def test_before_the_anchor_the_first_term_is_meant() -> None:
    assert term_at(date(2027, 1, 31), MONTHLY, NOW) == a_term("2027-01-31", "2027-02-28")
    assert term_at(date(2027, 1, 31), MONTHLY, day("1970-01-01")) == a_term("2027-01-31", "2027-02-28")


@pytest.mark.parametrize("hours", [-12, -5, 0, 13, 14])
def test_a_term_ends_at_midnight_utc_wherever_now_is_told(hours: int) -> None:
    told = day("2026-02-28").astimezone(timezone(timedelta(hours=hours)))
    assert term_at(date(2026, 1, 31), MONTHLY, told) == a_term("2026-02-28", "2026-03-31")
    assert term_at(date(2026, 1, 31), MONTHLY, told - timedelta(seconds=1)) == a_term("2026-01-31", "2026-02-28")


def test_a_term_past_the_calendar_is_an_overflow() -> None:
    assert add_months(date(9998, 12, 31), 12) == date(9999, 12, 31)
    with pytest.raises(OverflowError, match="after the year 9999"):
        add_months(date(9999, 1, 1), 12)
    with pytest.raises(OverflowError, match="after the year 9999"):
        term_at(date(9990, 6, 1), ANNUAL, day("9999-06-01"))


def next_valid(anchor: date, months: int) -> date:
    """The same as add_months, the slow way: month by month, then the latest day that the month has."""
    year, month = anchor.year, anchor.month
    for _ in range(months):
        year, month = (year + 1, 1) if month == 12 else (year, month + 1)
    return next(
        date(year, month, number) for number in range(anchor.day, 0, -1) if number <= monthrange(year, month)[1]
    )


ANCHORS = st.dates(date(1999, 1, 1), date(2060, 12, 31))
LENGTHS = st.sampled_from(TermLength)
INSTANTS = st.datetimes(datetime(1999, 1, 1), datetime(2061, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - bounds are naive


@given(ANCHORS, st.integers(0, 400))
def test_adding_months_is_counting_them(anchor: date, months: int) -> None:
    assert add_months(anchor, months) == next_valid(anchor, months)


@given(ANCHORS, LENGTHS, INSTANTS)
def test_the_term_holds_now_and_the_next_one_begins_where_it_ends(
    anchor: date, length: TermLength, now: datetime
) -> None:
    term = term_at(anchor, length, now)
    assert term.start < term.end
    assert now < term.end
    assert now >= term.start or term.start == midnight(anchor)
    assert term_at(anchor, length, term.end).start == term.end


@given(ANCHORS, LENGTHS, st.lists(INSTANTS, min_size=2, max_size=6))
def test_a_later_instant_never_has_an_earlier_term(anchor: date, length: TermLength, instants: list[datetime]) -> None:
    terms = [term_at(anchor, length, now) for now in sorted(instants)]
    assert terms == sorted(terms, key=lambda term: term.start)


def a_row(status: Status, recurring: Recurring, anchor: date, length: TermLength) -> StoredSubscription:
    return a_stored(
        status=status,
        recurring=recurring,
        start=anchor,
        length=length,
        term=term_at(anchor, length, midnight(anchor)),
    )


@given(
    st.sampled_from(Status), st.sampled_from(Recurring), ANCHORS, LENGTHS, st.lists(INSTANTS, min_size=1, max_size=5)
)
def test_a_record_stands_the_same_however_many_steps_it_is_asked_in(
    status: Status, recurring: Recurring, anchor: date, length: TermLength, instants: list[datetime]
) -> None:
    row = stepwise = a_row(status, recurring, anchor, length)
    for now in sorted(instants):
        stepwise = at(stepwise, now)
    assert stepwise == at(row, max(instants))


@given(st.sampled_from(Status), st.sampled_from(Recurring), ANCHORS, LENGTHS, INSTANTS, INSTANTS)
def test_a_record_never_goes_backwards(
    status: Status, recurring: Recurring, anchor: date, length: TermLength, now: datetime, then: datetime
) -> None:
    later = at(a_row(status, recurring, anchor, length), max(now, then))
    assert at(later, min(now, then)) == later


class TestAt:
    def test_a_recurring_record_is_in_the_term_that_holds_now(self) -> None:
        row = a_stored(start=date(2020, 1, 31), length=MONTHLY, term=a_term("2020-01-31", "2020-02-29"))
        assert at(row, day("2026-02-28")).term == a_term("2026-02-28", "2026-03-31")

    def test_one_that_does_not_renew_stays_in_its_last_term(self) -> None:
        row = a_stored(recurring=Recurring.OFF, term=a_term("2025-03-01", "2026-03-01"))
        assert at(row, NOW) is row

    def test_a_scheduled_start_that_has_come_is_active(self) -> None:
        row = a_stored(status=Status.SCHEDULED, start=date(2026, 11, 23), recurring=Recurring.OFF)
        assert at(row, day("2026-11-23")).status is Status.ACTIVE
        assert at(row, day("2026-11-23") - timedelta(seconds=1)) is row

    def test_a_scheduled_start_long_past_is_active_in_the_current_term(self) -> None:
        row = a_stored(status=Status.SCHEDULED, start=date(2024, 3, 1), term=a_term("2024-03-01", "2025-03-01"))
        assert at(row, NOW) == replace(row, status=Status.ACTIVE, term=a_term("2026-03-01", "2027-03-01"))

    @pytest.mark.parametrize("status", [item for item in Status if item not in (Status.ACTIVE, Status.SCHEDULED)])
    def test_time_alone_moves_no_other_status(self, status: Status) -> None:
        row = a_stored(status=status, term=a_term("2025-03-01", "2026-03-01"))
        assert at(row, NOW) is row


class TestTermOver:
    over = a_term("2025-11-23", "2026-11-23")

    def test_the_end_itself_is_over(self) -> None:
        row = a_stored(recurring=Recurring.OFF, term=self.over)
        assert term_over(row, day("2026-11-23"))
        assert not term_over(row, day("2026-11-23") - timedelta(microseconds=1))

    def test_what_renews_is_never_over(self) -> None:
        assert not term_over(a_stored(term=self.over), NOW)

    def test_what_has_ended_is_told_by_its_status(self) -> None:
        assert not term_over(a_stored(recurring=Recurring.OFF, term=self.over, status=Status.EXPIRED), NOW)


def test_a_confirmation_names_the_key_and_the_first_day_of_the_term() -> None:
    assert confirmation(a_stored()) == "contoso/visio-plan-2@2026-03-01"


class TestRegister:
    def test_everything_declared_is_stored(self) -> None:
        after = {
            "product": "SPB",
            "term": "monthly",
            "billing": "annual",
            "start": "2026-01-31",
            "recurring": "off",
            "cancellation": "none",
            "seats": 25,
            "price": "20.60 EUR",
            "owner": "it@contoso.example",
            "labels": {"team": "sales"},
            "protected": True,
        }
        change = a_change(Kind.REGISTER, after=after, external_id="6f0d", declares=True)
        assert carried_out(change, None, NOW) == StoredSubscription(
            key=a_key(NAME),
            product="SPB",
            length=MONTHLY,
            billing=ANNUAL,
            start=date(2026, 1, 31),
            anchor=date(2026, 1, 31),
            term=a_term("2026-10-31", "2026-11-30"),
            recurring=Recurring.OFF,
            id="6f0d",
            seats=25,
            price=Money(2060, "EUR"),
            owner="it@contoso.example",
            labels={"team": "sales"},
            protected=True,
            declared=True,
        )

    def test_what_is_not_declared_is_empty(self) -> None:
        row = carried_out(a_change(Kind.REGISTER), None, NOW)
        assert (row.id, row.seats, row.price, row.owner) == (None, None, None, None)
        assert (row.labels, row.protected, row.declared) == ({}, False, False)

    def test_a_cancellation_at_renewal_ends_with_the_term_that_holds_now(self) -> None:
        change = a_change(Kind.REGISTER)
        change = replace(change, after={**change.after, "recurring": "off", "cancellation": "at-renewal"})
        row = carried_out(change, None, NOW)
        assert (row.recurring, row.cancellation) == (Recurring.OFF, Cancel.AT_RENEWAL)
        assert (row.requested_at, row.effective_at) == (NOW, day("2027-03-01"))

    def test_a_start_to_come_is_scheduled(self) -> None:
        change = a_change(Kind.REGISTER)
        row = carried_out(replace(change, after={**change.after, "start": "2026-11-24"}), None, NOW)
        assert (row.status, row.term) == (Status.SCHEDULED, a_term("2026-11-24", "2027-11-24"))

    def test_a_start_today_is_active(self) -> None:
        change = a_change(Kind.REGISTER)
        row = carried_out(replace(change, after={**change.after, "start": "2026-11-23"}), None, day("2026-11-23"))
        assert (row.status, row.term) == (Status.ACTIVE, a_term("2026-11-23", "2027-11-23"))


class TestPair:
    def test_turning_off_and_on_moves_recurring_alone(self) -> None:
        row = a_stored()
        off = carried_out(a_change(Kind.TURN_OFF), row, NOW)
        assert off == replace(row, recurring=Recurring.OFF)
        assert carried_out(a_change(Kind.TURN_ON), off, NOW) == row

    def test_cancelling_at_renewal_takes_effect_when_the_term_ends(self) -> None:
        row = carried_out(a_change(Kind.CANCEL_AT_RENEWAL), a_stored(), NOW)
        assert (row.recurring, row.cancellation, row.status) == (Recurring.OFF, Cancel.AT_RENEWAL, Status.ACTIVE)
        assert (row.requested_at, row.effective_at) == (NOW, day("2027-03-01"))

    @pytest.mark.parametrize("recurring", Recurring)
    def test_undoing_that_leaves_no_trace_of_it(self, recurring: Recurring) -> None:
        cancelled = carried_out(a_change(Kind.CANCEL_AT_RENEWAL), a_stored(), NOW)
        undo = a_change(Kind.UNDO_CANCEL, after={"recurring": recurring.value, "cancellation": "none"})
        assert carried_out(undo, cancelled, NOW) == replace(a_stored(), recurring=recurring)

    def test_cancelling_now_disables_at_once(self) -> None:
        row = carried_out(a_change(Kind.CANCEL_NOW), a_stored(), NOW)
        assert (row.recurring, row.cancellation, row.status) == (Recurring.OFF, Cancel.IMMEDIATELY, Status.DISABLED)
        assert (row.requested_at, row.effective_at) == (NOW, NOW)
        assert row.term == a_stored().term

    def test_reactivating_starts_a_new_term_and_anchor_that_day(self) -> None:
        ended = a_stored(
            status=Status.EXPIRED,
            recurring=Recurring.OFF,
            cancellation=Cancel.AT_RENEWAL,
            requested_at=NOW,
            effective_at=NOW,
        )
        row = carried_out(a_change(Kind.REACTIVATE), ended, NOW)
        assert (row.status, row.recurring, row.cancellation) == (Status.ACTIVE, Recurring.ON, Cancel.NONE)
        assert (row.requested_at, row.effective_at) == (None, None)
        assert (row.anchor, row.term) == (date(2026, 11, 23), a_term("2026-11-23", "2027-11-23"))
        assert row.start == ended.start

    def test_a_change_finds_the_record_as_it_stands_now(self) -> None:
        row = a_stored(term=a_term("2024-03-01", "2025-03-01"), start=date(2024, 3, 1))
        assert carried_out(a_change(Kind.CANCEL_AT_RENEWAL), row, NOW).effective_at == day("2027-03-01")


class TestRenameAndUpdate:
    def test_a_rename_moves_the_key_and_nothing_else(self) -> None:
        row = a_stored("contoso/visio", protected=True, declared=True)
        assert carried_out(a_change(Kind.RENAME), row, NOW) == replace(row, key=a_key(NAME))

    def test_an_update_leaves_what_it_does_not_name(self) -> None:
        row = a_stored(seats=3, price=Money(1, "EUR"), owner="ada", labels={"a": "b"}, protected=True)
        assert carried_out(a_change(Kind.UPDATE, after={"seats": 7}), row, NOW) == replace(row, seats=7)

    def test_an_update_takes_all_that_it_names(self) -> None:
        after = {"seats": 7, "price": "1.50 EUR", "owner": "bob", "labels": {"c": "d"}, "protected": True}
        row = carried_out(a_change(Kind.UPDATE, after=after), a_stored(owner="ada", labels={"a": "b"}), NOW)
        assert (row.seats, row.price, row.owner) == (7, Money(150, "EUR"), "bob")
        assert (row.labels, row.protected) == ({"c": "d"}, True)

    def test_an_update_lifts_protection(self) -> None:
        change = a_change(Kind.UPDATE, after={"protected": False})
        assert not carried_out(change, a_stored(protected=True), NOW).protected


class TestCorrect:
    def test_another_product_or_billing_moves_no_date(self) -> None:
        after = {"product": "SPB", "billing": "monthly"}
        row = carried_out(a_change(Kind.CORRECT, after=after), a_stored(), NOW)
        assert row == replace(a_stored(), product="SPB", billing=MONTHLY)

    def test_another_start_moves_the_anchor_and_the_term(self) -> None:
        row = carried_out(a_change(Kind.CORRECT, after={"start": "2026-04-30"}), a_stored(), NOW)
        assert (row.start, row.anchor) == (date(2026, 4, 30), date(2026, 4, 30))
        assert row.term == a_term("2026-04-30", "2027-04-30")

    def test_another_length_counts_from_the_same_anchor(self) -> None:
        row = a_stored(anchor=date(2026, 5, 31), start=date(2020, 1, 1))
        after = carried_out(a_change(Kind.CORRECT, after={"term": "monthly"}), row, NOW)
        assert (after.length, after.anchor, after.start) == (MONTHLY, date(2026, 5, 31), date(2020, 1, 1))
        assert after.term == a_term("2026-10-31", "2026-11-30")

    def test_a_start_to_come_makes_it_scheduled_and_back(self) -> None:
        ahead = carried_out(a_change(Kind.CORRECT, after={"start": "2027-01-01"}), a_stored(), NOW)
        assert (ahead.status, ahead.term) == (Status.SCHEDULED, a_term("2027-01-01", "2028-01-01"))
        back = carried_out(a_change(Kind.CORRECT, after={"start": "2026-03-01"}), ahead, NOW)
        assert back == a_stored()

    def test_a_start_at_that_very_instant_is_active(self) -> None:
        row = carried_out(a_change(Kind.CORRECT, after={"start": "2026-11-23"}), a_stored(), day("2026-11-23"))
        assert (row.status, row.term) == (Status.ACTIVE, a_term("2026-11-23", "2027-11-23"))

    def test_the_end_of_a_pending_cancellation_moves_along(self) -> None:
        row = carried_out(a_change(Kind.CANCEL_AT_RENEWAL), a_stored(), NOW)
        moved = carried_out(a_change(Kind.CORRECT, after={"start": "2026-04-01"}), row, NOW)
        assert (moved.requested_at, moved.effective_at) == (NOW, day("2027-04-01"))

    def test_a_last_term_that_is_over_is_not_renewed_by_it(self) -> None:
        row = a_stored(recurring=Recurring.OFF, start=date(2025, 3, 1), term=a_term("2025-03-01", "2026-03-01"))
        moved = carried_out(a_change(Kind.CORRECT, after={"start": "2025-02-01"}), row, NOW)
        assert moved.term == a_term("2025-02-01", "2026-02-01")
        assert term_over(moved, NOW)

    def test_what_has_ended_stays_ended(self) -> None:
        row = a_stored(status=Status.DISABLED, recurring=Recurring.OFF)
        assert carried_out(a_change(Kind.CORRECT), row, NOW).status is Status.DISABLED


@pytest.mark.parametrize("kind", [kind for kind in Kind if kind is not Kind.REGISTER])
def test_only_a_registration_needs_no_record(kind: Kind) -> None:
    with pytest.raises(ValueError, match=f"{kind} of {NAME} needs a record"):
        carried_out(a_change(kind), None, NOW)


@pytest.mark.parametrize("kind", [Kind.ADOPT, Kind.FORGET])
def test_what_leaves_no_ledger_record_is_refused(kind: Kind) -> None:
    with pytest.raises(ValueError, match=f"{kind} leaves no ledger record"):
        carried_out(a_change(kind), a_stored(), NOW)


@pytest.mark.parametrize("kind", [kind for kind in Kind if kind not in (Kind.ADOPT, Kind.FORGET)])
def test_that_the_specs_declare_a_pair_is_kept_with_any_change(kind: Kind) -> None:
    declared = carried_out(a_change(kind, declares=True), a_stored(), NOW)
    assert declared.declared
    assert not carried_out(a_change(kind), a_stored(), NOW).declared
    assert kind is Kind.REGISTER or carried_out(a_change(kind), declared, NOW).declared


@pytest.mark.parametrize("kind", [kind for kind in Kind if kind not in (Kind.ADOPT, Kind.FORGET)])
def test_done_twice_at_one_instant_is_done_once(kind: Kind) -> None:
    once = carried_out(a_change(kind), a_stored(start=date(2026, 2, 1)), NOW)
    assert carried_out(a_change(kind), once, NOW) == once

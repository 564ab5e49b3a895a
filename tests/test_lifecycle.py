"""What time does: tables by stage, and the laws of `advance` as properties."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.events import Event, EventKind
from reconciler.lifecycle import advance, at, extends, next_step, term_over
from reconciler.model import Cancel, Recurring, Status, StoredSubscription, Term, TermLength
from reconciler.policy import Extension, Lifecycle
from reconciler.terms import midnight, term_at
from tests.builders import CLASSIC, NOW, a_key, a_lifecycle, a_stored, dated

MONTHLY, ANNUAL, TRIENNIAL = TermLength
OFF = {"recurring": Recurring.OFF}
EXTENDING = a_lifecycle(name="extending", extension=Extension(when_off=True))
UNKNOWN = a_lifecycle(name="unknown", expired=None, disabled=None, disabled_after_cancel_now=None, extension=None)
OPEN_END = a_lifecycle(name="open end", expired=0, extension=Extension(when_off=None))
ABRUPT = a_lifecycle(name="abrupt", expired=0, disabled=0, disabled_after_cancel_now=0)
CHANGED = a_lifecycle(
    name="changed",
    expired=dated(30, (date(2026, 2, 9), 0)),
    disabled=dated(90, (date(2026, 2, 9), 60)),
    extension=dated(Extension(when_off=False), (date(2027, 5, 4), Extension(when_off=True))),
)
LIFECYCLES = (CLASSIC, EXTENDING, UNKNOWN, OPEN_END, ABRUPT, CHANGED)


def day(text: str) -> datetime:
    """Midnight UTC of `2026-01-31`."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def a_term(start: str, end: str) -> Term:
    return Term(day(start), day(end))


def a_first_term(start: date, length: TermLength) -> Term:
    return term_at(start, length, midnight(start))


def story(row: StoredSubscription, lifecycle: Lifecycle, until: str) -> list[str]:
    """What happens until then, a line an event: `2026-03-01 expired`."""
    return [f"{event.at:%Y-%m-%d} {event.kind}" for event in advance(row, lifecycle, day(until)).events]


class TestRenewal:
    def test_a_recurring_record_is_in_the_term_that_holds_now(self) -> None:
        row = a_stored(start=date(2020, 1, 31), length=MONTHLY, term=a_term("2020-01-31", "2020-02-29"))
        assert at(row, CLASSIC, day("2026-02-28")).term == a_term("2026-02-28", "2026-03-31")

    def test_every_renewal_of_the_years_that_passed_is_an_event_with_its_own_instant(self) -> None:
        row = a_stored(start=date(2024, 2, 29), term=a_term("2024-02-29", "2025-02-28"))
        assert story(row, CLASSIC, "2029-01-01") == [
            "2025-02-28 renewed",
            "2026-02-28 renewed",
            "2027-02-28 renewed",
            "2028-02-29 renewed",
        ]

    def test_the_event_says_which_term_followed_which(self) -> None:
        row = a_stored(start=date(2025, 3, 1), term=a_term("2025-03-01", "2026-03-01"))
        (event,) = advance(row, CLASSIC, NOW).events
        assert event == Event(
            row.key,
            EventKind.RENEWED,
            day("2026-03-01"),
            {"term_start": "2025-03-01", "term_end": "2026-03-01"},
            {"term_start": "2026-03-01", "term_end": "2027-03-01"},
            row.product,
        )

    def test_a_term_ends_at_its_very_end_and_not_an_instant_sooner(self) -> None:
        row = a_stored(term=a_term("2026-03-01", "2027-03-01"))
        assert advance(row, CLASSIC, day("2027-03-01") - timedelta(microseconds=1)) == (row, ())
        assert at(row, CLASSIC, day("2027-03-01")).term.start == day("2027-03-01")

    def test_the_billing_cycle_does_not_move_the_term(self) -> None:
        row = a_stored(start=date(2025, 3, 1), term=a_term("2025-03-01", "2026-03-01"), billing=MONTHLY)
        assert story(row, CLASSIC, "2026-12-31") == ["2026-03-01 renewed"]

    def test_a_term_off_the_series_is_followed_without_a_gap(self) -> None:
        row = a_stored(start=date(2026, 1, 31), length=MONTHLY, term=a_term("2026-01-31", "2026-02-15"))
        assert at(row, CLASSIC, day("2026-02-20")).term == a_term("2026-02-15", "2026-02-28")

    def test_a_renewal_past_the_calendar_does_not_happen(self) -> None:
        row = a_stored(start=date(9998, 6, 1), term=a_term("9998-06-01", "9999-06-01"))
        assert advance(row, CLASSIC, day("9999-12-31")) == (row, ())


class TestStart:
    def test_a_scheduled_start_that_has_come_is_active(self) -> None:
        row = a_stored(status=Status.SCHEDULED, start=date(2026, 11, 23), **OFF)
        assert at(row, CLASSIC, day("2026-11-23")).status is Status.ACTIVE
        assert at(row, CLASSIC, day("2026-11-23") - timedelta(seconds=1)) is row

    def test_a_scheduled_start_long_past_has_started_and_renewed(self) -> None:
        row = a_stored(status=Status.SCHEDULED, start=date(2024, 3, 1), term=a_term("2024-03-01", "2025-03-01"))
        assert story(row, CLASSIC, "2026-11-23") == ["2024-03-01 started", "2025-03-01 renewed", "2026-03-01 renewed"]


ENDING = a_term("2026-01-01", "2027-01-01")
ENDS = [
    pytest.param(
        OFF,
        CLASSIC,
        ["2027-01-01 expired", "2027-01-31 disabled", "2027-05-01 deleted"],
        # microsoft-365/commerce/subscriptions/what-if-my-subscription-expires: 30 days expired, 90 disabled.
        id="off, classic: 30 days expired, 90 disabled",
    ),
    pytest.param(
        {**OFF, "cancellation": Cancel.AT_RENEWAL},
        CLASSIC,
        ["2027-01-01 disabled", "2027-04-01 deleted"],
        id="cancelled at renewal: no expired stage",
    ),
    pytest.param(
        {
            **OFF,
            "cancellation": Cancel.IMMEDIATELY,
            "status": Status.DISABLED,
            "effective_at": datetime(2026, 11, 23, 17, 30, tzinfo=UTC),
        },
        CLASSIC,
        ["2027-02-21 deleted"],
        id="cancelled now: deleted 90 days later",
    ),
    pytest.param(
        {**OFF, "cancellation": Cancel.IMMEDIATELY, "effective_at": datetime(2026, 11, 23, tzinfo=UTC)},
        CLASSIC,
        ["2026-11-23 disabled", "2027-02-21 deleted"],
        id="cancelled now, its status yet to follow",
    ),
    pytest.param(OFF, ABRUPT, ["2027-01-01 deleted"], id="no stages at all: deleted when the term ends"),
    pytest.param(
        {**OFF, "cancellation": Cancel.AT_RENEWAL}, ABRUPT, ["2027-01-01 deleted"], id="cancelled, no stages at all"
    ),
    pytest.param(OFF, UNKNOWN, ["2027-01-01 expired"], id="stages not known: entered and not left"),
    pytest.param(OFF, OPEN_END, ["2027-01-01 expired"], id="whether it is extended is not known: it has ended"),
    pytest.param(
        {**OFF, "cancellation": Cancel.AT_RENEWAL},
        OPEN_END,
        ["2027-01-01 disabled", "2027-04-01 deleted"],
        id="cancelled, where that is not known of off alone",
    ),
    pytest.param(
        {**OFF, "cancellation": Cancel.AT_RENEWAL}, UNKNOWN, ["2027-01-01 disabled"], id="cancelled, stages not known"
    ),
    pytest.param(OFF, CHANGED, ["2027-01-01 disabled", "2027-03-02 deleted"], id="rules that changed before its end"),
    pytest.param(
        OFF,
        EXTENDING,
        [f"2027-{month:02}-01 extended" for month in range(1, 9)],
        id="off, where that leads into an extension",
    ),
    pytest.param(
        {**OFF, "cancellation": Cancel.AT_RENEWAL},
        EXTENDING,
        ["2027-01-01 disabled", "2027-04-01 deleted"],
        id="cancelled, where off alone would be extended",
    ),
]


@pytest.mark.parametrize(("fields", "lifecycle", "expected"), ENDS)
def test_what_follows_the_end(fields: dict[str, Any], lifecycle: Lifecycle, expected: list[str]) -> None:
    row = a_stored(start=date(2026, 1, 1), term=ENDING, **fields)
    assert story(row, lifecycle, "2027-08-01") == expected


def test_rules_in_force_when_the_term_ends_are_those_that_count() -> None:
    before = a_stored(start=date(2025, 2, 8), term=a_term("2025-02-08", "2026-02-08"), **OFF)
    after = a_stored(start=date(2025, 2, 9), term=a_term("2025-02-09", "2026-02-09"), **OFF)
    assert story(before, CHANGED, "2026-12-31") == ["2026-02-08 expired", "2026-03-10 disabled", "2026-06-08 deleted"]
    assert story(after, CHANGED, "2026-12-31") == ["2026-02-09 disabled", "2026-04-10 deleted"]


class TestExtension:
    row = a_stored(start=date(2025, 1, 31), term=a_term("2025-01-31", "2026-01-31"), **OFF)

    def test_its_months_stick_to_the_anchor(self) -> None:
        assert story(self.row, EXTENDING, "2026-05-01") == [
            "2026-01-31 extended",
            "2026-02-28 extended",
            "2026-03-31 extended",
            "2026-04-30 extended",
        ]
        extended = at(self.row, EXTENDING, day("2026-03-05"))
        assert (extended.status, extended.extended) == (Status.ACTIVE, True)
        assert extended.term == a_term("2026-02-28", "2026-03-31")
        assert extends(extended, CLASSIC)

    def test_a_cancellation_ends_it_with_the_month(self) -> None:
        extended = replace(at(self.row, EXTENDING, day("2026-03-05")), cancellation=Cancel.AT_RENEWAL)
        assert story(extended, EXTENDING, "2026-12-31") == ["2026-03-31 disabled", "2026-06-29 deleted"]

    def test_turned_on_again_a_new_series_of_terms_begins_when_the_month_ends(self) -> None:
        on = replace(at(self.row, EXTENDING, day("2026-03-05")), recurring=Recurring.ON)
        renewed = at(on, EXTENDING, day("2026-04-01"))
        assert (renewed.extended, renewed.anchor) == (False, date(2026, 3, 31))
        assert renewed.term == a_term("2026-03-31", "2027-03-31")

    def test_a_month_past_the_calendar_does_not_begin(self) -> None:
        row = a_stored(start=date(9998, 12, 31), term=a_term("9998-12-31", "9999-12-31"), **OFF)
        assert advance(row, EXTENDING, day("9999-12-31")) == (row, ())


class TestAtRest:
    @pytest.mark.parametrize("status", [Status.DELETED, Status.SUSPENDED, Status.UNKNOWN])
    def test_time_alone_moves_no_such_record(self, status: Status) -> None:
        row = a_stored(status=status, term=a_term("2025-03-01", "2026-03-01"))
        assert advance(row, CLASSIC, NOW) == (row, ())
        assert next_step(row, CLASSIC) is None

    def test_without_a_lifecycle_nothing_is_moved(self) -> None:
        row = a_stored(term=a_term("2020-03-01", "2021-03-01"))
        assert advance(row, None, NOW) == (row, ())

    def test_a_stage_past_the_calendar_does_not_come(self) -> None:
        row = a_stored(status=Status.EXPIRED, start=date(9998, 12, 20), term=a_term("9998-12-20", "9999-12-20"), **OFF)
        assert next_step(row, CLASSIC) is None

    def test_when_a_disabled_one_became_so_can_be_unknown(self) -> None:
        row = a_stored(status=Status.DISABLED, term=a_term("2025-03-01", "2026-03-01"), **OFF)
        assert next_step(row, a_lifecycle(expired=None)) is None


ANCHORS = st.dates(date(2019, 1, 1), date(2028, 12, 31))
INSTANTS = st.datetimes(datetime(2019, 1, 1), datetime(2036, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - bounds are naive


@st.composite
def rows(draw: st.DrawFn) -> StoredSubscription:
    """Records as the ledger can hold them, at any stage."""
    anchor, length = draw(ANCHORS), draw(st.sampled_from(TermLength))
    term = term_at(anchor, length, draw(INSTANTS))
    recurring = draw(st.sampled_from(Recurring))
    cancellation = Cancel.NONE if recurring is Recurring.ON else draw(st.sampled_from(Cancel))
    extended = recurring is Recurring.OFF and cancellation is not Cancel.IMMEDIATELY and draw(st.booleans())
    effective = {
        Cancel.NONE: None,
        Cancel.AT_RENEWAL: term.end,
        Cancel.IMMEDIATELY: term.start + timedelta(days=3, hours=17),
    }[cancellation]
    return a_stored(
        start=anchor,
        length=length,
        billing=draw(st.sampled_from([MONTHLY, length])),
        term=term,
        status=draw(st.sampled_from(Status)),
        recurring=recurring,
        cancellation=cancellation,
        effective_at=effective,
        extended=extended,
    )


POLICIES = st.sampled_from(LIFECYCLES)


@given(rows(), POLICIES, st.lists(INSTANTS, min_size=1, max_size=6))
def test_looking_often_and_looking_once_come_to_the_same(
    row: StoredSubscription, lifecycle: Lifecycle, instants: list[datetime]
) -> None:
    stepwise, told = row, list[Event]()
    for now in sorted(instants):
        stepwise, events = advance(stepwise, lifecycle, now)
        told += events
    assert (stepwise, tuple(told)) == advance(row, lifecycle, max(instants))


@given(rows(), POLICIES, INSTANTS, INSTANTS)
def test_time_never_goes_backwards_and_nothing_happens_twice(
    row: StoredSubscription, lifecycle: Lifecycle, now: datetime, then: datetime
) -> None:
    later = at(row, lifecycle, max(now, then))
    assert advance(later, lifecycle, min(now, then)) == (later, ())
    assert advance(later, lifecycle, max(now, then)) == (later, ())


@given(rows(), POLICIES, INSTANTS)
def test_events_come_in_their_order_and_each_says_what_it_moved(
    row: StoredSubscription, lifecycle: Lifecycle, now: datetime
) -> None:
    left, events = advance(row, lifecycle, now)
    assert all(earlier.at <= later.at for earlier, later in pairwise(events))
    assert all(event.at <= now and event.key == row.key and event.before != event.after for event in events)
    terms = [event for event in events if event.kind in (EventKind.RENEWED, EventKind.EXTENDED)]
    for event in terms:
        assert event.before["term_end"] == event.after["term_start"] == event.at.date().isoformat()
    assert [event.after["status"] for event in events if "status" in event.after][-1:] in ([], [left.status.value])


@given(rows(), POLICIES, INSTANTS)
def test_time_moves_only_what_is_its_own(row: StoredSubscription, lifecycle: Lifecycle, now: datetime) -> None:
    left = at(row, lifecycle, now)
    kept = replace(left, status=row.status, term=row.term, anchor=row.anchor, extended=row.extended)
    assert kept == row
    assert left.recurring is row.recurring
    if not left.status.ended and row.status is not left.status:
        assert (row.status, left.status) == (Status.SCHEDULED, Status.ACTIVE)


@given(rows(), POLICIES, INSTANTS, st.integers(-14, 14))
def test_where_a_clock_stands_changes_nothing(
    row: StoredSubscription, lifecycle: Lifecycle, now: datetime, hours: int
) -> None:
    elsewhere = now.astimezone(timezone(timedelta(hours=hours)))
    assert advance(row, lifecycle, elsewhere) == advance(row, lifecycle, now)


@given(rows(), POLICIES)
def test_what_comes_next_comes_at_that_very_instant(row: StoredSubscription, lifecycle: Lifecycle) -> None:
    step = next_step(row, lifecycle)
    if step is None:
        assert advance(row, lifecycle, day("2090-01-01")) == (row, ())
        return
    assert not advance(row, lifecycle, step.at - timedelta(microseconds=1)).events
    first = advance(row, lifecycle, step.at).events[0]
    assert (first.at, first.kind) == step


def test_a_year_day_by_day_is_the_year_in_one_jump() -> None:
    estate = [
        a_stored(
            f"contoso/n{index}", start=start, length=length, term=term_at(start, length, midnight(start)), **fields
        )
        for index, (start, length, fields) in enumerate(
            (date(2025, month, 28) + timedelta(days=offset), length, fields)
            for month in range(1, 13)
            for offset in range(4)
            for length in TermLength
            for fields in ({}, OFF, {**OFF, "cancellation": Cancel.AT_RENEWAL})
        )
    ]
    for lifecycle in LIFECYCLES:
        jumped = [advance(row, lifecycle, day("2027-01-01")) for row in estate]
        stepped, told = list(estate), [list[Event]() for _ in estate]
        for number in range(731):
            now = day("2025-01-01") + timedelta(days=number)
            for index, row in enumerate(stepped):
                stepped[index], events = advance(row, lifecycle, now)
                told[index] += events
        assert stepped == [row for row, _ in jumped]
        assert told == [list(events) for _, events in jumped]


class TestTermOver:
    over = a_term("2025-11-23", "2026-11-23")

    def test_the_end_itself_is_over(self) -> None:
        row = a_stored(term=self.over, **OFF)
        assert term_over(row, day("2026-11-23"))
        assert not term_over(row, day("2026-11-23") - timedelta(microseconds=1))

    def test_what_renews_is_never_over(self) -> None:
        assert not term_over(a_stored(term=self.over), NOW)

    def test_what_has_ended_is_told_by_its_status(self) -> None:
        assert not term_over(a_stored(term=self.over, status=Status.EXPIRED, **OFF), NOW)


def test_whether_it_is_extended_can_be_unknown() -> None:
    assert extends(a_stored("contoso/a"), UNKNOWN) is None
    assert a_key("contoso/a") == a_stored("contoso/a").key

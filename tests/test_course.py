"""The course of one record: by hand where people can follow, and day by day against a slow reference for the rest."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.changes import Kind
from reconciler.course import Course, Series, course, last_instant, renewing
from reconciler.effects import carried_out
from reconciler.events import EventKind
from reconciler.forecast import Occasion
from reconciler.lifecycle import advance
from reconciler.lifecycle import at as standing_at
from reconciler.model import (
    Cancel,
    DesiredSubscription,
    Intent,
    Money,
    Recurring,
    ScheduledIntent,
    Status,
    StoredSubscription,
    Term,
    TermLength,
)
from reconciler.money import amount_of_cycle, cycle_at, extension_amount
from reconciler.policy import Extension, Lifecycle
from reconciler.proposals import intent_change
from reconciler.rulebook import PriceList, Rulebook
from reconciler.terms import midnight, term_at
from reconciler.wishes import Move, decide
from tests.builders import CLASSIC, NOW, PLACE, a_desired, a_lifecycle, a_stored

A, M, T = TermLength.ANNUAL, TermLength.MONTHLY, TermLength.TRIENNIAL
EUR = Money(1000, "EUR")
ON, OFF = Recurring.ON, Recurring.OFF
EXTENDING = a_lifecycle(extension=Extension(when_off=True, surcharge_percent=3, otherwise_percent=23))
AT_ONCE = a_lifecycle(expired=0, disabled=30)
GONE = a_lifecycle(expired=0, disabled=0)
OPEN = a_lifecycle(disabled=None)
PRICES = PriceList({("CFQ7TTC0HD32", M, M, "EUR"): Money(1200, "EUR")}, "prices.csv")


def a_book(lifecycle: Lifecycle | None = CLASSIC) -> Rulebook:
    """The rules of contoso alone; None: it lives in its provider's time."""
    return Rulebook({} if lifecycle is None else {"contoso": lifecycle}, {"contoso": "EUR"}, PRICES)


def a_row(**fields: Any) -> StoredSubscription:
    """A record with a price."""
    return a_stored(price=EUR, seats=1, **fields)


def ahead(
    row: StoredSubscription, until: str, lifecycle: Lifecycle | None = CLASSIC, *entries: ScheduledIntent
) -> Course:
    """Its course from NOW on."""
    wanted = a_desired(schedule=tuple(entries)) if entries else None
    return course(row, wanted, a_book(lifecycle), NOW, last_instant(date.fromisoformat(until)))


def entry(day: str, recurring: Recurring | None = None, cancel: Cancel | None = None) -> ScheduledIntent:
    """A dated intent."""
    return ScheduledIntent(date.fromisoformat(day), Intent(recurring, cancel, PLACE))


def occurrences(found: Course) -> list[tuple[str, str]]:
    """What happens, renewals included, by day."""
    renewals = [(day, Occasion.RENEWS) for series in found.renewals for day in series.days()]
    return sorted((day.isoformat(), str(occasion)) for day, occasion in [*found.occurrences, *renewals])


def charges(found: Course) -> list[tuple[str, int | None]]:
    """Each charge by day, in minor units."""
    return sorted(
        (day.isoformat(), None if amount.money is None else amount.money.minor)
        for series, amount, _ in found.charges
        for day in series.days()
    )


@pytest.mark.parametrize(
    ("fields", "lifecycle", "expected"),
    [
        pytest.param({}, CLASSIC, [("2027-03-01", "renews"), ("2028-03-01", "renews")], id="on: term follows on term"),
        pytest.param(
            {"recurring": OFF},
            CLASSIC,
            [("2027-03-01", "ends"), ("2027-03-31", "disabled"), ("2027-06-29", "deleted")],
            id="off: expired, disabled, deleted",
        ),
        pytest.param(
            {"recurring": OFF, "cancellation": Cancel.AT_RENEWAL},
            CLASSIC,
            [("2027-03-01", "ends"), ("2027-05-30", "deleted")],
            id="at renewal: access ends with the term",
        ),
        pytest.param(
            {"recurring": OFF}, AT_ONCE, [("2027-03-01", "ends"), ("2027-03-31", "deleted")], id="no expired stage"
        ),
        pytest.param({"recurring": OFF}, GONE, [("2027-03-01", "deleted"), ("2027-03-01", "ends")], id="no stage"),
        pytest.param(
            {"recurring": OFF}, OPEN, [("2027-03-01", "ends"), ("2027-03-31", "disabled")], id="deletion not known"
        ),
        pytest.param({"recurring": OFF}, None, [("2027-03-01", "ends")], id="an outside provider's own affair"),
        pytest.param({}, None, [("2027-03-01", "renews"), ("2028-03-01", "renews")], id="an outside provider, on"),
        pytest.param({"status": Status.DELETED, "recurring": OFF}, CLASSIC, [], id="deleted"),
        pytest.param({"status": Status.SUSPENDED}, CLASSIC, [], id="suspended: nobody knows"),
        pytest.param(
            {"status": Status.SCHEDULED, "start": date(2027, 1, 15), "term": Term(
                datetime(2027, 1, 15, tzinfo=UTC), datetime(2028, 1, 15, tzinfo=UTC)
            )},
            CLASSIC,
            [("2027-01-15", "starts"), ("2028-01-15", "renews")],
            id="scheduled",
        ),
        pytest.param(
            {"status": Status.SCHEDULED, "start": date(2027, 1, 15), "recurring": OFF, "term": Term(
                datetime(2027, 1, 15, tzinfo=UTC), datetime(2028, 1, 15, tzinfo=UTC)
            )},
            CLASSIC,
            [("2027-01-15", "starts"), ("2028-01-15", "ends"), ("2028-02-14", "disabled"), ("2028-05-14", "deleted")],
            id="scheduled, and off",
        ),
        pytest.param(
            {"status": Status.DISABLED, "recurring": OFF, "cancellation": Cancel.IMMEDIATELY,
             "effective_at": datetime(2026, 11, 20, 15, tzinfo=UTC)},
            CLASSIC,
            [("2027-02-18", "deleted")],
            id="cancelled immediately: counted from the instant",
        ),
        pytest.param(
            {"status": Status.EXPIRED, "recurring": OFF, "start": date(2025, 11, 1), "term": Term(
                datetime(2025, 11, 1, tzinfo=UTC), datetime(2026, 11, 1, tzinfo=UTC)
            )},
            CLASSIC,
            [("2026-12-01", "disabled"), ("2027-03-01", "deleted")],
            id="expired already",
        ),
    ],
)  # fmt: skip
def test_what_is_ahead(fields: dict[str, Any], lifecycle: Lifecycle | None, expected: list[tuple[str, str]]) -> None:
    assert occurrences(ahead(a_row(**fields), "2028-12-31", lifecycle)) == expected


@pytest.mark.parametrize(
    ("fields", "until", "expected"),
    [
        pytest.param({}, "2028-12-31", ["2027-03-01", "2028-03-01"], id="annual"),
        pytest.param({}, "2027-03-01", ["2027-03-01"], id="the last day counts"),
        pytest.param({}, "2027-02-28", [], id="the day before"),
        pytest.param({"billing": M}, "2027-02-15", ["2026-12-01", "2027-01-01", "2027-02-01"], id="billed monthly"),
        pytest.param({"billing": M, "recurring": OFF}, "2028-12-31", ["2026-12-01", "2027-01-01", "2027-02-01"],
                     id="off: until the term ends"),
        pytest.param({"length": T, "billing": A, "start": date(2025, 5, 31)}, "2029-12-31",
                     ["2027-05-31", "2028-05-31", "2029-05-31"], id="triennial, billed by the year"),
        pytest.param({"length": M, "start": date(2026, 8, 31)}, "2027-03-31",
                     ["2026-11-30", "2026-12-31", "2027-01-31", "2027-02-28", "2027-03-31"], id="sticky month ends"),
        pytest.param({"start": date(2024, 2, 29)}, "2028-12-31", ["2027-02-28", "2028-02-29"], id="a leap day"),
        pytest.param({"status": Status.SUSPENDED}, "2028-12-31", [], id="suspended"),
        pytest.param({"cancellation": Cancel.IMMEDIATELY, "recurring": OFF, "effective_at": NOW}, "2028-12-31", [],
                     id="cancelled immediately, and its status is yet to follow"),
    ],
)  # fmt: skip
def test_charges_fall_on_the_first_day_of_each_billing_cycle(
    fields: dict[str, Any], until: str, expected: list[str]
) -> None:
    assert charges(ahead(a_row(**fields), until)) == [(day, 1000) for day in expected]


def test_a_record_without_a_price_is_charged_sums_that_are_not_known() -> None:
    found = ahead(a_stored(product="OTHER"), "2028-12-31")
    assert charges(found) == [("2027-03-01", None), ("2028-03-01", None)]


def test_an_extension_is_charged_by_the_month_at_its_own_price() -> None:
    found = ahead(a_row(recurring=OFF, billing=M), "2027-05-31", EXTENDING)
    assert charges(found) == [
        ("2026-12-01", 1000), ("2027-01-01", 1000), ("2027-02-01", 1000),
        ("2027-03-01", 1236), ("2027-04-01", 1236), ("2027-05-01", 1236),
    ]  # fmt: skip
    assert occurrences(found) == [(f"2027-0{month}-01", "extended") for month in (3, 4, 5)]


@pytest.mark.parametrize("lifecycle", [a_lifecycle(extension=Extension(None)), a_lifecycle(extension=None), None])
def test_where_an_extension_may_follow_one_charge_that_is_not_known_stands_for_it(lifecycle: Lifecycle | None) -> None:
    found = ahead(a_row(recurring=OFF), "2027-12-31", lifecycle)
    assert occurrences(found)[0] == ("2027-03-01", "ends")
    assert [(item.series.first, item.series.times, item.extension) for item in found.charges] == [
        (date(2027, 3, 1), 1, None)
    ]
    assert charges(found) == [("2027-03-01", None)]
    assert charges(ahead(a_row(recurring=OFF), "2027-02-28", lifecycle)) == []
    cancelled = a_row(recurring=OFF, cancellation=Cancel.AT_RENEWAL)
    assert charges(ahead(cancelled, "2027-12-31", lifecycle)) == []


def test_out_of_an_extension_a_new_series_begins_when_its_month_is_over() -> None:
    row = a_row(
        extended=True, start=date(2025, 3, 10), term=Term(midnight(date(2026, 11, 10)), midnight(date(2026, 12, 10)))
    )
    found = ahead(row, "2028-12-31", EXTENDING)
    assert occurrences(found) == [(f"{year}-12-10", "renews") for year in (2026, 2027, 2028)]
    assert charges(found) == [(f"{year}-12-10", 1000) for year in (2026, 2027, 2028)]
    assert renewing(row).extended is False
    assert renewing(a_row()) == a_row()


def test_a_term_that_ends_beside_its_series_is_followed_by_terms_on_it() -> None:
    row = a_row(start=date(2025, 5, 31), term=Term(midnight(date(2026, 3, 1)), midnight(date(2027, 3, 1))))
    assert occurrences(ahead(row, "2028-12-31")) == [
        ("2027-03-01", "renews"),
        ("2027-05-31", "renews"),
        ("2028-05-31", "renews"),
    ]
    assert occurrences(ahead(row, "2027-04-01")) == [("2027-03-01", "renews")]


def test_an_outside_providers_own_dates_are_counted_from() -> None:
    row = a_row(start=date(2025, 5, 31), term=Term(midnight(date(2026, 3, 1)), midnight(date(2027, 3, 1))))
    assert occurrences(ahead(row, "2028-12-31", None)) == [("2027-03-01", "renews"), ("2028-03-01", "renews")]


def test_what_nobody_has_told_of_since_its_term_ended_renews_in_its_own_rhythm() -> None:
    row = a_row(start=date(2023, 5, 31), term=Term(midnight(date(2023, 5, 31)), midnight(date(2024, 5, 31))))
    assert occurrences(ahead(row, "2028-12-31", None)) == [("2027-05-31", "renews"), ("2028-05-31", "renews")]
    assert charges(ahead(row, "2027-12-31", None)) == [("2027-05-31", 1000)]
    assert occurrences(ahead(row, "2027-05-30", None)) == []


@pytest.mark.parametrize(
    ("entries", "expected"),
    [
        pytest.param([entry("2027-02-28", OFF)], [("2027-03-01", "ends"), ("2027-03-31", "disabled"),
                     ("2027-06-29", "deleted")], id="off before the renewal stops it"),
        pytest.param([entry("2027-03-01", OFF)], [("2027-03-01", "renews"), ("2028-03-01", "ends"),
                     ("2028-03-31", "disabled"), ("2028-06-29", "deleted")], id="on its very day it is too late"),
        pytest.param([entry("2027-01-01", OFF), entry("2027-02-01", ON)], [("2027-03-01", "renews"),
                     ("2028-03-01", "renews")], id="the latest stays in force"),
        pytest.param([entry("2027-02-01", None, Cancel.AT_RENEWAL)],
                     [("2027-03-01", "ends"), ("2027-05-30", "deleted")], id="at renewal"),
        pytest.param([entry("2027-01-01", OFF), entry("2027-04-15", ON)], [("2027-03-01", "ends"),
                     ("2027-03-31", "disabled"), ("2027-04-15", "starts"), ("2028-04-15", "renews")],
                     id="brought back after its end"),
        pytest.param([entry("2026-11-23", OFF)], [("2027-03-01", "renews"), ("2028-03-01", "renews")],
                     id="what has come is the plan's to carry out"),
        pytest.param([entry("2029-01-01", OFF)], [("2027-03-01", "renews"), ("2028-03-01", "renews")],
                     id="after the time that is looked at"),
    ],
)  # fmt: skip
def test_dated_intents_take_effect_on_their_day(
    entries: list[ScheduledIntent], expected: list[tuple[str, str]]
) -> None:
    assert occurrences(ahead(a_row(), "2028-12-31", CLASSIC, *entries)) == expected


def test_what_is_brought_back_is_charged_that_day() -> None:
    found = ahead(a_row(), "2028-12-31", CLASSIC, entry("2027-01-01", OFF), entry("2027-04-15", ON))
    assert charges(found) == [("2027-04-15", 1000), ("2028-04-15", 1000)]


@pytest.mark.parametrize(
    ("fields", "lifecycle"),
    [
        pytest.param({"protected": True}, CLASSIC, id="protected"),
        pytest.param({}, EXTENDING, id="end undecided"),
    ],
)
def test_a_dated_intent_that_is_blocked_changes_nothing(fields: dict[str, Any], lifecycle: Lifecycle) -> None:
    found = ahead(a_row(**fields), "2027-12-31", lifecycle, entry("2027-02-01", OFF))
    assert occurrences(found) == [("2027-03-01", "renews")]


def test_an_outside_record_follows_dated_intents_too() -> None:
    assert occurrences(ahead(a_row(), "2029-12-31", None, entry("2028-01-01", OFF))) == [
        ("2027-03-01", "renews"),
        ("2028-03-01", "ends"),
    ]
    assert occurrences(ahead(a_row(), "2027-12-31", None, entry("2027-01-01", OFF))) == [("2027-03-01", "ends")]
    assert occurrences(ahead(a_row(), "2027-02-28", None, entry("2027-01-01", OFF))) == []


def test_a_series_of_one_day() -> None:
    assert list(Series(date(2026, 1, 31), 1, date(2026, 2, 28), 1).days()) == [date(2026, 2, 28)]


# Day by day

LIFECYCLES = [CLASSIC, EXTENDING, AT_ONCE, GONE, OPEN]
UNTIL = date(2030, 6, 30)


def day_by_day(
    row: StoredSubscription, wanted: DesiredSubscription | None, book: Rulebook, now: datetime, until: date
) -> tuple[Counter[tuple[date, str]], Counter[tuple[date, int | None]]]:
    """The slow reference: looks at the record every midnight, as if somebody applied each day."""
    happened: Counter[tuple[date, str]] = Counter()
    charged: Counter[tuple[date, int | None]] = Counter()
    lifecycle = book.lifecycles["contoso"]
    day = now.date()
    while day < until:
        day += timedelta(days=1)
        price = extension_amount(row, book).money if row.recurring is OFF else None
        before = row.status
        row, events = advance(row, lifecycle, last_instant(day) if day == until else midnight(day))
        for event in events:
            word = {EventKind.RENEWED: "renews", EventKind.STARTED: "starts", EventKind.EXPIRED: "ends"}.get(event.kind)
            if before is Status.ACTIVE and event.kind in (EventKind.DISABLED, EventKind.DELETED):
                happened[event.at.date(), "ends"] += 1
                word = None if event.kind is EventKind.DISABLED else "deleted"
            else:
                word = word or str(event.kind)
            if word:
                happened[event.at.date(), word] += 1
            before = Status.ACTIVE if word in ("renews", "starts", "extended") else Status.EXPIRED
            if event.kind is EventKind.EXTENDED:
                charged[day, price.minor if price else None] += 1
        for dated in () if wanted is None else wanted.schedule:
            if dated.day == day:
                decision = decide(dated.intent, row, midnight(day), lifecycle, protected=row.protected)
                if isinstance(decision, Move):
                    change = intent_change(wanted or a_desired(), dated.intent, decision, row, gone=False)
                    row = carried_out(change, row, midnight(day))
                    happened[day, "starts"] += change.kind is Kind.REACTIVATE
        if row.status is Status.ACTIVE and not row.extended and cycle_at(row, day)[0] == day < row.term.end.date():
            money = amount_of_cycle(row, book).money
            charged[day, money.minor if money else None] += 1
    return +happened, charged


@st.composite
def records(draw: st.DrawFn) -> tuple[StoredSubscription, Lifecycle]:
    """A record that stands at NOW, wherever time brought it."""
    lifecycle = draw(st.sampled_from(LIFECYCLES))
    length = draw(st.sampled_from([M, A, T]))
    billing = draw(st.sampled_from([item for item in (M, A, T) if item.months <= length.months]))
    start = draw(st.dates(date(2021, 1, 1), date(2027, 8, 31)))
    then = NOW - timedelta(seconds=draw(st.integers(0, 3 * 366 * 86_400)))
    then = max(then, midnight(start)) if midnight(start) <= NOW else NOW
    term = term_at(start, length, then)
    cancel = draw(st.sampled_from([Cancel.NONE, Cancel.NONE, Cancel.AT_RENEWAL]))
    recurring = OFF if cancel is not Cancel.NONE else draw(st.sampled_from([ON, OFF]))
    row = a_row(
        length=length,
        billing=billing,
        start=start,
        term=term,
        status=Status.SCHEDULED if then < term.start else Status.ACTIVE,
        recurring=recurring,
        cancellation=cancel,
        effective_at=term.end if cancel is Cancel.AT_RENEWAL else None,
    )
    return standing_at(row, lifecycle, NOW), lifecycle


INTENTS = st.sampled_from([(ON, None), (OFF, None), (OFF, Cancel.NONE), (None, Cancel.AT_RENEWAL), (None, Cancel.NONE)])


@settings(max_examples=120, deadline=None)
@given(records(), st.dictionaries(st.dates(date(2026, 11, 24), UNTIL), INTENTS, max_size=3))
def test_the_course_is_what_looking_every_day_finds(
    found: tuple[StoredSubscription, Lifecycle], dates: dict[date, tuple[Recurring | None, Cancel | None]]
) -> None:
    row, lifecycle = found
    entries = tuple(ScheduledIntent(day, Intent(*dates[day], PLACE)) for day in sorted(dates))
    wanted = a_desired(schedule=entries) if entries else None
    quick = course(row, wanted, a_book(lifecycle), NOW, last_instant(UNTIL))
    happened, charged = day_by_day(row, wanted, a_book(lifecycle), NOW, UNTIL)
    assert Counter(occurrences(quick)) == Counter({(day.isoformat(), word): n for (day, word), n in happened.items()})
    assert Counter(charges(quick)) == Counter({(day.isoformat(), minor): n for (day, minor), n in charged.items()})

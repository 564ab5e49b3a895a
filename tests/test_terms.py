"""Term arithmetic: tables from the sources, and the slow way as the reference."""

from __future__ import annotations

from calendar import monthrange
from datetime import UTC, date, datetime, timedelta, timezone
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.model import Term, TermLength
from reconciler.terms import add_months, midnight, next_start, term_at
from tests.builders import NOW

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


@given(ANCHORS, st.integers(1, 36), ANCHORS)
def test_the_next_start_is_the_first_of_the_series_after_the_day(anchor: date, months: int, day_: date) -> None:
    found = next_start(anchor, months, day_)
    series = (add_months(anchor, step * months) for step in range(1, 2000))
    assert found == next(start for start in series if start > day_)


@pytest.mark.parametrize(
    ("start", "renews"),
    [
        # Microsoft Partner Center, common billing scenarios: a month's end is inclusive, and it renews the day after.
        pytest.param("2021-01-31", "2021-02-28", id="31 Jan renews 28 Feb"),
        pytest.param("2021-01-30", "2021-02-28", id="30 Jan renews 28 Feb"),
        pytest.param("2021-02-28", "2021-03-28", id="28 Feb renews 28 Mar"),
        pytest.param("2021-05-31", "2021-06-30", id="31 May renews 30 Jun"),
        pytest.param("2021-06-30", "2021-07-30", id="30 Jun renews 30 Jul"),
        pytest.param("2021-04-14", "2021-05-14", id="14 Apr ends 13 May"),
    ],
)
def test_a_first_month_renews_on_the_day_that_partner_center_gives(start: str, renews: str) -> None:
    assert next_start(date.fromisoformat(start), 1, date.fromisoformat(start)) == date.fromisoformat(renews)


def test_a_first_year_ends_on_the_day_that_partner_center_gives() -> None:
    # The same page: 15 Apr 2021 to 14 Apr 2022, the last day included.
    assert next_start(date(2021, 4, 15), 12, date(2021, 4, 15)) == date(2022, 4, 15)


@pytest.mark.parametrize(
    ("anchor", "days"),
    [
        # Stripe, billing cycle anchor: 31 January, the last day of February, 31 March, 30 April.
        pytest.param("2025-01-31", "2025-02-28 2025-03-31 2025-04-30", id="Stripe: the 31st"),
        pytest.param("2024-01-31", "2024-02-29 2024-03-31 2024-04-30", id="Stripe: the 31st in a leap year"),
    ],
)
def test_later_months_return_to_the_anchor_as_stripe_does(anchor: str, days: str) -> None:
    day_ = first = date.fromisoformat(anchor)
    for expected in days.split():
        day_ = next_start(first, 1, day_)
        assert day_ == date.fromisoformat(expected)

"""The days for a calendar: renewals, last days, and the last days of cancellation windows."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from reconciler.agenda import Matter, agenda
from reconciler.foresee import Estate
from reconciler.model import (
    Cancel,
    Decision,
    DesiredSubscription,
    Money,
    Recurring,
    Status,
    StoredSubscription,
    Term,
    TermLength,
)
from reconciler.policy import Extension, Lifecycle, SeatLimit, Since, Window
from reconciler.rulebook import Rulebook
from tests.builders import NOW, PLACE, a_desired, a_lifecycle, a_stored

WEEK = Window(timedelta(days=7), Since.RENEWAL)
LIFECYCLE = a_lifecycle(window=WEEK)
UNTIL = date(2027, 11, 23)
MONTHLY = TermLength.MONTHLY


def days(
    *rows: StoredSubscription,
    lifecycle: Lifecycle | None = LIFECYCLE,
    wanted: DesiredSubscription | None = None,
    until: date = UNTIL,
    monthly: bool = False,
) -> list[tuple[str, str]]:
    """Each day and what it is about."""
    book = Rulebook({} if lifecycle is None else {"contoso": lifecycle})
    desired = {} if wanted is None else {wanted.key: wanted}
    estate = Estate(NOW, {row.key: row for row in rows}, desired, book)
    return [(item.day.isoformat(), str(item.matter)) for item in agenda(estate, until, monthly=monthly)]


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        pytest.param({}, [("2027-03-01", "renewal"), ("2027-03-07", "window")], id="a renewal opens a window"),
        pytest.param({"recurring": Recurring.OFF}, [("2027-02-28", "last-day")], id="off: the last day"),
        pytest.param({"recurring": Recurring.OFF, "cancellation": Cancel.AT_RENEWAL}, [("2027-02-28", "last-day")],
                     id="cancelled: the last day"),
        pytest.param({"start": date(2026, 11, 20)}, [("2026-11-26", "window"), ("2027-11-20", "renewal")],
                     id="the window of this term, still open; the next closes beyond the time"),
        pytest.param({"start": date(2026, 11, 16)}, [("2027-11-16", "renewal"), ("2027-11-22", "window")],
                     id="the window of this term closed today"),
        pytest.param({"status": Status.SCHEDULED, "start": date(2027, 1, 1), "term": Term(
            datetime(2027, 1, 1, tzinfo=UTC), datetime(2028, 1, 1, tzinfo=UTC))}, [("2027-01-07", "window")],
            id="a start opens a window"),
        pytest.param({"status": Status.DELETED, "recurring": Recurring.OFF}, [], id="deleted"),
    ],
)  # fmt: skip
def test_the_days_of_a_record(fields: dict[str, Any], expected: list[tuple[str, str]]) -> None:
    assert days(a_stored(**fields)) == expected


def test_monthly_terms_are_left_out_but_for_their_last_day() -> None:
    row, off = a_stored("contoso/a", length=MONTHLY), a_stored("contoso/b", length=MONTHLY, recurring=Recurring.OFF)
    soon = date(2026, 12, 31)
    assert days(row, off, until=soon) == [("2026-11-30", "last-day")]
    assert days(row, off, until=soon, monthly=True) == [
        ("2026-11-30", "last-day"),
        ("2026-12-01", "renewal"),
        ("2026-12-07", "window"),
    ]


@pytest.mark.parametrize(
    "lifecycle",
    [
        pytest.param(a_lifecycle(window=Window(None)), id="it never closes"),
        pytest.param(a_lifecycle(window=Window(timedelta(0))), id="there is none"),
        pytest.param(a_lifecycle(window=None), id="it is not known"),
        pytest.param(a_lifecycle(window=Window(timedelta(days=7), Since.START)), id="only the first term had one"),
        pytest.param(a_lifecycle(window=WEEK, seats=SeatLimit(25)), id="too many seats"),
        pytest.param(None, id="an outside provider's own affair"),
    ],
)
def test_where_no_window_closes_there_is_no_such_day(lifecycle: Lifecycle | None) -> None:
    assert days(a_stored(seats=26), lifecycle=lifecycle) == [("2027-03-01", "renewal")]


def test_a_window_of_hours_closes_within_a_day() -> None:
    lifecycle = a_lifecycle(window=Window(timedelta(hours=36)), seats=SeatLimit(25))
    assert days(a_stored(seats=25), lifecycle=lifecycle) == [("2027-03-01", "renewal"), ("2027-03-02", "window")]


def test_a_window_beyond_the_calendar_is_left_out() -> None:
    endless = a_lifecycle(window=Window(timedelta(days=999_999_99)))
    assert days(a_stored(), lifecycle=endless) == [("2027-03-01", "renewal")]


def test_a_renewal_knows_who_decided_it_and_where_it_is_declared() -> None:
    decided = Decision(date(2027, 3, 1), "ada", None, PLACE)
    row, wanted = a_stored(), a_desired(recurring=Recurring.ON, decided=decided)
    estate = Estate(NOW, {row.key: row}, {row.key: wanted}, Rulebook({"contoso": LIFECYCLE}))
    first, window, second = agenda(estate, date(2028, 3, 2))
    assert (first.decided, window.decided, second.decided) == (decided, None, None)
    assert (first.matter, window.matter, second.matter) == (Matter.RENEWAL, Matter.WINDOW, Matter.RENEWAL)
    assert {first.place, window.place, second.place} == {PLACE}


EXTENDING = a_lifecycle(extension=Extension(when_off=True, surcharge_percent=3, otherwise_percent=3))


def test_the_first_month_of_an_extension_is_a_day_with_its_price() -> None:
    row = a_stored(recurring=Recurring.OFF, length=MONTHLY, price=Money(2000, "EUR"), seats=200)
    estate = Estate(NOW, {row.key: row}, {}, Rulebook({"contoso": EXTENDING}))
    (item,) = agenda(estate, date(2027, 11, 23))
    assert (item.day, item.matter, item.under_way) == (row.term.end.date(), Matter.EXTENSION, False)
    assert item.month is not None
    assert item.month.money == Money(412000, "EUR")


def test_of_an_extension_that_is_under_way_the_next_month_is_a_day() -> None:
    row = a_stored(recurring=Recurring.OFF, extended=True, length=MONTHLY)
    (item,) = agenda(Estate(NOW, {row.key: row}, {}, Rulebook({"contoso": EXTENDING})), UNTIL)
    assert (item.matter, item.under_way) == (Matter.EXTENSION, True)


@pytest.mark.parametrize("when_off", [None, False])
def test_a_last_day_says_whether_an_extension_may_follow(when_off: bool | None) -> None:
    row = a_stored(recurring=Recurring.OFF)
    book = Rulebook({"contoso": a_lifecycle(extension=Extension(when_off))})
    (item,) = agenda(Estate(NOW, {row.key: row}, {}, book), UNTIL)
    assert (item.matter, item.perhaps_extended) == (Matter.LAST_DAY, when_off is None)

"""One subscription four ways: what each would change or what bars it, its dates, and its money."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

from reconciler.build import build_plan
from reconciler.changes import Kind
from reconciler.desired import DesiredState
from reconciler.model import (
    Cancel,
    DesiredSubscription,
    Facts,
    Intent,
    Money,
    Recurring,
    ScheduledIntent,
    Status,
    StoredSubscription,
    Term,
    TermLength,
)
from reconciler.plan import Bindings
from reconciler.policy import Extension, Lifecycle, RefundRule, Since, Window
from reconciler.rulebook import PriceList, Rulebook
from reconciler.stored import StoredState
from reconciler.what_if import Outlook, Way, outlooks, record_of
from tests.builders import CLASSIC, NOW, PLACE, a_desired, a_key, a_lifecycle, a_stored

MONTHLY = TermLength.MONTHLY
PRICES = PriceList({("CFQ7TTC0HD32", MONTHLY, MONTHLY, "EUR"): Money(1200, "EUR")}, "prices.csv")


def a_row(**fields: Any) -> StoredSubscription:
    """A yearly record of 3.65 EUR, in its term from 1 March 2026."""
    return a_stored(price=Money(365, "EUR"), **fields)


def ways(
    row: StoredSubscription,
    wanted: DesiredSubscription | None = None,
    lifecycle: Lifecycle | None = CLASSIC,
) -> dict[Way, Outlook]:
    """The four ways at NOW."""
    book = Rulebook({} if lifecycle is None else {"contoso": lifecycle}, {"contoso": "EUR"}, PRICES)
    return {item.way: item for item in outlooks(row, wanted, book, NOW)}


def test_an_active_record_four_ways() -> None:
    found = ways(a_row())
    kinds = {way: None if item.change is None else item.change.kind for way, item in found.items()}
    assert kinds == {
        Way.ON: None,
        Way.OFF: Kind.TURN_OFF,
        Way.AT_RENEWAL: Kind.CANCEL_AT_RENEWAL,
        Way.NOW: Kind.CANCEL_NOW,
    }
    assert {way: item.cash for way, item in found.items()} == {
        Way.ON: {"EUR": 365},
        Way.OFF: {},
        Way.AT_RENEWAL: {},
        Way.NOW: {"EUR": -97},
    }
    assert [item.barred for item in found.values()] == [None] * 4


def test_each_way_has_its_dates() -> None:
    found = ways(a_row())
    assert (found[Way.ON].renews, found[Way.ON].ending) == (date(2027, 3, 1), None)
    ends = {way: item.ending for way, item in found.items() if item.ending is not None}
    assert {way: (ending.last_day, ending.data_deleted) for way, ending in ends.items()} == {
        Way.OFF: (date(2027, 2, 28), date(2027, 6, 29)),
        Way.AT_RENEWAL: (date(2027, 2, 28), date(2027, 5, 30)),
        Way.NOW: (date(2026, 11, 23), date(2027, 2, 21)),
    }
    until = datetime(2027, 3, 1, tzinfo=UTC)
    assert [item.reversible_until for item in found.values()] == [None, until, until, None]
    assert found[Way.NOW].refund is not None


def test_twelve_months_hold_twelve_of_a_monthly_charge_and_one_of_a_yearly() -> None:
    assert ways(a_row(billing=MONTHLY))[Way.ON].cash == {"EUR": 12 * 365}
    assert ways(a_row(start=date(2026, 11, 23)))[Way.ON].cash == {"EUR": 365}


def test_what_bars_a_way_is_told_with_its_code() -> None:
    found = ways(a_row(protected=True), lifecycle=a_lifecycle(window=Window(None, Since.RENEWAL)))
    assert [item.barred and item.barred.code for item in found.values()] == [None] + ["protected"] * 3
    shut = ways(a_row(), lifecycle=a_lifecycle(seats=None, window=Window(NOW - NOW, Since.RENEWAL)))
    assert [item.barred.code for item in shut.values() if item.barred is not None] == ["past-cancellation-window"]


def test_protection_that_is_declared_counts() -> None:
    found = ways(a_row(), a_desired(protect=True))
    assert found[Way.OFF].barred is not None


def test_an_end_that_leads_into_an_extension_is_undecided_and_tells_its_price() -> None:
    lifecycle = a_lifecycle(extension=Extension(when_off=True, surcharge_percent=3))
    off = ways(a_row(), lifecycle=lifecycle)[Way.OFF]
    assert off.barred is not None
    assert (off.barred.code, off.extension and off.extension.money) == ("end-undecided", Money(1236, "EUR"))


def test_a_record_that_is_led_into_an_extension_already_is_charged_for_it() -> None:
    lifecycle = a_lifecycle(extension=Extension(when_off=True, surcharge_percent=3))
    row = a_row(recurring=Recurring.OFF)
    found = {item.way: item for item in outlooks(row, None, Rulebook({"contoso": lifecycle}, {}, PRICES), NOW)}
    assert found[Way.AT_RENEWAL].cash == {}
    assert found[Way.ON].cash == {"EUR": 365}
    # Off, and so it stands: nobody has said how it ends.
    assert found[Way.OFF].barred is not None


def test_an_extension_that_the_specs_accept_is_no_block_but_has_its_cost() -> None:
    lifecycle = a_lifecycle(extension=Extension(when_off=True, surcharge_percent=3))
    accepted = a_desired(recurring=Recurring.OFF, cancel=Cancel.NONE)
    off = ways(a_row(recurring=Recurring.OFF), accepted, lifecycle)[Way.OFF]
    assert (off.wished, off.barred, off.change) == (True, None, None)
    # From 1 March on, nine of the twelve months.
    assert off.cash == {"EUR": 9 * 1236}


def test_the_way_that_the_specs_go_is_marked() -> None:
    wishes = {
        Way.ON: a_desired(recurring=Recurring.ON),
        Way.OFF: a_desired(recurring=Recurring.OFF),
        Way.AT_RENEWAL: a_desired(cancel=Cancel.AT_RENEWAL),
        Way.NOW: a_desired(cancel=Cancel.IMMEDIATELY),
    }
    for way, wanted in wishes.items():
        assert [item.way for item in ways(a_row(), wanted).values() if item.wished] == [way]
    for silent in (None, a_desired(), a_desired(cancel=Cancel.NONE)):
        assert [item.way for item in ways(a_row(), silent).values() if item.wished] == []


def test_a_dated_intent_that_has_come_is_what_the_specs_say() -> None:
    entry = ScheduledIntent(date(2026, 11, 1), Intent(Recurring.OFF, None, PLACE))
    found = ways(a_row(), a_desired(recurring=Recurring.ON, schedule=(entry,)))
    assert [item.way for item in found.values() if item.wished] == [Way.OFF]


def test_what_has_expired_can_be_brought_back_and_is_charged_at_once() -> None:
    term = Term(datetime(2025, 11, 1, tzinfo=UTC), datetime(2026, 11, 1, tzinfo=UTC))
    row = a_row(status=Status.EXPIRED, recurring=Recurring.OFF, start=date(2025, 11, 1), term=term)
    found = ways(row)
    on, off = found[Way.ON].change, found[Way.OFF].ending
    assert on is not None
    assert (on.kind, found[Way.ON].cash) == (Kind.REACTIVATE, {"EUR": 365})
    assert off is not None
    assert off.data_deleted == date(2027, 3, 1)


def test_what_was_cancelled_at_once_is_told_from_that_instant() -> None:
    row = a_row(
        status=Status.DISABLED,
        recurring=Recurring.OFF,
        cancellation=Cancel.IMMEDIATELY,
        effective_at=datetime(2026, 11, 20, tzinfo=UTC),
    )
    off = ways(row)[Way.OFF]
    assert off.ending is not None
    assert (off.ending.last_day, off.ending.data_deleted) == (date(2026, 11, 20), date(2027, 2, 18))


def test_of_what_is_gone_nothing_is_to_be_told() -> None:
    found = ways(a_row(status=Status.DELETED, recurring=Recurring.OFF))
    assert (found[Way.OFF].ending, found[Way.OFF].cash) == (None, {})
    assert found[Way.ON].barred is not None


def test_sums_that_are_not_known_are_counted() -> None:
    found = ways(a_stored(billing=MONTHLY, product="OTHER"))
    assert (found[Way.ON].cash, found[Way.ON].unknown, found[Way.OFF].unknown) == ({}, 12, 3)
    assert found[Way.NOW].unknown == 1  # the refund


def test_no_stage_after_a_cancellation_now_leaves_a_record_that_is_gone() -> None:
    found = ways(a_row(), lifecycle=a_lifecycle(disabled_after_cancel_now=0, refund=RefundRule.NONE))
    change = found[Way.NOW].change
    assert change is not None
    assert (change.after["status"], found[Way.NOW].cash) == ("deleted", {"EUR": 0})


def test_an_outside_record_has_four_ways_too() -> None:
    ending = ways(a_row(), lifecycle=None)[Way.OFF].ending
    assert ending is not None
    assert (ending.last_day, "data_deleted" in ending.unknown) == (date(2027, 2, 28), True)


def test_a_long_term_renews_beyond_the_months_that_are_added_up() -> None:
    row = a_row(length=TermLength.TRIENNIAL)
    assert (ways(row)[Way.ON].renews, ways(row)[Way.ON].cash) == (date(2029, 3, 1), {})


def test_what_nobody_has_told_of_since_renews_in_its_own_rhythm() -> None:
    term = Term(datetime(2023, 5, 31, tzinfo=UTC), datetime(2024, 5, 31, tzinfo=UTC))
    assert ways(a_row(term=term), lifecycle=None)[Way.ON].renews == date(2027, 5, 31)


# Which record it is


def record(*stored: StoredSubscription, wanted: DesiredSubscription) -> StoredSubscription | None:
    """The record that the four ways start from."""
    there = StoredState(subscriptions={row.key: row for row in stored})
    book = Rulebook({"contoso": CLASSIC})
    plan = build_plan(DesiredState({wanted.key: wanted}), there, NOW, Bindings("", "", None, 0), book)
    return record_of(wanted.key, plan, there)


def test_the_record_is_taken_before_its_pair_is_moved_and_after_all_else() -> None:
    facts = Facts("CFQ7TTC0HD32", TermLength.ANNUAL, None, date(2026, 3, 1), seats=7)
    found = record(a_row(), wanted=a_desired(recurring=Recurring.OFF, facts=facts))
    assert found is not None
    assert (found.recurring, found.seats) == (Recurring.ON, 7)


def test_what_is_to_be_registered_has_a_record_already() -> None:
    found = record(wanted=a_desired("contoso/new"))
    assert found is not None
    assert found.key == a_key("contoso/new")


def test_a_new_name_finds_the_record_of_the_former_one() -> None:
    found = record(a_stored("contoso/old"), wanted=a_desired("contoso/new", previously="old"))
    assert found is not None
    assert found.key == a_key("contoso/new")


def test_what_nothing_would_record_has_none() -> None:
    wanted = a_desired("contoso/new", cancel=Cancel.IMMEDIATELY, reason="x")
    assert record(wanted=wanted) is None


def test_off_is_not_said_to_cost_nothing_where_an_extension_may_follow() -> None:
    found = ways(a_row(), lifecycle=a_lifecycle(extension=Extension(when_off=None)))
    off, at_renewal = found[Way.OFF], found[Way.AT_RENEWAL]
    assert (off.cash, off.unknown) == ({}, 1)
    assert off.extension is not None
    assert (off.extension.money, off.extension.detail) == (None, "whether a paid extension follows is not known")
    assert (at_renewal.unknown, at_renewal.extension) == (0, None)

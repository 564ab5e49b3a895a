"""One subscription as people look at it: what comes next, how many days are left, what a term costs, and the sums."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from reconciler.consequences import Amount, Basis
from reconciler.forecast import Occasion
from reconciler.lifecycle import at
from reconciler.model import Cancel, Money, Recurring, Status, SubscriptionKey, Term, TermLength
from reconciler.policy import Extension, Lifecycle
from reconciler.rulebook import PriceList, Rulebook
from reconciler.views.status import (
    StatusRow,
    next_words,
    observed_words,
    price_words,
    recurring_words,
    status_row,
    summary,
    upcoming,
)
from tests.builders import CLASSIC, NOW, a_key, a_lifecycle, a_stored
from tests.views.cases import real_names

NAMES = real_names()
OFF = Recurring.OFF
BY_CLASSIC = Rulebook({"contoso": CLASSIC})

RICH: dict[str, Any] = {
    "product": "SPB",
    "seats": 1250,
    "price": Money(2060, "EUR"),
    "billing": TermLength.MONTHLY,
    "owner": "it@contoso.example",
    "protected": True,
}


def a_row(
    key: str = "contoso/visio",
    *,
    lifecycle: Lifecycle | None = CLASSIC,
    managed: bool = True,
    observed: Mapping[SubscriptionKey, datetime] | None = None,
    **fields: Any,
) -> StatusRow:
    """The row of a record as time has left it by NOW."""
    rules = Rulebook({} if lifecycle is None else {"contoso": lifecycle})
    record = at(a_stored(key, **fields), lifecycle, NOW)
    return status_row(record, NAMES, managed=managed, now=NOW, rulebook=rules, observed=observed)


def test_a_row_says_how_long_ago_its_provider_showed_it() -> None:
    seen = {a_key("contoso/visio"): NOW - timedelta(hours=6)}
    assert observed_words(a_row(observed=seen)) == "6 h ago"
    assert observed_words(a_row("contoso/other", observed=seen)) == observed_words(a_row()) == ""


def ended(days: int, **fields: Any) -> dict[str, Any]:
    """A record that does not renew, and whose last term ended that many days ago."""
    end = datetime(2026, 11, 23, tzinfo=UTC)
    start = date.fromordinal(end.date().toordinal() - days - 365)
    return {"recurring": OFF, "start": start, "term": _year(start), **fields}


def _year(start: date) -> Term:
    midnight = datetime(start.year, start.month, start.day, tzinfo=UTC)
    return Term(midnight, midnight.replace(year=start.year + 1))


@pytest.mark.parametrize(
    ("fields", "words", "days"),
    [
        pytest.param({}, "renews 1 Mar 2027", 98, id="recurring on"),
        pytest.param({"recurring": OFF}, "ends 28 Feb 2027", 98, id="recurring off: the last day"),
        pytest.param({"recurring": OFF, "cancellation": Cancel.AT_RENEWAL}, "ends 28 Feb 2027", 98, id="cancelled"),
        pytest.param(ended(10), "disabled 13 Dec 2026", 20, id="expired"),
        pytest.param(ended(40), "deleted 11 Feb 2027", 80, id="disabled"),
        pytest.param(ended(200), "", None, id="deleted: nothing more comes"),
        pytest.param(
            {"status": Status.SCHEDULED, "start": date(2027, 1, 1), "term": _year(date(2027, 1, 1))},
            "starts 1 Jan 2027",
            39,
            id="not yet begun",
        ),
        pytest.param({"status": Status.SUSPENDED}, "not known", None, id="suspended"),
        pytest.param({"status": Status.UNKNOWN}, "not known", None, id="of a status not known"),
    ],
)
def test_what_time_brings_next_and_in_how_many_days(fields: dict[str, Any], words: str, days: int | None) -> None:
    row = a_row(**fields)
    assert (next_words(row), row.days_left) == (words, days)


@pytest.mark.parametrize(
    ("when_off", "fields", "words"),
    [
        pytest.param(True, {"recurring": OFF}, "extended 1 Mar 2027", id="a paid extension follows"),
        pytest.param(None, {"recurring": OFF}, "ends 28 Feb 2027 or extends", id="it may follow"),
        pytest.param(
            None,
            {"recurring": OFF, "cancellation": Cancel.AT_RENEWAL},
            "ends 28 Feb 2027",
            id="cancelled: no extension follows whatever the policy",
        ),
        pytest.param(None, {}, "renews 1 Mar 2027", id="it renews whatever the policy"),
    ],
)
def test_where_off_alone_leads_into_a_paid_extension_it_is_no_end(
    when_off: bool | None, fields: dict[str, Any], words: str
) -> None:
    assert next_words(a_row(lifecycle=a_lifecycle(extension=Extension(when_off)), **fields)) == words


def test_a_stage_whose_length_nobody_knows_leads_to_nothing_known() -> None:
    assert next_words(a_row(lifecycle=a_lifecycle(disabled=None), **ended(40))) == "not known"


def test_what_a_stage_of_no_days_leads_to_is_an_end_all_the_same() -> None:
    at_once = a_lifecycle(expired=0, disabled=0)
    assert next_words(a_row(lifecycle=at_once, recurring=OFF)) == "ends 28 Feb 2027"


@pytest.mark.parametrize(
    ("fields", "occasion"),
    [
        pytest.param({}, Occasion.RENEWS, id="on"),
        pytest.param({"recurring": OFF}, Occasion.ENDS, id="off"),
        pytest.param({"start": date(2020, 1, 1), "term": _year(date(2020, 1, 1))}, None, id="dates that have passed"),
        pytest.param({"status": Status.DISABLED}, None, id="a stage of which nobody tells the length"),
        pytest.param(
            {"status": Status.SCHEDULED, "start": date(2027, 1, 1), "term": _year(date(2027, 1, 1))},
            Occasion.STARTS,
            id="scheduled",
        ),
        pytest.param(
            {"status": Status.SCHEDULED, "start": date(2026, 1, 1), "term": _year(date(2026, 1, 1))},
            None,
            id="scheduled for a day that has passed",
        ),
    ],
)
def test_without_a_policy_the_records_own_dates_speak_as_long_as_they_lie_ahead(
    fields: dict[str, Any], occasion: Occasion | None
) -> None:
    coming = upcoming(a_stored(**fields), None, NOW)
    assert (coming and coming.occasion) == occasion


def test_days_count_from_the_utc_day_whatever_the_hour() -> None:
    for hour in (0, 23):
        row = status_row(a_stored(), NAMES, managed=True, now=NOW.replace(hour=hour), rulebook=BY_CLASSIC)
        assert row.days_left == 98


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({}, "on"),
        ({"recurring": OFF}, "off"),
        ({"recurring": OFF, "cancellation": Cancel.AT_RENEWAL}, "off, cancelled"),
        (ended(10, cancellation=Cancel.AT_RENEWAL), "off"),
    ],
    ids=["on", "off", "a cancellation is pending", "it is pending no more"],
)
def test_a_pending_cancellation_stands_beside_recurring(fields: dict[str, Any], words: str) -> None:
    assert recurring_words(a_row(**fields)) == words


def test_a_term_costs_all_its_billing_periods() -> None:
    assert a_row(**RICH).cost == Amount(Money(30_900_000, "EUR"), Basis.DECLARED, "1250 x 20.60 EUR x 12")


def test_what_has_ended_costs_nothing_more_and_does_not_renew() -> None:
    row = a_row(**ended(10, price=Money(100, "EUR")))
    assert (row.cost, row.renews) == (None, None)
    assert status_row(a_stored(status=Status.EXPIRED), NAMES, managed=True, now=NOW).renews is None
    assert a_row().renews == date(2027, 3, 1)


def test_a_month_of_a_paid_extension_is_what_its_cost_is_for() -> None:
    assert a_row(extended=True).charged_for is TermLength.MONTHLY
    assert a_row().charged_for is TermLength.ANNUAL


def test_a_price_says_how_often_it_is_charged() -> None:
    records = [a_stored(price=price, length=TermLength.TRIENNIAL) for price in (None, Money(500, "JPY"))]
    assert [price_words(record) for record in records] == ["", "500 JPY / 3 years"]


def test_the_summary_counts_by_status_and_adds_up_each_currency_apart() -> None:
    rows = [
        a_row("contoso/a", price=Money(1000, "EUR")),
        a_row("contoso/b", price=Money(500, "JPY"), managed=False),
        a_row("contoso/c", price=Money(250, "EUR")),
        a_row("contoso/d"),
        a_row("contoso/e", price=Money(9999, "EUR"), **ended(10)),
    ]
    assert summary(rows) == (
        "5 subscriptions: 4 active, 1 expired; 1 unmanaged; "
        "12.50 EUR and 500 JPY for one term of each, 1 sum not known."
    )


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ([a_row(**ended(10))], "1 subscription: 1 expired."),
        ([a_row(), a_row()], "2 subscriptions: 2 active; 2 sums not known."),
    ],
    ids=["nothing costs anything", "no sum is known"],
)
def test_the_summary_says_no_more_than_there_is(rows: list[StatusRow], words: str) -> None:
    assert summary(rows) == words


def test_a_price_list_counts_where_no_price_is_declared() -> None:
    list_price = PriceList({("SPB", TermLength.ANNUAL, TermLength.ANNUAL, "EUR"): Money(700, "EUR")})
    rules = Rulebook({"contoso": CLASSIC}, prices=list_price)
    row = status_row(a_stored(product="SPB", seats=2), NAMES, managed=True, now=NOW, rulebook=rules)
    assert row.cost == Amount(Money(1400, "EUR"), Basis.PRICE_LIST, "2 x 7.00 EUR")

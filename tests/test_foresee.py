"""A forecast adds up what is ahead of each record: held against adding up every single charge."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.build import build_plan
from reconciler.course import course, last_instant
from reconciler.desired import DesiredState
from reconciler.forecast import Forecast, Occasion, Occurrence
from reconciler.foresee import Estate, estate_after, foresee, grouping
from reconciler.model import (
    Cancel,
    DesiredSubscription,
    Facts,
    Money,
    Recurring,
    Status,
    StoredSubscription,
    TermLength,
)
from reconciler.plan import Bindings
from reconciler.policy import Extension
from reconciler.rulebook import Rulebook
from reconciler.stored import StoredState
from reconciler.terms import term_at
from tests.builders import CLASSIC, NOW, a_desired, a_key, a_lifecycle, a_stored

A, M, T = TermLength.ANNUAL, TermLength.MONTHLY, TermLength.TRIENNIAL
BOOK = Rulebook({"contoso": CLASSIC, "fabrikam": CLASSIC})
UNTIL = date(2028, 12, 31)


def an_estate(*rows: StoredSubscription, **fields: Any) -> Estate:
    """These records, nothing of them declared."""
    return Estate(NOW, {row.key: row for row in sorted(rows, key=lambda row: row.key)}, {}, BOOK, **fields)


def cash(forecast: Forecast, currency: str = "EUR") -> dict[str, int]:
    """The cash of all groups by month, zeros left out."""
    numbers = forecast.total.cash.get(currency, ())
    return {f"{month:%Y-%m}": number for month, number in zip(forecast.months, numbers, strict=False) if number}


def test_cash_falls_into_the_month_of_each_charge() -> None:
    rows = (
        a_stored("contoso/yearly", price=Money(100, "EUR"), seats=3),
        a_stored("contoso/by-the-month", price=Money(7, "EUR"), billing=M, recurring=Recurring.OFF),
        a_stored("contoso/francs", price=Money(5, "CHF"), length=M, start=date(2026, 1, 31)),
    )
    found = foresee(an_estate(*rows), date(2027, 4, 30))
    assert cash(found) == {"2026-12": 7, "2027-01": 7, "2027-02": 7, "2027-03": 300}
    assert cash(found, "CHF") == {f"2026-{month}": 5 for month in (11, 12)} | {f"2027-0{n}": 5 for n in (1, 2, 3, 4)}
    assert (found.months[0], found.months[-1]) == (date(2026, 11, 1), date(2027, 4, 1))
    assert found.total.sums() == {"CHF": 30, "EUR": 321}


def test_what_is_not_known_is_counted_and_in_no_sum() -> None:
    rows = (a_stored("contoso/dear"), a_stored("contoso/cheap", price=Money(100, "EUR")))
    found = foresee(an_estate(*rows), date(2027, 3, 31))
    assert found.unknown == (a_key("contoso/dear"),)
    assert (sum(found.total.unknown), cash(found)) == (1, {"2027-03": 100})


def test_nothing_is_foretold_of_what_is_suspended_or_not_known() -> None:
    rows = (
        a_stored("contoso/a", status=Status.SUSPENDED),
        a_stored("contoso/b", status=Status.UNKNOWN),
        a_stored("contoso/c", status=Status.DELETED),
    )
    found = foresee(an_estate(*rows), UNTIL)
    assert (found.unforeseen, found.occurrences) == ((a_key("contoso/a"), a_key("contoso/b")), ())


def test_monthly_terms_are_counted_apart() -> None:
    rows = (a_stored("contoso/month", length=M), a_stored("contoso/year"))
    found = foresee(an_estate(*rows), date(2027, 3, 31)).total
    assert (sum(found.monthly), found.count(Occasion.RENEWS)) == (4, 1)


def test_renewals_of_monthly_terms_are_told_one_by_one_only_on_request() -> None:
    estate, until = an_estate(a_stored("contoso/month", length=M)), date(2027, 1, 31)
    assert foresee(estate, until).occurrences == ()
    asked = foresee(estate, until, monthly=True).occurrences
    assert [item.on for item in asked] == [date(2026, 12, 1), date(2027, 1, 1)]


def test_occurrences_come_by_day_and_key() -> None:
    rows = (
        a_stored("contoso/z", recurring=Recurring.OFF),
        a_stored("contoso/m"),
        a_stored("contoso/a", start=date(2026, 2, 1)),
    )
    found = foresee(an_estate(*rows), date(2027, 3, 31))
    assert found.occurrences == (
        Occurrence(date(2027, 2, 1), a_key("contoso/a"), Occasion.RENEWS),
        Occurrence(date(2027, 3, 1), a_key("contoso/m"), Occasion.RENEWS),
        Occurrence(date(2027, 3, 1), a_key("contoso/z"), Occasion.ENDS),
        Occurrence(date(2027, 3, 31), a_key("contoso/z"), Occasion.DISABLED),
    )


@pytest.mark.parametrize(
    ("by", "groups"),
    [
        pytest.param("month", [""], id="not grouped"),
        pytest.param("account", ["contoso", "fabrikam"], id="account"),
        pytest.param("owner", ["", "ada@contoso.example"], id="owner, and without one"),
        pytest.param("product", ["CFQ7TTC0HD32", "SPB"], id="product"),
        pytest.param("label:team", ["", "sales"], id="a label's value, and without it"),
    ],
)
def test_a_forecast_is_grouped(by: str, groups: list[str]) -> None:
    rows = (
        a_stored("contoso/a", price=Money(1, "EUR"), owner="ada@contoso.example", labels={"team": "sales"}),
        a_stored("fabrikam/b", price=Money(10, "EUR"), product="SPB"),
    )
    found = foresee(an_estate(*rows), date(2027, 3, 31), by)
    assert [part.group for part in found.slices] == groups
    assert (found.by, found.total.sums()) == (by, {"EUR": 11})


@pytest.mark.parametrize("by", ["label:", "team", ""])
def test_nothing_else_groups(by: str) -> None:
    with pytest.raises(ValueError, match="nothing is grouped by"):
        grouping(by)


def test_an_empty_estate_has_an_empty_future() -> None:
    found = foresee(an_estate(), date(2026, 12, 31))
    assert (found.total.sums(), found.occurrences, len(found.slices)) == ({}, (), 1)


def test_a_subject_says_what_a_renewal_commits_to() -> None:
    row = a_stored("contoso/a", price=Money(2060, "EUR"), seats=25, billing=M, owner="ada")
    subject = foresee(an_estate(row), UNTIL).subjects[row.key]
    assert (subject.amount.money, subject.seats, subject.owner, subject.managed) == (
        Money(618000, "EUR"),
        25,
        "ada",
        False,
    )


# What an apply now would leave


def after(*wanted: DesiredSubscription, stored: tuple[StoredSubscription, ...], book: Rulebook = BOOK) -> Estate:
    """The estate once the plan for these is carried out."""
    desired = DesiredState({item.key: item for item in wanted})
    there = StoredState(subscriptions={row.key: row for row in stored})
    plan = build_plan(desired, there, NOW, Bindings("", "", None, 0), book)
    return estate_after(plan, there, desired, book)


def test_the_estate_is_as_the_plan_leaves_it() -> None:
    found = after(
        a_desired("contoso/new"),
        a_desired("contoso/off", recurring=Recurring.OFF),
        a_desired("contoso/named", previously="old"),
        a_desired("contoso/guarded", recurring=Recurring.OFF),
        stored=(
            a_stored("contoso/off"),
            a_stored("contoso/old"),
            a_stored("contoso/guarded", protected=True),
            a_stored("contoso/stranger"),
        ),
    )
    assert {key.name: row.recurring.value for key, row in found.rows.items()} == {
        "guarded": "on",  # blocked: it stays as it is stored
        "named": "on",
        "new": "on",
        "off": "off",
        "stranger": "on",  # unmanaged, and yet it costs
    }
    assert list(found.rows) == sorted(found.rows)
    assert found.rows[a_key("contoso/named")].key == a_key("contoso/named")


def test_a_cancellation_now_pays_back_in_this_month() -> None:
    row = a_stored("contoso/a", price=Money(365, "EUR"))
    confirm = "contoso/a@2026-03-01"
    found = after(a_desired("contoso/a", cancel=Cancel.IMMEDIATELY, reason="x", confirm=confirm), stored=(row,))
    assert cash(foresee(found, UNTIL)) == {"2026-11": -97}  # of 365 days the 97 from 24 Nov to 28 Feb are left


def test_a_refund_that_is_not_known_is_counted() -> None:
    book = Rulebook({"contoso": a_lifecycle(refund=None)})
    confirm = "contoso/a@2026-03-01"
    wanted = a_desired("contoso/a", cancel=Cancel.IMMEDIATELY, reason="x", confirm=confirm)
    found = foresee(after(wanted, stored=(a_stored("contoso/a", price=Money(365, "EUR")),), book=book), UNTIL)
    assert (sum(found.total.unknown), found.unknown) == (1, (a_key("contoso/a"),))


def test_a_change_without_an_impact_moves_no_cash_at_once() -> None:
    row = a_stored("contoso/a", price=Money(365, "EUR"))
    confirm = "contoso/a@2026-03-01"
    found = after(a_desired("contoso/a", cancel=Cancel.IMMEDIATELY, reason="x", confirm=confirm), stored=(row,))
    bare = {key: replace(change, impact=None) for key, change in found.at_once.items()}
    assert cash(foresee(replace(found, at_once=bare), UNTIL)) == {}


def test_a_reactivation_is_charged_today() -> None:
    start = date(2025, 11, 1)
    row = a_stored(
        "contoso/a",
        price=Money(365, "EUR"),
        start=start,
        term=term_at(start, A, NOW - timedelta(days=60)),
        status=Status.EXPIRED,
        recurring=Recurring.OFF,
    )
    facts = Facts("CFQ7TTC0HD32", A, None, start)
    found = foresee(
        after(a_desired("contoso/a", recurring=Recurring.ON, facts=facts), stored=(row,)), date(2027, 12, 1)
    )
    assert cash(found) == {"2026-11": 365, "2027-11": 365}


def test_only_the_chosen_are_left() -> None:
    found = an_estate(a_stored("contoso/a"), a_stored("fabrikam/b")).only(lambda key: key.account == "contoso")
    assert list(found.rows) == [a_key("contoso/a")]


# Adding up every single charge


@st.composite
def rows(draw: st.DrawFn) -> list[StoredSubscription]:
    """Records of many kinds."""
    found = []
    for number in range(draw(st.integers(0, 6))):
        length = draw(st.sampled_from([M, A, T]))
        billing = draw(st.sampled_from([item for item in (M, A, T) if item.months <= length.months]))
        price = draw(st.sampled_from([None, Money(7, "EUR"), Money(1, "JPY"), Money(12345, "EUR")]))
        found.append(
            a_stored(
                f"contoso/s-{number}",
                length=length,
                billing=billing,
                start=draw(st.dates(date(2021, 1, 1), NOW.date())),
                price=price,
                seats=draw(st.sampled_from([None, 0, 1, 300])),
                recurring=draw(st.sampled_from(list(Recurring))),
                owner=draw(st.sampled_from([None, "a", "b"])),
            )
        )
    return found


@settings(max_examples=60, deadline=None)
@given(rows(), st.dates(date(2026, 11, 24), date(2034, 1, 1)), st.sampled_from(["month", "owner"]))
def test_every_sum_is_that_of_its_charges(stored: list[StoredSubscription], until: date, by: str) -> None:
    found = foresee(an_estate(*stored), until, by, monthly=True)
    sums: dict[str, Counter[tuple[str, date]]] = defaultdict(Counter)
    for row in stored:
        group = "" if by == "month" else row.owner or ""
        for charged in course(row, None, BOOK, NOW, last_instant(until)).charges:
            money = charged.amount.money
            for day in charged.series.days():
                currency, minor = ("", 1) if money is None else (money.currency, money.minor)
                sums[group][currency, day.replace(day=1)] += minor
    for part in found.slices:
        for index, month in enumerate(found.months):
            assert part.unknown[index] == sums[part.group]["", month]
            for currency in ("EUR", "JPY"):
                assert part.cash.get(currency, (0,) * len(found.months))[index] == sums[part.group][currency, month]
    renewals = sum(1 for item in found.occurrences if item.occasion is Occasion.RENEWS)
    assert found.total.count(Occasion.RENEWS) + sum(found.total.monthly) == renewals
    assert [item.on for item in found.occurrences] == sorted(item.on for item in found.occurrences)


def test_the_first_term_of_a_purchase_of_today_is_behind_us() -> None:
    row = a_stored("contoso/a", price=Money(5, "EUR"), start=NOW.date())
    assert cash(foresee(an_estate(row), date(2027, 11, 23))) == {"2027-11": 5}


@pytest.mark.parametrize(
    ("when_off", "unpriced", "perhaps"), [(True, 1, 0), (None, 0, 1), (False, 0, 0)], ids=["follows", "may", "does not"]
)
def test_extensions_that_lack_a_price_or_a_rule_are_told_apart(
    when_off: bool | None, unpriced: int, perhaps: int
) -> None:
    row = a_stored("contoso/a", recurring=Recurring.OFF)
    book = Rulebook({"contoso": a_lifecycle(extension=Extension(when_off))})
    found = foresee(Estate(NOW, {row.key: row}, {}, book), date(2027, 3, 31))
    assert found.unpriced_extensions == (row.key,) * unpriced
    assert found.perhaps_extended == (row.key,) * perhaps
    assert (found.unknown, found.lacking) == ((), (row.key,) * (unpriced + perhaps))
    assert sum(found.total.unknown) == unpriced + perhaps

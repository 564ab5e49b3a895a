"""What stands beside charts and plan: every number is the forecast's or the plan's own, and what is cut is counted."""

from __future__ import annotations

import re
from collections import Counter
from datetime import date

import pytest

from reconciler.forecast import Occasion
from reconciler.model import TermLength
from reconciler.views.report.figures import by_owner, figures, renewals, steps_ahead
from reconciler.views.report.sums import money
from tests.views.report.cases import Sample, a_report, empty, full, large

# At the top


def test_the_figures_at_the_top_are_those_of_the_parts() -> None:
    report = full()
    undecided = [item for item in report.due if item.decided is None]
    committed = Counter[str]()
    for item in undecided:
        assert item.amount.money is not None
        committed[item.amount.money.currency] += item.amount.money.minor
    cash = report.forecast.total.sums()
    assert [(figure.label, figure.value, figure.detail) for figure in figures(report)] == [
        ("Renewals to decide", ("4",), ("within 90 days", *(money(committed[item], item) for item in ("EUR", "USD")))),
        (
            "Charges ahead",
            tuple(money(cash[item], item) for item in ("EUR", "USD")),
            ("until 31 May 2028", f"{sum(report.forecast.total.unknown)} charges not known"),
        ),
        ("Current plan", ("6 changes",), ("1 blocked, 1 scheduled",)),
        ("Subscriptions", ("13",), ("11 active, 1 expired, 1 deleted",)),
    ]


def test_the_figures_of_nothing_are_no_numbers_made_up() -> None:
    assert [(figure.value, figure.detail) for figure in figures(empty())] == [
        (("0",), ("within 90 days",)),
        (("none",), ("until 31 May 2028",)),
        (("0 changes",), ("nothing blocked",)),
        (("0",), ("none is stored",)),
    ]


# To decide


def test_a_renewal_to_decide_says_all_that_the_decision_needs() -> None:
    found = {item.subject.key: item for item in renewals(full()).shown}
    premium, power = found["contoso/business-premium"], found["contoso/power-bi"]
    assert (premium.subject.product, premium.on, premium.day, premium.left) == (
        "Microsoft 365 Business Premium",
        "14 Feb 2027",
        "2027-02-14",
        "in 83 days",
    )
    assert (premium.amount, premium.basis, premium.term) == ("6,180.00 EUR", "25 x 20.60 EUR x 12", "a year")
    assert (premium.owner, premium.unmanaged) == ("finance@contoso.example", False)
    assert (power.owner, power.unmanaged) == ("", True)


def test_what_is_decided_is_not_to_decide_again() -> None:
    assert "contoso/teams-rooms" not in {item.subject.key for item in renewals(full()).shown}
    assert "contoso/teams-rooms" in {str(item.key) for item in full().due}


@pytest.mark.parametrize(("start", "left"), [(24, "tomorrow"), (25, "in 2 days")])
def test_near_days_have_words(start: int, left: str) -> None:
    report = a_report([Sample("contoso/a", "SPB", date(2025, 11, start))])
    assert [item.left for item in renewals(report).shown] == [left]


def test_many_renewals_are_cut_and_shared_out_among_their_owners() -> None:
    report = large(2_000)
    undecided = [item for item in report.due if item.decided is None]
    found, owners = renewals(report), by_owner(report)
    assert (len(found.shown), found.count, found.command) == (25, len(undecided), "reconcile due --within 90d")
    assert [item.subject.key for item in found.shown] == [str(item.key) for item in undecided[:25]]
    assert owners is not None
    assert sum(int(row[1].replace(",", "")) for row in owners.rows) == len(undecided)
    assert len(owners.rows) == 9
    assert re.fullmatch(r"\d+ other owners", owners.rows[-1][0])


def test_few_renewals_need_no_table_of_owners() -> None:
    assert by_owner(full()) is None
    assert by_owner(a_report([Sample(f"contoso/{n}", "SPB", date(2026, 1, 5), owner="a") for n in range(11)])) is None


def test_renewals_without_an_owner_are_nobodys_and_are_said_to_be() -> None:
    samples = [Sample(f"contoso/{n}", "SPB", date(2026, 1, 5), owner="ada" if n % 2 else None) for n in range(12)]
    table = by_owner(a_report(samples))
    assert table is not None
    assert [row[:2] for row in table.rows] == [("without an owner", "6"), ("ada", "6")]


# Ahead


def test_what_is_next_stands_by_day_without_monthly_renewals() -> None:
    report = full()
    found = steps_ahead(report)
    lasting = [
        item
        for item in report.forecast.occurrences
        if item.occasion is not Occasion.RENEWS or report.forecast.subjects[item.key].length is not TermLength.MONTHLY
    ]
    assert found.count == len(lasting)
    assert [item.day for item in found.shown] == [item.on.isoformat() for item in lasting[:15]]
    steps = {(item.subject.key, item.what, item.amount) for item in found.shown}
    assert ("contoso/business-premium", "renews", "6,180.00 EUR") in steps
    assert ("contoso/teams-rooms", "renews", "not known") in steps
    assert ("fabrikam/entra", "ends", "") in steps

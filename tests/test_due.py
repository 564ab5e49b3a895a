"""What renews soon and was decided by nobody; and decisions that fit no renewal."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

import pytest

from reconciler.consequences import Basis
from reconciler.desired import DesiredState
from reconciler.due import idle_decisions, renewals_due, renewals_within
from reconciler.model import (
    Cancel,
    Decision,
    DesiredSubscription,
    Intent,
    Money,
    Recurring,
    ScheduledIntent,
    Status,
    StoredSubscription,
    SubscriptionKey,
    TermLength,
)
from reconciler.rulebook import Rulebook
from reconciler.terms import term_at
from tests.builders import CLASSIC, NOW, PLACE, a_desired, a_key, a_stored

BOOK = Rulebook({"contoso": CLASSIC})
ANNUAL, MONTHLY = TermLength.ANNUAL, TermLength.MONTHLY
DAYS = timedelta(days=1)


def rows_of(*rows: StoredSubscription) -> Mapping[SubscriptionKey, StoredSubscription]:
    """Records by key."""
    return {row.key: row for row in rows}


def desired(*wanted: DesiredSubscription) -> DesiredState:
    """These are declared."""
    return DesiredState({item.key: item for item in wanted})


def a_decision(day: str, **fields: Any) -> Decision:
    """Ada wants it."""
    return Decision(date.fromisoformat(day), "ada@contoso.example", fields.get("note"), PLACE)


def dated(day: str, recurring: Recurring | None = None, cancel: Cancel | None = None) -> ScheduledIntent:
    """A dated intent."""
    return ScheduledIntent(date.fromisoformat(day), Intent(recurring, cancel, PLACE))


def due_days(
    *rows: StoredSubscription, wanted: DesiredState | None = None, days: int = 30, monthly: bool = False
) -> list[str]:
    """The days and names of what is due."""
    found = renewals_due(rows_of(*rows), wanted or desired(), BOOK, NOW, days * DAYS, monthly=monthly)
    return [f"{item.on.isoformat()} {item.key.name}" for item in found]


def a_soon(name: str = "soon", start: date = date(2025, 12, 1), **fields: Any) -> StoredSubscription:
    """A yearly record that renews on 1 December, eight days ahead."""
    return a_stored(f"contoso/{name}", start=start, **fields)


def test_what_renews_within_the_time_is_due_by_day_and_key() -> None:
    rows = (a_soon("z"), a_soon("a"), a_soon("late", date(2025, 12, 24)), a_soon("first", date(2025, 11, 30)))
    assert due_days(*rows) == ["2026-11-30 first", "2026-12-01 a", "2026-12-01 z"]


def test_it_says_what_is_committed_to_and_whose_it_is() -> None:
    row = a_soon(price=Money(2060, "EUR"), seats=25, billing=MONTHLY, owner="sales@contoso.example")
    (item,) = renewals_due(rows_of(row), desired(), BOOK, NOW, 30 * DAYS, monthly=False)
    assert (item.amount.money, item.amount.basis) == (Money(618000, "EUR"), Basis.DECLARED)
    assert (item.length, item.owner, item.managed, item.place) == (ANNUAL, "sales@contoso.example", False, None)


def test_what_is_declared_says_where() -> None:
    wanted = desired(a_desired("contoso/soon", recurring=Recurring.ON))
    (item,) = renewals_due(rows_of(a_soon()), wanted, BOOK, NOW, 30 * DAYS, monthly=False)
    assert (item.managed, item.place, item.decided) == (True, PLACE, None)


@pytest.mark.parametrize(
    "row",
    [
        pytest.param(a_soon(recurring=Recurring.OFF), id="recurring off"),
        pytest.param(a_soon(recurring=Recurring.OFF, cancellation=Cancel.AT_RENEWAL), id="cancelled"),
        pytest.param(a_soon(status=Status.EXPIRED, recurring=Recurring.OFF), id="expired"),
        pytest.param(a_soon(status=Status.DELETED, recurring=Recurring.OFF), id="deleted"),
        pytest.param(a_soon(status=Status.SUSPENDED), id="suspended: nobody knows"),
        pytest.param(a_soon(length=MONTHLY), id="a monthly term"),
    ],
)
def test_what_does_not_renew_or_is_monthly_is_not_due(row: StoredSubscription) -> None:
    assert due_days(row) == []


def test_every_renewal_of_a_monthly_term_is_due_on_request() -> None:
    row = a_soon(length=MONTHLY, start=date(2026, 8, 31))
    assert due_days(row, days=70, monthly=True) == ["2026-11-30 soon", "2026-12-31 soon", "2027-01-31 soon"]


def test_the_last_instant_counts() -> None:
    assert due_days(a_soon(), days=8) == ["2026-12-01 soon"]
    assert due_days(a_soon(), days=7) == []


def test_a_decision_is_for_its_own_renewal_alone() -> None:
    wanted = desired(a_desired("contoso/soon", recurring=Recurring.ON, decided=a_decision("2026-12-01")))
    assert due_days(a_soon(), wanted=wanted) == []
    assert due_days(a_soon(), wanted=wanted, days=400) == ["2027-12-01 soon"]
    both = renewals_within(rows_of(a_soon()), wanted, BOOK, NOW, 400 * DAYS, monthly=False)
    assert [None if item.decided is None else item.decided.by for item in both] == ["ada@contoso.example", None]


@pytest.mark.parametrize(
    ("recurring", "entries", "expected"),
    [
        pytest.param(Recurring.ON, [dated("2026-11-28", Recurring.OFF)], [], id="a dated end before it"),
        pytest.param(Recurring.ON, [dated("2026-11-28", None, Cancel.AT_RENEWAL)], [], id="a dated cancellation"),
        pytest.param(Recurring.ON, [dated("2026-12-01", Recurring.OFF)], ["2026-12-01 soon"], id="too late"),
        pytest.param(Recurring.ON, [dated("2026-11-28", Recurring.OFF), dated("2026-11-29", Recurring.ON)],
                     ["2026-12-01 soon"], id="an end that is taken back"),
        pytest.param(Recurring.OFF, [dated("2026-11-28", Recurring.ON)], ["2026-12-01 soon"], id="turned on in time"),
        pytest.param(Recurring.OFF, [], [], id="off stays off"),
    ],
)  # fmt: skip
def test_dated_intents_decide_what_is_due(
    recurring: Recurring, entries: list[ScheduledIntent], expected: list[str]
) -> None:
    wanted = desired(a_desired("contoso/soon", recurring=recurring, schedule=tuple(entries)))
    assert due_days(a_soon(recurring=recurring), wanted=wanted) == expected


def test_a_renewal_out_of_an_extension_commits_to_a_term_of_its_own() -> None:
    month = term_at(date(2026, 11, 1), MONTHLY, NOW)
    row = a_soon(extended=True, term=month, price=Money(100, "EUR"))
    (item,) = renewals_due(rows_of(row), desired(), BOOK, NOW, 30 * DAYS, monthly=False)
    assert item.amount.money == Money(100, "EUR")


# Decisions that fit nothing


def idle(row: StoredSubscription, day: str, **fields: Any) -> list[str]:
    """What is said of a decision for that day."""
    wanted = a_desired(str(row.key), recurring=Recurring.ON, decided=a_decision(day), **fields)
    return [
        f"{item.code}: {item.detail}; {item.hint}" for item in idle_decisions(rows_of(row), desired(wanted), BOOK, NOW)
    ]


@pytest.mark.parametrize(
    ("row", "day"),
    [
        pytest.param(a_soon(), "2026-12-01", id="the next renewal"),
        pytest.param(a_soon(), "2029-12-01", id="a later one"),
        pytest.param(a_soon(start=date(2024, 12, 1)), "2025-12-01", id="the one that began this term"),
        pytest.param(a_soon(start=date(2020, 12, 1)), "2023-12-01", id="one that has been"),
        pytest.param(a_soon(start=date(2026, 8, 31), length=MONTHLY), "2027-02-28", id="clamped to the month's end"),
    ],
)
def test_a_decision_for_a_renewal_is_fine(row: StoredSubscription, day: str) -> None:
    assert idle(row, day) == []


NEXT = "it renews on 2026-12-01; write `for: 2026-12-01` if that renewal is meant"


@pytest.mark.parametrize(
    ("row", "day", "rest"),
    [
        pytest.param(a_soon(), "2026-11-30", NEXT, id="a day beside it"),
        pytest.param(a_soon(), "2031-12-02", NEXT, id="far ahead"),
        pytest.param(a_soon(), "9999-12-31", NEXT, id="at the end of the calendar"),
        pytest.param(a_soon(), "2025-12-01", NEXT, id="the purchase is no renewal"),
        pytest.param(a_soon(start=date(2024, 12, 1)), "2025-11-30", NEXT, id="a day that has been"),
        pytest.param(a_soon(recurring=Recurring.OFF), "2026-12-01", "it does not renew; take it out", id="it ends"),
    ],
)
def test_a_decision_for_another_day_is_a_warning(row: StoredSubscription, day: str, rest: str) -> None:
    assert idle(row, day) == [f"decision-fits-nothing: contoso/soon: {day}; {rest}"]


def test_a_decision_on_what_a_dated_intent_ends_before_fits_nothing() -> None:
    (said,) = idle(a_soon(), "2026-12-01", schedule=(dated("2026-11-28", Recurring.OFF),))
    assert said.endswith("it does not renew; take it out")


def test_what_is_not_recorded_or_not_decided_says_nothing() -> None:
    wanted = desired(a_desired("contoso/new", decided=a_decision("2026-12-01")), a_desired("contoso/soon"))
    assert idle_decisions(rows_of(a_soon()), wanted, BOOK, NOW) == []


def test_keys_are_those_that_the_rows_are_under() -> None:
    found = renewals_due({a_key("contoso/new-name"): a_soon()}, desired(), BOOK, NOW, 30 * DAYS, monthly=False)
    assert [str(item.key) for item in found] == ["contoso/new-name"]

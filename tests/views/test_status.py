"""The estate at a glance."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from reconciler.model import Cancel, Money, Recurring, Status, TermLength
from reconciler.views.status import price_words, status_row, status_text, upcoming
from tests.builders import a_stored
from tests.views.cases import HOSTILE, real_names

NAMES = real_names()

RICH: dict[str, Any] = {
    "product": "SPB",
    "seats": 1250,
    "price": Money(2060, "EUR"),
    "billing": TermLength.MONTHLY,
    "owner": "it@contoso.example",
    "protected": True,
}


def test_rows_stand_by_key_in_aligned_columns_with_a_count_below() -> None:
    rows = [
        status_row(a_stored("contoso/visio", product="VISIOCLIENT", recurring=Recurring.OFF), NAMES, managed=False),
        status_row(a_stored("contoso/premium", **RICH), NAMES, managed=True),
    ]
    assert status_text(rows) == (
        "subscription     product                         status  recurring  next                  seats"
        "              price  owner\n"
        "contoso/premium  Microsoft 365 Business Premium  active  on         renews 1 Mar 2027     1,250"
        "  20.60 EUR / month  it@contoso.example  protected\n"
        "contoso/visio    Visio Plan 2                    active  off        last day 28 Feb 2027"
        "                                                unmanaged\n"
        "\n"
        "2 subscriptions: 2 active; 1 unmanaged.\n"
    )


def test_a_column_that_nobody_fills_is_left_out() -> None:
    text = status_text([status_row(a_stored("contoso/visio"), NAMES, managed=True)])
    assert text.splitlines()[0].split() == ["subscription", "product", "status", "recurring", "next"]
    assert text.endswith("\n1 subscription: 1 active.\n")


def test_nothing_stored_is_said() -> None:
    assert status_text([]) == "No subscriptions are stored.\n"


def test_foreign_text_stays_in_its_cell() -> None:
    text = status_text([status_row(a_stored("contoso/visio", product=HOSTILE, owner=HOSTILE), NAMES, managed=True)])
    assert len(text.splitlines()) == 4
    assert text.replace("\n", "").isprintable()


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        pytest.param({}, "renews 1 Mar 2027", id="recurring on"),
        pytest.param({"recurring": Recurring.OFF}, "last day 28 Feb 2027", id="recurring off"),
        pytest.param(
            {"recurring": Recurring.OFF, "cancellation": Cancel.AT_RENEWAL},
            "cancelled, last day 28 Feb 2027",
            id="cancelled",
        ),
        pytest.param({"status": Status.SCHEDULED, "start": date(2027, 1, 1)}, "starts 1 Jan 2027", id="not yet begun"),
        pytest.param({"status": Status.EXPIRED, "start": date(2026, 1, 1)}, "ended 31 Dec 2026", id="ended"),
        pytest.param(
            {"status": Status.DISABLED, "cancellation": Cancel.IMMEDIATELY}, "cancelled", id="cancelled at once"
        ),
    ],
)
def test_what_time_brings_next(fields: dict[str, Any], words: str) -> None:
    assert upcoming(status_row(a_stored(**fields), NAMES, managed=True)) == words


def test_an_ended_subscription_does_not_renew() -> None:
    assert status_row(a_stored(status=Status.EXPIRED), NAMES, managed=True).renews is None


def test_a_price_says_how_often_it_is_charged() -> None:
    rows = [
        status_row(a_stored(price=price, length=TermLength.TRIENNIAL), NAMES, managed=True)
        for price in (None, Money(500, "JPY"))
    ]
    assert [price_words(row) for row in rows] == ["", "500 JPY / 3 years"]

"""Builders for tests of impacts: records, books of rules, and what an impact tells."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from datetime import UTC, date, datetime, timedelta
from typing import Any

from reconciler.changes import Kind
from reconciler.consequences import Amount, Basis, Charge, Impact
from reconciler.effects import carried_out
from reconciler.impact import assess
from reconciler.model import Cancel, Money, Recurring, StoredSubscription, TermLength
from reconciler.policy import Extension, Lifecycle, Window
from reconciler.rulebook import PriceList, Rulebook
from tests.builders import NOW, a_change, a_lifecycle, a_stored

MONTHLY, ANNUAL, TRIENNIAL = TermLength
ON, OFF = Recurring.ON, Recurring.OFF
WEEK = Window(timedelta(days=7))
CLASSIC = a_lifecycle(window=WEEK)
MONTH = Amount(Money(51500, "EUR"), Basis.DECLARED, "25 x 20.60 EUR")
YEAR = Amount(Money(618000, "EUR"), Basis.DECLARED, "25 x 20.60 EUR x 12")
EXTENDED = Amount(Money(63603, "EUR"), Basis.PRICE_LIST, "25 x 24.70 EUR + 3 %, rounded up")
LIST = PriceList({("SPB", MONTHLY, MONTHLY, "EUR"): Money(2470, "EUR")}, "prices.csv")
PAID = Extension(when_off=True, surcharge_percent=3, otherwise_percent=23)


def day(text: str) -> date:
    return date.fromisoformat(text)


def instant(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def a_row(**fields: Any) -> StoredSubscription:
    """25 seats at 20.60 EUR a month, for a year from 1 March 2026 on."""
    return a_stored(**{"product": "SPB", "billing": MONTHLY, "seats": 25, "price": Money(2060, "EUR"), **fields})


def a_book(policy: Lifecycle = CLASSIC, **fields: Any) -> Rulebook:
    return Rulebook({"contoso": policy}, **{"currencies": {"contoso": "EUR"}, "prices": LIST, **fields})


def assessed(
    kind: Kind,
    row: StoredSubscription,
    book: Rulebook | None = None,
    now: datetime = NOW,
    after: Mapping[str, Any] | None = None,
) -> Impact:
    """The impact of a change of that kind on a record that stands at now."""
    change = a_change(kind) if after is None else a_change(kind, after=after)
    return assess(change, row, carried_out(change, row, now), a_book() if book is None else book, now)


def told(impact: Impact) -> dict[str, Any]:
    """What the impact says, by the name of its field."""
    return {
        item.name: getattr(impact, item.name) for item in fields(impact) if getattr(impact, item.name) != item.default
    }


PENDING = a_row(recurring=OFF, cancellation=Cancel.AT_RENEWAL)
ENDS = {"last_day": day("2027-02-28"), "reversible_until": instant("2027-03-01")}
EXPIRES = {"access_ends": instant("2027-03-31"), "expired_days": 30, "data_deleted": day("2027-06-29")}
STOPS = {"access_ends": instant("2027-03-01"), "expired_days": 0, "data_deleted": day("2027-05-30")}
RENEWS = {"renews": day("2027-03-01"), "reversible_until": instant("2027-03-01")}


def renewal(incurred: bool, on: str = "2027-03-01", amount: Amount = MONTH, per: TermLength = MONTHLY) -> Charge:
    return Charge(amount, day(on), per, incurred)

"""A small estate whose future the views of forecasts, of what is due and of what-ifs are tested on."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

from reconciler.consequences import Due
from reconciler.desired import DesiredState
from reconciler.due import renewals_due
from reconciler.forecast import Comparison, Forecast
from reconciler.foresee import Estate, foresee
from reconciler.model import Money, Recurring, Status, StoredSubscription, TermLength
from reconciler.rulebook import Rulebook
from reconciler.what_if import Outlook, outlooks
from tests.builders import CLASSIC, NOW, a_stored
from tests.views.cases import HOSTILE

MONTHLY = TermLength.MONTHLY
BOOK = Rulebook({"contoso": CLASSIC, "fabrikam": CLASSIC})
UNTIL = date(2027, 3, 31)

PREMIUM = a_stored(
    "contoso/business-premium",
    product="SPB",
    price=Money(2060, "EUR"),
    seats=25,
    billing=MONTHLY,
    owner="sales@contoso.example",
)
VISIO = a_stored(
    "contoso/visio",
    product="VISIO",
    length=MONTHLY,
    recurring=Recurring.OFF,
    price=Money(1310, "EUR"),
    start=date(2026, 3, 31),
)
TEAMS = a_stored("contoso/teams", product="TEAMS", length=MONTHLY, price=Money(400, "CHF"), labels={"team": "it"})
UNPRICED = a_stored("fabrikam/unpriced", product="X")
SUSPENDED = a_stored("fabrikam/suspended", product="X", status=Status.SUSPENDED)


def names(account: str, product: str) -> str:
    """What to call a product."""
    return {"SPB": "Microsoft 365 Business Premium", "": ""}.get(product, f"Product {product}")


def an_estate(*rows: StoredSubscription) -> Estate:
    """These records, or the usual ones; nothing of them is declared."""
    found = rows or (PREMIUM, VISIO, TEAMS, UNPRICED, SUSPENDED)
    return Estate(NOW, {row.key: row for row in sorted(found, key=lambda row: row.key)}, {}, BOOK)


def a_forecast(*rows: StoredSubscription, by: str = "month", until: date = UNTIL) -> Forecast:
    """What is ahead of them."""
    return foresee(an_estate(*rows), until, by)


def a_comparison(by: str = "month") -> Comparison:
    """The same, and with the premium one turned off."""
    rows = an_estate().rows.values()
    off = [replace(row, recurring=Recurring.OFF) if row == PREMIUM else row for row in rows]
    return Comparison(a_forecast(by=by), a_forecast(*off, by=by), "with ../other")


def hostile() -> StoredSubscription:
    """A record whose every text tries something."""
    return a_stored("contoso/evil", product=f"=cmd {HOSTILE}", owner=f"@SUM {HOSTILE}", labels={"team": HOSTILE})


def a_due(*rows: StoredSubscription, days: int = 120, monthly: bool = False) -> tuple[Due, ...]:
    """What renews undecided."""
    return renewals_due(an_estate(*rows).rows, DesiredState(), BOOK, NOW, timedelta(days=days), monthly=monthly)


def ways(row: StoredSubscription = PREMIUM, book: Rulebook = BOOK) -> tuple[Outlook, ...]:
    """One record four ways."""
    return outlooks(row, None, book, NOW)

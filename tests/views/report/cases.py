"""Reports worth looking at, by name: the page's tests, the browser and people see the same ones."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import cache
from typing import Any

from reconciler.catalogue import Catalogue
from reconciler.changes import Blocked, Drift, Kind, Listed, Pending, Refusal, Risk, Scheduled, Sighting
from reconciler.consequences import Impact
from reconciler.diagnostics import Location, warning
from reconciler.due import renewals_within
from reconciler.events import Event, EventKind
from reconciler.foresee import Estate, foresee
from reconciler.lifecycle import at
from reconciler.model import Decision, DesiredSubscription, Money, Recurring, StoredSubscription, TermLength
from reconciler.plan import Plan, Verdict
from reconciler.settings import AccountSettings
from reconciler.terms import midnight, term_at
from reconciler.views.report.values import DUE_DAYS, Report, horizon
from tests.builders import CLASSIC, a_change, a_desired, a_key, a_stored
from tests.estates import a_desired_state, a_rulebook
from tests.views.cases import HOSTILE
from tests.views.report.plans import BINDINGS, FILE, NOW, TODAY, a_plan, declared

_PRICE = Money(2060, "EUR")


@dataclass(frozen=True, slots=True)
class Sample:
    """One subscription of a made-up estate, in the fewest words."""

    key: str
    product: str
    start: date
    length: TermLength = TermLength.ANNUAL
    billing: TermLength = TermLength.MONTHLY
    seats: int = 1
    price: Money | None = _PRICE
    recurring: Recurring = Recurring.ON
    owner: str | None = "it@contoso.example"
    managed: bool = True
    decided: bool = False

    @property
    def stored(self) -> StoredSubscription:
        """Its record, as time has left it by NOW."""
        begun = NOW if self.recurring is Recurring.ON else midnight(self.start)
        row = a_stored(
            self.key,
            product=self.product,
            length=self.length,
            billing=self.billing,
            start=self.start,
            term=term_at(self.start, self.length, begun),
            seats=self.seats,
            price=self.price,
            recurring=self.recurring,
            owner=self.owner,
        )
        return at(row, CLASSIC, NOW)

    @property
    def declared(self) -> DesiredSubscription:
        """Its spec."""
        place = Location(FILE, 7, 3)
        renews = self.stored.term.end.date()
        decision = Decision(renews, "finance@contoso.example", None, place) if self.decided else None
        return a_desired(self.key, recurring=self.recurring, place=place, decided=decision)


SMALL = (
    Sample("contoso/business-premium", "SPB", date(2026, 2, 14), seats=25, owner="finance@contoso.example"),
    Sample("contoso/copilot", "Microsoft_365_Copilot", date(2025, 12, 1), seats=40, price=Money(2810, "EUR")),
    Sample(
        "contoso/copilot-duplicate", "Microsoft_365_Copilot", date(2026, 11, 20), seats=4, price=Money(2810, "EUR")
    ),
    Sample("contoso/visio-plan-2", "VISIOCLIENT", date(2026, 3, 31), TermLength.MONTHLY, price=Money(1310, "EUR")),
    Sample(
        "contoso/project-plan-3", "PROJECTPREMIUM", date(2026, 5, 1), billing=TermLength.ANNUAL, seats=8,
        price=Money(34680, "EUR"),
    ),
    Sample(
        "contoso/power-bi", "POWER_BI_PRO", date(2026, 1, 31), billing=TermLength.ANNUAL, seats=60,
        price=Money(11280, "EUR"), owner=None, managed=False,
    ),
    Sample("contoso/teams-rooms", "Microsoft_Teams_Rooms_Pro", date(2026, 1, 10), price=None, seats=3, decided=True),
    Sample("fabrikam/e5", "SPE_E5", date(2026, 9, 1), TermLength.TRIENNIAL, seats=12, price=Money(5470, "EUR")),
    Sample("fabrikam/f3", "SPE_F1", date(2026, 6, 15), TermLength.MONTHLY, seats=30, price=Money(800, "EUR")),
    Sample(
        "fabrikam/entra", "AAD_PREMIUM_P2", date(2026, 7, 1), billing=TermLength.ANNUAL, seats=12,
        price=Money(9720, "EUR"), recurring=Recurring.OFF,
    ),
    Sample(
        "northwind/business-basic", "O365_BUSINESS_ESSENTIALS", date(2026, 1, 5), seats=18, price=Money(600, "USD"),
        owner="ops@northwind.example",
    ),
    Sample(
        "northwind/old-visio", "VISIOCLIENT", date(2025, 10, 30), seats=2, price=Money(1500, "USD"),
        recurring=Recurring.OFF, owner="ops@northwind.example",
    ),
    Sample(
        "northwind/gone", "VISIOCLIENT", date(2024, 10, 30), seats=2, price=Money(1500, "USD"),
        recurring=Recurring.OFF, owner="ops@northwind.example",
    ),
)  # fmt: skip


def a_report(samples: Iterable[Sample] = SMALL, plan: Plan | None = None, **fields: Any) -> Report:
    """The report of an estate; any field of Report by name."""
    rows = {item.stored.key: item.stored for item in sorted(samples, key=lambda item: a_key(item.key))}
    desired = a_desired_state(*(item.declared for item in samples if item.managed))
    rules = a_rulebook(*{key.account for key in rows})
    plan = plan or Plan(NOW, BINDINGS, unchanged=len(rows))
    names = Catalogue().names_for({"contoso": AccountSettings("contoso")})
    return replace(
        Report(
            plan=plan,
            verdict=Verdict(plan.changes),
            stored=list(rows.values()),
            declared=desired.subscriptions.keys(),
            forecast=foresee(Estate(NOW, rows, desired.subscriptions, rules), horizon(TODAY), "account"),
            due=renewals_within(rows, desired, rules, NOW, timedelta(days=DUE_DAYS), monthly=False),
            names=names,
            version="1.2.3",
        ),
        **fields,
    )


@cache
def full() -> Report:
    """A small estate with one of everything."""
    plan = a_plan()
    refusal = Refusal("max-cancel-now", "contoso", "1 immediate cancellation", "--allow max-cancel-now=contoso/*", 1, 0)
    verdict = Verdict(plan.changes[1:], (refusal,))
    return a_report(plan=plan, verdict=verdict)


@cache
def empty() -> Report:
    """No store yet, and nothing declared."""
    return a_report((), Plan(NOW, replace(BINDINGS, store_lineage=None, store_serial=0, commit=None)))


@cache
def large(size: int = 10_000) -> Report:
    """As many subscriptions in a thousand accounts, a tenth of them monthly, with a plan that changes half of them."""
    samples = [_one_of_many(number) for number in range(size)]
    changes = tuple(
        a_change(
            Kind.TURN_OFF if number % 4 else Kind.CANCEL_NOW,
            item.key,
            product=item.product,
            risk=Risk.REVERSIBLE_UNTIL if number % 4 else Risk.IRREVERSIBLE,
            reason="retired",
            impact=Impact(last_day=date(2027, 2, 13), value=declared(2060 * number, f"{number} x 20.60 EUR")),
        )
        for number, item in enumerate(samples[::2])
    )
    plan = a_plan(changes=tuple(sorted(changes, key=lambda change: change.key)))
    return a_report(samples, plan)


_PRODUCTS = "SPB SPE_E3 SPE_E5 SPE_F1 VISIOCLIENT PROJECTPREMIUM POWER_BI_PRO Microsoft_365_Copilot".split()
_CURRENCIES = ("EUR", "EUR", "EUR", "USD", "JPY", "GBP", "CHF", "SEK")


def _one_of_many(number: int) -> Sample:
    account = number * number % 1000
    return Sample(
        f"customer-{account:04}/licence-{number:05}",
        _PRODUCTS[number % len(_PRODUCTS)],
        date(2025, 10, 1) + timedelta(days=number * 7 % 400) if number % 10 else date(2026, 3, 1 + number % 28),
        TermLength.ANNUAL if number % 10 else TermLength.MONTHLY,
        seats=1 + number % 400,
        price=None if number % 97 == 0 else Money(500 + number % 5000, _CURRENCIES[account % len(_CURRENCIES)]),
        recurring=Recurring.OFF if number % 7 == 0 else Recurring.ON,
        owner=f"team-{number % 40}@contoso.example",
        managed=number % 13 != 0,
    )


@cache
def hostile() -> Report:
    """A report in which every foreign text tries everything."""
    name, at = f"contoso/{HOSTILE}", Location(HOSTILE, 1, 1)
    key = a_key(name)
    samples = [
        Sample(name, HOSTILE, SMALL[0].start, owner=HOSTILE),
        *(
            Sample(f"{HOSTILE}{number}/a", HOSTILE, SMALL[0].start, owner=f"{number}{HOSTILE}", price=price)
            for number, price in enumerate([None, *[SMALL[0].price] * 10])
        ),
    ]
    impact = Impact(side_effects=(HOSTILE,), instead_of=HOSTILE, unknown=(HOSTILE,))
    update = {"before": {"owner": HOSTILE}, "after": {"owner": f"x{HOSTILE}"}}
    changes = (
        a_change(Kind.TURN_OFF, name, place=at, reason=HOSTILE, product=HOSTILE, impact=impact, instead_of=HOSTILE),
        a_change(Kind.UPDATE, name, place=at, reason=HOSTILE, product=HOSTILE, **update),
        a_change(Kind.REGISTER, f"{HOSTILE}/b", place=at),
    )
    listed = (Listed(key, HOSTILE, HOSTILE, at, HOSTILE),)
    bindings = replace(BINDINGS, store_lineage=HOSTILE, commit=HOSTILE, settings_digest=HOSTILE, select=(HOSTILE,))
    plan = Plan(
        NOW,
        replace(bindings, exclude=(HOSTILE,), paths=(HOSTILE,), specs_digest=HOSTILE),
        changes,
        blocked=(Blocked(key, Kind.CANCEL_NOW, HOSTILE, HOSTILE, HOSTILE, at, HOSTILE),),
        held=listed,
        released=listed,
        ended=listed,
        drift=(Drift(key, HOSTILE, HOSTILE, {HOSTILE: HOSTILE}),),
        elapsed=(
            Event(key, EventKind.RENEWED, NOW, {}, {}, HOSTILE),
            Event(key, EventKind.NOTICED, NOW, {HOSTILE: HOSTILE}, {}, HOSTILE),
        ),
        pending=(Pending(key, Kind.TURN_OFF, NOW.date(), HOSTILE, HOSTILE, at, NOW.date(), True, HOSTILE, HOSTILE),),
        sightings=(Sighting(HOSTILE, NOW, False, 1, 1, HOSTILE), Sighting(f"x{HOSTILE}", NOW, False, 1, 1)),
        scheduled=(Scheduled(key, NOW.date(), Kind.TURN_OFF, HOSTILE, at, HOSTILE, HOSTILE, impact),),
        unmanaged=(key,),
        headlines=(HOSTILE,),
        diagnostics=(warning(HOSTILE, HOSTILE, at, detail=HOSTILE, hint=HOSTILE),),
    )
    verdict = Verdict(changes[:2], (Refusal(HOSTILE, HOSTILE, HOSTILE, HOSTILE),))
    return a_report(samples, plan, verdict=verdict, settings=HOSTILE, version=HOSTILE, names=lambda account, code: code)

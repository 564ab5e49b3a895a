"""A plan with one of everything, worth looking at on a page."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

from reconciler.changes import Blocked, Drift, Kind, Listed, Risk, Scheduled
from reconciler.consequences import Amount, Basis, Charge, Impact, Refund, Totals
from reconciler.diagnostics import Location, warning
from reconciler.events import Event, EventKind
from reconciler.model import Money, TermLength
from reconciler.plan import Bindings, Plan
from tests.builders import a_change, a_key

NOW = datetime(2026, 11, 23, tzinfo=UTC)
TODAY = NOW.date()
LINEAGE = "0b9e4a54-2f6e-4a53-8f0c-2f1f4e0b7c11"
BINDINGS = Bindings("5f" * 32, "a7" * 32, LINEAGE, 7, "4f0c1a2b9d3e")
FILE = "specs/contoso/licences.yaml"


def declared(minor: int, detail: str = "", currency: str = "EUR") -> Amount:
    """A sum by the declared price."""
    return Amount(Money(minor, currency), Basis.DECLARED, detail)


CHANGES = (
    a_change(
        Kind.CANCEL_NOW,
        "contoso/copilot-duplicate",
        product="Microsoft_365_Copilot",
        reason="duplicate of copilot",
        place=Location(FILE, 31, 13),
        risk=Risk.IRREVERSIBLE,
        impact=Impact(
            last_day=TODAY,
            access_ends=NOW,
            data_deleted=date(2027, 2, 21),
            window_closes=datetime(2026, 11, 27, tzinfo=UTC),
            charge=Charge(declared(11240), date(2026, 12, 20), TermLength.MONTHLY, incurred=False),
            refund=Refund(declared(10116), "prorated", "27 of 30 days, rounded down"),
            value=declared(134880, "4 x 28.10 EUR x 12"),
            side_effects=("remove its custom domain first",),
        ),
    ),
    a_change(
        Kind.CANCEL_AT_RENEWAL,
        "contoso/project-plan-3",
        product="PROJECTPREMIUM",
        place=Location(FILE, 24, 13),
        risk=Risk.REVERSIBLE_UNTIL,
        impact=Impact(
            last_day=date(2027, 4, 30),
            expired_days=0,
            access_ends=datetime(2027, 5, 1, tzinfo=UTC),
            data_deleted=date(2027, 7, 30),
            reversible_until=datetime(2027, 5, 1, tzinfo=UTC),
            charge=Charge(declared(277440), date(2027, 5, 1), TermLength.ANNUAL, incurred=False),
            value=declared(277440, "8 x 346.80 EUR"),
            unknown=("data_gone_by",),
        ),
    ),
    a_change(
        Kind.TURN_OFF,
        "contoso/visio-plan-2",
        product="VISIOCLIENT",
        reason="team moved to another tool",
        place=Location(FILE, 22, 16),
        risk=Risk.REVERSIBLE_UNTIL,
        impact=Impact(
            last_day=date(2026, 11, 29),
            expired_days=30,
            access_ends=datetime(2026, 12, 30, tzinfo=UTC),
            data_deleted=date(2027, 3, 30),
            reversible_until=datetime(2026, 11, 30, tzinfo=UTC),
            charge=Charge(declared(1310), date(2026, 11, 30), TermLength.MONTHLY, incurred=False),
            value=declared(1310, "1 x 13.10 EUR"),
        ),
    ),
    a_change(
        Kind.UPDATE,
        "fabrikam/f3",
        product="SPE_F1",
        place=Location("specs/fabrikam/licences.yaml", 9, 7),
        before={"seats": 25, "price": "1234.00 EUR"},
        after={"seats": 30, "price": "8.00 EUR"},
    ),
    a_change(Kind.REGISTER, "northwind/business-basic"),
    a_change(Kind.REGISTER, "northwind/old-visio"),
)

_BESIDE: dict[str, Any] = {
    "blocked": (
        Blocked(
            a_key("contoso/copilot"),
            Kind.CANCEL_NOW,
            "past-cancellation-window",
            "the window closed 8 Dec 2025 00:00 UTC",
            "write `cancel: at-renewal`; it then ends on 30 Nov 2026",
            Location(FILE, 44, 11),
            "Microsoft_365_Copilot",
        ),
    ),
    "scheduled": (
        Scheduled(
            a_key("contoso/power-bi"),
            date(2027, 1, 15),
            Kind.TURN_OFF,
            "recurring off",
            Location(FILE, 52, 9),
            "POWER_BI_PRO",
            "budget for 2027",
            Impact(
                last_day=date(2027, 1, 30),
                reversible_until=datetime(2027, 1, 31, tzinfo=UTC),
                value=declared(676800, "60 x 112.80 EUR"),
            ),
        ),
    ),
    "elapsed": (
        Event(
            a_key("northwind/old-visio"), EventKind.EXPIRED, datetime(2026, 10, 30, tzinfo=UTC),
            {"status": "active"}, {"status": "expired"}, "VISIOCLIENT",
        ),
        Event(
            a_key("contoso/business-premium"), EventKind.RENEWED, datetime(2026, 2, 14, tzinfo=UTC),
            {"term_start": "2025-02-14"}, {"term_start": "2026-02-14"}, "SPB",
        ),
    ),
    "released": (
        Listed(a_key("contoso/teams-rooms"), "no file declares its renewal", "write `recurring`", Location(FILE)),
    ),
    "drift": (Drift(a_key("contoso/copilot"), "recurring", "on", "off"),),
    "unmanaged": (a_key("contoso/power-bi"),),
    "totals": Totals({"EUR": 413630}, {}, {"EUR": 10116}, 1),
    "unchanged": 7,
    "headlines": ("settings changed: max_endings count 20 -> 60",),
    "diagnostics": (
        warning("schedule-misses-renewal", "the schedule misses a renewal", Location(FILE, 52, 9), hint="earlier"),
    ),
}  # fmt: skip


def a_plan(**fields: Any) -> Plan:
    """A plan with one of everything; any field of Plan by name."""
    return Plan(NOW, BINDINGS, **({"changes": CHANGES, **_BESIDE} | fields))

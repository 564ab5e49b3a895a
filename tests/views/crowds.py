"""A plan as large as a partner's, and the apply of it: what views must stay readable and quick for."""

from __future__ import annotations

from datetime import date
from typing import Any

from reconciler.changes import Change, Drift, Kind, Listed, Refusal, Risk, Scheduled
from reconciler.desired import RuleUse
from reconciler.diagnostics import Location, warning
from reconciler.events import EventKind
from reconciler.journal import ApplyReport, ChangeReport, OutcomeKind
from reconciler.model import TermLength
from reconciler.plan import Plan
from tests.builders import a_change
from tests.views.cases import a_plan, at, blocked, cancel_now, declared, due, event, goes_on, key, turn_off
from tests.views.outside_cases import a_pending, held

ACCOUNTS = 300
GOES_ON = goes_on(declared("20.60 EUR"), declared("247.20 EUR"), per=TermLength.MONTHLY)
OUTCOMES = [*([OutcomeKind.SUCCEEDED] * 6), OutcomeKind.FAILED, OutcomeKind.UNKNOWN, OutcomeKind.SKIPPED]
OUTCOMES += [OutcomeKind.ACCEPTED]


def a_change_of(number: int) -> Change:
    """One of four kinds, by its number."""
    name = f"t{number % ACCOUNTS:03}/n{number:06}"
    match number % 4:
        case 0:
            return turn_off(name)
        case 1:
            return a_change(Kind.UNDO_CANCEL, name, risk=Risk.REVERSIBLE_UNTIL, impact=GOES_ON, product="SPB")
        case 2:
            return a_change(Kind.UPDATE, name, product="SPB")
        case _:
            return a_change(Kind.REGISTER, name)


def names(count: int, word: str) -> list[str]:
    """So many keys over all accounts."""
    return [f"t{number % ACCOUNTS:03}/{word}-{number:06}" for number in range(count)]


def beside(count: int) -> dict[str, Any]:
    """So many of everything that is no change."""
    return {
        "blocked": tuple(blocked(name) for name in names(count, "blocked")),
        "held": tuple(held(name) for name in names(count, "held")),
        "pending": tuple(a_pending(name) for name in names(count, "pending")),
        "released": tuple(Listed(key(name), "it ends", "write it", at(6)) for name in names(count, "released")),
        "ended": tuple(Listed(key(name), "it is expired", "write it", at(6)) for name in names(count, "ended")),
        "drift": tuple(Drift(key(name), "recurring", "on", "off") for name in names(count, "drift")),
        "elapsed": tuple(event(name, EventKind.RENEWED, date(2026, 8, 1)) for name in names(count, "elapsed")),
        "scheduled": tuple(
            Scheduled(key(name), date(2027, 2, 1), Kind.TURN_OFF, "`recurring: off`", at(61))
            for name in names(count, "scheduled")
        ),
        "due": tuple(due(name, declared("10.00 EUR")) for name in names(count, "due")),
        "unmanaged": tuple(map(key, names(count, "unmanaged"))),
        "rules": tuple(RuleUse(Location("specs/_defaults.yaml", number + 1), number) for number in range(count)),
        "diagnostics": tuple(
            warning("unknown-product", "unknown product", Location("specs/a.yaml", number + 1), detail=f"'{number}'")
            for number in range(count)
        ),
    }


def a_crowd(changes: int = 4_000, others: int = 400, final: int = 30) -> Plan:
    """A plan of so many changes, with so many of all that is none, and immediate cancellations among them."""
    ending = (cancel_now(name) for name in names(final, "final"))
    return a_plan(*map(a_change_of, range(changes)), *ending, **beside(others))


def refusals(count: int) -> tuple[Refusal, ...]:
    """So many accounts that are over their limit."""
    return tuple(Refusal("max-endings", f"t{number:03}", "7 of 5", "allow it", 7, 5) for number in range(count))


def a_report(plan: Plan) -> ApplyReport:
    """An apply with every outcome among many."""
    outcomes = [OUTCOMES[number % len(OUTCOMES)] for number in range(len(plan.changes))]
    reports = tuple(
        ChangeReport(change, outcome, "it is busy" if outcome is OutcomeKind.FAILED else None)
        for change, outcome in zip(plan.changes, outcomes, strict=True)
    )
    return ApplyReport("run-9", reports, plan.elapsed)

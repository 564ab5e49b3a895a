"""Plans and applies of estates that lie with others: drift, pending changes, tasks, and how old what is known is."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

from reconciler.changes import Blocked, Drift, Kind, Listed, Pending, Sighting
from reconciler.diagnostics import Location
from reconciler.events import Event, EventKind
from reconciler.journal import ApplyReport, ChangeReport, OpenIntent, OutcomeKind
from reconciler.plan import Plan
from reconciler.tasks import Task
from reconciler.views.tasks import TaskRow
from tests.builders import a_change
from tests.views.cases import HOSTILE, NOW, Case, a_case, a_plan, at, blocked, cancel_now, key, turn_off

FOLDED = "stripe cannot tell recurring off from a cancellation at renewal: both are this one"


def a_pending(name: str = "kiosk/visio", **fields: Any) -> Pending:
    """A person's task that is open; any field of Pending by name."""
    usual: dict[str, Any] = {
        "kind": Kind.TURN_OFF,
        "since": date(2026, 11, 2),
        "detail": "turn-off-recurring by hand",
        "hint": f"once it is done: reconcile done {name}",
        "place": at(22),
        "deadline": date(2026, 11, 29),
        "owner": "it@contoso.example",
        "product": "VISIOCLIENT",
    }
    return Pending(key(name), **(usual | fields))


def overdue(name: str = "kiosk/project", **fields: Any) -> Pending:
    """A task whose last day is over."""
    return a_pending(name, **({"deadline": date(2026, 11, 20), "overdue": True, "kind": Kind.CANCEL_NOW} | fields))


def under_way(name: str = "contoso/teams", **fields: Any) -> Pending:
    """A change that its provider still works on."""
    usual: dict[str, Any] = {
        "detail": "the provider took it on and works on it",
        "hint": "the next apply asks what became of it",
        "deadline": None,
        "owner": None,
        "product": "",
    }
    return a_pending(name, **(usual | fields))


def seen(account: str, hours: float | None = None, **fields: Any) -> Sighting:
    """An account as it was looked at: just now, or so many hours ago."""
    fresh = hours is None
    return Sighting(account, fields.pop("at", NOW - timedelta(hours=hours or 0)), fields.pop("fresh", fresh), **fields)


SIGHTINGS = (
    seen("contoso", seen=45),
    seen("fabrikam", 49, seen=3, trouble="sign-in-failed: the secret has expired"),
    seen("stripe-eu", 6, seen=210),
    seen("stripe-us", seen=30, undeclared=12),
)


def held(name: str = "contoso/teams", **fields: Any) -> Listed:
    """A change that only undoes what somebody did outside."""
    detail = "changed outside (recurring on -> off); the specs would turn-on-recurring again"
    hint = f"take it over: reconcile accept {name}; or undo it: reconcile --correct-drift {name}"
    return Listed(key(name), detail, hint, at(51), **({"product": "TEAMS1"} | fields))


def happened(name: str, kind: EventKind, before: dict[str, str], after: dict[str, str]) -> Event:
    """What somebody outside did, as it was observed on 20 Nov 2026."""
    return Event(key(name), kind, datetime(2026, 11, 20, tzinfo=UTC), before, after)


EVENTS = (
    happened("contoso/excel", EventKind.NOTICED, {"recurring": "on", "seats": "5"}, {"recurring": "off", "seats": "6"}),
    happened("stripe-eu/board", EventKind.SUSPENDED, {"status": "active"}, {"status": "suspended"}),
    happened("stripe-eu/desk", EventKind.RESUMED, {"status": "suspended"}, {"status": "active"}),
)
DRIFT = (
    Drift(key("contoso/word"), "recurring", "off", "on"),
    Drift(key("contoso/teams"), "seats", 25, 30),
    Drift(key("contoso/teams"), "recurring", "on", "off"),
)


def unread(name: str, **fields: Any) -> Blocked:
    """One of an account that could not be read."""
    usual: dict[str, Any] = {
        "code": "sign-in-failed",
        "detail": "the secret has expired",
        "hint": "renew it",
        "product": "",
        "kind": Kind.UPDATE,
    }
    fields = usual | {"place": at(5)} | fields
    return replace(blocked(name), **fields)


def outside_plan() -> Plan:
    """Everything at once that an estate with others brings into a plan."""
    return a_plan(
        turn_off("stripe-eu/board", instead_of=FOLDED),
        turn_off("stripe-eu/desk", instead_of=FOLDED, reason=None),
        *(a_change(Kind.ADOPT, f"contoso/known-{number}") for number in range(12)),
        blocked=(blocked(),),
        held=(held(), held("contoso/word")),
        pending=(overdue(), under_way(), a_pending(), a_pending("kiosk/word", withdrawn=True, deadline=None)),
        drift=DRIFT,
        elapsed=EVENTS,
        sightings=SIGHTINGS,
        unchanged=30,
    )


def _applied() -> Case:
    """An apply at providers, in a ledger, and by a person: done, begun, and not done."""
    plan = a_plan(
        turn_off("stripe-eu/board", instead_of=FOLDED),
        cancel_now("contoso/copilot-duplicate"),
        turn_off("contoso/visio-plan-2"),
        turn_off("contoso/visio-plan-3"),
        turn_off("kiosk/visio"),
        a_change(Kind.ADOPT, "contoso/known"),
        a_change(Kind.UPDATE, "shelf/word", before={"seats": 3}, after={"seats": 4}),
        elapsed=EVENTS,
        pending=(under_way(),),
    )
    became: dict[str, dict[str, Any]] = {
        "contoso/copilot-duplicate": {"note": "settled by reading: the answer was lost"},
        "contoso/visio-plan-2": {"outcome": OutcomeKind.ACCEPTED, "note": "asked 3 times, for 40 s"},
        "contoso/visio-plan-3": {
            "outcome": OutcomeKind.FAILED,
            "code": "busy",
            "error": "another change is under way at the provider",
        },
        "kiosk/visio": {"outcome": OutcomeKind.ACCEPTED},
    }
    reports = [
        ChangeReport(item, **({"outcome": OutcomeKind.SUCCEEDED} | became.get(str(item.key), {})))
        for item in plan.changes
    ]
    report = ApplyReport("run-4", tuple(reports), EVENTS, ledger_accounts=("shelf",), manual_accounts=("kiosk",))
    return a_case(plan, report=report)


def _many() -> Case:
    """Thousands of customers: what is alike is counted."""
    customers = [f"customer-{number:04}" for number in range(8000)]
    sightings = [
        *(seen(name, 6 + number / 1000) for number, name in enumerate(customers[:7000])),
        *(seen(name, at=None, fresh=False) for name in customers[7000:7010]),
        *(seen(name, trouble="role-too-weak: it may not read customers") for name in customers[7010:7800]),
        *(seen(name, undeclared=number) for number, name in enumerate(customers[7800:7900], 1)),
        *(seen(name) for name in customers[7900:]),
    ]
    return a_case(
        a_plan(
            unchanged=9,
            held=tuple(held(f"customer-{number:04}/teams") for number in range(60)),
            drift=tuple(Drift(key(f"customer-{number:04}/teams"), "recurring", "on", "off") for number in range(60)),
            pending=tuple(overdue(f"kiosk/task-{number:02}") for number in range(40)),
            sightings=tuple(sightings),
        ),
        formats=("txt", "md", "github"),
    )


def _hostile() -> Case:
    """Everything that a provider may say, at its worst."""
    place = Location("specs/contoso.yaml", 9, 5)
    plan = a_plan(
        turn_off("contoso/a", instead_of=HOSTILE),
        held=(Listed(key("contoso/b"), HOSTILE, HOSTILE, place, HOSTILE),),
        pending=(overdue("contoso/c", detail=HOSTILE, hint=HOSTILE, owner=HOSTILE, product=HOSTILE),),
        drift=(Drift(key("contoso/d"), HOSTILE, HOSTILE, {HOSTILE: HOSTILE}),),
        elapsed=(happened("contoso/e", EventKind.NOTICED, {HOSTILE: "a"}, {HOSTILE: HOSTILE}),),
        sightings=(seen("contoso", trouble=HOSTILE), seen(HOSTILE, 5, undeclared=2)),
    )
    became = ChangeReport(plan.changes[0], OutcomeKind.FAILED, HOSTILE, HOSTILE, HOSTILE)
    return a_case(plan, report=ApplyReport("run-5", (became,), plan.elapsed))


def outside_cases() -> dict[str, Case]:
    """Every case by its folder's name."""
    return {
        "outside": a_case(outside_plan()),
        "outside-fresh": a_case(a_plan(unchanged=45, sightings=(seen("contoso"), seen("fabrikam"), seen("stripe-eu")))),
        "outside-applied": _applied(),
        "outside-many": _many(),
        "outside-hostile": _hostile(),
    }


def a_task(name: str = "kiosk/visio", *, withdrawn: bool = False, **fields: Any) -> TaskRow:
    """An open task; any field of Task, or of its intent, by name."""
    asked: dict[str, Any] = {
        "steps": ("Sign in at admin.microsoft.com", "Open Billing > Your products", "Set `Recurring billing` to Off"),
        "deadline": date(2026, 11, 29),
        "owner": "it@contoso.example",
        "asked_by": "ada",
        "commit": "4f0c1a2b",
    }
    intent: dict[str, Any] = {
        "kind": Kind.TURN_OFF,
        "external_id": "visio-1",
        "before": {"recurring": "on"},
        "after": {"recurring": "off"},
        "reason": "team moved to another tool",
        "source": at(22),
        "run": "run-1",
        "at": datetime(2026, 11, 2, 8, 30, tzinfo=UTC),
        "product": "VISIOCLIENT",
    }
    intent |= {name: fields.pop(name) for name in [*fields] if name in intent}
    return TaskRow(OpenIntent("0" * 32, key(name), **intent), Task(**(asked | fields)), withdrawn)

"""Plans worth looking at, by name: the golden files show each of them in every format."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Any

from reconciler.catalogue import Catalogue
from reconciler.changes import Blocked, Change, Drift, JsonValue, Kind, Listed, Refusal, Risk
from reconciler.desired import RuleUse
from reconciler.diagnostics import Location, warning
from reconciler.journal import ApplyReport, ChangeReport, Freeze, OutcomeKind
from reconciler.model import SubscriptionKey
from reconciler.plan import Bindings, Plan, Verdict
from reconciler.settings import AccountSettings
from reconciler.views.words import NameOf
from tests.builders import a_change

NOW = datetime(2026, 11, 23, tzinfo=UTC)
LINEAGE = "0b9e4a54-2f6e-4a53-8f0c-2f1f4e0b7c11"
BINDINGS = Bindings("5f" * 32, "a7" * 32, LINEAGE, 7, "4f0c1a2b")
FILE = "specs/contoso/licences.yaml"

HOSTILE = (
    "\x1b[31mred\x07\n::error::x ##[add-mask]y | `x` @everyone #1 "
    "<script>alert(1)</script> [a](https://b) \u202eevil\u200b"
)
"""Everything at once that a name or a reason may try."""


@dataclass(frozen=True, slots=True)
class Case:
    """A plan with what the brakes say of it, and, where it was applied, the report."""

    plan: Plan
    verdict: Verdict
    names: NameOf
    report: ApplyReport | None = None
    formats: tuple[str, ...] = ("txt", "json", "md", "github")


def real_names() -> NameOf:
    """The names of the packaged catalogue."""
    return Catalogue().names_for({"contoso": AccountSettings("contoso")})


def a_plan(*changes: Change, **fields: Any) -> Plan:
    """A plan of these changes at NOW; any field of Plan by name."""
    fields.setdefault("bindings", BINDINGS)
    return Plan(NOW, changes=tuple(sorted(changes, key=lambda item: (item.key, item.kind.rank))), **fields)


def a_case(plan: Plan, *refused: Refusal, **fields: Any) -> Case:
    """A case whose verdict holds back every change where there is a refusal, and none otherwise."""
    allowed = () if refused else plan.changes
    return Case(plan, Verdict(allowed, refused), real_names(), **fields)


def key(text: str) -> SubscriptionKey:
    """The key that `account/name` says."""
    account, _, name = text.partition("/")
    return SubscriptionKey(account, name)


def cancel_now(name: str = "contoso/copilot-duplicate", **fields: Any) -> Change:
    """An immediate cancellation as planning makes it."""
    usual: dict[str, Any] = {
        "risk": Risk.IRREVERSIBLE,
        "impact": {"loses_access": True},
        "product": "Microsoft_365_Copilot",
        "reason": "duplicate of copilot",
        "place": Location(FILE, 31, 13),
    }
    return a_change(Kind.CANCEL_NOW, name, **(usual | fields))


def turn_off(name: str = "contoso/visio-plan-2", **fields: Any) -> Change:
    """A turning off as planning makes it."""
    usual: dict[str, Any] = {
        "risk": Risk.REVERSIBLE_UNTIL,
        "impact": {"until": "2026-11-30", "last_day": "2026-11-29"},
        "product": "VISIOCLIENT",
        "reason": "team moved to another tool",
        "place": Location(FILE, 22, 16),
    }
    return a_change(Kind.TURN_OFF, name, **(usual | fields))


def blocked(name: str = "contoso/copilot-old", **fields: Any) -> Blocked:
    """An immediate cancellation that lacks its confirmation."""
    usual: dict[str, Any] = {
        "code": "confirmation-missing",
        "detail": "an immediate cancellation cannot be undone and needs a confirmation",
        "hint": f"if it is meant, write `confirm: {name}@2026-11-20` beside `when: immediately`",
        "place": Location(FILE, 40, 11),
        "product": "Microsoft_365_Copilot",
    }
    return Blocked(key(name), Kind.CANCEL_NOW, **(usual | fields))


def _beside() -> dict[str, Any]:
    """One of everything that is no change."""
    return {
        "blocked": (blocked(),),
        "held": (
            Listed(
                key("contoso/teams"), "turned off outside on 20 Nov 2026", "write `recurring: off` to accept it", at(51)
            ),
        ),
        "released": (
            Listed(
                key("contoso/power-bi"),
                "no file declares its renewal any more: recurring stays off; it ends 2027-01-31",
                "to change that, write `recurring: on` among its own keys",
                at(60),
                "POWER_BI_PRO",
            ),
        ),
        "ended": (
            Listed(
                key("contoso/access"),
                "it is expired; an inherited `recurring: on` does not bring it back",
                "write `recurring: on` among its own keys to bring it back",
                at(64),
            ),
        ),
        "drift": (
            Drift(key("contoso/teams"), "recurring", "on", "off"),
            Drift(key("contoso/teams"), "labels", {"a": "b"}, {}),
        ),
        "unmanaged": (key("contoso/old-thing"), key("contoso/older-thing")),
        "rules": (
            RuleUse(
                at(33),
                12,
                ("PROJECTPREMIUM", "PROJECTPROFESSIONAL", "VISIOCLIENT", "VISIOONLINE_PLAN1"),
                "set recurring off",
            ),
            RuleUse(at(35), 0, (), "set owner it@contoso.example"),
        ),
        "diagnostics": (
            warning(
                "rule-matches-nothing",
                "the rule matches no subscription",
                at(35),
                detail="product 'VISO*'",
                hint="is the pattern right?",
            ),
            warning("hot-journal", "the store was left by a crash", detail="read from a recovered copy"),
        ),
        "unchanged": 38,
        "headlines": ("settings changed: safety.max_endings from {count: 20} to {count: 30}",),
    }


def at(line: int) -> Location:
    """A place in the spec file of the cases."""
    return Location(FILE, line, 5)


def one_of_each() -> tuple[Change, ...]:
    """Every kind of change, with all that planning may say of it."""
    renews: Mapping[str, object] = {"until": "2027-03-01", "renews": "2027-03-01"}
    term: Mapping[str, object] = {"term_start": "2026-04-01", "term_end": "2027-04-01"}
    until = Risk.REVERSIBLE_UNTIL
    moves: tuple[dict[str, JsonValue], dict[str, JsonValue]] = (
        {"seats": 25, "owner": None, "labels": {"team": "sales", "site": "Graz"}, "protected": False},
        {"seats": 30, "owner": "it@contoso.example", "labels": {"team": "it", "unit": "7"}, "protected": True},
    )
    return (
        a_change(Kind.REGISTER, "contoso/new-1", impact=term),
        a_change(Kind.REGISTER, "contoso/new-2", impact=term),
        a_change(Kind.REGISTER, "fabrikam/new-1", impact=term),
        a_change(Kind.ADOPT, "fabrikam/known"),
        a_change(Kind.RENAME, product="VISIOCLIENT", place=at(12)),
        a_change(Kind.CORRECT, impact=term, product="VISIOCLIENT", place=at(14)),
        a_change(Kind.UPDATE, before=moves[0], after=moves[1], product="VISIOCLIENT", place=at(15)),
        a_change(Kind.TURN_ON, "contoso/word", risk=until, impact=renews, reason="back in use", place=at(70)),
        turn_off(),
        a_change(
            Kind.CANCEL_AT_RENEWAL,
            "contoso/project",
            risk=until,
            impact={"until": "2027-05-01", "last_day": "2027-04-30"},
        ),
        a_change(Kind.UNDO_CANCEL, "contoso/excel", risk=until, impact=renews, product="SPB"),
        a_change(
            Kind.UNDO_CANCEL,
            "contoso/access",
            after={"recurring": "off", "cancellation": "none"},
            risk=until,
            impact={"until": "2027-03-01"},
        ),
        cancel_now(),
        a_change(Kind.REACTIVATE, "contoso/planner", risk=Risk.IRREVERSIBLE, reason="needed again", place=at(80)),
        a_change(Kind.FORGET, "contoso/gone", risk=Risk.IRREVERSIBLE, place=Location("command line")),
    )


REFUSALS = (
    Refusal(
        "max-endings",
        "contoso",
        "7 ending changes in contoso, 5 allowed (safety.max_endings: count 20, percent 10, at_least 5, of 45)",
        "for this run: --allow max-endings='contoso/*'; reviewed and expiring, in reconcile.yaml, applied before: "
        'overrides: [{limit: max_endings, match: "contoso/*", count: 7, until: 2026-12-31, reason: ...}]',
        7,
        5,
    ),
    Refusal(
        "max-cancel-now",
        "contoso",
        "2 immediate cancellations in contoso, 1 allowed (safety.max_cancel_now: count 2, percent 5, at_least 1)",
        "for this run: --allow max-cancel-now='contoso/*'",
        2,
        1,
    ),
    Refusal("frozen", "run", "frozen since 2026-11-20T08:00:00Z by ada: year-end close", "to end it: reconcile thaw"),
)


def _hostile() -> Case:
    rough = at(9)
    plan = a_plan(
        cancel_now(reason=HOSTILE, product=HOSTILE),
        turn_off(reason="::error::first in its line", place=Location(f"specs/{HOSTILE}.yaml", 3, 1)),
        a_change(
            Kind.UPDATE, "contoso/teams", before={"owner": "a"}, after={"owner": HOSTILE, "labels": {HOSTILE: HOSTILE}}
        ),
        blocked=(blocked(detail=f"`{HOSTILE}`", hint=HOSTILE),),
        released=(Listed(key("contoso/power-bi"), HOSTILE, HOSTILE, rough, HOSTILE),),
        drift=(Drift(key("contoso/teams"), HOSTILE, HOSTILE, None),),
        rules=(RuleUse(rough, 1, (HOSTILE,), HOSTILE),),
        diagnostics=(warning("unknown-product", "unknown product", rough, detail=f"'{HOSTILE}'", hint=HOSTILE),),
        headlines=(HOSTILE,),
    )
    return a_case(plan, Refusal("frozen", "run", f"frozen by ada: {HOSTILE}", HOSTILE))


def _applied() -> Case:
    changes = (
        a_change(Kind.REGISTER, "contoso/new-1"),
        a_change(Kind.REGISTER, "contoso/new-2"),
        turn_off(),
        cancel_now(),
    )
    plan = a_plan(*changes, blocked=(blocked(),), unchanged=38, bindings=Bindings("5f" * 32, "a7" * 32, None, 0, None))
    outcomes = {"copilot-duplicate": (OutcomeKind.FAILED, "the date is beyond the calendar")}
    reports = [ChangeReport(item, *outcomes.get(item.key.name, (OutcomeKind.SUCCEEDED,))) for item in plan.changes]
    report = ApplyReport(
        run="run-1", changes=tuple(reports), lineage=LINEAGE, created_store=True, ledger_accounts=("contoso",)
    )
    return a_case(plan, report=report)


def _stopped() -> Case:
    plan = a_plan(turn_off(), turn_off("contoso/visio-plan-3"), turn_off("fabrikam/visio"), cancel_now())
    outcomes = {
        "visio-plan-2": OutcomeKind.SUCCEEDED,
        "visio-plan-3": OutcomeKind.UNKNOWN,
        "copilot-duplicate": OutcomeKind.SKIPPED,
    }
    reports = tuple(
        ChangeReport(item, outcomes[item.key.name]) for item in plan.changes if item.key.account == "contoso"
    )
    freeze = Freeze("year-end close", NOW, "ada")
    report = ApplyReport("run-2", reports, interrupted=True, frozen=freeze)
    verdict = Verdict(
        tuple(item for item in plan.changes if item.key.account == "contoso"),
        (
            Refusal(
                "wrong-account",
                "fabrikam",
                "fabrikam was recorded as ledger, tenant a",
                "use another account name for it",
            ),
        ),
    )
    return Case(plan, verdict, real_names(), report)


def _partly_refused() -> Case:
    """One account exceeds a limit and is refused whole; the other goes on."""
    passing = (turn_off("fabrikam/visio"), a_change(Kind.RENAME, "fabrikam/teams"))
    held = (*(turn_off(f"contoso/visio-{number}") for number in range(6)), a_change(Kind.UPDATE, "contoso/word"))
    plan = a_plan(*passing, *held, unchanged=12)
    verdict = Verdict(tuple(item for item in plan.changes if item.key.account == "fabrikam"), REFUSALS[:1])
    return Case(plan, verdict, real_names())


def _large() -> Case:
    plan = a_plan(
        *(turn_off(f"contoso/visio-{number:04}", reason="retired:" + " long" * 30) for number in range(2990)),
        *(cancel_now(f"contoso/copilot-{number}") for number in range(10)),
        blocked=tuple(blocked(f"contoso/old-{number}") for number in range(30)),
        unmanaged=tuple(key(f"contoso/thing-{number:04}") for number in range(500)),
    )
    return a_case(plan, *REFUSALS[:1], formats=("md", "github"))


@cache
def cases() -> dict[str, Case]:
    """Every case by its folder's name."""
    example = a_plan(cancel_now(), turn_off(), unchanged=41, blocked=(blocked(),))
    return {
        "empty": a_case(a_plan(unchanged=45)),
        "example": a_case(example),
        "every-kind": a_case(a_plan(*one_of_each())),
        "everything-beside": a_case(a_plan(turn_off(), **_beside())),
        "refused": a_case(
            a_plan(*(turn_off(f"contoso/visio-{number}") for number in range(7)), cancel_now()), *REFUSALS
        ),
        "partly-refused": _partly_refused(),
        "first-run": a_case(
            a_plan(
                *(a_change(Kind.REGISTER, f"contoso/visio-{number}") for number in range(45)),
                headlines=("new store: nothing is recorded yet, everything declared is registered",),
            )
        ),
        "hostile": _hostile(),
        "applied": _applied(),
        "stopped": _stopped(),
        "large": _large(),
    }

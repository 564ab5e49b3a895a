"""Plans worth looking at, by name: the golden files show each of them in every format."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta, timezone
from functools import cache
from typing import Any

from reconciler.catalogue import Catalogue
from reconciler.changes import Blocked, Change, Drift, JsonValue, Kind, Listed, Refusal, Risk, Scheduled
from reconciler.consequences import Amount, Basis, Charge, Due, Impact, Refund, Totals
from reconciler.desired import RuleUse
from reconciler.diagnostics import Location, warning
from reconciler.events import Event, EventKind
from reconciler.journal import ApplyReport, ChangeReport, Freeze, OutcomeKind
from reconciler.model import Money, SubscriptionKey, TermLength, money_from_text
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


def money(text: str) -> Money:
    """The sum that `20.60 EUR` says."""
    found = money_from_text(text)
    assert found is not None
    return found


def declared(text: str, detail: str = "") -> Amount:
    """A sum from the declared price."""
    return Amount(money(text), Basis.DECLARED, detail)


NO_PRICE = Amount(None, Basis.UNKNOWN, "no price is declared, and there is no price list")

CANCELLED = Impact(
    last_day=date(2026, 11, 23),
    access_ends=NOW,
    expired_days=0,
    data_deleted=date(2027, 2, 21),
    window_closes=datetime(2026, 11, 27, tzinfo=UTC),
    charge=Charge(declared("1692.00 EUR", "5 x 338.40 EUR"), date(2027, 11, 20), TermLength.ANNUAL, incurred=False),
    refund=Refund(
        declared("1673.45 EUR", "5 x 338.40 EUR x 361 / 365"), "prorated", "361 of 365 days left, rounded down"
    ),
    value=declared("1692.00 EUR", "5 x 338.40 EUR"),
)
"""What follows from cancelling a yearly subscription three days after it began."""
TURNED_OFF = Impact(
    last_day=date(2026, 11, 29),
    access_ends=datetime(2026, 12, 30, tzinfo=UTC),
    expired_days=30,
    data_deleted=date(2027, 3, 30),
    reversible_until=datetime(2026, 11, 30, tzinfo=UTC),
    charge=Charge(declared("13.10 EUR", "1 x 13.10 EUR"), date(2026, 11, 30), TermLength.MONTHLY, incurred=False),
    value=declared("13.10 EUR", "1 x 13.10 EUR"),
)
"""What follows from turning a monthly subscription off."""


def goes_on(
    amount: Amount, value: Amount | None = None, *, per: TermLength = TermLength.ANNUAL, **fields: Any
) -> Impact:
    """What follows where it renews on 1 March 2027."""
    charge = Charge(amount, date(2027, 3, 1), per, incurred=True)
    until = datetime(2027, 3, 1, tzinfo=UTC)
    return Impact(renews=until.date(), reversible_until=until, charge=charge, value=value or amount, **fields)


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
        "impact": CANCELLED,
        "product": "Microsoft_365_Copilot",
        "reason": "duplicate of copilot",
        "place": Location(FILE, 31, 13),
    }
    return a_change(Kind.CANCEL_NOW, name, **(usual | fields))


def turn_off(name: str = "contoso/visio-plan-2", **fields: Any) -> Change:
    """A turning off as planning makes it."""
    usual: dict[str, Any] = {
        "risk": Risk.REVERSIBLE_UNTIL,
        "impact": TURNED_OFF,
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


_BY_LIST = Amount(money("515.00 EUR"), Basis.PRICE_LIST, "25 x 20.60 EUR")
_BY_LAST = Amount(money("120.00 USD"), Basis.LAST_CHARGE, "120.00 USD")
_TERM = Impact(
    term_start=date(2026, 4, 1), term_end=date(2027, 4, 1), renews=date(2027, 4, 1), value=declared("96.00 EUR")
)
_NEVER_ASKED = Impact(
    last_day=date(2027, 4, 30),
    reversible_until=datetime(2027, 5, 1, tzinfo=UTC),
    charge=Charge(NO_PRICE, date(2027, 5, 1), TermLength.ANNUAL, incurred=False),
    value=NO_PRICE,
    unknown=("expired_days", "access_ends", "data_deleted"),
)
_BY_MONTH = Impact(
    last_day=date(2027, 2, 13),
    access_ends=datetime(2027, 2, 14, tzinfo=UTC),
    access_ends_local=datetime(2027, 2, 14, 2, tzinfo=timezone(timedelta(hours=2), "EET")),
    expired_days=0,
    data_deleted=date(2027, 5, 15),
    data_gone_by=date(2027, 8, 13),
    reversible_until=datetime(2027, 2, 14, tzinfo=UTC),
    charge=Charge(_BY_LIST, date(2027, 2, 14), TermLength.MONTHLY, incurred=False),
    value=Amount(money("6180.00 EUR"), Basis.PRICE_LIST, "25 x 20.60 EUR x 12"),
    side_effects=("changes that are scheduled at the vendor are deleted", "the custom domain must be removed first"),
    instead_of="an immediate cancellation, whose window closed on 21 Feb 2026",
)


def one_of_each() -> tuple[Change, ...]:
    """Every kind of change, with all that planning may say of it."""
    until = Risk.REVERSIBLE_UNTIL
    moves: tuple[dict[str, JsonValue], dict[str, JsonValue]] = (
        {"seats": 25, "owner": None, "labels": {"team": "sales", "site": "Graz"}, "protected": False},
        {"seats": 30, "owner": "it@contoso.example", "labels": {"team": "it", "unit": "7"}, "protected": True},
    )
    again = Charge(declared("48.00 EUR"), date(2026, 11, 23), TermLength.ANNUAL, incurred=True)
    extended = replace(
        TURNED_OFF, expired_days=None, access_ends=None, data_deleted=None, extension=declared("13.49 EUR")
    )
    return (
        a_change(Kind.REGISTER, "contoso/new-1", impact=_TERM),
        a_change(Kind.REGISTER, "contoso/new-2", impact=_TERM),
        a_change(Kind.REGISTER, "fabrikam/new-1", impact=_TERM),
        a_change(Kind.ADOPT, "fabrikam/known"),
        a_change(Kind.RENAME, product="VISIOCLIENT", place=at(12)),
        a_change(Kind.CORRECT, impact=_TERM, product="VISIOCLIENT", place=at(14)),
        a_change(Kind.UPDATE, before=moves[0], after=moves[1], product="VISIOCLIENT", place=at(15)),
        a_change(
            Kind.TURN_ON, "contoso/word", risk=until, impact=goes_on(_BY_LAST), reason="back in use", place=at(70)
        ),
        turn_off(),
        turn_off("contoso/visio-plan-3", impact=extended, reason=None),
        a_change(Kind.CANCEL_AT_RENEWAL, "contoso/project", risk=until, impact=_NEVER_ASKED),
        a_change(Kind.CANCEL_AT_RENEWAL, "contoso/teams", risk=until, impact=_BY_MONTH, product="TEAMS1"),
        a_change(
            Kind.UNDO_CANCEL,
            "contoso/excel",
            risk=until,
            impact=goes_on(declared("20.60 EUR"), declared("247.20 EUR"), per=TermLength.MONTHLY),
            product="SPB",
        ),
        a_change(
            Kind.UNDO_CANCEL,
            "contoso/access",
            after={"recurring": "off", "cancellation": "none"},
            risk=until,
            impact=Impact(reversible_until=datetime(2027, 3, 1, tzinfo=UTC)),
        ),
        cancel_now(),
        a_change(
            Kind.REACTIVATE,
            "contoso/planner",
            risk=Risk.IRREVERSIBLE,
            reason="needed again",
            place=at(80),
            impact=Impact(
                term_start=date(2026, 11, 23),
                term_end=date(2027, 11, 23),
                renews=date(2027, 11, 23),
                charge=again,
                value=again.amount,
                side_effects=("the vendor makes a new subscription of it, with an id of its own",),
            ),
        ),
        a_change(Kind.FORGET, "contoso/gone", risk=Risk.IRREVERSIBLE, place=Location("command line")),
    )


def event(name: str, kind: EventKind, at: date, product: str = "") -> Event:
    """What time did to a subscription at the beginning of a day."""
    instant = datetime(at.year, at.month, at.day, tzinfo=UTC)
    before, after = {"status": "active"}, {"status": str(kind)}
    if kind is EventKind.RENEWED:
        before = {"term_start": "2026-01-01", "term_end": at.isoformat()}
        after = {"term_start": at.isoformat(), "term_end": "2027-01-01"}
    return Event(key(name), kind, instant, before, after, product)


def due(name: str, amount: Amount, on: date = date(2026, 12, 14), **fields: Any) -> Due:
    """A yearly renewal that nobody has decided."""
    usual: dict[str, Any] = {"product": "SPB", "length": TermLength.ANNUAL, "owner": None, "managed": True}
    usual["place"] = at(90) if fields.get("managed", True) else None
    return Due(key(name), amount=amount, on=on, **(usual | fields))


def timed() -> dict[str, Any]:
    """What time did, what is scheduled, and what is due; with the sums of the changes."""
    return {
        "elapsed": (
            event("contoso/access", EventKind.EXPIRED, date(2026, 8, 1)),
            event("contoso/access", EventKind.DISABLED, date(2026, 8, 31)),
            *(event("contoso/exchange", EventKind.RENEWED, date(2026, month, 1)) for month in range(1, 12)),
            event("contoso/planner", EventKind.RENEWED, date(2026, 9, 9), "PROJECT_P1"),
        ),
        "scheduled": (
            Scheduled(
                key("contoso/power-bi"),
                date(2027, 2, 1),
                Kind.CANCEL_AT_RENEWAL,
                "`cancel: at-renewal`",
                at(61),
                "POWER_BI_PRO",
                "replaced by the new report",
                _BY_MONTH,
            ),
            Scheduled(
                key("contoso/teams"), date(2027, 3, 1), None, "`recurring: on`, which it will be already", at(66)
            ),
        ),
        "due": (
            due("contoso/business-premium", declared("6180.00 EUR"), owner="it@contoso.example"),
            due("contoso/sentinel", Amount(money("120.00 USD"), Basis.LAST_CHARGE), date(2026, 12, 20)),
            due("contoso/old-thing", NO_PRICE, date(2026, 12, 22), managed=False),
        ),
        "totals": Totals({"EUR": 618000, "USD": 12000}, {"EUR": 4800}, {"EUR": 167345}, 1),
    }


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
    told = Amount(money("1.00 EUR"), Basis.PRICE_LIST, HOSTILE)
    unknown = Amount(None, Basis.UNKNOWN, HOSTILE)
    impact = replace(
        CANCELLED,
        charge=Charge(told, date(2027, 1, 1), TermLength.ANNUAL, incurred=False),
        refund=Refund(unknown, "prorated", HOSTILE),
        value=unknown,
        side_effects=(HOSTILE, "::error::first in its line"),
        unknown=(HOSTILE,),
        instead_of=HOSTILE,
    )
    plan = a_plan(
        cancel_now(reason=HOSTILE, product=HOSTILE, impact=impact),
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
        elapsed=(event("contoso/teams", EventKind.EXPIRED, date(2026, 8, 1), HOSTILE),),
        scheduled=(
            Scheduled(key("contoso/teams"), date(2027, 1, 1), Kind.TURN_OFF, HOSTILE, rough, HOSTILE, HOSTILE, impact),
        ),
        due=(due("contoso/teams", unknown, product=HOSTILE, owner=HOSTILE),),
        totals=Totals(unknown=2),
    )
    return a_case(plan, Refusal("frozen", "run", f"frozen by ada: {HOSTILE}", HOSTILE))


def _in_time() -> Case:
    """Everything that concerns time and money at once."""
    return a_case(a_plan(cancel_now(), turn_off(), unchanged=41, **timed()))


def _recorded() -> Case:
    """An apply that recorded what time did beside its changes, all of which succeeded."""
    plan = a_plan(*one_of_each(), **timed())
    reports = tuple(ChangeReport(item, OutcomeKind.SUCCEEDED) for item in plan.changes)
    report = ApplyReport("run-3", reports, plan.elapsed, ledger_accounts=("contoso", "fabrikam"))
    return a_case(plan, report=report)


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
    from tests.views.outside_cases import outside_cases  # made of the builders above

    example = a_plan(cancel_now(), turn_off(), unchanged=41, blocked=(blocked(),))
    return {
        **outside_cases(),
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
        "in-time": _in_time(),
        "recorded": _recorded(),
        "applied": _applied(),
        "stopped": _stopped(),
        "large": _large(),
    }

"""The documents that machines read: the contract's fields in the contract's order, and valid whatever they hold."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from types import MappingProxyType

import orjson
import pytest

from reconciler.changes import Kind, Refusal, Risk
from reconciler.diagnostics import Location, error
from reconciler.journal import ApplyReport, ChangeReport, FreezeEntry, HistoryEntry, OutcomeKind
from reconciler.model import Money, Recurring, Term
from reconciler.plan import Plan, Verdict
from reconciler.views.json import explain_json, failure_json, history_json, note_json, plan_json
from reconciler.views.json_values import plain, source
from tests.builders import a_change
from tests.views.cases import NOW, REFUSALS, a_plan, cancel_now, cases, key, real_names, timed, turn_off
from tests.views.outside_cases import FOLDED, outside_cases

NAMES = real_names()


def test_the_fields_stand_in_the_order_of_the_contract() -> None:
    case = cases()["applied"]
    document = orjson.loads(plan_json(case.plan, case.verdict, command="apply", names=NAMES, report=case.report))
    assert (
        list(document)
        == (
            "format_version command as_of run elapsed_recorded bindings fingerprint headlines refused summary totals "
            "first_irreversible changes blocked held pending drift released ended elapsed scheduled due unmanaged "
            "sightings rules diagnostics"
        ).split()
    )
    assert (
        list(document["changes"][0])
        == (
            "subscription external_id kind product product_name before after reason risk instead_of impact source "
            "outcome error code note undo"
        ).split()
    )


def test_a_document_is_pretty_or_on_one_line_and_ends_its_line() -> None:
    plan = a_plan(turn_off())
    pretty, flat = (
        plan_json(plan, Verdict(plan.changes), command="plan", names=NAMES, pretty=how) for how in (True, False)
    )
    assert orjson.loads(pretty) == orjson.loads(flat)
    assert pretty.startswith(b'{\n  "format_version": "1.2",\n')
    assert (flat.count(b"\n"), flat[-1:]) == (1, b"\n")


def test_a_refused_change_is_skipped_and_says_by_what() -> None:
    plan = a_plan(turn_off(), turn_off("fabrikam/x"))
    report = ApplyReport("run-1")
    for refused, errors in ((REFUSALS[:1], ["refused: max-endings", "not applied"]), ((), ["not applied"] * 2)):
        document = plan_json(plan, Verdict((), refused), command="apply", names=NAMES, report=report)
        changes = orjson.loads(document)["changes"]
        assert [(item["outcome"], item["error"]) for item in changes] == [("skipped", text) for text in errors]
        assert [item["undo"] for item in changes] == [None, None]


def test_only_what_succeeded_can_be_undone() -> None:
    plan = a_plan(turn_off(), turn_off("contoso/visio-plan-3"))
    outcomes = (OutcomeKind.SUCCEEDED, OutcomeKind.FAILED)
    report = ApplyReport("run-1", tuple(ChangeReport(*pair) for pair in zip(plan.changes, outcomes, strict=True)))
    document = plan_json(plan, Verdict(plan.changes), command="apply", names=NAMES, report=report)
    done, failed = (item["undo"] for item in orjson.loads(document)["changes"])
    assert (done["possible"], done["keys"], done["until"]) == (True, {"recurring": "on"}, "2026-11-30T00:00:00Z")
    assert failed is None


def test_what_time_did_is_listed_and_an_apply_says_how_much_it_recorded() -> None:
    plan = a_plan(**timed())
    report = ApplyReport("run-1", elapsed=plan.elapsed[:3])
    planned, applied = (
        orjson.loads(plan_json(plan, Verdict(()), command=command, names=NAMES, report=how))
        for command, how in (("plan", None), ("apply", report))
    )
    assert len(planned["elapsed"]) == len(applied["elapsed"]) == 14
    assert (applied["elapsed_recorded"], "elapsed_recorded" in planned) == (3, False)
    assert [planned["summary"][name] for name in ("elapsed", "scheduled", "due")] == [14, 2, 3]


def test_the_point_of_no_return_is_an_instant_or_null() -> None:
    found = {
        orjson.loads(plan_json(plan, Verdict(()), command="plan", names=NAMES))["first_irreversible"]
        for plan in (a_plan(turn_off()), a_plan(turn_off(), cancel_now()), a_plan(a_change(Kind.RENAME)))
    }
    assert found == {"2026-11-30T00:00:00Z", "2026-11-23T00:00:00Z", None}


def test_what_lies_with_others_is_listed_and_counted() -> None:
    case = outside_cases()["outside"]
    document = orjson.loads(plan_json(case.plan, case.verdict, command="plan", names=NAMES))
    assert [document["summary"][name] for name in ("held", "pending", "overdue", "drift")] == [2, 4, 1, 3]
    late, working, *_ = document["pending"]
    assert late == {
        "subscription": "kiosk/project",
        "kind": "cancel-now",
        "product": "VISIOCLIENT",
        "product_name": "Visio Plan 2",
        "since": "2026-11-02",
        "deadline": "2026-11-20",
        "overdue": True,
        "withdrawn": False,
        "owner": "it@contoso.example",
        "detail": "turn-off-recurring by hand",
        "hint": "once it is done: reconcile done kiosk/project",
        "source": {"file": "specs/contoso/licences.yaml", "line": 22, "column": 5},
    }
    assert (working["deadline"], working["owner"], working["product_name"]) == (None, None, None)
    assert document["sightings"][1] == {
        "account": "fabrikam",
        "at": "2026-11-20T23:00:00Z",
        "fresh": False,
        "seen": 3,
        "undeclared": 0,
        "trouble": "sign-in-failed: the secret has expired",
    }
    board = next(item for item in document["changes"] if item["subscription"] == "stripe-eu/board")
    assert board["instead_of"] == FOLDED


def test_an_apply_says_what_was_begun_with_which_code_and_how_it_is_known() -> None:
    case = outside_cases()["outside-applied"]
    document = orjson.loads(plan_json(case.plan, case.verdict, command="apply", names=NAMES, report=case.report))
    became = {
        item["subscription"]: (item["outcome"], item["code"], item["note"], item["undo"] is not None)
        for item in document["changes"]
    }
    assert became["kiosk/visio"] == ("accepted", None, None, False)
    assert became["contoso/visio-plan-2"] == ("accepted", None, "asked 3 times, for 40 s", False)
    assert became["contoso/visio-plan-3"] == ("failed", "busy", None, False)
    assert became["contoso/copilot-duplicate"] == ("succeeded", None, "settled by reading: the answer was lost", True)


def test_a_limit_in_money_tells_both_amounts() -> None:
    refusal = Refusal("max-cancelled-value", "contoso", "", "", amount="6180.00 EUR", allowed_amount="5000.00 EUR")
    document = plan_json(a_plan(), Verdict((), (refusal,)), command="plan", names=NAMES)
    (found,) = orjson.loads(document)["refused"]
    assert (found["amount"], found["allowed_amount"], found["count"]) == ("6180.00 EUR", "5000.00 EUR", None)


def test_a_change_without_a_product_has_no_name() -> None:
    plan = a_plan(a_change(Kind.RENAME, "contoso/a"), turn_off("contoso/b", product="UNHEARD-OF"))
    changes = orjson.loads(plan_json(plan, Verdict(()), command="plan", names=NAMES))["changes"]
    assert [(item["product"], item["product_name"]) for item in changes] == [(None, None), ("UNHEARD-OF", "UNHEARD-OF")]


def test_a_file_name_that_is_no_text_does_not_spoil_the_document() -> None:
    place = Location("specs/\udcff.yaml", 1, 1)
    found = [error("not-utf-8", "the file is not UTF-8", place)]
    document = orjson.loads(failure_json("plan", found, NOW, "spec-errors", "1 error \udcff", "mend it"))
    assert document["diagnostics"][0]["source"]["file"] == "specs/\\udcff.yaml"
    assert document["error"]["message"] == "1 error \\udcff"
    assert document["diagnostics"][0]["source"]["line"] == 1


def test_a_value_that_json_does_not_know_is_told_in_what_it_knows() -> None:
    @dataclass(frozen=True)
    class Lazy:
        file = "b.yaml"

        @property
        def location(self) -> Location:
            return Location(self.file, 2, 3)

    class Odd:
        def __str__(self) -> str:
            return "odd"

    place = {"file": "a.yaml", "line": 2, "column": 3}
    term = Term(datetime(2026, 3, 1, tzinfo=UTC), datetime(2027, 3, 1, tzinfo=UTC))
    values = {
        Kind.UPDATE: (Recurring.ON, True, None, 1, 1.5, "x"),
        key("contoso/a"): [Money(2060, "EUR"), date(2026, 1, 2), datetime(2026, 1, 2, tzinfo=UTC)],
        "sets": {"b", "a"},
        "places": (Location("a.yaml", 2, 3), Lazy()),
        "mapping": MappingProxyType({"a": Odd()}),
        "term": term,
    }
    assert plain(values) == {
        "update": ["on", True, None, 1, 1.5, "x"],
        "contoso/a": ["20.60 EUR", "2026-01-02", "2026-01-02T00:00:00Z"],
        "sets": ["a", "b"],
        "places": [place, {**place, "file": "b.yaml"}],
        "mapping": {"a": "odd"},
        "term": {"start": "2026-03-01T00:00:00Z", "end": "2027-03-01T00:00:00Z"},
    }


def test_nowhere_is_null() -> None:
    assert source(None) is None


@dataclass(frozen=True)
class _Layer:
    layer: str
    location: Location
    holds: bool


@dataclass(frozen=True)
class _Explained:
    subscription: str
    location: Location
    fields: tuple[_Layer, ...]


def test_an_explanation_keeps_its_own_fields() -> None:
    explanation = _Explained(
        "contoso/a", Location("a.yaml", 2, 3), (_Layer("own keys", Location("a.yaml", 4, 5), True),)
    )
    document = orjson.loads(explain_json(explanation, as_of=NOW))
    assert document == {
        "format_version": "1.2",
        "command": "explain",
        "as_of": "2026-11-23T00:00:00Z",
        "subscription": "contoso/a",
        "location": {"file": "a.yaml", "line": 2, "column": 3},
        "fields": [{"layer": "own keys", "location": {"file": "a.yaml", "line": 4, "column": 5}, "holds": True}],
    }
    assert orjson.loads(explain_json("nothing", as_of=NOW))["explanation"] == "nothing"


def test_a_small_command_prints_its_values_by_name() -> None:
    found = [error("a", "b")]
    document = orjson.loads(note_json("freeze", {"reason": "year-end", "since": NOW}, found))
    assert (document["command"], document["reason"], document["since"]) == (
        "freeze",
        "year-end",
        "2026-11-23T00:00:00Z",
    )
    assert document["diagnostics"][0]["code"] == "a"


ENTRY = HistoryEntry(
    "run-1", NOW, "contoso/b", "update", OutcomeKind.SUCCEEDED, {}, {}, None, None, "ada", None, None, None, None
)  # fmt: skip


def test_history_keeps_the_order_given() -> None:
    other = HistoryEntry(
        "run-0", NOW, "contoso/a", "update", OutcomeKind.FAILED, {}, {}, "why", "no", "ada", None, None, None, None
    )  # fmt: skip
    document = orjson.loads(history_json([ENTRY, other], as_of=NOW))
    assert [item["run"] for item in document["entries"]] == ["run-1", "run-0"]
    assert document["freezes"] == []


def test_history_tells_events_what_changes_came_to_and_freezes() -> None:
    event = replace(ENTRY, kind="renewed", happened_at=datetime(2026, 3, 1, tzinfo=UTC))
    until = datetime(2027, 2, 14, tzinfo=UTC)
    change = replace(ENTRY, risk=Risk.REVERSIBLE_UNTIL, reversible_until=until, value=Money(618000, "EUR"))
    freeze = FreezeEntry("run-2", NOW, "freeze", "year end", "ada")
    document = orjson.loads(history_json([event, change], freezes=[freeze], as_of=NOW))
    told = [
        [item[name] for name in ("happened_at", "risk", "reversible_until", "value")] for item in document["entries"]
    ]
    assert told == [
        ["2026-03-01T00:00:00Z", None, None, None],
        [
            None,
            "reversible-until",
            "2027-02-14T00:00:00Z",
            {"amount": "6180.00 EUR", "minor": 618000, "currency": "EUR"},
        ],
    ]
    assert document["freezes"] == [
        {
            "run": "run-2",
            "at": "2026-11-23T00:00:00Z",
            "kind": "freeze",
            "reason": "year end",
            "actor": "ada",
            "ci_run": None,
        }
    ]


@pytest.mark.parametrize(
    ("command", "empty"), [("status", "subscriptions"), ("history", "entries"), ("apply", "changes")]
)
def test_a_failure_is_the_commands_own_document_and_empty(command: str, empty: str) -> None:
    document = orjson.loads(failure_json(command, (), None, "no-store", "there is none", pretty=False))
    assert (document["command"], document[empty], document["error"]["code"]) == (command, [], "no-store")


def test_the_same_plan_gives_the_same_bytes() -> None:
    def printed(plan: Plan) -> bytes:
        return plan_json(plan, Verdict(plan.changes), command="plan", names=NAMES)

    assert printed(cases()["every-kind"].plan) == printed(cases()["every-kind"].plan)

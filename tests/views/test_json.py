"""The documents that machines read: the contract's fields in the contract's order, and valid whatever they hold."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from types import MappingProxyType

import orjson
import pytest

from reconciler.changes import Kind
from reconciler.diagnostics import Location, error
from reconciler.journal import ApplyReport, HistoryEntry, OutcomeKind
from reconciler.model import Money, Recurring, Term
from reconciler.plan import Plan, Verdict
from reconciler.views.json import (
    explain_json,
    failure_json,
    history_json,
    note_json,
    plain,
    plan_json,
    show_json,
    source,
    status_json,
)
from reconciler.views.status import status_row
from tests.builders import a_change, a_stored
from tests.views.cases import NOW, REFUSALS, a_plan, cases, key, real_names, turn_off

NAMES = real_names()


def test_the_fields_stand_in_the_order_of_the_contract() -> None:
    case = cases()["applied"]
    document = orjson.loads(plan_json(case.plan, case.verdict, command="apply", names=NAMES, report=case.report))
    assert (
        list(document)
        == (
            "format_version command as_of run bindings fingerprint headlines refused summary changes blocked held "
            "drift released ended elapsed unmanaged rules diagnostics"
        ).split()
    )
    assert (
        list(document["changes"][0])
        == (
            "subscription external_id kind product product_name before after reason risk impact source outcome error"
        ).split()
    )


def test_a_document_is_pretty_or_on_one_line_and_ends_its_line() -> None:
    plan = a_plan(turn_off())
    pretty, flat = (
        plan_json(plan, Verdict(plan.changes), command="plan", names=NAMES, pretty=how) for how in (True, False)
    )
    assert orjson.loads(pretty) == orjson.loads(flat)
    assert pretty.startswith(b'{\n  "format_version": "1.0",\n')
    assert (flat.count(b"\n"), flat[-1:]) == (1, b"\n")


def test_a_refused_change_is_skipped_and_says_by_what() -> None:
    plan = a_plan(turn_off(), turn_off("fabrikam/x"))
    report = ApplyReport("run-1")
    for refused, errors in ((REFUSALS[:1], ["refused: max-endings", "not applied"]), ((), ["not applied"] * 2)):
        document = plan_json(plan, Verdict((), refused), command="apply", names=NAMES, report=report)
        changes = orjson.loads(document)["changes"]
        assert [(item["outcome"], item["error"]) for item in changes] == [("skipped", text) for text in errors]


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
        "format_version": "1.0",
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


def test_the_estate_is_listed_by_key() -> None:
    rows = [status_row(a_stored(name), NAMES, managed=True) for name in ("contoso/b", "contoso/a")]
    document = orjson.loads(status_json(rows, as_of=NOW))
    assert [item["subscription"] for item in document["subscriptions"]] == ["contoso/a", "contoso/b"]


@pytest.mark.parametrize("managed", [True, False])
def test_one_subscription_is_shown_with_its_history(managed: bool) -> None:
    stored = a_stored("contoso/b", labels={"team": "sales"})
    row = status_row(stored, NAMES, managed=managed)
    place = Location("a.yaml", 2, 3) if managed else None
    document = orjson.loads(show_json(row, [ENTRY], as_of=NOW, stored=stored, place=place))
    assert document["subscription"]["labels"] == {"team": "sales"}
    assert document["subscription"]["start"] == "2026-03-01"
    assert (document["subscription"]["source"] is not None) == managed
    assert [item["run"] for item in document["entries"]] == ["run-1"]
    assert "labels" not in orjson.loads(show_json(row, [], as_of=NOW))["subscription"]


def test_history_keeps_the_order_given() -> None:
    other = HistoryEntry(
        "run-0", NOW, "contoso/a", "update", OutcomeKind.FAILED, {}, {}, "why", "no", "ada", None, None, None, None
    )  # fmt: skip
    document = orjson.loads(history_json([ENTRY, other], as_of=NOW))
    assert [item["run"] for item in document["entries"]] == ["run-1", "run-0"]


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

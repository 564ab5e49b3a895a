"""The published schemas: every document that we print is valid by them, and no field of it unknown to them."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from dataclasses import fields, replace
from datetime import UTC, date, datetime
from functools import partial
from typing import Any

import orjson
import pytest
from jsonschema import Draft202012Validator
from pydantic import ValidationError

from reconciler.answers import Identity, Role
from reconciler.changes import Risk
from reconciler.consequences import Impact
from reconciler.diagnostics import Location, error
from reconciler.documents import (
    MAJOR,
    Head,
    HistoryDocument,
    Name,
    PlanDocument,
    StatusDocument,
    TasksDocument,
    WhoamiDocument,
    schema,
)
from reconciler.documents.consequences import ImpactPart, UndoPart
from reconciler.journal import FreezeEntry, HistoryEntry, OutcomeKind
from reconciler.model import Money, Recurring, TermLength
from reconciler.observed import Obstacle
from reconciler.undoing import Undo
from reconciler.views.json import FORMAT_VERSION, failure_json, history_json, plan_json
from reconciler.views.status import status_row
from reconciler.views.status_json import status_json
from reconciler.views.tasks import tasks_json
from reconciler.views.whoami import WhoamiEntry, whoami_json
from tests.builders import a_stored
from tests.views.cases import HOSTILE, NOW, cases, real_names
from tests.views.outside_cases import a_task

ROWS = [a_task(), a_task("kiosk/word", withdrawn=True, deadline=None, source=None, product="", steps=())]
ENTRIES = [
    WhoamiEntry(
        "contoso",
        "microsoft",
        Identity("ada", "7a1f", (("b", "B"),), (Role("r", "b", ("cancel",)),), ("n",)),
        None,
        "7a1f",
    ),
    WhoamiEntry("fabrikam", "stripe", None, Obstacle("sign-in-failed", HOSTILE)),
]

FOUND = (error("unknown-key", "unknown key", Location("a.yaml", 3, 1)), error("no-settings", "there are none"))
ENTRY = HistoryEntry(
    "run-1", NOW, "contoso/visio", "update", OutcomeKind.INTENDED, {"labels": {"a": "b"}}, {"seats": 3, "owner": None},
    HOSTILE, None, "ada", None, None, None, Location("a.yaml", 3, 1),
)  # fmt: skip

BEGUN = replace(ENTRY, outcome=OutcomeKind.ACCEPTED, note="settled by reading")
EVENT = replace(ENTRY, kind="renewed", happened_at=datetime(2026, 3, 1, tzinfo=UTC))
WORTH = replace(
    ENTRY, risk=Risk.REVERSIBLE_UNTIL, reversible_until=datetime(2027, 3, 1, tzinfo=UTC), value=Money(1310, "EUR")
)
THAW = FreezeEntry("run-2", NOW, "thaw", None, "ada")


def a_plan_document(name: str) -> bytes:
    """A case's document."""
    case = cases()[name]
    command = "plan" if case.report is None else "apply"
    return plan_json(case.plan, case.verdict, command=command, names=case.names, report=case.report)


def a_status_document() -> bytes:
    """Two subscriptions: one with everything, one with little."""
    rich = a_stored("contoso/a", price=Money(2060, "EUR"), seats=3, owner="it", id="x", billing=TermLength.MONTHLY)
    poor = a_stored("contoso/b", recurring=Recurring.OFF)
    seen = {rich.key: NOW}
    rows = [status_row(item, real_names(), managed=True, now=NOW, observed=seen) for item in (rich, poor)]
    return b"".join(status_json(rows, as_of=NOW, diagnostics=FOUND))


PRINTED: dict[str, tuple[Name, Callable[[], bytes]]] = {
    **{
        f"the plan {name}": ("plan", partial(a_plan_document, name))
        for name in cases()
        if "json" in cases()[name].formats
    },
    "a failed plan": ("plan", lambda: failure_json("plan", FOUND, NOW, "spec-errors", "2 errors", "mend them")),
    "a failed apply before there was an instant": ("plan", lambda: failure_json("apply", (), None, "usage", "what?")),
    "the status": ("status", a_status_document),
    "a failed status": ("status", lambda: failure_json("status", FOUND, NOW, "no-store", "there is none")),
    "the history": ("history", lambda: history_json([ENTRY, EVENT, WORTH, BEGUN], freezes=[THAW], as_of=NOW)),
    "the tasks": ("tasks", lambda: tasks_json(ROWS, real_names(), as_of=NOW)),
    "who is signed in": ("whoami", lambda: whoami_json(ENTRIES, as_of=NOW)),
    "a failed history": ("history", lambda: failure_json("history", (), NOW, "no-store", "there is none")),
}


@pytest.fixture(params=PRINTED, scope="module")
def printed(request: pytest.FixtureRequest) -> tuple[Name, dict[str, Any]]:
    """Each document that we print, with the name of its schema."""
    name, document = PRINTED[request.param]
    return name, orjson.loads(document())


def objects(part: Any) -> Iterator[dict[str, Any]]:
    """Every JSON object within a value."""
    if isinstance(part, dict):
        yield part
    for inner in part.values() if isinstance(part, dict) else part if isinstance(part, list) else ():
        yield from objects(inner)


def closed(name: Name) -> Draft202012Validator:
    """The schema, with nothing allowed that it does not describe."""
    strict = copy.deepcopy(schema(name))
    for part in objects(strict):
        if part.get("additionalProperties") is True and "properties" in part:
            part["additionalProperties"] = False
    return Draft202012Validator(strict)


def test_what_we_print_is_valid_and_described_to_the_last_field(printed: tuple[Name, dict[str, Any]]) -> None:
    name, document = printed
    closed(name).validate(document)


def test_model_and_schema_agree_on_what_we_print(printed: tuple[Name, dict[str, Any]]) -> None:
    name, document = printed
    models: dict[Name, type[Head]] = {
        "plan": PlanDocument,
        "status": StatusDocument,
        "history": HistoryDocument,
        "tasks": TasksDocument,
        "whoami": WhoamiDocument,
    }
    model = models[name]
    model.model_validate_json(orjson.dumps(document))


@pytest.mark.parametrize("name", ["plan", "status", "history", "tasks", "whoami"])
def test_the_schema_is_one_of_its_dialect_and_describes_every_field(name: Name) -> None:
    found = schema(name)
    assert found["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    Draft202012Validator.check_schema(found)
    bare = [
        f"{part['title']}.{field}"
        for part in objects(found)
        if "properties" in part
        for field, described in part["properties"].items()
        if "description" not in described and "$ref" not in described
    ]
    assert bare == []


def test_the_printed_version_is_the_models() -> None:
    assert FORMAT_VERSION == "1.2"
    assert FORMAT_VERSION.split(".")[0] == str(MAJOR)


def test_an_impact_has_the_fields_of_the_vocabulary() -> None:
    assert list(ImpactPart.model_fields) == [item.name for item in fields(Impact)]


def test_a_way_back_has_the_fields_of_the_vocabulary() -> None:
    assert list(UndoPart.model_fields) == [item.name for item in fields(Undo)]


def test_a_plan_of_the_first_minor_version_is_valid() -> None:
    document = as_of_1_0(orjson.loads(a_plan_document("example")))
    Draft202012Validator(schema("plan")).validate(document)
    found = PlanDocument.model_validate_json(orjson.dumps(document))
    assert (found.scheduled, found.due, found.totals) == ([], [], None)


def as_of_1_0(document: dict[str, Any]) -> dict[str, Any]:
    """The document as the first version of the format had it."""
    left_out = {"totals", "first_irreversible", "scheduled", "due", "pending", "overdue", "sightings"}
    found = {name: value for name, value in document.items() if name not in left_out}
    found["format_version"] = "1.0"
    found["summary"] = {name: found["summary"][name] for name in found["summary"] if name not in left_out | {"elapsed"}}
    for change in found["changes"]:
        del change["instead_of"]
        change["impact"] = {"until": "2026-11-30", "last_day": "2026-11-29", "loses_access": True}
    return found


def test_a_plan_of_the_second_minor_version_is_valid() -> None:
    document = orjson.loads(a_plan_document("recorded"))
    document["format_version"] = "1.1"
    for name in ("pending", "sightings"):
        del document[name]
    for change in document["changes"]:
        for name in ("instead_of", "code", "note"):
            del change[name]
    Draft202012Validator(schema("plan")).validate(document)
    found = PlanDocument.model_validate_json(orjson.dumps(document))
    assert (found.pending, found.sightings) == ([], [])
    assert {(change.instead_of, change.code, change.note) for change in found.changes} == {(None, None, None)}


def broken(path: str, value: object) -> bytes:
    """The example's plan with one value replaced; a value of `...` removes it."""
    document = orjson.loads(a_plan_document("example"))
    *steps, last = path.split(".")
    part = document
    for step in steps:
        part = part[int(step)] if step.isdecimal() else part[step]
    if value is ...:
        del part[last]
    else:
        part[last] = value
    return orjson.dumps(document)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        pytest.param("changes", {}, id="changes that are no list"),
        pytest.param("changes.0.kind", "explode", id="a verb that there is not"),
        pytest.param("changes.0.subscription", "no-account", id="a key without an account"),
        pytest.param("changes.0.before", {"seats": 1.5}, id="a value that is no scalar of ours"),
        pytest.param("changes.0.risk", None, id="a risk that is null"),
        pytest.param("changes.0.source.line", 0, id="a line before the first"),
        pytest.param("changes.0.source", ..., id="a change without a source"),
        pytest.param("changes.0.impact", None, id="an impact that is null"),
        pytest.param("changes.0.impact.last_day", "soon", id="a last day that is no day"),
        pytest.param("changes.0.impact.charge.minor", 13.1, id="minor units that are no whole number"),
        pytest.param("changes.0.impact.charge.basis", "guessed", id="a sum from nowhere"),
        pytest.param("changes.0.impact.charge.per", "P1W", id="a charge by the week"),
        pytest.param("changes.0.impact.refund.rule", "some", id="a rule that there is not"),
        pytest.param("changes.0.impact.value.currency", "euro", id="a currency that is no code"),
        pytest.param("changes.0.impact.unknown", "refund", id="names that are no list"),
        pytest.param("totals.avoided", {}, id="totals that are no list"),
        pytest.param("elapsed", [{"kind": "renewed"}], id="an event of nothing"),
        pytest.param("due", None, id="no list of what is due"),
        pytest.param("pending", [{"kind": "turn-off-recurring"}], id="a pending change of nothing"),
        pytest.param("sightings", [{"account": "contoso"}], id="a sighting of nothing"),
        pytest.param("changes.0.instead_of", 1, id="a number for a sentence"),
        pytest.param("changes.0.outcome", "issued", id="an outcome that there is not"),
        pytest.param("bindings.store_serial", "7", id="a number as text"),
        pytest.param("bindings.selection.select", "x", id="a selection that is no list"),
        pytest.param("fingerprint", "abc", id="a fingerprint that is too short"),
        pytest.param("as_of", "yesterday", id="an instant that is none"),
        pytest.param("format_version", "1", id="a version without a minor number"),
        pytest.param("format_version", "2.0", id="another major version"),
        pytest.param("summary.blocked", -1, id="a negative count"),
        pytest.param("diagnostics", ..., id="no diagnostics"),
    ],
)
def test_model_and_schema_refuse_the_same_documents(path: str, value: object) -> None:
    document = broken(path, value)
    assert not Draft202012Validator(schema("plan")).is_valid(orjson.loads(document))
    with pytest.raises(ValidationError):
        PlanDocument.model_validate_json(document)


def test_what_a_later_minor_version_adds_is_taken() -> None:
    document = orjson.loads(a_plan_document("example"))
    document |= {"format_version": "1.7", "news": [1]}
    document["changes"][0]["news"] = {"a": 1}
    Draft202012Validator(schema("plan")).validate(document)
    assert PlanDocument.model_validate_json(orjson.dumps(document)).changes


def test_days_are_days() -> None:
    row = status_row(a_stored(start=date(2026, 11, 1)), real_names(), managed=False, now=NOW)
    document = orjson.loads(b"".join(status_json([row], as_of=datetime(2026, 11, 23, 1, 2, 3, 4, tzinfo=UTC))))
    assert document["as_of"] == "2026-11-23T01:02:03.000004Z"
    assert document["subscriptions"][0]["renews"] == "2027-11-01"

"""The schema of JSON lines: every line that we print is valid by it, and no field of one unknown to it."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

import orjson
import pytest
from jsonschema import Draft202012Validator
from pydantic import ValidationError

from reconciler.diagnostics import Location, error
from reconciler.documents.lines import PlanLine, schema
from reconciler.views.json_lines import failure_json_lines, plan_json_lines
from tests.views.cases import NOW, cases

FOUND = (error("unknown-key", "unknown key", Location("a.yaml", 3, 1)), error("no-settings", "there are none"))


def printed(name: str) -> bytes:
    """A case's lines."""
    case = cases()[name]
    command = "plan" if case.report is None else "apply"
    return b"".join(plan_json_lines(case.plan, case.verdict, command=command, names=case.names, report=case.report))


def objects(part: Any) -> Iterator[dict[str, Any]]:
    """Every JSON object within a value."""
    if isinstance(part, dict):
        yield part
    for inner in part.values() if isinstance(part, dict) else part if isinstance(part, list) else ():
        yield from objects(inner)


@pytest.fixture(name="closed", scope="module")
def a_closed_schema() -> Draft202012Validator:
    """The schema, with nothing allowed that it does not describe."""
    strict = copy.deepcopy(schema())
    for part in objects(strict):
        if part.get("additionalProperties") is True and "properties" in part:
            part["additionalProperties"] = False
    return Draft202012Validator(strict)


@pytest.mark.parametrize("name", [name for name in cases() if "json" in cases()[name].formats])
def test_every_line_is_valid_and_described_to_the_last_field(name: str, closed: Draft202012Validator) -> None:
    for line in printed(name).splitlines():
        closed.validate(orjson.loads(line))
        PlanLine.model_validate_json(line)


def test_a_failure_is_lines_of_the_same_kind(closed: Draft202012Validator) -> None:
    for text in (
        failure_json_lines("plan", FOUND, NOW, "spec-errors", "2 errors", "mend them"),
        failure_json_lines("apply", (), None, "usage", "what?"),
    ):
        for line in text.splitlines():
            closed.validate(orjson.loads(line))
            PlanLine.model_validate_json(line)


def test_every_field_is_described() -> None:
    found = schema()
    Draft202012Validator.check_schema(found)
    assert found["description"]
    bare = [
        f"{part['title']}.{field}"
        for part in objects(found)
        if "properties" in part
        for field, described in part["properties"].items()
        if "description" not in described and "$ref" not in described
    ]
    assert bare == []


def test_a_line_of_no_known_kind_is_refused() -> None:
    with pytest.raises(ValidationError):
        PlanLine.model_validate_json(b'{"line": "later", "subscription": "contoso/a"}')

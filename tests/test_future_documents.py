"""The schemas of looking ahead: every document that we print is valid by them, and no field of it unknown to them."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date
from typing import Any, Literal

import orjson
import pytest
from jsonschema import Draft202012Validator
from pydantic import ValidationError

from reconciler.diagnostics import Location, error
from reconciler.documents import Head
from reconciler.future_documents import DueDocument, ForecastDocument, WhatIfDocument, schema
from reconciler.model import Decision
from reconciler.views.future_json import comparison_json, due_json, forecast_json, what_if_json
from reconciler.views.json import failure_json
from tests.builders import NOW, PLACE
from tests.views.futures import PREMIUM, UNPRICED, a_comparison, a_due, a_forecast, hostile, names, ways

Name = Literal["forecast", "due", "what-if"]
FOUND = (error("unknown-key", "unknown key", Location("a.yaml", 3, 1)),)
MODELS: dict[Name, type[Head]] = {"forecast": ForecastDocument, "due": DueDocument, "what-if": WhatIfDocument}
LAST = date(2027, 3, 23)


def a_decided_due() -> bytes:
    """One that was decided, which `due` itself leaves out, and one that was not."""
    first, second = a_due()
    decided = Decision(first.on, "ada", "as ever", PLACE)
    return due_json((replace(first, decided=decided, place=PLACE), second), names, as_of=NOW, last=LAST)


def barred() -> bytes:
    """Three ways are barred."""
    row = replace(PREMIUM, protected=True)
    return what_if_json(row, ways(row), names, as_of=NOW)


PRINTED: dict[str, tuple[Name, Callable[[], bytes]]] = {
    "a forecast": ("forecast", lambda: forecast_json(a_forecast(), names, FOUND)),
    "a grouped one of hostile texts": ("forecast", lambda: forecast_json(a_forecast(hostile(), by="owner"), names)),
    "a comparison": ("forecast", lambda: comparison_json(a_comparison("account"), names)),
    "what is due": ("due", lambda: due_json(a_due(), names, as_of=NOW, last=LAST, diagnostics=FOUND)),
    "what was decided": ("due", a_decided_due),
    "nothing due": ("due", lambda: due_json((), names, as_of=NOW, last=LAST)),
    "four ways": ("what-if", lambda: what_if_json(PREMIUM, ways(), names, as_of=NOW, diagnostics=FOUND)),
    "four ways of unknown sums": ("what-if", lambda: what_if_json(UNPRICED, ways(UNPRICED), names, as_of=NOW)),
    "ways that are barred": ("what-if", barred),
    "a forecast that failed": ("forecast", lambda: failure_json("forecast", FOUND, None, "spec-errors", "1 error")),
    "due that failed": ("due", lambda: failure_json("due", (), None, "usage", "no")),
    "a what-if that failed": ("what-if", lambda: failure_json("what-if", (), None, "usage", "no")),
}


@pytest.fixture(params=PRINTED)
def printed(request: pytest.FixtureRequest) -> tuple[Name, dict[str, Any]]:
    """A document that we print, and the name of its schema."""
    name, made = PRINTED[request.param]
    return name, orjson.loads(made())


def objects(part: Any) -> Iterator[dict[str, Any]]:
    """Every JSON object in a document."""
    if isinstance(part, dict):
        yield part
    for inner in part.values() if isinstance(part, dict) else part if isinstance(part, list) else ():
        yield from objects(inner)


def test_what_we_print_is_valid_and_described_to_the_last_field(printed: tuple[Name, dict[str, Any]]) -> None:
    name, document = printed
    strict = copy.deepcopy(schema(name))
    for part in objects(strict):
        if part.get("additionalProperties") is True and "properties" in part:
            part["additionalProperties"] = False
    Draft202012Validator(strict).validate(document)


def test_model_and_schema_agree_on_what_we_print(printed: tuple[Name, dict[str, Any]]) -> None:
    name, document = printed
    MODELS[name].model_validate_json(orjson.dumps(document))


@pytest.mark.parametrize("name", list(MODELS))
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


@pytest.mark.parametrize(
    ("name", "path", "value"),
    [
        pytest.param("forecast", "groups.0.months.0.month", "2026-11-01", id="a month that is a day"),
        pytest.param("forecast", "groups.0.cash.0.minor", 1.5, id="minor units that are no whole number"),
        pytest.param("forecast", "occurrences.0.occasion", "explodes", id="an occasion that there is not"),
        pytest.param("due", "due.0.on", "soon", id="a day that is none"),
        pytest.param("due", "not_known", -1, id="a negative count"),
        pytest.param("what-if", "ways.0.way", "maybe", id="a way that there is not"),
        pytest.param("what-if", "ways", {}, id="ways that are no list"),
    ],
)
def test_model_and_schema_refuse_the_same_documents(name: Name, path: str, value: object) -> None:
    made = next(item for kind, item in PRINTED.values() if kind == name)
    document = orjson.loads(made())
    *steps, last = path.split(".")
    part = document
    for step in steps:
        part = part[int(step)] if step.isdecimal() else part[step]
    part[last] = value
    assert not Draft202012Validator(schema(name)).is_valid(document)
    with pytest.raises(ValidationError):
        MODELS[name].model_validate_json(orjson.dumps(document))

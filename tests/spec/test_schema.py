"""The schemas of the spec files: well-formed, closed, told in words, and without a host that does not exist."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from reconciler.spec.schema import FILES, spec_schema


def objects(schema: Any) -> Iterator[dict[str, Any]]:
    """Every mapping within a schema."""
    if isinstance(schema, dict):
        yield schema
        for inner in schema.values():
            yield from objects(inner)
    elif isinstance(schema, list):
        for inner in schema:
            yield from objects(inner)


@pytest.mark.parametrize("kind", FILES)
def test_a_schema_is_one_by_its_own_dialect(kind: str) -> None:
    Draft202012Validator.check_schema(spec_schema(kind))


@pytest.mark.parametrize("kind", FILES)
def test_every_mapping_is_closed_and_every_key_has_its_words(kind: str) -> None:
    schema = spec_schema(kind)
    blocks = [schema, *schema.get("$defs", {}).values()]
    for block in blocks:
        assert block["additionalProperties"] is False
        assert block["description"]
        assert [name for name, field in block["properties"].items() if not field.get("description")] == []


@pytest.mark.parametrize("kind", FILES)
def test_no_schema_knows_null_or_a_default_of_nothing(kind: str) -> None:
    for inner in objects(spec_schema(kind)):
        assert inner.get("type") != "null"
        assert inner.get("default", 0) is not None


@pytest.mark.parametrize("kind", FILES)
def test_no_schema_names_a_host(kind: str) -> None:
    hosts = re.findall(r"https?://[a-z.-]+", str(spec_schema(kind)))
    assert set(hosts) <= {"https://json-schema.org"}
    assert "$id" not in spec_schema(kind)


@pytest.mark.parametrize("kind", FILES)
def test_every_pattern_is_one_of_javascripts_too(kind: str) -> None:
    patterns = [inner["pattern"] for inner in objects(spec_schema(kind)) if isinstance(inner.get("pattern"), str)]
    for pattern in patterns:
        re.compile(pattern)
        assert not re.search(r"\(\?P|\(\?<|\\[AZz]|\(\?[a-z]", pattern)


def test_names_of_mappings_are_judged() -> None:
    subscriptions = spec_schema("specs")["properties"]["subscriptions"]
    assert subscriptions["propertyNames"]["pattern"] == "^[a-z0-9][a-z0-9-]{0,99}$"
    assert subscriptions["minProperties"] == 1
    assert subscriptions["additionalProperties"] == {"$ref": "#/$defs/SubscriptionBlock"}

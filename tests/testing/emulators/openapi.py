"""Swagger 2.0 definitions of Microsoft.Billing as JSON Schemas: references resolved as the data's README says, closed
to unknown names, enums and date formats held.

Enums that the documents mark as open (`modelAsString`) are held too: an emulator has no reason to invent words.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator

PUBLISHED = Path(__file__).resolve().parents[2] / "data" / "azure-billing"
_DATE = r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?(Z|[+-]\d{2}:\d{2})$"
_COPIED = ("type", "enum", "pattern", "maxItems", "minLength", "maxLength", "required")


@cache
def document(name: str) -> Any:
    """One of the published files."""
    return json.loads((PUBLISHED / "openapi" / name).read_text("utf-8"))


def _located(reference: str, home: str) -> tuple[str, Any]:
    where, _, pointer = reference.partition("#")
    if where.startswith("../"):
        name = where[where.index("common-types/") :]
    else:
        # Within the common types, "./" is their own folder.
        folder = home.rpartition("/")[0]
        name = home if not where else "/".join(filter(None, (folder, where.removeprefix("./"))))
    found = document(name)
    for part in pointer.strip("/").split("/"):
        found = found[part]
    return name, found


def schema(name: str, home: str, *, writing: bool = False) -> dict[str, Any]:
    """A definition as a schema. For writing, what is `readOnly` does not exist."""
    return _schema(document(home)["definitions"][name], home, writing)


def _schema(node: dict[str, Any], home: str, writing: bool, within: tuple[str, ...] = ()) -> dict[str, Any]:
    if "$ref" in node:
        place, found = _located(node["$ref"], home)
        name = f"{place} {node['$ref'].rpartition('/')[2]}"
        # An error's details are errors again: one level of them is looked into.
        return {} if within.count(name) > 1 else _schema(found, place, writing, (*within, name))
    made: dict[str, Any] = {key: node[key] for key in _COPIED if key in node}
    if node.get("format") == "date-time":
        made["pattern"] = _DATE
    if "items" in node:
        made["items"] = _schema(node["items"], home, writing, within)
    properties = dict(_properties(node, home, writing, within))
    if properties:
        made |= {"type": "object", "properties": properties, "additionalProperties": False}
    elif isinstance(node.get("additionalProperties"), dict):
        made["additionalProperties"] = _schema(node["additionalProperties"], home, writing, within)
    return made


def _properties(
    node: dict[str, Any], home: str, writing: bool, within: tuple[str, ...]
) -> Iterator[tuple[str, dict[str, Any]]]:
    for part in node.get("allOf", ()):
        place, found = _located(part["$ref"], home) if "$ref" in part else (home, part)
        yield from _properties(found, place, writing, within)
    for name, inner in node.get("properties", {}).items():
        if not (writing and inner.get("readOnly")):
            yield name, _schema(inner, home, writing, within)


def breaches(body: object, name: str, home: str, *, writing: bool = False) -> list[str]:
    """What is wrong with a body, by its definition."""
    found = Draft202012Validator(schema(name, home, writing=writing)).iter_errors(body)
    return [f"{error.json_path}: {error.message[:200]}" for error in found]


@cache
def example(name: str) -> Any:
    """One of the published examples."""
    return json.loads((PUBLISHED / "examples" / f"{name}.json").read_text("utf-8"))


def kind(value: object) -> str:
    """A value's JSON type; a whole number is a number."""
    names = {bool: "boolean", int: "number", float: "number", str: "string", list: "array", dict: "object"}
    return names.get(type(value), "null")


def differences(shown: Any, ours: Any, path: str = "$") -> Iterator[str]:
    """Names and JSON types that one has and the other has not; the items of lists by their first."""
    if kind(shown) != kind(ours):
        yield f"{path}: {kind(shown)} there, {kind(ours)} here"
    elif isinstance(shown, dict):
        yield from (f"{path}.{name}: only there" for name in sorted(shown.keys() - ours.keys()))
        yield from (f"{path}.{name}: only here" for name in sorted(ours.keys() - shown.keys()))
        for name in sorted(shown.keys() & ours.keys()):
            yield from differences(shown[name], ours[name], f"{path}.{name}")
    elif isinstance(shown, list) and shown and ours:
        yield from differences(shown[0], ours[0], f"{path}[0]")

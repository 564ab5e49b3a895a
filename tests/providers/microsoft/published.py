"""The published examples of Microsoft.Billing, as the tests read them."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parents[2] / "data" / "azure-billing"


@cache
def _read(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def example(name: str) -> Any:
    """A whole example: the request's parameters, and the answers by status."""
    return _read(FOLDER / "examples" / f"{name}.json")


def body(name: str, status: str = "200") -> Any:
    """The body of one of its answers."""
    return example(name)["responses"][status]["body"]


def enum(document: str, definition: str, field: str) -> list[str]:
    """The words that a field may have, as the OpenAPI document lists them."""
    found = _read(FOLDER / "openapi" / f"{document}.json")["definitions"][definition]["properties"][field]
    words: list[str] = found.get("enum") or found["items"]["enum"]
    return words


def subscriptions() -> list[tuple[str, Any]]:
    """Every billing subscription that an example shows, with where it stands."""
    found = []
    for path in sorted((FOLDER / "examples").glob("billingSubscription*.json")):
        if "Alias" in path.stem or "Move" in path.stem:
            continue  # an alias is another resource; a move answers without a name, and is never asked for
        for status, answer in _read(path)["responses"].items():
            told = answer.get("body") or {}
            items = told.get("value", [told] if told else [])
            found += [(f"{path.stem} {status} #{number}", item) for number, item in enumerate(items)]
    return found

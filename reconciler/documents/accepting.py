"""The document of `accept`: what is said of each subscription that somebody changed outside, and the patch."""

from __future__ import annotations

from typing import Any

from reconciler.accepting.replies import Answer
from reconciler.documents import DIALECT, Head
from reconciler.documents.parts import Count, Day, Instant, Key, Part, Source, Value


class FieldPart(Part):
    """One value that was changed outside."""

    field: str
    """Which of its values."""
    stored: Value
    """As the store has it."""
    observed: Value
    """As the provider shows it."""


class AcceptPart(Part):
    """One subscription."""

    subscription: Key
    """`account/name`."""
    answer: Answer
    """`write`: its spec is to say what stands there; `none`: there is nothing to accept; `refused`."""
    drift: list[FieldPart]
    """What was changed outside."""
    lines: list[str]
    """What its spec is to say, line by line; empty where nothing is written."""
    entry: Day | None
    """The day of the entry of its `schedule` that is written; null: its own keys are."""
    seen: Instant | None
    """When it was looked at; null: it was not."""
    code: str | None
    """Of what is refused: stable, each has a page of its own."""
    why: str
    """Why nothing is written; empty where something is."""
    instead: str
    """What to do; empty where nothing is to be done."""
    notes: list[str]
    """What else there is to know of what is written."""
    source: Source | None
    """Where its spec stands, or what is written will; null where no file declares it."""


class AcceptDocument(Head):
    """What was accepted of what was changed outside."""

    written: bool | None = None
    """The files were written; absent for a failure, like all that follows."""
    patch: str | None = None
    """A unified diff over the spec files, for `git apply` or `patch -p1`; empty where nothing is to be written."""
    files: list[str] | None = None
    """The files that it changes."""
    subscriptions: list[AcceptPart] | None = None
    """Those that were named; of whole accounts, those of which there is something to tell."""
    others: Count | None = None
    """How many more were looked at, of which there is nothing to tell."""


def schema() -> dict[str, Any]:
    """The JSON Schema (2020-12) of the document."""
    return {"$schema": DIALECT, **AcceptDocument.model_json_schema()}

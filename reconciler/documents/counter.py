"""The document of `undo`: what is said of each change of a run, and the patch."""

from __future__ import annotations

from typing import Any

from reconciler.changes import Kind
from reconciler.counter.replies import Answer
from reconciler.documents import DIALECT, Head
from reconciler.documents.parts import Count, Instant, Key, Part, Source, Value


class CounterPart(Part):
    """One change of the run, or some fields that it moved."""

    subscription: Key
    """`account/name`, as the record is called now."""
    kind: Kind
    """The verb."""
    fields: list[str]
    """Of an update or a correction: those that this is about."""
    before: dict[str, Value]
    """What the change moved, as it was."""
    after: dict[str, Value]
    """The same as the change left it."""
    answer: Answer
    """`patch`: the patch takes it back; `asked`: the specs ask for that already; `back`: it is as before; `none`."""
    lines: list[str]
    """What its spec is to say, line by line, as somebody would write it by hand."""
    until: Instant | None
    """The first instant at which that no longer takes it back."""
    why: str
    """Why no patch does it; empty where one does."""
    instead: str
    """What can be done; empty where nothing can."""
    source: Source | None
    """Where its spec stands."""


class CounterDocument(Head):
    """The counter-spec of a run."""

    run: str | None = None
    """Its id; absent for a failure, like all that follows but the lists."""
    run_at: Instant | None = None
    """When it was recorded, in real time."""
    actor: str | None = None
    """Who ran it."""
    patch: str | None = None
    """A unified diff over the spec files, for `git apply` or `patch -p1`; empty where nothing is to be written."""
    files: list[str] | None = None
    """The files that it changes."""
    changes: list[CounterPart]
    """In the order of the journal."""
    events: Count | None = None
    """How many things that time or others did the run recorded: nothing takes those back."""


def schema() -> dict[str, Any]:
    """The JSON Schema (2020-12) of the document."""
    return {"$schema": DIALECT, **CounterDocument.model_json_schema()}

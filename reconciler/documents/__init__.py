"""The JSON documents as models: plan, apply, status, history, tasks, whoami. Their docstrings are the schemas' words.

Strict in what is known, open to what a later minor version adds. Must not print or read files; imports pydantic, and is
therefore imported only where a document is read or a schema is made.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from reconciler.documents.consequences import TotalsPart
from reconciler.documents.estate import EntryPart, FreezePart, SubscriptionPart
from reconciler.documents.outside import PendingPart, SightingPart, SignInPart, TaskPart
from reconciler.documents.parts import Count, DiagnosticPart, FailurePart, Instant, Key, Part
from reconciler.documents.plan import (
    BindingsPart,
    BlockedPart,
    ChangePart,
    DriftPart,
    DuePart,
    EventPart,
    ListedPart,
    RefusalPart,
    RulePart,
    ScheduledPart,
)

MAJOR = 1
"""The major number of the format that these models describe."""

FormatVersion = Annotated[str, Field(pattern=rf"^{MAJOR}\.(0|[1-9][0-9]*)$")]
Digest = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class Head(Part):
    """How every document begins."""

    format_version: FormatVersion
    """A new field raises the minor number; a changed meaning raises the major one."""
    command: str
    """The command that printed it."""
    as_of: Instant | None
    """The instant of the plan; null where the command failed before there was one."""
    error: FailurePart | None = None
    """Why the command could not do its work; absent where it could."""
    diagnostics: list[DiagnosticPart]
    """Everything that was found in specs and settings, by place."""


class PlanDocument(Head):
    """What would change, what cannot, and what is left alone; or, with `"command": "apply"`, what was done of it."""

    run: str | None = None
    """Of an apply: its run in the journal; null where there was nothing to write."""
    elapsed_recorded: Count | None = None
    """Of an apply: how many events of time it recorded."""
    bindings: BindingsPart | None
    """What it was made from; null for a failure."""
    fingerprint: Digest | None
    """Of the lineage and the changes: the same on any machine; null for a failure."""
    headlines: list[str]
    """What a reader must know before anything else."""
    refused: list[RefusalPart]
    """What would be refused, worst first."""
    summary: dict[str, Count]
    """How many of each verb, and of each list."""
    totals: TotalsPart | None = None
    """The sums of all changes, refused ones too; null for a failure."""
    first_irreversible: Instant | None = None
    """The first instant from which one of the changes cannot be taken back any more; `as_of` itself where one never
    can, null where all of them always can."""
    changes: list[ChangePart]
    """In the order in which they are made."""
    blocked: list[BlockedPart]
    """Wishes that cannot be carried out as things stand."""
    held: list[ListedPart]
    """Changes that would undo what someone did outside; a person decides."""
    pending: list[PendingPart] = Field(default_factory=list)
    """Changes that were begun before and are not done, the overdue ones first, then by key."""
    drift: list[DriftPart]
    """What is stored differs from what was observed."""
    released: list[ListedPart]
    """Declared once and not any more: left as they are."""
    ended: list[ListedPart]
    """Ended, and no change is made to them."""
    elapsed: list[EventPart]
    """What time or the vendor's own rules did since it was last recorded: no changes. By key and instant."""
    scheduled: list[ScheduledPart] = Field(default_factory=list)
    """Dated intents whose day is still to come, by day and key."""
    due: list[DuePart] = Field(default_factory=list)
    """Renewals within 30 days that nobody has decided, by day and key; monthly terms are left out."""
    unmanaged: list[Key]
    """Stored, and declared in no file: left as they are."""
    sightings: list[SightingPart] = Field(default_factory=list)
    """How far each outside account was looked at, by account."""
    rules: list[RulePart]
    """What each rule of the specs matched."""


class StatusDocument(Head):
    """The estate at a glance."""

    subscriptions: list[SubscriptionPart]
    """By key, or as `--sort` asked."""


class HistoryDocument(Head):
    """The journal."""

    entries: list[EntryPart]
    """Oldest first."""
    freezes: list[FreezePart] = Field(default_factory=list)
    """Freezes and thaws, oldest first."""


class TasksDocument(Head):
    """What people are asked to do where no API reaches."""

    tasks: list[TaskPart]
    """The overdue ones first, then by deadline and key."""


class WhoamiDocument(Head):
    """Who is signed in at each outside account."""

    accounts: list[SignInPart]
    """By account."""


Name = Literal["plan", "status", "history", "tasks", "whoami"]

_DOCUMENTS: dict[Name, type[Head]] = {
    "plan": PlanDocument,
    "status": StatusDocument,
    "history": HistoryDocument,
    "tasks": TasksDocument,
    "whoami": WhoamiDocument,
}

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def schema(name: Name) -> dict[str, Any]:
    """The JSON Schema (2020-12) of a document; an apply's is the plan's."""
    return {"$schema": DIALECT, **_DOCUMENTS[name].model_json_schema()}

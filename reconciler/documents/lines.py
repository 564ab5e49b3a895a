"""The lines of a plan or an apply in JSON lines, as models: a head, then one line for each item of each list.

What a line holds beside `line` is the item as the plan's document has it. Imported only where a schema is made, or a
line is read.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, RootModel

from reconciler.documents import DIALECT, Digest, FormatVersion
from reconciler.documents.consequences import TotalsPart
from reconciler.documents.outside import PendingPart, SightingPart
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


class HeadLine(Part):
    """The first line, and the only one of its kind: what holds for all of them."""

    line: Literal["head"]
    """What the line is."""
    format_version: FormatVersion
    """That of the JSON documents, whose items the other lines are."""
    command: str
    """The command that printed it."""
    as_of: Instant | None
    """The instant of the plan; null where the command failed before there was one."""
    error: FailurePart | None
    """Why the command could not do its work; null where it could."""
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
    summary: dict[str, Count]
    """How many of each verb, and of each list."""
    totals: TotalsPart | None
    """The sums of all changes, refused ones too; null for a failure."""
    first_irreversible: Instant | None
    """The first instant from which one of the changes cannot be taken back any more; null where all of them can."""
    lines: dict[str, Count]
    """How many lines of each other kind follow, in this order: where they are fewer, the end is missing."""


class RefusedLine(RefusalPart):
    """A brake that holds."""

    line: Literal["refused"]
    """What the line is."""


class ChangeLine(ChangePart):
    """A change, in the order in which they are made."""

    line: Literal["changes"]
    """What the line is."""


class BlockedLine(BlockedPart):
    """A wish that cannot be carried out as things stand."""

    line: Literal["blocked"]
    """What the line is."""


class ListedLine(ListedPart):
    """A subscription that is left as it is."""

    line: Literal["held", "released", "ended"]
    """What the line is."""


class PendingLine(PendingPart):
    """A change that was begun before and is not done."""

    line: Literal["pending"]
    """What the line is."""


class DriftLine(DriftPart):
    """What is stored differs from what was observed."""

    line: Literal["drift"]
    """What the line is."""


class ElapsedLine(EventPart):
    """What time or the vendor's own rules did since it was last recorded."""

    line: Literal["elapsed"]
    """What the line is."""


class ScheduledLine(ScheduledPart):
    """A dated intent whose day is still to come."""

    line: Literal["scheduled"]
    """What the line is."""


class DueLine(DuePart):
    """A renewal that nobody has decided."""

    line: Literal["due"]
    """What the line is."""


class UnmanagedLine(Part):
    """Stored, and declared in no file."""

    line: Literal["unmanaged"]
    """What the line is."""
    subscription: Key
    """`account/name`."""


class SightingLine(SightingPart):
    """How far one outside account was looked at."""

    line: Literal["sightings"]
    """What the line is."""


class RuleLine(RulePart):
    """What one rule of the specs matched."""

    line: Literal["rules"]
    """What the line is."""


class DiagnosticLine(DiagnosticPart):
    """One finding."""

    line: Literal["diagnostics"]
    """What the line is."""


Line = Annotated[
    HeadLine
    | RefusedLine
    | ChangeLine
    | BlockedLine
    | ListedLine
    | PendingLine
    | DriftLine
    | ElapsedLine
    | ScheduledLine
    | DueLine
    | UnmanagedLine
    | SightingLine
    | RuleLine
    | DiagnosticLine,
    Field(discriminator="line"),
]


class PlanLine(RootModel[Line]):
    """One line of a plan or an apply in JSON lines; `line` says which it is, and is the name of its list elsewhere."""


def schema() -> dict[str, Any]:
    """The JSON Schema (2020-12) of one line."""
    return {"$schema": DIALECT, **PlanLine.model_json_schema()}

"""The JSON documents as models: plan and apply, status, history. Their docstrings are the published schemas' words.

Strict in what is known, open to what a later minor version adds. Must not print or read files; imports pydantic, and is
therefore imported only where a document is read or a schema is made.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from reconciler.changes import Kind, Risk
from reconciler.diagnostics import Severity
from reconciler.journal import OutcomeKind
from reconciler.model import Cancel, Recurring, Status

MAJOR = 1
"""The major number of the format that these models describe."""

FormatVersion = Annotated[str, Field(pattern=rf"^{MAJOR}\.(0|[1-9][0-9]*)$")]
Instant = Annotated[
    str, Field(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?Z$", max_length=27)
]
Day = Annotated[str, Field(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$")]
Key = Annotated[str, Field(pattern=r"^[^/]+/[^/]+$")]
Count = Annotated[int, Field(ge=0)]
Digest = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Value = str | int | bool | None | dict[str, str]
"""What `before` and `after` hold: JSON scalars, and labels."""


class Part(BaseModel):
    """What every part of a document has in common."""

    model_config = ConfigDict(strict=True, extra="allow", use_attribute_docstrings=True)


class Source(Part):
    """A place in a file."""

    file: str
    """The path, relative to where the command ran, with `/`."""
    line: Annotated[int, Field(ge=1)]
    """Counted from 1."""
    column: Annotated[int, Field(ge=1)]
    """Counted from 1, in characters."""


class DiagnosticPart(Part):
    """One finding about the specs, the settings or the run."""

    severity: Severity
    """An error stops the run, a warning never does."""
    code: str
    """Stable; each has a page of its own."""
    summary: str
    """Constant for its code."""
    detail: str
    """Names and numbers."""
    hint: str
    """What to do; empty where nothing can be said."""
    source: Source | None
    """Where it stands; null for a finding about the whole run."""


class FailurePart(Part):
    """Why the command could not do its work."""

    code: str
    """Stable; each has a page of its own."""
    message: str
    """What is wrong."""
    hint: str
    """What to do; empty where nothing can be said."""


class SelectionPart(Part):
    """What narrowed a plan; `apply PLAN` is narrowed alike."""

    select: list[str]
    """The `--select` patterns; none selects all."""
    exclude: list[str]
    """The `--exclude` patterns."""
    paths: list[str]
    """The spec files and folders; none selects all."""


class BindingsPart(Part):
    """What a plan was made from. `apply PLAN` refuses another lineage or specs digest."""

    specs_digest: str
    """Of the spec files' paths and bytes."""
    settings_digest: str
    """Of the settings file's bytes."""
    store_lineage: str | None
    """The identity of the store; null while there is none and none is pinned."""
    store_serial: Count
    """How often the store had been written to."""
    commit: str | None
    """The commit the specs were read at; null outside a repository."""
    selection: SelectionPart
    """What it is narrowed to."""


class RefusalPart(Part):
    """A brake that holds: which one, on what, how many, how many may pass, and the exact way out."""

    limit: str
    """`max-changes`, `max-endings`, `max-cancel-now`, `max-spending`, `empty`, `frozen`, `new-store`, `other-store` or
    `wrong-account`."""
    scope: str
    """An account's name, or `run`."""
    count: Count | None
    """How many changes counted; null for a brake that does not count."""
    allowed: Count | None
    """How many may pass; null for a brake that does not count."""
    detail: str
    """The brake with its numbers."""
    hint: str
    """The setting and the exact override."""


class ChangePart(Part):
    """One verb on one subscription."""

    subscription: Key
    """`account/name`; after a rename, the new name."""
    external_id: str | None
    """The provider's own id."""
    kind: Kind
    """The verb."""
    product: str | None
    """The provider's own product code."""
    product_name: str | None
    """What to call it; the code itself where no name is known."""
    before: dict[str, Value]
    """Just what the change moves, as it is stored."""
    after: dict[str, Value]
    """Just what the change moves, as it will be; free of instants that are set at apply."""
    reason: str | None
    """The spec's own words."""
    risk: Risk
    """Whether it can be taken back."""
    impact: dict[str, Any]
    """Dates, and whatever else follows. For people: not part of what is approved."""
    source: Source
    """The spec value that asks for it."""
    outcome: Literal["succeeded", "failed", "unknown", "skipped"] | None = None
    """Of an apply: what became of it."""
    error: str | None = None
    """Of an apply: why it did not succeed."""


class BlockedPart(Part):
    """A wish that cannot be carried out as things stand."""

    subscription: Key
    """`account/name`."""
    kind: Kind
    """The verb that is wished."""
    product: str | None
    """The provider's own product code."""
    product_name: str | None
    """What to call it; the code itself where no name is known."""
    code: str
    """The reason code; stable, each has a page of its own."""
    detail: str
    """Why not."""
    hint: str
    """What to do instead."""
    source: Source
    """The spec value that asks for it."""


class ListedPart(Part):
    """A subscription that is shown, and left as it is."""

    subscription: Key
    """`account/name`."""
    product: str | None
    """The provider's own product code."""
    product_name: str | None
    """What to call it; the code itself where no name is known."""
    detail: str
    """What will happen to it."""
    hint: str
    """How to change that."""
    source: Source
    """Where the spec declares it."""


class DriftPart(Part):
    """What is stored differs from what was observed, through no act of ours."""

    subscription: Key
    """`account/name`."""
    field: str
    """Which of its values."""
    stored: Value
    """As the store has it."""
    observed: Value
    """As the provider tells it."""


class ProductPart(Part):
    """A product code and its name."""

    product: str
    """The provider's own product code."""
    product_name: str
    """What to call it; the code itself where no name is known."""


class RulePart(Part):
    """One rule of the specs, and how many subscriptions it matched."""

    source: Source
    """Where it stands."""
    summary: str
    """What it matches and sets, in one line."""
    matched: Count
    """How many subscriptions it matched."""
    products: list[ProductPart]
    """The products among them."""


class TermPart(Part):
    """A half-open period in UTC."""

    start: Instant
    """The first instant of it."""
    end: Instant
    """The first instant after it."""
    length: Literal["P1M", "P1Y", "P3Y"]
    """How long a term is, as an ISO 8601 duration."""


class SubscriptionPart(Part):
    """One subscription as it stands."""

    subscription: Key
    """`account/name`."""
    external_id: str | None
    """The provider's own id."""
    product: str
    """The provider's own product code."""
    product_name: str
    """What to call it; the code itself where no name is known."""
    status: Status
    """The lifecycle stage."""
    provider_status: str | None
    """The provider's own word for the status."""
    recurring: Recurring
    """Whether it renews by itself."""
    cancellation: Cancel
    """What cancellation stands on it."""
    term: TermPart
    """The current term."""
    renews: Day | None
    """The day on which the next term starts; null where none will."""
    billing: Literal["P1M", "P1Y", "P3Y"] | None
    """How often it is charged, as an ISO 8601 duration."""
    price: str | None
    """Per seat and billing period: `20.60 EUR`."""
    seats: Count | None
    """How many."""
    owner: str | None
    """Who is responsible for it."""
    protected: bool
    """Every ending change is refused."""
    managed: bool
    """A spec declares it now."""


class EntryPart(Part):
    """One journaled change: what, when, why, who decided and who applied."""

    run: str
    """The run that made it."""
    at: Instant
    """When, in real time."""
    as_of: Instant | None
    """The instant that it was recorded as of: another one where the run was given one."""
    allowed: list[str]
    """The `--allow` flags of its run: who applied went past these limits."""
    subscription: str
    """The key it had then."""
    kind: str
    """The verb."""
    outcome: OutcomeKind
    """What became of it; `intended` while its run is under way or was cut off."""
    error: str | None
    """Why it did not succeed."""
    before: dict[str, Value]
    """Just what it moved, as it was."""
    after: dict[str, Value]
    """Just what it moved, as it became."""
    reason: str | None
    """The spec's own words."""
    actor: str
    """Who applied it."""
    commit: str | None
    """The commit that decided it."""
    commit_author: str | None
    """Who decided it."""
    ci_run: str | None
    """The CI run that applied it."""
    source: Source | None
    """The spec value that asked for it, in that commit."""


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
    changes: list[ChangePart]
    """In the order in which they are made."""
    blocked: list[BlockedPart]
    """Wishes that cannot be carried out as things stand."""
    held: list[ListedPart]
    """Changes that would undo what someone did outside; a person decides."""
    drift: list[DriftPart]
    """What is stored differs from what was observed."""
    released: list[ListedPart]
    """Declared once and not any more: left as they are."""
    ended: list[ListedPart]
    """Ended, and no change is made to them."""
    elapsed: list[dict[str, Any]]
    """What time or the vendor's own rules did."""
    unmanaged: list[Key]
    """Stored, and declared in no file: left as they are."""
    rules: list[RulePart]
    """What each rule of the specs matched."""


class StatusDocument(Head):
    """The estate at a glance."""

    subscriptions: list[SubscriptionPart]
    """By key."""


class HistoryDocument(Head):
    """The journal."""

    entries: list[EntryPart]
    """Oldest first."""


_DOCUMENTS: dict[str, type[Head]] = {"plan": PlanDocument, "status": StatusDocument, "history": HistoryDocument}

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def schema(name: Literal["plan", "status", "history"]) -> dict[str, Any]:
    """The JSON Schema (2020-12) of a document; an apply's is the plan's."""
    return {"$schema": DIALECT, **_DOCUMENTS[name].model_json_schema()}

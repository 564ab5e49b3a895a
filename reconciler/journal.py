"""The journal's values: a run, its entries (intent and outcome), and the report of an apply.

Pure. The journal keeps who decided (commit, author, spec place, reason) and who applied (user, CI run) apart.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from reconciler.changes import Change, JsonValue, Kind, Refusal, Risk
from reconciler.diagnostics import Location
from reconciler.events import Event
from reconciler.model import Money, StoredSubscription, SubscriptionKey
from reconciler.observed import ObservedSubscription


class OutcomeKind(StrEnum):
    """What became of a change."""

    INTENDED = "intended"
    """Journaled, outcome not known yet: the run that holds it is under way or was cut off."""
    ACCEPTED = "accepted"
    """The provider, or a person, works on it: open like an intent, with a token to ask by."""
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    UNKNOWN = "unknown"
    """It may or may not have happened; never repeated blindly."""
    SKIPPED = "skipped"
    """Not tried: the run was asked to stop, or froze, before its turn."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one change, and the record it leaves where it succeeded (None: no record any more)."""

    kind: OutcomeKind
    row: StoredSubscription | None = None
    error: str | None = None
    code: str | None = None
    """Of an error at a provider: its stable code; for reports, not journaled."""
    token: str | None = None
    """Of what was accepted: all that is needed to ask what became of it, in any process. No secret."""
    note: str | None = None
    """How it became known, where that is not the provider's own answer: settled by reading, the evidence of a task."""
    seen: ObservedSubscription | None = None
    """Of what succeeded at an outside provider: as it was read back."""


@dataclass(frozen=True, slots=True)
class OpenIntent:
    """An intent without an outcome: the run that journaled it is under way, was cut off, or waits for somebody."""

    operation_id: str
    key: SubscriptionKey
    kind: Kind
    external_id: str | None
    before: Mapping[str, JsonValue]
    after: Mapping[str, JsonValue]
    reason: str | None
    source: Location | None
    run: str
    at: datetime
    """When it was accepted, or else when it was journaled; in real time."""
    token: str | None = None
    """It was accepted: ask by this."""
    product: str = ""
    why: str = ""
    """What kept it open when this run asked what became of it; empty: nobody has asked yet."""
    queued: bool = False
    """It is in a shard of that run, for workers: nobody else may ask what became of it, or send it."""

    @property
    def change(self) -> Change:
        """The change that it was journaled for; where its spec stood is all that is known of its place."""
        return Change(
            self.key,
            self.kind,
            self.before,
            self.after,
            self.source or Location(""),
            reason=self.reason,
            external_id=self.external_id,
            product=self.product,
        )


@dataclass(frozen=True, slots=True)
class Run:
    """One writing run: who applied, where, on whose decision. `started_at` is real time, `as_of` the plan's instant."""

    id: str
    command: str
    started_at: datetime
    as_of: datetime
    actor: str
    """The user that ran it."""
    host: str = ""
    pid: int = 0
    ci_run: str | None = None
    """A link to, or the name of, the CI run that applied."""
    commit: str | None = None
    """The commit the specs were read at; with a `+` behind it where they held uncommitted edits."""
    commit_author: str | None = None
    fingerprint: str | None = None
    specs_digest: str | None = None
    planned: int = 0
    reason: str | None = None
    """Of a freeze, a thaw or a `forget`: why."""
    allowed: tuple[str, ...] = ()
    """The `--allow` flags it was given."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One change of one run, or one thing that time did, on its way into the journal.

    `operation_id` is fixed at plan time. An event can only have succeeded, and the record that it leaves stands after
    all that time did to it.
    """

    operation_id: str
    change: Change | Event
    outcome: Outcome
    previous: SubscriptionKey | None = None
    """Of a rename: the key that the record has had until now."""


@dataclass(frozen=True, slots=True)
class HistoryEntry:
    """One journaled change or event, read back: what, when, why, who decided and who applied."""

    run: str
    at: datetime
    """When it was recorded, in real time."""
    subscription: str
    kind: str
    """A verb, or an event's word."""
    outcome: OutcomeKind
    before: Mapping[str, JsonValue]
    after: Mapping[str, JsonValue]
    reason: str | None
    error: str | None
    actor: str
    ci_run: str | None
    commit: str | None
    commit_author: str | None
    source: Location | None
    as_of: datetime | None = None
    """The instant that it was recorded as of, where the run had one of its own."""
    allowed: tuple[str, ...] = ()
    """The `--allow` flags that its run was given."""
    happened_at: datetime | None = None
    """Of an event: when it happened, which may be long before it was noticed. It was decided by nobody."""
    risk: Risk | None = None
    """Of a change: whether it could be taken back, as far as that was recorded."""
    reversible_until: datetime | None = None
    """The first instant at which it no longer could."""
    value: Money | None = None
    """The charges of one whole term that it ended or committed to."""
    note: str | None = None
    """How its outcome became known: settled by reading, the evidence of a task."""


@dataclass(frozen=True, slots=True)
class Freeze:
    """Nothing is applied while this holds; `until` None means until thawed."""

    reason: str
    since: datetime
    actor: str
    until: datetime | None = None

    def holds(self, now: datetime) -> bool:
        """Whether it is in force at this (real) instant."""
        return self.until is None or now < self.until


@dataclass(frozen=True, slots=True)
class FreezeEntry:
    """One freeze or thaw, read back from the run that it was."""

    run: str
    at: datetime
    kind: str
    """`freeze` or `thaw`."""
    reason: str | None
    """Of the freeze, and once more of the thaw that ended it."""
    actor: str
    ci_run: str | None = None


@dataclass(frozen=True, slots=True)
class Holder:
    """Who holds the lease, as the store's row describes it."""

    pid: int
    host: str
    since: datetime
    actor: str
    ci_run: str | None = None

    def __str__(self) -> str:
        run = f", {self.ci_run}" if self.ci_run else ""
        return f"{self.actor}, pid {self.pid} on {self.host}{run}, since {self.since:%Y-%m-%dT%H:%M:%SZ}"


@dataclass(frozen=True, slots=True)
class ChangeReport:
    """One change of an apply, with what became of it."""

    change: Change
    outcome: OutcomeKind
    error: str | None = None
    code: str | None = None
    """Of an error at a provider: its stable code."""
    note: str | None = None
    """How the outcome became known, where that is not plain."""


@dataclass(frozen=True, slots=True)
class ApplyReport:
    """What an apply did, change by change in plan order."""

    run: str | None
    """None where there was nothing to write."""
    changes: Sequence[ChangeReport] = ()
    elapsed: tuple[Event, ...] = ()
    """What time had done, and this run journaled."""
    refused: tuple[Refusal, ...] = ()
    interrupted: bool = False
    frozen: Freeze | None = None
    """A freeze that came while it ran: the rest was skipped."""
    lineage: str | None = None
    created_store: bool = False
    settings_recorded: bool = False
    """Changed limits and overrides are recorded now, and hold from the next run on."""
    ledger_accounts: tuple[str, ...] = ()
    """Accounts whose changes were recorded only: nothing changed at a vendor."""
    manual_accounts: tuple[str, ...] = ()
    """Accounts whose accepted changes are tasks that a person has now."""
    counts: Mapping[OutcomeKind, int] = field(default_factory=dict)

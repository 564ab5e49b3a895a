"""Every effect that this program can have, on one page: the Protocols that the engine speaks through.

Planning is handed a SpecSource, a StateReader and a Clock, and can therefore not write. Only `apply` sees a Store.
Adapters live in `sources`, `stores` and `providers`, are unaware of each other, and pass a contract suite each.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from types import TracebackType
from typing import Protocol, Self

from reconciler.changes import Change
from reconciler.desired import SpecTexts
from reconciler.journal import Entry, Freeze, FreezeEntry, HistoryEntry, Holder, Outcome, Run
from reconciler.model import StoredSubscription, SubscriptionKey
from reconciler.stored import RecentChange, StoredState


class Clock(Protocol):
    """Where now comes from; `--as-of` and tests put another behind it."""

    def now(self) -> datetime:
        """The present instant, aware and in UTC."""
        ...


class SpecSource(Protocol):
    """Where specs come from: a folder, a commit."""

    def read(self) -> SpecTexts:
        """All files; one that cannot be read is a diagnostic and hides no other."""
        ...


class StateReader(Protocol):
    """The reading half of a store: all that planning gets."""

    def snapshot(self) -> StoredState:
        """Everything, from one read transaction."""
        ...

    def history(self, key: SubscriptionKey | None = None) -> Iterator[HistoryEntry]:
        """The journal, oldest first; of one key, including the names it had before, where one is given."""
        ...

    def freezes(self) -> Iterator[FreezeEntry]:
        """Every freeze and thaw that there was, oldest first."""
        ...

    def recent(self, since: datetime) -> Iterator[RecentChange]:
        """The succeeded changes that some limit counts, recorded (real time) at that instant or later, oldest first."""
        ...

    def close(self) -> None:
        """Let go of it; afterwards it cannot be used."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


class Store(StateReader, Protocol):
    """The writing half. Each method is one durable transaction, or nothing at all."""

    def begin(self, run: Run) -> None:
        """Journal that a run starts, before its first change."""
        ...

    def intend(self, run_id: str, entries: Sequence[Entry]) -> None:
        """Journal intents durably, before the calls that carry them out (not for a ledger: see `record`)."""
        ...

    def record(self, run_id: str, entries: Sequence[Entry], at: datetime) -> int:
        """Rows, serial and outcomes in one transaction; answers the new serial. Closes the operations' open intents."""
        ...

    def finish(self, run_id: str, at: datetime, bookkeeping: Bookkeeping) -> None:
        """The run is over; what it is to leave behind is kept, with accounts written to and pairs declared."""
        ...

    def set_freeze(self, run: Run, freeze: Freeze | None) -> None:
        """Freeze, or thaw with None; journaled with the run that did it."""
        ...

    def freeze(self) -> Freeze | None:
        """The freeze in force or past, read anew."""
        ...

    def describe_holder(self, holder: Holder | None) -> None:
        """Write down who holds the lease, for others to be told; None once it is let go."""
        ...


@dataclass(frozen=True, slots=True)
class Bookkeeping:
    """What a finished run leaves beside its rows; everything empty changes nothing."""

    safety: Mapping[str, object] | None = None
    """Record these limits and overrides; None leaves the recorded ones."""
    accounts: Mapping[str, tuple[str, str | None]] = field(default_factory=dict)
    """Accounts to record with provider and tenant where they are not recorded yet."""
    declared: frozenset[SubscriptionKey] = frozenset()
    """Records to mark as having a declared pair."""
    as_of: datetime | None = None


class Lease(Protocol):
    """The exclusive right to write to a store, for the life of a run; the kernel frees it when the process dies."""

    def hold(self) -> AbstractContextManager[None]:
        """Take it, waiting as long as the lock timeout says; raises LeaseHeld naming who has it."""
        ...


class Provider(Protocol):
    """The doing half of whatever serves an account. Its reading half is `observe`, which the ledger does not need."""

    @property
    def name(self) -> str:
        """What `provider:` in the settings calls it."""
        ...

    @property
    def atomic(self) -> bool:
        """Its records are our own rows: intent, effect and outcome are one transaction, and may be one for a batch."""
        ...

    def execute(self, change: Change, row: StoredSubscription | None, operation_id: str, now: datetime) -> Outcome:
        """Carry the change out, at most once for an operation id. An expected failure is an Outcome, never raised."""
        ...

"""A store, a provider and a clock of nothing but memory, at the ports: they do as told, and keep what happened."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from types import TracebackType
from typing import Self

from reconciler.changes import INTENTS, Change, Kind
from reconciler.effects import carried_out
from reconciler.errors import StoreError
from reconciler.events import Event
from reconciler.gist import line_of, said
from reconciler.journal import Entry, Freeze, FreezeEntry, HistoryEntry, Holder, OpenIntent, Outcome, OutcomeKind, Run
from reconciler.model import Cancel, Recurring, Status, StoredSubscription, SubscriptionKey, TermLength
from reconciler.observed import ObservedAccount
from reconciler.ports import Bookkeeping
from reconciler.sift import MOVED
from reconciler.stored import WHOLE, RecentChange, Silence, StoredState
from tests.builders import NOW


class FixedClock:
    """Real time, as a test wants it to be."""

    def now(self) -> datetime:
        return NOW


@dataclass
class MemoryStore:
    """ports.Store: rows and journal in memory, each call in `log`; fails from some call of a method on, if told to."""

    rows: dict[SubscriptionKey, StoredSubscription] = field(default_factory=dict)
    log: list[str] = field(default_factory=list)
    fails: dict[str, int] = field(default_factory=dict)
    """Method name: the number of its calls that go well."""
    error: StoreError = field(default_factory=lambda: StoreError("store-full", "no space left", "make room"))
    frozen: Freeze | None = None
    journal: list[Entry] = field(default_factory=list)
    kept: Bookkeeping | None = None
    serial: int = 7
    holders: list[Holder | None] = field(default_factory=list)
    runs: dict[str, Run] = field(default_factory=dict)
    changed: list[RecentChange] = field(default_factory=list)
    """What limits count of earlier runs, and of what was recorded here."""
    open: dict[str, OpenIntent] = field(default_factory=dict)
    """By operation id: intended or accepted, and not recorded yet."""
    observed: dict[str, ObservedAccount] = field(default_factory=dict)

    def _call(self, name: str, *words: object) -> None:
        if name in self.fails:
            if self.fails[name] == 0:
                raise self.error
            self.fails[name] -= 1
        self.log.append(" ".join(map(str, (name, *words))))

    def another(self) -> MemoryStore:
        return self

    def empty(self) -> bool:
        return not self.rows

    def lines(
        self,
        accounts: Collection[str],
        now: datetime,
        horizon: datetime,
        within: tuple[SubscriptionKey | None, SubscriptionKey | None] = (None, None),
        silence: Silence = WHOLE,
    ) -> Iterator[tuple[str, str]]:
        first, end = within
        for key, row in self.rows.items():
            if key.account in accounts and (first is None or key >= first) and (end is None or key < end):
                moved = row.status is not Status.ACTIVE or row.extended or row.term.end <= now
                moved = moved or row.cancellation is Cancel.IMMEDIATELY
                soon = row.recurring is Recurring.ON and row.length is not TermLength.MONTHLY
                renews = row.term.end.isoformat() if soon and row.term.end <= horizon else ""
                flag = MOVED if moved else renews
                yield flag, line_of(row) if flag else said(line_of(row), silence)

    def some(
        self, keys: Collection[SubscriptionKey], settled: Collection[str], ids: Collection[str] = ()
    ) -> StoredState:
        asked = {*keys}
        found = self.snapshot()
        rows = {
            key: row
            for key, row in found.subscriptions.items()
            if key in asked or key.account not in settled or row.id in ids
        }
        return replace(found, subscriptions=rows)

    def next_ends(self, *after: datetime) -> tuple[datetime | None, ...]:
        ends = [row.term.end for row in self.rows.values()]
        return tuple(min((end for end in ends if end > instant), default=None) for instant in after)

    def has_twins(self) -> bool:
        ids = [row.id for row in self.rows.values() if row.id is not None]
        return len(set(ids)) < len(ids)

    def begin(self, run: Run) -> None:
        self._call("begin", run.id)
        self.runs.setdefault(run.id, run)

    def intend(self, run_id: str, entries: Sequence[Entry], at: datetime) -> None:
        self._call("intend", *(entry.change.key for entry in entries))
        self.journal += entries
        for entry in entries:
            self.open.setdefault(entry.operation_id, an_intent(entry, run_id))

    def accept(self, run_id: str, entries: Sequence[Entry], at: datetime) -> None:
        self._call("accept", *(entry.change.key for entry in entries))
        for entry in entries:
            intent = self.open.get(entry.operation_id)
            if intent is None or entry.outcome.token is None:
                raise RuntimeError(f"{entry.change.key}: accepted without an open intent or a token")
            self.open[entry.operation_id] = replace(intent, token=entry.outcome.token)
        self.journal += entries

    def keep_observations(self, observed: Sequence[ObservedAccount], began: datetime | None = None) -> None:
        self._call("keep", *(account.account for account in observed))
        for account in observed:
            if account.trouble is None and account.fresh:
                before = self.observed.get(account.account)
                whole = account if account.complete or before is None else in_part(before, account)
                self.observed[account.account] = replace(whole, fresh=False)

    def observations(self, accounts: Collection[str] | None = None) -> dict[str, ObservedAccount]:
        self._call("observations?")
        return {name: found for name, found in self.observed.items() if accounts is None or name in accounts}

    def record(self, run_id: str, entries: Sequence[Entry], at: datetime) -> int:
        self._call("record", *(f"{entry.change.key}:{entry.outcome.kind}" for entry in entries))
        for entry in entries:
            if entry.outcome.kind is OutcomeKind.SUCCEEDED:
                self.rows.pop(entry.previous or entry.change.key, None)
                if entry.outcome.row is not None:
                    self.rows[entry.change.key] = entry.outcome.row
                self._count(run_id, entry.change, at)
            self.open.pop(entry.operation_id, None)
        self.journal += entries
        self.serial += 1
        return self.serial

    def _count(self, run_id: str, change: Change | Event, at: datetime) -> None:
        if isinstance(change, Change) and change.kind in INTENTS | {Kind.CORRECT}:
            value = change.impact.value if change.impact else None
            run = self.runs.get(run_id)
            allowed = run.allowed if run else ()
            self.changed.append(RecentChange(change.key, change.kind, at, value.money if value else None, allowed))

    def finish(self, run_id: str, at: datetime, bookkeeping: Bookkeeping) -> None:
        self._call("finish", run_id)
        self.kept = bookkeeping

    def set_freeze(self, run: Run, freeze: Freeze | None) -> None:
        self.runs.setdefault(run.id, run)
        self.frozen = freeze

    def freeze(self) -> Freeze | None:
        self._call("freeze?")
        return self.frozen

    def describe_holder(self, holder: Holder | None) -> None:
        if holder is None and "forget holder" in self.fails:
            raise self.error
        self.holders.append(holder)

    def snapshot(self) -> StoredState:
        found = {intent.key: intent for intent in self.open.values()}
        return StoredState("lineage", self.serial, dict(self.rows), freeze=self.frozen, open_intents=found)

    def history(self, key: SubscriptionKey | None = None) -> Iterator[HistoryEntry]:
        return iter(())

    def freezes(self) -> Iterator[FreezeEntry]:
        for run in self.runs.values():
            if run.command in ("freeze", "thaw"):
                yield FreezeEntry(run.id, run.started_at, run.command, run.reason, run.actor, run.ci_run)

    def recent(self, since: datetime) -> Iterator[RecentChange]:
        return iter([change for change in self.changed if change.at >= since])

    def close(self) -> None:
        self._call("close")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def an_intent(entry: Entry, run_id: str) -> OpenIntent:
    """The entry as it is open once it was intended."""
    change = entry.change
    assert isinstance(change, Change)
    return OpenIntent(
        entry.operation_id,
        change.key,
        change.kind,
        change.external_id,
        change.before,
        change.after,
        change.reason,
        change.place.location,
        run_id,
        NOW,
    )


def in_part(before: ObservedAccount, part: ObservedAccount) -> ObservedAccount:
    """What is known of an account once a part of it was read again."""
    read = {*part.subscriptions, *part.unreadable, *part.absent}
    return replace(
        before,
        subscriptions={id: one for id, one in before.subscriptions.items() if id not in read} | {**part.subscriptions},
        unreadable={id: why for id, why in before.unreadable.items() if id not in read} | {**part.unreadable},
        absent=(before.absent - read) | part.absent,
    )


@dataclass
class OutsideProvider:
    """ports.Provider for what is not ours: answers as told by subscription and verb, else does what is asked."""

    log: list[str]
    answers: Mapping[tuple[str, Kind], Outcome] = field(default_factory=dict)
    name: str = "outside"
    atomic: bool = False
    before: Callable[[], None] = lambda: None
    """Happens at each call, before the answer."""
    seen: list[StoredSubscription | None] = field(default_factory=list)
    """The record that each call was handed."""

    def execute(self, change: Change, row: StoredSubscription | None, operation_id: str, now: datetime) -> Outcome:
        self.before()
        self.seen.append(row)
        self.log.append(f"execute {change.key} {change.kind}")
        told = self.answers.get((str(change.key), change.kind))
        return told or Outcome(OutcomeKind.SUCCEEDED, carried_out(change, row, now))

"""What a run is told to do, and the hand that does it: rows, journal, and one failure not stopping the rest.

`apply` says in which order; outside providers are asked by the engine, which journals through this hand as well.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace

from reconciler.answers import Accepted
from reconciler.changes import Change, Kind, Many
from reconciler.errors import StoreError
from reconciler.events import Event
from reconciler.fates import Fates
from reconciler.journal import ChangeReport, Entry, Freeze, OpenIntent, Outcome, OutcomeKind, Run
from reconciler.model import StoredSubscription, SubscriptionKey
from reconciler.observed import ObservedAccount, ObservedSubscription
from reconciler.operation_ids import event_id, operation_id
from reconciler.ports import Bookkeeping, Clock, Recorder, Store

BATCH = 10_000
"""The most ledger changes in one transaction."""


@dataclass(frozen=True, slots=True)
class Closing:
    """An open intent that nothing will come of any more, and why."""

    intent: OpenIntent
    error: str


@dataclass(frozen=True, slots=True)
class Instruction:
    """What to carry out: the changes that passed review, in plan order, and what the run is to leave beside them."""

    run: Run
    changes: Sequence[Change]
    bookkeeping: Bookkeeping
    lineage: str
    serial: int
    """Of the snapshot that the plan was made from; with the lineage it fixes the operation ids."""
    elapsed: tuple[Event, ...] = ()
    """What time did since it was last recorded: journaled before the changes, which stand on it."""
    settled: Mapping[SubscriptionKey, StoredSubscription] = field(default_factory=dict)
    """Of outside accounts: the records that the events leave, and those that are adopted."""
    closing: tuple[Closing, ...] = ()
    """What was begun before and is over without having been done."""
    repeated: Mapping[str, str] = field(default_factory=dict)
    """An operation id of this plan, and the one under which a run that was cut off had begun the very same change."""
    closes: bool = False
    """An earlier run was cut off: this one is journaled even if nothing is left to change."""
    batch: int = BATCH
    records: Records | None = None
    """Of very many changes of which the records are read once they are needed."""

    @property
    def empty(self) -> bool:
        """Whether there is nothing to write at all: such a run leaves no trace."""
        return not (self.changes or self.elapsed or self.closing or self.closes) and self.bookkeeping == Bookkeeping()


@dataclass(frozen=True, slots=True)
class Served:
    """Who serves the accounts of a run, by account."""

    recorders: Mapping[str, Recorder]
    """Of every account: what is ours to record of it."""
    desks: Mapping[str, Callable[[Change, StoredSubscription, Run], Accepted]] = field(default_factory=dict)
    """Of those whose changes people make: what issues a task."""
    outside: Outside | None = None
    """Carries out the orders of outside accounts, journaling by the hand; None: there is no such account."""
    abroad: frozenset[str] = frozenset()
    """The names of those accounts."""


@dataclass(frozen=True, slots=True)
class Ordered:
    """One change of the pair at an outside provider, as it is to be carried out."""

    entry: Entry
    """With its operation id."""
    row: StoredSubscription
    """The record as the changes before leave it."""


def _former_key(change: Change) -> SubscriptionKey | None:
    if change.kind is not Kind.RENAME:
        return None
    return SubscriptionKey(change.key.account, str(change.before["name"]))


@dataclass(slots=True)
class Hand:
    """Carries out batches, keeping the rows as the changes so far leave them."""

    instruction: Instruction
    rows: dict[SubscriptionKey, StoredSubscription]
    store: Store
    served: Served
    clock: Clock
    stop: Callable[[], bool]
    progress: Callable[[int, int], None]
    reports: list[ChangeReport] | Fates = field(default_factory=list)
    elapsed: list[Event] = field(default_factory=list)
    """What time did, as far as it is recorded."""
    acted: bool = False
    """Something was recorded, or a provider was asked."""
    failed: set[SubscriptionKey] = field(default_factory=set)
    broken: StoreError | None = None
    freeze: Freeze | None = None
    interrupted: bool = False
    written: set[str] = field(default_factory=set)
    """Accounts of rows that were let go."""
    seen: dict[str, dict[str, ObservedSubscription]] = field(default_factory=dict)
    """What was read back, by account and the provider's id."""
    handed_over: bool = False
    """Workers carry the rest out, and the last of them finishes the run."""

    def __post_init__(self) -> None:
        if isinstance(self.instruction.changes, Many):
            self.reports = Fates(self.instruction.changes)

    def halted(self) -> bool:
        """Whether to go no further: the store failed, we were asked to stop, or somebody froze it meanwhile."""
        if self.broken is not None or self.interrupted or self.freeze is not None:
            return True
        self.interrupted = self.stop()
        try:
            freeze = self.store.freeze()
        except StoreError as error:
            self._break(error)
            return True
        if freeze is not None and freeze.holds(self.clock.now()):
            self.freeze = freeze
        return self.interrupted or self.freeze is not None

    def take_turn(self, batch: Sequence[Change], carry_out: Callable[[Sequence[Change]], None]) -> None:
        """Carry a batch out, or skip it where we were halted."""
        if self.halted():
            self.skip(batch)
        else:
            carry_out(batch)
        self.told()

    def told(self, done: int | None = None) -> None:
        """Say how far we are."""
        self.progress(len(self.reports) if done is None else done, len(self.instruction.changes))

    def let_go(self, batch: Sequence[Change]) -> None:
        """Of very many changes forget the rows of a batch that is behind us, but for its last one: the next change may
        be of the same subscription.
        """
        if isinstance(self.reports, Fates):
            self.written |= {key.account for key in self.rows}
            last = batch[-1].key
            self.rows = {last: self.rows[last]} if last in self.rows else {}

    def skip(self, batch: Sequence[Change]) -> None:
        """Report changes that were not tried."""
        error = self.broken.message if self.broken is not None else None
        self.reports.extend([ChangeReport(change, OutcomeKind.SKIPPED, error) for change in batch])

    def take_down(self, events: Sequence[Event]) -> None:
        """Journal what time did, with the records that it left."""
        instruction = self.instruction
        if not self.knows({event.key for event in events}):
            return
        self.rows |= {event.key: instruction.settled[event.key] for event in events if event.key in instruction.settled}
        entries = [
            Entry(
                event_id(instruction.lineage, instruction.serial, event),
                event,
                Outcome(OutcomeKind.SUCCEEDED, self.rows[event.key]),
            )
            for event in events
        ]
        try:
            self.store.record(instruction.run.id, entries, self.clock.now())
        except StoreError as error:
            self._break(error)
            return
        self.acted = True
        self.elapsed += events
        if instruction.records is not None:
            self.written |= {key.account for key in self.rows}
            self.rows = {}

    def knows(self, keys: Collection[SubscriptionKey]) -> bool:
        """Have the records of these, as the changes so far leave them; whether they could be read."""
        read = self.instruction.records
        if read is None:
            return True
        try:
            found = read([key for key in keys if key not in self.rows])
        except StoreError as error:
            self._break(error)
            return False
        self.rows |= {key: row for key, row in found.items() if key in keys}
        return True

    def carry_out(self, batch: Sequence[Change]) -> None:
        """Effect and outcome of one batch of records; a failing store ends the run, with all before it recorded."""
        if not self.knows({_former_key(change) or change.key for change in batch}):
            self.skip(batch)
            return
        entries = [self._recorded(change) for change in batch]
        self._record(entries)

    def issue(self, batch: Sequence[Change]) -> None:
        """Hand people their tasks: intended, and accepted at once; done is only what somebody says is."""
        if not self.knows({change.key for change in batch}):
            self.skip(batch)
            return
        run = self.instruction.run
        entries: list[Entry] = []
        for change in batch:
            entry = self.entry(change)
            if change.key in self.failed:
                self.reports.append(ChangeReport(change, OutcomeKind.SKIPPED, _EARLIER_FAILED))
                continue
            accepted = self.served.desks[change.key.account](change, self.rows[change.key], run)
            entries.append(replace(entry, outcome=Outcome(OutcomeKind.ACCEPTED, token=accepted.token)))
        try:
            self.store.intend(run.id, entries, self.clock.now())
            self.store.accept(run.id, entries, self.clock.now())
        except StoreError as error:
            self._break(error)
            self.reports.extend([_report(item, OutcomeKind.FAILED, error.message) for item in entries])
            return
        self.acted = True
        self.reports.extend([_report(item, OutcomeKind.ACCEPTED) for item in entries])

    def close(self, closings: Sequence[Closing]) -> None:
        """Journal that nothing came of what was begun before: a task that is withdrawn, an order that never arrived."""
        entries = [
            Entry(item.intent.operation_id, item.intent.change, Outcome(OutcomeKind.FAILED, error=item.error))
            for item in closings
        ]
        try:
            self.store.record(self.instruction.run.id, entries, self.clock.now())
        except StoreError as error:
            self._break(error)
            return
        self.acted = True

    def ordered(self, changes: Sequence[Change]) -> list[Ordered]:
        """What outside providers are to do; what an earlier change of the same subscription failed for is skipped."""
        found = []
        for change in changes:
            if change.key in self.failed or change.key not in self.rows:
                self.reports.append(ChangeReport(change, OutcomeKind.SKIPPED, _EARLIER_FAILED))
            else:
                found.append(Ordered(self.entry(change), self.rows[change.key]))
        return found

    def intend(self, entries: Sequence[Entry]) -> None:
        """Journal durably what is about to be sent; StoreError where that cannot be."""
        self._journal(lambda: self.store.intend(self.instruction.run.id, entries, self.clock.now()))

    def accept(self, entries: Sequence[Entry]) -> None:
        """Journal durably what a provider works on; StoreError as `intend`."""
        self._journal(lambda: self.store.accept(self.instruction.run.id, entries, self.clock.now()))

    def record(self, entries: Sequence[Entry]) -> None:
        """Record what became of what was sent; StoreError where that cannot be: then nobody may know it."""
        self._journal(lambda: self.store.record(self.instruction.run.id, entries, self.clock.now()))
        for entry in entries:
            self.keep(entry, entry.outcome)
            if entry.outcome.seen is not None:
                self.seen.setdefault(entry.change.key.account, {})[entry.outcome.seen.id] = entry.outcome.seen

    def _journal(self, write: Callable[[], object]) -> None:
        try:
            write()
        except StoreError as error:
            self.broken = error
            raise
        self.acted = True

    def finish(self) -> None:
        """Close the run in the store, with what providers showed after it."""
        if self.handed_over:
            return
        now = self.clock.now()
        read = [ObservedAccount(name, now, seen, complete=False) for name, seen in sorted(self.seen.items())]
        try:
            if read:
                self.store.keep_observations(read)
            self.store.finish(self.instruction.run.id, self.clock.now(), self.bookkeeping())
        except StoreError as error:
            if not self.acted:
                raise
            said = f"{error.message}; what this run did is recorded, and the next run closes it"
            raise type(error)(error.code, said, error.hint) from error

    def in_plan_order(self) -> Sequence[ChangeReport]:
        """The reports, as the plan has their changes."""
        if isinstance(self.reports, Fates):
            return self.reports
        changes = self.instruction.changes
        if len(changes) == len(self.reports) and all(
            report.change is change for report, change in zip(self.reports, changes, strict=True)
        ):
            return tuple(self.reports)
        place = {id(change): number for number, change in enumerate(changes)}
        return tuple(sorted(self.reports, key=lambda report: place.get(id(report.change), 0)))

    def entry(self, change: Change) -> Entry:
        """A change on its way into the journal, its operation id fixed by the plan."""
        return Entry(self._number(change), change, _INTENDED, _former_key(change))

    def _number(self, change: Change) -> str:
        number = operation_id(self.instruction.lineage, self.instruction.serial, change)
        return self.instruction.repeated.get(number, number)

    def bookkeeping(self) -> Bookkeeping:
        """What to keep of what was planned to be: the rest was not earned by what was done."""
        planned = self.instruction.bookkeeping
        # A tenant that nothing could be written to may be a slip of the pen: it must not become the right one.
        written = self.written | {key.account for key in self.rows} if planned.accounts else set()
        return replace(
            planned,
            # Settings are recorded only by a run that went through: a half-done one must not loosen the next.
            safety=planned.safety if self.whole else None,
            accounts={name: found for name, found in planned.accounts.items() if name in written},
        )

    @property
    def whole(self) -> bool:
        """Whether the run came to its end."""
        return self.broken is None and not self.interrupted and self.freeze is None

    def _break(self, error: StoreError) -> None:
        """Go no further; raises the error where nothing was done yet."""
        if not self.acted:
            raise error
        self.broken = error

    def _record(self, entries: Sequence[Entry]) -> None:
        try:
            self.store.record(self.instruction.run.id, entries, self.clock.now())
        except StoreError as error:
            self._break(error)
            self.reports.extend([_report(item, OutcomeKind.FAILED, error.message) for item in entries])
            return
        self.acted = True
        self.reports.extend([_report(item, item.outcome.kind, item.outcome.error) for item in entries])

    def _recorded(self, change: Change) -> Entry:
        number, former = self._number(change), _former_key(change)
        if change.key in self.failed:
            return Entry(number, change, Outcome(OutcomeKind.SKIPPED, error=_EARLIER_FAILED), former)
        entry = Entry(number, change, self._outcome(change, number, former), former)
        self.keep(entry, entry.outcome)
        return entry

    def _outcome(self, change: Change, number: str, former: SubscriptionKey | None) -> Outcome:
        if change.kind is Kind.ADOPT:
            return Outcome(OutcomeKind.SUCCEEDED, self.instruction.settled[change.key])
        recorder = self.served.recorders[change.key.account]
        return recorder.execute(change, self.rows.get(former or change.key), number, self.instruction.run.as_of)

    def keep(self, entry: Entry, outcome: Outcome) -> None:
        """The rows as this outcome leaves them."""
        key = entry.change.key
        if outcome.kind is not OutcomeKind.SUCCEEDED:
            self.failed.add(key)
            return
        if entry.previous is not None:
            self.rows.pop(entry.previous, None)
        if outcome.row is None:
            self.rows.pop(key, None)
        else:
            self.rows[key] = outcome.row


_INTENDED = Outcome(OutcomeKind.INTENDED)
_EARLIER_FAILED = "an earlier change of this subscription failed"


def _report(entry: Entry, kind: OutcomeKind, error: str | None = None) -> ChangeReport:
    change = entry.change
    if not isinstance(change, Change):
        raise TypeError("an event is no change")
    return ChangeReport(change, kind, error, entry.outcome.code, entry.outcome.note)


Records = Callable[[Collection[SubscriptionKey]], Mapping[SubscriptionKey, StoredSubscription]]
"""Reads records, as far as they are there, as they stand at the instant of the plan; raises StoreError."""
Outside = Callable[[Sequence[Ordered], Hand], Sequence[ChangeReport]]
"""Carries orders out, or hands them over: what became of each is told, in their order."""

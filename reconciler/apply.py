"""Carries a plan's changes out, through ports only: the one place that acts.

Write the intent first: a run is journaled before its first change, a provider's change before its call. A ledger's
changes go in batches, rows and journal in one transaction each. After a crash the next pass plans anew from what is
stored.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from hashlib import sha256

from reconciler.changes import Change, Kind
from reconciler.errors import StoreError
from reconciler.events import Event
from reconciler.journal import ApplyReport, ChangeReport, Entry, Freeze, Holder, Outcome, OutcomeKind, Run
from reconciler.model import StoredSubscription, SubscriptionKey
from reconciler.plan import approval, canonical
from reconciler.ports import Bookkeeping, Clock, Provider, Store

BATCH = 10_000
"""The most ledger changes in one transaction."""


@dataclass(frozen=True, slots=True)
class Instruction:
    """What to carry out: the changes that passed review, in plan order, and what the run is to leave beside them."""

    run: Run
    changes: tuple[Change, ...]
    bookkeeping: Bookkeeping
    lineage: str
    serial: int
    """Of the snapshot that the plan was made from; with the lineage it fixes the operation ids."""
    elapsed: tuple[Event, ...] = ()
    """What time did since it was last recorded: journaled before the changes, which stand on it."""
    closes: bool = False
    """An earlier run was cut off: this one is journaled even if nothing is left to change."""
    batch: int = BATCH

    @property
    def empty(self) -> bool:
        """Whether there is nothing to write at all: such a run leaves no trace."""
        return not (self.changes or self.elapsed or self.closes) and self.bookkeeping == Bookkeeping()


def execute(
    instruction: Instruction,
    rows: Mapping[SubscriptionKey, StoredSubscription],
    store: Store,
    providers: Mapping[str, Provider],
    clock: Clock,
    stop: Callable[[], bool],
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> ApplyReport:
    """Carry out every change, one failure not stopping the rest; `providers` is by account, `clock` real time.

    `stop` is asked between batches: what was begun is finished and recorded, the rest is skipped. `progress` is told
    how many changes are behind us, of how many. Raises StoreError where the store fails before anything was done, or
    at the very end, when all of it is recorded and only the run itself is still to be closed.
    """
    if instruction.empty:
        return ApplyReport(run=None)
    hand = _Hand(instruction, dict(rows), store, providers, clock)
    with _described(store, instruction.run):
        store.begin(instruction.run)
        for events in batched_by_key(instruction.elapsed, instruction.batch):
            if not hand.halted(stop):
                hand.take_down(events)
        for batch in _batches(instruction, providers):
            if hand.halted(stop):
                hand.skip(batch)
            else:
                hand.carry_out(batch)
            progress(len(hand.reports), len(instruction.changes))
        if hand.broken is None:
            hand.finish()
    return ApplyReport(
        run=instruction.run.id,
        changes=tuple(hand.reports),
        elapsed=tuple(hand.elapsed),
        interrupted=hand.interrupted,
        frozen=hand.freeze,
        settings_recorded=hand.whole and instruction.bookkeeping.safety is not None,
        counts=Counter(report.outcome for report in hand.reports),
    )


def _batches(instruction: Instruction, providers: Mapping[str, Provider]) -> Iterator[tuple[Change, ...]]:
    """The changes in order, neighbours on a ledger together."""
    batch: list[Change] = []
    for change in instruction.changes:
        if not providers[change.key.account].atomic:
            if batch:
                yield tuple(batch)
                batch = []
            yield (change,)
            continue
        batch.append(change)
        if len(batch) >= instruction.batch:
            yield tuple(batch)
            batch = []
    if batch:
        yield tuple(batch)


def batched_by_key(events: Sequence[Event], size: int) -> Iterator[tuple[Event, ...]]:
    """The events in order, at least `size` at a time, all of one record together: its row is the one after all."""
    batch: list[Event] = []
    for event in events:
        if len(batch) >= size and batch[-1].key != event.key:
            yield tuple(batch)
            batch = []
        batch.append(event)
    if batch:
        yield tuple(batch)


@contextmanager
def _described(store: Store, run: Run) -> Iterator[None]:
    """While it lasts, the store says who holds it. One that cannot forget that again must not hide what was done."""
    store.describe_holder(Holder(run.pid, run.host, run.started_at, run.actor, run.ci_run))
    try:
        yield
    finally:
        with suppress(StoreError):
            store.describe_holder(None)


def operation_id(lineage: str, serial: int, change: Change) -> str:
    """The same for the same change planned from the same serial, so that a repeat is known as one."""
    return sha256(canonical([lineage, serial, approval(change)])).hexdigest()[:32]


def event_id(lineage: str, serial: int, event: Event) -> str:
    """The same for the same event seen from the same serial."""
    named = [lineage, serial, str(event.key), event.kind.value, event.at]
    return sha256(canonical(named)).hexdigest()[:32]


def _former_key(change: Change) -> SubscriptionKey | None:
    if change.kind is not Kind.RENAME:
        return None
    return SubscriptionKey(change.key.account, str(change.before["name"]))


@dataclass(slots=True)
class _Hand:
    """Carries out batches, keeping the rows as the changes so far leave them."""

    instruction: Instruction
    rows: dict[SubscriptionKey, StoredSubscription]
    store: Store
    providers: Mapping[str, Provider]
    clock: Clock
    reports: list[ChangeReport] = field(default_factory=list)
    elapsed: list[Event] = field(default_factory=list)
    """What time did, as far as it is recorded."""
    acted: bool = False
    """Something was recorded."""
    asked: bool = False
    """A provider was called, and what became of it is not recorded yet."""
    failed: set[SubscriptionKey] = field(default_factory=set)
    broken: StoreError | None = None
    freeze: Freeze | None = None
    interrupted: bool = False

    def halted(self, stop: Callable[[], bool]) -> bool:
        """Whether to go no further: the store failed, we were asked to stop, or somebody froze it meanwhile."""
        if self.broken is not None or self.interrupted or self.freeze is not None:
            return True
        self.interrupted = stop()
        try:
            freeze = self.store.freeze()
        except StoreError as error:
            self._break(error)
            return True
        if freeze is not None and freeze.holds(self.clock.now()):
            self.freeze = freeze
        return self.interrupted or self.freeze is not None

    def skip(self, batch: Sequence[Change]) -> None:
        """Report changes that were not tried."""
        error = self.broken.message if self.broken is not None else None
        self.reports += [ChangeReport(change, OutcomeKind.SKIPPED, error) for change in batch]

    def take_down(self, events: Sequence[Event]) -> None:
        """Journal what time did, with the records that it left."""
        instruction = self.instruction
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

    def carry_out(self, batch: Sequence[Change]) -> None:
        """Intent, effect and outcome of one batch; a failing store ends the run here, with all before it recorded."""
        run_id = self.instruction.run.id
        try:
            entries = [self._entry(change, run_id) for change in batch]
            self.store.record(run_id, entries, self.clock.now())
        except StoreError as error:
            self._break(error)
            # What a provider was asked to do may be done, though the store could not take down that it is.
            kind = OutcomeKind.UNKNOWN if self.asked else OutcomeKind.FAILED
            self.reports += [ChangeReport(change, kind, error.message) for change in batch]
            return
        self.asked = False
        self.acted = True
        self.reports += [
            ChangeReport(change, item.outcome.kind, item.outcome.error)
            for change, item in zip(batch, entries, strict=True)
        ]

    def finish(self) -> None:
        """Close the run in the store."""
        try:
            self.store.finish(self.instruction.run.id, self.clock.now(), self._bookkeeping())
        except StoreError as error:
            if not self.acted:
                raise
            said = f"{error.message}; what this run did is recorded, and the next run closes it"
            raise type(error)(error.code, said, error.hint) from error

    def _bookkeeping(self) -> Bookkeeping:
        """What to keep of what was planned to be: the rest was not earned by what was done."""
        planned = self.instruction.bookkeeping
        # A tenant that nothing could be written to may be a slip of the pen: it must not become the right one.
        written = {key.account for key in self.rows} if planned.accounts else set()
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
        if not (self.acted or self.asked):
            raise error
        self.broken = error

    def _entry(self, change: Change, run_id: str) -> Entry:
        provider = self.providers[change.key.account]
        previous = _former_key(change)
        number = operation_id(self.instruction.lineage, self.instruction.serial, change)
        entry = Entry(number, change, Outcome(OutcomeKind.INTENDED), previous)
        if change.key in self.failed:
            outcome = Outcome(OutcomeKind.SKIPPED, error="an earlier change of this subscription failed")
            return replace(entry, outcome=outcome)
        if not provider.atomic:
            self.store.intend(run_id, [entry])
            self.asked = True
        row = self.rows.get(previous or change.key)
        outcome = provider.execute(change, row, number, self.instruction.run.as_of)
        self._keep(change.key, previous, outcome)
        return replace(entry, outcome=outcome)

    def _keep(self, key: SubscriptionKey, previous: SubscriptionKey | None, outcome: Outcome) -> None:
        if outcome.kind is not OutcomeKind.SUCCEEDED:
            self.failed.add(key)
            return
        if previous is not None:
            self.rows.pop(previous, None)
        if outcome.row is None:
            self.rows.pop(key, None)
        else:
            self.rows[key] = outcome.row

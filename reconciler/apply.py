"""Carries a plan's changes out, through ports only: the one place that acts.

Write the intent first: a run is journaled before its first change, a provider's change before its call. What is ours to
record goes in batches, rows and journal in one transaction each; then people get their tasks, and outside providers
their orders. After a crash the next pass plans anew from what is stored, and settles what was begun.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from itertools import islice

from reconciler.changes import INTENTS, Change, Many, traits_of
from reconciler.errors import StoreError
from reconciler.events import Event
from reconciler.fates import outcomes_of
from reconciler.hand import BATCH, Closing, Hand, Instruction, Ordered, Outside, Served
from reconciler.journal import ApplyReport, Holder, Run
from reconciler.model import StoredSubscription, SubscriptionKey
from reconciler.ports import Clock, Store


def execute(
    instruction: Instruction,
    rows: Mapping[SubscriptionKey, StoredSubscription],
    store: Store,
    served: Served,
    clock: Clock,
    stop: Callable[[], bool],
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> ApplyReport:
    """Carry out every change, one failure not stopping the rest; `clock` is real time.

    `stop` is asked between batches: what was begun is finished and recorded, the rest is skipped. `progress` is told
    how many changes are behind us, of how many. Raises StoreError where the store fails before anything was done, or
    at the very end, when all of it is recorded and only the run itself is still to be closed.
    """
    if instruction.empty:
        return ApplyReport(run=None)
    instruction = _as_carried_out(instruction, rows, served)
    hand = Hand(instruction, dict(rows), store, served, clock, stop, progress)
    with _described(store, instruction.run):
        store.begin(instruction.run)
        _in_order(instruction, hand, served)
        if hand.broken is None:
            hand.finish()
    return ApplyReport(
        run=instruction.run.id,
        changes=hand.in_plan_order(),
        elapsed=tuple(hand.elapsed),
        interrupted=hand.interrupted,
        frozen=hand.freeze,
        settings_recorded=hand.whole and instruction.bookkeeping.safety is not None,
        counts=outcomes_of(hand.reports),
    )


def _as_carried_out(
    instruction: Instruction, rows: Mapping[SubscriptionKey, StoredSubscription], served: Served
) -> Instruction:
    """The same, with values for changes of which not all are told in plan order, or that stand on records."""
    changes = instruction.changes
    if isinstance(changes, Many) and (rows or not _all_ours(changes, served)):
        return replace(instruction, changes=tuple(changes))
    return instruction


def _all_ours(changes: Sequence[Change], served: Served) -> bool:
    """Whether nobody else is to do anything."""
    others = served.desks.keys() | served.abroad
    return not others or all(trait.kind not in INTENTS or trait.account not in others for trait in traits_of(changes))


def _in_order(instruction: Instruction, hand: Hand, served: Served) -> None:
    """First what happened, then what is ours to record, then what people and outside providers are to do."""
    recorded, by_hand, abroad = _sorted(instruction.changes, served)
    for events in batched_by_key(instruction.elapsed, instruction.batch):
        if not hand.halted():
            hand.take_down(events)
    for batch in _in_batches(recorded, instruction.batch):
        hand.take_turn(batch, hand.carry_out)
        hand.let_go(batch)
    if instruction.closing and not hand.halted():
        hand.close(instruction.closing)
    for batch in _in_batches(by_hand, instruction.batch):
        hand.take_turn(batch, hand.issue)
    if abroad and served.outside is not None:
        hand.reports.extend(served.outside(hand.ordered(abroad), hand))
        hand.told()


def _sorted(changes: Sequence[Change], served: Served) -> tuple[Sequence[Change], Sequence[Change], Sequence[Change]]:
    """What is ours to record, what people are to do, and what outside providers are: each in plan order."""
    if _all_ours(changes, served):
        return changes, (), ()
    recorded: list[Change] = []
    by_hand: list[Change] = []
    abroad: list[Change] = []
    for change in changes:
        account = change.key.account
        if change.kind in INTENTS and account in served.desks:
            by_hand.append(change)
        elif change.kind in INTENTS and account in served.abroad:
            abroad.append(change)
        else:
            recorded.append(change)
    return recorded, by_hand, abroad


def _in_batches(changes: Sequence[Change], size: int) -> Iterator[Sequence[Change]]:
    left = iter(changes)
    while batch := tuple(islice(left, size)):
        yield batch


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


__all__ = ["BATCH", "Closing", "Hand", "Instruction", "Ordered", "Outside", "Served", "batched_by_key", "execute"]

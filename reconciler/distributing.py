"""Applies, refreshes and workers joined: hands orders and looks over, and is a worker. Names the adapters that takes.

Needs a store on PostgreSQL. Decides nothing about subscriptions.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from reconciler.apply import Hand, Ordered, Outside
from reconciler.changes import Change
from reconciler.errors import StoreError, UsageError
from reconciler.journal import ChangeReport, OutcomeKind, Run
from reconciler.looks import Look, Looked
from reconciler.observed import ObservedAccount
from reconciler.ports import Store
from reconciler.runtime import Runtime
from reconciler.settings import AccountSettings
from reconciler.shards import Piece, Progress, Ticket, cut

if TYPE_CHECKING:
    from reconciler.carrying import Tenure
    from reconciler.dispatching.queue import Beats, Queue
    from reconciler.outside.pacing import Pacers
    from reconciler.queueing import Dispatcher
    from reconciler.stores.postgres.place import PostgresPlace
    from reconciler.stores.postgres.reader import PostgresReader
    from reconciler.stores.postgres.shards import PostgresShards

_LOOK = 0.5
"""Seconds between two looks at a run that is waited for."""
_AWAY = 300.0
"""Seconds without an answer after which whoever waits for a run gives up; the workers do not."""
_PASSING = frozenset({"store-unreachable", "no-connection-left", "read-only-store"})
"""What is said of a server that restarts, or while no standby has taken over yet."""


def hand_over_to_workers(runtime: Runtime) -> list[str]:
    """From now on what this runtime applies at outside providers is handed to workers; the runs of which it was.

    Raises UsageError `not-distributable` for a store on SQLite, and StoreError `extra-missing`.
    """
    queue = _queue(_place(runtime), 1)
    handed: list[str] = []

    def outside_of(store: Store, accounts: Mapping[str, AccountSettings]) -> Outside:
        def outside(orders: Sequence[Ordered], hand: Hand) -> Sequence[ChangeReport]:
            reports = _handed_over(queue, store, accounts, orders, hand)
            if hand.handed_over:
                handed.append(hand.instruction.run.id)
            return reports

        return outside

    runtime.hand_over = outside_of
    return handed


def _handed_over(
    queue: Queue, store: Store, accounts: Mapping[str, AccountSettings], orders: Sequence[Ordered], hand: Hand
) -> Sequence[ChangeReport]:
    """Run, shards and jobs in one transaction: all of it, or nothing."""
    from reconciler.stores.postgres.shards import PostgresShards  # start-up: only a distributed apply
    from reconciler.stores.postgres.store import PostgresStore

    if not isinstance(store, PostgresStore):
        raise TypeError("only a store on PostgreSQL has shards")
    pieces = [_piece(order, accounts) for order in orders]
    if not pieces or hand.halted():
        return [ChangeReport(piece.change, OutcomeKind.SKIPPED) for piece in pieces]
    try:
        with store.together() as spoken:
            queue.prepare(spoken.connection)
            tickets = PostgresShards(store).put(hand.instruction.run.id, cut(pieces), hand.bookkeeping())
            queue.submit(tickets, spoken.connection)
    except StoreError as error:
        if not hand.acted:
            raise
        hand.broken = error
        return [ChangeReport(piece.change, OutcomeKind.FAILED, error.message) for piece in pieces]
    hand.handed_over = hand.acted = True
    said = "it waits for a worker"
    return [ChangeReport(piece.change, OutcomeKind.ACCEPTED, note=said) for piece in pieces]


def _piece(order: Ordered, accounts: Mapping[str, AccountSettings]) -> Piece:
    change = order.entry.change
    if not isinstance(change, Change):
        raise TypeError("an event is nothing to carry out")
    return Piece(accounts[change.key.account], change, order.entry.operation_id, order.row)


def looks_to_workers(
    runtime: Runtime,
) -> Callable[[Store, Run, Sequence[Look], Sequence[Looked]], Mapping[str, int]]:
    """What hands a refresh over: its looks, and what is known already, with a job for each look, in one transaction.

    It answers how many of them still waited for a worker in which earlier refresh, and wait in this one now.

    Raises UsageError `not-distributable` for a store on SQLite, and StoreError `extra-missing`.
    """
    queue = _queue(_place(runtime), 1)

    def hand_over(store: Store, run: Run, asked: Sequence[Look], apart: Sequence[Looked]) -> Mapping[str, int]:
        from reconciler.stores.postgres.shards import PostgresShards  # start-up: as above
        from reconciler.stores.postgres.store import PostgresStore

        assert isinstance(store, PostgresStore)  # noqa: S101 - for mypy
        with store.together() as spoken:
            queue.prepare(spoken.connection)
            tickets, taken_over = PostgresShards(store).put_looks(run, asked, apart)
            queue.submit(tickets, spoken.connection)
        return taken_over

    return hand_over


def looked_at(runtime: Runtime, run: str) -> list[Looked]:
    """What came of each account of a refresh so far, by its name."""
    from reconciler.stores.postgres.looks import results  # start-up: as above

    with _read(runtime) as reader:
        return results(reader, run)


@dataclass(frozen=True, slots=True)
class Shift:
    """What a worker is told to do."""

    concurrency: int = 1
    """Shards at once."""
    until_idle: bool = False
    """End once no shard is left for anybody."""
    run: str | None = None
    """Only the shards of this run, and without the queue."""
    tenure: Tenure | None = None
    beats: Beats | None = None


def work(runtime: Runtime, shift: Shift, stop: Callable[[], bool]) -> None:
    """Be a worker until asked to stop, or until there is nothing left where the shift says so."""
    from reconciler.carrying import Carrier, Heart, Tenure  # start-up: as above
    from reconciler.outside.pacing import Pacers
    from reconciler.stores.postgres.paces import SharedTurns

    place = _place(runtime)
    with ExitStack() as held:
        turns = SharedTurns(place.address, runtime.services.timing.monotonic)
        held.callback(turns.close)
        timing = runtime.services.timing
        heart = Heart(lambda: _book(place), shift.tenure or Tenure(), timing.monotonic)
        pacers = Pacers(timing, turns.line)
        carrier = Carrier(
            lambda: _book(place), runtime.services.writer, timing, pacers,
            f"{runtime.environment.host}:{os.getpid()}", stop, heart, partial(_seen, runtime, pacers),
        )  # fmt: skip
        book = held.enter_context(closing(_checked(runtime, place)))
        lock = threading.Lock()

        def idle() -> bool:
            with lock, suppress(StoreError):  # a server that does not answer has not said that nothing is left
                return not book.open_shards(shift.run)
            return False

        dispatcher = _dispatcher(place, book, shift)
        heart.start()
        held.callback(heart.stop)
        dispatcher.run(carrier.work, stop, idle if shift.until_idle or shift.run else None)


def _seen(runtime: Runtime, pacers: Pacers, look: Look, halted: Callable[[], bool]) -> ObservedAccount:
    """What one account shows, looked at in the turns that all workers share."""
    from reconciler.observing import Eyes  # start-up: as above
    from reconciler.observing import look as look_at

    services, account = runtime.services, look.account
    eyes = Eyes(services.reader, services.timing, pacers, halted)
    return look_at({account.name: look.ids}, {account.name: account}, eyes)[account.name]


def _dispatcher(place: PostgresPlace, book: PostgresShards, shift: Shift) -> Dispatcher:
    if shift.run is not None:
        from reconciler.dispatching.inline import Inline  # start-up: as above

        inline = Inline(shift.concurrency)
        inline.submit([Ticket(shard, str(shard)) for shard in book.open_shards(shift.run)])
        return inline
    queue = _queue(place, shift.concurrency, shift.beats)
    with book.together() as connection:
        queue.prepare(connection)
    return queue


def progress_of(runtime: Runtime, run: str | None = None, limit: int = 20) -> list[Progress]:
    """The newest runs first, or that one; UsageError `no-such-run`."""
    from reconciler.stores.postgres.progress import progress  # start-up: as above

    with _read(runtime) as reader:
        found = progress(reader, run, limit)
    if run is not None and not found:
        raise UsageError("no-such-run", f"there is no run {run}", "see which there are: reconcile runs")
    return found


def once_over(runtime: Runtime, run: str, tell: Callable[[int, int], None] = lambda done, total: None) -> Progress:
    """That run, once workers are done with it; until then `tell` hears how much is done, and of how much.

    As workers do, it waits for a server that restarts or fails over meanwhile. Asks the server that takes writes: a
    standby may not know of the run yet. StoreError where none answers for long.
    """
    from reconciler.stores.postgres.progress import progress  # start-up: as above

    place, monotonic = _place(runtime), runtime.services.timing.monotonic
    with place.beside() as store:
        answered = monotonic()
        while True:
            try:
                there = progress(store, run, 1)
                if not there:  # a failover to a standby that is not synchronous may lose a run
                    hint = "see which there are: reconcile runs"
                    raise UsageError("no-such-run", f"there is no run {run} any more", hint)
                found = there[0]
                if not found.under_way:
                    return found
                answered = monotonic()
                tell(found.done, found.total)
            except StoreError as error:
                if error.code not in _PASSING or monotonic() - answered > _AWAY:
                    raise
            time.sleep(_LOOK)


def take_back(runtime: Runtime, run: str) -> tuple[int, int]:
    """Close what no worker has of a run, under the lease: how many shards that were, and how many workers still have.

    What was not carried out is planned again by the next apply; what was not looked at, the next refresh looks at.
    """
    from reconciler.stores.postgres.shards import PostgresShards  # start-up: as above
    from reconciler.stores.postgres.store import PostgresStore

    place = _place(runtime)
    if not progress_of(runtime, run)[0].shards:
        raise UsageError("no-such-run", f"run {run} has no shards", "see which there are: reconcile runs")
    with runtime.leased(), _written(place) as store:
        assert isinstance(store, PostgresStore)  # noqa: S101 - for mypy
        return PostgresShards(store).withdraw(run, runtime.clock.now())


@contextmanager
def _read(runtime: Runtime) -> Iterator[PostgresReader]:
    place = _place(runtime)
    reader = place.reader()
    if reader is None:
        raise _no_store(place)
    with reader:
        yield reader


@contextmanager
def _written(place: PostgresPlace) -> Iterator[Store]:
    store = place.store()
    if store is None:
        raise _no_store(place)
    with store:
        yield store


def _place(runtime: Runtime) -> PostgresPlace:
    """The store's place, where workers can share it."""
    place = runtime.place
    if runtime.place.name.startswith("postgresql:"):
        from reconciler.stores.postgres.place import PostgresPlace  # start-up: as above

        if isinstance(place, PostgresPlace):
            return place
    hint = "apply without --distributed, or move the store: reconcile store copy SRC postgresql://... (docs/workers.md)"
    raise UsageError("not-distributable", f"workers need a store on PostgreSQL, and this is {place.name}", hint)


def _book(place: PostgresPlace) -> PostgresShards:
    from reconciler.stores.postgres.shards import PostgresShards  # start-up: as above

    return PostgresShards(place.beside())


def _checked(runtime: Runtime, place: PostgresPlace) -> PostgresShards:
    """The book of a store that is there, up to date, and the pinned one."""
    store = place.store()
    if store is None:
        raise _no_store(place)
    book = _book(place)
    store.close()
    pinned, found = runtime.settings.lineage, book.lineage()
    if pinned is not None and pinned != found:
        book.close()
        said, hint = (
            f"the settings pin the store {pinned}, this one is {found}",
            "point `store.url` at the pinned store",
        )
        raise StoreError("other-store", said, hint)
    return book


def _no_store(place: PostgresPlace) -> StoreError:
    return StoreError("no-store", f"there is no store at {place.name}", "the first apply creates it")


def _queue(place: PostgresPlace, concurrency: int, beats: Beats | None = None) -> Queue:
    try:
        from reconciler.dispatching.queue import Beats, Queue  # start-up: it costs more than all the rest
    except ImportError as error:
        hint = "pip install 'subscription-reconciler[workers]'"
        raise StoreError("extra-missing", "sharing work out needs Procrastinate", hint) from error
    return Queue(place.address.parameters, place.address.schema, concurrency, beats or Beats())

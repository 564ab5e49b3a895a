"""A store with shards in it, as tests of workers want them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from reconciler.changes import Kind
from reconciler.dispatching.queue import Queue
from reconciler.journal import OutcomeKind
from reconciler.ports import Bookkeeping
from reconciler.settings import AccountSettings
from reconciler.shards import Piece, Ticket, cut
from reconciler.stores.postgres.progress import progress
from reconciler.stores.postgres.shards import PostgresShards
from reconciler.stores.postgres.store import PostgresStore
from tests.builders import a_change, a_run, a_stored
from tests.dispatching.floor import account


def pieces(count: int, where: AccountSettings | None = None) -> list[Piece]:
    """Recurring billing of so many is to be turned off."""
    where = where or account()
    return [a_piece(number, where) for number in range(count)]


def a_piece(number: int, where: AccountSettings | None = None, **fields: Any) -> Piece:
    where = where or account()
    key = f"{where.name}/s-{number:05d}"
    id = f"s-{number:05d}"
    change = a_change(fields.pop("kind", Kind.TURN_OFF), key, external_id=id, **fields)
    return Piece(where, change, f"00000001{number:024x}", a_stored(key, id=id))


def handed_over(
    store: PostgresStore, found: list[Piece], run_id: str = "run-1", bookkeeping: Bookkeeping | None = None
) -> list[Ticket]:
    """As a distributed apply hands them over: run, shards and jobs."""
    address = store.address
    queue = Queue(address.parameters, address.schema)
    store.begin(a_run(id=run_id, started_at=datetime.now(UTC)))
    with store.together() as spoken:
        queue.prepare(spoken.connection)
        tickets = PostgresShards(store).put(run_id, cut(found), bookkeeping or Bookkeeping())
        queue.submit(tickets, spoken.connection)
    return tickets


def outcomes(store: PostgresStore, run_id: str = "run-1") -> dict[OutcomeKind, int]:
    (found,) = progress(store, run_id, 1)
    return dict(found.outcomes)

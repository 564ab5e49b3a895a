"""A refresh of many accounts that workers carry out: four against one, at a provider with 20 ms latency.

Real processes and a real server. The provider does nothing but wait; each account has its own sign-in, and a list of
some pages, which are read one after the other.
"""

from __future__ import annotations

import tempfile
from contextlib import ExitStack
from pathlib import Path

from reconciler.dispatching.queue import Queue
from reconciler.looks import Look
from reconciler.stores.postgres.shards import PostgresShards
from tests.builders import a_run
from tests.dispatching.floor import PAGES, account, start_worker, vendor
from tests.stores.postgres.places import Room
from tests.stores.postgres.server import Server, servers

LATENCY = 0.02
_PATIENCE = 300.0
_SPENT = (
    b"SELECT extract(epoch FROM max(ended_at) - min(begun_at))::float8, sum(succeeded)::int, count(DISTINCT worker)"
    b" FROM shards"
)


def refreshing(accounts: int = 40) -> list[str]:
    """The table's lines."""
    with servers() as (server,):
        one, four = (_seconds(server, accounts, count) for count in (1, 4))
    what = f"refresh of {accounts} accounts of {PAGES} pages at {LATENCY * 1000:.0f} ms latency"
    return [
        f"| {what}, one worker | | {one:.1f} s |",
        f"| 4 workers | | {one / four:.2f} times as fast ({four:.1f} s) |",
    ]


def _seconds(server: Server, accounts: int, count: int) -> float:
    """From the first look to the last one: a worker's start is no part of it."""
    room = Room(server.database(f"refreshed_{count}"))
    store = room.make()
    queue = Queue(store.address.parameters, store.address.schema)
    with store.together() as spoken:
        queue.prepare(spoken.connection)
        looks = [Look(account(f"shop-{number:02}"), frozenset()) for number in range(accounts)]
        queue.submit(PostgresShards(store).put_looks(a_run(), looks, ())[0], spoken.connection)
    with tempfile.TemporaryDirectory() as folder, vendor(Path(folder), LATENCY) as floor, ExitStack() as held:
        for worker in [held.enter_context(start_worker(room.url, floor.port)) for _ in range(count)]:
            if worker.wait(_PATIENCE):
                raise SystemExit("a worker failed")
    with room.open().reading() as spoken:
        row = spoken.connection.execute(_SPENT).fetchone()
    room.close()
    if row is None or row[1:] != (accounts, count):
        raise SystemExit(f"accounts read, and workers: {row}")
    return float(row[0])


if __name__ == "__main__":
    print("\n".join(refreshing()))

__all__ = ["refreshing"]

"""A refresh of many accounts that workers carry out: four against one, at a provider with 20 ms latency.

Real processes, a real server, and our emulator of Stripe in a process of its own. Each account has its own sign-in.
"""

from __future__ import annotations

import os
import tempfile
from contextlib import ExitStack
from pathlib import Path

from reconciler.dispatching.queue import Queue
from reconciler.looks import Look
from reconciler.settings import AccountSettings
from reconciler.stores.postgres.shards import PostgresShards
from reconciler.testing.emulators.stripe import ACCOUNT
from tests.benchmarks.vendors import vendor
from tests.builders import a_run
from tests.dispatching.lookout import start_worker
from tests.stores.postgres.places import Room
from tests.stores.postgres.server import Server, servers

LATENCY, SIZE = 20, 100
"""Milliseconds for every request, and subscriptions of an account: some pages, and one request for each id below."""
CONFIRMED = 0
"""Ids of each account that are declared and in no list: each is asked for by itself."""
_PATIENCE = 300.0


def refreshing(accounts: int = 40) -> list[str]:
    """The table's lines."""
    with vendor("stripe", SIZE) as stripe, servers() as (server,):
        stripe.control("latency", {"ms": LATENCY})
        one, four = (_seconds(server, stripe.url, accounts, count) for count in (1, 4))
    return [
        f"| refresh of {accounts} accounts by one worker, 20 ms latency | | {one:.1f} s |",
        f"| by 4 workers | | {four:.1f} s, {one / four:.2f} times as fast |",
    ]


def _seconds(server: Server, url: str, accounts: int, count: int) -> float:
    """From the first look to the last one: a worker's start is no part of it."""
    room = Room(server.database(f"refreshed_{count}"))
    store = room.make()
    queue = Queue(store.address.parameters, store.address.schema)
    with store.together() as spoken:
        queue.prepare(spoken.connection)
        looks = [_look(number) for number in range(accounts)]
        queue.submit(PostgresShards(store).put_looks(a_run(), looks, ()), spoken.connection)
    environ = {"RECONCILE_STORE": room.url, "RECONCILE_STRIPE_ENDPOINT": url}
    with tempfile.TemporaryDirectory() as folder, ExitStack() as held:
        Path(folder, "specs").mkdir()
        Path(folder, "reconcile.yaml").write_text(
            "version: 1\naccounts:\n  shop: {provider: stripe}\n", encoding="utf-8"
        )
        for worker in [held.enter_context(start_worker(Path(folder), environ)) for _ in range(count)]:
            if worker.wait(_PATIENCE):
                raise SystemExit("a worker failed")
    statement = b"SELECT extract(epoch FROM max(ended_at) - min(begun_at))::float8, sum(succeeded)::int FROM shards"
    with room.open().reading() as spoken:
        row = spoken.connection.execute(statement).fetchone()
    room.close()
    assert row is not None
    if row[1] != accounts:
        raise SystemExit(f"{row[1]} of {accounts} accounts were read")
    return float(row[0])


def _look(number: int) -> Look:
    account = AccountSettings(f"shop-{number:02}", provider="stripe", tenant=ACCOUNT)
    return Look(account, frozenset(f"sub_1None{one:03}" for one in range(CONFIRMED)))


if __name__ == "__main__":
    os.environ.pop("RECONCILE_STORE", None)
    print("\n".join(refreshing()))

__all__ = ["refreshing"]

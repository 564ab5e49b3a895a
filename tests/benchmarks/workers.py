"""A run that workers carry out: four against one, at a provider with 20 ms latency; and with workers being killed.

Real processes and a real server. The provider does nothing but wait and write its ledger down, which is the judge.
"""

from __future__ import annotations

import tempfile
import time
from collections import Counter
from contextlib import ExitStack
from pathlib import Path
from subprocess import Popen

from reconciler.answers import Pace
from tests.benchmarks.compiled import compiled
from tests.dispatching.floor import Vendor, start_worker, vendor
from tests.dispatching.yard import handed_over, pieces
from tests.stores.postgres.places import Room
from tests.stores.postgres.server import Server, servers

LATENCY = 0.02
PACE = Pace(reads=1000.0, writes=1000.0, threads=2)
"""Two requests at once for each worker: each change is three of them, one after the other."""
KILLED_EVERY = 3.0
_PATIENCE = 300.0


def workers(size: int = 800) -> list[str]:
    """The table's lines."""
    with servers() as (server,):
        one, _ = _carried_out(server, "one", size // 2, 1)
        four, bound = _carried_out(server, "four", size * 2, 4)
        kills, doubled, lost = _killed(server, size)
    single, together = size // 2 / one, size * 2 / four
    return [
        f"| one worker, {size // 2:,} changes at 20 ms latency | | {single:.0f}/s |",
        f"| 4 workers, {size * 2:,} changes | 3.5 | {together / single:.2f} ({together:.0f}/s; {bound}) |",
        f"| {size:,} changes, {kills} workers killed meanwhile | 0 lost, 0 doubled | {lost} lost, {doubled} doubled |",
    ]


def _carried_out(server: Server, name: str, size: int, count: int) -> tuple[float, str]:
    """Seconds from the first effect to the last one: a worker's start is no part of it."""
    room = Room(server.database(name))
    handed_over(room.make(), pieces(size))
    with tempfile.TemporaryDirectory() as folder, vendor(Path(folder), LATENCY) as floor, ExitStack() as held:
        found = [held.enter_context(start_worker(room.url, floor.port, pace=PACE)) for _ in range(count)]
        for worker in found:
            if worker.wait(_PATIENCE):
                raise SystemExit("a worker failed")
        at = sorted(item["at"] for item in floor.effects())
        _judge(floor, size)
    room.close()
    return at[-1] - at[0], f"{len(at):,} effects"


def _judge(floor: Vendor, size: int) -> tuple[int, int]:
    counts: Counter[str] = floor.counts()
    doubled = sum(count - 1 for count in counts.values())
    return doubled, size - len(counts)


def _killed(server: Server, size: int) -> tuple[int, int, int]:
    room = Room(server.database("killed"))
    handed_over(room.make(), pieces(size))
    kills = 0
    with tempfile.TemporaryDirectory() as folder, vendor(Path(folder), LATENCY) as floor, ExitStack() as held:
        alive: list[Popen[str]] = []

        def start() -> None:
            worker = held.enter_context(start_worker(room.url, floor.port, pace=PACE, lasts=2.0))
            held.callback(worker.kill)
            alive.append(worker)

        for _ in range(4):
            start()
        while len(floor.counts()) < size * 0.9:
            time.sleep(KILLED_EVERY)
            alive.pop(0).kill()
            kills += 1
            start()
        for worker in alive:
            if worker.wait(_PATIENCE):
                raise SystemExit("a worker failed")
        doubled, lost = _judge(floor, size)
    room.close()
    return kills, doubled, lost


if __name__ == "__main__":
    compiled()
    print("\n".join(workers()))

__all__ = ["workers"]

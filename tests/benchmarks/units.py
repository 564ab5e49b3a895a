"""What one change and one record cost, by themselves: the figures of docs/scaling.md that no other benchmark prints.

python -m tests.benchmarks.units takes about a minute. The simulation is built from them.
"""

from __future__ import annotations

import os
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from reconciler.answers import Answer, Done, Order, Pace
from reconciler.journal import Entry, Outcome, OutcomeKind
from reconciler.model import Recurring
from reconciler.observed import ObservedSubscription
from reconciler.options import SystemClock
from reconciler.outside.timing import Timing
from reconciler.outside.writing import Step, carry_out
from reconciler.stores.postgres import shards
from reconciler.stores.postgres.place import PostgresPlace
from reconciler.stores.postgres.shards import PostgresShards
from tests.benchmarks.estate import write_estate
from tests.benchmarks.postgres import _LIMITS, _fill
from tests.benchmarks.workers import LATENCY, PACE
from tests.dispatching.floor import FloorWriter, start_worker, vendor
from tests.dispatching.yard import handed_over, pieces
from tests.outside.vendor import shown
from tests.stores.postgres.places import Room
from tests.stores.postgres.server import Server, servers

_TICKS = os.sysconf("SC_CLK_TCK")
_FEW, _MANY = 100, 400
_SIZES = (
    "SELECT relname, pg_total_relation_size(oid)::bigint FROM pg_class"
    " WHERE relkind = 'r' AND relnamespace = 'reconcile'::regnamespace"
)


def units() -> Iterator[str]:
    """The table's lines."""
    yield engine()
    with tempfile.TemporaryDirectory() as folder:
        yield from in_sqlite(Path(folder), 10_000)
    with servers() as (server,):
        yield from in_postgres(server, 40_000, 2_000)
        yield commits(server, 200)
        yield from processors(server)


class _Waiting(FloorWriter):
    """A provider that only waits."""

    pace = Pace(100_000.0, 100_000.0, threads=8)

    def __init__(self) -> None:
        self.off: set[str] = set()

    def get(self, id: str) -> ObservedSubscription | None:
        time.sleep(LATENCY)
        return shown(id, recurring=Recurring.OFF if id in self.off else Recurring.ON)

    def turn_off_recurring(self, order: Order) -> Answer:
        time.sleep(LATENCY)
        self.off.add(order.seen.id)
        return Done()


class _Forgetful:
    """A journal that writes nothing."""

    def intend(self, entries: object) -> None: ...

    accept = record = intend

    def halted(self) -> bool:
        return False


def engine(count: int = 1000) -> str:
    """Processor time of a change in the engine alone."""
    writer: Any = _Waiting()
    steps = [Step(one.change, one.operation_id, one.account, one.row, lambda: writer) for one in pieces(count)]
    began = time.process_time()
    carry_out(steps, _Forgetful(), Timing(SystemClock().now))
    return f"| the engine alone, processor time | {count:,} | {(time.process_time() - began) / count * 1000:.2f} ms |"


def in_sqlite(root: Path, size: int) -> Iterator[str]:
    """Bytes of records and journal after a first apply."""
    write_estate(root, size)
    command = (sys.executable, "-m", "reconciler", "--quiet", "--yes")
    subprocess.run(command, cwd=root, check=True, stdout=subprocess.DEVNULL)
    connection = sqlite3.connect(root / ".reconcile" / "state.db")
    for table in ("subscriptions", "journal"):
        query = "SELECT sum(pgsize) FROM dbstat WHERE name IN (SELECT name FROM sqlite_master WHERE tbl_name = ?)"
        (total,) = connection.execute(query, (table,)).fetchone()
        yield f"| {table} in SQLite | {size:,} | {total / size:.0f} B |"
    connection.close()


def in_postgres(server: Server, records: int, changes: int) -> Iterator[str]:
    """Bytes of records, and of what workers leave behind."""
    url = server.database("records")
    place = PostgresPlace(url, 0.0, _LIMITS)
    with place.lease(0.0).hold(), place.create("lineage"):
        _fill(url, records)
    server.say("VACUUM", database="records")
    total = sum(size for name, size in server.say(_SIZES, database="records") if name.startswith("subscriptions_"))
    yield f"| subscriptions in PostgreSQL | {records:,} | {total / records:.0f} B |"
    _carry_out(server, "journal", changes, 4)
    server.say("VACUUM", database="journal")
    sizes = dict(server.say(_SIZES, database="journal"))
    for name in ("journal", "shards"):
        yield f"| {name} in PostgreSQL | {changes:,} | {sizes[name] / changes:.0f} B |"


def commits(server: Server, changes: int) -> str:
    """For how long one commit of outcomes keeps all others out."""
    begun: list[float] = []
    took: list[float] = []
    module: Any = shards
    known = module.recorded

    def watched(*given: Any) -> Any:
        begun.append(time.perf_counter())
        return known(*given)

    module.recorded = watched
    try:
        _carry_out(server, "commits", changes, 1, took)
    finally:
        module.recorded = known
    held = [(end - begin) * 1000 for begin, end in zip(begun, took, strict=True)]
    told = f"{statistics.median(held):.2f} ms, the least {min(held):.2f}"
    return f"| a commit of outcomes, others kept out | {changes:,} | {told} |"


def _carry_out(server: Server, name: str, changes: int, together: int, ends: list[float] | None = None) -> None:
    """Journal so many changes as a worker does, some of them at once."""
    room = Room(server.database(name))
    handed_over(room.make(), pieces(changes))
    book = PostgresShards(PostgresPlace(room.url, 5.0, _LIMITS).beside())
    for number in book.open_shards():
        taken: Any = book.take(number, "worker", 600.0)
        for first in range(0, len(taken.pieces), together):
            some, now = taken.pieces[first : first + together], datetime.now(UTC)
            intents = [Entry(one.operation_id, one.change, Outcome(OutcomeKind.INTENDED)) for one in some]
            over = [Entry(one.operation_id, one.change, Outcome(OutcomeKind.SUCCEEDED, row=one.row)) for one in some]
            book.intend(taken, intents, now, 600.0)
            book.record(taken, over, now, 600.0)
            if ends is not None:
                ends.append(time.perf_counter())
        book.end(taken, {OutcomeKind.SUCCEEDED: len(taken.pieces)}, datetime.now(UTC))
    book.close()
    room.close()


def processors(server: Server) -> Iterator[str]:
    """Processor time of a worker, and of the server for it: what many changes take beyond few."""
    few, many = (_worker(server, f"worker{count}", count) for count in (_FEW, _MANY))
    for name, small, large in zip(("worker", "server"), few, many, strict=True):
        each = (large - small) / (_MANY - _FEW)
        yield f"| {name}, processor time of a change | {_MANY} less {_FEW} | {each * 1000:.1f} ms |"
        yield f"| {name}, before the first | 1 | {small - each * _FEW:.1f} s |"


def _worker(server: Server, name: str, count: int) -> tuple[float, float]:
    room = Room(server.database(name))
    handed_over(room.make(), pieces(count))
    postmaster = int((server.data / "postmaster.pid").read_text("utf-8").split()[0])
    before = _taken(postmaster)
    with tempfile.TemporaryDirectory() as folder, vendor(Path(folder), LATENCY) as floor, ExitStack() as held:
        worker = held.enter_context(start_worker(room.url, floor.port, pace=PACE))
        _, status, usage = os.wait4(worker.pid, 0)
        worker.returncode = status
    after = _taken(postmaster)
    room.close()
    return usage.ru_utime + usage.ru_stime, after - before


def _taken(root: int) -> float:
    """Seconds of the processor that this process, its children, and those of them that ended have had."""
    total = 0.0
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text("utf-8").rpartition(")")[2].split()
            except OSError:
                continue
            if int(entry.name) == root:
                total += sum(map(int, fields[11:15])) / _TICKS
            elif int(fields[1]) == root:
                total += sum(map(int, fields[11:13])) / _TICKS
    return total


if __name__ == "__main__":
    for line in units():
        print(line, flush=True)

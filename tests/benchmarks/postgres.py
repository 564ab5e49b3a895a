"""Measures a store on PostgreSQL: what a plan reads, and a plan, against COPY plus the two anti-joins alone.

As a process of its own, `python -m tests.benchmarks.postgres URL` tells the yardstick: its seconds, and of how many.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from datetime import timedelta
from pathlib import Path

from reconciler.stores.postgres.address import address_of
from reconciler.stores.postgres.place import PostgresPlace
from reconciler.stores.postgres.recording import copy_in
from reconciler.stores.postgres.session import Limits, Session
from reconciler.stores.postgres.speaking import Spoken
from reconciler.stores.rows import stored_row
from reconciler.stores.tables import SUBSCRIPTIONS
from tests.benchmarks.large import AS_OF
from tests.benchmarks.measuring import Measure
from tests.builders import NOW, a_stored
from tests.stores.postgres.server import servers

SIZE = 1_000_000
_PORTION = 20_000
_LIMITS = Limits(locks=60.0, statement=3600.0)
_GISTS = "SELECT account, name, md5(concat_ws('|', account, name, product, recurring)) AS gist FROM subscriptions"
_GONE = "SELECT count(*) FROM ({}) AS held WHERE NOT EXISTS (SELECT FROM wanted WHERE wanted.gist = held.gist)"
_NEW = "SELECT count(*) FROM wanted WHERE NOT EXISTS (SELECT FROM ({}) AS held WHERE wanted.gist = held.gist)"


def postgres(runs: int, size: int = SIZE) -> list[str]:
    """Lines of a table: the lines of all records as a plan sifts them, the whole snapshot, and the yardstick."""
    with servers(shared_buffers="256MB", work_mem="64MB") as (server,):
        url = server.database("estate")
        place = PostgresPlace(url, 0.0, _LIMITS)
        with place.lease(0.0).hold(), place.create("lineage"):
            _fill(url, size)
        server.say("ANALYZE", database="estate")
        gists = [(gist,) for *_, gist in server.say(_in_schema(_GISTS), database="estate")]
        reader = place.reader()
        if reader is None:
            raise SystemExit("there must be a store")
        with reader:
            yardstick = _timed(runs, lambda: _joined(url, gists))
            lines = _timed(runs, lambda: sum(1 for _ in reader.lines(["contoso"], NOW, NOW + timedelta(30))))
            whole = _timed(runs, reader.snapshot)
    return [
        f"| PostgreSQL, COPY of {size:,} gists and two anti-joins alone | | {yardstick:.2f} s |",
        f"| the lines of {size:,} records, as a plan sifts them | 2 | {lines / yardstick:.2f} ({lines:.2f} s) |",
        f"| the whole snapshot of {size:,} records | | {whole / yardstick:.2f} ({whole:.2f} s) |",
    ]


def compared(root: Path, runs: int, measure: Measure) -> str:
    """A line of the table of sizes: a dry run that knows the specs of an estate, and compares every record anew.

    Whole processes of ours, against the yardstick as a part of one. What a run for a later day came to serves none for
    an earlier one, so each is sent ahead of one that is measured. The yardstick has a process of its own as well: what
    this one has ever held would count as the peak of whatever it starts.
    """
    with servers(shared_buffers="256MB", work_mem="64MB") as (server,):
        url = server.database("plan")
        ours = (sys.executable, "-m", "reconciler", "-C", str(root))
        measure((*ours, "store", "copy", f"sqlite:///{root}/.reconcile/state.db", url), root)
        server.say("ANALYZE", database="plan")
        yardstick = (sys.executable, "-m", "tests.benchmarks.postgres", url)
        dry_run = (*ours, "--store", url, "--dry-run", "--quiet", "--as-of")
        pairs, count = [], 0
        for _ in range(runs):
            measure((*dry_run, f"{AS_OF + timedelta(1):%Y-%m-%d}"), root)
            plan = measure((*dry_run, f"{AS_OF:%Y-%m-%d}"), root)
            told = subprocess.run(yardstick, check=True, stdout=subprocess.PIPE, text=True).stdout.split()
            pairs.append((plan, float(told[0])))
            count = int(told[1])
    ratio = statistics.median(plan.seconds / joined for plan, joined in pairs)
    seconds = [statistics.median(times) for times in zip(*((a.seconds, b) for a, b in pairs), strict=True)]
    peak = max(plan.mebibytes for plan, _ in pairs)
    what = f"{count:,} on PostgreSQL, the specs known: a plan, against COPY and two anti-joins"
    return f"| {what} | 2 | {ratio:.2f} | {seconds[0]:.2f} s | {seconds[1]:.2f} s | {peak:.0f} MiB |"


def _fill(url: str, size: int) -> None:
    with closing(Session(address_of(url), _LIMITS, writing=True)) as session:
        connection, _ = session.begin("SELECT 1", alone=True)
        for first in range(0, size, _PORTION):
            numbers = range(first, min(first + _PORTION, size))
            made = (stored_row(a_stored(f"contoso/s-{number:07d}", seats=number % 300)) for number in numbers)
            copy_in(Spoken(connection), SUBSCRIPTIONS.name, SUBSCRIPTIONS.names, made)
        session.commit()


def _joined(url: str, gists: Sequence[Sequence[object]]) -> None:
    with closing(Session(address_of(url), _LIMITS, writing=True)) as session:
        connection, _ = session.begin("SELECT 1", alone=True)
        connection.execute("CREATE TEMPORARY TABLE wanted (gist text) ON COMMIT DROP")
        copy_in(Spoken(connection), "wanted", ("gist",), gists)
        for statement in (_GONE, _NEW):
            found = connection.execute(statement.format(_GISTS).encode()).fetchone()
            if found != (0,):
                raise SystemExit("nothing may be missing")
        session.roll_back()


def main(url: str) -> None:
    """The yardstick alone, on a store that is there."""
    with closing(Session(address_of(url), _LIMITS, writing=False)) as session:
        connection, _ = session.begin("SELECT 1", alone=True)
        gists = [(gist,) for *_, gist in connection.execute(_GISTS.encode())]
        session.roll_back()
    print(_timed(1, lambda: _joined(url, gists)), len(gists))


def _in_schema(statement: str) -> str:
    return statement.replace("FROM subscriptions", "FROM reconcile.subscriptions")


def _timed(runs: int, act: Callable[[], object]) -> float:
    seconds = []
    for _ in range(runs):
        began = time.perf_counter()
        act()
        seconds.append(time.perf_counter() - began)
    return statistics.median(seconds)


__all__ = ["compared", "postgres"]

if __name__ == "__main__":
    main(sys.argv[1])

"""Measures an apply of 100,000 changes against its goals of docs/performance.md: rows and journal, batch by batch,
against one unjournaled transaction of the same rows.

Twice: as whole processes, which both read the specs and plan; and the apply alone, from the agreed plan to its end.
"""

from __future__ import annotations

import argparse
import gc
import os
import re
import shutil
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Protocol

from reconciler.effects import carried_out
from reconciler.model import StoredSubscription, SubscriptionKey, TermLength
from reconciler.progress import Untold
from reconciler.runtime import Options, Runtime
from reconciler.stores.opening import connect
from reconciler.stores.rows import stored_row
from reconciler.stores.tables import JOURNAL, SUBSCRIPTIONS, Row, day, instant_text
from reconciler.terms import term_at
from tests.benchmarks.compiled import compiled
from tests.benchmarks.estate import write_estate

CHANGES = 100_000
_SEED = 420
"""Subscriptions that a real run registers: all of their kinds come within so many. The others are copied from them."""
_STORE = Path(".reconcile", "state.db")
_NAME = "subscription-"
_LABEL = re.compile(rf"^  {_NAME}(\d+):\n(?:    .*\n)*?    labels: \{{team: (?=team-)", re.MULTILINE)
_THIS = (sys.executable, "-m", "tests.benchmarks.applying", "--only")
_OURS, _YARDSTICK = (sys.executable, "-m", "reconciler", "--quiet", "--yes"), (*_THIS, "yardstick")


class Measured(Protocol):
    """What a measurement tells of a process."""

    @property
    def seconds(self) -> float:
        """Wall time."""
        ...

    @property
    def mebibytes(self) -> float:
        """Peak memory."""
        ...


Measure = Callable[[Sequence[str], Path], Measured]


def make(root: Path, size: int, measure: Measure) -> None:
    """An estate, and its store as applies would have left it: rows and journal, in seconds."""
    write_estate(root, _SEED)
    measure(_OURS, root)
    write_estate(root, size)
    _fill(root / _STORE, size)


def _fill(store: Path, size: int) -> None:
    """The records of all further numbers, each with the journal entry of its registration."""
    connection = connect(store, "rw", 0.0)
    indexes = connection.execute("SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql LIKE '%ON journal%'")
    later = indexes.fetchall()
    connection.execute("PRAGMA synchronous = OFF")
    connection.execute("BEGIN")
    for name, _ in later:
        connection.execute(f"DROP INDEX {name}")
    now = datetime.now(UTC)
    records = connection.execute(SUBSCRIPTIONS.select).fetchall()
    entries = connection.execute(f"{JOURNAL.select.partition(' ORDER')[0]} ORDER BY account, name").fetchall()
    connection.executemany(SUBSCRIPTIONS.insert, _records(records, size, now))
    connection.executemany(JOURNAL.insert, _entries(entries, size))
    for _, statement in later:
        connection.execute(statement)
    connection.execute("COMMIT")
    connection.close()


def _records(known: Sequence[Row], size: int, now: datetime) -> Iterator[Row]:
    """Rows of all further numbers: what recurs in the estate recurs here."""

    @cache
    def term(start: str, length: str) -> tuple[str, str]:
        found = term_at(day(start), TermLength(length), now)
        return instant_text(found.start), instant_text(found.end)

    named = SUBSCRIPTIONS.names
    start, length, seats, price, labels = map(named.index, ("start", "length", "seats", "price_minor", "labels"))
    for number in range(_SEED, size):
        row = list(known[number % _SEED])
        row[1] = f"{_NAME}{number:07d}"
        row[start] = row[named.index("anchor")] = _start(number)
        row[named.index("term_start")], row[named.index("term_end")] = term(row[start], row[length])
        row[seats] = number % 300
        if row[price] is not None:
            row[price] = number % 90 * 100 + number % 100
        row[labels] = f'{{"team":"team-{number % 17}"}}'
        yield tuple(row)


def _start(number: int) -> str:
    return f"202{number % 6}-{number % 12 + 1:02d}-{number % 28 + 1:02d}"


def _entries(known: Sequence[Row], size: int) -> Iterator[Row]:
    """Journal entries alike: only their ids and names matter to what comes after."""
    operation, name = JOURNAL.names.index("operation_id"), JOURNAL.names.index("name")
    for number in range(_SEED, size):
        row = list(known[number % _SEED])
        row[0], row[operation], row[name] = (
            None,
            f"{number * 0x9E3779B97F4A7C15 % (1 << 128):032x}",
            f"{_NAME}{number:07d}",
        )
        yield tuple(row)


def change(root: Path, numbers: range) -> None:
    """Move so many subscriptions to another team."""

    def moved(found: re.Match[str]) -> str:
        return f"{found[0]}new-" if int(found[1]) in numbers else found[0]

    for file in sorted((root / "specs").glob("part-*.yaml")):
        text = file.read_text(encoding="utf-8")
        file.write_text(_LABEL.sub(moved, text), encoding="utf-8")


def applying(
    folder: Path, runs: int, measure: Measure, *, size: int = CHANGES, changes: int = CHANGES
) -> Iterator[str]:
    """Lines of a table, two for each way in which the changes may lie."""
    base, cache = folder / f"estate-applying-{size}", folder / "cache-applying"
    os.environ["RECONCILE_CACHE"] = str(cache)
    make(base, size, measure)
    clustered = range(size // 2 - changes // 2, size // 2 - changes // 2 + changes)
    shapes = (("spread", "1.5", range(0, size, size // changes)), ("clustered", "2", clustered))
    for what, goal, numbers in shapes[: 1 if size == changes else 2]:
        root = folder / f"applying-{what}"
        shutil.copytree(base, root)
        change(root, numbers)
        words = f"{len(numbers):,} changes of {size:,}, {what}"

        def reset(root: Path = root) -> None:
            """Both begin alike: with the same store, which is on the disk, and with nothing kept by the other."""
            shutil.copyfile(base / _STORE, root / _STORE)
            shutil.rmtree(cache, ignore_errors=True)
            os.sync()

        yield _whole(words, goal, root, runs, measure, reset)
        yield _alone(words, root, runs, reset)
        shutil.rmtree(root)


def _whole(words: str, goal: str, root: Path, runs: int, measure: Measure, reset: Callable[[], None]) -> str:
    ours: list[Measured] = []
    theirs: list[Measured] = []
    for _ in range(runs):
        for command, figures in ((_OURS, ours), (_YARDSTICK, theirs)):
            reset()
            figures.append(measure(command, root))
    ratio = statistics.median(a.seconds / b.seconds for a, b in zip(ours, theirs, strict=True))
    seconds = [statistics.median(item.seconds for item in side) for side in (ours, theirs)]
    memory = max(item.mebibytes for item in ours)
    told = f"{ratio:.2f} | {seconds[0]:.2f} s | {seconds[1]:.2f} s | {memory:.0f} MiB"
    return f"| {words}: whole processes | {goal} | {told} |"


def _alone(words: str, root: Path, runs: int, reset: Callable[[], None]) -> str:
    found = []
    for _ in range(runs):
        pair = []
        for which in ("ours", "yardstick"):
            reset()
            told = subprocess.run((*_THIS, which), cwd=root, check=True, capture_output=True, text=True).stdout
            pair.append(float(told))
        found.append(pair)
    ratio = statistics.median(ours / theirs for ours, theirs in found)
    ours, theirs = (statistics.median(pair[side] for pair in found) for side in (0, 1))
    return f"| {words}: from the agreed plan on | | {ratio:.2f} | {ours:.2f} s | {theirs:.2f} s | |"


def only_ours() -> float:
    """An apply in this folder; the seconds from its agreed plan to its end."""
    began: list[float] = []

    def agree(found: object) -> bool:
        began.append(time.perf_counter())
        return True

    _, report = Runtime(Options(directory=Path())).apply(agree, lambda: False, Untold())
    seconds = time.perf_counter() - began[0]
    if report is None or not report.changes:
        raise SystemExit("nothing was applied")
    return seconds


def only_rows() -> float:
    """Reads and plans alike, then writes the rows in one transaction without a journal; the seconds of that."""
    found = Runtime(Options(directory=Path())).dry_run(commit=True)
    began = time.perf_counter()
    rows: dict[SubscriptionKey, StoredSubscription | None] = {}
    for one in found.plan.changes:
        rows[one.key] = carried_out(one, rows.get(one.key) or found.stored.subscriptions.get(one.key), found.plan.as_of)
    connection = sqlite3.connect(_STORE, isolation_level=None)
    connection.execute("PRAGMA synchronous = EXTRA")
    connection.execute("BEGIN IMMEDIATE")
    connection.executemany(SUBSCRIPTIONS.upsert, (stored_row(row) for row in rows.values() if row is not None))
    connection.execute("COMMIT")
    connection.close()
    return time.perf_counter() - began


def main() -> None:
    """Measure one size, or be one side of a measurement."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", type=int, default=CHANGES)
    parser.add_argument("--changes", type=int, default=CHANGES)
    parser.add_argument("--runs", type=int, default=2)
    parser.add_argument("--only", choices=("ours", "yardstick"))
    given = parser.parse_args()
    if given.only:
        gc.disable()  # as in every command
        print(only_ours() if given.only == "ours" else only_rows())
        return
    from tests.benchmarks.__main__ import measure

    compiled()
    with tempfile.TemporaryDirectory() as name:
        for line in applying(Path(name), given.runs, measure, size=given.size, changes=given.changes):
            print(line, flush=True)


if __name__ == "__main__":
    main()

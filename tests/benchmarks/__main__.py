"""Measures the goals of docs/performance.md as ratios of whole processes, A and B in turn, and prints a Markdown table.

Run by `make bench`; `--quick` leaves out the largest estates. Medians are quoted: these machines are noisy.
"""

from __future__ import annotations

import argparse
import os
import platform
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.benchmarks.compiled import compiled
from tests.benchmarks.estate import write_estate
from tests.benchmarks.future import future
from tests.benchmarks.report import report
from tests.benchmarks.status import QUICK, SIZE, status

_RECONCILE = (sys.executable, "-m", "reconciler")
_MODELS = """
import yaml, pydantic, click
from reconciler.spec.models import DefaultsFile, SpecsFile
from reconciler.spec.settings_file import SettingsFile
for model in (SettingsFile, DefaultsFile, SpecsFile):
    model.model_rebuild()
"""
_BARE = "import click\n@click.group()\ndef main(): 'A program.'\nmain()"
_SCAN = f"""{_MODELS}import sys
from pathlib import Path
from yaml import StreamEndEvent
from yaml.cyaml import CParser
for path in sorted(Path(sys.argv[1]).rglob("*.yaml")):
    next_event = CParser(path.read_text(encoding="utf-8")).get_event
    while next_event().__class__ is not StreamEndEvent:
        pass
"""


@dataclass(frozen=True, slots=True)
class Figure:
    """One whole process: seconds of wall time, peak memory in MiB."""

    seconds: float
    mebibytes: float


def measure(command: Sequence[str], cwd: Path) -> Figure:
    """Run a process to its end; a failing one is no measurement."""
    began = time.perf_counter()
    process = subprocess.Popen(command, cwd=cwd, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - began
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise SystemExit(f"{' '.join(command)} ended with {process.returncode}")
    return Figure(seconds, usage.ru_maxrss / 1024)


def paired(
    first: Sequence[str], second: Sequence[str], cwd: Path, runs: int, reset: Callable[[], None]
) -> tuple[Figure, Figure, float]:
    """The medians of both, run in turn, and the median of the ratios first/second."""
    rounds = []
    for number in range(runs + 1):
        reset()
        pair = (measure(first, cwd), measure(second, cwd))
        if number:  # the first round warms the page cache and the compiled modules
            rounds.append(pair)
    figures = [
        Figure(statistics.median(pair[side].seconds for pair in rounds), max(pair[side].mebibytes for pair in rounds))
        for side in (0, 1)
    ]
    return figures[0], figures[1], statistics.median(a.seconds / b.seconds for a, b in rounds)


def row(what: str, goal: str, a: Figure, b: Figure, ratio: float) -> str:
    """One line of the table."""
    return f"| {what} | {goal} | {ratio:.2f} | {a.seconds:.2f} s | {b.seconds:.2f} s | {a.mebibytes:.0f} MiB |"


def start_up(folder: Path, runs: int) -> list[str]:
    """The commands whose time is their start."""
    small = folder / "small"
    write_estate(small, 10)
    bare = (sys.executable, "-c", _BARE, "--help")
    dry = (*_RECONCILE, "--dry-run")
    found = [
        row(
            f"`{words}` against a bare Click program", "1.5", *paired((*_RECONCILE, words), bare, small, runs, _nothing)
        )
        for words in ("--help", "--version")
    ]
    models = (sys.executable, "-c", _MODELS)
    found.append(
        row(
            "dry run of 10 against importing yaml, pydantic, Click and the models",
            "1.5",
            *paired(dry, models, small, runs, _nothing),
        )
    )
    return found


def estate(folder: Path, size: int, runs: int) -> list[str]:
    """One size: the cold dry run against the bare scan, the first apply against it, and a run with nothing to do."""
    root = folder / f"estate-{size}"
    write_estate(root, size)
    dry, apply = (*_RECONCILE, "--dry-run", "--quiet"), (*_RECONCILE, "--quiet")
    scan = (sys.executable, "-c", _SCAN, "specs")
    store = root / ".reconcile" / "state.db"

    def fresh() -> None:
        store.unlink(missing_ok=True)

    count = f"{size:,}"
    cold = row(
        f"{count}: cold dry run, no store yet, against the event scan plus start-up",
        "2.5",
        *paired(dry, scan, root, runs, fresh),
    )
    first = row(f"{count}: first apply against that dry run", "2", *paired(apply, dry, root, runs, fresh))
    nothing = row(
        f"{count}: dry run with nothing to do against the same", "2.5", *paired(dry, scan, root, runs, _nothing)
    )
    return [cold, first, nothing]


def _nothing() -> None:
    """No preparation."""


def tables(folder: Path, runs: int, *, quick: bool) -> Iterator[str]:
    """Every line of every table, as it is measured."""
    yield "| what | goal | ratio | ours | against | peak memory, ours |\n|---|---|---|---|---|---|"
    yield from start_up(folder, runs * 2 + 1)
    for size in (1_000, 10_000, 100_000)[: 2 if quick else 3]:
        yield from estate(folder, size, runs if size < 100_000 else min(runs, 2))
    yield "\n| what | goal | beyond | ours | start-up | peak memory, ours |\n|---|---|---|---|---|---|"
    yield from future(folder, runs, measure)
    yield "\n| what | goal | ours | page | peak memory, ours |\n|---|---|---|---|---|"
    yield report(folder, runs, measure)
    yield "\n| what | ours | validate | printed | peak memory, ours | validate |\n|---|---|---|---|---|---|"
    yield from status(folder, min(runs, 2), measure, size=QUICK if quick else SIZE)
    # Last, and not imported before: what this process holds counts for each that it starts.
    from tests.benchmarks.applying import applying
    from tests.benchmarks.changing import changing
    from tests.benchmarks.observing import observing
    from tests.benchmarks.passing import passing
    from tests.benchmarks.reading import reading
    from tests.benchmarks.refreshing import refreshing
    from tests.benchmarks.sizes import sizes
    from tests.benchmarks.walking import walking
    from tests.benchmarks.workers import workers

    most = 100_000 if quick else 1_000_000
    yield "\n| very large | goal | ratio | ours | against | peak memory, ours |\n|---|---|---|---|---|---|"
    yield from sizes(folder, min(runs, 3), measure, most)
    yield "\n| applying | goal | ratio | ours | against | peak memory, ours |\n|---|---|---|---|---|---|"
    yield from applying(folder, min(runs, 2), measure, size=most)
    yield "\n| workers | goal | measured |\n|---|---|---|"
    yield from workers(400 if quick else 800)
    yield from refreshing(8 if quick else 40)
    yield "\n| what one process keeps of 10,000 files | ratio to a bare walk | |\n|---|---|---|"
    yield from walking(folder)
    yield "\n| texts | left to the parser | each | MB/s | parse/swift | event scan/swift |\n|---|---|---|---|---|---|"
    yield from reading(min(runs, 3))
    yield "\n| what | goal | one core |\n|---|---|---|"
    yield from passing(runs)
    yield "\n| observing | goal | ratio | ours | bare loop |\n|---|---|---|---|---|"
    yield from observing(runs)
    yield "\n| changing, at Stripe's emulator | goal | measured | | |\n|---|---|---|---|---|"
    yield from changing(folder, runs)


def main() -> None:
    """Measure everything and print it."""
    compiled()
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="leave out the largest estates")
    parser.add_argument("--runs", type=int, default=5)
    given = parser.parse_args()
    print(
        f"Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}, "
        f"{os.cpu_count()} processors, {platform.machine()}\n"
    )
    with tempfile.TemporaryDirectory() as name:
        for line in tables(Path(name), given.runs, quick=given.quick):
            print(line, flush=True)


if __name__ == "__main__":
    main()

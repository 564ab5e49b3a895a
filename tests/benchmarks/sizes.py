"""Measures very large estates against the goals of docs/performance.md: cold, with nothing changed, with some changed.

Run by `make bench`, or alone: `python -m tests.benchmarks.sizes [--size N] [--runs N] [--folder DIR]`; a folder that is
kept saves the minutes that writing a million subscriptions and their store takes.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

from tests.benchmarks.compiled import compiled
from tests.benchmarks.large import AS_OF, fill, write_large
from tests.benchmarks.measuring import Measure

_OURS = (sys.executable, "-m", "reconciler", "--dry-run", "--quiet", "--as-of", f"{AS_OF:%Y-%m-%d}")
_SCAN = (sys.executable, "-m", "tests.benchmarks.scanning", "specs", "2")
_WALK = """
import os, click
@click.command()
def main():
    folders = ["specs"]
    while folders:
        with os.scandir(folders.pop()) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    folders.append(entry.path)
                else:
                    entry.stat(follow_symlinks=False)
main()
"""
_MODELS = """
import yaml, pydantic, click
from reconciler.spec.models import DefaultsFile, SpecsFile
from reconciler.spec.settings_file import SettingsFile
for model in (SettingsFile, DefaultsFile, SpecsFile):
    model.model_rebuild()
"""
_SETTLED = 2.5
"""Seconds after which a file that was written is believed to stay as it looks."""
_TENTH = 100_000
_SEATS = re.compile(r"seats: (\d+)")


def sizes(folder: Path, runs: int, measure: Measure, size: int) -> Iterator[str]:
    """The lines of a table: what, goal, ratio, ours, against, peak memory of ours."""
    cache = folder / "cache"
    os.environ["RECONCILE_CACHE"] = str(cache)
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, (str(Path.cwd()), os.environ.get("PYTHONPATH", ""))))
    for kind, goal in (("mixed", "1.2"), ("uniform", "0.5")):
        root = _made(folder, size, kind)

        def forget() -> None:
            shutil.rmtree(cache, ignore_errors=True)

        what = f"{size:,} {kind}: cold dry run, against the event scan by two processes"
        yield _Pairing(root, runs, measure).row(what, goal, _SCAN, forget)
    root = folder / f"mixed-{size}"
    yield _warm(root, max(runs, 9), measure, size)

    def change() -> None:
        for path in sorted((root / "specs").rglob("part-*.yaml"))[:: max(1, size // 10_000)]:
            text = path.read_text(encoding="utf-8")
            path.write_text(_SEATS.sub(_one_more, text, count=1), encoding="utf-8")
        time.sleep(_SETTLED)

    models = (sys.executable, "-c", _MODELS)
    what = f"{size:,}: one changed in each of 100 files, against importing yaml, pydantic and the models"
    yield _Pairing(root, runs, measure).row(what, "2.5", models, change)
    from tests.benchmarks.postgres import compared  # needs the server's programs

    yield compared(root, runs, measure)
    if size > _TENTH:  # memory is to be flat from there on; last, as they share one cache
        yield _warm(_made(folder, _TENTH, "mixed"), runs, measure, _TENTH)


def _made(folder: Path, size: int, kind: str) -> Path:
    """An estate with its store, made by a process of its own: what this one held would count as its children's peak."""
    root = folder / f"{kind}-{size}"
    made = get_context("spawn").Process(target=_make, args=(root, size, kind))
    made.start()
    made.join()
    return root


def _make(root: Path, size: int, kind: str) -> None:
    write_large(root, size, kind)
    fill(root)


def _warm(root: Path, runs: int, measure: Measure, size: int) -> str:
    """The line of a dry run after another one, where nothing has changed."""
    time.sleep(_SETTLED)
    measure(_OURS, root)
    what = f"{size:,}: nothing changed, against a bare Click program that walks and stats"
    return _Pairing(root, runs, measure).row(what, "1.5", (sys.executable, "-c", _WALK))


def _one_more(seats: re.Match[str]) -> str:
    return f"seats: {int(seats[1]) % 300 + 1}"


@dataclass(frozen=True, slots=True)
class _Pairing:
    """One estate, and how often two processes are measured there in turn."""

    root: Path
    runs: int
    measure: Measure

    def row(self, what: str, goal: str, against: Sequence[str], before: Callable[[], None] = lambda: None) -> str:
        """A line of the table: our dry run against another process; `before` each pair."""
        pairs = []
        for _ in range(self.runs):
            before()
            pairs.append((self.measure(_OURS, self.root), self.measure(against, self.root)))
        ratio = statistics.median(first.seconds / second.seconds for first, second in pairs)
        seconds = [statistics.median(pair[side].seconds for pair in pairs) for side in (0, 1)]
        peak = max(first.mebibytes for first, _ in pairs)
        return f"| {what} | {goal} | {ratio:.2f} | {seconds[0]:.2f} s | {seconds[1]:.2f} s | {peak:.0f} MiB |"


def main() -> None:
    """The table alone."""
    compiled()
    from tests.benchmarks.__main__ import measure  # it imports this module

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", type=int, default=1_000_000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--folder", type=Path)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        for line in sizes(given.folder or Path(scratch), given.runs, measure, given.size):
            print(line, flush=True)


if __name__ == "__main__":
    main()

"""Measures the quick walk beside a bare one, and the keep: how long it loads and saves, at a million subscriptions.

Everything in one process, in turns, so that the ratios hold on a busy machine. Leaves nothing behind.
"""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from hashlib import sha256
from pathlib import Path

from reconciler.keep.index import Kept, Known, Record
from reconciler.keep.shelf import Keep
from reconciler.keep.tree import RACY, changed, walk

FOLDERS, FILES = 100, 100
SLICE = 4_000
"""Bytes: a hundred subscriptions of forty each."""
CHANGED = 100
GOAL = 1.2


def walking(folder: Path, runs: int = 7, *, folders: int = FOLDERS) -> Iterator[str]:
    """The rows of a table: what was measured, its milliseconds, and its ratio to a bare walk with stat."""
    root = folder / "specs"
    _write_specs(root, folders)
    bare, quick = _in_turns(runs, partial(_bare, str(root)), partial(walk, root))
    yield f"| {folders * FILES:,} files: bare walk and stat | {bare:.1f} ms | 1.00 |"
    yield f"| walk of the keep (goal {GOAL}) | {quick:.1f} ms | {quick / bare:.2f} |"
    found = walk(root)
    assert found is not None, "the walk doubts a plain tree"
    place = folder / "keep"
    known: dict[str, Known] = {
        path: (stamp, sha256(path.encode()).digest(), os.urandom(SLICE)) for path, stamp in found.items()
    }
    at = time.time_ns() + RACY + 1_000_000_000
    for name, took in _keeping(place, runs, known, at):
        yield f"| {name} | {took:.1f} ms | {took / bare:.2f} |"


def _keeping(place: Path, runs: int, known: dict[str, Known], at: int) -> Iterator[tuple[str, float]]:
    stamps = {path: item[0] for path, item in known.items() if not isinstance(item, bytes)}
    settled = os.urandom(SLICE * len(known) // 4)
    yield f"save all, {SLICE} bytes each", _took(1, lambda: _require(Keep.open(place, b"").save(known, settled, at)))
    yield "load all stamps", _took(runs, lambda: Keep.open(place, b"").stamps)
    before = Keep.open(place, b"").stamps
    yield "compare them, nothing changed", _took(runs, lambda: _require(not any(changed(before, stamps, at - RACY))))
    yield "load everything known", _took(runs, partial(_everything, place))
    yield f"load what was settled, {len(settled):,} bytes", _took(runs, lambda: Keep.open(place, b"").settled)
    keep = Keep.open(place, b"")
    everything = list(keep.files.values())
    for some in (everything[:CHANGED], everything):
        took = _took(runs, partial(_read_slices, keep, some))
        yield f"{len(some):,} slices, each checked", took
    yield (
        f"save {CHANGED} changed, all others kept",
        statistics.median(_save_some(place, known, at) for _ in range(runs)),
    )


def _everything(place: Path) -> dict[str, Record]:
    return Keep.open(place, b"").files.records()


def _read_slices(keep: Keep, some: list[Kept]) -> None:
    _require(None not in [keep.slice(kept) for kept in some])


def _save_some(place: Path, known: dict[str, Known], at: int) -> float:
    keep = Keep.open(place, b"")
    wanted: dict[str, Known] = dict(keep.files.records())
    wanted |= {path: known[path] for path in list(known)[:CHANGED]}
    return _took(1, lambda: _require(keep.save(wanted, b"", at)))


def _bare(root: str) -> dict[str, os.stat_result]:
    """Every file below the root with what `stat` says: nothing is judged."""
    found: dict[str, os.stat_result] = {}
    folders = [root]
    while folders:
        with os.scandir(folders.pop()) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    folders.append(entry.path)
                else:
                    found[entry.path] = entry.stat(follow_symlinks=False)
    return found


def _write_specs(root: Path, folders: int) -> None:
    for folder in range(folders):
        path = root / f"partner-{folder:05}"
        path.mkdir(parents=True)
        for file in range(FILES):
            (path / f"tenant-{file:05}.yaml").write_bytes(b"version: 1\n")


def _in_turns(runs: int, *works: Callable[[], object]) -> list[float]:
    """The median milliseconds of each; the first round warms and does not count."""
    rounds = [[_took(1, work) for work in works] for _ in range(runs + 1)][1:]
    return [statistics.median(times) for times in zip(*rounds, strict=True)]


def _took(runs: int, work: Callable[[], object]) -> float:
    """The median milliseconds."""
    times = []
    for _ in range(runs):
        begun = time.perf_counter()
        work()
        times.append(time.perf_counter() - begun)
    return statistics.median(times) * 1_000


def _require(good: bool) -> None:
    if not good:
        sys.exit("the keep did not do what was measured")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as temporary:
        print("| what | median | of a bare walk |\n| --- | ---: | ---: |")
        for line in walking(Path(temporary)):
            print(line)

"""Measures `status` of a large estate: its time beside reading the same specs, and that no format holds its whole text.

What it prints goes nowhere: the size of the text is that of a file written once.
"""

from __future__ import annotations

import statistics
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from tests.benchmarks.estate import write_estate
from tests.benchmarks.report import Measured

SIZE, QUICK = 100_000, 10_000
_BEFORE, _NOW = "2026-01-01", "2026-11-23"


def status(
    folder: Path, runs: int, measure: Callable[[Sequence[str], Path], Measured], *, size: int = SIZE
) -> Iterator[str]:
    """A line of a table for each format, of an estate that time has moved on since it was recorded."""
    root = folder / "estate-status"
    write_estate(root, size, off_every=10)
    command = (sys.executable, "-m", "reconciler", "--quiet")
    measure((*command, "--as-of", _BEFORE), root)
    for name in ("text", "csv", "json"):
        words = (*command, "status", "--as-of", _NOW, "--format", name)
        pairs = [(measure(words, root), measure((*command, "validate"), root)) for _ in range(runs)]
        ours, specs = (statistics.median(pair[side].seconds for pair in pairs) for side in (0, 1))
        memory, least = (max(pair[side].mebibytes for pair in pairs) for side in (0, 1))
        measure((*words[:-2], "--out", f"{name}=status.{name}"), root)
        printed = (root / f"status.{name}").stat().st_size / 1_000_000
        yield (
            f"| {size:,}: status as {name} | {ours:.2f} s | {specs:.2f} s | {printed:.1f} MB "
            f"| {memory:.0f} MiB | {least:.0f} MiB |"
        )

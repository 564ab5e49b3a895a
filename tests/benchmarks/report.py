"""Measures the report against its goals of docs/performance.md: 10,000 subscriptions under 10 s and 2 MB."""

from __future__ import annotations

import statistics
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

from tests.benchmarks.estate import write_estate

SIZE = 10_000


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


def report(folder: Path, runs: int, measure: Callable[[Sequence[str], Path], Measured]) -> str:
    """One line of a table: the whole command, its page and its memory, on an estate that time has moved on."""
    root = folder / "estate-report"
    write_estate(root, SIZE, off_every=10)
    command = (sys.executable, "-m", "reconciler", "--quiet")
    measure((*command, "--as-of", "2026-01-01"), root)
    ours = [measure((*command, "report", "-o", "report.html", "--as-of", "2026-11-23"), root) for _ in range(runs)]
    seconds, memory = statistics.median(item.seconds for item in ours), max(item.mebibytes for item in ours)
    size = (root / "report.html").stat().st_size / 1_000_000
    return f"| {SIZE:,}: report | 10 s, 2 MB | {seconds:.2f} s | {size:.2f} MB | {memory:.0f} MiB |"

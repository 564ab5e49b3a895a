"""Measures looking ahead against its goal of docs/performance.md: five years of 10,000 under 2 s beyond start-up."""

from __future__ import annotations

import statistics
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from tests.benchmarks.estate import TENTH_MONTHLY, write_estate
from tests.benchmarks.report import Measured

SIZE = 10_000
_NOW, _UNTIL = "2026-11-23", "2031-11-23"


def future(folder: Path, runs: int, measure: Callable[[Sequence[str], Path], Measured]) -> list[str]:
    """A line of a table for each command, measured in turn with the same command on a single subscription."""
    root, one = folder / "estate-future", folder / "estate-one"
    write_estate(root, SIZE, terms=TENTH_MONTHLY)
    write_estate(one, 1)
    command = (sys.executable, "-m", "reconciler", "--as-of", _NOW, "--quiet")
    for place in (root, one):
        measure(command, place)
    looks = {
        "forecast": ("forecast", "--until", _UNTIL),
        "forecast as JSON": ("forecast", "--until", _UNTIL, "--format", "json"),
        "due within 90 days": ("due", "--within", "90d"),
    }
    return [_line(name, (*command, *words), root, one, runs, measure) for name, words in looks.items()]


def _line(
    name: str,
    command: Sequence[str],
    root: Path,
    one: Path,
    runs: int,
    measure: Callable[[Sequence[str], Path], Measured],
) -> str:
    pairs = [(measure(command, root), measure(command, one)) for _ in range(runs)]
    ours, start = (statistics.median(pair[side].seconds for pair in pairs) for side in (0, 1))
    beyond = statistics.median(a.seconds - b.seconds for a, b in pairs)
    memory = max(a.mebibytes for a, _ in pairs)
    goal = "2 s beyond start-up" if name == "forecast" else ""
    what = f"{SIZE:,}, a tenth monthly: {name}"
    return f"| {what} | {goal} | {beyond:.2f} s | {ours:.2f} s | {start:.2f} s | {memory:.0f} MiB |"

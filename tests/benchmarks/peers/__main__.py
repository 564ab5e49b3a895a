"""Measures us and our peers at equal work, and prints tables in Markdown. `make bench-peers` runs it.

With `--write` the figures, the page and the chart in this repository are written anew. A quarter of an hour; `--quick`
takes about two minutes.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from tests.benchmarks.compiled import compiled
from tests.benchmarks.peers import chart, table
from tests.benchmarks.peers.contender import Case, NotThere, NotTheWork
from tests.benchmarks.peers.environments import default_folder
from tests.benchmarks.peers.figures import Figures, Measured, Missing
from tests.benchmarks.peers.machine import Beside, machine
from tests.benchmarks.peers.octodns import OctoDNS
from tests.benchmarks.peers.ours import Ours, commit
from tests.benchmarks.peers.rounds import Bounds, Maker, measure
from tests.benchmarks.peers.terraform import Terraform

_REPOSITORY = Path(__file__).resolve().parents[3]
_PAGE, _CHART = _REPOSITORY / "docs" / "performance.md", _REPOSITORY / "docs" / "peers.svg"
_FIGURES = Path(__file__).with_name("figures")
SIZES, QUICK = (100, 1_000, 10_000, 100_000), (100, 1_000)


NAMES = ("reconcile", "reconcile (cold)", "octoDNS", "Terraform")
"""Of the contenders, ours first."""


def contenders(environments: Path) -> dict[str, Maker]:
    """Everybody."""
    makers: tuple[Maker, ...] = (
        partial(Ours, cold=False),
        partial(Ours, cold=True),
        partial(OctoDNS, environments=environments),
        partial(Terraform, environments=environments),
    )
    return dict(zip(NAMES, makers, strict=True))


@dataclass(frozen=True, slots=True)
class Present:
    """Who can be measured here, and what is missing of the others."""

    makers: dict[str, Maker]
    versions: dict[str, str]
    missing: tuple[Missing, ...]


def present(makers: dict[str, Maker], sizes: Sequence[int], folder: Path) -> Present:
    """Install whoever is not there yet, and ask all for their versions."""
    there: dict[str, Maker] = {}
    versions: dict[str, str] = {}
    missing: list[Missing] = []
    for number, (name, maker) in enumerate(makers.items()):
        try:
            versions |= maker(folder / f"versions-{number}").versions()
        except NotThere as error:
            missing += [Missing(name, size, case, str(error)) for size in sizes for case in Case]
        else:
            there[name] = maker
    return Present(there, versions, tuple(missing))


def run(makers: dict[str, Maker], sizes: Sequence[int], bounds: Bounds, folder: Path) -> Figures:
    """All of it, told on stderr as it goes."""
    surroundings, found, beside = machine(), present(makers, sizes, folder), Beside()
    measured: list[Measured] = []
    missing = list(found.missing)
    for item in measure(found.makers, sizes, bounds, folder):
        if isinstance(item, Measured):
            measured.append(item)
            told = f"{item.seconds:.2f} s, {item.mebibytes:.0f} MiB"
        else:
            missing.append(item)
            told = item.why
        print(f"{item.size:,}: {item.contender}, {item.case}: {told}", file=sys.stderr, flush=True)
    if busy := beside.processors():
        surroundings["processors that others kept busy meanwhile"] = busy
    versions = {"commit": commit(), **found.versions}
    return Figures(f"{datetime.now(UTC):%Y-%m-%d}", surroundings, versions, tuple(measured), tuple(missing))


def _options(words: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make bench-peers", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="only 100 and 1,000")
    parser.add_argument("--sizes", type=_sizes, help="such as 100,1000")
    parser.add_argument("--only", action="append", choices=NAMES, help="this contender; repeatable")
    parser.add_argument("--rounds", type=int, default=5, help="at most so many (5)")
    parser.add_argument("--limit", type=float, default=300.0, help="seconds for one process (300)")
    parser.add_argument("--patience", type=float, default=60.0, help="seconds for more rounds than one, at a size (60)")
    parser.add_argument("--environments", type=Path, default=default_folder(), help="where peers are installed")
    parser.add_argument("--folder", type=Path, help="where the work is laid out, and left; else a temporary one")
    parser.add_argument("--figures", type=Path, help="the raw figures also go to this file")
    parser.add_argument("--read", type=Path, help="measure nothing: take the figures of this file")
    parser.add_argument(
        "--write", action="store_true", help="write the figures, the page and the chart in this repository"
    )
    return parser.parse_args(words)


def _sizes(text: str) -> tuple[int, ...]:
    sizes = tuple(int(part) for part in text.split(","))
    if min(sizes) < 1:
        raise ValueError(text)
    return sizes


@contextmanager
def _folder(given: Path | None) -> Iterator[Path]:
    if given is not None:
        yield given.resolve()
        return
    with tempfile.TemporaryDirectory(prefix="peers-") as name:
        yield Path(name)


def main(words: Sequence[str] | None = None) -> None:
    """Measure, or read what was measured; print it, and write it where that is asked for."""
    compiled()
    given = _options(words)
    if given.read is not None:
        figures = Figures.from_json(given.read.read_text("utf-8"))
    else:
        makers = contenders(given.environments.resolve())
        makers = {name: maker for name, maker in makers.items() if given.only is None or name in given.only}
        sizes = given.sizes or (QUICK if given.quick else SIZES)
        try:
            with _folder(given.folder) as folder:
                figures = run(makers, sizes, Bounds(given.rounds, given.limit, given.patience), folder)
        except NotTheWork as error:
            raise SystemExit(str(error)) from error
    print(table.report(figures), table.goals(figures), sep="\n", end="")
    if given.figures is not None:
        given.figures.write_text(figures.to_json(), "utf-8")
    if given.write:
        table.write(_PAGE, figures)  # first: it may refuse
        _FIGURES.mkdir(exist_ok=True)
        (_FIGURES / f"{figures.date}.json").write_text(figures.to_json(), "utf-8")
        _CHART.write_text(chart.drawn(figures), "utf-8")


if __name__ == "__main__":
    main()

"""The figures as Markdown for docs/performance.md. Pure, but for the page that `write` rewrites between its markers."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from textwrap import fill

from tests.benchmarks.peers.contender import Case
from tests.benchmarks.peers.figures import Figures

BEGIN, END = "<!-- peers: begin -->", "<!-- peers: end -->"
"""What is between them on a page is ours to write."""
_NOTHING = "-"
_AHEAD = 1.0
_OURS = "reconcile"
GOALS = {
    ("octoDNS", 1_000): _AHEAD,
    ("Terraform", 1_000): _AHEAD,
    ("octoDNS", 10_000): 10.0,
    ("Terraform", 10_000): 80.0,
    ("octoDNS", 100_000): 30.0,
}
"""How many times as long a peer is to take at least."""


def report(figures: Figures) -> str:
    """Both tables, what is missing, and where it was measured."""
    parts = (_where(figures), "\n".join(_seconds(figures)), "\n".join(_times(figures)), "\n".join(_gaps(figures)))
    return "\n\n".join(part for part in parts if part) + "\n"


def goals(figures: Figures) -> str:
    """The ratios that have a goal, beside it, with our peak memory."""
    lines = [
        f"| subscriptions | so many times as long | goal | {' | '.join(Case)} | peak memory, ours |",
        "|--:|---|--:|--:|--:|--:|--:|",
    ]
    for (peer, size), goal in GOALS.items():
        found = [_ratio(figures, peer, _OURS, size, case) for case in Case]
        peak = figures.peak(_OURS, size)
        if set(found) != {_NOTHING} and peak is not None:
            cells = " | ".join((f"{goal:.0f}", *found, f"{peak:.0f} MiB"))
            lines.append(f"| {size:,} | {peer} against {_OURS} | {cells} |")
    return "\n".join(lines) + "\n"


def _where(figures: Figures) -> str:
    names = ", ".join(f"{name} {version}" for name, version in figures.versions.items())
    machine = "; ".join(f"{name}: {value}" for name, value in figures.machine.items())
    return fill(f"Measured {figures.date}: {names}. Machine: {machine}.", 120)


def _seconds(figures: Figures) -> Iterator[str]:
    yield f"| subscriptions | program | {' | '.join(Case)} | growth | peak memory | rounds |"
    yield "|--:|---|--:|--:|--:|--:|--:|--:|"
    for size in figures.sizes:
        for name in figures.contenders:
            cells = [_cell(figures, name, size, case) for case in Case]
            if set(cells) != {_NOTHING}:
                growth, peak = figures.growth(name, size, Case.PLAN), figures.peak(name, size)
                cells += [_number(growth), _NOTHING if peak is None else f"{peak:.0f} MiB"]
                yield f"| {size:,} | {name} | {' | '.join(cells)} | {figures.rounds(name, size) or _NOTHING} |"


def _times(figures: Figures) -> Iterator[str]:
    ours = [name for name in figures.contenders if name.startswith("reconcile")]
    peers = [name for name in figures.contenders if name not in ours]
    head = [f"| subscriptions | so many times as long | {' | '.join(Case)} |", "|--:|---|--:|--:|--:|"]
    for size in figures.sizes:
        for peer in peers:
            for own in ours:
                found = [_ratio(figures, peer, own, size, case) for case in Case]
                if set(found) != {_NOTHING}:
                    yield from head
                    yield f"| {size:,} | {peer} against {own} | {' | '.join(found)} |"
                    head = []


def _gaps(figures: Figures) -> Iterator[str]:
    """One line for each reason, with the cases that it holds for."""
    reasons: dict[tuple[str, int, str], list[str]] = {}
    for gap in figures.missing:
        reasons.setdefault((gap.contender, gap.size, gap.why), []).append(gap.case)
    for (name, size, why), cases in reasons.items():
        what = "" if len(cases) == len(Case) else f", {', '.join(cases)}"
        yield f"- {name}, {size:,}{what}: {why}."


def _cell(figures: Figures, name: str, size: int, case: Case) -> str:
    """The seconds, or those at which it was ended."""
    seconds, over = figures.seconds(name, size, case), figures.over(name, size, case)
    if seconds is not None:
        return f"{_number(seconds)} s"
    return _NOTHING if over is None else f"over {over:.0f} s"


def _ratio(figures: Figures, peer: str, own: str, size: int, case: Case) -> str:
    """How many times as long the peer took, or took at least."""
    seconds, over = figures.seconds(own, size, case), figures.over(peer, size, case)
    if over is not None and seconds is not None:
        return f"over {_number(over / seconds)}"
    return _number(figures.times(peer, own, size, case))


def _number(value: float | None) -> str:
    """Three digits, and no more than two behind the point."""
    if value is None:
        return _NOTHING
    return f"{value:.2f}" if value < 10 else f"{value:.1f}" if value < 100 else f"{value:,.0f}"


def write(page: Path, figures: Figures) -> None:
    """The report put between the markers of a page, which must be there once."""
    text = page.read_text("utf-8")
    if text.count(BEGIN) != 1 or text.count(END) != 1:
        raise ValueError(f"{page} must hold {BEGIN} and {END}, once each")
    between = f"{BEGIN}\n{report(figures)}{END}"
    page.write_text(re.sub(f"{re.escape(BEGIN)}.*{re.escape(END)}", lambda _: between, text, flags=re.DOTALL), "utf-8")

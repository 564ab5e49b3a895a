"""Runs the contenders in turn, round by round and size by size, and checks that each did the work it is measured for.

What takes too long is ended, and what would is not begun: both are said, and neither is left out silently.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.benchmarks.peers.contender import Case, Contender, NotTheWork
from tests.benchmarks.peers.figures import Measured, Missing
from tests.benchmarks.peers.timing import Timed, timed
from tests.benchmarks.peers.work import changes, differing

Maker = Callable[[Path], Contender]
"""Makes a contender that works in this folder."""
_WARMING = 1000
"""At the smallest size, up to this one, a round that nobody counts comes first: it brings the programs' own files into
the page cache. Those of the work are there, because they were just written."""
Found = Iterator[Measured | Missing]


@dataclass(frozen=True, slots=True)
class Bounds:
    """How long all of it may take."""

    rounds: int
    """At most."""
    limit: float
    """Seconds after which a process is ended, and after which a contender begins nothing new at a size."""
    patience: float
    """Seconds that a contender may take for more rounds than the first, at a size."""


@dataclass(slots=True)
class _Turn:
    """A contender at a size."""

    contender: Contender
    spent: float = 0.0
    last_round: float = 0.0
    slowest: float = 0.0
    gaps: list[Missing] = field(default_factory=list)


def measure(makers: Mapping[str, Maker], sizes: Sequence[int], bounds: Bounds, folder: Path) -> Found:
    """Everything, as it is measured, from the smallest size up."""
    course: dict[str, tuple[int, float]] = {}
    ended: dict[str, int] = {}
    for size in sorted(sizes):
        turns: list[_Turn] = []
        for name, maker in makers.items():
            if why := _hopeless(size, course.get(name), ended.get(name), bounds.limit):
                yield from (Missing(name, size, case, why) for case in Case)
                continue
            contender = maker(folder / f"{size}-{len(turns)}")
            contender.build(size)
            turns.append(_Turn(contender))
        if size == min(sizes) and size <= _WARMING:
            for turn in turns:
                list(_round(_Turn(turn.contender), size, 0, bounds.limit))
        for turn, item in _rounds(turns, size, bounds):
            yield item
            course[turn.contender.name] = (size, turn.slowest)
            if isinstance(item, Missing):
                ended[turn.contender.name] = size


def _hopeless(size: int, course: tuple[int, float] | None, ended: int | None, limit: float) -> str | None:
    """Why it need not be tried, judged by the size before; a contender is taken to grow no slower than its work."""
    if ended is not None:
        return f"not tried: {ended:,} was not finished"
    if course is not None:
        before, seconds = course
        if seconds * size / before > limit:
            return f"not tried: {before:,} took up to {seconds:.3g} s, so this takes over {limit:.0f} s"
    return None


def _rounds(turns: Sequence[_Turn], size: int, bounds: Bounds) -> Iterator[tuple[_Turn, Measured | Missing]]:
    """Each round in another order, so that nobody always runs after the same one."""
    for number in range(bounds.rounds):
        first = number % max(len(turns), 1)
        for turn in (*turns[first:], *turns[:first]):
            if number == 0 or (not turn.gaps and turn.spent + turn.last_round <= bounds.patience):
                for item in _round(turn, size, number, bounds.limit):
                    yield turn, item


def _round(turn: _Turn, size: int, number: int, limit: float) -> Found:
    """One contender once through all cases."""
    contender, began = turn.contender, turn.spent
    contender.restore()
    for case in Case:
        if case is Case.PLAN:
            contender.change()
        if turn.spent - began >= limit:
            turn.gaps.append(Missing(contender.name, size, case, f"not begun: {turn.spent - began:.0f} s were used up"))
        elif turn.gaps:
            turn.gaps.append(Missing(contender.name, size, case, "not begun: the plan before it was not finished"))
        else:
            contender.before(case)
            done = timed(contender.asked(case), contender.home, limit)
            if done is None:
                turn.spent += limit
                turn.gaps.append(Missing(contender.name, size, case, f"ended after {limit:.0f} s", limit))
            else:
                turn.spent += done.seconds
                turn.slowest = max(turn.slowest, done.seconds)
                prove(contender, case, done, size)
                yield Measured(contender.name, size, case, number, done.seconds, done.processor, done.mebibytes)
                continue
        yield turn.gaps[-1]
    turn.last_round = turn.spent - began


def prove(contender: Contender, case: Case, done: Timed, size: int) -> None:
    """It found, or made, just the changes that there were, and stores now what it must; else it is no figure."""
    said, expected = contender.said(done.output), 0 if case is Case.NOTHING else changes(size)
    if said != expected:
        raise NotTheWork(f"{contender.name}, {size:,}, {case}: it speaks of {said} changes, and there are {expected}")
    if wrong := differing(contender.stored(), size, changed=case is Case.APPLY):
        raise NotTheWork(f"{contender.name}, {size:,}, {case}: {wrong}")

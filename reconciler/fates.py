"""What became of the changes of an apply, told without a value for each where there are very many.

Pure. The law: whatever is asked of `Fates` is answered as of the tuple of the same reports.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Container, Iterable, Iterator, Sequence
from functools import cached_property
from itertools import chain, islice, repeat
from operator import attrgetter
from typing import NamedTuple, overload

from reconciler.changes import Change, Many, Trait
from reconciler.journal import ChangeReport, OutcomeKind


class Fate(NamedTuple):
    """What became of changes: a report but for its change."""

    outcome: OutcomeKind
    error: str | None = None
    code: str | None = None
    note: str | None = None


Fits = Callable[[ChangeReport | Fate], bool]
"""Whether something became of a change that is looked for."""

_fate = attrgetter(*Fate._fields)


class Fates(Sequence[ChangeReport]):
    """Reports of the first of these changes, in their order: only fates are kept, and neighbours share one."""

    def __init__(self, changes: Many, spans: Iterable[tuple[int, Fate]] = ()) -> None:
        self._of = changes
        self._spans = list(spans)
        self._count = sum(number for number, _ in self._spans)

    def append(self, report: ChangeReport) -> None:
        """That of the next change."""
        fate = Fate(*_fate(report))
        number = 0
        if self._spans and self._spans[-1][1] == fate:
            number, _ = self._spans.pop()
        self._spans.append((number + 1, fate))
        self._count += 1

    def extend(self, reports: Iterable[ChangeReport]) -> None:
        """Those of the next changes."""
        for report in reports:
            self.append(report)

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[ChangeReport]:
        return (ChangeReport(change, *fate) for change, fate in zip(self._of, self.each(), strict=False))

    @overload
    def __getitem__(self, index: int) -> ChangeReport: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[ChangeReport]: ...
    def __getitem__(self, index: int | slice) -> ChangeReport | Sequence[ChangeReport]:
        if isinstance(index, slice):
            return tuple(self)[index]
        return next(islice(self, range(self._count)[index], None))

    def each(self) -> Iterator[Fate]:
        """The fate of one change after the other."""
        return chain.from_iterable(repeat(fate, number) for number, fate in self._spans)

    @property
    def counts(self) -> Counter[Fate]:
        """How many changes have each fate."""
        found = Counter[Fate]()
        for number, fate in self._spans:
            found[fate] += number
        return found

    @property
    def changes(self) -> Many:
        """Those that something is told of."""
        return self._of if self._count == len(self._of) else Among(self._of, [(0, self._count)])

    def fitting(self, fits: Fits) -> Fates:
        """The reports of these fates, in the same order."""
        kept = [(number, fate) for number, fate in self._spans if fits(fate)]
        if len(kept) == len(self._spans):
            return self
        found, end = list[tuple[int, int]](), 0
        for number, fate in self._spans:
            begin, end = end, end + number
            if fits(fate):
                found.append((begin, end))
        return Fates(Among(self._of, found), kept)


class Among(Many):
    """Some of very many changes: those whose numbers lie in these spans, each from one on and up to another."""

    def __init__(
        self, changes: Many, spans: Sequence[tuple[int, int]], fits: Callable[[Trait], bool] = lambda trait: True
    ) -> None:
        self._of = changes
        self._spans = spans
        self._fits = fits

    @cached_property
    def traits(self) -> Counter[Trait]:  # asked for again and again
        """How many there are of each trait."""
        return Counter(change.trait for change in self)

    def picked(self, fits: Callable[[Trait], bool]) -> Among:
        """Those of them whose trait fits, in the same order."""
        before = self._fits
        found = Among(self._of, self._spans, lambda trait: before(trait) and fits(trait))
        found.traits = Counter({trait: number for trait, number in self.traits.items() if fits(trait)})
        return found

    @overload
    def __getitem__(self, index: int) -> Change: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Change]: ...
    def __getitem__(self, index: int | slice) -> Change | Sequence[Change]:
        if isinstance(index, slice):
            return tuple(self)[index]
        return next(islice(self, range(len(self))[index], None))

    def __len__(self) -> int:
        return self.traits.total()

    def __iter__(self) -> Iterator[Change]:
        left, at = iter(self._of), 0
        for begin, end in self._spans:
            here = islice(left, begin - at, end - at)
            at = end
            yield from (change for change in here if self._fits(change.trait))


class Walked(Sequence[ChangeReport]):
    """The reports of all of these, one after the other; those that nobody came to are never made."""

    def __init__(self, parts: Sequence[Sequence[ChangeReport]]) -> None:
        self._count = sum(map(len, parts))
        self._left = chain.from_iterable(parts)
        self._passed: list[ChangeReport] = []

    def __len__(self) -> int:
        return self._count

    @overload
    def __getitem__(self, index: int) -> ChangeReport: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[ChangeReport]: ...
    def __getitem__(self, index: int | slice) -> ChangeReport | Sequence[ChangeReport]:
        numbers = range(self._count)[index]
        most = numbers if isinstance(numbers, int) else max(numbers, default=-1)
        self._passed += islice(self._left, max(0, most + 1 - len(self._passed)))
        return self._passed[index]


def fitting(reports: Sequence[ChangeReport], fits: Fits) -> Sequence[ChangeReport]:
    """The reports of which that holds, in the same order."""
    if isinstance(reports, Fates):
        return reports.fitting(fits)
    return tuple(report for report in reports if fits(report))


def changes_of(reports: Sequence[ChangeReport]) -> Sequence[Change]:
    """The changes that something is told of, in the same order."""
    return reports.changes if isinstance(reports, Fates) else tuple(report.change for report in reports)


def fates_of(reports: Sequence[ChangeReport]) -> Counter[Fate]:
    """How many changes have each fate."""
    return reports.counts if isinstance(reports, Fates) else Counter(Fate(*_fate(report)) for report in reports)


def outcomes_of(reports: Sequence[ChangeReport]) -> Counter[OutcomeKind]:
    """How many changes have each outcome."""
    if not isinstance(reports, Fates):
        return Counter(report.outcome for report in reports)
    found = Counter[OutcomeKind]()
    for fate, number in reports.counts.items():
        found[fate.outcome] += number
    return found


def having(outcomes: Container[OutcomeKind]) -> Fits:
    """Whether it is one of these that became of a change."""
    return lambda item: item.outcome in outcomes


def succeeded(item: ChangeReport | Fate) -> bool:
    """Whether it was done, or recorded."""
    return item.outcome is OutcomeKind.SUCCEEDED


def changes_done(reports: Sequence[ChangeReport]) -> Sequence[Change]:
    """The changes that were."""
    return changes_of(fitting(reports, succeeded))

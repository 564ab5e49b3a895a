"""What went wrong and where, as values: one Diagnostic per finding, collected, never thrown one by one.

Pure vocabulary. Must not read files or print: positions are handed in, and the views render them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol


class Severity(StrEnum):
    """How bad a finding is: an error stops the run, a warning never does."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


@dataclass(frozen=True, slots=True, order=True)
class Location:
    """A clickable place in a file: the path as given to us, line and column counted from 1."""

    file: str
    line: int = 1
    column: int = 1

    @property
    def location(self) -> Location:
        """Itself, so that a Location can stand wherever a lazily resolved Place is due."""
        return self

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


class Place(Protocol):
    """Something that knows where it stands in the specs; may find its line only when asked."""

    @property
    def file(self) -> str:
        """The file's path as shown, without looking for the line."""
        ...

    @property
    def location(self) -> Location:
        """The file with line and column."""
        ...


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One finding: a constant summary for its code, then names and numbers, then what to do."""

    severity: Severity
    code: str
    summary: str
    detail: str = ""
    hint: str = ""
    place: Place | None = None

    @property
    def location(self) -> Location | None:
        """Where it stands, or None for a finding about the whole run."""
        return None if self.place is None else self.place.location


def error(code: str, summary: str, place: Place | None = None, *, detail: str = "", hint: str = "") -> Diagnostic:
    """An error: the run plans and applies nothing."""
    return Diagnostic(Severity.ERROR, code, summary, detail, hint, place)


def warning(code: str, summary: str, place: Place | None = None, *, detail: str = "", hint: str = "") -> Diagnostic:
    """A warning: shown, and the run goes on."""
    return Diagnostic(Severity.WARNING, code, summary, detail, hint, place)


_RANK = {Severity.ERROR: 0, Severity.WARNING: 1, Severity.NOTE: 2}


@dataclass(slots=True)
class Diagnostics:
    """A growing collection of findings; iterates in file, line and column order whatever the order of adding."""

    items: list[Diagnostic] = field(default_factory=list)

    def add(self, *found: Diagnostic) -> None:
        """Keep these findings too."""
        self.items.extend(found)

    def extend(self, found: Iterable[Diagnostic]) -> None:
        """Keep all of these findings too."""
        self.items.extend(found)

    @property
    def has_errors(self) -> bool:
        """Whether anything found here must stop the run."""
        return any(item.severity is Severity.ERROR for item in self.items)

    def __iter__(self) -> Iterator[Diagnostic]:
        return iter(in_order(self.items))

    def __len__(self) -> int:
        return len(self.items)


def in_order(items: Iterable[Diagnostic]) -> list[Diagnostic]:
    """The findings by place, then by severity and code: the same order on every machine."""

    def order(item: Diagnostic) -> tuple[object, ...]:
        where = item.location
        at = ("", 0, 0) if where is None else (where.file, where.line, where.column)
        return (where is not None, at, _RANK[item.severity], item.code, item.summary, item.detail)

    return sorted(items, key=order)


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """A hint naming the nearest known word, or an empty text if none is near."""
    from difflib import get_close_matches  # needed only once something is wrong: keeps it off the start-up path

    candidates = sorted(known)
    near = get_close_matches(word, candidates, n=1, cutoff=0.6)
    if not near:
        folded = {item.casefold(): item for item in candidates}
        near = [folded[word.casefold()]] if word.casefold() in folded else []
    return f"did you mean '{near[0]}'?" if near else ""

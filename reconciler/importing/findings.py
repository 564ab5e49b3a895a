"""What is wrong with a file, collected while it is read: located in lines and cells, and no more than a reader can use.

Pure, and private to this package.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from reconciler.diagnostics import Diagnostic, Location, error, in_order
from reconciler.importing.records import Record, cell_place

SHOWN_AT_MOST = 1_000
"""Findings of one file; the last diagnostic says how many more there are."""


@dataclass(slots=True)
class Findings:
    """The findings of one file whose lines are at hand."""

    file: str
    lines: list[str]
    kept: list[Diagnostic] = field(default_factory=list)
    unshown: int = 0

    @property
    def any(self) -> bool:
        """Whether anything at all was found."""
        return bool(self.kept)

    def report(self, found: Iterable[Diagnostic]) -> None:
        """Keep these, as far as there is room."""
        for item in found:
            if len(self.kept) < SHOWN_AT_MOST:
                self.kept.append(item)
            else:
                self.unshown += 1

    def at_line(self, line: int, code: str, summary: str, *, detail: str = "", hint: str = "") -> None:
        """An error of a whole line."""
        self.report([error(code, summary, Location(self.file, line), detail=detail, hint=hint)])

    def at_cell(self, record: Record, index: int, code: str, summary: str, *, detail: str = "", hint: str = "") -> None:
        """An error of one cell."""
        self.report([error(code, summary, self.place(record, index), detail=detail, hint=hint)])

    def place(self, record: Record, index: int) -> Location:
        """Where that cell begins."""
        return cell_place(self.lines, record.line, index, self.file)

    def diagnostics(self) -> tuple[Diagnostic, ...]:
        """Everything kept, in file order, and how many there was no room for."""
        found = in_order(self.kept)
        if self.unshown:
            detail = f"{self.unshown:,} more are not shown"
            hint = "repair what is shown and read the file again"
            found.append(
                error("csv-more-errors", "more errors than are shown", Location(self.file), detail=detail, hint=hint)
            )
        return tuple(found)


def excerpt(text: str) -> str:
    """A cell's text in quotes, cut where it is long; the views escape what a terminal must not see."""
    return f"'{text}'" if len(text) <= _EXCERPT else f"'{text[: _EXCERPT - 1]}…'"


_EXCERPT = 60

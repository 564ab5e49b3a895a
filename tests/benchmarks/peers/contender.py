"""What a measured program must be able to do, and the three things that each is asked. Values and a Protocol."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Protocol


class Case(StrEnum):
    """What is asked, in this order; the values stand in tables and figures."""

    NOTHING = "no change"
    """A plan while what is declared is what is stored."""
    PLAN = "plan of 1 %"
    """A plan after each hundredth was changed."""
    APPLY = "apply of 1 %"
    """That plan carried out."""


class NotTheWork(Exception):
    """A program did something else than it was asked: what it took is no figure."""


class NotThere(Exception):
    """A program cannot be had on this machine."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A process: its words, its folder, and what is in its environment beyond what all have."""

    words: Sequence[str]
    cwd: Path
    environment: tuple[tuple[str, str], ...] = ()


class Contender(Protocol):
    """One program with its work in a folder of its own."""

    @property
    def name(self) -> str:
        """As tables and figures call it."""

    @property
    def home(self) -> Path:
        """The folder with all that is its own; what it runs has it as its home directory."""

    def versions(self) -> dict[str, str]:
        """Itself, and what its speed depends on."""

    def build(self, size: int) -> None:
        """Lay out the work: so many items declared, and the same stored. Not measured."""

    def restore(self) -> None:
        """Before a round: all as it was built. Not measured."""

    def change(self) -> None:
        """Declare the changes. Not measured."""

    def before(self, case: Case) -> None:
        """Right before a measured process."""

    def asked(self, case: Case) -> Asked:
        """The process to measure."""

    def said(self, output: str) -> int:
        """How many changes the end of its output speaks of, planned or made; `NotTheWork` where it says nothing."""

    def stored(self) -> Iterator[tuple[str, int]]:
        """The name and the number of everything that it has stored, read without it."""

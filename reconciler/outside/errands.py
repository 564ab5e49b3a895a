"""What is handed to the engine to be driven: one errand for each change, and the scribe who journals for all of them.

Values and a Protocol: nothing happens here.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from reconciler.journal import Entry
from reconciler.outside.ending import Begin
from reconciler.ports import Writer
from reconciler.settings import AccountSettings


class Scribe(Protocol):
    """Who journals for the engine; called in the thread that called the engine, and in no other.

    Each call is one durable commit, or raises StoreError: then nothing more is started.
    """

    def intend(self, entries: Sequence[Entry]) -> None:
        """Intents, before any of their calls is made; one that is open already stays as it is."""
        ...

    def accept(self, entries: Sequence[Entry]) -> None:
        """What the provider works on, each with its token; they stay open."""
        ...

    def record(self, entries: Sequence[Entry]) -> None:
        """Outcomes, with the rows that they leave."""
        ...

    def halted(self) -> bool:
        """Whether to begin nothing more: asked to stop, frozen, or the store is broken. What was begun is finished."""
        ...


@dataclass(frozen=True, slots=True)
class Errand:
    """One change to be driven."""

    account: AccountSettings
    subject: str
    """What it is about within its account; there is one errand at a time for each."""
    open: Callable[[], Writer]
    begin: Begin
    entry: Entry
    """What is recorded of it, but for the outcome."""
    begun: bool = False
    """Its intent was journaled by an earlier run: unless it is recorded, it stays open."""

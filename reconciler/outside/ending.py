"""What the making of one change gives back: what must be journaled on the way, and what became of it in the end.

Values only; who makes changes is `making`, who drives many is `driving`.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass

from reconciler.journal import Entry, Outcome, OutcomeKind
from reconciler.observed import Obstacle
from reconciler.outside.asking import Asker
from reconciler.ports import Writer

SETTLES = "run again: the next apply asks the provider, and settles it"
"""What to do about what is not known."""


@dataclass(frozen=True, slots=True)
class Ending:
    """What became of one change."""

    outcome: Outcome
    journaled: bool = True
    """It is to be recorded; an unknown one is not: its intent stays open, and the next run settles it."""
    stops: Obstacle | None = None
    """Why nothing more of its account can be carried out."""
    hint: str = ""
    """What a person can do about it; told, and not journaled."""

    @property
    def told(self) -> str | None:
        """What went wrong, and behind it what to do."""
        error = self.outcome.error
        return f"{error}; {self.hint}" if error and self.hint else error


Making = Generator[Entry | None, None, Ending]
"""Yields what must be durable before it goes on, an intent or an acceptance; None: it was sent, and takes its time."""


def failed(code: str, error: str, stops: Obstacle | None = None, hint: str = "") -> Ending:
    """Surely not carried out, or surely not as asked; and what to do about it."""
    return Ending(Outcome(OutcomeKind.FAILED, error=error, code=code), stops=stops, hint=hint)


def unknown(code: str, error: str, token: str | None = None, hint: str = SETTLES) -> Ending:
    """It may or may not be carried out: the intent stays open."""
    return Ending(Outcome(OutcomeKind.UNKNOWN, error=error, code=code, token=token), journaled=False, hint=hint)


def skipped(code: str | None, error: str | None, *, journaled: bool = False, hint: str = "") -> Ending:
    """Not tried."""
    return Ending(Outcome(OutcomeKind.SKIPPED, error=error, code=code), journaled=journaled, hint=hint)


Begin = Callable[[Writer, Asker], Making]
"""Begins one change with the account's writer, in the turns of its group."""

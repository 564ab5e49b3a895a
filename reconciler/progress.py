"""How far long work is, told by whoever does it: phases by name, each with how much there is of it.

Pure vocabulary: nothing is shown here. Whoever works tells; a face decides whether anybody sees it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

Tell = Callable[[int, int], None]
"""Told how much is behind us, of how much."""


class Progress(Protocol):
    """Told of each phase as it begins, and of what is done of it. Telling is cheap, and never fails."""

    def phase(self, name: str, total: int, unit: str = "") -> None:
        """A phase begins, and the one before it is over: `name` says what is done, to `total` things of this `unit`."""
        ...

    def advance(self, count: int = 1) -> None:
        """So many more are behind us."""
        ...

    def done(self) -> None:
        """The phase is over, whether or not all of it was told; talk that follows stands on a line of its own."""
        ...


class Untold:
    """Nobody is to see it."""

    def phase(self, name: str, total: int, unit: str = "") -> None:
        """Say nothing."""

    def advance(self, count: int = 1) -> None:
        """Say nothing."""

    def done(self) -> None:
        """Say nothing."""


def telling(progress: Progress, name: str, unit: str = "") -> Tell:
    """One phase, for work that tells how much is done of how much; it begins with the first that is told."""
    behind = [-1, -1]

    def tell(done: int, total: int) -> None:
        if total != behind[1]:
            progress.phase(name, total, unit)
            behind[:] = 0, total
        progress.advance(done - behind[0])
        behind[0] = done
        if done >= total:
            progress.done()

    return tell

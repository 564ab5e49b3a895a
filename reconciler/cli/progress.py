"""Progress for long work: on stderr, on a terminal, and only once it is worth a look."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from reconciler.cli.app import Given

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

_WORTH_A_LOOK = 1.0
"""Seconds of work before anything is shown."""

Tell = Callable[[int, int], None]
"""Told how many changes are behind us, of how many."""


@contextmanager
def progress_on(given: Given, doing: str = "Applying") -> Iterator[Tell]:
    """A bar with the time left; silent off a terminal, with `--quiet`, and for short work."""
    if given.quiet or sys.stderr is None or not sys.stderr.isatty():
        yield lambda done, total: None
        return
    bar = _Bar(time.monotonic(), doing)
    try:
        yield bar.tell
    finally:
        bar.stop()


class _Bar:
    """Draws nothing, and loads nothing, before the work has lasted long enough."""

    def __init__(self, began: float, doing: str) -> None:
        self._began = began
        self._doing = doing
        self._drawn: tuple[Progress, TaskID] | None = None

    def tell(self, done: int, total: int) -> None:
        if self._drawn is None:
            if time.monotonic() - self._began < _WORTH_A_LOOK:
                return
            self._drawn = _drawn(self._doing, total)
        progress, task = self._drawn
        progress.update(task, completed=done, refresh=True)

    def stop(self) -> None:
        if self._drawn is not None:
            self._drawn[0].stop()


def _drawn(doing: str, total: int) -> tuple[Progress, TaskID]:
    from rich.console import Console  # slow to import, and most runs are over before it is needed
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn(doing), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    progress = Progress(*columns, console=Console(stderr=True), auto_refresh=False, transient=True)
    progress.start()
    return progress, progress.add_task(doing, total=total)

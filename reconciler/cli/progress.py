"""Progress for long work: on stderr, one line that is written over on a terminal, and one line in a log.

What is long, its size decides, so that short work shows nothing anywhere; slow work that is small shows on a terminal
once it is worth a look. Must never end up on stdout, nor in a file.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TextIO

from reconciler.cli.app import Given
from reconciler.progress import Progress, Tell, Untold, telling

LONG = 2_000
"""Of so many things a phase is shown as it begins: it may take longer than people wait without a word."""
_WORTH_A_LOOK = 1.0
"""Seconds of work on fewer before anything is shown."""
_PAUSE = 0.2
"""Seconds between two looks: a terminal can be slow, and nobody reads faster."""
_SURE = 0.5
"""Seconds of a phase before its pace says anything of what is left."""
_WIPED = "\r\x1b[K"


@contextmanager
def progress_of(given: Given, clock: Callable[[], float] = time.monotonic) -> Iterator[Progress]:
    """How far a command is, phase by phase; silent with `--quiet`, and without a stderr."""
    stream = sys.stderr
    if given.quiet or stream is None:
        yield Untold()
        return
    shown: Progress = Shown(stream, clock) if _takes_control(stream) else Logged(stream)
    try:
        yield shown
    finally:
        shown.done()


@contextmanager
def progress_on(given: Given, doing: str = "Applying", unit: str = "") -> Iterator[Tell]:
    """The same for one phase, told how much is behind us of how much."""
    with progress_of(given) as progress:
        yield telling(progress, doing, unit)


def _takes_control(stream: TextIO) -> bool:
    """Whether a line can be written over there."""
    return stream.isatty() and os.environ.get("TERM") != "dumb"


@dataclass(slots=True)
class Logged:
    """For a log: one line for a long run, as its first long phase begins: nobody shall take it for dead."""

    stream: TextIO
    said: bool = False

    def phase(self, name: str, total: int, unit: str = "") -> None:
        """Say it once, where it is long."""
        if total >= LONG and not self.said:
            self.said = True
            _write(self.stream, f"{_about(name, total, unit)} …\n")

    def advance(self, count: int = 1) -> None:
        """Say nothing: a log is read afterwards."""

    def done(self) -> None:
        """Say nothing."""


@dataclass(slots=True)
class Shown:
    """For a terminal: one line with how far, how quickly, and how long it will still take."""

    stream: TextIO
    clock: Callable[[], float]
    name: str = ""
    unit: str = ""
    total: int = 0
    behind: int = 0
    began: float = 0.0
    next_look: float = field(default=0.0)
    drawn: bool = False

    def phase(self, name: str, total: int, unit: str = "") -> None:
        """A long one is there to be seen at once."""
        self.done()
        self.name, self.unit, self.total, self.behind = name, unit, total, 0
        self.began = self.clock()
        self.next_look = self.began + _WORTH_A_LOOK
        if total >= LONG:
            self._draw(self.began)

    def advance(self, count: int = 1) -> None:
        """Looked at some times a second at most."""
        self.behind += count
        if self.name:
            now = self.clock()
            if now >= self.next_look:
                self._draw(now)

    def done(self) -> None:
        """The line is gone, as if it had never been."""
        self.name = ""
        if self.drawn:
            self.drawn = False
            _write(self.stream, _WIPED)

    def _draw(self, now: float) -> None:
        self.next_look = now + _PAUSE
        self.drawn = True
        words = far(self.name, self.behind, self.total, self.unit, now - self.began)
        _write(self.stream, f"{_WIPED}{words[: _columns() - 1]}")


def far(name: str, behind: int, total: int, unit: str, seconds: float) -> str:
    """How far a phase is: `Reading 3,214 of 10,000 files, 1,020 a second, 7 s left`."""
    if not behind:
        return f"{_about(name, total, unit)} …"
    of = f"{name} {min(behind, total):,} of {total:,}{f' {unit}' if unit else ''}"
    if seconds < _SURE:
        return of
    pace = behind / seconds
    left = max(0, total - behind) / pace
    return f"{of}, {pace:,.0f} a second, {time_words(left)} left" if pace >= 1 else f"{of}, {time_words(left)} left"


def time_words(seconds: float) -> str:
    """How long, in the two largest units: `7 s`, `2 min 05 s`, `1 h 20 min`."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    return f"{minutes} min {rest:02} s" if minutes < 60 else f"{minutes // 60:,} h {minutes % 60:02} min"


def _about(name: str, total: int, unit: str) -> str:
    return f"{name} {total:,}{f' {unit}' if unit else ''}"


def _columns() -> int:
    """How wide the terminal is; asked each time, as windows change."""
    try:
        return os.get_terminal_size(sys.stderr.fileno()).columns or 80
    except (OSError, ValueError, AttributeError):
        return 80


def _write(stream: TextIO, text: str) -> None:
    """In UTF-8 where it can be, and no failure where nobody listens any more: work must not end for that."""
    try:
        stream.write(text)
    except UnicodeEncodeError:
        stream.write(text.replace("…", "..."))
    except OSError:
        return
    try:
        stream.flush()
    except OSError:
        return

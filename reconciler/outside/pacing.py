"""How fast a provider is asked: one pacer for all that share a sign-in; the only module that knows the rate limiter.

Must not ask anything itself. The limiter's buckets are used bare: its own `Limiter` starts a thread for each, and
sleeps by itself.
"""

from __future__ import annotations

from collections.abc import Callable
from math import ceil, inf
from threading import BoundedSemaphore, Lock
from typing import Protocol

from pyrate_limiter import GCRA, Rate, RateItem, StateBucket

from reconciler.answers import Pace
from reconciler.errors import Interrupted, Throttled
from reconciler.outside.timing import Timing

_TURN = 0.001
"""Seconds; what is due sooner is due now."""


def _rate(per_second: float, burst: int) -> Rate:
    """The limiter's rate, whole numbers of thousandths, never above what was asked for."""
    limit = int(per_second * 1000)
    return Rate(limit, 1_000_000, burst) if limit else Rate(1, ceil(1000 / per_second), burst)


def burst_of(per_second: float) -> int:
    """How many may go at once after a rest: so few that no second holds more than 5 % above the rate (and one)."""
    return max(1, ceil(per_second / 20))


class _Line:
    """One bucket, and those who wait for it, one behind the other."""

    def __init__(self, per_second: float, burst: int) -> None:
        if not 0 < per_second < inf:
            raise ValueError(f"a pace of {per_second} requests a second is none")
        self.bucket = StateBucket([_rate(per_second, burst or burst_of(per_second))], GCRA())
        self.lock = Lock()

    def due(self, monotonic: float) -> float:
        """Take a turn, or say in how many seconds there is one; 0: taken."""
        item = RateItem("", int(monotonic * 1000))
        if self.bucket.put(item):
            return 0.0
        rest = self.bucket.waiting(item)
        return max(1, rest if isinstance(rest, int) else 1) / 1000


class Line(Protocol):
    """The turns of one sort, for one sign-in."""

    lock: Lock
    """Held by whoever is the next."""

    def due(self, monotonic: float) -> float:
        """Take a turn, or say in how many seconds there is one; 0: taken."""
        ...


Lines = Callable[[str, float, int], Line]
"""The line of a group and sort, by its name, with so many turns a second and so many at once after a rest."""


def own_line(name: str, per_second: float, burst: int) -> Line:
    """Of this process alone."""
    return _Line(per_second, burst)


class Pacer:
    """The turns of one sign-in, for any number of threads."""

    def __init__(self, pace: Pace, timing: Timing, group: str = "", lines: Lines = own_line) -> None:
        self.pace = pace
        self.slot = BoundedSemaphore(max(1, pace.threads))
        """One is held by every request under way."""
        self._timing = timing
        self._reads = lines(f"{group} reads", pace.reads, pace.burst)
        self._writes = lines(f"{group} writes", pace.writes, 0)
        self._held_until = 0.0

    def read(self, stop: Callable[[], bool], patience: float) -> float:
        """Wait for the turn to read; how long of it the provider held us back.

        Raises Throttled where it holds us back for longer than `patience` seconds, and Interrupted.
        """
        return self._turn(self._reads, stop, patience)

    def write(self, stop: Callable[[], bool], patience: float) -> float:
        """As `read`, for the turn to write."""
        return self._turn(self._writes, stop, patience)

    def hold(self, seconds: float) -> None:
        """The provider has had too much: nobody asks it anything for so long."""
        self._held_until = max(self._held_until, self._timing.monotonic() + seconds)

    def _turn(self, line: Line, stop: Callable[[], bool], patience: float) -> float:
        held = 0.0
        with line.lock:
            if stop():
                raise interrupted()
            while True:
                rest = self._held_until - self._timing.monotonic()
                if rest > _TURN:
                    if held + rest > patience:
                        raise rate_limited(rest)
                    held += rest
                else:
                    rest = line.due(self._timing.monotonic())
                    if not rest:
                        return held
                if not self._timing.pause(rest, stop):
                    raise interrupted()


def interrupted() -> Interrupted:
    """Asked to stop, before anything was sent."""
    return Interrupted("interrupted", "asked to stop")


def rate_limited(seconds: float) -> Throttled:
    """It asks for more patience than one question is worth."""
    said = f"it has had too many requests, and asks to be left alone for {ceil(seconds)} s more"
    return Throttled("rate-limited", said, "run again later", seconds)


class Pacers:
    """The pacer of every group of accounts, for as long as a run lasts: what is read and what is written share it."""

    def __init__(self, timing: Timing, lines: Lines = own_line) -> None:
        self._timing = timing
        self._lines = lines
        self._known: dict[str, Pacer] = {}
        self._lock = Lock()

    def of(self, group: str, pace: Pace) -> Pacer:
        """The pacer of that group; the first pace that was named for it holds."""
        with self._lock:
            if group not in self._known:
                self._known[group] = Pacer(pace, self._timing, group, self._lines)
            return self._known[group]

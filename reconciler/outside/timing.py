"""Time, chance and threads as the engine is handed them, so that a test needs none of the three.

Must not decide how long anything takes: whoever waits says how long.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from math import isfinite

SLICE = 0.5
"""Seconds: a long wait looks up so often, to see whether it is still wanted."""


def never() -> bool:
    """Not asked to stop: for what was begun, and is to be finished."""
    return False


@dataclass(frozen=True, slots=True)
class Timing:
    """Where time comes from and goes to. Everything here is called from several threads at once."""

    now: Callable[[], datetime]
    """Real time, aware and in UTC."""
    monotonic: Callable[[], float] = time.monotonic
    """Seconds since some moment; never goes back."""
    wait: Callable[[float], None] = time.sleep
    """Let so many seconds pass."""
    chance: Callable[[], float] = random.random
    """From 0 up to, and without, 1: keeps those who failed together from coming back together."""
    pool: Callable[[int], Executor] = ThreadPoolExecutor
    """At most so many threads."""

    def pause(self, seconds: float, stop: Callable[[], bool]) -> bool:
        """Wait, unless asked to stop meanwhile; whether the whole time has passed."""
        left = seconds
        while left > 0:
            if stop():
                return False
            self.wait(min(left, SLICE))
            left -= SLICE
        return True


def growing(first: float, most: float, step: int) -> float:
    """The wait after so many before it (0, 1, …): each twice the last, up to `most`."""
    return min(most, first * 2.0 ** min(step, 32))


def sensible(seconds: float | None) -> float | None:
    """What a provider says of how long to wait, if that can be waited at all."""
    return seconds if seconds is not None and isfinite(seconds) and seconds >= 0 else None

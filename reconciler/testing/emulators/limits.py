"""A rate limit of the kind that vendors publish: a bucket of tokens that fills up again. Off until it is asked for."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable


class Bucket:
    """So many requests at once, and so many more a second."""

    def __init__(self, size: float, refill: float, clock: Callable[[], float] = time.monotonic) -> None:
        self.size, self.refill = size, refill
        self._clock = clock
        self._left, self._at = size, clock()
        self._lock = threading.Lock()
        self.taken = 0
        """Requests that were let in."""

    def take(self) -> float:
        """Zero: one request may pass; else the seconds until one may."""
        with self._lock:
            now = self._clock()
            self._left = min(self.size, self._left + (now - self._at) * self.refill)
            self._at = now
            if self._left < 1:
                return (1 - self._left) / self.refill
            self._left -= 1
            self.taken += 1
            return 0.0

    @property
    def left(self) -> int:
        """Requests that would pass at once."""
        with self._lock:
            return int(min(self.size, self._left + (self._clock() - self._at) * self.refill))

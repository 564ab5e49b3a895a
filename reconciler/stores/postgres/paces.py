"""Turns that all workers of a sign-in share: a row says when the next is due, and each takes a few of them in advance.

A turn that was not taken in time is lost, never saved up: no second holds more of them than the pace allows.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from math import ceil, inf
from threading import Lock

import psycopg

from reconciler.errors import ReconcilerError
from reconciler.stores import rows
from reconciler.stores.postgres.address import Address
from reconciler.stores.postgres.session import Limits, Session

AHEAD = 0.1
"""Seconds whose turns are taken with one question, at most."""
LATE = 0.05
"""Seconds after which a turn is lost: so much more than the pace may one second hold."""
_TURN = 0.001
_RETRY = 0.5
_SOON = 2.0
_TAKE = (
    "INSERT INTO {}.paces (name, due) VALUES (%s, clock_timestamp() + make_interval(secs => %s))"
    " ON CONFLICT (name) DO UPDATE SET due = greatest(paces.due, clock_timestamp()) + make_interval(secs => %s)"
    " RETURNING extract(epoch FROM due - clock_timestamp())::float8 - %s"
)


class SharedTurns:
    """The rows of one store; a connection of its own, made when it is needed. Several threads may use it at once."""

    def __init__(self, address: Address, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._session = Session(address, Limits(_SOON, _SOON, _SOON), writing=True)
        self._statement = _TAKE.format(address.schema).encode()
        self._monotonic = monotonic
        self._lock = Lock()

    def line(self, name: str, per_second: float, burst: int) -> SharedLine:
        """A line of that name: `outside.pacing.Lines`. What may go at once after a rest stays unused."""
        return SharedLine(name, per_second, self.take, self._monotonic)

    def take(self, name: str, gap: float, count: int) -> float | None:
        """Take so many turns, each `gap` seconds after the one before: in how many seconds the first is due.

        None where the server does not answer: without it, nobody has a turn.
        """
        block = gap * count
        with self._lock, suppress(psycopg.Error, ReconcilerError):
            values = (rows.clean(name), block, block, block)
            row = self._session.connection().execute(self._statement, values).fetchone()
            return None if row is None else float(row[0])
        return None

    def close(self) -> None:
        """Let go of the connection."""
        with self._lock:
            self._session.close()


class SharedLine:
    """One line, as one process stands in it."""

    def __init__(
        self,
        name: str,
        per_second: float,
        take: Callable[[str, float, int], float | None],
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        if not 0 < per_second < inf:
            raise ValueError(f"a pace of {per_second} requests a second is none")
        self.lock = Lock()
        self._name = name
        self._gap = 1 / per_second
        self._take = take
        self._monotonic = monotonic
        self._turns: deque[float] = deque()
        self._used = 0

    def due(self, monotonic: float) -> float:
        """Take a turn, or say in how many seconds there is one; 0: taken."""
        while self._turns and self._turns[0] + max(LATE, self._gap / 2) < monotonic:
            self._turns.popleft()
        if not self._turns:
            # As many as were of use the last time, and one more: what is taken and not used, nobody has.
            count = max(1, min(self._used + 1, ceil(AHEAD / self._gap)))
            rest = self._take(self._name, self._gap, count)
            if rest is None:
                return _RETRY
            monotonic, self._used = self._monotonic(), 0
            self._turns.extend(monotonic + max(0.0, rest) + number * self._gap for number in range(count))
        rest = self._turns[0] - monotonic
        if rest > _TURN:
            return rest
        self._turns.popleft()
        self._used += 1
        return 0.0

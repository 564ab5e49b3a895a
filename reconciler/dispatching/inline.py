"""Shards carried out in this very process, several at once: without a queue that would have to be kept anywhere."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field

from reconciler.queueing import Work
from reconciler.shards import Ticket

_LOOK = 0.05
"""Seconds after which it looks up at the latest, to see whether it is asked to stop."""


@dataclass
class Inline:
    """A Dispatcher. What it was handed is forgotten with the process: the book has it."""

    concurrency: int = 1
    monotonic: Callable[[], float] = time.monotonic
    waiting: deque[tuple[float, Ticket]] = field(default_factory=deque)
    """With the instant before which each is not to be handed out."""
    lost: list[Ticket] = field(default_factory=list)
    """Those whose work ended without an answer."""

    def submit(self, tickets: Sequence[Ticket], within: object = None) -> None:
        """Line them up; they belong to no transaction."""
        self.waiting.extend((0.0, ticket) for ticket in tickets)

    def recover(self) -> int:
        """Hand out what ended without an answer."""
        back, self.lost = self.lost, []
        self.submit(back)
        return len(back)

    def run(self, work: Work, stop: Callable[[], bool], idle: Callable[[], bool] | None = None) -> None:
        """Carry them out; ends by itself, with or without `idle`, when all are over: no others can come."""
        under_way: dict[Future[float | None], Ticket] = {}
        with ThreadPoolExecutor(self.concurrency) as pool:
            while under_way or (self.waiting and not stop()):
                while len(under_way) < self.concurrency and not stop():
                    ticket = self._next({ticket.lock for ticket in under_way.values()})
                    if ticket is None:
                        break
                    under_way[pool.submit(work, ticket.shard)] = ticket
                if under_way:
                    done, _ = wait(under_way, timeout=_LOOK, return_when=FIRST_COMPLETED)
                    for future in done:
                        self._ended(under_way.pop(future), future)
                else:
                    time.sleep(_LOOK)

    def _next(self, busy: set[str]) -> Ticket | None:
        """The first that may be handed out; the others of a lock wait behind its first one."""
        now = self.monotonic()
        for at, (due, ticket) in enumerate(self.waiting):
            if ticket.lock not in busy and due <= now:
                del self.waiting[at]
                return ticket
            busy.add(ticket.lock)
        return None

    def _ended(self, ticket: Ticket, future: Future[float | None]) -> None:
        if future.exception() is not None:
            self.lost.append(ticket)
            return
        again = future.result()
        if again is not None:
            self.waiting.appendleft((self.monotonic() + again, ticket))

"""Carries a look at one outside account out, as a worker: looks as a refresh does, and keeps it under its fence.

Only reads, and so no freeze holds it. What is found late, or twice, harms nothing: what is newer stays.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from reconciler.errors import Interrupted
from reconciler.looks import Look, TakenLook
from reconciler.observed import ObservedAccount
from reconciler.queueing import ShardBook

See = Callable[[Look, Callable[[], bool]], ObservedAccount]
"""Looks at one account until it is asked to stop; its trouble is a value. Raises Interrupted."""
_AT_ONCE: Final = 0.0
GRAIN: Final = timedelta(microseconds=1)
"""Our clocks tell whole seconds: what somebody read within the one in which a look began counts as newer."""


def look_at(
    taken: TakenLook, book: ShardBook, see: See, halted: Callable[[], bool], now: Callable[[], datetime]
) -> float | None:
    """One turn at a look (see `queueing.Work`): it is over, or somebody begins it anew. Raises StoreError."""
    began = now() - GRAIN
    try:
        found = see(taken.look, halted)
    except Interrupted:
        book.give_back(taken, sent=False)
        return _AT_ONCE
    book.end_look(taken, found, began)
    return None

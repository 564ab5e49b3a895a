"""Brings a whole stored state to now, and tells what time did to each record on the way.

Pure. What time did is no wish and no change of ours: it is listed apart, and an apply journals it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from reconciler.events import Event
from reconciler.lifecycle import advance
from reconciler.model import StoredSubscription, SubscriptionKey
from reconciler.rulebook import Rulebook
from reconciler.stored import StoredState


def elapse(
    stored: StoredState, rulebook: Rulebook, now: datetime, tell: Callable[[SubscriptionKey], bool]
) -> tuple[StoredState, tuple[Event, ...]]:
    """The stored state as it stands at now, and the events of the records that are to be told, by key and instant.

    Every record stands at now afterwards, for limits count what has not ended; only what is told is ever journaled.
    """
    moved: dict[SubscriptionKey, StoredSubscription] = {}
    events: list[Event] = []
    rulings = {account: rulebook.ruling(account) for account in {key.account for key in stored.subscriptions}}
    for key, row in stored.subscriptions.items():
        advanced = advance(row, rulings[key.account], now)
        if advanced.events:
            moved[key] = advanced.row
            if tell(key):
                events += advanced.events
    if not moved:
        return stored, ()
    events.sort(key=lambda event: (event.key, event.at))
    return replace(stored, subscriptions={**stored.subscriptions, **moved}), tuple(events)

"""Measures `advance` against its goal of docs/performance.md: 100,000 records a second on one core, one step each."""

from __future__ import annotations

import gc
import statistics
import time
from datetime import UTC, date, datetime, timedelta

from reconciler.lifecycle import advance
from reconciler.model import Recurring, StoredSubscription, SubscriptionKey, TermLength
from reconciler.shipped import lifecycle_text
from reconciler.spec.trusted import shipped_lifecycles
from reconciler.terms import midnight, term_at

SIZE = 100_000


def _records() -> list[StoredSubscription]:
    """A year's purchases, most of them yearly; every tenth is monthly, and every tenth does not renew."""
    found = []
    for number in range(SIZE):
        start = date(2025, 1, 1) + timedelta(days=number % 365)
        length = TermLength.MONTHLY if number % 10 == 0 else TermLength.ANNUAL
        recurring = Recurring.OFF if number % 10 == 1 else Recurring.ON
        key = SubscriptionKey("contoso", f"s{number}")
        term = term_at(start, length, midnight(start))
        found.append(StoredSubscription(key, "SPB", length, length, start, start, term, recurring=recurring))
    return found


def passing(runs: int) -> list[str]:
    """Lines of a table: every record one step on, and a look at which nothing has happened."""
    lifecycle = shipped_lifecycles(["classic"], lifecycle_text)["classic"]
    rows = _records()
    ends = [row.term.end for row in rows]
    early = datetime(2025, 1, 1, tzinfo=UTC)
    looks = {"one step each": ends, "nothing has happened": [early] * SIZE}
    lines = []
    gc.disable()  # as the command does, which soon ends
    for name, instants in looks.items():
        seconds = []
        for _ in range(runs):
            began = time.process_time()
            moved = [advance(row, lifecycle, now) for row, now in zip(rows, instants, strict=True)]
            seconds.append(time.process_time() - began)
            if sum(len(item.events) for item in moved) != (SIZE if name == "one step each" else 0):
                raise SystemExit("every record must take just that step")
        rate = SIZE / statistics.median(seconds)
        goal = "100,000 a second" if name == "one step each" else ""
        lines.append(f"| `advance` of {SIZE:,}, {name} | {goal} | {rate:,.0f} a second |")
    gc.enable()
    return lines

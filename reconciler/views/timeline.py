"""What lies before and after the changes of a plan, in words: what time did, what is scheduled, what renews undecided.

Pure values to words, not escaped: that is for the view, which knows its sink.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC
from itertools import groupby

from reconciler.changes import Scheduled
from reconciler.consequences import Due, DueList
from reconciler.events import Event, EventKind
from reconciler.model import SubscriptionKey, TermLength
from reconciler.views.consequences import sum_words, sums_of
from reconciler.views.words import VERBS, day, differences, listed

WITHIN = 30
"""Days ahead within which an undecided renewal counts as due in a plan."""


@dataclass(frozen=True, slots=True)
class Elapsed:
    """What time did to one subscription."""

    key: SubscriptionKey
    product: str
    words: str


def elapsed_rows(events: Iterable[Event]) -> list[Elapsed]:
    """A row for each subscription, by key; what happened to it again and again is told once, with how often."""
    ordered = sorted(events, key=lambda event: (event.key, event.at))
    return [_elapsed(list(members)) for _, members in groupby(ordered, key=lambda event: event.key)]


def _elapsed(events: Sequence[Event]) -> Elapsed:
    runs = [list(members) for _, members in groupby(events, key=_alike)]
    return Elapsed(events[0].key, events[-1].product, "; ".join(map(_run, runs)))


def _alike(event: Event) -> object:
    """What is told once when it happens again and again; what was changed outside is told each time."""
    return (event.kind, event.at) if event.kind is EventKind.NOTICED else event.kind


def _run(events: Sequence[Event]) -> str:
    last = events[-1]
    on = day(last.at.astimezone(UTC))
    if last.kind is EventKind.NOTICED:
        return f"{last.kind} {on}: {noticed_words(last)}"
    return f"{last.kind} {on}" if len(events) == 1 else f"{last.kind} {len(events):,} times, last {on}"


def noticed_words(event: Event) -> str:
    """What somebody changed: `recurring on -> off, changed outside`."""
    moves = [f"{name} {before} -> {after}" for name, before, after in differences(event.before, event.after)]
    return ", ".join([*moves, "changed outside"])


_OUTSIDE = frozenset({EventKind.SUSPENDED, EventKind.RESUMED, EventKind.NOTICED})
"""What a provider or somebody there did; all else is time's."""


def of_time_alone(events: Iterable[Event]) -> bool:
    """Whether time did all of it."""
    return all(event.kind not in _OUTSIDE for event in events)


def elapsed_about(events: Sequence[Event]) -> str:
    """Who did it: `what time did`."""
    return "what time did" if of_time_alone(events) else "what time and others did"


def elapsed_counts(events: Iterable[Event]) -> str:
    """How much of each kind: `12 renewed, 1 expired`."""
    counts = Counter(event.kind for event in events)
    return ", ".join(f"{counts[kind]:,} {kind}" for kind in EventKind if counts[kind])


def scheduled_verb(item: Scheduled) -> str:
    """What a dated intent leads to: a verb, or nothing."""
    return "no change" if item.kind is None else VERBS[item.kind]


def period_words(length: TermLength) -> str:
    """For how long a renewal commits."""
    return _PERIODS[length]


_PERIODS = {TermLength.MONTHLY: "a month", TermLength.ANNUAL: "a year", TermLength.TRIENNIAL: "3 years"}


def due_words(item: Due) -> str:
    """One renewal that nobody has decided: what it commits to, for how long, and whose it is."""
    owner = f"; owner {item.owner}" if item.owner else ""
    return f"renews {day(item.on)} for {period_words(item.length)}: {sum_words(item.amount)}{owner}"


def due_sentence(due: Sequence[Due]) -> str:
    """The last line of every plan: how many renewals within 30 days nobody has decided, and what they commit to."""
    found = DueList.of(due)
    sums = [*sums_of(found.sums), *([f"{found.unknown:,} not known"] if found.unknown else [])]
    joined = f", {listed(sums, len(sums))}" if sums else ""
    return f"Renew within {WITHIN} days, undecided: {len(due):,}{joined}."

"""What becomes of a person's task once it is done: the record as it stood on the day of it, and what the deed leaves.

Pure: now is handed in. Time and the deed are told in the order in which they happened, not in which they were noticed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime

from reconciler.changes import INTENTS, Change, Kind
from reconciler.effects import carried_out
from reconciler.events import Event, EventKind
from reconciler.journal import HistoryEntry, OpenIntent, Outcome, OutcomeKind
from reconciler.lifecycle import advance
from reconciler.model import Cancel, Recurring, Status, StoredSubscription, SubscriptionKey, Term
from reconciler.policy import Lifecycle
from reconciler.terms import midnight


@dataclass(frozen=True, slots=True)
class Deed:
    """One task that was done, in its place in time."""

    intent: OpenIntent
    at: datetime
    """When it was done."""
    row: StoredSubscription
    """The record as it stood then."""
    events: tuple[Event, ...] = ()
    """What time had done until then, and nobody had recorded."""
    overtaken: tuple[Event, ...] = ()
    """What time was recorded to have done after it, before it was known: with the deed, that did not happen."""


@dataclass(frozen=True, slots=True)
class Misplaced:
    """Why it cannot have been done then, in words."""

    detail: str


def instant_on(day: date | None, task: OpenIntent, now: datetime) -> datetime:
    """The instant that a UTC day stands for: its beginning, but not before the task was issued; of today it is now."""
    if day is None or day >= now.date():
        return now
    return min(now, max(midnight(day), task.at.astimezone(UTC)))


def deed(
    task: OpenIntent,
    row: StoredSubscription,
    history: Sequence[HistoryEntry],
    lifecycle: Lifecycle | None,
    at: datetime,
) -> Deed | Misplaced:
    """The task as it was done at that instant; `history` is that of its record, oldest first.

    What time is recorded to have done since is taken back, if the record as it was before can be told for sure.
    """
    since = tuple(event for event in happened(history) if event.at > at)
    standing = rewound(row, since, lifecycle)
    if standing is None:
        what = ", ".join(f"{event.kind} {event.at.date()}" for event in since)
        return Misplaced(f"its record has moved since ({what}), and how it stood then cannot be told any more")
    then, events = advance(standing, lifecycle, at)
    allowed = then.status.ended if task.kind is Kind.REACTIVATE else then.status is Status.ACTIVE
    if not allowed or then.status is Status.DELETED:
        return Misplaced(f"it was {then.status} then")
    return Deed(task, at, then, events, since)


def happened(history: Sequence[HistoryEntry]) -> tuple[Event, ...]:
    """What time did, of the history of one record, oldest first."""
    return tuple(
        Event(
            SubscriptionKey(*entry.subscription.split("/", 1)),
            EventKind(entry.kind),
            entry.happened_at,
            {name: str(value) for name, value in entry.before.items()},
            {name: str(value) for name, value in entry.after.items()},
        )
        for entry in history
        if entry.happened_at is not None
    )


def rewound(row: StoredSubscription, since: Sequence[Event], lifecycle: Lifecycle | None) -> StoredSubscription | None:
    """The record as it stood before these events, oldest first; None where that cannot be told for sure.

    Proved by letting time pass once more: that must lead to the very record that is there.
    """
    if not since:
        return row
    past = row
    for event in reversed(since):
        if event.kind not in _BY_TIME:
            return None
        past = _before(past, event)
    return past if advance(past, lifecycle, since[-1].at).row == row else None


_BY_TIME = frozenset(EventKind) - {EventKind.SUSPENDED, EventKind.RESUMED, EventKind.NOTICED}
"""What `lifecycle` makes."""


def _before(row: StoredSubscription, event: Event) -> StoredSubscription:
    before = event.before
    if "status" in before:
        return replace(row, status=Status(before["status"]))
    start, end = (midnight(date.fromisoformat(before[name])) for name in ("term_start", "term_end"))
    return replace(row, term=Term(start, end), extended=False)


def taken_back(
    row: StoredSubscription, word: HistoryEntry, since: Sequence[Event], lifecycle: Lifecycle | None
) -> StoredSubscription:
    """The record as if that change of its pair had not been made; `since` is what time did after it, oldest first."""
    standing = rewound(row, since, lifecycle) or row
    cancellation = Cancel(str(word.before["cancellation"]))
    return replace(
        standing,
        recurring=Recurring(str(word.before["recurring"])),
        cancellation=cancellation,
        requested_at=None,
        effective_at=standing.term.end if cancellation is Cancel.AT_RENEWAL else None,
        status=Status.ACTIVE,
    )


def verb_back(row: StoredSubscription, word: HistoryEntry) -> Kind:
    """The verb that leads from the record's pair back to the one before that change."""
    if word.before["cancellation"] == Cancel.AT_RENEWAL:
        return Kind.CANCEL_AT_RENEWAL
    if row.cancellation is not Cancel.NONE:
        return Kind.UNDO_CANCEL
    return Kind.TURN_ON if word.before["recurring"] == Recurring.ON else Kind.TURN_OFF


@dataclass(frozen=True, slots=True)
class Proof:
    """What is known of a change that was made elsewhere: when it was, how that is known, and the record where told."""

    at: datetime
    note: str
    row: StoredSubscription | None = None
    """The record that it leaves, where that does not follow from the change itself."""


@dataclass(frozen=True, slots=True)
class Witness:
    """ports.Recorder of what was done elsewhere: each change as of its own instant, with what it is known by."""

    proofs: Mapping[SubscriptionKey, Proof]
    """Of the changes of the pair that were made elsewhere; any other change is made as of the run's instant."""
    name: str = field(default="manual", init=False)

    def execute(self, change: Change, row: StoredSubscription | None, operation_id: str, now: datetime) -> Outcome:
        """The record that the change leaves; a date beyond the calendar is a failed outcome."""
        proof = self.proofs.get(change.key) if change.kind in INTENTS else None
        try:
            if proof is None:
                return Outcome(OutcomeKind.SUCCEEDED, carried_out(change, row, now))
            left = proof.row or carried_out(change, row, proof.at)
        except OverflowError as error:
            return Outcome(OutcomeKind.FAILED, error=str(error))
        return Outcome(OutcomeKind.SUCCEEDED, left, note=proof.note)

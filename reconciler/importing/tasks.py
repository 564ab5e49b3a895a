"""What an export says of people's tasks: the target shown confirms one, the state before contradicts it.

Pure. A file proves what it shows and nothing else: an empty cell, or a row that is not there, says nothing of a task.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from reconciler.changes import INTENTS, Change, JsonValue, Kind
from reconciler.deeds import Misplaced, Proof, deed, happened, taken_back, verb_back
from reconciler.diagnostics import Location
from reconciler.events import Event
from reconciler.impact import risk
from reconciler.importing.rows import ImportedRow
from reconciler.journal import HistoryEntry, OpenIntent, OutcomeKind
from reconciler.model import Cancel, Recurring, StoredSubscription, SubscriptionKey
from reconciler.policy import Lifecycle
from reconciler.tasks import belied_by, confirmed_by, on_word_alone


class Showing(StrEnum):
    """What a row says of a task."""

    CONFIRMED = "confirmed"
    """It shows what was asked for."""
    NOT_DONE = "not-done"
    """It shows the state before: the task stays open."""
    UNCLEAR = "unclear"
    """Neither: the task stays open."""
    CONTRADICTED = "contradicted"
    """Somebody said that it was done, and it shows the state before: the record goes back to that."""


@dataclass(frozen=True, slots=True)
class Told:
    """What one row says of one task."""

    key: SubscriptionKey
    kind: Kind
    """Of the task."""
    showing: Showing
    place: Location
    detail: str
    """In words."""
    change: Change | None = None
    """To record, where it is confirmed or contradicted."""
    proof: Proof | None = None
    """And how it is known."""
    operation_id: str | None = None
    """Of the task that is closed by it."""


@dataclass(frozen=True, slots=True)
class ByHand:
    """What is known of an account whose changes people make."""

    tasks: Mapping[SubscriptionKey, OpenIntent]
    """Those that are open."""
    history: Callable[[SubscriptionKey], Sequence[HistoryEntry]]
    """Of one record, oldest first."""
    elapsed: tuple[Event, ...]
    """What time did and nobody has recorded yet."""
    lifecycle: Lifecycle | None


def told_of_tasks(
    rows: Mapping[SubscriptionKey, ImportedRow],
    records: Mapping[SubscriptionKey, StoredSubscription],
    by_hand: ByHand,
    file: str,
    now: datetime,
) -> Iterator[Told]:
    """What each row says of the task for its record, open or said to be done, by key. Records stand at now."""
    for key, row in sorted(rows.items()):
        record, task = records.get(key), by_hand.tasks.get(key)
        if record is None or not row.states_pair:
            continue
        if task is not None:
            yield _of_open(task, row, record, by_hand, file, now)
        elif not _shows(row, record.recurring, record.cancellation, cancel_unsaid=True):
            yield from _of_said(key, row, record, by_hand, file, now)


def _of_open(
    task: OpenIntent, row: ImportedRow, record: StoredSubscription, by_hand: ByHand, file: str, now: datetime
) -> Told:
    told = Told(task.key, task.kind, Showing.UNCLEAR, row.place, "", operation_id=task.operation_id)
    before, after = _pair(task.before), _pair(task.after)
    # An empty cell of a cancellation shows neither that it was made nor that it was taken back.
    cancel_unsaid = before[1] is after[1]
    if _shows(row, *before, cancel_unsaid=cancel_unsaid):
        return replace(told, showing=Showing.NOT_DONE, detail="it is shown as it was before: the task stays open")
    if not _shows(row, *after, cancel_unsaid=cancel_unsaid):
        return replace(told, detail="what is shown is neither the state before nor the one asked for: it stays open")
    change = replace(task.change, place=row.place, risk=risk(task.kind))
    found = deed(task, record, (), by_hand.lifecycle, now)
    if isinstance(found, Misplaced):
        detail = f"it is shown done, but its record is {record.status} by now: reconcile done {task.key} --on DATE"
        return replace(told, detail=detail)
    proof = Proof(now, confirmed_by(file))
    return replace(told, showing=Showing.CONFIRMED, detail="it is shown done", change=change, proof=proof)


def _of_said(
    key: SubscriptionKey, row: ImportedRow, record: StoredSubscription, by_hand: ByHand, file: str, now: datetime
) -> Iterator[Told]:
    """A row that shows otherwise than its record: whether that stands on somebody's word alone."""
    history = by_hand.history(key)
    said = [at for at, entry in enumerate(history) if entry.kind in INTENTS and entry.outcome is OutcomeKind.SUCCEEDED]
    if not said:
        return
    word, kind = history[said[-1]], Kind(history[said[-1]].kind)
    # A purchase made anew has a term of its own: what stood before it cannot be put back.
    if kind is Kind.REACTIVATE or word.note is None or not on_word_alone(word.note):
        return
    if not _shows(row, *_pair(word.before), cancel_unsaid=True):
        return
    elapsed = [event for event in by_hand.elapsed if event.key == key]
    left = taken_back(record, word, [*happened(history[said[-1] + 1 :]), *elapsed], by_hand.lifecycle)
    back = verb_back(record, word)
    change = Change(
        key,
        back,
        {"recurring": record.recurring.value, "cancellation": record.cancellation.value},
        {"recurring": left.recurring.value, "cancellation": left.cancellation.value},
        row.place,
        risk(back),
        f"import of {file}",
        record.id,
        record.product,
        declares=record.declared,
    )
    detail = f"it was {word.note}, and is shown as it was before: the record goes back"
    yield Told(key, kind, Showing.CONTRADICTED, row.place, detail, change, Proof(now, belied_by(file, word.note), left))


def _pair(values: Mapping[str, JsonValue]) -> tuple[Recurring, Cancel]:
    return Recurring(str(values["recurring"])), Cancel(str(values["cancellation"]))


def _shows(row: ImportedRow, recurring: Recurring, cancellation: Cancel, *, cancel_unsaid: bool) -> bool:
    """Whether the row shows just this pair; `cancel_unsaid`: an empty cell is as good as none."""
    if cancellation is Cancel.AT_RENEWAL:
        return row.cancel is Cancel.AT_RENEWAL
    if cancellation is Cancel.IMMEDIATELY or row.recurring is not recurring:
        return False
    # What renews is not cancelled, whatever its cell says of that.
    unsaid = row.cancel is None and (cancel_unsaid or recurring is Recurring.ON)
    return unsaid or row.cancel is Cancel.NONE

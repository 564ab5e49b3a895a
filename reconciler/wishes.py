"""The table of wishes: what the declared pair asks of a record, given where that record stands.

Pure. The table itself is in docs/domain.md; each of its rows is a test from each stored state.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import assert_never

from reconciler.changes import ENDING, Kind
from reconciler.lifecycle import confirmation, term_over
from reconciler.model import Cancel, Intent, Recurring, Status, StoredSubscription


@dataclass(frozen=True, slots=True)
class Converged:
    """The record is as wished."""


@dataclass(frozen=True, slots=True)
class Move:
    """One change moves the whole pair to this."""

    kind: Kind
    recurring: Recurring
    cancellation: Cancel


@dataclass(frozen=True, slots=True)
class Barred:
    """The wish cannot be carried out; the reason code, and what to do instead."""

    kind: Kind
    code: str
    detail: str
    hint: str


@dataclass(frozen=True, slots=True)
class Over:
    """It has ended, and an inherited wish does not bring it back."""

    detail: str


Decision = Converged | Move | Barred | Over


def decide(intent: Intent, row: StoredSubscription, now: datetime, *, protected: bool) -> Decision:
    """What the intent asks of a record that stands at now; `protected` is the protection in force for this run."""
    if row.status.ended or row.cancellation is Cancel.IMMEDIATELY:
        return _on_ended(intent, row)
    move = _wished(intent, row)
    if move is None:
        return Converged()
    return _barred(move, intent, row, now, protected=protected) or move


def _wished(intent: Intent, row: StoredSubscription) -> Move | None:
    """The move from the stored pair to the wished one; None where it is there already."""
    pending = row.cancellation is Cancel.AT_RENEWAL
    on = row.recurring is Recurring.ON
    if intent.cancel is Cancel.IMMEDIATELY:
        return Move(Kind.CANCEL_NOW, Recurring.OFF, Cancel.IMMEDIATELY)
    if intent.cancel is Cancel.AT_RENEWAL:
        return None if pending else Move(Kind.CANCEL_AT_RENEWAL, Recurring.OFF, Cancel.AT_RENEWAL)
    if intent.recurring is Recurring.ON:
        if pending:
            return Move(Kind.UNDO_CANCEL, Recurring.ON, Cancel.NONE)
        return None if on else Move(Kind.TURN_ON, Recurring.ON, Cancel.NONE)
    if pending and intent.cancel is Cancel.NONE:
        return Move(Kind.UNDO_CANCEL, intent.recurring or row.recurring, Cancel.NONE)
    # A pending cancellation ends it at term already: turning off would undo that.
    if on and not pending and intent.recurring is Recurring.OFF:
        return Move(Kind.TURN_OFF, Recurring.OFF, Cancel.NONE)
    return None


def _on_ended(intent: Intent, row: StoredSubscription) -> Decision:
    """It has ended, or it was cancelled immediately and its status is only yet to follow."""
    if intent.cancel is Cancel.IMMEDIATELY:
        if row.status is not Status.EXPIRED:
            return Converged()
        return Barred(
            Kind.CANCEL_NOW,
            "past-cancellation-window",
            "its term is over and it has expired: there is nothing left to cancel early",
            "remove the block; it is disabled and deleted by itself",
        )
    wants_back = intent.recurring is Recurring.ON or intent.cancel is Cancel.NONE
    if intent.own and wants_back and row.cancellation is Cancel.IMMEDIATELY:
        return Barred(
            Kind.REACTIVATE if intent.recurring is Recurring.ON else Kind.UNDO_CANCEL,
            "cancelled-immediately",
            "it was cancelled immediately, which cannot be undone",
            "declare a new subscription under another name, or remove the keys",
        )
    if intent.recurring is not Recurring.ON:
        return Converged()
    if not intent.own:
        return Over(f"it is {row.status}; an inherited `recurring: on` does not bring it back")
    if row.status is Status.DELETED:
        return Barred(
            Kind.REACTIVATE,
            "deleted",
            "it is deleted, and nothing brings a deleted subscription back",
            "declare a new subscription under another name, or remove the key",
        )
    return Move(Kind.REACTIVATE, Recurring.ON, Cancel.NONE)


def _barred(move: Move, intent: Intent, row: StoredSubscription, now: datetime, *, protected: bool) -> Barred | None:
    by_status = _by_status(move.kind, row)
    if by_status is not None:
        return by_status
    if term_over(row, now):
        return Barred(
            move.kind,
            "term-over",
            f"recurring is off and its last term ended {row.term.end.date().isoformat()}",
            "what follows the end of a term is no wish's to change; remove the keys, or register a new purchase",
        )
    if protected and move.kind in ENDING:
        return Barred(
            move.kind,
            "protected",
            "it is protected, and protection refuses every ending change",
            "write `protect: false` among its own keys and apply that; a later run may then end it",
        )
    return _unconfirmed(intent, row) if move.kind is Kind.CANCEL_NOW else None


def _by_status(kind: Kind, row: StoredSubscription) -> Barred | None:
    match row.status:
        case Status.ACTIVE | Status.EXPIRED | Status.DISABLED | Status.DELETED:
            return None
        case Status.SCHEDULED:
            start = row.term.start.date().isoformat()
            detail = f"it starts on {start}, and takes no changes before"
            return Barred(kind, "scheduled", detail, f"apply again on or after {start}")
        case Status.SUSPENDED:
            return Barred(kind, "suspended", "it is suspended", "settle what suspended it first")
        case Status.UNKNOWN:
            word = f" ({row.provider_status})" if row.provider_status else ""
            return Barred(
                kind, "status-unknown", f"its status{word} is not one we know", "nothing is written to it until it is"
            )
        case _:  # pragma: no cover - mypy proves it unreachable
            assert_never(row.status)


def _unconfirmed(intent: Intent, row: StoredSubscription) -> Barred | None:
    due = confirmation(row)
    if intent.confirm is None:
        return Barred(
            Kind.CANCEL_NOW,
            "confirmation-missing",
            "an immediate cancellation cannot be undone and needs a confirmation",
            f"if it is meant, write `confirm: {due}` beside `when: immediately`",
        )
    if intent.confirm != due:
        return Barred(
            Kind.CANCEL_NOW,
            "confirmation-spent",
            f"`confirm: {intent.confirm}` does not fit this name and term",
            f"if it is still meant, write `confirm: {due}`",
        )
    return None

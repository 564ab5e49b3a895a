"""The table of wishes: what the declared pair asks of a record, given where that record stands.

Pure. The table itself is in docs/domain.md; each of its rows is a test from each stored state.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import assert_never

from reconciler.changes import ENDING, Kind
from reconciler.effects import confirmation
from reconciler.lifecycle import extends, term_over
from reconciler.model import Cancel, Intent, Recurring, Status, StoredSubscription
from reconciler.policy import Lifecycle, Since
from reconciler.terms import midnight


@dataclass(frozen=True, slots=True)
class Converged:
    """The record is as wished."""


@dataclass(frozen=True, slots=True)
class Move:
    """One change moves the whole pair to this."""

    kind: Kind
    recurring: Recurring
    cancellation: Cancel
    instead_of: str | None = None
    """What was wished first, and why the rules bar it: this is what the spec says to do then."""


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


def decide(
    intent: Intent, row: StoredSubscription, now: datetime, lifecycle: Lifecycle | None, *, protected: bool
) -> Decision:
    """What the intent asks of a record that stands at now; `protected` is the protection in force for this run.

    Without a lifecycle no vendor's rule bars anything: an outside provider says itself what it refuses.
    """
    if row.status.ended or row.cancellation is Cancel.IMMEDIATELY:
        return _on_ended(intent, row, now, lifecycle)
    move = _wished(intent, row)
    if move is None:
        return _undecided(intent, row, lifecycle) or Converged()
    barred = _barred(move, row, now, protected=protected)
    if barred is not None:
        return barred
    if move.kind is not Kind.CANCEL_NOW:
        return _undecided(intent, row, lifecycle) or move
    by_rules = None if lifecycle is None else _by_rules(row, now, lifecycle)
    if by_rules is not None:
        return fallback(by_rules, row) if intent.on_blocked is Cancel.AT_RENEWAL else by_rules
    return _unconfirmed(intent, row) or move


def undecided_end(row_extends: bool | None, intent: Intent | None) -> str | None:
    """Why `recurring: off` alone does not say how it ends, where it would lead into a paid extension."""
    if not row_extends or intent is None or intent.recurring is not Recurring.OFF or intent.cancel is not None:
        return None
    return "recurring off alone leads into a paid extension, month by month, when the term ends"


END_UNDECIDED = "write `cancel: at-renewal` to stop then, or `cancel: none` to accept the extension at its price"
"""What to do about it."""


def _undecided(intent: Intent, row: StoredSubscription, lifecycle: Lifecycle | None) -> Barred | None:
    if lifecycle is None or row.cancellation is not Cancel.NONE or row.status is not Status.ACTIVE:
        return None
    detail = undecided_end(extends(row, lifecycle), intent)
    return None if detail is None else Barred(Kind.TURN_OFF, "end-undecided", detail, END_UNDECIDED)


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


def _on_ended(intent: Intent, row: StoredSubscription, now: datetime, lifecycle: Lifecycle | None) -> Decision:
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
    if lifecycle is not None and _returns(row, now, lifecycle) is False:
        return Barred(
            Kind.REACTIVATE,
            "reactivation-barred",
            f"it is {row.status}, and the {lifecycle.name} rules do not let it be reactivated",
            "declare a new subscription under another name, or remove the key",
        )
    return Move(Kind.REACTIVATE, Recurring.ON, Cancel.NONE)


def _returns(row: StoredSubscription, now: datetime, lifecycle: Lifecycle) -> bool | None:
    """Whether the policy lets it be reactivated; None: not known."""
    rule = lifecycle.reactivation.at(now.date())
    if rule is None:
        return None
    if row.cancellation is Cancel.AT_RENEWAL:
        return rule.cancelled
    return rule.expired if row.status is Status.EXPIRED else rule.disabled


def _barred(move: Move, row: StoredSubscription, now: datetime, *, protected: bool) -> Barred | None:
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
    return None


def _by_rules(row: StoredSubscription, now: datetime, lifecycle: Lifecycle) -> Barred | None:
    """What of the vendor's own rules bars an immediate cancellation; what is not known bars nothing."""
    last = last_day(row.term.end)
    instead = f"write `cancel: at-renewal` instead: its last day is then {last}"
    rule = lifecycle.window.at(row.term.start.date())
    closed = lifecycle.window_closes(row.term.start, midnight(row.anchor))
    # A paid extension can be cancelled at any time.
    if rule is not None and closed is not None and now >= closed and not row.extended:
        again = rule.since is Since.RENEWAL and row.recurring is Recurring.ON and rule.length
        opens = f"; the window opens again with the renewal on {row.term.end.date().isoformat()}" if again else ""
        detail = f"the cancellation window of this term closed {closed:%Y-%m-%dT%H:%M:%SZ}"
        if not rule.length:
            detail = f"the {lifecycle.name} rules know no cancellation within a term"
        return Barred(Kind.CANCEL_NOW, "past-cancellation-window", detail, instead + opens)
    seats = lifecycle.seats.at(now.date())
    if seats is not None and seats.most is not None and row.seats is not None and row.seats > seats.most:
        detail = f"it has {row.seats:,} seats, and at most {seats.most:,} can be cancelled at once"
        return Barred(Kind.CANCEL_NOW, "too-many-seats", detail, f"reduce its seats at the vendor first, or {instead}")
    return None


def last_day(end: datetime) -> str:
    """The last UTC day of a term that ends, exclusively, at this instant."""
    return (end - timedelta(microseconds=1)).date().isoformat()


def fallback(barred: Barred, row: StoredSubscription) -> Decision:
    """What the spec chose beforehand for the case that the rules bar an end at once."""
    if row.cancellation is Cancel.AT_RENEWAL:
        return Converged()
    because = f"cancel now: {barred.code}: {barred.detail}"
    return Move(Kind.CANCEL_AT_RENEWAL, Recurring.OFF, Cancel.AT_RENEWAL, because)


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
            f"if it is meant, write `confirm: {due}` beside `when: immediately`, both within `cancel: {{…}}`",
        )
    if intent.confirm != due:
        return Barred(
            Kind.CANCEL_NOW,
            "confirmation-spent",
            f"`confirm: {intent.confirm}` does not fit this name and term",
            f"if it is still meant, write `confirm: {due}`",
        )
    return None

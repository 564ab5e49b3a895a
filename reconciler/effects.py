"""What each change leaves of a ledger's record. Must not decide whether a change is made, nor let time pass.

Pure: now is handed in.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import assert_never

from reconciler.changes import Change, Kind
from reconciler.model import (
    Cancel,
    Money,
    Recurring,
    Status,
    StoredSubscription,
    TermLength,
    money_from_text,
    stored_with,
)
from reconciler.terms import term_at


def confirmation(row: StoredSubscription) -> str:
    """The line that confirms an immediate cancellation: it fits this name and this term alone."""
    return f"{row.key}@{row.term.start.date().isoformat()}"


def carried_out(change: Change, row: StoredSubscription | None, now: datetime) -> StoredSubscription:
    """The record that a change leaves of the record as it stands at now (see `lifecycle.advance`).

    Needs a row for all but `register`; `forget` and `adopt` leave no ledger record. Done twice at one instant, it
    leaves the same as once. OverflowError where a date lies past the calendar's end.
    """
    if change.kind is Kind.REGISTER:
        return _registered(change, now)
    if row is None:
        raise ValueError(f"{change.kind} of {change.key} needs a record")
    left = _left_by(change, row, now)
    return stored_with(left, declared=True) if change.declares else left


def _left_by(change: Change, row: StoredSubscription, now: datetime) -> StoredSubscription:
    match change.kind:
        case Kind.RENAME:
            return stored_with(row, key=change.key)
        case Kind.CORRECT:
            return _corrected(change, row, now)
        case Kind.UPDATE:
            return _updated(change, row)
        case Kind.REACTIVATE:
            return _reactivated(row, now)
        case Kind.CANCEL_NOW:
            left = Status(str(change.after.get("status", Status.DISABLED)))
            return _pair(row, Recurring.OFF, Cancel.IMMEDIATELY, now, now, left)
        case Kind.CANCEL_AT_RENEWAL:
            return _pair(row, Recurring.OFF, Cancel.AT_RENEWAL, now, row.term.end)
        case Kind.TURN_ON | Kind.TURN_OFF | Kind.UNDO_CANCEL:
            return _pair(row, Recurring(str(change.after["recurring"])), Cancel.NONE)
        case Kind.ADOPT | Kind.FORGET | Kind.REGISTER:
            raise ValueError(f"{change.kind} leaves no ledger record of one that was there")
        case _:  # pragma: no cover - mypy proves it unreachable
            assert_never(change.kind)


def _pair(
    row: StoredSubscription,
    recurring: Recurring,
    cancellation: Cancel,
    requested_at: datetime | None = None,
    effective_at: datetime | None = None,
    status: Status | None = None,
) -> StoredSubscription:
    return stored_with(
        row,
        recurring=recurring,
        cancellation=cancellation,
        requested_at=requested_at,
        effective_at=effective_at,
        status=status or row.status,
    )


def _registered(change: Change, now: datetime) -> StoredSubscription:
    after = change.after
    length = _LENGTHS[after["term"]]
    start = date.fromisoformat(str(after["start"]))
    term = term_at(start, length, now)
    cancellation = _CANCELLATIONS[after["cancellation"]]
    at_renewal = cancellation is Cancel.AT_RENEWAL
    return StoredSubscription(
        key=change.key,
        product=str(after["product"]),
        length=length,
        billing=_LENGTHS[after["billing"]],
        start=start,
        anchor=start,
        term=term,
        status=Status.SCHEDULED if now < term.start else Status.ACTIVE,
        recurring=_RECURRING[after["recurring"]],
        cancellation=cancellation,
        requested_at=now if at_renewal else None,
        effective_at=term.end if at_renewal else None,
        id=change.external_id,
        seats=_seats(after.get("seats")),
        price=_price(after.get("price")),
        last_charge=_price(after.get("last_charge")),
        owner=_text(after.get("owner")),
        labels=_labels(after.get("labels")),
        protected=bool(after.get("protected", False)),
        declared=change.declares,
    )


def _corrected(change: Change, row: StoredSubscription, now: datetime) -> StoredSubscription:
    after = change.after
    length = TermLength(str(after.get("term", row.length)))
    moved = stored_with(
        row,
        product=str(after.get("product", row.product)),
        length=length,
        billing=TermLength(str(after.get("billing", row.billing))),
    )
    if "start" not in after and length is row.length:
        return moved
    start = date.fromisoformat(str(after["start"])) if "start" in after else row.start
    anchor = start if "start" in after else row.anchor
    # A record that will not renew keeps the term it is in; reading it at now could hand it a later one.
    renews = row.recurring is Recurring.ON and now < row.term.end
    instant = now if renews or row.status is Status.SCHEDULED else row.term.start
    term = term_at(anchor, length, instant)
    status = row.status
    if status in (Status.ACTIVE, Status.SCHEDULED):
        status = Status.SCHEDULED if now < term.start else Status.ACTIVE
    effective_at = term.end if row.cancellation is Cancel.AT_RENEWAL else row.effective_at
    return stored_with(
        moved, start=start, anchor=anchor, term=term, status=status, effective_at=effective_at, extended=False
    )


def _updated(change: Change, row: StoredSubscription) -> StoredSubscription:
    after = change.after
    return stored_with(
        row,
        id=_text(after["id"]) if "id" in after else row.id,
        seats=_seats(after["seats"]) if "seats" in after else row.seats,
        price=_price(after["price"]) if "price" in after else row.price,
        last_charge=_price(after["last_charge"]) if "last_charge" in after else row.last_charge,
        owner=_text(after["owner"]) if "owner" in after else row.owner,
        labels=_labels(after["labels"]) if "labels" in after else row.labels,
        protected=bool(after.get("protected", row.protected)),
    )


def _reactivated(row: StoredSubscription, now: datetime) -> StoredSubscription:
    anchor = now.astimezone(UTC).date()
    moved = stored_with(row, anchor=anchor, term=term_at(anchor, row.length, now), extended=False)
    return _pair(moved, Recurring.ON, Cancel.NONE, status=Status.ACTIVE)


def _seats(value: object) -> int | None:
    return value if isinstance(value, int) else None


def _price(value: object) -> Money | None:
    return money_from_text(value) if isinstance(value, str) else None


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _labels(value: object) -> dict[str, str]:
    if isinstance(value, dict):
        return value  # nobody changes it, and a copy for each of very many records is large
    return dict(value) if isinstance(value, Mapping) else {}


# By value, as a call of an enumeration takes as long as all the rest of a field.
_LENGTHS: Mapping[object, TermLength] = {word.value: word for word in TermLength}
_CANCELLATIONS: Mapping[object, Cancel] = {word.value: word for word in Cancel}
_RECURRING: Mapping[object, Recurring] = {word.value: word for word in Recurring}

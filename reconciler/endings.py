"""How a subscription ends: its last day, until when users have access, when the data are deleted, by the policy's days.

Pure dates, no money. What a policy leaves open, or the calendar does not hold, is named as not known.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple

from reconciler.lifecycle import disabled_days, extends
from reconciler.model import Cancel, StoredSubscription
from reconciler.policy import Dated, Lifecycle
from reconciler.terms import midnight

_INSTANT = timedelta.resolution


class Ending(NamedTuple):
    """How a record ends. None: it has none of it, or `unknown` names it. The fields are those of `Impact`."""

    last_day: date | None = None
    access_ends: datetime | None = None
    expired_days: int | None = None
    data_deleted: date | None = None
    data_gone_by: date | None = None
    extends: bool | None = False
    """Whether a paid extension follows instead of an end; None: not known."""
    unknown: tuple[str, ...] = ()


def ending_of_term(row: StoredSubscription, lifecycle: Lifecycle) -> Ending:
    """How a record ends that will not renew: what follows its last day, by the rules of the day on which it ends."""
    end, start = row.term.end, row.term.start.date()
    last_day = (end - _INSTANT).date()
    days: int | None = 0
    if row.cancellation is Cancel.NONE:
        leads_on = extends(row, lifecycle)
        if leads_on:
            return Ending(last_day, extends=True)
        if leads_on is None:
            unknown = ("extension", "expired_days", "access_ends", "data_deleted")
            return Ending(last_day, extends=None, unknown=unknown)
        days = lifecycle.expired.at(end.date(), start)
    if days is None:
        return Ending(last_day, unknown=("expired_days", "access_ends", "data_deleted"))
    wiped = lifecycle.deletion.at(end.date(), start)
    return _out_of_access(last_day, _later(end, days), days, disabled_days(row, lifecycle), wiped)


def ending_at_once(row: StoredSubscription, lifecycle: Lifecycle, now: datetime) -> Ending:
    """How a record ends that was cancelled immediately, now: access is lost with this very instant."""
    now = now.astimezone(UTC)
    today = now.date()
    wiped = lifecycle.deletion.at(today, row.term.start.date())
    return _out_of_access(today, now, 0, disabled_days(row, lifecycle), wiped)


def window_closes(row: StoredSubscription, lifecycle: Lifecycle) -> datetime | None:
    """When the record's current term can no longer be cancelled at once; None: never, not known, or past the calendar.

    A first term begins at the anchor, and so does the one after a reactivation. A paid extension has no window.
    """
    if row.extended:
        return None
    try:
        return lifecycle.window_closes(row.term.start, midnight(row.anchor))
    except OverflowError:
        return None


def _out_of_access(
    last_day: date, at: datetime | None, expired: int, disabled: int | None, wiped: int | None
) -> Ending:
    """What follows once users lose access; `at` is None where that lies beyond the calendar."""
    if at is None:
        return Ending(last_day, None, expired, unknown=("access_ends", "data_deleted"))
    deleted, gone = _later(at, disabled), _later(at, wiped)
    unknown: tuple[str, ...] = () if deleted is not None else ("data_deleted",)
    unknown += () if gone is not None else ("data_gone_by",)
    # No days, or no later than the deletion itself: the vendor takes no longer.
    lingers = gone is not None and gone > at and (deleted is None or gone > deleted)
    return Ending(
        last_day,
        at,
        expired,
        None if deleted is None else deleted.date(),
        gone.date() if gone is not None and lingers else None,
        unknown=unknown,
    )


def _later(instant: datetime, days: int | None) -> datetime | None:
    """So many days on; None for a number that is not known, or beyond the calendar."""
    try:
        return None if days is None else instant + timedelta(days=days)
    except OverflowError:
        return None


NOTHING_KNOWN = Lifecycle(
    name="",
    summary="an outside provider tells by its own dates what follows",
    expired=Dated(()),
    disabled=Dated(()),
    disabled_after_cancel_now=Dated(()),
    deletion=Dated(()),
    window=Dated(()),
    seats=Dated(()),
    refund=Dated(()),
    reactivation=Dated(()),
    extension=Dated(()),
    side_effects={},
)
"""Of an account of which nobody has told us any rule: each question has the answer that it is not known."""

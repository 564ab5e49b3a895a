"""What renews soon, and whether anybody has decided it: a renewal that nobody meant is what costs a year.

Pure, and quick: every plan asks. A decision is an own key `decided` for just that renewal; an inherited `on` is none.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta

from reconciler.consequences import Due
from reconciler.course import course, last_instant, renewing
from reconciler.desired import DesiredState
from reconciler.diagnostics import Diagnostic, warning
from reconciler.forecast import MOST_YEARS
from reconciler.model import Decision, DesiredSubscription, Recurring, StoredSubscription, SubscriptionKey, TermLength
from reconciler.money import amount_of_term
from reconciler.rulebook import Rulebook
from reconciler.terms import add_months, next_start

Rows = Mapping[SubscriptionKey, StoredSubscription]


def renewals_due(
    rows: Rows, desired: DesiredState, rulebook: Rulebook, now: datetime, within: timedelta, *, monthly: bool
) -> tuple[Due, ...]:
    """The renewals after now and up to `within` later that nobody has decided, by day and key.

    The rows stand at now (see `lifecycle.advance`), as the plan leaves them. Unmanaged ones count; one that a dated
    intent ends before its renewal does not. Monthly terms only with `monthly`.
    """
    found = renewals_within(rows, desired, rulebook, now, within, monthly=monthly)
    return tuple(item for item in found if item.decided is None)


def renewals_within(
    rows: Rows, desired: DesiredState, rulebook: Rulebook, now: datetime, within: timedelta, *, monthly: bool
) -> tuple[Due, ...]:
    """The same with the decided ones."""
    last = now + within
    found = []
    for key, row in rows.items():
        # Most records end later: this is all that a plan of thousands pays for each of them.
        if row.term.end > last or (row.length is TermLength.MONTHLY and not monthly):
            continue
        wanted = desired.subscriptions.get(key)
        dated = wanted is not None and wanted.schedule
        if row.status.ended or (row.recurring is Recurring.OFF and not dated):
            continue
        days = [day for series in course(row, wanted, rulebook, now, last).renewals for day in series.days()]
        found += [_due(key, row, wanted, rulebook, day) for day in days]
    return tuple(sorted(found, key=lambda item: (item.on, item.key)))


def _due(
    key: SubscriptionKey, row: StoredSubscription, wanted: DesiredSubscription | None, rulebook: Rulebook, day: date
) -> Due:
    decided = None if wanted is None else wanted.decided
    return Due(
        key,
        row.product,
        day,
        row.length,
        amount_of_term(renewing(row), rulebook),
        row.owner,
        wanted is not None,
        None if wanted is None else wanted.place,
        decided if decided is not None and decided.day == day else None,
    )


def idle_decisions(rows: Rows, desired: DesiredState, rulebook: Rulebook, now: datetime) -> list[Diagnostic]:
    """A warning for each decision that fits no renewal: none to come, and none that has been in this record's time."""
    found = []
    for key, wanted in desired.subscriptions.items():
        if wanted.decided is not None and key in rows:
            item = _idle(key, rows[key], wanted, wanted.decided, rulebook, now)
            found += [] if item is None else [item]
    return found


def _idle(
    key: SubscriptionKey,
    row: StoredSubscription,
    wanted: DesiredSubscription,
    decided: Decision,
    rulebook: Rulebook,
    now: datetime,
) -> Diagnostic | None:
    farthest = add_months(now.date(), 12 * MOST_YEARS)
    until = min(max(decided.day, row.term.end.date()), farthest)
    renewals = course(row, wanted, rulebook, now, last_instant(until)).renewals
    if any(decided.day in series.days() for series in renewals) or _has_been(row, decided.day):
        return None
    detail, hint = "it does not renew", "take it out"
    if renewals:
        coming = renewals[0].first.isoformat()
        detail, hint = f"it renews on {coming}", f"write `for: {coming}` if that renewal is meant"
    return warning(
        "decision-fits-nothing",
        "a decision for a day on which nothing renews",
        decided.place,
        detail=f"{key}: {decided.day.isoformat()}; {detail}",
        hint=hint,
    )


def _has_been(row: StoredSubscription, day: date) -> bool:
    """Whether one of its terms up to the current one began on that day by renewal: that decision is history."""
    return row.anchor < day <= row.term.start.date() and (
        day == row.term.start.date() or next_start(row.anchor, row.length.months, day - timedelta(days=1)) == day
    )

"""One subscription four ways, side by side: turned on, turned off, cancelled at its renewal, or cancelled now.

Pure. Each way is judged by the table of wishes and by the impact of a change, as a plan would; nothing is decided here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from typing import assert_never

from reconciler.changes import INTENTS, Change, Kind
from reconciler.consequences import Amount, Refund
from reconciler.course import course, last_instant
from reconciler.diagnostics import Location
from reconciler.effects import carried_out, confirmation
from reconciler.endings import NOTHING_KNOWN, Ending, ending_at_once, ending_of_term
from reconciler.impact import assess
from reconciler.model import (
    Cancel,
    DesiredSubscription,
    Intent,
    Recurring,
    Status,
    StoredSubscription,
    SubscriptionKey,
)
from reconciler.money import amount_of_cycle, extension_amount
from reconciler.plan import Plan
from reconciler.proposals import intent_change
from reconciler.rulebook import Rulebook
from reconciler.schedule import effective
from reconciler.stored import StoredState
from reconciler.terms import add_months
from reconciler.wishes import Barred, Move, decide

MONTHS = 12
"""So far ahead the money of each way is added up."""


class Way(StrEnum):
    """What one could wish."""

    ON = "on"
    OFF = "off"
    AT_RENEWAL = "at-renewal"
    NOW = "now"


@dataclass(frozen=True, slots=True)
class Outlook:
    """What comes of one way; nothing but `barred` says anything where the rules or the record bar it."""

    way: Way
    wished: bool = False
    """The specs say so now."""
    change: Change | None = None
    """With its impact; None: it stands so already, or it is barred."""
    barred: Barred | None = None
    renews: date | None = None
    """The day on which the next term starts."""
    ending: Ending | None = None
    """How it ends; None where it renews, and where nobody can say."""
    cash: Mapping[str, int] = field(default_factory=dict)
    """By currency, in minor units: what is charged in the next MONTHS, less what comes back."""
    unknown: int = 0
    """Charges and refunds of that time whose sum is not known."""
    refund: Refund | None = None
    extension: Amount | None = None
    """What a month of the paid extension costs that it leads into, or would where it is barred for that.

    Without money also where it is not known whether one follows: `detail` tells.
    """
    reversible_until: datetime | None = None


def record_of(key: SubscriptionKey, plan: Plan, stored: StoredState) -> StoredSubscription | None:
    """The record before its pair is moved: as it stands at the plan's instant, with what else the plan does to it."""
    row = stored.subscriptions.get(key)
    for change in plan.changes:
        if change.key == key and change.kind not in INTENTS:
            former = SubscriptionKey(key.account, str(change.before["name"])) if change.kind is Kind.RENAME else key
            row = carried_out(change, stored.subscriptions.get(former) if row is None else row, plan.as_of)
    return row


def outlooks(
    row: StoredSubscription, wanted: DesiredSubscription | None, rulebook: Rulebook, now: datetime
) -> tuple[Outlook, ...]:
    """Each way from a record that stands at now, as if its own keys said so and no dated intent followed."""
    return tuple(_outlook(way, row, wanted, rulebook, now) for way in Way)


def _outlook(
    way: Way, row: StoredSubscription, wanted: DesiredSubscription | None, rulebook: Rulebook, now: datetime
) -> Outlook:
    named = effective(wanted, _today(now)) if wanted else DesiredSubscription(row.key, Location(""))
    lifecycle = rulebook.lifecycles.get(row.key.account)
    intent, wished = _intent(way, row), _way(named.intent) is way
    if wished and way is Way.OFF and named.intent is not None:
        # Beside `cancel: none` it accepts a paid extension, and alone it may be undecided: what the specs say counts.
        intent = replace(intent, cancel=named.intent.cancel)
    ruling = rulebook.ruling(row.key.account)
    decision = decide(intent, row, now, ruling, protected=row.protected or named.protect is True)
    if isinstance(decision, Barred):
        undecided = decision.code == "end-undecided"
        return Outlook(way, wished, barred=decision, extension=extension_amount(row, rulebook) if undecided else None)
    if not isinstance(decision, Move):
        return _of(Outlook(way, wished), row, rulebook, now)
    gone = lifecycle is not None and lifecycle.disabled_after_cancel_now.at(_today(now), row.term.start.date()) == 0
    change = intent_change(named, intent, decision, row, gone=gone)
    after = carried_out(change, row, now)
    impact = assess(change, row, after, rulebook, now)
    change = replace(change, impact=impact)
    moved = Outlook(way, wished, change, refund=impact.refund, reversible_until=impact.reversible_until)
    return _of(moved, after, rulebook, now)


def _of(found: Outlook, row: StoredSubscription, rulebook: Rulebook, now: datetime) -> Outlook:
    """The same with what is ahead of the record that it leaves."""
    until = last_instant(add_months(_today(now), MONTHS))
    brought_back = found.change is not None and found.change.kind is Kind.REACTIVATE
    if brought_back:
        until -= timedelta(days=1)  # its months begin today; what goes on has paid for today
    ahead = course(row, None, rulebook, now, until)
    amounts = [(charged.amount, charged.series.times) for charged in ahead.charges]
    if brought_back:
        amounts.append((amount_of_cycle(row, rulebook), 1))
    if found.refund is not None:
        amounts.append((found.refund.amount, -1))
    cash: Counter[str] = Counter()
    for amount, times in amounts:
        if amount.money is not None:
            cash[amount.money.currency] += amount.money.minor * times
    lives = row.status is Status.ACTIVE or row.status is Status.SCHEDULED
    renews = lives and row.recurring is Recurring.ON
    ending = None if renews else _ending(row, rulebook, now)
    return replace(
        found,
        renews=next((series.first for series in ahead.renewals), row.term.end.date()) if renews else None,
        ending=ending,
        cash={currency: cash[currency] for currency in sorted(cash)},
        unknown=sum(abs(times) for amount, times in amounts if amount.money is None),
        extension=extension_amount(row, rulebook) if ending is not None and ending.extends is not False else None,
    )


def _ending(row: StoredSubscription, rulebook: Rulebook, now: datetime) -> Ending | None:
    """How it ends, or ended; nothing for a record that is gone, or whose end is its provider's to say."""
    lifecycle = rulebook.lifecycles.get(row.key.account, NOTHING_KNOWN)
    if row.status in (Status.SUSPENDED, Status.UNKNOWN, Status.DELETED):
        return None
    if row.cancellation is Cancel.IMMEDIATELY:
        return ending_at_once(row, lifecycle, row.effective_at or now)
    return ending_of_term(row, lifecycle)


def _intent(way: Way, row: StoredSubscription) -> Intent:
    """The own keys that say so, confirmed where that is due."""
    place = Location("")
    match way:
        case Way.ON:
            return Intent(Recurring.ON, None, place)
        case Way.OFF:
            return Intent(Recurring.OFF, None, place)
        case Way.AT_RENEWAL:
            return Intent(None, Cancel.AT_RENEWAL, place)
        case Way.NOW:
            return Intent(None, Cancel.IMMEDIATELY, place, confirm=confirmation(row))
        case _:  # pragma: no cover - mypy proves it unreachable
            assert_never(way)


def _way(intent: Intent | None) -> Way | None:
    """The way that the specs go; None where they leave it as it is."""
    if intent is None:
        return None
    if intent.cancel is Cancel.IMMEDIATELY:
        return Way.NOW
    if intent.cancel is Cancel.AT_RENEWAL:
        return Way.AT_RENEWAL
    if intent.recurring is None:
        return None
    return Way.ON if intent.recurring is Recurring.ON else Way.OFF


def _today(now: datetime) -> date:
    return now.astimezone(UTC).date()

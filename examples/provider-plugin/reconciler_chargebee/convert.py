"""A subscription as Chargebee's API (v2, product catalog 2.0) shows it, in the product's words.

Pure: no request, no clock. What it does not understand it never guesses: it is unknown, None, or Unreadable. Source:
apidocs.chargebee.com/docs/api/subscriptions.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, Final

from reconciler.changes import INTENTS, Kind
from reconciler.model import Cancel, Recurring, Status, Term, TermLength
from reconciler.observed import Capabilities, ObservedSubscription, Obstacle, Unreadable

Json = Mapping[str, Any]

ENDS: Final = frozenset({Kind.CANCEL_AT_RENEWAL})
"""Chargebee has one way to end at term: not to renew and to be cancelled then are the same."""
_LIVING: Final = INTENTS - {Kind.REACTIVATE}
_MONTHS: Final = {"month": 1, "year": 12}
_LENGTHS: Final = {1: TermLength.MONTHLY, 12: TermLength.ANNUAL, 36: TermLength.TRIENNIAL}


class Garbled(ValueError):
    """A value is not what Chargebee's documents say; the text names the field, and quotes nothing."""


def converted(raw: Json) -> ObservedSubscription | Unreadable:
    """In our words. Raises Garbled without an id: nobody could say what it is that cannot be read."""
    id = _text(raw, "id")
    try:
        return _subscription(id, raw)
    except Garbled as error:
        return Unreadable(id, Obstacle("unreadable", f"Chargebee shows it with {error}", "look at it in Chargebee"))


def status_of(word: str) -> Status:
    """Our word for Chargebee's. A new one of theirs is unknown, and never written to."""
    match word:
        case "active" | "in_trial" | "non_renewing":
            return Status.ACTIVE
        case "future":
            return Status.SCHEDULED
        case "paused":
            return Status.SUSPENDED
        case "cancelled":
            return Status.DISABLED  # `reactivate` brings it back
        case "transferred":
            return Status.DELETED
        case _:
            return Status.UNKNOWN


def _subscription(id: str, raw: Json) -> ObservedSubscription:
    word = _text(raw, "status")
    status, term, ends = status_of(word), _term(raw), _instant(raw, "cancelled_at")
    recurring, cancellation = _pair(word, term, ends)
    length = _length(raw)
    stands = cancellation is not Cancel.NONE
    return ObservedSubscription(
        id=id,
        product=_product(raw),
        status=status,
        provider_status=word,
        recurring=recurring,
        cancellation=cancellation,
        term=term,
        length=length,
        billing=length,
        started=None if (began := _instant(raw, "started_at")) is None else began.date(),
        requested_at=_instant(raw, "cancel_schedule_created_at") if stands else None,
        effective_at=ends if stands else None,
        capabilities=Capabilities(ENDS, _barred(raw, word, status, term)),
        notes=tuple(_notes(raw, word, term)),
    )


def _pair(word: str, term: Term | None, ends: datetime | None) -> tuple[Recurring, Cancel]:
    """Both axes. `cancelled_at` is when it ended, or when it is going to."""
    if word == "cancelled":
        early = ends is not None and term is not None and ends < term.end
        return Recurring.OFF, Cancel.IMMEDIATELY if early else Cancel.AT_RENEWAL
    if word == "transferred":
        return Recurring.OFF, Cancel.NONE
    if ends is None:
        return Recurring.ON, Cancel.NONE
    # A date within the term is nobody's wish for the renewal: it is barred, and noted.
    return Recurring.OFF, Cancel.AT_RENEWAL if term is not None and ends >= term.end else Cancel.NONE


def _barred(raw: Json, word: str, status: Status, term: Term | None) -> Mapping[Kind, Obstacle]:
    """What cannot be done to it, and what to do instead."""
    if raw.get("contract_term"):
        why = Obstacle("managed-elsewhere", "a contract term decides how it ends", "end the contract term in Chargebee")
        return dict.fromkeys(INTENTS, why)
    if word == "cancelled":
        return dict.fromkeys(_LIVING, Obstacle("terminal", "it is cancelled", "write `recurring: on` to bring it back"))
    if status.ended:
        why = Obstacle("terminal", "it was transferred to another business entity", "look for its new id there")
        return dict.fromkeys(INTENTS, why)
    barred = {Kind.REACTIVATE: Obstacle("unsupported", "it has not ended", "write `recurring: on`")}
    if status is Status.SUSPENDED:
        barred |= dict.fromkeys(_LIVING, Obstacle("suspended", "it is paused", "resume it in Chargebee first"))
    elif _own_date(raw, term) is not None:
        why = Obstacle("ends-on-date", "it is cancelled on a date of its own", "remove that cancellation in Chargebee")
        barred |= dict.fromkeys(_LIVING - {Kind.CANCEL_NOW}, why)
    return barred


def _notes(raw: Json, word: str, term: Term | None) -> Iterator[str]:
    if word == "in_trial":
        yield "in trial"
    if (ends := _own_date(raw, term)) is not None and word != "cancelled":
        yield f"ends on {ends:%Y-%m-%d}, a date of its own"
    if raw.get("has_scheduled_changes"):
        yield "changes are scheduled for it"


def _own_date(raw: Json, term: Term | None) -> datetime | None:
    ends = _instant(raw, "cancelled_at")
    return ends if ends is not None and term is not None and ends < term.end else None


def _product(raw: Json) -> str:
    """The item price of its plan, which is what was bought."""
    items = raw.get("subscription_items")
    if not isinstance(items, list):
        raise Garbled("no `subscription_items`")
    plans = [
        item.get("item_price_id") for item in items if isinstance(item, Mapping) and item.get("item_type") == "plan"
    ]
    if len(plans) != 1 or not isinstance(plans[0], str):
        raise Garbled("no plan, or several")
    return plans[0]


def _term(raw: Json) -> Term | None:
    """The current one; the end of a trial is the end of its term."""
    names = (
        ("trial_start", "trial_end") if raw.get("status") == "in_trial" else ("current_term_start", "current_term_end")
    )
    start, end = (_instant(raw, name) for name in names)
    if start is None or end is None:
        return None
    if end <= start:
        raise Garbled("a term that ends before it starts")
    return Term(start, end)


def _length(raw: Json) -> TermLength | None:
    unit, count = raw.get("billing_period_unit"), raw.get("billing_period")
    return _LENGTHS.get(_MONTHS.get(unit, 0) * count) if isinstance(count, int) and isinstance(unit, str) else None


def _text(raw: Json, name: str) -> str:
    value = raw.get(name)
    if not isinstance(value, str) or not value:
        raise Garbled(f"a `{name}` that is no text")
    return value


def _instant(raw: Json, name: str) -> datetime | None:
    """Seconds since 1970, UTC."""
    value = raw.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 253_402_300_800:
        raise Garbled(f"a `{name}` that is no time")
    return datetime.fromtimestamp(value, UTC)

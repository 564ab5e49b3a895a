"""A subscription as Stripe's API shows it, in our words.

Pure: no request, no clock. Sources: docs.stripe.com/api/subscriptions/object, /billing/subscriptions/overview
(statuses), /currencies. What it does not understand it never guesses: it is unknown, None, or Unreadable.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any, Final

from reconciler.changes import INTENTS, Kind
from reconciler.model import Cancel, Money, Recurring, Status, Term, TermLength, currency_digits
from reconciler.observed import Capabilities, ObservedSubscription, Obstacle, Unreadable

Json = Mapping[str, Any]

ENDS: Final = frozenset({Kind.CANCEL_AT_RENEWAL})
"""Stripe has one way to end at term: not to renew and to be cancelled then are the same."""
ENDED_BY_DATE: Final = "its end is set by date (cancel_at), and is the end of its term"
"""The note of a cancellation that stands as a date: what undoes it is another request than for one that does not."""

_LENGTHS: Final = {1: TermLength.MONTHLY, 12: TermLength.ANNUAL, 36: TermLength.TRIENNIAL}
_MONTHS: Final = {"month": 1, "year": 12}
# docs.stripe.com/currencies. ISK and UGX have no decimals and are written with two ("special cases", which for UGX
# contradicts the list of those without, and is the more exact of the two).
_WITHOUT_DECIMALS: Final = frozenset("BIF CLP DJF GNF JPY KMF KRW MGA PYG RWF VND VUV XAF XOF XPF".split())
_THREE_DECIMALS: Final = frozenset("BHD JOD KWD OMR TND".split())
_LAST_SECOND: Final = 253402300799
"""Of the year 9999."""

_BY_DATE: Final = INTENTS - {Kind.CANCEL_NOW, Kind.REACTIVATE}
_NOT_ASKED_FOR: Final = frozenset({"payment_failed", "payment_disputed", "canceled_by_retention_policy"})
"""Why Stripe ended it by itself (`cancellation_details.reason`)."""
_WAITING: Final[Mapping[str, tuple[str, str]]] = {
    "incomplete": (
        "its first payment has not succeeded; without one it expires 23 hours after it was made",
        "collect the payment, or cancel it in Stripe's dashboard",
    ),
    "paused": (
        "its trial ended without a way to pay, and it makes no invoices",
        "add a payment method and resume it, or cancel it in Stripe's dashboard",
    ),
    "unpaid": (
        "its invoices stayed unpaid after every attempt, and no more attempts are made",
        "settle them, or cancel it in Stripe's dashboard",
    ),
}


class Garbled(ValueError):
    """A value is not what Stripe's documents say; the text names the field, and quotes nothing."""


def converted(raw: Json, id: str, names: Mapping[str, str]) -> ObservedSubscription | Unreadable:
    """The subscription of that id in our words, product names taken from `names` by product id."""
    try:
        return _subscription(raw, id, names)
    except Garbled as error:
        hint = "look at it in Stripe's dashboard; if it is sound there, this version cannot read it"
        return Unreadable(id, Obstacle("unreadable", f"Stripe shows it with {error}", hint))


def products(raw: Json) -> tuple[str, ...]:
    """The ids of all that it is for, each once, in order; none where that cannot be read."""
    try:
        return tuple(dict.fromkeys(_product(item) for item in _items(raw)))
    except Garbled:
        return ()


def _subscription(raw: Json, id: str, names: Mapping[str, str]) -> ObservedSubscription:
    items = _items(raw)
    bought = tuple(dict.fromkeys(_product(item) for item in items))
    word = _text(raw, "status")
    status = _status(word)
    term = _term(raw, items)
    recurring, cancellation = _ended_pair(raw, term) if status.ended else _pair(raw, term)
    stands = cancellation is not Cancel.NONE
    length = _length(items)
    return ObservedSubscription(
        id=id,
        product="+".join(bought),
        status=status,
        provider_status=word,
        recurring=recurring,
        cancellation=cancellation,
        term=term,
        length=length,
        billing=length,
        started=_day(raw, "start_date"),
        product_name=" + ".join(names[product] for product in bought if names.get(product)),
        display_name=_text(raw, "description", ""),
        seats=_seats(items),
        price=_price(raw, items),
        requested_at=_instant(raw, "canceled_at") if stands else None,
        effective_at=_effective(raw, term, ended=status.ended) if stands else None,
        capabilities=Capabilities(ENDS, _barred(raw, term, status)),
        notes=tuple(_notes(raw, items, term, status)),
    )


def _status(word: str) -> Status:
    match word:
        case "active" | "trialing" | "past_due":  # it goes on, and makes invoices
            return Status.ACTIVE
        case "incomplete" | "paused" | "unpaid":  # it waits for a payment
            return Status.SUSPENDED
        case "canceled" | "incomplete_expired":  # both terminal
            return Status.DELETED
        case _:
            return Status.UNKNOWN


def _pair(raw: Json, term: Term | None) -> tuple[Recurring, Cancel]:
    """Both axes of one that has not ended: Stripe has a flag, or instead of it a date."""
    at = _instant(raw, "cancel_at")
    if _flag(raw, "cancel_at_period_end") or (at is not None and term is not None and at == term.end):
        return Recurring.OFF, Cancel.AT_RENEWAL
    # A date within the term: it will not renew, and nobody asked for its end at the renewal.
    early = at is not None and term is not None and at < term.end
    return Recurring.OFF if early else Recurring.ON, Cancel.NONE


def _ended_pair(raw: Json, term: Term | None) -> tuple[Recurring, Cancel]:
    """Flags that are left on it mean nothing any more: what it was ended by is told by when it ended, and why."""
    ended, reason = _instant(raw, "ended_at"), _optional(raw, "cancellation_details").get("reason")
    if _text(raw, "status") != "canceled" or ended is None or reason in _NOT_ASKED_FOR:
        return Recurring.OFF, Cancel.NONE
    return Recurring.OFF, Cancel.IMMEDIATELY if term is None or ended < term.end else Cancel.AT_RENEWAL


def _effective(raw: Json, term: Term | None, *, ended: bool) -> datetime | None:
    if ended:
        return _instant(raw, "ended_at")
    return term.end if term is not None else _instant(raw, "cancel_at")


def _own_date(raw: Json, term: Term | None) -> datetime | None:
    """A `cancel_at` that is not the end of the term, and that no flag explains."""
    at = _instant(raw, "cancel_at")
    if at is None or _flag(raw, "cancel_at_period_end") or (term is not None and at == term.end):
        return None
    return at


def _barred(raw: Json, term: Term | None, status: Status) -> Mapping[Kind, Obstacle]:
    """What cannot be done to it, the last reason first to be told."""
    barred: dict[Kind, Obstacle] = {}
    at = _own_date(raw, term)
    if at is not None:
        hint = "take that date out in Stripe's dashboard first, or leave it to end by it"
        barred |= dict.fromkeys(
            _BY_DATE, Obstacle("ends-on-date", f"it ends on {at:%Y-%m-%d} by a date of its own", hint)
        )
    waiting = _WAITING.get(_text(raw, "status"))
    if waiting is not None:
        barred |= dict.fromkeys(INTENTS, Obstacle("suspended", *waiting))
    schedule = _reference(raw, "schedule")
    if schedule is not None:
        detail = f"the subscription schedule {schedule} decides how it goes on"
        hint = "change that schedule in Stripe, or release the subscription from it"
        barred |= dict.fromkeys(INTENTS, Obstacle("managed-elsewhere", detail, hint))
    if status.ended:
        detail = "it has ended, and Stripe brings no ended subscription back"
        barred |= dict.fromkeys(INTENTS, Obstacle("terminal", detail, "declare a new subscription under another name"))
    return barred


def _notes(raw: Json, items: Sequence[Json], term: Term | None, status: Status) -> Iterator[str]:
    if status.ended:
        return
    at = _own_date(raw, term)
    if at is not None:
        yield f"ends on {at:%Y-%m-%d} by a date of its own (cancel_at)"
    elif _instant(raw, "cancel_at") is not None and not _flag(raw, "cancel_at_period_end"):
        yield ENDED_BY_DATE
    paused = _optional(raw, "pause_collection")
    if paused:
        resumes = _instant(paused, "resumes_at")
        yield "payment collection is paused" + (f" until {resumes:%Y-%m-%d}" if resumes else "")
    if _text(raw, "status") == "past_due":
        yield "a payment is overdue"
    trial = _instant(raw, "trial_end") if _text(raw, "status") == "trialing" else None
    if trial is not None:
        yield f"in trial until {trial:%Y-%m-%d}"
    if _optional(raw, "pending_update"):
        yield "an update of it waits for a payment"
    if raw.get("discounts") or any(item.get("discounts") for item in items):
        yield "discounts apply; the price is without them"
    if len(items) > 1:
        yield f"{len(items)} items: their seats and prices are not told apart"
    elif _length(items) is None:
        yield f"billed every {_interval(items[0])}"


def _items(raw: Json) -> Sequence[Json]:
    held = _optional(raw, "items")
    items = held.get("data")
    if not isinstance(items, list) or not items or not all(isinstance(item, dict) for item in items):
        raise Garbled("no readable items")
    if held.get("has_more"):
        raise Garbled("more items than it lists at once")
    return items


def _rate(item: Json) -> Json:
    """What is paid for an item: its price, or in answers of old versions its plan alone."""
    price = item.get("price")
    rate = price if isinstance(price, dict) else item.get("plan")
    if not isinstance(rate, dict):
        raise Garbled("an item without a price")
    return rate


def _product(item: Json) -> str:
    product = _reference(_rate(item), "product")
    if product is None:
        raise Garbled("a price without a product")
    return product


def _term(raw: Json, items: Sequence[Json]) -> Term | None:
    """The period of the item whose period ends first; of an answer older than 2025-03-31.basil, that of the whole."""
    periods = [found for found in map(_period, items) if found is not None]
    return min(periods, key=lambda found: found.end) if periods else _period(raw)


def _period(holder: Json) -> Term | None:
    start, end = _instant(holder, "current_period_start"), _instant(holder, "current_period_end")
    return Term(start, end) if start is not None and end is not None and start < end else None


def _recurring(item: Json) -> tuple[str, int] | None:
    """How often it is billed: the unit, and how many of them."""
    rate = _rate(item)
    held = rate.get("recurring") if "recurring" in rate else rate
    interval, count = (held.get("interval"), held.get("interval_count")) if isinstance(held, dict) else (None, None)
    if isinstance(interval, str) and isinstance(count, int) and not isinstance(count, bool) and count > 0:
        return interval, count
    return None


def _interval(item: Json) -> str:
    found = _recurring(item)
    return "unknown interval" if found is None else f"{found[1]} {found[0]}s" if found[1] > 1 else found[0]


def _length(items: Sequence[Json]) -> TermLength | None:
    """In our words where all items are billed as often as each other, and we have a word for it."""
    found = {_recurring(item) for item in items}
    only = found.pop() if len(found) == 1 else None
    return None if only is None else _LENGTHS.get(_MONTHS.get(only[0], 0) * only[1])


def _seats(items: Sequence[Json]) -> int | None:
    quantity = items[0].get("quantity")
    return quantity if len(items) == 1 and isinstance(quantity, int) and not isinstance(quantity, bool) else None


def _price(raw: Json, items: Sequence[Json]) -> Money | None:
    """For one seat and period; None where it is no plain amount.

    Such are tiers, packages, usage, parts of a cent, and a price in another currency than the subscription's.
    """
    rate = _rate(items[0])
    held = rate.get("recurring") if "recurring" in rate else rate
    metered = isinstance(held, dict) and held.get("usage_type") == "metered"
    packaged = rate.get("transform_quantity") or rate.get("transform_usage")
    amount = rate.get("unit_amount", rate.get("amount"))
    currency = _text(rate, "currency", "").upper()
    if len(items) > 1 or metered or packaged or _text(raw, "currency", currency).upper() != currency:
        return None
    if not isinstance(amount, int) or isinstance(amount, bool) or amount < 0:
        return None
    return money(amount, currency)


def money(amount: int, currency: str) -> Money | None:
    """An amount as Stripe writes it; None for a currency that is none, or what its minor unit cannot hold."""
    ours = currency_digits(currency)
    if ours is None:
        return None
    theirs = 0 if currency in _WITHOUT_DECIMALS else 3 if currency in _THREE_DECIMALS else 2
    minor, rest = divmod(amount * 10**ours, 10**theirs)
    return None if rest else Money(minor, currency)


def _text(holder: Json, name: str, otherwise: str | None = None) -> str:
    value = holder.get(name)
    if value is None and otherwise is not None:
        return otherwise
    if not isinstance(value, str):
        raise Garbled(f"a {name} that is no text")
    return value


def _flag(holder: Json, name: str) -> bool:
    value = holder.get(name)
    if not isinstance(value, bool):
        raise Garbled(f"a {name} that is neither true nor false")
    return value


def _optional(holder: Json, name: str) -> Json:
    """A part that may be null, then empty."""
    value = holder.get(name)
    if value is not None and not isinstance(value, dict):
        raise Garbled(f"a {name} that has no fields")
    return value or {}


def _reference(holder: Json, name: str) -> str | None:
    """An id, also where Stripe puts the whole thing in its place."""
    value = holder.get(name)
    found = value.get("id") if isinstance(value, dict) else value
    if found is not None and not isinstance(found, str):
        raise Garbled(f"a {name} that is no id")
    return found or None


def _instant(holder: Json, name: str) -> datetime | None:
    value = holder.get(name)
    if value is None:
        return None
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= _LAST_SECOND:
        raise Garbled(f"a {name} that is no time")
    return datetime.fromtimestamp(value, UTC)


def _day(holder: Json, name: str) -> date | None:
    found = _instant(holder, name)
    return None if found is None else found.date()

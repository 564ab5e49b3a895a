"""Our values in what JSON knows: instants, places, sums, and everything that follows from a change.

Pure. A field of an impact is there where it applies, and null where it applies and is not known.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import fields
from datetime import UTC, date, datetime
from enum import Enum
from typing import Any

from reconciler.changes import Pending, Scheduled, Sighting
from reconciler.consequences import Amount, Charge, Due, Impact, Refund, Totals
from reconciler.diagnostics import Diagnostic, Location, Place, in_order
from reconciler.events import Event
from reconciler.model import Money, SubscriptionKey, Term, money_text
from reconciler.views.words import NameOf

Document = dict[str, Any]


def instant(at: datetime) -> str:
    """An instant in UTC as RFC 3339 writes it, with a Z."""
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")


def source(place: Place | None) -> Document | None:
    """Where something stands, or None where it stands nowhere."""
    if place is None:
        return None
    at = place.location
    return {"file": at.file, "line": at.line, "column": at.column}


def diagnostics_values(items: Iterable[Diagnostic]) -> list[Document]:
    """Findings by place."""
    return [
        {
            "severity": item.severity.value,
            "code": item.code,
            "summary": item.summary,
            "detail": item.detail,
            "hint": item.hint,
            "source": source(item.place),
        }
        for item in in_order(items)
    ]


def product_values(key: SubscriptionKey, code: str, names: NameOf) -> Document:
    """A product code and what to call it; both null where none is known."""
    return {"product": code or None, "product_name": names(key.account, code) if code else None}


def money_values(money: Money | None) -> Document:
    """A sum as text, and exactly, in minor units; nulls where it is not known."""
    if money is None:
        return {"amount": None, "minor": None, "currency": None}
    return {"amount": money_text(money), "minor": money.minor, "currency": money.currency}


def amount_values(amount: Amount) -> Document:
    """A sum, and where it comes from."""
    return {**money_values(amount.money), "basis": amount.basis.value, "detail": amount.detail}


def impact_values(impact: Impact | None) -> Document:
    """Everything that follows from a change; empty where nothing does."""
    if impact is None:
        return {}
    found: Document = {}
    for name in _IMPACT:
        value = getattr(impact, name)
        if value is not None:
            found[name] = _IMPACT_VALUES.get(type(value), plain)(value)
        elif name in impact.unknown:
            found[name] = None
    if impact.access_ends_local is not None:
        found["access_ends_local"] = impact.access_ends_local.isoformat()  # in its own zone, which is what it is for
    return found


_IMPACT = tuple(item.name for item in fields(Impact))


def _charge_values(charge: Charge) -> Document:
    when = {"on": charge.on.isoformat(), "per": charge.per.iso, "incurred": charge.incurred}
    return {**amount_values(charge.amount), **when}


def _refund_values(refund: Refund) -> Document:
    detail = "; ".join(filter(None, (refund.amount.detail, refund.detail)))
    return {**amount_values(refund.amount), "detail": detail, "rule": refund.rule}


_IMPACT_VALUES: Mapping[type, Callable[[Any], object]] = {
    Amount: amount_values,
    Charge: _charge_values,
    Refund: _refund_values,
    date: date.isoformat,
    datetime: instant,
}


def totals_values(totals: Totals) -> Document:
    """The sums of a plan, each currency apart and in the order of their codes."""
    sums = {"avoided": totals.avoided, "incurred": totals.incurred, "refunded": totals.refunded}
    found: Document = {
        name: [money_values(Money(units, currency)) for currency, units in sorted(minor.items())]
        for name, minor in sums.items()
    }
    return {**found, "unknown": totals.unknown}


def event_values(event: Event, names: NameOf) -> Document:
    """One thing that time did."""
    return {
        "subscription": str(event.key),
        "kind": event.kind.value,
        **product_values(event.key, event.product, names),
        "at": instant(event.at),
        "before": dict(event.before),
        "after": dict(event.after),
    }


def scheduled_values(item: Scheduled, names: NameOf) -> Document:
    """A dated intent that is still to come."""
    return {
        "subscription": str(item.key),
        "on": item.on.isoformat(),
        "kind": None if item.kind is None else item.kind.value,
        **product_values(item.key, item.product, names),
        "detail": item.detail,
        "reason": item.reason,
        "impact": impact_values(item.impact),
        "source": source(item.place),
    }


def pending_values(item: Pending, names: NameOf) -> Document:
    """What was begun and is not done."""
    return {
        "subscription": str(item.key),
        "kind": item.kind.value,
        **product_values(item.key, item.product, names),
        "since": item.since.isoformat(),
        "deadline": plain(item.deadline),
        "overdue": item.overdue,
        "withdrawn": item.withdrawn,
        "owner": item.owner,
        "detail": item.detail,
        "hint": item.hint,
        "source": source(item.place),
    }


def sighting_values(item: Sighting) -> Document:
    """How far one outside account was looked at."""
    return {
        "account": item.account,
        "at": plain(item.at),
        "fresh": item.fresh,
        "seen": item.seen,
        "undeclared": item.undeclared,
        "trouble": item.trouble,
    }


def due_values(item: Due, names: NameOf) -> Document:
    """A renewal that is to come, and who decided it."""
    decided = item.decided
    return {
        "subscription": str(item.key),
        **product_values(item.key, item.product, names),
        "on": item.on.isoformat(),
        "length": item.length.iso,
        "value": amount_values(item.amount),
        "owner": item.owner,
        "managed": item.managed,
        "decided": None
        if decided is None
        else {
            "for": decided.day.isoformat(),
            "by": decided.by,
            "note": decided.note,
            "source": source(decided.place),
        },
        "source": source(item.place),
    }


_AS_IT_IS = frozenset({str, int, bool, float, type(None)})


def plain(value: object) -> object:
    """The value in what JSON knows: places as sources, keys and amounts as texts, frozen values by their fields."""
    kind = type(value)
    if kind in _AS_IT_IS:  # as nearly all are, which makes long documents quick
        return value
    if kind in _QUICK:
        return _QUICK[kind](value)
    match value:
        case Enum():
            return value.value
        case None | str() | bool() | int() | float():
            return value
        case SubscriptionKey():
            return str(value)
        case Money():
            return money_text(value)
        case Term():
            return {"start": instant(value.start), "end": instant(value.end)}
        case datetime():
            return instant(value)
        case date():
            return value.isoformat()
        case Mapping():
            return _plain_mapping(value)
        case list() | tuple() | set() | frozenset():
            return _plain_items(sorted(value) if isinstance(value, set | frozenset) else value)
        case _:
            return _of_fields(value)


def _plain_items(value: Iterable[object]) -> list[object]:
    return [plain(item) for item in value]


def _plain_mapping(value: Mapping[object, object]) -> dict[str, object]:
    return {str(plain(name)): plain(item) for name, item in value.items()}


_QUICK: Mapping[type, Callable[[Any], object]] = {
    datetime: instant,
    date: date.isoformat,
    tuple: _plain_items,
    list: _plain_items,
    dict: _plain_mapping,
}
"""What each kind of value becomes, found at once; all other kinds are looked at more closely."""


def _of_fields(value: object) -> object:
    names = tuple(getattr(type(value), "__dataclass_fields__", ()))  # `fields` goes through them all each time
    where = None if "location" in names else getattr(value, "location", None)
    if isinstance(where, Location):
        return source(where)
    return {name: plain(getattr(value, name)) for name in names} if names else str(value)

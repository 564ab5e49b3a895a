"""The documents of `forecast`, `due` and `what-if`. Pure values to UTF-8 bytes; `future_documents` models them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime

from reconciler.consequences import Due
from reconciler.diagnostics import Diagnostic
from reconciler.forecast import Comparison, Forecast, Slice
from reconciler.model import StoredSubscription
from reconciler.views.csv import decimal_text
from reconciler.views.future import MEASURES, told
from reconciler.views.json import document_json
from reconciler.views.json_values import (
    Document,
    amount_values,
    due_values,
    impact_values,
    instant,
    product_values,
)
from reconciler.views.words import NameOf
from reconciler.what_if import MONTHS, Outlook


def forecast_json(forecast: Forecast, names: NameOf, diagnostics: Iterable[Diagnostic] = ()) -> bytes:
    """What is ahead: the numbers by group and month, and everything that is told one by one."""
    body = {**_head(forecast), **_future(forecast), **_details(forecast, names)}
    return document_json("forecast", forecast.as_of, {**body, "compared": None}, diagnostics)


def comparison_json(comparison: Comparison, names: NameOf, diagnostics: Iterable[Diagnostic] = ()) -> bytes:
    """The same, with another future and the difference that it makes: the other less this one."""
    base, other = comparison.base, comparison.other
    less = [_slice(base.months, comparison.difference(group)) for group in comparison.groups]
    difference = {"groups": less, "total": _slice(base.months, comparison.total)}
    compared = {
        "what": comparison.what,
        "other": {**_future(other), **_details(other, names)},
        "difference": difference,
    }
    body = {**_head(base), **_future(base), **_details(base, names), "compared": compared}
    return document_json("forecast", base.as_of, body, diagnostics)


def _head(forecast: Forecast) -> Document:
    return {"until": forecast.until.isoformat(), "by": forecast.by}


def _future(forecast: Forecast) -> Document:
    return {
        "groups": [_slice(forecast.months, part) for part in forecast.slices],
        "total": _slice(forecast.months, forecast.total),
    }


def _slice(months: Sequence[date], part: Slice) -> Document:
    counts = {word: part.counts.get(occasion, ()) for occasion, word in MEASURES.items()}
    return {
        "group": part.group or None,
        "cash": [sum_values(minor, currency) for currency, minor in part.sums().items()],
        "charges_not_known": sum(part.unknown),
        "monthly_renewals": sum(part.monthly),
        **{word: sum(numbers) for word, numbers in counts.items()},
        "months": [
            {
                "month": f"{month:%Y-%m}",
                "cash": [sum_values(part.cash[currency][at], currency) for currency in sorted(part.cash)],
                "charges_not_known": part.unknown[at] if part.unknown else 0,
                "monthly_renewals": part.monthly[at] if part.monthly else 0,
                **{word: numbers[at] if numbers else 0 for word, numbers in counts.items()},
            }
            for at, month in enumerate(months)
        ],
    }


def sum_values(minor: int, currency: str) -> Document:
    """A sum that may be negative, as text and exactly."""
    return {"amount": f"{decimal_text(minor, currency)} {currency}", "minor": minor, "currency": currency}


def _details(forecast: Forecast, names: NameOf) -> Document:
    return {
        "occurrences": [
            {"on": item.on.isoformat(), "subscription": str(item.key), "occasion": item.occasion.value}
            for item in told(forecast)
        ],
        "subscriptions": [
            {
                "subscription": str(item.key),
                **product_values(item.key, item.product, names),
                "length": item.length.iso,
                "seats": item.seats,
                "owner": item.owner,
                "managed": item.managed,
                "value": amount_values(item.amount),
            }
            for item in forecast.subjects.values()
        ],
        "not_known": [str(key) for key in forecast.lacking],
        "unforeseen": [str(key) for key in forecast.unforeseen],
    }


def due_json(
    due: Sequence[Due], names: NameOf, *, as_of: datetime, last: date, diagnostics: Iterable[Diagnostic] = ()
) -> bytes:
    """Every renewal up to that day that nobody has decided."""
    sums: dict[str, int] = {}
    for item in due:
        if item.amount.money is not None:
            sums[item.amount.money.currency] = sums.get(item.amount.money.currency, 0) + item.amount.money.minor
    body = {
        "until": last.isoformat(),
        "due": [due_values(item, names) for item in due],
        "sums": [sum_values(sums[currency], currency) for currency in sorted(sums)],
        "not_known": sum(1 for item in due if item.amount.money is None),
    }
    return document_json("due", as_of, body, diagnostics)


def what_if_json(
    row: StoredSubscription,
    ways: Sequence[Outlook],
    names: NameOf,
    *,
    as_of: datetime,
    diagnostics: Iterable[Diagnostic] = (),
) -> bytes:
    """One subscription as it stands, and each way with what comes of it."""
    body = {
        "subscription": str(row.key),
        **product_values(row.key, row.product, names),
        "status": row.status.value,
        "recurring": row.recurring.value,
        "cancellation": row.cancellation.value,
        "term": {"start": instant(row.term.start), "end": instant(row.term.end), "length": row.length.iso},
        "months": MONTHS,
        "ways": [_way(item) for item in ways],
    }
    return document_json("what-if", as_of, body, diagnostics)


def _way(item: Outlook) -> Document:
    ending, barred, change = item.ending, item.barred, item.change
    return {
        "way": item.way.value,
        "wished": item.wished,
        "change": None if change is None else change.kind.value,
        "blocked": None
        if barred is None
        else {"kind": barred.kind.value, "code": barred.code, "detail": barred.detail, "hint": barred.hint},
        "renews": _iso(item.renews),
        "last_day": _iso(ending and ending.last_day),
        "access_ends": None if ending is None or ending.access_ends is None else instant(ending.access_ends),
        "data_deleted": _iso(ending and ending.data_deleted),
        "data_gone_by": _iso(ending and ending.data_gone_by),
        "not_known": [] if ending is None else list(ending.unknown),
        "reversible_until": None if item.reversible_until is None else instant(item.reversible_until),
        "extension": None if item.extension is None else amount_values(item.extension),
        "cash": [] if barred else [sum_values(minor, currency) for currency, minor in item.cash.items()],
        "charges_not_known": item.unknown,
        "impact": {} if change is None else impact_values(change.impact),
    }


def _iso(value: date | None) -> str | None:
    return None if value is None else value.isoformat()

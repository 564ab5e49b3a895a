"""The JSON documents of `status` and `show`: `documents.estate` models their subscription.

Pure values to UTF-8 bytes. `status` is made row by row: of a large estate the whole text is never held.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime

from reconciler.diagnostics import Diagnostic
from reconciler.journal import HistoryEntry
from reconciler.model import Decision, ScheduledIntent, money_text
from reconciler.views.json import document_json, history_values, printed
from reconciler.views.json_values import Document, amount_values, instant, money_values, plain, source
from reconciler.views.show import Shown
from reconciler.views.status import StatusRow, Upcoming

_EMPTY = b'"subscriptions": []'


def status_json(
    rows: Iterable[StatusRow], *, as_of: datetime, diagnostics: Iterable[Diagnostic] = ()
) -> Iterator[bytes]:
    """Every row in the order given, as it stands at `as_of`, in parts of one document."""
    frame = document_json("status", as_of, {"subscriptions": []}, diagnostics)
    before, after = frame.split(_EMPTY)
    opening = before + b'"subscriptions": ['
    for row in rows:
        # No text holds a line break: JSON writes it as an escape.
        yield opening + b"\n    " + printed(status_values(row), pretty=True).rstrip().replace(b"\n", b"\n    ")
        opening = b","
    yield frame if opening != b"," else b"\n  ]" + after


def show_json(shown: Shown, entries: Iterable[HistoryEntry], *, as_of: datetime) -> bytes:
    """One subscription with its history, what its spec has decided and scheduled, and the window to cancel it."""
    record, spec = shown.row.record, shown.spec
    subscription = {
        **status_values(shown.row),
        "start": record.start.isoformat(),
        "anchor": record.anchor.isoformat(),
        "requested_at": plain(record.requested_at),
        "window_closes": plain(shown.window_closes),
        "decided": None if spec is None else _decision(spec.decided),
        "scheduled": [_scheduled(entry) for entry in shown.to_come],
        "source": None if spec is None else source(spec.place),
    }
    body = {"subscription": subscription, "entries": [history_values(entry) for entry in entries]}
    return document_json("show", as_of, body)


def status_values(row: StatusRow) -> Document:
    """One subscription of `status`."""
    record, coming = row.record, row.upcoming
    return {
        "subscription": str(record.key),
        "external_id": record.id,
        "product": record.product,
        "product_name": row.product_name,
        "status": record.status.value,
        "provider_status": record.provider_status,
        "recurring": record.recurring.value,
        "cancellation": record.cancellation.value,
        "term": {"start": instant(record.term.start), "end": instant(record.term.end), "length": record.length.iso},
        "extended": record.extended,
        "renews": None if row.renews is None else row.renews.isoformat(),
        "next": None if coming is None else _upcoming(coming),
        "days_left": row.days_left,
        "billing": record.billing.iso,
        "price": None if record.price is None else money_text(record.price),
        "seats": record.seats,
        "last_charge": None if record.last_charge is None else money_values(record.last_charge),
        "cost": None if row.cost is None else amount_values(row.cost),
        "owner": record.owner,
        "labels": dict(record.labels),
        "protected": record.protected,
        "managed": row.managed,
        "observed": plain(row.observed),
    }


def _upcoming(coming: Upcoming) -> Document:
    return {"occasion": coming.occasion.value, "on": coming.on.isoformat(), "sure": coming.sure}


def _scheduled(entry: ScheduledIntent) -> Document:
    intent = entry.intent
    return {
        "on": entry.day.isoformat(),
        "recurring": plain(intent.recurring),
        "cancel": plain(intent.cancel),
        "reason": intent.reason,
        "source": source(intent.place),
    }


def _decision(decided: Decision | None) -> Document | None:
    if decided is None:
        return None
    return {
        "for": decided.day.isoformat(),
        "by": decided.by,
        "note": decided.note,
        "source": source(decided.place),
    }

"""The documents that machines read: plan and apply, status, history, one subscription, an explanation, any failure.

Pure values to UTF-8 bytes. The fields and their order are the contract of `docs/command-line.md`; `documents` models
them, and tests hold the two together. Adding a field raises FORMAT_VERSION's minor number, changing a meaning, the
major one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields, is_dataclass
from datetime import UTC, date, datetime
from enum import Enum
from typing import Any

from reconciler.changes import Blocked, Change, Drift, Kind, Listed, Refusal
from reconciler.desired import RuleUse
from reconciler.diagnostics import Diagnostic, Location, Place, in_order
from reconciler.journal import ApplyReport, ChangeReport, HistoryEntry, OutcomeKind
from reconciler.model import Money, StoredSubscription, SubscriptionKey, Term, money_text
from reconciler.plan import Bindings, Plan, Verdict
from reconciler.views.escape import json_bytes
from reconciler.views.status import StatusRow
from reconciler.views.words import NameOf, in_scope, worst_first

FORMAT_VERSION = "1.0"

Document = dict[str, Any]


def plan_json(
    plan: Plan,
    verdict: Verdict,
    *,
    command: str,
    names: NameOf,
    report: ApplyReport | None = None,
    pretty: bool = True,
) -> bytes:
    """The plan, or with a report the apply of it, as one document."""
    outcomes = None if report is None else _outcomes(report)
    head = _head(command, plan.as_of) if report is None else {**_head(command, plan.as_of), "run": report.run}
    refused = worst_first(verdict.refused)
    return _printed(
        {
            **head,
            "bindings": _bindings(plan.bindings),
            "fingerprint": plan.fingerprint,
            "headlines": list(plan.headlines),
            "refused": [_refusal(item) for item in refused],
            "summary": _counts(plan, verdict),
            "changes": [_change(item, names, refused, outcomes) for item in plan.changes],
            "blocked": [_blocked(item, names) for item in plan.blocked],
            "held": [_listed(item, names) for item in plan.held],
            "drift": [_drift(item) for item in plan.drift],
            "released": [_listed(item, names) for item in plan.released],
            "ended": [_listed(item, names) for item in plan.ended],
            "elapsed": [],
            "unmanaged": [str(key) for key in plan.unmanaged],
            "rules": [_rule(item, names) for item in plan.rules],
            "diagnostics": diagnostics_values(plan.diagnostics),
        },
        pretty=pretty,
    )


def failure_json(
    command: str,
    diagnostics: Iterable[Diagnostic],
    as_of: datetime | None,
    code: str,
    message: str,
    hint: str = "",
    *,
    pretty: bool = True,
) -> bytes:
    """What a command prints that could not do its work: its own document, empty, with what is wrong."""
    wrong = {"error": {"code": code, "message": message, "hint": hint}}
    body: Document
    match command:
        case "status":
            body = {"subscriptions": []}
        case "history":
            body = {"entries": []}
        case _:
            lists = "changes blocked held drift released ended elapsed unmanaged rules".split()
            none: Document = {"bindings": None, "fingerprint": None, "headlines": [], "refused": [], "summary": {}}
            body = {**none, **{name: [] for name in lists}}
    tail = {"diagnostics": diagnostics_values(diagnostics)}
    return _printed({**_head(command, as_of), **wrong, **body, **tail}, pretty=pretty)


def status_json(
    rows: Sequence[StatusRow], *, as_of: datetime, diagnostics: Iterable[Diagnostic] = (), pretty: bool = True
) -> bytes:
    """Every subscription by key, as it stands at `as_of`."""
    ordered = sorted(rows, key=lambda row: row.subscription)
    body = {"subscriptions": [status_values(row) for row in ordered]}
    tail = {"diagnostics": diagnostics_values(diagnostics)}
    return _printed({**_head("status", as_of), **body, **tail}, pretty=pretty)


def history_json(
    entries: Iterable[HistoryEntry], *, as_of: datetime, diagnostics: Iterable[Diagnostic] = (), pretty: bool = True
) -> bytes:
    """The journal in the order given, oldest first."""
    body = {"entries": [history_values(entry) for entry in entries]}
    tail = {"diagnostics": diagnostics_values(diagnostics)}
    return _printed({**_head("history", as_of), **body, **tail}, pretty=pretty)


def show_json(
    row: StatusRow,
    entries: Iterable[HistoryEntry],
    *,
    as_of: datetime,
    stored: StoredSubscription | None = None,
    place: Place | None = None,
    pretty: bool = True,
) -> bytes:
    """One subscription with its history."""
    record = {} if stored is None else {"labels": dict(stored.labels), "start": stored.start.isoformat()}
    subscription = {**status_values(row), **record, "source": source(place)}
    body = {"subscription": subscription, "entries": [history_values(entry) for entry in entries]}
    return _printed({**_head("show", as_of), **body}, pretty=pretty)


def explain_json(explanation: object, *, as_of: datetime, pretty: bool = True) -> bytes:
    """Where each effective value of a subscription comes from: the explanation's own fields, as they are."""
    values = plain(explanation)
    body = values if isinstance(values, dict) else {"explanation": values}
    return _printed({**_head("explain", as_of), **body}, pretty=pretty)


def note_json(
    command: str, values: Mapping[str, object], diagnostics: Iterable[Diagnostic] = (), *, pretty: bool = True
) -> bytes:
    """What a small command did, by name."""
    named = {name: plain(value) for name, value in values.items()}
    tail = {"diagnostics": diagnostics_values(diagnostics)}
    return _printed({**_head(command, None), **named, **tail}, pretty=pretty)


def status_values(row: StatusRow) -> Document:
    """One subscription of `status`."""
    return {
        "subscription": str(row.subscription),
        "external_id": row.external_id,
        "product": row.product,
        "product_name": row.product_name,
        "status": row.status.value,
        "provider_status": row.provider_status,
        "recurring": row.recurring.value,
        "cancellation": row.cancellation.value,
        "term": {"start": instant(row.term.start), "end": instant(row.term.end), "length": row.length.iso},
        "renews": None if row.renews is None else row.renews.isoformat(),
        "billing": None if row.billing is None else row.billing.iso,
        "price": None if row.price is None else money_text(row.price),
        "seats": row.seats,
        "owner": row.owner,
        "protected": row.protected,
        "managed": row.managed,
    }


def history_values(entry: HistoryEntry) -> Document:
    """One entry of `history`."""
    return {
        "run": entry.run,
        "at": instant(entry.at),
        "as_of": None if entry.as_of is None else instant(entry.as_of),
        "subscription": entry.subscription,
        "kind": entry.kind,
        "outcome": entry.outcome.value,
        "error": entry.error,
        "before": dict(entry.before),
        "after": dict(entry.after),
        "reason": entry.reason,
        "actor": entry.actor,
        "commit": entry.commit,
        "commit_author": entry.commit_author,
        "ci_run": entry.ci_run,
        "allowed": list(entry.allowed),
        "source": source(entry.source),
    }


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


def instant(at: datetime) -> str:
    """An instant in UTC as RFC 3339 writes it, with a Z."""
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")


def source(place: Place | None) -> Document | None:
    """Where something stands, or None where it stands nowhere."""
    if place is None:
        return None
    at = place.location
    return {"file": at.file, "line": at.line, "column": at.column}


def _head(command: str, as_of: datetime | None) -> Document:
    at = None if as_of is None else instant(as_of)
    return {"format_version": FORMAT_VERSION, "command": command, "as_of": at}


def _bindings(bindings: Bindings) -> Document:
    return {
        "specs_digest": bindings.specs_digest,
        "settings_digest": bindings.settings_digest,
        "store_lineage": bindings.store_lineage,
        "store_serial": bindings.store_serial,
        "commit": bindings.commit,
        "selection": {
            "select": list(bindings.select),
            "exclude": list(bindings.exclude),
            "paths": list(bindings.paths),
        },
    }


def _refusal(item: Refusal) -> Document:
    return {
        "limit": item.limit,
        "scope": item.scope,
        "count": item.count,
        "allowed": item.allowed,
        "detail": item.detail,
        "hint": item.hint,
    }


def _counts(plan: Plan, verdict: Verdict) -> dict[str, int]:
    """Every verb and every list has its number, also where it is 0."""
    counts = plan.counts
    return {
        **{kind.value: counts[kind.value] for kind in Kind},
        "blocked": len(plan.blocked),
        "held": len(plan.held),
        "drift": len(plan.drift),
        "released": len(plan.released),
        "ended": len(plan.ended),
        "unmanaged": len(plan.unmanaged),
        "unchanged": plan.unchanged,
        "refused": len(plan.changes) - len(verdict.allowed),
    }


def _product(key: SubscriptionKey, code: str, names: NameOf) -> Document:
    return {"product": code or None, "product_name": names(key.account, code) if code else None}


_Outcomes = Mapping[tuple[SubscriptionKey, Kind], ChangeReport]


def _outcomes(report: ApplyReport) -> _Outcomes:
    return {(item.change.key, item.change.kind): item for item in report.changes}


def _change(change: Change, names: NameOf, refused: Sequence[Refusal], outcomes: _Outcomes | None) -> Document:
    found: Document = {
        "subscription": str(change.key),
        "external_id": change.external_id,
        "kind": change.kind.value,
        **_product(change.key, change.product, names),
        "before": dict(change.before),
        "after": dict(change.after),
        "reason": change.reason,
        "risk": change.risk.value,
        "impact": dict(change.impact),
        "source": source(change.place),
    }
    return found if outcomes is None else {**found, **_outcome(change, refused, outcomes)}


def _outcome(change: Change, refused: Sequence[Refusal], outcomes: _Outcomes) -> Document:
    """What became of it; a change that no apply was handed was refused, and so skipped."""
    report = outcomes.get((change.key, change.kind))
    if report is None:
        refusal = in_scope(refused, change.key)
        return {"outcome": "skipped", "error": f"refused: {refusal.limit}" if refusal else "not applied"}
    intended = report.outcome is OutcomeKind.INTENDED
    return {"outcome": "unknown" if intended else report.outcome.value, "error": report.error}


def _blocked(item: Blocked, names: NameOf) -> Document:
    return {
        "subscription": str(item.key),
        "kind": item.kind.value,
        **_product(item.key, item.product, names),
        "code": item.code,
        "detail": item.detail,
        "hint": item.hint,
        "source": source(item.place),
    }


def _listed(item: Listed, names: NameOf) -> Document:
    return {
        "subscription": str(item.key),
        **_product(item.key, item.product, names),
        "detail": item.detail,
        "hint": item.hint,
        "source": source(item.place),
    }


def _drift(item: Drift) -> Document:
    return {
        "subscription": str(item.key),
        "field": item.field,
        "stored": item.stored,
        "observed": item.observed,
    }


def _rule(item: RuleUse, names: NameOf) -> Document:
    products = [{"product": code, "product_name": names("", code)} for code in item.products]
    return {"source": source(item.place), "summary": item.summary, "matched": item.matched, "products": products}


def plain(value: object) -> object:
    """The value in what JSON knows: places as sources, keys and amounts as texts, frozen values by their fields."""
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
            return {str(plain(name)): plain(item) for name, item in value.items()}
        case list() | tuple() | set() | frozenset():
            return [plain(item) for item in (sorted(value) if isinstance(value, set | frozenset) else value)]
        case _:
            return _of_fields(value)


def _of_fields(value: object) -> object:
    names = [item.name for item in fields(value)] if is_dataclass(value) else []
    where = None if "location" in names else getattr(value, "location", None)
    if isinstance(where, Location):
        return source(where)
    return {name: plain(getattr(value, name)) for name in names} if names else str(value)


def _printed(document: Document, *, pretty: bool) -> bytes:
    import orjson  # not needed before there is something to print, nor for the other formats

    option = orjson.OPT_APPEND_NEWLINE | orjson.OPT_PASSTHROUGH_DATACLASS | orjson.OPT_PASSTHROUGH_DATETIME
    option |= orjson.OPT_INDENT_2 if pretty else 0
    try:
        return json_bytes(orjson.dumps(document, default=plain, option=option))
    except TypeError:
        # A file name may hold bytes that are no UTF-8 (unpaired surrogates here), which no JSON document can.
        return json_bytes(orjson.dumps(_clean(plain(document)), option=option))


def _clean(value: Any) -> Any:
    """The same with unpaired surrogates spelled out."""
    match value:
        case str():
            return value.encode("utf-8", "backslashreplace").decode()
        case dict():
            return {_clean(name): _clean(item) for name, item in value.items()}
        case list():
            return [_clean(item) for item in value]
        case _:
            return value

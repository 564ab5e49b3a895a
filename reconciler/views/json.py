"""The documents that machines read: plan and apply, status, history, one subscription, an explanation, any failure.

Pure values to UTF-8 bytes. The fields and their order are the contract of `docs/command-line.md`; `documents` models
them, and tests hold the two together. Adding a field raises FORMAT_VERSION's minor number, changing a meaning, the
major one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from reconciler.changes import Blocked, Change, Drift, Kind, Listed, Refusal
from reconciler.desired import RuleUse
from reconciler.diagnostics import Diagnostic
from reconciler.impact import first_irreversible
from reconciler.journal import ApplyReport, FreezeEntry, HistoryEntry, OutcomeKind
from reconciler.plan import Bindings, Plan, Verdict
from reconciler.views.closing import after
from reconciler.views.escape import json_bytes
from reconciler.views.json_values import (
    Document,
    diagnostics_values,
    due_values,
    event_values,
    impact_values,
    instant,
    money_values,
    pending_values,
    plain,
    product_values,
    scheduled_values,
    sighting_values,
    source,
    totals_values,
)
from reconciler.views.undo_words import Undoing, by_no_policy
from reconciler.views.words import NameOf, in_scope, worst_first

FORMAT_VERSION = "1.2"


def plan_json(
    plan: Plan,
    verdict: Verdict,
    *,
    command: str,
    names: NameOf,
    report: ApplyReport | None = None,
    undoing: Undoing = by_no_policy,
    pretty: bool = True,
) -> bytes:
    """The plan, or with a report the apply of it, as one document."""
    plan = after(plan, report)
    applied = None if report is None else _Applied(report, undoing)
    head = _head(command, plan.as_of)
    head |= {} if report is None else {"run": report.run, "elapsed_recorded": len(report.elapsed)}
    refused = worst_first(verdict.refused)
    first = first_irreversible(plan.changes, plan.as_of)
    return printed(
        {
            **head,
            "bindings": _bindings(plan.bindings),
            "fingerprint": plan.fingerprint,
            "headlines": list(plan.headlines),
            "refused": [_refusal(item) for item in refused],
            "summary": _counts(plan, verdict),
            "totals": totals_values(plan.totals),
            "first_irreversible": None if first is None else instant(first),
            "changes": [_change(item, names, refused, applied) for item in plan.changes],
            **_beside(plan, names),
            "rules": [_rule(item, names) for item in plan.rules],
            "diagnostics": diagnostics_values(plan.diagnostics),
        },
        pretty=pretty,
    )


def _beside(plan: Plan, names: NameOf) -> Document:
    """Every list of what is no change."""
    return {
        "blocked": [_blocked(item, names) for item in plan.blocked],
        "held": [_listed(item, names) for item in plan.held],
        "pending": [pending_values(item, names) for item in plan.pending],
        "drift": [_drift(item) for item in plan.drift],
        "released": [_listed(item, names) for item in plan.released],
        "ended": [_listed(item, names) for item in plan.ended],
        "elapsed": [event_values(item, names) for item in plan.elapsed],
        "scheduled": [scheduled_values(item, names) for item in plan.scheduled],
        "due": [due_values(item, names) for item in plan.due],
        "unmanaged": [str(key) for key in plan.unmanaged],
        "sightings": [sighting_values(item) for item in plan.sightings],
    }


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
            body = {"entries": [], "freezes": []}
        case "due":
            body = {"due": []}
        case "forecast":
            body = {"groups": [], "occurrences": []}
        case "what-if":
            body = {"ways": []}
        case _:
            lists = "changes blocked held pending drift released ended elapsed scheduled due unmanaged sightings rules"
            none: Document = {"bindings": None, "fingerprint": None, "headlines": [], "refused": [], "summary": {}}
            none |= {"totals": None, "first_irreversible": None}
            body = {**none, **{name: [] for name in lists.split()}}
    tail = {"diagnostics": diagnostics_values(diagnostics)}
    return printed({**_head(command, as_of), **wrong, **body, **tail}, pretty=pretty)


def history_json(
    entries: Iterable[HistoryEntry],
    *,
    as_of: datetime,
    freezes: Iterable[FreezeEntry] = (),
    diagnostics: Iterable[Diagnostic] = (),
    pretty: bool = True,
) -> bytes:
    """The journal in the order given, oldest first; freezes and thaws apart."""
    body = {"entries": [history_values(entry) for entry in entries], "freezes": [plain(item) for item in freezes]}
    tail = {"diagnostics": diagnostics_values(diagnostics)}
    return printed({**_head("history", as_of), **body, **tail}, pretty=pretty)


def explain_json(explanation: object, *, as_of: datetime, pretty: bool = True) -> bytes:
    """Where each effective value of a subscription comes from: the explanation's own fields, as they are."""
    values = plain(explanation)
    body = values if isinstance(values, dict) else {"explanation": values}
    return printed({**_head("explain", as_of), **body}, pretty=pretty)


def note_json(
    command: str,
    values: Mapping[str, object],
    diagnostics: Iterable[Diagnostic] = (),
    *,
    as_of: datetime | None = None,
    pretty: bool = True,
) -> bytes:
    """What a small command did, by name; `as_of` where an instant belongs to it."""
    named = {name: plain(value) for name, value in values.items()}
    tail = {"diagnostics": diagnostics_values(diagnostics)}
    return printed({**_head(command, as_of), **named, **tail}, pretty=pretty)


def document_json(
    command: str, as_of: datetime, body: Document, diagnostics: Iterable[Diagnostic] = (), *, pretty: bool = True
) -> bytes:
    """A command's document from its own fields, which are JSON values already."""
    return printed({**_head(command, as_of), **body, "diagnostics": diagnostics_values(diagnostics)}, pretty=pretty)


def history_values(entry: HistoryEntry) -> Document:
    """One change or event of `history`."""
    return {
        "run": entry.run,
        "at": instant(entry.at),
        "as_of": None if entry.as_of is None else instant(entry.as_of),
        "subscription": entry.subscription,
        "kind": entry.kind,
        "outcome": entry.outcome.value,
        "error": entry.error,
        "note": entry.note,
        "before": dict(entry.before),
        "after": dict(entry.after),
        "reason": entry.reason,
        "actor": entry.actor,
        "commit": entry.commit,
        "commit_author": entry.commit_author,
        "ci_run": entry.ci_run,
        "allowed": list(entry.allowed),
        "happened_at": plain(entry.happened_at),
        "risk": plain(entry.risk),
        "reversible_until": plain(entry.reversible_until),
        "value": None if entry.value is None else money_values(entry.value),
        "source": source(entry.source),
    }


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
        "correct": list(bindings.correct),
    }


def _refusal(item: Refusal) -> Document:
    return {
        "limit": item.limit,
        "scope": item.scope,
        "count": item.count,
        "allowed": item.allowed,
        "amount": item.amount,
        "allowed_amount": item.allowed_amount,
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
        "pending": len(plan.pending),
        "overdue": sum(1 for item in plan.pending if item.overdue),
        "drift": len(plan.drift),
        "released": len(plan.released),
        "ended": len(plan.ended),
        "elapsed": len(plan.elapsed),
        "scheduled": len(plan.scheduled),
        "due": len(plan.due),
        "unmanaged": len(plan.unmanaged),
        "unchanged": plan.unchanged,
        "refused": len(plan.changes) - len(verdict.allowed),
    }


class _Applied:
    """What became of each change, and how it is taken back."""

    def __init__(self, report: ApplyReport, undoing: Undoing) -> None:
        self._reports = {(item.change.key, item.change.kind): item for item in report.changes}
        self._undoing = undoing

    def values(self, change: Change, refused: Sequence[Refusal]) -> Document:
        """A change that no apply was handed was refused, and so skipped."""
        report = self._reports.get((change.key, change.kind))
        if report is None:
            refusal = in_scope(refused, change.key)
            error = f"refused: {refusal.limit}" if refusal else "not applied"
            return {"outcome": "skipped", "error": error, "code": None, "note": None, "undo": None}
        outcome, done = report.outcome, report.outcome is OutcomeKind.SUCCEEDED
        return {
            "outcome": "unknown" if outcome is OutcomeKind.INTENDED else outcome.value,
            "error": report.error,
            "code": report.code,
            "note": report.note,
            "undo": plain(self._undoing(change)) if done else None,
        }


def _change(change: Change, names: NameOf, refused: Sequence[Refusal], applied: _Applied | None) -> Document:
    found: Document = {
        "subscription": str(change.key),
        "external_id": change.external_id,
        "kind": change.kind.value,
        **product_values(change.key, change.product, names),
        "before": dict(change.before),
        "after": dict(change.after),
        "reason": change.reason,
        "risk": change.risk.value,
        "instead_of": change.instead_of,
        "impact": impact_values(change.impact),
        "source": source(change.place),
    }
    return found if applied is None else {**found, **applied.values(change, refused)}


def _blocked(item: Blocked, names: NameOf) -> Document:
    return {
        "subscription": str(item.key),
        "kind": item.kind.value,
        **product_values(item.key, item.product, names),
        "code": item.code,
        "detail": item.detail,
        "hint": item.hint,
        "source": source(item.place),
    }


def _listed(item: Listed, names: NameOf) -> Document:
    return {
        "subscription": str(item.key),
        **product_values(item.key, item.product, names),
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


def printed(document: Document, *, pretty: bool) -> bytes:
    """The values as a JSON text that ends with a newline."""
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

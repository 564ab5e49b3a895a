"""The values of a plan's document, or of an apply's: its fields, and its lists item by item.

Pure. What is here is the contract of `docs/command-line.md`; `json` makes one document of it, `json_lines` a line for
each item.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from reconciler.changes import Blocked, Change, Drift, Kind, Listed, Refusal
from reconciler.desired import RuleUse
from reconciler.fates import Fate, Fates
from reconciler.impact import first_irreversible
from reconciler.journal import ApplyReport, ChangeReport, OutcomeKind
from reconciler.plan import Bindings, Plan, Verdict
from reconciler.views.closing import after
from reconciler.views.json_values import (
    Document,
    diagnostics_values,
    due_values,
    event_values,
    impact_values,
    instant,
    pending_values,
    plain,
    product_values,
    scheduled_values,
    sighting_values,
    source,
    totals_values,
)
from reconciler.views.undo_words import Undoing
from reconciler.views.words import NameOf, in_scope, scoped, worst_first

Listing = tuple[str, int, Iterator[Document | str]]
"""A list's name, how many items it has, and the items, each made when it is asked for."""


class PlanValues:
    """A plan, or with a report the apply of it, as JSON values."""

    def __init__(
        self, plan: Plan, verdict: Verdict, names: NameOf, report: ApplyReport | None, undoing: Undoing
    ) -> None:
        self._plan = after(plan, report)
        self._verdict = verdict
        self._names = names
        self._report = report
        self._undoing = undoing

    def fields(self) -> Document:
        """Everything before the lists, the refusals included."""
        plan, report = self._plan, self._report
        first = first_irreversible(plan.changes, plan.as_of)
        run = {} if report is None else {"run": report.run, "elapsed_recorded": len(report.elapsed)}
        return {
            **run,
            "bindings": _bindings(plan.bindings),
            "fingerprint": plan.fingerprint,
            "headlines": list(plan.headlines),
            "refused": [_refusal(item) for item in worst_first(self._verdict.refused)],
            "summary": _counts(plan, self._verdict),
            "totals": totals_values(plan.totals),
            "first_irreversible": None if first is None else instant(first),
        }

    def lists(self) -> Iterator[Listing]:
        """Every list in the document's order."""
        plan, names, report = self._plan, self._names, self._report
        applied = None if report is None else _Applied(report, self._undoing, self._verdict.refused)
        yield "changes", len(plan.changes), (_change(item, names, applied) for item in plan.changes)
        yield "blocked", len(plan.blocked), (_blocked(item, names) for item in plan.blocked)
        yield "held", len(plan.held), (_listed(item, names) for item in plan.held)
        yield "pending", len(plan.pending), (pending_values(item, names) for item in plan.pending)
        yield "drift", len(plan.drift), map(_drift, plan.drift)
        yield "released", len(plan.released), (_listed(item, names) for item in plan.released)
        yield "ended", len(plan.ended), (_listed(item, names) for item in plan.ended)
        yield "elapsed", len(plan.elapsed), (event_values(item, names) for item in plan.elapsed)
        yield "scheduled", len(plan.scheduled), (scheduled_values(item, names) for item in plan.scheduled)
        yield "due", len(plan.due), (due_values(item, names) for item in plan.due)
        yield "unmanaged", len(plan.unmanaged), map(str, plan.unmanaged)
        yield "sightings", len(plan.sightings), map(sighting_values, plan.sightings)
        yield "rules", len(plan.rules), (_rule(item, names) for item in plan.rules)
        yield "diagnostics", len(plan.diagnostics), iter(diagnostics_values(plan.diagnostics))


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

    def __init__(self, report: ApplyReport, undoing: Undoing, refused: Sequence[Refusal]) -> None:
        self._undoing = undoing
        self._refused = scoped(refused)
        self._of = self._of_each(report.changes)

    def _of_each(self, reports: Sequence[ChangeReport]) -> Callable[[Change], ChangeReport | Fate | None]:
        if isinstance(reports, Fates):  # they are asked for in plan order, but for those that a brake holds
            left = reports.each()
            return lambda change: None if in_scope(self._refused, change.key) else next(left, None)
        by_key = {(item.change.key, item.change.kind): item for item in reports}
        return lambda change: by_key.get((change.key, change.kind))

    def values(self, change: Change) -> Document:
        """A change that no apply was handed was refused, and so skipped."""
        report, refusal = self._of(change), in_scope(self._refused, change.key)
        if report is None:
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


def _change(change: Change, names: NameOf, applied: _Applied | None) -> Document:
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
    return found if applied is None else {**found, **applied.values(change)}


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

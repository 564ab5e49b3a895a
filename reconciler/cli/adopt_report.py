"""What `import --from-provider` says: lines for people, one document for machines, its exit code. Decides nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

from reconciler.changes import Change, Kind
from reconciler.cli.rendering import note_renders
from reconciler.cli.session import worst
from reconciler.importing.from_provider import Adoption
from reconciler.importing.observed_specs import ended_words, standing
from reconciler.journal import ApplyReport, OutcomeKind
from reconciler.model import SubscriptionKey
from reconciler.observed import ObservedSubscription
from reconciler.plan import Verdict
from reconciler.settings import AccountSettings
from reconciler.views.json import note_json
from reconciler.views.words import DONE, VERBS, counted, listed, sentence, worst_first

if TYPE_CHECKING:
    from reconciler.cli.output import Render

_SHOWN = 20
"""Subscriptions of a kind that people are shown by name; machines get them all."""


def adopt_code(decided: Adoption, verdict: Verdict, report: ApplyReport | None, *, detailed: bool) -> int:
    """The exit code of an import, or without a report of its dry run."""
    if report is None:
        pending = bool(decided.plan.changes or decided.barred)
        return (3 if verdict.refused else 2 if pending else 0) if detailed else 0
    outcomes = Counter(item.outcome for item in report.changes)
    undone = outcomes[OutcomeKind.FAILED] + outcomes[OutcomeKind.SKIPPED]
    refused = bool(verdict.refused) or report.frozen is not None
    failed = outcomes[OutcomeKind.FAILED] and not outcomes[OutcomeKind.SUCCEEDED]
    partly = undone or (decided.barred and not refused)
    return worst([130 if report.interrupted else 0, 1 if failed else 0, 3 if refused else 0, 5 if partly else 0])


def adopt_renders(
    decided: Adoption, verdict: Verdict, report: ApplyReport | None, account: AccountSettings
) -> dict[str, Render]:
    """An import in every format; without a report it is the dry run."""
    lines = [
        *_warnings(decided),
        *_refused(verdict),
        *_files(decided, written=report is not None and verdict.clear),
        *_left_out(decided),
        *_barred(decided),
        *_store(decided, report),
        _summary(decided, verdict, report, account),
    ]
    fields = _fields(decided, verdict, report, account)

    def machine(colour: bool) -> bytes:
        return note_json("import", fields, decided.diagnostics)

    return {**note_renders("import", lines, fields), "json": machine}


def _warnings(decided: Adoption) -> Iterator[str]:
    for item in decided.diagnostics:
        yield f"{item.location}: {item.severity}: {sentence(item)}"
        yield f"  hint: {item.hint}"


def _refused(verdict: Verdict) -> Iterator[str]:
    for item in worst_first(verdict.refused):
        yield f"Refused by {item.limit}: {item.detail}"
        yield f"  hint: {item.hint}"


def _files(decided: Adoption, *, written: bool) -> Iterator[str]:
    """The new spec files, and what each subscription is called there."""
    if not decided.files:
        return
    yield f"{'Wrote' if written else 'Would write'} {listed([item.file for item in decided.files], 4)}:"
    for key in sorted(decided.named)[:_SHOWN]:
        seen = decided.named[key]
        words = (seen.display_name or seen.product_name or seen.product, f"recurring {seen.recurring}", standing(seen))
        yield f"  {key}    {'    '.join(word for word in words if word)}"
    yield from _more(len(decided.named))


def _more(count: int) -> Iterator[str]:
    if count > _SHOWN:
        yield f"  and {count - _SHOWN:,} more"


def _left_out(decided: Adoption) -> Iterator[str]:
    if decided.ended:
        yield f"Left out, for they have ended: {ended_words(decided.ended)}."
    if decided.elsewhere:
        yield "Left out, for another account declares them:"
        for id, key in sorted(decided.elsewhere.items())[:_SHOWN]:
            yield f"  {id}    {key}"
        yield from _more(len(decided.elsewhere))


def _barred(decided: Adoption) -> Iterator[str]:
    if decided.barred:
        yield "Left out, for they could not be taken:"
    for id, why in sorted(decided.barred.items())[:_SHOWN]:
        yield f"  {id}    {why.code}: {why.detail}"
        if why.hint:
            yield f"    hint: {why.hint}"
    yield from _more(len(decided.barred))


def _store(decided: Adoption, report: ApplyReport | None) -> Iterator[str]:
    if report is not None and report.created_store and decided.plan.bindings.store_lineage is None:
        yield "Created a new store. Pin it under `store` in reconcile.yaml, so that no other is ever taken for it:"
        yield f"  lineage: {report.lineage}"


def _summary(decided: Adoption, verdict: Verdict, report: ApplyReport | None, account: AccountSettings) -> str:
    if not verdict.clear:
        return "Would be refused: nothing would be written." if report is None else "Refused: nothing was written."
    left_out = sum(decided.ended.values()) + len(decided.elsewhere)
    found = ((left_out, "left out"), (len(decided.barred), "not to be taken"), (decided.declared, "declared already"))
    beside = [f"{count:,} {word}" for count, word in found if count]
    again = len(decided.named) - sum(change.key in decided.named for change in decided.plan.changes)
    if not (decided.plan.changes or again):
        return f"Nothing to import: {', '.join(beside)}."
    anew = [f"{again:,} {'to declare' if report is None else 'declared'} again"] if again else []
    if report is None:
        return f"Import: {', '.join([*_counts(decided.plan.changes, VERBS, 'to '), *anew, *beside])}."
    done = [item.change for item in report.changes if item.outcome is OutcomeKind.SUCCEEDED]
    undone = len(report.changes) - len(done)
    said = [*_counts(done, DONE), *anew, *([f"{undone:,} not recorded"] if undone else []), *beside]
    after = "" if undone else _after(decided)
    return f"Imported: {', '.join(said)}. Nothing changed at {account.provider}{after}."


def _counts(changes: Iterable[Change], verbs: Mapping[Kind, str], to: str = "") -> list[str]:
    counts = Counter(change.kind for change in changes)
    return [f"{counts[kind]:,} {to}{verb}" for kind, verb in verbs.items() if counts[kind]]


def _after(decided: Adoption) -> str:
    """What a dry run of the account has to do now, as it was proved."""
    if not decided.remaining:
        return ", and a dry run has nothing to do there"
    return f"; a dry run has {counted(decided.remaining, 'thing')} to do there that stood in the specs before"


def _fields(
    decided: Adoption, verdict: Verdict, report: ApplyReport | None, account: AccountSettings
) -> dict[str, object]:
    """All of it for machines; the renderer makes keys, places and frozen values plain."""
    known = decided.plan.bindings.store_lineage
    return {
        "account": account.name,
        "provider": account.provider,
        "dry_run": report is None,
        "run": None if report is None else report.run,
        "store_lineage": known if report is None else report.lineage or known,
        "refused": verdict.refused,
        "files": [item.file for item in decided.files],
        "subscriptions": [_shown(key, seen) for key, seen in sorted(decided.named.items())],
        "changes": _changes(decided, report),
        "ended": decided.ended,
        "elsewhere": [{"external_id": id, "subscription": key} for id, key in sorted(decided.elsewhere.items())],
        "not_taken": [
            {"external_id": id, "code": why.code, "detail": why.detail, "hint": why.hint}
            for id, why in sorted(decided.barred.items())
        ],
        "declared": decided.declared,
        "remaining": decided.remaining,
    }


def _shown(key: SubscriptionKey, seen: ObservedSubscription) -> dict[str, object]:
    return {
        "subscription": key,
        "external_id": seen.id,
        "product": seen.product,
        "product_name": seen.product_name,
        "display_name": seen.display_name,
        "status": seen.status,
        "provider_status": seen.provider_status,
        "recurring": seen.recurring,
        "cancellation": seen.cancellation,
        "term": seen.term,
    }


def _changes(decided: Adoption, report: ApplyReport | None) -> list[dict[str, object]]:
    """What is to be recorded; with a report what became of it, which is nothing where it was refused."""
    if report is None or not report.changes:
        return [_change(change) for change in decided.plan.changes]
    return [{**_change(item.change), "outcome": item.outcome, "error": item.error} for item in report.changes]


def _change(change: Change) -> dict[str, object]:
    return {
        "subscription": change.key,
        "external_id": change.external_id,
        "kind": change.kind,
        "before": change.before,
        "after": change.after,
        "reason": change.reason,
        "source": change.place,
    }

"""What `import` says: lines for people, one document for machines, and its exit code. Decides nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

from reconciler.changes import Change, Kind
from reconciler.cli.rendering import note_renders
from reconciler.cli.session import worst
from reconciler.importing.estate import Import
from reconciler.importing.tasks import Showing, Told
from reconciler.journal import ApplyReport, OutcomeKind
from reconciler.model import SubscriptionKey
from reconciler.plan import Verdict
from reconciler.settings import LEDGER
from reconciler.views.consequences import follows
from reconciler.views.json import note_json
from reconciler.views.words import DONE, VERBS, listed, sentence, worst_first

if TYPE_CHECKING:
    from reconciler.cli.output import Render

_SHOWN = 20
"""New subscriptions, and records in no row, that people are shown by name; machines get them all."""


def import_code(decided: Import, verdict: Verdict, report: ApplyReport | None, *, detailed: bool) -> int:
    """The exit code of an import, or without a report of its dry run."""
    plan = decided.plan
    if report is None:
        recorded = any(item.change is not None for item in decided.told)
        pending = bool(plan.changes or plan.blocked or decided.differing or recorded)
        return (3 if verdict.refused else 2 if pending else 0) if detailed else 0
    outcomes = Counter(item.outcome for item in report.changes)
    undone = outcomes[OutcomeKind.FAILED] + outcomes[OutcomeKind.SKIPPED]
    refused = bool(verdict.refused) or report.frozen is not None
    failed = outcomes[OutcomeKind.FAILED] and not outcomes[OutcomeKind.SUCCEEDED]
    partly = undone or (plan.blocked and not refused)
    return worst([130 if report.interrupted else 0, 1 if failed else 0, 3 if refused else 0, 5 if partly else 0])


def import_renders(
    decided: Import, verdict: Verdict, report: ApplyReport | None, account: str, *, update: bool
) -> dict[str, Render]:
    """An import in every format; without a report it is the dry run."""
    lines = [
        *_warnings(decided),
        *_refused(verdict),
        *_files(decided, written=report is not None and verdict.clear),
        *_tasks(decided),
        *_differing(decided, update=update),
        *_blocked(decided),
        *_gone(decided),
        *_store(decided, report),
        _summary(decided, verdict, report, account, update=update),
    ]
    fields = _fields(decided, verdict, report, account)

    def machine(colour: bool) -> bytes:
        return note_json("import", fields, decided.diagnostics)

    return {**note_renders("import", lines, fields), "json": machine}


def _warnings(decided: Import) -> Iterator[str]:
    for item in decided.diagnostics:
        yield f"{item.location}: {item.severity}: {sentence(item)}"
        yield f"  hint: {item.hint}"


def _refused(verdict: Verdict) -> Iterator[str]:
    for item in worst_first(verdict.refused):
        yield f"Refused by {item.limit}: {item.detail}"
        yield f"  hint: {item.hint}"


def _new(decided: Import) -> list[SubscriptionKey]:
    """What stands in the new files."""
    files = {item.file for item in decided.files}
    declared = decided.desired.subscriptions
    return [key for key in sorted(decided.named) if key in declared and declared[key].place.file in files]


def _files(decided: Import, *, written: bool) -> Iterator[str]:
    """The new spec files, and which subscription each row has become."""
    if not decided.files:
        return
    yield f"{'Wrote' if written else 'Would write'} {listed([item.file for item in decided.files], 4)}:"
    new = _new(decided)
    for key in new[:_SHOWN]:
        row = decided.named[key]
        yield f"  {key}    {row.name}    {row.place}"
    if len(new) > _SHOWN:
        yield f"  and {len(new) - _SHOWN:,} more"


def _differing(decided: Import, *, update: bool) -> Iterator[str]:
    if not decided.differing:
        return
    yield "Rows that say otherwise than their records:"
    for change in decided.differing:
        moves = follows(change, decided.plan.as_of)
        yield f"  {change.key}    {VERBS[change.kind]}{f': {moves}' if moves else ''}    {change.place.location}"
    if not update:
        yield "  hint: to record that as well: --update"


def _tasks(decided: Import) -> Iterator[str]:
    """What the rows say of what people were asked to do, and of what they said they did."""
    if decided.told:
        yield "Tasks for people, by what the file shows:"
    for item in decided.told:
        yield f"  {item.key}    {VERBS[item.kind]} ({item.showing}): {item.detail}    {item.place}"


def _blocked(decided: Import) -> Iterator[str]:
    if decided.plan.blocked:
        yield "Rows that say otherwise, and cannot be recorded:"
    for item in decided.plan.blocked:
        yield f"  {item.key}    {VERBS[item.kind]} ({item.code}): {item.detail}    {item.place.location}"
        yield f"    hint: {item.hint}"


def _gone(decided: Import) -> Iterator[str]:
    if decided.gone:
        yield "Recorded, and in no row; left as they are:"
    yield from (f"  {key}" for key in decided.gone[:_SHOWN])
    if len(decided.gone) > _SHOWN:
        yield f"  and {len(decided.gone) - _SHOWN:,} more"


def _store(decided: Import, report: ApplyReport | None) -> Iterator[str]:
    if report is not None and report.created_store and decided.plan.bindings.store_lineage is None:
        yield "Created a new store. Pin it under `store` in reconcile.yaml, so that no other is ever taken for it:"
        yield f"  lineage: {report.lineage}"


def _summary(decided: Import, verdict: Verdict, report: ApplyReport | None, account: str, *, update: bool) -> str:
    if not verdict.clear:
        return "Would be refused: nothing would be written." if report is None else "Refused: nothing was written."
    plan = decided.plan
    left = () if update else decided.differing
    found = (("differing", left), ("blocked", plan.blocked), ("in no row", decided.gone))
    beside = [f"{len(items):,} {word}" for word, items in found if items]
    beside += [f"{plan.unchanged:,} unchanged"] if plan.unchanged else []
    shown = Counter(item.showing for item in decided.told)
    beside = [*(f"{shown[word]:,} {word.replace('-', ' ')} by hand" for word in Showing if shown[word]), *beside]
    if not plan.changes and not any(item.change is not None for item in decided.told):
        return f"Nothing to import: {', '.join(beside)}."
    if report is None:
        counts = [f"{count:,} to {verb}" for verb, count in _counts(plan.changes, VERBS)]
        return f"Import: {', '.join([*counts, *beside])}."
    done = [item.change for item in report.changes if item.outcome is OutcomeKind.SUCCEEDED]
    apart = {id(item.change) for item in decided.told}
    counts = [f"{count:,} {verb}" for verb, count in _counts([one for one in done if id(one) not in apart], DONE)]
    undone = len(report.changes) - len(done)
    counts += [f"{undone:,} not recorded"] if undone else []
    provider = decided.desired.accounts[account].provider
    whose = "is a ledger" if provider == LEDGER else "is changed by people alone"
    return f"Imported: {', '.join([*counts, *beside])}. Nothing changed at a vendor: {account} {whose}."


def _counts(changes: Iterable[Change], verbs: Mapping[Kind, str]) -> list[tuple[str, int]]:
    counts = Counter(change.kind for change in changes)
    return [(verb, counts[kind]) for kind, verb in verbs.items() if counts[kind]]


def _fields(decided: Import, verdict: Verdict, report: ApplyReport | None, account: str) -> dict[str, object]:
    """All of it for machines; the renderer makes keys, places and frozen values plain."""
    new = set(_new(decided))
    return {
        "account": account,
        "dry_run": report is None,
        "run": None if report is None else report.run,
        "store_lineage": decided.plan.bindings.store_lineage if report is None else report.lineage,
        "refused": verdict.refused,
        "files": [item.file for item in decided.files],
        "rows": [
            {"subscription": key, "name": row.name, "new": key in new, "source": row.place}
            for key, row in sorted(decided.named.items())
        ],
        "changes": [_change(change) for change in decided.plan.changes] if report is None else _reported(report),
        "tasks": [_task(item) for item in decided.told],
        "differing": [_change(change) for change in decided.differing],
        "blocked": [
            {
                "subscription": item.key,
                "kind": item.kind,
                "code": item.code,
                "detail": item.detail,
                "hint": item.hint,
                "source": item.place,
            }
            for item in decided.plan.blocked
        ],
        "gone": list(decided.gone),
        "unchanged": decided.plan.unchanged,
    }


def _task(item: Told) -> dict[str, object]:
    return {
        "subscription": item.key,
        "kind": item.kind,
        "shown": item.showing,
        "detail": item.detail,
        "source": item.place,
        "change": None if item.change is None else _change(item.change),
    }


def _reported(report: ApplyReport) -> list[dict[str, object]]:
    return [{**_change(item.change), "outcome": item.outcome, "error": item.error} for item in report.changes]


def _change(change: Change) -> dict[str, object]:
    return {
        "subscription": change.key,
        "kind": change.kind,
        "before": change.before,
        "after": change.after,
        "reason": change.reason,
        "source": change.place,
    }

"""Runs and how far the workers are with them, as lines for people and fields for machines."""

from __future__ import annotations

from collections.abc import Sequence

from reconciler.journal import OutcomeKind
from reconciler.shards import Progress
from reconciler.views.json_values import instant
from reconciler.views.words import counted

_FAILED = {"change": ("subscription", "kind", "error"), "account": ("account", "code", "error")}
_KINDS = (OutcomeKind.SUCCEEDED, OutcomeKind.FAILED, OutcomeKind.SKIPPED, OutcomeKind.UNKNOWN)


def runs_lines(runs: Sequence[Progress], *, whole: bool) -> list[str]:
    """The runs in their order; `whole`: one of them, with all that is known of it."""
    if not runs:
        return ["No runs yet."]
    found = []
    for run in runs:
        found.append(f"{run.run}  {_stage(run)}  {run.command} by {run.actor}, {_done(run)}")
        found += _details(run) if whole else []
    return found


def _stage(run: Progress) -> str:
    if run.finished_at is not None:
        return "taken back" if run.shards.get("withdrawn") else "finished"
    return "under way" if run.under_way else "cut off"


def _done(run: Progress) -> str:
    if not run.shards:
        return counted(run.planned, "change")
    said = [f"{run.done:,} of {counted(run.total, run.of)}"]
    said += [f"{run.outcomes[kind]:,} {kind}" for kind in _KINDS if run.outcomes.get(kind)]
    return ", ".join(said)


def _details(run: Progress) -> list[str]:
    if not run.shards:
        return ["  no workers: it was carried out by the process that applied it; see reconcile history"]
    stages = ", ".join(f"{count:,} {stage}" for stage, count in sorted(run.shards.items()))
    found = [f"  shards: {stages}"]
    if run.under_way:
        found.append(f"  workers: {', '.join(run.workers) or 'none has taken a shard now'}")
    if run.rate:
        left = run.seconds_left
        found.append(f"  {run.rate:,.1f} {run.of}s/s" + ("" if left is None else f", about {left:,.0f} s left"))
    for key, verb, error in run.failures:
        found.append(f"  failed: {key} {verb}: {error}")
    return [*found, *(f"  next: {line}" for line in next_steps(run))]


def next_steps(run: Progress) -> list[str]:
    """What a person can do about it."""
    found = []
    if run.under_way and not run.workers:
        found.append(f"start workers: reconcile worker; or carry it out here: reconcile worker --run {run.run}")
        found.append(f"or give it up: reconcile runs {run.run} --take-back")
    if run.of == "account" and run.shards.get("withdrawn"):
        found.append("refresh again, if no later refresh took over what this one gave up: reconcile runs")
    if run.finished_at is not None and any(run.outcomes.get(kind) for kind in _KINDS[1:]):
        if run.of == "account":
            return [*found, "refresh again: what was kept before of the accounts in trouble stays until then"]
        found.append("apply again: what was not carried out is planned anew, and what is not known is asked for")
    return found


def runs_fields(runs: Sequence[Progress]) -> dict[str, object]:
    """All of it."""
    return {"runs": [_fields(run) for run in runs]}


def _fields(run: Progress) -> dict[str, object]:
    return {
        "run": run.run,
        "stage": _stage(run).replace(" ", "-"),
        "command": run.command,
        "actor": run.actor,
        "started_at": instant(run.started_at),
        "finished_at": run.finished_at and instant(run.finished_at),
        "planned": run.planned,
        "shards": dict(run.shards),
        f"{run.of}s": run.total,
        "done": run.done,
        "outcomes": {str(kind): run.outcomes[kind] for kind in _KINDS if kind in run.outcomes},
        "workers": list(run.workers),
        "rate": round(run.rate, 3),
        "seconds_left": None if run.seconds_left is None else round(run.seconds_left, 1),
        "failures": [dict(zip(_FAILED[run.of], failed, strict=True)) for failed in run.failures],
        "next": next_steps(run),
    }

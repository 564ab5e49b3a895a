"""What became of the changes of an apply, in words: what is under way with others, and the last line.

Pure values to words, not escaped. Nobody may take a record for a deed, nor what was begun for what is done.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from reconciler.changes import INTENTS, Kind, Trait, traits_of
from reconciler.events import Event
from reconciler.fates import Fate, changes_done, fitting, having, outcomes_of, succeeded
from reconciler.journal import ApplyReport, ChangeReport, OutcomeKind
from reconciler.model import SubscriptionKey
from reconciler.plan import Plan, Verdict
from reconciler.views.timeline import of_time_alone
from reconciler.views.words import DONE, beside_words, counted, listed, no_changes

_LEFT_OVER: Mapping[OutcomeKind, str] = {
    OutcomeKind.FAILED: "failed",
    OutcomeKind.UNKNOWN: "unknown",
    OutcomeKind.INTENDED: "unknown",
    OutcomeKind.SKIPPED: "not tried",
}
"""What was not done, the worst first."""
_MOST = 3
"""Accounts that the last line names."""

TASK, UNDER_WAY = "task issued", "under way"
ABOUT_BEGUN = {
    TASK: "for a person to do, and not done yet: reconcile tasks",
    UNDER_WAY: "begun at the provider, and not done yet; the next apply asks what became of it",
}
"""What people must know of what was begun."""

Noted = Mapping[tuple[SubscriptionKey, Kind], str]
"""How the outcome of a change became known, where that is not plain."""


def noted(report: ApplyReport) -> Noted:
    """The notes of what was done."""
    found = fitting(report.changes, lambda item: bool(item.note) and succeeded(item))
    return {(item.change.key, item.change.kind): item.note or "" for item in found}


def begun(report: ApplyReport) -> dict[str, list[ChangeReport]]:
    """What others have now, tasks first; neither where there is none of it."""
    found: dict[str, list[ChangeReport]] = {TASK: [], UNDER_WAY: []}
    for item in fitting(report.changes, having({OutcomeKind.ACCEPTED})):
        found[TASK if item.change.key.account in report.manual_accounts else UNDER_WAY].append(item)
    return {word: items for word, items in found.items() if items}


def after(plan: Plan, report: ApplyReport | None) -> Plan:
    """The plan without what was pending before an apply, and of which the apply itself tells what became."""
    if not plan.pending:
        return plan
    told = set() if report is None else {(item.change.key, item.change.kind) for item in report.changes}
    left = tuple(item for item in plan.pending if (item.key, item.kind) not in told)
    return plan if len(left) == len(plan.pending) else replace(plan, pending=left)


def error_words(item: ChangeReport | Fate) -> str:
    """Why it was not done, behind the provider's code, and how that became known."""
    said = f"{item.code}: {item.error or ''}".rstrip(": ") if item.code else item.error or ""
    return "; ".join(filter(None, (said, item.note)))


def report_summary(plan: Plan, verdict: Verdict, report: ApplyReport) -> str:
    """The last line of an apply: what was done and where, what was begun, what was not; a record is called no deed."""
    plan = after(plan, report)
    refused = len(plan.changes) - len(verdict.allowed)
    beside = [*beside_words(plan), *([_recorded(report.elapsed)] if report.elapsed else [])]
    if not report.changes:
        return _nothing_tried(plan, verdict, report, refused, beside)
    made, others = _made(report), begun(report)
    rest = [*_left_over(report, len(others.get(UNDER_WAY, ()))), *([f"{refused:,} refused"] if refused else [])]
    tasks = f"{counted(len(others[TASK]), 'task')} issued: reconcile tasks" if TASK in others else ""
    if tasks and not made.words and not rest:
        return f"{'; '.join(filter(None, (tasks, ', '.join(beside))))}."
    word = made.word or ("Begun" if others else "Recorded" if report.elapsed else "Nothing was written")
    others_words = ", ".join([*rest, *beside])
    said = f"{word}: {made.joint.join(filter(None, (made.words, others_words)))}."
    return f"{said}{f' {tasks}.' if tasks else ''}{_only_recorded(made.ledgers)}"


def _left_over(report: ApplyReport, under_way: int) -> list[str]:
    """What is not done, or not yet."""
    left = Counter[str]()
    for outcome, number in outcomes_of(report.changes).items():
        left[_LEFT_OVER.get(outcome, "")] += number
    words = [f"{left[word]:,} {word}" for word in dict.fromkeys(_LEFT_OVER.values()) if left[word]]
    return [f"{under_way:,} {UNDER_WAY}", *words] if under_way else words


def _nothing_tried(plan: Plan, verdict: Verdict, report: ApplyReport, refused: int, beside: list[str]) -> str:
    if refused:
        nothing = "no change was made" if report.elapsed else "nothing was written"
        return f"Refused: {nothing}; {', '.join([f'{refused:,} refused', *beside])}."
    if plan.changes:
        return f"No change was made, {', '.join(beside)}." if report.elapsed else "Nothing was written."
    return no_changes(plan.unchanged, beside, verdict, applying=True)


@dataclass(frozen=True, slots=True)
class _Made:
    """What succeeded: with a vendor, or as a record of ours."""

    word: str
    words: str
    joint: str
    """What parts them from what is not done."""
    ledgers: tuple[str, ...]
    """Ledgers among its accounts."""


def _made(report: ApplyReport) -> _Made:
    ours = {*report.ledger_accounts, *report.manual_accounts}
    deeds, records = Counter[Trait](), Counter[Trait]()
    for trait, number in traits_of(changes_done(report.changes)).items():
        at_vendor = trait.kind in INTENTS and trait.account not in ours
        (deeds if at_vendor else records)[trait] = number
    at = sorted({trait.account for trait in deeds})
    with_vendors = f"{_by_verb(deeds)} at {listed(at, _MOST)}" if deeds else ""
    recorded = f"{'recorded: ' if deeds else ''}{_by_verb(records)}" if records else ""
    both = "; ".join(filter(None, (with_vendors, recorded)))
    ledgers = sorted({trait.account for trait in (*deeds, *records)} & set(report.ledger_accounts))
    word = "Applied" if deeds else "Recorded" if records else ""
    return _Made(word, both, "; " if deeds and records else ", ", tuple(ledgers))


def _by_verb(traits: Mapping[Trait, int]) -> str:
    counts = Counter[Kind]()
    for trait, number in traits.items():
        counts[trait.kind] += number
    return ", ".join(f"{counts[kind]:,} {verb}" for kind, verb in DONE.items() if counts[kind])


def _recorded(events: Sequence[Event]) -> str:
    """How much an apply recorded of what happened without us."""
    of_time = " of time" if of_time_alone(events) else ""
    return f"{len(events):,} {'event' if len(events) == 1 else 'events'}{of_time} recorded"


def _only_recorded(ledgers: Sequence[str]) -> str:
    if not ledgers:
        return ""
    one = len(ledgers) == 1
    return f" Nothing changed at a vendor: {listed(ledgers, _MOST)} {'is a ledger' if one else 'are ledgers'}."

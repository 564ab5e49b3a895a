"""The proof of what is written: the specs as they would be are read, and all that they resolve to is compared.

Pure: reading is handed in by `compose`. But for the pairs that were meant, not one resolved value may differ.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date

from reconciler.accepting.replies import Candidate
from reconciler.desired import DesiredState
from reconciler.diagnostics import Severity
from reconciler.foreign import judge
from reconciler.model import Decision, DesiredSubscription, Intent, SubscriptionKey
from reconciler.schedule import effective
from reconciler.wishes import Converged


def objection(before: DesiredState, after: DesiredState, written: Sequence[Candidate], today: date) -> str | None:
    """What would not be as it should, in words; None: each pair that was written is read, and nothing else moved."""
    found = next((item for item in after.diagnostics if item.severity is Severity.ERROR), None)
    if found is not None:
        return f"the specs would be wrong at {found.location}: {found.summary}"
    more = _findings(after) - _findings(before)
    if more:
        return f"the specs would bring a finding that they do not bring now: {min(more)}"
    if [use.matched for use in before.rules] != [use.matched for use in after.rules]:
        return "a rule would match more subscriptions, or fewer"
    return _moved(before.subscriptions, after.subscriptions, {one.reply.key: one for one in written}, today)


def _findings(desired: DesiredState) -> Counter[str]:
    """By their codes: their words may hold lines, which an edit moves."""
    return Counter(item.code for item in desired.diagnostics)


def _moved(
    before: Mapping[SubscriptionKey, DesiredSubscription],
    after: Mapping[SubscriptionKey, DesiredSubscription],
    written: Mapping[SubscriptionKey, Candidate],
    today: date,
) -> str | None:
    if before.keys() != after.keys():
        return f"{min(before.keys() ^ after.keys())} would come or go"
    for key, wanted in before.items():
        one = written.get(key)
        meant = wanted if one is None else _meant(wanted, one, today)
        if _resolved(after[key]) != _resolved(meant):
            return f"{key} would be read otherwise than it is meant"
        if one is not None and not _converged(after[key], one, today):
            return f"{key} would still be changed by the next apply"
    return None


def _meant(wanted: DesiredSubscription, one: Candidate, today: date) -> DesiredSubscription:
    """As it must be read: the pair alone is another."""
    if one.rewrite.entry is None:
        return replace(wanted, intent=one.intent)
    in_force = max(entry.day for entry in wanted.schedule if entry.day <= today)
    schedule = tuple(replace(entry, intent=one.intent) if entry.day == in_force else entry for entry in wanted.schedule)
    return replace(wanted, schedule=schedule)


def _converged(wanted: DesiredSubscription, one: Candidate, today: date) -> bool:
    intent = effective(wanted, today).intent
    return intent is not None and isinstance(judge(intent, one.case).decision, Converged)


def _resolved(wanted: DesiredSubscription) -> tuple[object, ...]:
    """All that it comes to, without where it stands."""
    return (
        wanted.facts,
        _pair(wanted.intent),
        wanted.id,
        wanted.previously,
        wanted.owner,
        wanted.labels,
        wanted.protect,
        wanted.protect_own,
        tuple((entry.day, _pair(entry.intent)) for entry in wanted.schedule),
        _decided(wanted.decided),
    )


def _pair(intent: Intent | None) -> tuple[object, ...] | None:
    if intent is None:
        return None
    return (intent.recurring, intent.cancel, intent.reason, intent.confirm, intent.own, intent.on_blocked)


def _decided(decision: Decision | None) -> tuple[object, ...] | None:
    return None if decision is None else (decision.day, decision.by, decision.note)

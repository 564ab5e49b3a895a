"""What earlier runs began at outside providers and did not bring to an end: what may be asked, sent again, closed.

Pure. Settling asks the providers (`outside.settling`); here it is decided what a plan and an apply make of the answer.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from reconciler.changes import INTENTS, Change
from reconciler.desired import DesiredState
from reconciler.hand import Closing
from reconciler.journal import OpenIntent
from reconciler.operation_ids import operation_id
from reconciler.plan import Plan, Verdict, approval
from reconciler.safety import Circumstances
from reconciler.stored import StoredState


@dataclass(frozen=True, slots=True)
class Begun:
    """Intents that earlier runs left open, once their providers were asked."""

    late: tuple[OpenIntent, ...] = ()
    """They may still take effect: only the very same change may be sent, under its id, before that is known."""
    asked: tuple[OpenIntent, ...] = ()
    """All that a provider was asked about, whatever it answered."""

    def beyond(self, plan: Plan, approved: Callable[[Change], bool]) -> tuple[OpenIntent, ...]:
        """Those whose subscription the plan would change in a way that nobody approved."""
        more = {change.key for change in plan.changes if change.kind in INTENTS and not approved(change)}
        return tuple(intent for intent in self.asked if intent.key in more)

    def unlike(self, plan: Plan, stored: StoredState) -> tuple[OpenIntent, ...]:
        """Those of the late ones that the plan does not ask for once more, as they are."""
        asked = repeated_ids(stored, plan.changes, self.late).values()
        return tuple(intent for intent in self.late if intent.operation_id not in asked)


NOTHING_BEGUN = Begun()


def ours_to_ask(
    around: Circumstances, as_of: datetime | None, desired: DesiredState, stored: StoredState
) -> frozenset[str]:
    """The outside accounts whose open intents may be settled: in our own store, at the real instant, and as the very
    accounts that they were begun at. What a gate holds shut is not asked either.
    """
    other_store = around.pinned is not None and stored.lineage != around.pinned
    frozen = stored.freeze is not None and stored.freeze.holds(around.now)
    if other_store or frozen or as_of is not None:
        return frozenset()
    return frozenset(
        name
        for name, account in desired.accounts.items()
        if account.outside and stored.accounts.get(name) in (None, (account.provider, account.pin))
    )


def with_open(stored: StoredState, intents: Sequence[OpenIntent]) -> StoredState:
    """The stored state with these open again."""
    return replace(stored, open_intents={**stored.open_intents, **{intent.key: intent for intent in intents}})


def closings(plan: Plan, verdict: Verdict, stored: StoredState) -> tuple[Closing, ...]:
    """The tasks that nobody asks for any more, but where a brake holds everything."""
    stopped = {refusal.scope for refusal in verdict.refused}
    gone = [stored.open_intents[item.key] for item in plan.pending if item.withdrawn]
    closing = [Closing(item, "withdrawn: the specs do not ask for it any more") for item in gone]
    return tuple(item for item in closing if not stopped & {"run", item.intent.key.account})


def repeated_ids(stored: StoredState, changes: Sequence[Change], begun: Sequence[OpenIntent]) -> dict[str, str]:
    """By the operation id that a change has now: the one under which it was begun before, where it is the very same."""
    known = {(item.key, item.kind): item for item in begun}
    if not known:
        return {}
    found = {}
    for change in changes:
        earlier = known.get((change.key, change.kind))
        if earlier is not None and approval(change) == approval(earlier.change):
            found[operation_id(stored.lineage or "", stored.serial, change)] = earlier.operation_id
    return found

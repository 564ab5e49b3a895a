"""What a declared pair means at a provider that cannot tell both ways to end at term apart.

Pure. The pair is projected before it is compared, and the plan says so; what was declared stands in the spec as it is.
"""

from __future__ import annotations

from dataclasses import replace

from reconciler.changes import Kind
from reconciler.model import Cancel, Intent, Recurring
from reconciler.observed import BOTH_ENDS
from reconciler.wishes import Converged, Decision, Move


def projected(intent: Intent, ends: frozenset[Kind], provider: str) -> tuple[Intent, str | None]:
    """The pair as that provider can hold it, and in words what of the declared one it cannot tell; None: nothing."""
    if ends >= BOTH_ENDS or intent.cancel is Cancel.IMMEDIATELY:
        return intent, None
    if Kind.TURN_OFF in ends:
        if intent.cancel is Cancel.AT_RENEWAL:
            said = f"{provider} knows no cancellation at renewal: recurring off is what ends it with its term"
            return replace(intent, recurring=Recurring.OFF, cancel=None), said
        return intent, None
    if intent.recurring is Recurring.OFF and intent.cancel is not Cancel.AT_RENEWAL:
        said = f"{provider} cannot tell recurring off from a cancellation at renewal: both are this one"
        return replace(intent, cancel=Cancel.AT_RENEWAL), said
    if intent.recurring is None and intent.cancel is Cancel.NONE:
        # Without the cancellation it renews: there is no third state.
        return replace(intent, recurring=Recurring.ON), None
    return intent, None


def folded(decision: Decision, ends: frozenset[Kind], recurring: Recurring) -> Decision:
    """The same for a decision that fell back on a cancellation at renewal."""
    if not isinstance(decision, Move) or decision.kind is not Kind.CANCEL_AT_RENEWAL or decision.kind in ends:
        return decision
    if recurring is Recurring.OFF:
        return Converged()
    return Move(Kind.TURN_OFF, Recurring.OFF, Cancel.NONE, decision.instead_of)

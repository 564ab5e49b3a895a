"""What a declared pair asks of a subscription that an outside provider keeps, and whether that only undoes drift.

Pure. The provider says itself what it refuses; the table of wishes is the ledger's own. Must not make changes.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from reconciler.changes import Kind
from reconciler.diagnostics import Diagnostic, warning
from reconciler.model import Cancel, DesiredSubscription, Intent, Recurring, Status, StoredSubscription, money_text
from reconciler.noticing import Noticed
from reconciler.observed import ObservedSubscription, Obstacle
from reconciler.projection import folded, projected
from reconciler.wishes import END_UNDECIDED, Barred, Converged, Decision, Move, Over, decide, fallback, undecided_end

WINDOW_CLOSED = "past-cancellation-window"
UNDECIDED = "end-undecided"


@dataclass(frozen=True, slots=True)
class Case:
    """One subscription as it is judged."""

    provider: str
    seen: ObservedSubscription
    live: StoredSubscription
    """As the changes before leave it."""
    noticed: Noticed | None
    """Beside its stored record; None: there is none yet, and so no drift."""
    now: datetime
    protected: bool


@dataclass(frozen=True, slots=True)
class Ruling:
    """What is to be done."""

    decision: Decision
    said: str | None = None
    """What of the declared pair the provider cannot tell."""
    held: bool = False
    """The move would only undo what somebody did outside."""
    extends: bool = False
    """It leads into a paid extension, and the spec accepts that."""


def judge(intent: Intent, case: Case) -> Ruling:
    """What the intent asks of it."""
    ends, said = case.seen.capabilities.ends, None
    pair = intent
    if not case.live.status.ended:
        pair, said = projected(intent, ends, case.provider)
    decision = _decided(pair, intent, case, case.live)
    if not isinstance(decision, Move):
        barred = isinstance(decision, Barred)
        return Ruling(decision, said if barred else None, held=barred and undoes_drift(intent, case))
    if undoes_drift(intent, case):
        return Ruling(decision, said, held=True)
    if case.seen.busy is not None:
        return Ruling(Barred(decision.kind, "busy", case.seen.busy, "it passes by itself: run again later"))
    trap = case.seen.capabilities.barred.get(Kind.TURN_OFF)
    off = decision.recurring is Recurring.OFF and decision.cancellation is Cancel.NONE
    return Ruling(decision, said, extends=off and trap is not None and trap.code == UNDECIDED)


def undoes_drift(intent: Intent, case: Case) -> bool:
    """Whether the intent asks nothing of the record as we last knew it: whatever it asks now only undoes drift."""
    if case.noticed is None or not case.noticed.drifted_pair:
        return False
    before = case.noticed.baseline
    pair = intent if case.live.status.ended else projected(intent, case.seen.capabilities.ends, case.provider)[0]
    return isinstance(_wished(pair, case, before), Converged | Over)


def _wished(pair: Intent, case: Case, row: StoredSubscription) -> Decision:
    decision = decide(pair, row, case.now, None, protected=case.protected)
    return folded(decision, case.seen.capabilities.ends, row.recurring)


def _decided(pair: Intent, declared: Intent, case: Case, row: StoredSubscription) -> Decision:
    decision = _wished(pair, case, row)
    if isinstance(decision, Barred) and decision.kind is Kind.CANCEL_NOW and decision.code.startswith("confirmation"):
        # Nobody is asked to confirm what the provider would refuse.
        barred = _obstacle(Kind.CANCEL_NOW, declared, case)
        return decision if barred is None else _instead(barred, declared, case, row)
    if isinstance(decision, Converged):
        return _undecided(declared, case, row) or decision
    if not isinstance(decision, Move):
        return decision
    barred = _obstacle(decision.kind, declared, case)
    return decision if barred is None else _instead(barred, declared, case, row)


def _instead(barred: Barred, declared: Intent, case: Case, row: StoredSubscription) -> Decision:
    """What the spec chose beforehand where the provider bars an end at once."""
    window = barred.kind is Kind.CANCEL_NOW and barred.code == WINDOW_CLOSED
    if not window or declared.on_blocked is not Cancel.AT_RENEWAL:
        return barred
    decision = folded(fallback(barred, row), case.seen.capabilities.ends, row.recurring)
    if not isinstance(decision, Move):
        return decision
    return _obstacle(decision.kind, declared, case) or decision


def _obstacle(kind: Kind, declared: Intent, case: Case) -> Barred | None:
    found = case.seen.capabilities.barred.get(kind)
    if found is None or (found.code == UNDECIDED and declared.cancel is Cancel.NONE):
        return None  # who writes `cancel: none` accepts the extension that off alone leads into
    return Barred(kind, found.code, found.detail, found.hint)


def _undecided(declared: Intent, case: Case, row: StoredSubscription) -> Barred | None:
    """Recurring is off already, and that alone leads into a paid extension."""
    found: Obstacle | None = case.seen.capabilities.barred.get(Kind.TURN_OFF)
    standing = row.status is Status.ACTIVE and row.recurring is Recurring.OFF and row.cancellation is Cancel.NONE
    if found is None or found.code != UNDECIDED or not standing:
        return None
    detail = undecided_end(True, declared)
    return None if detail is None else Barred(Kind.TURN_OFF, UNDECIDED, detail, found.hint or END_UNDECIDED)


def unexpected(wanted: DesiredSubscription, live: StoredSubscription, seen: ObservedSubscription) -> list[Diagnostic]:
    """A warning for each fact that the spec states and the provider shows otherwise; what it does not show is none."""
    facts = wanted.facts
    shown = {
        "product": (facts.product, seen.product),
        "term": (facts.term and facts.term.value, seen.length and seen.length.value),
        "billing": (facts.billing and facts.billing.value, seen.billing and seen.billing.value),
        "start": (facts.start and facts.start.isoformat(), seen.started and seen.started.isoformat()),
        "seats": (facts.seats, seen.seats),
        "price": (facts.price and money_text(facts.price), live.price and money_text(live.price)),
    }
    hint = "a fact outside the ledger is an expectation, never a write: mend the spec, or look at the provider"
    return [
        warning(
            "fact-differs",
            "a fact that the provider shows otherwise",
            wanted.fields.get(name, wanted.place),
            detail=f"{wanted.key}: {name} is {there}, the spec says {declared}",
            hint=hint,
        )
        for name, (declared, there) in shown.items()
        if declared is not None and there is not None and declared != there
    ]

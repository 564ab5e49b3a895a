"""What an import asks to record: a registration for what is new, and each difference between a row and its record.

Pure. A row is put as a wish of its own, so that the one table of wishes judges it: what no spec may do, no import may.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from reconciler.build import build_plan
from reconciler.changes import Change, Kind
from reconciler.desired import DesiredState
from reconciler.diagnostics import Diagnostic, warning
from reconciler.importing.rows import ImportedRow, recorded_pair
from reconciler.model import DesiredSubscription, Facts, Intent, Money, StoredSubscription, SubscriptionKey, money_text
from reconciler.plan import Bindings, Plan
from reconciler.rulebook import Rulebook
from reconciler.selection import Selection
from reconciler.stored import StoredState


@dataclass(frozen=True, slots=True)
class Observed:
    """Rows of one account under their keys, with what is known beside them."""

    account: str
    source: str
    """The imported file, as shown."""
    rows: Mapping[SubscriptionKey, ImportedRow]
    declared: Mapping[SubscriptionKey, DesiredSubscription]
    """The specs as they will be, with the new files: each row that has no record stands there."""
    by_hand: bool = False
    """People make the changes of this account: what its specs wish is no fact, and what they were asked no outcome."""

    @property
    def reason(self) -> str:
        """Why each change is recorded, for the journal."""
        return f"import of {self.source}"


def compared(observed: Observed, stored: StoredState, now: datetime, bindings: Bindings, rulebook: Rulebook) -> Plan:
    """Registrations and differences as one plan; what a record does not let happen is blocked, and says why.

    The stored state must stand at now. Listed as unmanaged: records of the account that are in no row.
    """
    wanted = {key: _wanted(key, observed, stored.subscriptions.get(key)) for key in observed.rows}
    of_account = Selection(select=(f"{observed.account}/*",))
    standing = replace(stored, open_intents={}) if observed.by_hand else stored
    plan = build_plan(DesiredState(wanted), standing, now, bindings, rulebook, of_account)
    changes = tuple(
        replace(change, declares=_declares(observed, change), reason=observed.reason) for change in plan.changes
    )
    # A row that says nothing of the pair releases nothing: only specs do.
    unchanged = plan.unchanged + len(plan.released)
    return replace(plan, changes=changes, released=(), declared=frozenset(), unchanged=unchanged)


def _declares(observed: Observed, change: Change) -> bool:
    """Whether the specs declare a pair for it; that a file reports one declares nothing."""
    declared = observed.declared.get(change.key)
    return declared is not None and declared.intent is not None


def _wanted(key: SubscriptionKey, observed: Observed, record: StoredSubscription | None) -> DesiredSubscription:
    row = observed.rows[key]
    if record is not None:
        return _over_record(row, record, observed.reason)
    # A new record is what its spec says, defaults and all, so that nothing is left to do; the row says how it stands.
    declared = observed.declared[key]
    intent = None if observed.by_hand else declared.intent
    if row.states_pair:
        recurring, cancel = recorded_pair(row)
        intent = Intent(recurring, cancel, row.place, observed.reason)
    return replace(declared, place=row.place, intent=intent, previously=None)


def _over_record(row: ImportedRow, record: StoredSubscription, reason: str) -> DesiredSubscription:
    """What the row states, over what is recorded: an empty cell changes nothing, and no label is taken away."""
    usual = record.billing is record.length
    facts = Facts(
        product=row.product,
        term=row.term,
        billing=row.billing or (row.term if usual else record.billing),
        start=row.start,
        seats=row.seats,
        price=row.price,
        last_charge=row.last_charge,
    )
    intent = Intent(row.recurring, row.cancel, row.place, reason, own=False) if row.states_pair else None
    return DesiredSubscription(
        record.key,
        row.place,
        facts,
        intent,
        id=row.id,
        owner=row.owner,
        labels=None if row.labels is None else {**record.labels, **row.labels},
    )


def registrations(plan: Plan) -> tuple[Change, ...]:
    """What is new in it."""
    return tuple(change for change in plan.changes if change.kind is Kind.REGISTER)


def differences(plan: Plan) -> tuple[Change, ...]:
    """What rows say otherwise than their records."""
    return tuple(change for change in plan.changes if change.kind is not Kind.REGISTER)


def overruled(observed: Observed) -> Iterator[Diagnostic]:
    """A warning for each value that a row states and a spec that was there states otherwise: the spec will win."""
    for key, row in sorted(observed.rows.items()):
        declared = observed.declared.get(key)
        if declared is None:
            continue
        for field, said, ours in _stated_otherwise(row, declared):
            place = declared.fields.get(field, declared.place)
            detail = f"{key}: {field} is {said}, {row.place} says {ours}"
            hint = f"the next apply goes by the spec; if the file is right, write {ours} there"
            yield warning(
                "import-overruled", "a spec says otherwise than the imported file", place, detail=detail, hint=hint
            )


def _stated_otherwise(row: ImportedRow, declared: DesiredSubscription) -> Iterator[tuple[str, str, str]]:
    facts = declared.facts
    pairs: dict[str, tuple[object, object]] = {
        "product": (facts.product, row.product),
        "term": (facts.term, row.term),
        "billing": (facts.billing or facts.term, row.billing),
        "start": (facts.start, row.start),
        "seats": (facts.seats, row.seats),
        "price": (_amount(facts.price), _amount(row.price)),
        "last_charge": (_amount(facts.last_charge), _amount(row.last_charge)),
        "owner": (declared.owner, row.owner),
        "id": (declared.id, row.id),
    }
    for field, (said, ours) in pairs.items():
        if said is not None and ours is not None and said != ours:
            yield field, str(said), str(ours)
    for label, value in sorted((row.labels or {}).items()):
        other = (declared.labels or {}).get(label)
        if other is not None and other != value:
            yield "labels", f"{label}={other}", f"{label}={value}"


def _amount(money: Money | None) -> str | None:
    return None if money is None else money_text(money)

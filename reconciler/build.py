"""Compares what is desired with what is stored, and decides every change: the one place where a Plan is made.

Pure: now is handed in, nothing is read or written. Each change is judged on what the ones before it leave.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from typing import assert_never

from reconciler.changes import Blocked, Change, JsonValue, Kind, Listed, Risk
from reconciler.desired import DesiredState
from reconciler.diagnostics import Diagnostic, Place
from reconciler.identity import Records
from reconciler.lifecycle import at, carried_out, term_days, term_over
from reconciler.model import (
    Cancel,
    DesiredSubscription,
    Intent,
    Recurring,
    Status,
    StoredSubscription,
    SubscriptionKey,
    money_text,
)
from reconciler.plan import Bindings, Plan
from reconciler.selection import EVERYTHING, Selection
from reconciler.stored import StoredState
from reconciler.wishes import Barred, Converged, Move, Over, decide


def build_plan(
    desired: DesiredState,
    stored: StoredState,
    now: datetime,
    bindings: Bindings,
    selection: Selection = EVERYTHING,
    headlines: tuple[str, ...] = (),
) -> Plan:
    """Everything that the specs ask of the stored state at now, in plan order. The same inputs give the same plan."""
    records = Records(desired, stored)
    draft = _Draft(now, records)
    chosen = selection.keys()
    for key in sorted(desired.subscriptions):
        wanted = desired.subscriptions[key]
        if chosen(key) and selection.holds(wanted.place):
            draft.consider(wanted)
    return Plan(
        as_of=now,
        bindings=bindings,
        changes=tuple(draft.changes),
        blocked=tuple(draft.blocked),
        released=tuple(draft.released),
        ended=tuple(draft.ended),
        # A record lies in no file: a run that is narrowed to paths says nothing about the unmanaged ones.
        unmanaged=() if selection.paths else tuple(filter(chosen, records.unclaimed)),
        unchanged=draft.unchanged,
        headlines=headlines,
        rules=desired.rules,
        diagnostics=(*desired.diagnostics, *stored.diagnostics, *draft.diagnostics),
        declared=frozenset(draft.declared),
    )


@dataclass(slots=True)
class _Draft:
    """A plan in the making: grows by one subscription at a time."""

    now: datetime
    records: Records
    changes: list[Change] = field(default_factory=list)
    blocked: list[Blocked] = field(default_factory=list)
    released: list[Listed] = field(default_factory=list)
    ended: list[Listed] = field(default_factory=list)
    diagnostics: list[Diagnostic] = field(default_factory=list)
    declared: set[SubscriptionKey] = field(default_factory=set)
    unchanged: int = 0

    def consider(self, wanted: DesiredSubscription) -> None:
        """Decide everything about one declared subscription."""
        found = self.records.of(wanted)
        if found.warning is not None:
            self.diagnostics.append(found.warning)
        if found.barred is not None:
            self._block(wanted, found.barred)
            return
        before = len(self.changes)
        try:
            if found.row is None:
                self._register(wanted)
            else:
                self._compare(wanted, found.row)
        except OverflowError as error:
            del self.changes[before:]
            kind = Kind.REGISTER if found.row is None else Kind.CORRECT
            self._block(wanted, Barred(kind, "beyond-calendar", str(error), "check its `start` and `term`"))

    def _register(self, wanted: DesiredSubscription) -> None:
        intent = wanted.intent
        if intent is not None and intent.cancel is Cancel.IMMEDIATELY:
            detail = "it is not recorded, so there is nothing to cancel"
            hint = "register it without `cancel` first, or remove it"
            self._block(wanted, Barred(Kind.REGISTER, "nothing-to-cancel", detail, hint), intent.place)
            return
        self.changes.append(_registration(wanted, self.now))

    def _compare(self, wanted: DesiredSubscription, stored: StoredSubscription) -> None:
        before = len(self.changes)
        row = at(stored, self.now)
        if row.key != wanted.key:
            row = self._step(_rename(wanted, row), row)
        row = self._step(_correction(wanted, row), row)
        # Protection as it stood before this run counts: an own `protect: false` frees only a later one.
        protected = row.protected or wanted.protect is True
        row = self._step(_update(wanted, row), row)
        listed = self._intend(wanted, row, protected=protected)
        if not listed and len(self.changes) == before:
            self.unchanged += 1
        if wanted.intent is not None and not row.declared:
            self.declared.add(wanted.key)

    def _step(self, change: Change | None, row: StoredSubscription) -> StoredSubscription:
        """The record after a change that may not be needed."""
        if change is None:
            return row
        after = carried_out(change, row, self.now)
        moved = change.kind is Kind.CORRECT and after.term != row.term
        self.changes.append(
            replace(change, impact=_term_impact(after.term.start.date(), after.term.end.date())) if moved else change
        )
        return after

    def _intend(self, wanted: DesiredSubscription, row: StoredSubscription, *, protected: bool) -> bool:
        """Decide about the pair; whether the subscription was listed or blocked rather than unchanged."""
        intent = wanted.intent
        if intent is None:
            if row.declared and not row.status.ended:
                self.released.append(_released(wanted, row, self.now))
                return True
            return False
        decision = decide(intent, row, self.now, protected=protected)
        match decision:
            case Converged():
                return False
            case Move():
                self.changes.append(_intent_change(wanted, intent, decision, row))
                return True
            case Over(detail):
                hint = "write `recurring: on` among its own keys to bring it back"
                self.ended.append(Listed(wanted.key, detail, hint, intent.place, row.product))
                return True
            case Barred():
                self._block(wanted, decision, intent.place, row.product)
                return True
            case _:  # pragma: no cover - mypy proves it unreachable
                assert_never(decision)

    def _block(
        self, wanted: DesiredSubscription, barred: Barred, place: Place | None = None, product: str | None = None
    ) -> None:
        self.blocked.append(
            Blocked(
                wanted.key,
                barred.kind,
                barred.code,
                barred.detail,
                barred.hint,
                place or wanted.place,
                product if product is not None else wanted.facts.product or "",
            )
        )


def _registration(wanted: DesiredSubscription, now: datetime) -> Change:
    facts, intent = wanted.facts, wanted.intent
    if facts.product is None or facts.term is None or facts.start is None:
        raise ValueError(f"{wanted.key} lacks a fact that the specs must have given")
    cancel = Cancel.AT_RENEWAL if intent is not None and intent.cancel is Cancel.AT_RENEWAL else Cancel.NONE
    off = intent is not None and (intent.recurring is Recurring.OFF or cancel is Cancel.AT_RENEWAL)
    after: dict[str, JsonValue] = {
        "product": facts.product,
        "term": facts.term.value,
        "billing": (facts.billing or facts.term).value,
        "start": facts.start.isoformat(),
        "recurring": (Recurring.OFF if off else Recurring.ON).value,
        "cancellation": cancel.value,
    }
    after |= _updatable(wanted)
    return Change(
        wanted.key,
        Kind.REGISTER,
        {},
        after,
        wanted.place,
        reason=intent.reason if intent else None,
        external_id=wanted.id,
        product=facts.product,
        declares=intent is not None,
        impact=_term_impact(*term_days(facts.start, facts.term, now.astimezone(UTC).date())),
    )


def _updatable(wanted: DesiredSubscription) -> dict[str, JsonValue]:
    """What an `update` may set, as far as the specs declare it."""
    facts = wanted.facts
    declared: dict[str, JsonValue] = {}
    if facts.seats is not None:
        declared["seats"] = facts.seats
    if facts.price is not None:
        declared["price"] = money_text(facts.price)
    if wanted.owner is not None:
        declared["owner"] = wanted.owner
    if wanted.labels:
        declared["labels"] = dict(sorted(wanted.labels.items()))
    if wanted.protect:
        declared["protected"] = True
    return declared


def _rename(wanted: DesiredSubscription, former: StoredSubscription) -> Change:
    return Change(
        wanted.key,
        Kind.RENAME,
        {"name": former.key.name},
        {"name": wanted.key.name},
        wanted.fields.get("previously", wanted.place),
        external_id=former.id,
        product=former.product,
    )


def _correction(wanted: DesiredSubscription, row: StoredSubscription) -> Change | None:
    """Facts of the record that the specs state otherwise. Billing not stated means the term's length."""
    facts = wanted.facts
    length = facts.term or row.length
    stated: dict[str, tuple[JsonValue, JsonValue]] = {
        "product": (row.product, facts.product or row.product),
        "term": (row.length.value, length.value),
        "billing": (row.billing.value, (facts.billing or length).value),
        "start": (row.start.isoformat(), (facts.start or row.start).isoformat()),
    }
    return _moved(wanted, row, Kind.CORRECT, stated)


def _update(wanted: DesiredSubscription, row: StoredSubscription) -> Change | None:
    """What the specs declare beside the facts that identify a purchase; what they do not declare stays as stored."""
    stored: dict[str, JsonValue] = {
        "id": row.id,
        "seats": row.seats,
        "price": None if row.price is None else money_text(row.price),
        "owner": row.owner,
        "labels": dict(sorted(row.labels.items())),
        "protected": row.protected,
    }
    declared = _updatable(wanted)
    if wanted.labels is not None:
        declared["labels"] = dict(sorted(wanted.labels.items()))
    if wanted.protect is False and wanted.protect_own:
        declared["protected"] = False
    if wanted.id is not None:
        declared["id"] = wanted.id
    return _moved(wanted, row, Kind.UPDATE, {name: (stored[name], value) for name, value in declared.items()})


def _moved(
    wanted: DesiredSubscription,
    row: StoredSubscription,
    kind: Kind,
    stated: Mapping[str, tuple[JsonValue, JsonValue]],
) -> Change | None:
    differing = {name: pair for name, pair in stated.items() if pair[0] != pair[1]}
    if not differing:
        return None
    return Change(
        wanted.key,
        kind,
        {name: old for name, (old, _) in differing.items()},
        {name: new for name, (_, new) in differing.items()},
        _first_place(wanted, differing),
        external_id=row.id,
        product=row.product,
    )


def _first_place(wanted: DesiredSubscription, names: Iterable[str]) -> Place:
    for name in names:
        place = wanted.fields.get("protect" if name == "protected" else name)
        if place is not None:
            return place
    return wanted.place


def _intent_change(wanted: DesiredSubscription, intent: Intent, move: Move, row: StoredSubscription) -> Change:
    before: dict[str, JsonValue] = {"recurring": row.recurring.value, "cancellation": row.cancellation.value}
    after: dict[str, JsonValue] = {"recurring": move.recurring.value, "cancellation": move.cancellation.value}
    risk = Risk.REVERSIBLE_UNTIL
    impact: dict[str, object] = {"until": row.term.end.date().isoformat()}
    if move.kind is Kind.CANCEL_NOW or move.kind is Kind.REACTIVATE:
        before["status"] = row.status.value
        after["status"] = (Status.DISABLED if move.kind is Kind.CANCEL_NOW else Status.ACTIVE).value
        # A cancellation now cannot be taken back, nor can the new term that a reactivation starts.
        risk = Risk.IRREVERSIBLE
        impact = {"loses_access": True} if move.kind is Kind.CANCEL_NOW else {}
    elif move.recurring is Recurring.OFF:
        impact["last_day"] = (row.term.end.date() - timedelta(days=1)).isoformat()
    else:
        impact["renews"] = row.term.end.date().isoformat()
    return Change(
        wanted.key,
        move.kind,
        before,
        after,
        intent.place,
        risk=risk,
        reason=intent.reason,
        external_id=row.id,
        product=row.product,
        declares=True,
        impact=impact,
    )


def _released(wanted: DesiredSubscription, row: StoredSubscription, now: datetime) -> Listed:
    end = row.term.end.date().isoformat()
    last = (row.term.end.date() - timedelta(days=1)).isoformat()
    if term_over(row, now):
        detail = f"no file declares its renewal any more: recurring is off, and its last day was {last}"
        return Listed(wanted.key, detail, "a new purchase is a subscription of its own", wanted.place, row.product)
    if row.cancellation is Cancel.AT_RENEWAL:
        stays, other = f"it stays cancelled at renewal; its last day is {last}", "cancel: none"
    elif row.recurring is Recurring.OFF:
        stays, other = f"recurring stays off; its last day is {last}", "recurring: on"
    else:
        stays, other = f"recurring stays on; it renews {end}", "recurring: off"
    hint = f"to change that, write `{other}` among its own keys"
    return Listed(wanted.key, f"no file declares its renewal any more: {stays}", hint, wanted.place, row.product)


def _term_impact(start: date, end: date) -> dict[str, object]:
    return {"term_start": start.isoformat(), "term_end": end.isoformat()}

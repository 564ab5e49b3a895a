"""Compares what is desired with what is stored, and decides every change: the one place where a Plan is made.

Pure: now is handed in, nothing is read or written. Each change is judged on what the ones before it leave.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import assert_never

from reconciler.changes import INTENTS, Blocked, Change, Kind, Listed, Scheduled
from reconciler.desired import DesiredState
from reconciler.diagnostics import Diagnostic, Place
from reconciler.due import idle_decisions, renewals_due
from reconciler.effects import carried_out
from reconciler.identity import Records
from reconciler.impact import assess, totals
from reconciler.lifecycle import extends
from reconciler.model import (
    Cancel,
    DesiredSubscription,
    Intent,
    Recurring,
    StoredSubscription,
    SubscriptionKey,
    money_text,
)
from reconciler.money import amount_of_term, extension_amount
from reconciler.plan import Bindings, Plan
from reconciler.policy import Lifecycle
from reconciler.proposals import correction, intent_change, registration, released, rename, update
from reconciler.rulebook import Rulebook
from reconciler.schedule import effective, foreseen, shadowed, to_come
from reconciler.selection import EVERYTHING, Selection
from reconciler.stored import StoredState
from reconciler.wishes import END_UNDECIDED, Barred, Converged, Move, Over, decide, last_day, undecided_end

DUE_WITHIN = timedelta(days=30)
"""How far every plan looks ahead for renewals that nobody has decided."""


def build_plan(
    desired: DesiredState,
    stored: StoredState,
    now: datetime,
    bindings: Bindings,
    rulebook: Rulebook,
    selection: Selection = EVERYTHING,
) -> Plan:
    """Everything that the specs ask of the stored state, which stands at now (see `elapsed.elapse`), in plan order.

    The same inputs give the same plan.
    """
    records = Records(desired, stored)
    draft = _Draft(now, records, rulebook)
    chosen = selection.keys()
    for key in sorted(desired.subscriptions):
        wanted = desired.subscriptions[key]
        if chosen(key) and selection.holds(wanted.place):
            draft.consider(wanted)
    # A record lies in no file: a run that is narrowed to paths says nothing about the unmanaged ones.
    unmanaged = () if selection.paths else tuple(filter(chosen, records.unclaimed))
    rows = draft.left | {key: stored.subscriptions[key] for key in unmanaged}
    found = (*desired.diagnostics, *stored.diagnostics, *draft.diagnostics)
    return replace(
        draft.plan(bindings),
        due=renewals_due(rows, desired, rulebook, now, DUE_WITHIN, monthly=False),
        unmanaged=unmanaged,
        rules=desired.rules,
        diagnostics=(*found, *idle_decisions(rows, desired, rulebook, now)),
    )


@dataclass(slots=True)
class _Draft:
    """A plan in the making: grows by one subscription at a time."""

    now: datetime
    records: Records
    rulebook: Rulebook
    left: dict[SubscriptionKey, StoredSubscription] = field(default_factory=dict)
    """The records of what was considered, as the changes leave them."""
    scheduled: list[Scheduled] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)
    blocked: list[Blocked] = field(default_factory=list)
    released: list[Listed] = field(default_factory=list)
    ended: list[Listed] = field(default_factory=list)
    diagnostics: list[Diagnostic] = field(default_factory=list)
    declared: set[SubscriptionKey] = field(default_factory=set)
    unchanged: int = 0

    def plan(self, bindings: Bindings) -> Plan:
        """What was decided so far."""
        return Plan(
            as_of=self.now,
            bindings=bindings,
            changes=tuple(self.changes),
            blocked=tuple(self.blocked),
            released=tuple(self.released),
            ended=tuple(self.ended),
            scheduled=tuple(sorted(self.scheduled, key=lambda item: (item.on, item.key))),
            totals=totals(self.changes),
            unchanged=self.unchanged,
            declared=frozenset(self.declared),
        )

    def consider(self, wanted: DesiredSubscription) -> None:
        """Decide everything about one declared subscription."""
        found = self.records.of(wanted)
        if found.warning is not None:
            self.diagnostics.append(found.warning)
        if found.row is not None:
            self.left[wanted.key] = found.row
        if found.barred is not None:
            self._block(wanted, found.barred)
            return
        before = len(self.changes)
        if wanted.schedule:
            wanted = self._as_scheduled(wanted)
        try:
            row = self._register(wanted) if found.row is None else self._compare(wanted, found.row)
            if row is not None:
                self.left[wanted.key] = row
                if wanted.schedule:
                    self._foresee(wanted, row)
        except OverflowError as error:
            del self.changes[before:]
            kind = Kind.REGISTER if found.row is None else Kind.CORRECT
            self._block(wanted, Barred(kind, "beyond-calendar", str(error), "check its `start` and `term`"))

    def _as_scheduled(self, wanted: DesiredSubscription) -> DesiredSubscription:
        void = shadowed(wanted, self.now.date())
        if void is not None:
            self.diagnostics.append(void)
        return effective(wanted, self.now.date())

    def _foresee(self, wanted: DesiredSubscription, row: StoredSubscription) -> None:
        scheduled, warnings = foreseen(wanted, row, self.rulebook, self.now)
        self.scheduled += scheduled
        self.diagnostics += warnings

    def _lifecycle(self, wanted: DesiredSubscription) -> Lifecycle | None:
        return self.rulebook.lifecycles.get(wanted.key.account)

    def _register(self, wanted: DesiredSubscription) -> StoredSubscription | None:
        intent = wanted.intent
        if intent is not None and intent.cancel is Cancel.IMMEDIATELY:
            detail = "it is not recorded, so there is nothing to cancel"
            hint = "register it without `cancel` first, or remove it"
            self._block(wanted, Barred(Kind.REGISTER, "nothing-to-cancel", detail, hint), intent.place)
            return None
        change = registration(wanted)
        row = carried_out(change, None, self.now)
        lifecycle = self._lifecycle(wanted)
        undecided = lifecycle and undecided_end(extends(row, lifecycle), intent)
        if intent is not None and undecided:
            barred = Barred(Kind.REGISTER, "end-undecided", undecided, END_UNDECIDED)
            self._block(wanted, self._priced(barred, row), intent.place)
            return None
        self.changes.append(replace(change, impact=assess(change, None, row, self.rulebook, self.now)))
        return row

    def _compare(self, wanted: DesiredSubscription, row: StoredSubscription) -> StoredSubscription:
        before, stored = len(self.changes), row
        if row.key != wanted.key:
            row = self._step(rename(wanted, row), row)
        corrected = correction(wanted, row)
        late = corrected and _too_late(corrected, row, self.now)
        if corrected is not None and late:
            del self.changes[before:]
            self._block(wanted, late, corrected.place, stored.product)
            return stored
        row = self._step(corrected, row)
        # Protection as it stood before this run counts: an own `protect: false` frees only a later one.
        protected = row.protected or wanted.protect is True
        row = self._step(update(wanted, row), row)
        if wanted.intent is not None and not row.declared:
            self.declared.add(wanted.key)
        listed, row = self._intend(wanted, row, protected=protected)
        self._weigh(stored, before)
        if not listed and len(self.changes) == before:
            self.unchanged += 1
        return row

    def _priced(self, barred: Barred, row: StoredSubscription) -> Barred:
        """An end that is not decided, with the price of the extension that would follow."""
        if barred.code != "end-undecided":
            return barred
        money = extension_amount(row, self.rulebook).money
        price = "its price is not known" if money is None else f"{money_text(money)} a month"
        return replace(barred, hint=f"{barred.hint} ({price})")

    def _weigh(self, stored: StoredSubscription, begin: int) -> None:
        """Limits in money count a change of the pair by what a term cost before this plan, where that is more."""
        last = self.changes[-1] if len(self.changes) > begin else None
        if last is None or last.kind not in INTENTS or last.impact is None or last.impact.value is None:
            return
        was, now = amount_of_term(stored, self.rulebook), last.impact.value.money
        if was.money is not None and (now is None or now.currency != was.money.currency or now.minor < was.money.minor):
            self.changes[-1] = replace(last, impact=replace(last.impact, weighed=was))

    def _step(self, change: Change | None, row: StoredSubscription) -> StoredSubscription:
        """The record after a change that may not be needed; the change is noted with what follows from it."""
        if change is None:
            return row
        after = carried_out(change, row, self.now)
        self.changes.append(replace(change, impact=assess(change, row, after, self.rulebook, self.now)))
        return after

    def _intend(
        self, wanted: DesiredSubscription, row: StoredSubscription, *, protected: bool
    ) -> tuple[bool, StoredSubscription]:
        """Decide about the pair; whether the subscription was listed or blocked rather than unchanged, and its row."""
        intent = wanted.intent
        if intent is None:
            let_go = row.declared and not row.status.ended and not to_come(wanted, self.now.date())
            if let_go:
                self.released.append(released(wanted, row))
            return let_go, row
        lifecycle = self._lifecycle(wanted)
        decision = decide(intent, row, self.now, lifecycle, protected=protected)
        match decision:
            case Converged():
                return False, row
            case Move():
                return True, self._move(wanted, intent, decision, row, lifecycle)
            case Over(detail):
                hint = "write `recurring: on` among its own keys to bring it back"
                self.ended.append(Listed(wanted.key, detail, hint, intent.place, row.product))
                return True, row
            case Barred():
                self._block(wanted, self._priced(decision, row), intent.place, row.product)
                return True, row
            case _:  # pragma: no cover - mypy proves it unreachable
                assert_never(decision)

    def _move(
        self,
        wanted: DesiredSubscription,
        intent: Intent,
        move: Move,
        row: StoredSubscription,
        lifecycle: Lifecycle | None,
    ) -> StoredSubscription:
        today, start = self.now.date(), row.term.start.date()
        gone = lifecycle is not None and lifecycle.disabled_after_cancel_now.at(today, start) == 0
        after = self._step(intent_change(wanted, intent, move, row, gone=gone), row)
        last = self.changes[-1]
        if move.instead_of is not None and last.impact is not None:
            self.changes[-1] = replace(last, impact=replace(last.impact, instead_of=move.instead_of))
        return after

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


def _too_late(change: Change, row: StoredSubscription, now: datetime) -> Barred | None:
    """Why dates cannot be corrected any more: the record is past its last term, or would be by the corrected dates."""
    if not change.after.keys() & {"start", "term"}:
        return None
    hint = "take the correction back; or drop the record, `reconcile forget`, and register it anew"
    if row.status.ended or row.extended:
        stage = "in a paid extension" if row.extended else str(row.status)
        return Barred(Kind.CORRECT, "dates-of-ended", f"it is {stage}: its last term is over", hint)
    end = carried_out(change, row, now).term.end
    if row.recurring is Recurring.OFF and now >= end:
        detail = f"recurring is off, and by the corrected dates its last day was {last_day(end)}"
        return Barred(Kind.CORRECT, "dates-of-ended", detail, hint)
    return None

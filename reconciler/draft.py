"""A plan in the making: what is decided of one subscription after the other, each change on what those before leave.

Pure. Of records that are ours it decides itself; of outside ones `abroad` does, with the same means.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING, assert_never

from reconciler.changes import INTENTS, Blocked, Change, Drift, Kind, Listed, Pending, Scheduled, change_with
from reconciler.desired import DesiredState
from reconciler.diagnostics import Diagnostic, Location, Place
from reconciler.effects import carried_out
from reconciler.events import Event
from reconciler.identity import Found, Records
from reconciler.impact import assess, totals
from reconciler.journal import OpenIntent
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
from reconciler.settings import MANUAL
from reconciler.stored import StoredState
from reconciler.wishes import END_UNDECIDED, Barred, Converged, Decision, Move, Over, decide, last_day, undecided_end

if TYPE_CHECKING:
    from reconciler.tasks import Task


BY_HAND = "an apply issues a task for this: somebody does it by hand, and says so"
"""Beside a change that nobody but a person can make."""


@dataclass(slots=True)
class Draft:
    """A plan in the making: grows by one subscription at a time."""

    now: datetime
    desired: DesiredState
    stored: StoredState
    rulebook: Rulebook
    records: Records = field(init=False)
    left: dict[SubscriptionKey, StoredSubscription] = field(default_factory=dict)
    """The records of what was considered, as the changes leave them."""
    scheduled: list[Scheduled] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)
    blocked: list[Blocked] = field(default_factory=list)
    released: list[Listed] = field(default_factory=list)
    ended: list[Listed] = field(default_factory=list)
    diagnostics: list[Diagnostic] = field(default_factory=list)
    declared: set[SubscriptionKey] = field(default_factory=set)
    held: list[Listed] = field(default_factory=list)
    drift: list[Drift] = field(default_factory=list)
    elapsed: list[Event] = field(default_factory=list)
    """Of outside records; what time did to ours, nobody needs to decide."""
    pending: list[Pending] = field(default_factory=list)
    settled: dict[SubscriptionKey, StoredSubscription] = field(default_factory=dict)
    unchanged: int = 0

    def __post_init__(self) -> None:
        """Index the records once."""
        self.records = Records(self.desired, self.stored)

    @contextmanager
    def at(self, instant: datetime) -> Iterator[None]:
        """While it lasts, it is another instant: a ledger's may be ahead of the real one."""
        before, self.now = self.now, instant
        try:
            yield
        finally:
            self.now = before

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
            held=tuple(self.held),
            drift=tuple(self.drift),
            elapsed=tuple(sorted(self.elapsed, key=lambda event: (event.key, event.at))),
            pending=tuple(sorted(self.pending, key=lambda item: (not item.overdue, item.key))),
            settled=self.settled,
        )

    def look_up(self, wanted: DesiredSubscription) -> Found | None:
        """What is stored for it, with what is to be warned of; None: nothing can be done about it, which is noted."""
        found = self.records.of(wanted)
        if found.warning is not None:
            self.diagnostics.append(found.warning)
        if found.row is not None:
            self.left[wanted.key] = found.row
        if found.barred is not None:
            self.block(wanted, found.barred)
            return None
        return found

    def consider(self, wanted: DesiredSubscription) -> None:
        """Decide everything about one declared subscription whose record is ours."""
        found = self.look_up(wanted)
        if found is None:
            return
        begun = self.stored.open_intents.get(wanted.key)
        if begun is not None and not self.by_hand(wanted.key.account):
            self.block(wanted, outcome_unknown(begun))
            return
        before = len(self.changes)
        if wanted.schedule:
            wanted = self.as_scheduled(wanted)
        try:
            row = self._register(wanted) if found.row is None else self._compare(wanted, found.row)
            if row is not None:
                self.left[wanted.key] = row
                if wanted.schedule:
                    self.foresee(wanted, row)
        except OverflowError as error:
            del self.changes[before:]
            kind = Kind.REGISTER if found.row is None else Kind.CORRECT
            self.block(wanted, Barred(kind, "beyond-calendar", str(error), "check its `start` and `term`"))

    def by_hand(self, account: str) -> bool:
        """Whether people make the changes of this account; of one that is declared no more, as it was recorded."""
        known = self.desired.accounts.get(account)
        return (self.stored.accounts.get(account, ("",))[0] if known is None else known.provider) == MANUAL

    def as_scheduled(self, wanted: DesiredSubscription) -> DesiredSubscription:
        """With what a dated entry in force says."""
        void = shadowed(wanted, self.now.date())
        if void is not None:
            self.diagnostics.append(void)
        return effective(wanted, self.now.date())

    def foresee(self, wanted: DesiredSubscription, row: StoredSubscription) -> None:
        """Tell what its dated entries will do."""
        scheduled, warnings = foreseen(wanted, row, self.rulebook, self.now)
        self.scheduled += scheduled
        self.diagnostics += warnings

    def _lifecycle(self, wanted: DesiredSubscription) -> Lifecycle | None:
        return self.rulebook.ruling(wanted.key.account)

    def _register(self, wanted: DesiredSubscription) -> StoredSubscription | None:
        intent = wanted.intent
        if intent is not None and intent.cancel is Cancel.IMMEDIATELY:
            detail = "it is not recorded, so there is nothing to cancel"
            hint = "register it without `cancel` first, or remove it"
            self.block(wanted, Barred(Kind.REGISTER, "nothing-to-cancel", detail, hint), intent.place)
            return None
        if intent is not None and self.by_hand(wanted.key.account):
            return self._register_by_hand(wanted)
        change = registration(wanted)
        row = carried_out(change, None, self.now)
        lifecycle = self._lifecycle(wanted)
        undecided = lifecycle and undecided_end(extends(row, lifecycle), intent)
        if intent is not None and undecided:
            barred = Barred(Kind.REGISTER, "end-undecided", undecided, END_UNDECIDED)
            self.block(wanted, self.priced(barred, row), intent.place)
            return None
        self.note(change, None, row)
        return row

    def _register_by_hand(self, wanted: DesiredSubscription) -> StoredSubscription:
        """Where people make the changes, a wish is no fact: the record renews until somebody has seen to it."""
        change = replace(registration(replace(wanted, intent=None)), declares=True)
        row = carried_out(change, None, self.now)
        self.note(change, None, row)
        return self._intend(wanted, row, protected=wanted.protect is True)[1]

    def _compare(self, wanted: DesiredSubscription, row: StoredSubscription) -> StoredSubscription:
        before, stored = len(self.changes), row
        if row.key != wanted.key:
            row = self.step(rename(wanted, row), row)
        corrected = correction(wanted, row)
        late = corrected and _too_late(corrected, row, self.now)
        if corrected is not None and late:
            del self.changes[before:]
            self.block(wanted, late, corrected.place, stored.product)
            return stored
        row = self.step(corrected, row)
        # Protection as it stood before this run counts: an own `protect: false` frees only a later one.
        protected = row.protected or wanted.protect is True
        row = self.step(update(wanted, row), row)
        if wanted.intent is not None and not row.declared:
            self.declared.add(wanted.key)
        listed, row = self._intend(wanted, row, protected=protected)
        self.weigh(stored, before)
        if not listed and len(self.changes) == before:
            self.unchanged += 1
        return row

    def priced(self, barred: Barred, row: StoredSubscription) -> Barred:
        """An end that is not decided, with the price of the extension that would follow."""
        if barred.code != "end-undecided":
            return barred
        money = extension_amount(row, self.rulebook).money
        price = "its price is not known" if money is None else f"{money_text(money)} a month"
        return replace(barred, hint=f"{barred.hint} ({price})")

    def weigh(self, stored: StoredSubscription, begin: int) -> None:
        """Limits in money count a change of the pair by what a term cost before this plan, where that is more."""
        last = self.changes[-1] if len(self.changes) > begin else None
        if last is None or last.kind not in INTENTS or last.impact is None or last.impact.value is None:
            return
        was, now = amount_of_term(stored, self.rulebook), last.impact.value.money
        if was.money is not None and (now is None or now.currency != was.money.currency or now.minor < was.money.minor):
            self.changes[-1] = replace(last, impact=replace(last.impact, weighed=was))

    def step(self, change: Change | None, row: StoredSubscription) -> StoredSubscription:
        """The record after a change that may not be needed; the change is noted with what follows from it."""
        if change is None:
            return row
        after = carried_out(change, row, self.now)
        self.note(change, row, after)
        return after

    def note(self, change: Change, before: StoredSubscription | None, after: StoredSubscription) -> None:
        """Take a change into the plan, with what follows from it."""
        self.changes.append(change_with(change, impact=assess(change, before, after, self.rulebook, self.now)))

    def _intend(
        self, wanted: DesiredSubscription, row: StoredSubscription, *, protected: bool
    ) -> tuple[bool, StoredSubscription]:
        """Decide about the pair; whether the subscription was listed or blocked rather than unchanged, and its row."""
        intent = wanted.intent
        task = self.stored.open_intents.get(wanted.key)
        if intent is None:
            if task is not None:
                self.pending.append(let_go_task(task, wanted.place, wanted.owner))
            let_go = row.declared and not row.status.ended and not to_come(wanted, self.now.date())
            if let_go:
                self.released.append(released(wanted, row))
            return let_go, row
        lifecycle = self._lifecycle(wanted)
        decision = decide(intent, row, self.now, lifecycle, protected=protected)
        if task is not None:
            self.pending.append(pending_task(task, wanted, decision, self.now))
            if not self.pending[-1].withdrawn:
                return True, row
        match decision:
            case Converged():
                return False, row
            case Move():
                return True, self.move(wanted, intent, decision, row, lifecycle)
            case Over(detail):
                hint = "write `recurring: on` among its own keys to bring it back"
                self.ended.append(Listed(wanted.key, detail, hint, intent.place, row.product))
                return True, row
            case Barred():
                self.block(wanted, self.priced(decision, row), intent.place, row.product)
                return True, row
            case _:  # pragma: no cover - mypy proves it unreachable
                assert_never(decision)

    def let_go_of_tasks(self, keys: Iterable[SubscriptionKey]) -> None:
        """Of records that no file declares any more, or that were forgotten: a person's task for one is taken back."""
        for key in keys:
            task = self.stored.open_intents[key]
            if key not in self.desired.subscriptions and task.token is not None and self.by_hand(key.account):
                row = self.stored.subscriptions.get(key)
                owner = None if row is None else row.owner
                self.pending.append(let_go_task(task, task.source or Location(""), owner))

    def move(
        self,
        wanted: DesiredSubscription,
        intent: Intent,
        move: Move,
        row: StoredSubscription,
        lifecycle: Lifecycle | None,
    ) -> StoredSubscription:
        """Note the change of the pair; the record that it leaves."""
        today, start = self.now.date(), row.term.start.date()
        gone = lifecycle is not None and lifecycle.disabled_after_cancel_now.at(today, start) == 0
        after = self.step(intent_change(wanted, intent, move, row, gone=gone), row)
        last = self.changes[-1]
        if move.instead_of is not None and last.impact is not None:
            self.changes[-1] = replace(last, impact=replace(last.impact, instead_of=move.instead_of))
        if self.by_hand(wanted.key.account):
            self.changes[-1] = replace(self.changes[-1], instead_of=BY_HAND)
        return after

    def block(
        self, wanted: DesiredSubscription, barred: Barred, place: Place | None = None, product: str | None = None
    ) -> None:
        """Note what cannot be done."""
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


def outcome_unknown(begun: OpenIntent) -> Barred:
    """Nothing is planned for what was begun and never settled."""
    since = f"{begun.kind} was begun on {begun.at:%Y-%m-%d at %H:%M} UTC"
    detail, hint = f"{since}, and what became of it is not known", "the next apply asks the provider, and settles it"
    if begun.why:
        detail = f"{since}, and whether it takes effect is not known: {begun.why}"
        hint = "run again in some minutes: by then any order would show, and it is settled"
    return Barred(begun.kind, "outcome-unknown", detail, hint)


def pending_task(task: OpenIntent, wanted: DesiredSubscription, decision: Decision, now: datetime) -> Pending:
    """A person's task as a plan lists it. It is withdrawn where the specs ask for something else by now."""
    still = isinstance(decision, Move) and (decision.kind, decision.recurring.value, decision.cancellation.value) == (
        task.kind,
        task.after.get("recurring"),
        task.after.get("cancellation"),
    )
    if not still:
        return let_go_task(task, wanted.place, wanted.owner)
    asked = _task(task)
    if asked is None:
        detail = "a run was cut off before anybody was given this task"
        return _pending(task, wanted.place, wanted.owner, detail, "an apply issues it anew", withdrawn=True)
    hint = f"once it is done: reconcile done {wanted.key}"
    found = _pending(task, wanted.place, wanted.owner, f"{task.kind} by hand", hint, withdrawn=False)
    return replace(found, overdue=asked.deadline is not None and now.date() > asked.deadline)


def let_go_task(task: OpenIntent, place: Place, owner: str | None) -> Pending:
    """A person's task that nobody asks for any more, be it that the specs say something else now, or nothing at all."""
    detail = f"the specs do not ask for {task.kind} any more"
    hint = f"an apply takes the task back; if it was done already: reconcile done {task.key}"
    return _pending(task, place, owner, detail, hint, withdrawn=True)


def _pending(task: OpenIntent, place: Place, owner: str | None, detail: str, hint: str, *, withdrawn: bool) -> Pending:
    asked = _task(task)
    return Pending(
        task.key, task.kind, task.at.date(), detail, hint, place,
        None if asked is None else asked.deadline,
        owner=(asked.owner if asked is not None else None) or owner,
        product=task.product,
        withdrawn=withdrawn,
    )  # fmt: skip


def _task(task: OpenIntent) -> Task | None:
    """What was asked of a person; None: a run was cut off before it was."""
    from reconciler.tasks import task_of  # start-up: few plans hold one

    return None if task.token is None else task_of(task.token)

"""What follows from each change: money, dates, side effects and risk; the sums and the first irreversible instant.

Pure: the record just before and just after the change are handed in, both standing at now. What a policy leaves open
is named as not known, and never filled in.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from typing import NamedTuple, assert_never

from reconciler.changes import ENDING, INTENTS, SPENDING, Change, Kind, Many, Risk
from reconciler.consequences import Amount, Charge, Impact, Totals
from reconciler.endings import NOTHING_KNOWN, Ending, ending_at_once, ending_of_term, window_closes
from reconciler.lifecycle import extends
from reconciler.model import Cancel, Recurring, Status, StoredSubscription, TermLength
from reconciler.money import amount_of_cycle, amount_of_term, extension_amount, next_charge_day, refund_of, whole_term
from reconciler.policy import Lifecycle
from reconciler.rulebook import Rulebook

_NEW_ID = "A new subscription is made of it, with an id of its own."
"""Where a policy knows that, and has no words of its own for it."""


def assess(
    change: Change,
    before: StoredSubscription | None,
    after: StoredSubscription | None,
    rulebook: Rulebook,
    now: datetime,
) -> Impact:
    """Everything that follows from the change. Before is None for a new record, after for one that is dropped.

    A date beyond the calendar is no error: it is not known. ValueError without the records that the verb needs.
    """
    now = now.astimezone(UTC)
    lifecycle = rulebook.lifecycles.get(change.key.account, NOTHING_KNOWN)
    found = _Assessment(rulebook, lifecycle, now, now.date())
    found.note_side_effects(change.kind, before if after is None else after)
    match change.kind:
        case Kind.TURN_ON | Kind.TURN_OFF | Kind.CANCEL_AT_RENEWAL | Kind.UNDO_CANCEL:
            return found.at_renewal(change.kind, _needed(change, before), _needed(change, after))
        case Kind.CANCEL_NOW:
            return found.at_once(_needed(change, before), _needed(change, after))
        case Kind.REACTIVATE:
            return found.again(_needed(change, after))
        case Kind.REGISTER | Kind.CORRECT:
            return found.recorded(before, _needed(change, after))
        case Kind.RENAME | Kind.UPDATE | Kind.ADOPT | Kind.FORGET:
            if not (found.side_effects or found.unknown):
                return _NONE
            return Impact(side_effects=found.side_effects, unknown=tuple(found.unknown))
        case _:  # pragma: no cover - mypy proves it unreachable
            assert_never(change.kind)


def risk(kind: Kind) -> Risk:
    """Whether a change of that kind can be taken back: at any time, until its impact's `reversible_until`, or never."""
    match kind:
        case Kind.CANCEL_NOW | Kind.REACTIVATE | Kind.FORGET:
            return Risk.IRREVERSIBLE
        case Kind.TURN_ON | Kind.TURN_OFF | Kind.CANCEL_AT_RENEWAL | Kind.UNDO_CANCEL:
            return Risk.REVERSIBLE_UNTIL
        case Kind.REGISTER | Kind.ADOPT | Kind.RENAME | Kind.CORRECT | Kind.UPDATE:
            return Risk.REVERSIBLE
        case _:  # pragma: no cover - mypy proves it unreachable
            assert_never(kind)


def totals(changes: Iterable[Change]) -> Totals:
    """The sums by currency of what ends, goes on and is paid back; a currency in which nothing moves is left out.

    What leads into a paid extension avoids its renewal, and incurs one month of that.
    """
    avoided: Counter[str] = Counter()
    incurred: Counter[str] = Counter()
    refunded: Counter[str] = Counter()
    unknown = 0
    for change in changes:
        impact = change.impact
        if impact is None or change.kind not in INTENTS:
            continue
        ends = change.kind in ENDING
        moves = (
            (impact.value, avoided if ends else incurred),
            # Of what goes on into an extension, the value is that already.
            (impact.extension if ends else None, incurred),
            (impact.refund.amount if impact.refund else None, refunded),
        )
        for amount, sums in moves:
            if amount is not None and amount.money is not None:
                sums[amount.money.currency] += amount.money.minor
        unknown += "extension" in impact.unknown or any(amount and amount.money is None for amount, _ in moves)
    return Totals(_moved(avoided), _moved(incurred), _moved(refunded), unknown)


def first_irreversible(changes: Iterable[Change], now: datetime) -> datetime | None:
    """The first instant at which something of the changes can no longer be taken back: now, if one of them never can.

    None where all of it always can.
    """
    instants = []
    if isinstance(changes, Many):  # what always can be taken back need not be made anew to be looked at
        changes = changes.picked(lambda trait: trait.risk is not Risk.REVERSIBLE)
    for change in changes:
        if change.risk is Risk.IRREVERSIBLE:
            return now
        if change.impact is not None and change.impact.reversible_until is not None:
            instants.append(change.impact.reversible_until)
    return min(instants, default=None)


_NONE = Impact()
"""Of the changes of our own record, of which there may be a hundred thousand in one plan."""


class _Moves(NamedTuple):
    """The money that a change moves when a term ends."""

    charge: Charge | None = None
    value: Amount | None = None


@dataclass(slots=True)
class _Assessment:
    """One change's impact in the making: grows by what is not known."""

    rulebook: Rulebook
    lifecycle: Lifecycle
    now: datetime
    today: date
    """The UTC day of now."""
    side_effects: tuple[str, ...] = ()
    unknown: list[str] = field(default_factory=list)

    def note_side_effects(self, kind: Kind, row: StoredSubscription | None) -> None:
        """What else the change does, by the policy."""
        dated = self.lifecycle.side_effects.get(kind)
        if dated is None:
            return
        words = dated.at(self.today, None if row is None else row.term.start.date())
        if words is None:
            self.unknown.append("side_effects")
        else:
            self.side_effects = words

    def at_renewal(self, kind: Kind, before: StoredSubscription, after: StoredSubscription) -> Impact:
        """A change that takes effect when the term ends, and can be taken back until then."""
        moves = self._at_term_end(after, incurred=True) if kind in SPENDING else self._at_term_end(before)
        renews = after.recurring is Recurring.ON
        ending = Ending() if renews else self._ending(after)
        return Impact(
            renews=after.term.end.date() if renews else None,
            last_day=ending.last_day,
            access_ends=ending.access_ends,
            access_ends_local=self._local(ending.access_ends),
            expired_days=ending.expired_days,
            data_deleted=ending.data_deleted,
            data_gone_by=ending.data_gone_by,
            reversible_until=after.term.end,
            window_closes=self._open_window(after) if kind in ENDING else None,
            charge=moves.charge,
            value=moves.value,
            extension=extension_amount(after, self.rulebook) if ending.extends else None,
            side_effects=self.side_effects,
            unknown=tuple(self.unknown),
        )

    def at_once(self, before: StoredSubscription, after: StoredSubscription) -> Impact:
        """A cancellation now."""
        ending = ending_at_once(after, self.lifecycle, self.now)
        self.unknown += ending.unknown
        start = before.term.start.date()
        if self.lifecycle.window.at(start) is None and not before.extended:
            self.unknown.append("window_closes")
        charge = self._next_charge(before)
        return Impact(
            last_day=ending.last_day,
            access_ends=ending.access_ends,
            access_ends_local=self._local(ending.access_ends),
            expired_days=ending.expired_days,
            data_deleted=ending.data_deleted,
            data_gone_by=ending.data_gone_by,
            window_closes=window_closes(before, self.lifecycle),
            charge=charge,
            refund=refund_of(before, self.lifecycle.refund.at(self.today, start), self.today, self.rulebook),
            value=amount_of_term(before, self.rulebook),
            side_effects=self.side_effects,
            unknown=tuple(self.unknown),
        )

    def again(self, after: StoredSubscription) -> Impact:
        """A reactivation: a new term begins today, and is charged today."""
        rule = self.lifecycle.reactivation.at(self.today)
        if rule is not None and rule.same_id is False and not self.side_effects:
            self.side_effects = (_NEW_ID,)
        start, end = after.term.start.date(), after.term.end.date()
        amount = amount_of_cycle(after, self.rulebook)
        return Impact(
            term_start=start,
            term_end=end,
            renews=end,
            window_closes=self._open_window(after),
            charge=Charge(amount, start, after.billing, incurred=True),
            value=whole_term(after, amount),
            side_effects=self.side_effects,
            unknown=tuple(self.unknown),
        )

    def recorded(self, before: StoredSubscription | None, after: StoredSubscription) -> Impact:
        """A new record, or facts that were corrected. No money moves; the value says what a term of it costs."""
        value = amount_of_term(after, self.rulebook)
        if before is not None and before.term == after.term:
            return Impact(value=value, side_effects=self.side_effects, unknown=tuple(self.unknown))
        renews = after.recurring is Recurring.ON
        # What was cancelled immediately, or is deleted, has ended by no term's end.
        over = after.cancellation is Cancel.IMMEDIATELY or after.status is Status.DELETED
        ending = Ending() if renews or over else self._ending(after)
        start, end = after.term.start.date(), after.term.end.date()
        return Impact(
            term_start=start,
            term_end=end,
            renews=end if renews else None,
            last_day=ending.last_day,
            access_ends=ending.access_ends,
            access_ends_local=self._local(ending.access_ends),
            expired_days=ending.expired_days,
            data_deleted=ending.data_deleted,
            data_gone_by=ending.data_gone_by,
            window_closes=None if after.status.ended else self._open_window(after),
            value=value,
            extension=extension_amount(after, self.rulebook) if ending.extends else None,
            side_effects=self.side_effects,
            unknown=tuple(self.unknown),
        )

    def _at_term_end(self, row: StoredSubscription, *, incurred: bool = False) -> _Moves:
        """What falls due when this record's term ends: a renewal, a month of an extension, or nothing."""
        day = row.term.end.date()
        if row.recurring is Recurring.ON:
            # Out of an extension it renews for a whole term again.
            row = replace(row, extended=False) if row.extended else row
            amount = amount_of_cycle(row, self.rulebook)
            return _Moves(Charge(amount, day, row.billing, incurred), whole_term(row, amount))
        leads_on = row.cancellation is Cancel.NONE and extends(row, self.lifecycle)
        if leads_on is None:
            self.unknown.append("charge")
        if not leads_on:
            return _Moves()
        amount = extension_amount(row, self.rulebook)
        return _Moves(Charge(amount, day, TermLength.MONTHLY, incurred), amount)

    def _next_charge(self, row: StoredSubscription) -> Charge | None:
        """What a cancellation now avoids first."""
        if row.billing is not row.length and self.rulebook.ruling(row.key.account) is None:
            # An outside provider's billing dates are its own to tell.
            self.unknown.append("charge")
            return None
        day = next_charge_day(row, self.today)
        if day is not None and day < row.term.end.date():
            return Charge(amount_of_cycle(row, self.rulebook), day, row.billing, incurred=False)
        return self._at_term_end(row).charge

    def _ending(self, row: StoredSubscription) -> Ending:
        ending = ending_of_term(row, self.lifecycle)
        self.unknown += ending.unknown
        return ending

    def _open_window(self, row: StoredSubscription) -> datetime | None:
        """When the window of this record's term closes, if it has not closed yet."""
        closes = window_closes(row, self.lifecycle)
        return closes if closes is not None and closes > self.now else None

    def _local(self, instant: datetime | None) -> datetime | None:
        if instant is None or self.rulebook.zone is None:
            return None
        try:
            return instant.astimezone(self.rulebook.zone)
        except OverflowError:
            return None


def _needed(change: Change, row: StoredSubscription | None) -> StoredSubscription:
    if row is None:
        raise ValueError(f"{change.kind} of {change.key} needs its records")
    return row


def _moved(sums: Counter[str]) -> dict[str, int]:
    return {currency: sums[currency] for currency in sorted(sums) if sums[currency]}

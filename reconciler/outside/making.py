"""One change at an outside provider, from the look before it to the look after it, as one story to be read downwards.

A change is a generator: it asks in its own thread, and gives back to the main one what must be journaled before it goes
on. Must not touch the store, and never sends an order that may already have been carried out without having looked.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass, replace
from typing import assert_never

from reconciler.answers import Accepted, Ambiguous, Answer, Done, Order, Rejected
from reconciler.changes import EXTENSION, Change, Kind
from reconciler.errors import (
    ExtraMissing,
    Interrupted,
    ProviderTrouble,
    RoleTooWeak,
    SignInFailed,
    Throttled,
    WrongTenant,
)
from reconciler.journal import Entry, Outcome, OutcomeKind
from reconciler.model import Cancel, Status, StoredSubscription
from reconciler.noticing import moved, reached, row_after, term_of
from reconciler.observed import ObservedSubscription, Obstacle
from reconciler.outside.asking import PATIENCE, Asker, obstacle
from reconciler.outside.ending import Ending, Making, failed, skipped, unknown
from reconciler.outside.timing import growing, sensible
from reconciler.ports import Writer

RETRIES = 3
"""So often is an order sent again that was surely refused, and may pass later."""
RETRIES_THROTTLED = 10
"""As often where it was only too early for any."""
SENT_WITHIN = PATIENCE
"""Seconds after its intent was journaled in which an order may be sent; later ones cannot be told from lost ones."""
READ_BACKS = 6
"""So often, at most, is looked whether an order took effect."""
FIRST_POLL, LONGEST_POLL = 0.5, 15.0
SETTLED = "settled by reading"
STANDS = "it stood already: nothing was sent"
AGAIN = "run again: it is planned anew"
ELSEWHERE = "look there: was it moved to another account?"

_NOT_SENT = (SignInFailed, RoleTooWeak, WrongTenant, ExtraMissing)
"""Raised by a verb, these say that nothing was sent; Throttled says so too. What else it raises may come after it."""
_OF_ALL = frozenset({"sign-in-failed", "wrong-tenant"})
"""What is true of one subscription of an account is true of all the others; a role may be too weak for some of them."""


def dispatch(writer: Writer, order: Order) -> Answer:
    """Send an order by its own verb's method, and by no other."""
    match order.change.kind:
        case Kind.TURN_ON:
            return writer.turn_on_recurring(order)
        case Kind.TURN_OFF:
            return writer.turn_off_recurring(order)
        case Kind.CANCEL_AT_RENEWAL:
            return writer.cancel_at_renewal(order)
        case Kind.UNDO_CANCEL:
            return writer.undo_cancel(order)
        case Kind.CANCEL_NOW:
            return writer.cancel_now(order)
        case Kind.REACTIVATE:
            return writer.reactivate(order)
        case Kind.REGISTER | Kind.ADOPT | Kind.RENAME | Kind.CORRECT | Kind.UPDATE | Kind.FORGET:
            raise ValueError(f"{order.change.kind} is recorded, and never sent")
        case _:  # pragma: no cover - mypy proves it unreachable
            assert_never(order.change.kind)


def shows(seen: ObservedSubscription) -> str:
    """What stands on it, in words."""
    parts = [f"recurring {seen.recurring}"]
    if seen.cancellation is not Cancel.NONE:
        parts.append(f"cancellation {seen.cancellation}")
    if seen.status is not Status.ACTIVE:
        parts.append(f"status {seen.status}")
    return ", ".join(parts)


def waits(settles_within: float) -> list[float]:
    """The seconds before each look whether something took effect, the last one when any order must show.

    At once, then each wait twice the last.
    """
    longest = sensible(settles_within)
    if not longest:
        return [0.0]
    looks = READ_BACKS - 1
    return [0.0, *(longest * 2**number / (2**looks - 1) for number in range(looks))]


@dataclass(slots=True)
class Maker:
    """Makes one change. `base` is the stored row: its owner, labels and protection stay."""

    change: Change
    operation_id: str
    base: StoredSubscription | None
    writer: Writer
    asker: Asker
    deadline: float = 600.0
    """Seconds that this run asks what became of something accepted."""
    begun: bool = False
    """It was journaled, and perhaps sent, in an earlier run: what then fails before it is sent again leaves it open."""
    token: str | None = None
    """It was accepted in an earlier run: nothing is sent, only asked for."""
    resent: bool = False
    since: float = 0.0
    """When its intent was about to be journaled, by the monotonic clock."""

    @property
    def id(self) -> str:
        """The provider's own id."""
        if self.change.external_id is None:
            raise ValueError(f"{self.change.key}: outside of the ledger, a change names the provider's id")
        return self.change.external_id

    def make(self) -> Making:
        """The whole of it: look, journal, send, look again."""
        if self.token is not None:
            return (yield from self._poll(Accepted(self.token)))
        try:
            looked = self._before()
        except Interrupted:
            return skipped(None, None)
        except Throttled as trouble:
            return self._not_sent(failed(trouble.code, trouble.message, hint=trouble.hint))
        if isinstance(looked, Ending):
            return self._not_sent(looked)
        self.since = self.asker.timing.monotonic()
        yield self.entry(Outcome(OutcomeKind.INTENDED))
        if self._too_late:
            said = "it was held up for so long that it was not sent"
            return self._not_sent(failed("not-carried-out", said, hint=AGAIN))
        return (yield from self._send(looked))

    @property
    def _too_late(self) -> bool:
        return self.asker.timing.monotonic() - self.since > SENT_WITHIN

    def entry(self, outcome: Outcome) -> Entry:
        """This change with an outcome, on its way into the journal."""
        return Entry(self.operation_id, self.change, outcome)

    def succeeded(self, seen: ObservedSubscription, note: str | None = None) -> Ending:
        """It stands, as it was read."""
        try:
            row = row_after(self.change.key, seen, self.base)
        except ValueError as error:
            return unknown("outcome-unknown", f"it stands, and its record cannot be made: {error}")
        return Ending(Outcome(OutcomeKind.SUCCEEDED, row, note=note, seen=seen))

    def _not_sent(self, ending: Ending) -> Ending:
        """An order of an earlier run may still be at work, whatever keeps us from sending it again."""
        known = ending.outcome.kind is OutcomeKind.SUCCEEDED or not self.begun
        return ending if known else replace(ending, journaled=False)

    def look(self) -> ObservedSubscription | Obstacle | None:
        """As it is now; asked to the end, stop or no stop."""
        return self.asker.finishing().get(self.writer, self.id)

    def _follow(self, answer: Done | Accepted | Ambiguous) -> Making:
        """From the answer to an order to what became of it."""
        match answer:
            case Done():
                return (yield from self.read_back())
            case Accepted():
                return (yield from self._poll(answer))
            case Ambiguous():
                return (yield from self._settle(answer))
            case _:  # pragma: no cover - mypy proves it unreachable
                assert_never(answer)

    def read_back(self) -> Making:
        """The provider says that it is done: what it shows decides."""
        seen = yield from self._watch()
        if seen is None:
            said = "the provider says that it is done, and has none of that id any more"
            return failed("vanished", said, hint=ELSEWHERE)
        if isinstance(seen, Obstacle):
            said = f"the provider says that it is done, and it could not be read back: {seen.detail}"
            return unknown("outcome-unknown", said)
        if reached(self.change, seen):
            return self.succeeded(seen)
        if seen.busy is not None:
            said = f"the provider says that it is done, and it is still at work: {seen.busy}"
            return unknown("still-under-way", said)
        said = f"the provider says that it is done, and it still shows {shows(seen)}"
        return failed("still-differs", said, hint="run again; if it stays so, change it there by hand")

    def _before(self) -> ObservedSubscription | Ending:
        """Its turn to write, then a fresh look: as approved, or why nothing is sent."""
        self.asker.pacer.write(self.asker.stop, PATIENCE)
        return self._judge(self.asker.get(self.writer, self.id))

    def _judge(self, seen: ObservedSubscription | Obstacle | None) -> ObservedSubscription | Ending:
        if seen is None:
            return failed("vanished", "the provider has none of that id any more", hint=ELSEWHERE)
        if isinstance(seen, Obstacle):
            stops = seen if seen.code in _OF_ALL else None
            said = f"it could not be read, so nothing was sent: {seen.detail}"
            return failed(seen.code if stops else "unreadable", said, stops, seen.hint)
        if reached(self.change, seen):
            return self.succeeded(seen, STANDS)
        if (why := moved(self.change, seen)) is not None:
            return failed("moved-since-plan", f"not as it was when this was planned: {why}", hint=AGAIN)
        if seen.status is Status.UNKNOWN:
            said = f"its status {seen.provider_status!r} is none that is known, and nothing is written to it"
            return failed("status-unknown", said, hint="look at it there; a newer release may know it")
        barred = seen.capabilities.barred.get(self.change.kind)
        if barred is not None and not (barred.code == "end-undecided" and EXTENSION in self.change.after):
            return failed(barred.code, barred.detail, hint=barred.hint)
        if seen.busy is not None:
            return skipped("busy", seen.busy, journaled=True, hint="it passes by itself: run again later")
        if term_of(seen, self.base) is None:
            return failed("unreadable", "its provider reports no term, and none is stored", hint="look at it there")
        return seen

    def _send(self, seen: ObservedSubscription) -> Making:
        """The order; one that was surely refused and may pass later is sent again, each time after a fresh look."""
        waited, tries = 0.0, 0
        answer, stops = self._order(seen, 0)
        while isinstance(answer, Rejected) and answer.retry_after is not None:
            tries += 1
            waited += answer.retry_after
            limit = RETRIES_THROTTLED if answer.code == "rate-limited" else RETRIES
            if tries > limit or waited > PATIENCE:
                break
            if not self.asker.timing.pause(answer.retry_after, self.asker.stop):
                break
            try:
                looked = self._before()
            except (Interrupted, Throttled):
                break
            if self._too_late:
                break
            if isinstance(looked, ObservedSubscription):
                answer, stops = self._order(looked, tries)
            elif looked.outcome.kind is OutcomeKind.SUCCEEDED:
                return replace(looked, outcome=replace(looked.outcome, note=SETTLED))
            elif looked.outcome.kind is OutcomeKind.FAILED:
                return self._not_sent(looked)
        if isinstance(answer, Rejected):
            if self.begun:
                return (yield from self._refused_again(answer))
            return failed(answer.code, answer.detail, stops, answer.hint)
        return (yield from self._follow(answer))

    def _order(self, seen: ObservedSubscription, before: int) -> tuple[Answer, Obstacle | None]:
        """One order, sent once, and why nothing more of the account can be sent, if so."""
        asker = self.asker
        order = Order(self.change, seen, self.operation_id, asker.timing.now())
        try:
            with asker.pacer.slot:
                answer = dispatch(self.writer, order)
        except Throttled as trouble:
            rest = asker.hold(trouble.retry_after, before)
            return Rejected("rate-limited", trouble.message, trouble.hint, rest), None
        except _NOT_SENT as trouble:
            return Rejected(trouble.code, trouble.message, trouble.hint), obstacle(trouble)
        except ProviderTrouble as trouble:
            return Ambiguous(trouble.message), None
        except Exception as error:  # noqa: BLE001 - it may have been sent; the text of it may hold anything
            return Ambiguous(f"the provider failed with {type(error).__name__}"), None
        if isinstance(answer, Rejected):
            rest_said = sensible(answer.retry_after)
            if answer.code == "rate-limited" and rest_said is not None:
                rest_said = asker.hold(rest_said, before)
            stops = Obstacle(answer.code, answer.detail, answer.hint) if answer.code in _OF_ALL else None
            return replace(answer, retry_after=rest_said), stops
        if _is_answer(answer):
            return answer, None
        return Ambiguous(f"the provider answered {type(answer).__name__}"), None

    def _watch(self) -> Generator[None, None, ObservedSubscription | Obstacle | None]:
        """Look until it is reached, or until any order must show: what was seen last."""
        seen: ObservedSubscription | Obstacle | None = None
        for number, rest in enumerate(waits(self.writer.settles_within)):
            if number == 1:
                yield None
            if rest:
                self.asker.timing.wait(rest)
            seen = self.look()
            if isinstance(seen, ObservedSubscription) and reached(self.change, seen):
                break
        return seen

    def _poll(self, accepted: Accepted) -> Making:
        """Ask by the token, journaled first, until it is over, the deadline comes or we are asked to stop."""
        timing, began, step = self.asker.timing, self.asker.timing.monotonic(), 0
        yield self.entry(Outcome(OutcomeKind.ACCEPTED, token=accepted.token))
        while True:
            left = self.deadline - (timing.monotonic() - began)
            rest = max(sensible(accepted.retry_after) or 0.0, growing(FIRST_POLL, LONGEST_POLL, step))
            step += 1
            if left <= 0 or not timing.pause(min(rest, left), self.asker.stop):
                return unknown("still-under-way", "the provider still works on it", accepted.token)
            answer = self.poll(accepted.token)
            match answer:
                case Accepted():
                    if answer.token != accepted.token:
                        yield self.entry(Outcome(OutcomeKind.ACCEPTED, token=answer.token))
                    accepted = answer
                case Done():
                    return (yield from self.read_back())
                case Rejected():
                    return failed(answer.code, answer.detail, hint=answer.hint)
                case Ambiguous():
                    return self.by_reading(answer.detail, accepted.token)
                case _:  # pragma: no cover - mypy proves it unreachable
                    assert_never(answer)

    def poll(self, token: str) -> Answer:
        """What became of what was accepted; a question that gets no answer is Ambiguous."""
        asking = self.asker.finishing()
        try:
            return asking.read(lambda: self.writer.poll(token), _is_answer, "asked what became of it")
        except ProviderTrouble as trouble:
            return Ambiguous(trouble.message)

    def by_reading(self, detail: str, token: str) -> Ending:
        """Its token tells nothing: one look may."""
        seen = self.look()
        if isinstance(seen, ObservedSubscription) and reached(self.change, seen):
            return self.succeeded(seen, SETTLED)
        said = f"it was accepted, and what became of it is not known: {detail}"
        return unknown("still-under-way", said, token)

    def _settle(self, answer: Ambiguous) -> Making:
        """No answer that says anything: reading decides.

        Once, and only where a second order has no second effect, it is sent again, after a look that showed it as it
        was before.
        """
        seen = yield from self._watch()
        if isinstance(seen, ObservedSubscription):
            if reached(self.change, seen):
                return self.succeeded(seen, SETTLED)
            as_before = seen.busy is None and moved(self.change, seen) is None
            if as_before and self.writer.idempotent and not self.resent:
                self.resent = True
                return (yield from self._send_again(seen))
            shown = f"it shows {shows(seen)}"
        else:
            shown = "it could not be read since" if isinstance(seen, Obstacle) else "it is not shown any more"
        said = f"no answer tells what became of it ({answer.detail}), and {shown}: it may still take effect"
        return unknown("outcome-unknown", said)

    def _send_again(self, seen: ObservedSubscription) -> Making:
        try:
            self.asker.finishing().pacer.write(self.asker.finishing().stop, PATIENCE)
        except Throttled as trouble:
            return unknown("outcome-unknown", f"no answer told what became of it, and then {trouble.message}")
        answer, _ = self._order(seen, 0)
        if not isinstance(answer, Rejected):
            return (yield from self._follow(answer))
        return (yield from self._refused_again(answer))

    def _refused_again(self, answer: Rejected) -> Making:
        """Of two orders the second was surely refused; the first may be what it was refused for."""
        after = yield from self._watch()
        if isinstance(after, ObservedSubscription):
            if reached(self.change, after):
                return self.succeeded(after, SETTLED)
            if answer.retry_after is None and after.busy is None:
                return failed(answer.code, answer.detail, hint=answer.hint)
        said = f"no answer told what became of it, and sent again it was refused: {answer.detail}"
        return unknown("outcome-unknown", said)


def _is_answer(answer: object) -> bool:
    return isinstance(answer, Done | Accepted | Rejected | Ambiguous)

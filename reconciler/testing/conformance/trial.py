"""One test's trial of a provider: its halves as they are opened, orders as a plan would give them, and plain verdicts.

What fails is said in words, so that whoever wrote the provider need not read the suite.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TypeVar

import pytest

from reconciler.answers import Accepted, Ambiguous, Answer, Done, Order, Rejected
from reconciler.changes import INTENTS, Change, JsonValue, Kind
from reconciler.diagnostics import Location
from reconciler.errors import ProviderTrouble
from reconciler.model import SubscriptionKey
from reconciler.observed import BOTH_ENDS, ObservedSubscription
from reconciler.outside.making import dispatch
from reconciler.ports import Opening, Reader, Writer
from reconciler.testing.conformance.bench import Bench, Case, Effect, Mishap, NotOffered, Requests, Who

T = TypeVar("T")

PLACE = Location("specs/conformance.yaml", 1, 1)
POLLS = 60
"""So often, at most, is asked what became of something accepted."""
STANDS: Mapping[Kind, Case] = {
    Kind.TURN_ON: Case.OFF,
    Kind.TURN_OFF: Case.RENEWING,
    Kind.CANCEL_AT_RENEWAL: Case.RENEWING,
    Kind.UNDO_CANCEL: Case.STOPPING,
    Kind.CANCEL_NOW: Case.RENEWING,
    Kind.REACTIVATE: Case.ENDED,
}
"""How a subscription stands for which a plan asks for each verb."""
KINDS = tuple(sorted(INTENTS, key=lambda kind: kind.rank))
_AFTER: Mapping[Kind, tuple[str, str]] = {
    Kind.TURN_ON: ("on", "none"),
    Kind.TURN_OFF: ("off", "none"),
    Kind.CANCEL_AT_RENEWAL: ("off", "at-renewal"),
    Kind.UNDO_CANCEL: ("on", "none"),
    Kind.CANCEL_NOW: ("off", "immediately"),
    Kind.REACTIVATE: ("on", "none"),
}


def must(held: object, otherwise: str) -> None:
    """Fail with these words, unless it holds."""
    __tracebackhide__ = True
    if not held:
        raise AssertionError(otherwise)


def offered(ask: Callable[[], T]) -> T:
    """What a bench offers; a test that needs what it does not offer is skipped, with the bench's reason."""
    try:
        return ask()
    except NotOffered as reason:
        pytest.skip(f"not offered: {reason}")


def troubled(ask: Callable[[], object], *kinds: type[ProviderTrouble], doing: str) -> ProviderTrouble:
    """The trouble that asking must raise, of one of these kinds."""
    __tracebackhide__ = True
    wanted = " or ".join(kind.__name__ for kind in kinds)
    try:
        answer = ask()
    except ProviderTrouble as trouble:
        must(isinstance(trouble, kinds), f"{doing}: it raised {type(trouble).__name__}, where {wanted} says what it is")
        must(trouble.code and trouble.message, f"{doing}: {type(trouble).__name__} without a code or a message")
        return trouble
    except Exception as error:
        said = f"{doing}: it raised {type(error).__name__}, which is no ProviderTrouble; {wanted} says what it is"
        raise AssertionError(said) from error
    raise AssertionError(f"{doing}: it answered {shown(answer)}, where {wanted} says that nothing is known")


def shown(answer: object) -> str:
    """An answer in a failure's words: short."""
    text = repr(answer)
    return text if len(text) <= 200 else f"{text[:199]}…"


def number(of: int) -> str:
    """An operation id."""
    return f"{of:032x}"


def is_offered(kind: Kind, seen: ObservedSubscription) -> bool:
    """Whether a plan may ask for that verb, by what the provider says of the subscription."""
    if kind in seen.capabilities.barred:
        return False
    return kind not in BOTH_ENDS or kind in seen.capabilities.ends


def end_of(seen: ObservedSubscription) -> Kind:
    """The verb by which it is ended with its term."""
    for kind in (Kind.CANCEL_AT_RENEWAL, Kind.TURN_OFF):
        if is_offered(kind, seen):
            return kind
    said = "it offers no way to end what renews with its term: neither cancel-at-renewal nor turn-off-recurring"
    raise AssertionError(f"{said}; capabilities: {seen.capabilities}")


@dataclass
class Trial:
    """A bench, and what was opened at it."""

    bench: Bench
    opened: list[Reader] = field(default_factory=list)
    orders: int = 0

    def opening(self, who: Who) -> Opening:
        """What it is opened with; the test is skipped where the bench knows no such one."""
        return offered(lambda: self.bench.opening(who))

    def reader(self, who: Who | None = None) -> Reader:
        """The reading half, for who may only read where the bench knows one."""
        if who is None:
            try:
                opening = self.bench.opening(Who.READER)
            except NotOffered:
                opening = self.opening(Who.WRITER)
        else:
            opening = self.opening(who)
        reader = self.bench.provider.reader(opening)
        self.opened.append(reader)
        return reader

    def writer(self, who: Who = Who.WRITER) -> Writer:
        """Both halves."""
        return self.writer_of(self.opening(who))

    def writer_of(self, opening: Opening) -> Writer:
        """Both halves, opened with that."""
        writer = self.bench.provider.writer(opening)
        self.opened.append(writer)
        return writer

    def close(self) -> None:
        """Let go of all that was opened."""
        self.bench.clear()
        for reader in self.opened:
            with suppress(Exception):
                reader.close()

    def seed(self, case: Case) -> str:
        """One more subscription; the test is skipped where the vendor has none that stands so."""
        return offered(lambda: self.bench.seed(case))

    def meet(self, mishap: Mishap, requests: Requests, times: int | None = 1) -> None:
        """Something goes wrong from now on; the test is skipped where that cannot be switched on."""
        offered(lambda: self.bench.meet(mishap, requests, times))

    def effects(self, id: str) -> list[Effect]:
        """What clients have done to one."""
        return [effect for effect in self.bench.effects() if effect.subscription == id]

    def get(self, reader: Reader, id: str) -> ObservedSubscription:
        """One that is there."""
        seen = reader.get(id)
        if seen is None:
            raise AssertionError(f"get answers None for {id}, which is there")
        must(seen.id == id, f"asked for {id}, get answers with {seen.id}")
        return seen

    def change(self, kind: Kind, seen: ObservedSubscription) -> Change:
        """As a plan would have it, for one as it was seen."""
        before: dict[str, JsonValue] = {"recurring": seen.recurring.value, "cancellation": seen.cancellation.value}
        if kind is Kind.REACTIVATE:
            before["status"] = seen.status.value
        recurring, cancellation = _AFTER[kind]
        return Change(
            SubscriptionKey(self.bench.account.name, seen.id),
            kind,
            before,
            {"recurring": recurring, "cancellation": cancellation},
            PLACE,
            reason="the conformance suite",
            external_id=seen.id,
            product=seen.product,
            declares=True,
        )

    def order(self, kind: Kind, seen: ObservedSubscription, operation_id: str | None = None) -> Order:
        """An order of that verb; without an operation id, one that no order had before."""
        self.orders += 1
        return Order(self.change(kind, seen), seen, operation_id or number(self.orders), self.bench.now())

    def send(self, writer: Writer, order: Order) -> Answer:
        """One order, once, by its own method. A verb answers; what it raises is judged by `sent`."""
        answer = sent(writer, order)
        if not isinstance(answer, ProviderTrouble):
            return answer
        raise AssertionError(f"{order.change.kind} raised {shown(answer)}")

    def carry_out(self, writer: Writer, kind: Kind, id: str) -> Answer:
        """An order on what is read just before, followed to its end."""
        answer = self.send(writer, self.order(kind, self.get(writer, id)))
        return self.finish(writer, answer)

    def finish(self, writer: Writer, answer: Answer) -> Answer:
        """What becomes of it: what was accepted is asked for until it is over."""
        for _ in range(POLLS):
            if not isinstance(answer, Accepted):
                return answer
            with suppress(NotOffered):
                self.bench.advance(timedelta(seconds=answer.retry_after or 1.0))
            answer = writer.poll(answer.token)
        raise AssertionError(f"after {POLLS} polls it is still under way")

    def elsewhere(self, opening: Opening, endpoint: str) -> Opening:
        """The same at another address."""
        return replace(opening, endpoint=endpoint)


def sent(writer: Writer, order: Order) -> Answer | ProviderTrouble:
    """What comes of sending an order: its answer, or the trouble that its method raised; nothing else may be raised."""
    __tracebackhide__ = True
    try:
        answer = dispatch(writer, order)
    except ProviderTrouble as trouble:
        return trouble
    except Exception as error:
        said = f"{order.change.kind} raised {type(error).__name__}; a verb answers, or raises ProviderTrouble"
        raise AssertionError(said) from error
    must(isinstance(answer, Done | Accepted | Rejected | Ambiguous), f"{order.change.kind} answered {shown(answer)}")
    return answer

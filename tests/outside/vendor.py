"""A vendor of nothing but memory, told what to do wrong, with a ledger of its own; and time that nobody waits for."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from concurrent.futures import Executor, Future
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from threading import Lock
from typing import Any, cast

from reconciler.answers import Accepted, Ambiguous, Answer, Done, Identity, Order, Pace, Rejected
from reconciler.changes import Change, Kind
from reconciler.errors import Malformed, StoreError
from reconciler.journal import Entry, OpenIntent, OutcomeKind
from reconciler.model import Cancel, Recurring, Status, SubscriptionKey, Term, TermLength
from reconciler.observed import ObservedSubscription, Page
from reconciler.outside.errands import Scribe
from reconciler.outside.timing import Timing
from reconciler.outside.writing import Step
from reconciler.settings import AccountSettings
from tests.builders import NOW, a_change

TERM = Term(datetime(2026, 3, 1, tzinfo=UTC), datetime(2027, 3, 1, tzinfo=UTC))
FAST = Pace(reads=10_000, writes=10_000, threads=4)


class At_once(Executor):  # noqa: N801 - reads as what it does
    """Does everything in the calling thread, at once."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except BaseException as error:  # noqa: BLE001 - as every pool does
            future.set_exception(error)
        return future


@dataclass
class Hours:
    """Time that passes only where somebody waits."""

    passed: float = 0.0
    waits: list[float] = field(default_factory=list)
    lock: Any = field(default_factory=Lock)

    def wait(self, seconds: float) -> None:
        with self.lock:
            self.waits.append(seconds)
            self.passed += seconds

    def timing(self, pool: Callable[[int], Executor] = lambda threads: At_once()) -> Timing:
        return Timing(
            now=lambda: NOW + timedelta(seconds=self.passed),
            monotonic=lambda: 1000.0 + self.passed,
            wait=self.wait,
            chance=lambda: 0.5,
            pool=pool,
        )


def shown(id: str = "s1", **fields: Any) -> ObservedSubscription:
    """An active yearly subscription that renews; any field by name."""
    fields.setdefault("term", TERM)
    fields.setdefault("length", TermLength.ANNUAL)
    return ObservedSubscription(
        id=id,
        product=fields.pop("product", "CFQ7TTC0HD32"),
        status=fields.pop("status", Status.ACTIVE),
        provider_status=fields.pop("provider_status", "Active"),
        recurring=fields.pop("recurring", Recurring.ON),
        cancellation=fields.pop("cancellation", Cancel.NONE),
        **fields,
    )


def carried(seen: ObservedSubscription, change: Change) -> ObservedSubscription:
    """As it is once the change was carried out."""
    after = replace(
        seen,
        recurring=Recurring(str(change.after["recurring"])),
        cancellation=Cancel(str(change.after["cancellation"])),
    )
    if change.kind is Kind.CANCEL_NOW:
        return replace(after, status=Status.DISABLED, provider_status="Disabled")
    if change.kind is Kind.REACTIVATE:
        return replace(after, status=Status.ACTIVE, provider_status="Active")
    return after


DROP_BEFORE, DROP_AFTER, LIE = "drop-before", "drop-after", "lie"
Play = Answer | BaseException | str | None | object
"""What a call does instead of its work: answers this, raises this, or one of the words above."""


@dataclass
class Vendor:
    """Its subscriptions, its ledger of effects, and what it is told to do wrong."""

    subscriptions: dict[str, ObservedSubscription] = field(default_factory=dict)
    pace: Pace = FAST
    idempotent: bool = True
    settles_within: float = 60.0
    ledger: list[tuple[str, Kind, str]] = field(default_factory=list)
    """Every effect: on what, which, under which operation id."""
    calls: list[str] = field(default_factory=list)
    plays: dict[str, list[Play]] = field(default_factory=lambda: defaultdict(list))
    """By the method's name, and for `get` and verbs also by `method id`: call for call; None: as it should."""
    lag: int = 0
    """After each effect, so many reads show it as it was before."""
    late: float = 0.0
    """And so many seconds, by `hours`."""
    hours: Hours = field(default_factory=Hours)
    pages: list[Any] | None = None
    on: Callable[[str], None] = lambda hop: None
    """Called at each hop: before a call, and before its answer."""
    opened: int = 0
    closed: int = 0
    _old: dict[str, list[ObservedSubscription]] = field(default_factory=lambda: defaultdict(list))
    _late: dict[str, tuple[ObservedSubscription, float]] = field(default_factory=dict)
    _done: set[str] = field(default_factory=set)
    _jobs: dict[str, tuple[Order, int]] = field(default_factory=dict)
    _lock: Any = field(default_factory=Lock)

    def finish(self) -> None:
        """What it still works on comes to its end, whoever asks or not."""
        for order, _ in self._jobs.values():
            self._commit(order)
        self._jobs.clear()

    def open(self) -> Vendor:
        self.opened += 1
        self._play("open")
        return self

    def close(self) -> None:
        self.closed += 1
        self._play("close")

    def check(self) -> None:
        self._play("check")

    def whoami(self) -> Identity:
        return Identity("nobody")

    def observe(self, cursor: str | None) -> Page:
        self.calls.append(f"observe {cursor}")
        answer = self._play("observe")
        if answer is not None:
            return cast("Page", answer)
        if self.pages is None:
            return Page(tuple(self.subscriptions.values()))
        number = int(cursor or 0)
        page = self.pages[number]
        if isinstance(page, BaseException):
            raise page
        if isinstance(page, Page):
            return page
        return Page(tuple(page), str(number + 1) if number + 1 < len(self.pages) else None)

    def get(self, id: str) -> ObservedSubscription | None:
        self.calls.append(f"get {id}")
        self.on("get")
        answer = self._play(f"get {id}")
        if answer is not None:
            return None if answer == "gone" else cast("ObservedSubscription", answer)
        with self._lock:
            if self._old[id]:
                return self._old[id].pop(0)
            before, until = self._late.get(id, (None, 0.0))
            if before is not None and self.hours.passed < until:
                return before
            return self.subscriptions.get(id)

    def poll(self, token: str) -> Answer:
        self.calls.append(f"poll {token}")
        self.on("poll")
        answer = self._play("poll")
        if answer is not None:
            return cast("Answer", answer)
        if token not in self._jobs:
            raise Malformed("malformed-answer", "no such token")
        order, left = self._jobs[token]
        if left > 1:
            self._jobs[token] = (order, left - 1)
            return Accepted(token)
        del self._jobs[token]
        self._commit(order)
        self.on("answer")
        return Done()

    def turn_on_recurring(self, order: Order) -> Answer:
        return self._verb("turn_on_recurring", order)

    def turn_off_recurring(self, order: Order) -> Answer:
        return self._verb("turn_off_recurring", order)

    def cancel_at_renewal(self, order: Order) -> Answer:
        return self._verb("cancel_at_renewal", order)

    def undo_cancel(self, order: Order) -> Answer:
        return self._verb("undo_cancel", order)

    def cancel_now(self, order: Order) -> Answer:
        return self._verb("cancel_now", order)

    def reactivate(self, order: Order) -> Answer:
        return self._verb("reactivate", order)

    def _verb(self, name: str, order: Order) -> Answer:
        self.calls.append(f"{name} {order.seen.id} {order.operation_id}")
        self.on("verb")
        play = self._play(name) or self._play(f"{name} {order.seen.id}")
        answer = self._answer(play, order)
        self.on("answer")
        return answer

    def _answer(self, play: Any, order: Order) -> Answer:
        match play:
            case "drop-before":
                return Ambiguous("timed out")
            case "drop-after":
                self._commit(order)
                return Ambiguous("connection reset")
            case "lie":
                return Done()
            case Accepted(token):
                self._jobs[token] = (order, int(token.partition("*")[2] or 1))
                id = order.seen.id
                self._late[id] = (self.subscriptions[id], self.hours.passed + self.late)
                self.subscriptions[id] = replace(self.subscriptions[id], busy="at work")
                return play
            case None:
                self._commit(order)
                return Done()
            case _:
                return cast("Answer", play)

    def _commit(self, order: Order) -> None:
        with self._lock:
            if self.idempotent and order.operation_id in self._done:
                return
            id = order.seen.id
            self._done.add(order.operation_id)
            self.ledger.append((id, order.change.kind, order.operation_id))
            before = self.subscriptions[id]
            self._old[id] = [before] * self.lag
            self._late[id] = (before, self.hours.passed + self.late)
            self.subscriptions[id] = replace(carried(before, order.change), busy=None)

    def _play(self, name: str) -> Any:
        with self._lock:
            if not self.plays.get(name):
                return None
            play = self.plays[name].pop(0)
        if callable(play):
            play = play()
        if isinstance(play, BaseException):
            raise play
        return play

    def called(self, word: str) -> int:
        """How many calls of a method there were."""
        return sum(call.split(" ")[0] == word for call in self.calls)


@dataclass
class Notes(Scribe):
    """A journal of nothing but memory; fails from some call of a method on, if told to."""

    log: list[str] = field(default_factory=list)
    fails: dict[str, int] = field(default_factory=dict)
    """Method name: the number of its calls that go well."""
    halts_after: int | None = None
    """So many intents are let through."""
    intents: dict[str, Entry] = field(default_factory=dict)
    """Open ones, by operation id."""
    recorded: list[Entry] = field(default_factory=list)
    commits: Counter[str] = field(default_factory=Counter)
    on: Callable[[str], None] = lambda hop: None
    """Called at each hop, before and after the commit."""

    def _call(self, name: str, entries: Sequence[Entry]) -> None:
        self.on(f"before {name}")
        if name in self.fails:
            if self.fails[name] == 0:
                raise StoreError("store-full", "no space left", "make room")
            self.fails[name] -= 1
        self.commits[name] += 1
        self.log.append(" ".join([name, *(f"{entry.change.key.name}:{entry.outcome.kind}" for entry in entries)]))

    def intend(self, entries: Sequence[Entry]) -> None:
        self._call("intend", entries)
        for entry in entries:
            self.intents.setdefault(entry.operation_id, entry)
        self.on("after intend")

    def accept(self, entries: Sequence[Entry]) -> None:
        self._call("accept", entries)
        for entry in entries:
            self.intents[entry.operation_id] = entry
        self.on("after accept")

    def record(self, entries: Sequence[Entry]) -> None:
        self._call("record", entries)
        for entry in entries:
            self.intents.pop(entry.operation_id, None)
        self.recorded += entries
        self.on("after record")

    def halted(self) -> bool:
        if "halted" in self.fails:
            raise StoreError("store-gone", "the store is gone")
        begun = sum(line.count(":intended") for line in self.log)
        return self.halts_after is not None and begun >= self.halts_after

    def outcomes(self) -> dict[str, OutcomeKind]:
        """What is recorded, by name."""
        return {entry.change.key.name: entry.outcome.kind for entry in self.recorded}


def account(name: str = "fabrikam", **fields: Any) -> AccountSettings:
    return AccountSettings(name, provider="vendor", **fields)


def order_of(kind: Kind = Kind.TURN_OFF, id: str = "s1", key: str | None = None, **fields: Any) -> Change:
    """A change of a subscription of fabrikam, named as its id unless said."""
    return a_change(kind, key or f"fabrikam/{id}", external_id=id, **fields)


def step(vendor: Vendor, change: Change | None = None, number: str = "op-1", **fields: Any) -> Step:
    fields.setdefault("account", account())
    fields.setdefault("base", None)
    return Step(change or order_of(), number, open=vendor.open, **fields)


def intent_of(change: Change, number: str = "op-1", at: datetime = NOW, token: str | None = None) -> OpenIntent:
    """As the store gives back what was journaled."""
    return OpenIntent(
        number,
        SubscriptionKey(*change.key),
        change.kind,
        change.external_id,
        change.before,
        change.after,
        change.reason,
        None,
        "run-0",
        at,
        token,
        change.product,
    )


REFUSED = Rejected("managed-elsewhere", "a schedule decides", "ask the owner")

"""What makes the engine one worker among many: the fence, the heartbeat, and what a dead worker left."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from threading import Event
from typing import Any

import pytest

from reconciler.answers import Accepted, Order, Rejected
from reconciler.carrying import VERBS, Carrier, Guarded, Heart, Tenure
from reconciler.errors import Interrupted, StoreError
from reconciler.journal import Entry, Freeze, OutcomeKind
from reconciler.looks import Look, TakenLook
from reconciler.model import Recurring
from reconciler.observed import ObservedAccount
from reconciler.outside.pacing import Pacers
from reconciler.ports import Writer
from reconciler.shards import Piece, Taken, begun_anew
from tests.builders import NOW, a_stored
from tests.outside.vendor import DROP_AFTER, DROP_BEFORE, Hours, Vendor, account, intent_of, order_of, shown

SUCCEEDED, FAILED, SKIPPED, UNKNOWN = (
    OutcomeKind.SUCCEEDED,
    OutcomeKind.FAILED,
    OutcomeKind.SKIPPED,
    OutcomeKind.UNKNOWN,
)


@dataclass
class Book:
    """A book of one shard, of nothing but memory."""

    taken: Taken | TakenLook | float | None
    ended: Mapping[OutcomeKind, int] | None = None
    backs: list[bool] = field(default_factory=list)
    log: list[str] = field(default_factory=list)
    recorded: list[Entry] = field(default_factory=list)
    kept: list[ObservedAccount] = field(default_factory=list)
    frozen: Freeze | None = None
    lost: bool = False
    held: frozenset[int] = frozenset({1})

    def take(self, shard: int, worker: str, lasts: float) -> Taken | TakenLook | float | None:
        self.log.append(f"take {worker}")
        return self.taken

    def beat(self, held: Mapping[int, int], lasts: float) -> frozenset[int]:
        return self.held

    def _write(self, name: str, entries: Sequence[Entry]) -> None:
        if self.lost:
            raise StoreError("lease-lost", "another worker has it", "")
        self.log += [f"{name} {entry.operation_id}" for entry in entries]

    def intend(self, taken: Taken, entries: Sequence[Entry], at: datetime, lasts: float) -> None:
        self._write("intend", entries)

    def accept(self, taken: Taken, entries: Sequence[Entry], at: datetime, lasts: float) -> None:
        self._write("accept", entries)

    def record(self, taken: Taken, entries: Sequence[Entry], at: datetime, lasts: float) -> None:
        self._write("record", entries)
        self.recorded += entries

    def freeze(self) -> Freeze | None:
        return self.frozen

    def keep(self, observed: Sequence[ObservedAccount]) -> None:
        self.kept += observed

    def give_back(self, taken: Taken | TakenLook, *, sent: bool) -> None:
        self.backs.append(sent)

    def end(self, taken: Taken, outcomes: Mapping[OutcomeKind, int], at: datetime) -> bool:
        self.ended = {kind: count for kind, count in outcomes.items() if count}
        return True

    def end_look(self, taken: TakenLook, found: ObservedAccount, began: datetime) -> None:
        self.log.append(f"look {found.account}")

    def close(self) -> None:
        """Nothing is open."""


@dataclass
class Place:
    """A vendor, a book and a worker in time that nobody waits for."""

    vendor: Vendor
    book: Book
    hours: Hours
    stopped: bool = False

    def __post_init__(self) -> None:
        timing = self.hours.timing()
        self.heart = Heart(lambda: self.book, Tenure(), timing.monotonic)
        self.carrier = Carrier(
            lambda: self.book, lambda _: self.vendor, timing, Pacers(timing), "w-1", lambda: self.stopped, self.heart,
            self.see,
        )  # fmt: skip

    def see(self, look: Look, halted: Callable[[], bool]) -> ObservedAccount:
        if halted():
            raise Interrupted("interrupted", "asked to stop")
        return ObservedAccount(look.account.name, NOW)

    def work(self) -> float | None:
        return self.carrier.work(1)


def a_piece(id: str, number: str | None = None) -> Piece:
    return Piece(account(), order_of(id=id), number or f"op-{id}", a_stored(f"fabrikam/{id}", id=id))


def a_place(*ids: str, begun: Sequence[str] = (), age: float = 30.0, **fields: Any) -> Place:
    pieces = tuple(a_piece(id) for id in ids)
    found = {f"op-{id}": intent_of(order_of(id=id), f"op-{id}", NOW - timedelta(seconds=age)) for id in begun}
    taken = Taken(1, 1, "run-1", pieces, fields.pop("over", {}), found, fields.pop("quiet_for", 0.0))
    hours = Hours()
    return Place(Vendor({id: shown(id) for id in ids}, hours=hours, **fields), Book(taken), hours)


@pytest.fixture
def place() -> Place:
    return a_place("a", "b", "c")


def test_each_is_intended_before_it_is_sent_and_recorded_after(place: Place) -> None:
    assert place.work() is None
    assert place.book.ended == {SUCCEEDED: 3}
    assert [id for id, _, _ in place.vendor.ledger] == ["a", "b", "c"]
    for id in ("a", "b", "c"):
        assert place.book.log.index(f"intend op-{id}") < place.book.log.index(f"record op-{id}")
    (kept,) = place.book.kept
    assert set(kept.subscriptions) == {"a", "b", "c"}


@pytest.mark.parametrize("answer", [None, 7.5], ids=["it is over", "somebody has it"])
def test_what_cannot_be_taken_is_left_alone(answer: float | None) -> None:
    place = Place(Vendor({}), Book(answer), Hours())
    assert place.work() == answer
    assert place.book.log == ["take w-1"]


def test_a_look_is_ended_with_what_was_seen() -> None:
    place = Place(Vendor({}), Book(TakenLook(1, 1, Look(account(), frozenset({"a"})))), Hours())
    place.book.frozen = Freeze("audit", NOW, "ada")  # looking changes nothing
    assert place.work() is None
    assert place.book.log == ["take w-1", "look fabrikam"]


def test_a_look_that_was_held_up_for_too_long_is_given_back() -> None:
    place = Place(Vendor({}), Book(TakenLook(1, 1, Look(account(), frozenset()))), Hours())
    see = place.see

    def slowly(look: Look, halted: Callable[[], bool]) -> ObservedAccount:
        place.hours.wait(60.0)
        return see(look, halted)

    place.carrier.see = slowly
    assert place.work() == 0.0
    assert (place.book.log, place.book.backs) == (["take w-1"], [False])


def test_asked_to_stop_it_takes_nothing(place: Place) -> None:
    place.stopped = True
    assert (place.work(), place.book.log) == (0.0, [])


def test_asked_to_stop_on_the_way_it_ends_what_is_begun_and_gives_the_rest_back() -> None:
    place = a_place(*(f"s{number}" for number in range(60)))

    def stop(hop: str) -> None:
        place.stopped = place.stopped or hop == "verb"

    place.vendor.on = stop
    assert place.work() == 0.0
    assert (place.book.backs, place.book.ended) == ([True], None)
    assert len(place.vendor.ledger) == len(place.book.recorded) < 60


def test_frozen_it_begins_nothing_and_gives_it_back(place: Place) -> None:
    place.book.frozen = Freeze("audit", NOW, "ada")
    again = place.work()
    assert again is not None
    assert again > 0
    assert (place.vendor.ledger, place.book.backs) == ([], [False])


def test_who_lost_the_shard_sends_nothing(place: Place) -> None:
    place.book.lost = True
    assert place.work() is not None
    assert (place.vendor.ledger, place.book.ended) == ([], None)


def test_who_was_held_up_between_the_intent_and_the_order_does_not_send_it(place: Place) -> None:
    intend = place.book.intend

    def slow(taken: Taken, entries: Sequence[Entry], at: datetime, lasts: float) -> None:
        intend(taken, entries, at, lasts)
        place.hours.passed += 60

    place.book.intend = slow  # type: ignore[method-assign]
    assert place.work() is not None
    assert (place.vendor.ledger, place.book.recorded, place.book.ended) == ([], [], None)


def test_a_store_that_fails_is_no_end(place: Place) -> None:
    def failing(shard: int, worker: str, lasts: float) -> None:
        raise StoreError("store-unreachable", "gone", "")

    place.book.take = failing  # type: ignore[method-assign]
    again = place.work()
    assert again is not None
    assert again > 0


def test_what_a_dead_worker_carried_out_is_found_by_reading() -> None:
    place = a_place("a", "b", begun=["a"])
    place.vendor.subscriptions["a"] = shown("a", recurring=Recurring.OFF)
    assert place.work() is None
    assert [id for id, _, _ in place.vendor.ledger] == ["b"]
    assert place.book.ended == {SUCCEEDED: 2}


def test_what_a_dead_worker_surely_did_not_send_is_begun_anew_under_another_id() -> None:
    place = a_place("a", begun=["a"], idempotent=False, settles_within=5.0, quiet_for=8.0)
    assert place.work() is None
    assert [number for _, _, number in place.vendor.ledger] == [begun_anew("op-a")]
    assert [entry.outcome.kind for entry in place.book.recorded] == [FAILED, SUCCEEDED]
    assert place.book.ended == {SUCCEEDED: 1}


def test_what_may_still_show_is_waited_for_and_never_sent_twice() -> None:
    place = a_place("a", "b", begun=["a"], idempotent=False, settles_within=5.0, quiet_for=1.0)
    again = place.work()
    assert again is not None
    assert again > 0
    assert [id for id, _, _ in place.vendor.ledger] == ["b"]
    assert (place.book.backs, place.book.ended) == ([True], None)


def test_where_a_second_order_has_no_second_effect_it_is_sent_again_at_once() -> None:
    place = a_place("a", begun=["a"], idempotent=True, settles_within=60.0)
    assert place.work() is None
    assert [number for _, _, number in place.vendor.ledger] == ["op-a"]


def test_what_is_not_known_for_long_is_left_to_the_next_apply() -> None:
    place = a_place("a", begun=["a"], age=3600.0, idempotent=False, settles_within=60.0)
    place.vendor.subscriptions["a"] = shown("a", busy="at work")
    assert place.work() is None
    assert (place.book.ended, place.vendor.ledger) == ({UNKNOWN: 1}, [])


def test_an_answer_that_says_nothing_is_asked_for_again_later() -> None:
    place = a_place("a", idempotent=False)
    place.vendor.plays["turn_off_recurring"] = [DROP_BEFORE]
    assert place.work() is not None
    assert (place.book.ended, place.book.backs) == (None, [True])
    sent = a_place("a", idempotent=False)
    sent.vendor.plays["turn_off_recurring"] = [DROP_AFTER]
    assert sent.work() is None
    assert sent.book.ended == {SUCCEEDED: 1}


def test_what_was_accepted_is_asked_for_by_its_token() -> None:
    place = a_place("a")
    place.vendor.plays["turn_off_recurring"] = [Accepted("job*2")]
    assert place.work() is None
    assert (place.book.ended, "accept op-a" in place.book.log) == ({SUCCEEDED: 1}, True)


def test_behind_a_change_that_failed_no_other_of_its_subscription_is_made() -> None:
    place = a_place("a", "b")
    first, second = a_piece("a"), a_piece("a", "op-a2")
    place.book.taken = Taken(1, 1, "run-1", (first, second, a_piece("b")), {"op-a": FAILED})
    assert place.work() is None
    assert [id for id, _, _ in place.vendor.ledger] == ["b"]
    assert place.book.ended == {FAILED: 1, SUCCEEDED: 1, SKIPPED: 1}


def test_every_verb_of_a_writer_is_guarded() -> None:
    verbs = {
        name
        for name, method in inspect.getmembers(Writer, inspect.isfunction)
        if "order" in inspect.signature(method).parameters
    }
    assert verbs == VERBS
    vendor = Vendor({"a": shown("a")})
    guarded = Guarded(vendor, lambda: False)
    for verb in VERBS:
        answer = getattr(guarded, verb)(Order(order_of(), shown("a"), "op", NOW))
        assert isinstance(answer, Rejected)
    assert vendor.calls == []
    assert (guarded.get("a"), guarded.pace) == (shown("a"), vendor.pace)


def test_a_shard_is_surely_ours_only_for_as_long_as_it_lasts() -> None:
    hours, book = Hours(), Book(None)
    heart = Heart(lambda: book, Tenure(20.0, 5.0), hours.timing().monotonic)
    taken = Taken(1, 3, "run-1", ())
    heart.beat(book)
    assert not heart.alive(1)
    heart.hold(taken, 1000.0)
    hours.passed = 19
    assert heart.alive(1)
    heart.beat(book)
    hours.passed = 38
    assert heart.alive(1)
    book.held = frozenset()
    heart.beat(book)
    assert not heart.alive(1)
    heart.let_go(1)
    assert not heart.alive(1)


def test_a_heart_beats_in_a_thread_of_its_own_and_outlives_a_store_that_fails() -> None:
    beats: list[int] = []

    class Beaten(Book):
        def beat(self, held: Mapping[int, int], lasts: float) -> frozenset[int]:
            beats.append(1)
            if len(beats) == 1:
                raise StoreError("store-unreachable", "gone", "")
            ended.set()
            return self.held

    ended = Event()
    heart = Heart(lambda: Beaten(None), Tenure(20.0, 0.01), Hours().timing().monotonic)
    heart.hold(Taken(1, 3, "run-1", ()), 1000.0)
    heart.start()
    assert ended.wait(10)
    heart.stop()
    assert len(beats) >= 2

"""What every Dispatcher does."""

from __future__ import annotations

import threading
import time
from abc import ABC, abstractmethod
from collections import Counter
from dataclasses import dataclass, field

from reconciler.looks import Look, TakenLook
from reconciler.queueing import Dispatcher
from reconciler.shards import Ticket
from tests.outside.vendor import Hours, Vendor, account
from tests.test_carrying import Book, Place

SLUGGISH = 20.0


@dataclass
class Log:
    """Work that says what it was given, and is told what to answer."""

    again: dict[int, list[float]] = field(default_factory=dict)
    fails: set[int] = field(default_factory=set)
    done: list[int] = field(default_factory=list)
    busy: Counter[str] = field(default_factory=Counter)
    most: int = 0
    locks: dict[int, str] = field(default_factory=dict)
    together: bool = True
    rest: float = 0.0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def work(self, shard: int) -> float | None:
        lock = self.locks.get(shard, str(shard))
        with self._lock:
            self.busy[lock] += 1
            self.most = max(self.most, sum(self.busy.values()))
            self.together &= self.busy[lock] == 1
        time.sleep(self.rest)
        with self._lock:
            self.busy[lock] -= 1
            self.done.append(shard)
            if shard in self.fails:
                self.fails.remove(shard)
                raise RuntimeError("a bug of ours")
            waits = self.again.get(shard)
            return waits.pop(0) if waits else None

    def finished(self, count: int) -> bool:
        return len(self.done) >= count


def run(dispatcher: Dispatcher, log: Log, count: int) -> None:
    """Until so many turns were taken."""
    deadline = time.monotonic() + SLUGGISH

    def idle() -> bool:
        assert time.monotonic() < deadline, log.done
        return log.finished(count)

    dispatcher.run(log.work, lambda: False, idle)


class DispatcherContract(ABC):
    """The contract."""

    @abstractmethod
    def dispatcher(self, concurrency: int = 1) -> Dispatcher:
        """One of its own."""

    def test_each_is_handed_out_once(self) -> None:
        dispatcher, log = self.dispatcher(), Log()
        dispatcher.submit([Ticket(number, f"lock {number}") for number in range(5)])
        run(dispatcher, log, 5)
        assert log.done == list(range(5))

    def test_those_of_one_lock_come_one_by_one_and_in_order(self) -> None:
        dispatcher = self.dispatcher(3)
        log = Log(locks={number: f"lock {number % 2}" for number in range(8)}, rest=0.01)
        dispatcher.submit([Ticket(number, log.locks[number]) for number in range(8)])
        run(dispatcher, log, 8)
        assert log.together
        for parity in (0, 1):
            assert [number for number in log.done if number % 2 == parity] == list(range(parity, 8, 2))

    def test_several_are_worked_on_at_once(self) -> None:
        dispatcher, log = self.dispatcher(3), Log(rest=0.4)
        dispatcher.submit([Ticket(number, f"lock {number}") for number in range(6)])
        run(dispatcher, log, 6)
        assert log.most == 3

    def test_what_is_not_over_is_handed_out_again(self) -> None:
        dispatcher, log = self.dispatcher(), Log(again={1: [0.0, 0.01]})
        dispatcher.submit([Ticket(1, "one"), Ticket(2, "two")])
        run(dispatcher, log, 4)
        assert Counter(log.done) == {1: 3, 2: 1}

    def test_asked_to_stop_it_takes_nothing_more_and_ends_what_is_under_way(self) -> None:
        dispatcher, log = self.dispatcher(), Log(rest=0.05)
        dispatcher.submit([Ticket(number, f"lock {number}") for number in range(200)])
        dispatcher.run(log.work, lambda: log.finished(2))
        assert 2 <= len(log.done) < 100
        assert sum(log.busy.values()) == 0

    def test_what_fails_stops_no_other(self) -> None:
        dispatcher, log = self.dispatcher(), Log(fails={1})
        dispatcher.submit([Ticket(1, "one"), Ticket(2, "two"), Ticket(3, "three")])
        run(dispatcher, log, 3)
        assert sorted(log.done) == [1, 2, 3]

    def test_a_look_is_carried_out_as_any_shard_is(self) -> None:
        place = Place(Vendor({}), Book(TakenLook(1, 1, Look(account(), frozenset()))), Hours())
        dispatcher, deadline = self.dispatcher(), time.monotonic() + SLUGGISH
        dispatcher.submit([Ticket(1, "look fabrikam")])

        def idle() -> bool:
            assert time.monotonic() < deadline, place.book.log
            return len(place.book.log) == 2

        dispatcher.run(place.carrier.work, lambda: False, idle)
        assert place.book.log == ["take w-1", "look fabrikam"]

    def test_nobody_is_gone_nothing_is_recovered(self) -> None:
        assert self.dispatcher().recover() == 0

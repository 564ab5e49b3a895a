"""Workers as processes, a real server, and a vendor whose own ledger is the judge: nothing lost, nothing doubled."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path

import pytest

from reconciler.answers import Pace
from reconciler.journal import OutcomeKind
from reconciler.stores.postgres.store import PostgresStore
from tests.dispatching.floor import PACE, Vendor, start_worker, vendor
from tests.dispatching.yard import handed_over, outcomes, pieces
from tests.stores.postgres.places import Room, empty, server
from tests.stores.postgres.server import Server, servers

__all__ = ["empty", "server"]

SLUGGISH = 90.0
"""Seconds after which workers are taken to hang."""


def until(holds: Callable[[], bool], why: str) -> None:
    """Wait for something that must come."""
    deadline = time.monotonic() + SLUGGISH
    while not holds():
        assert time.monotonic() < deadline, why
        time.sleep(0.02)


@contextmanager
def ending(*workers: subprocess.Popen[str]) -> Iterator[None]:
    """None of them outlives the test."""
    with ExitStack() as held:
        for worker in workers:
            held.enter_context(worker)
            held.callback(worker.kill)
        yield


def each_once(count: int) -> Counter[str]:
    return Counter(f"s-{number:05d}" for number in range(count))


def judged(store: PostgresStore, floor: Vendor, count: int) -> None:
    """Nothing lost, nothing doubled, and the journal says so."""
    assert floor.counts() == each_once(count)
    assert outcomes(store) == {OutcomeKind.SUCCEEDED: count}
    stored = store.snapshot()
    assert (stored.unfinished, stored.open_intents) == ({}, {})
    succeeded = [entry for entry in store.history() if entry.outcome is OutcomeKind.SUCCEEDED]
    assert Counter(entry.subscription.partition("/")[2] for entry in succeeded) == each_once(count)


def test_two_workers_carry_a_run_out_and_the_last_one_finishes_it(empty: Room, tmp_path: Path) -> None:
    store = empty.make()
    handed_over(store, pieces(120))
    with vendor(tmp_path) as floor:
        workers = [start_worker(empty.url, floor.port) for _ in range(2)]
        with ending(*workers):
            assert [worker.wait(SLUGGISH) for worker in workers] == [0, 0]
        judged(store, floor, 120)
    (left,) = store_rows(empty, "SELECT count(*) FROM procrastinate_jobs WHERE task_name = 'reconcile.carry_out'")
    assert left == (0,)


def store_rows(room: Room, statement: str) -> list[tuple[object, ...]]:
    with room.open().reading() as spoken:
        return list(spoken.connection.execute(statement.encode()).fetchall())


def test_workers_killed_again_and_again_lose_nothing_and_double_nothing(empty: Room, tmp_path: Path) -> None:
    store, count = empty.make(), 110
    handed_over(store, pieces(count))
    killed = 0
    with vendor(tmp_path) as floor, ExitStack() as held:
        workers: list[subprocess.Popen[str]] = []
        while len(floor.effects()) < count * 0.8 and killed < 8:
            while len(workers) < 2:
                workers.append(held.enter_context(start_worker(empty.url, floor.port, lasts=1.0)))
                held.callback(workers[-1].kill)
            wanted = min(len(floor.effects()) + 18, count)
            until(partial(floor.reached, wanted), "nobody works")
            workers.pop(0).kill()
            killed += 1
        workers.append(held.enter_context(start_worker(empty.url, floor.port, lasts=1.0)))
        held.callback(workers[-1].kill)
        assert [worker.wait(SLUGGISH) for worker in workers] == [0] * len(workers)
        judged(store, floor, count)
    assert killed >= 3


def test_a_worker_frozen_past_its_lease_and_woken_sends_nothing_more(empty: Room, tmp_path: Path) -> None:
    store, count = empty.make(), 60
    handed_over(store, pieces(count))
    with vendor(tmp_path) as floor:
        frozen = start_worker(empty.url, floor.port, lasts=2.0)
        with ending(frozen):
            until(lambda: len(floor.effects()) >= 10, "it does not work")
            os.kill(frozen.pid, signal.SIGSTOP)
            other = start_worker(empty.url, floor.port, lasts=2.0)
            with ending(other):
                assert other.wait(SLUGGISH) == 0
                judged(store, floor, count)
                before = len(floor.effects())
                os.kill(frozen.pid, signal.SIGCONT)
                assert frozen.wait(SLUGGISH) == 0
        assert len(floor.effects()) == before
        judged(store, floor, count)


def test_a_worker_that_is_told_to_stop_gives_back_what_it_has_not_begun(empty: Room, tmp_path: Path) -> None:
    store, count = empty.make(), 60
    handed_over(store, pieces(count))
    with vendor(tmp_path) as floor:
        first = start_worker(empty.url, floor.port, until_idle=False)
        with ending(first):
            until(lambda: len(floor.effects()) >= 5, "it does not work")
            first.send_signal(signal.SIGTERM)
            assert first.wait(SLUGGISH) == 0
        assert len(floor.effects()) < count
        assert store_rows(empty, "SELECT stage FROM shards") == [("waiting",)]
        succeeded = [entry for entry in store.history() if entry.outcome is OutcomeKind.SUCCEEDED]
        assert len(succeeded) == len(floor.effects())
        second = start_worker(empty.url, floor.port)
        with ending(second):
            assert second.wait(SLUGGISH) == 0
        judged(store, floor, count)


def test_workers_together_are_never_faster_than_the_pace_of_their_sign_in(empty: Room, tmp_path: Path) -> None:
    store, count, rate = empty.make(), 120, 50.0
    handed_over(store, pieces(count))
    with vendor(tmp_path, latency=0.0) as floor:
        pace = Pace(reads=1000.0, writes=rate, threads=4)
        workers = [start_worker(empty.url, floor.port, pace=pace) for _ in range(3)]
        with ending(*workers):
            assert [worker.wait(SLUGGISH) for worker in workers] == [0, 0, 0]
        judged(store, floor, count)
        at = sorted(item["at"] for item in floor.effects())
        pids = {item["pid"] for item in floor.effects()}
    most = max(sum(begin <= one < begin + 1 for one in at) for begin in at)
    assert len(pids) > 1
    assert most <= rate * 1.2 + 2  # a request is on its way for a while, the turn it was given is not


@pytest.fixture
def own_server() -> Iterator[Server]:
    with servers() as (found,):
        yield found


def test_workers_live_through_a_server_that_crashes_and_comes_back(own_server: Server, tmp_path: Path) -> None:
    room, count = Room(own_server.database("estate")), 80
    store = room.make()
    handed_over(store, pieces(count))
    with vendor(tmp_path) as floor:
        workers = [start_worker(room.url, floor.port, lasts=2.0) for _ in range(2)]
        with ending(*workers):
            until(lambda: len(floor.effects()) >= 20, "nobody works")
            own_server.stop("immediate")
            own_server.start()
            assert [worker.wait(SLUGGISH) for worker in workers] == [0, 0]
        judged(room.open(), floor, count)
    room.close()


def test_a_run_can_be_carried_out_without_the_queue(empty: Room, tmp_path: Path) -> None:
    store = empty.make()
    handed_over(store, pieces(60))
    with vendor(tmp_path) as floor:
        worker = start_worker(empty.url, floor.port, run="run-1", pace=PACE)
        with ending(worker):
            assert worker.wait(SLUGGISH) == 0
        judged(store, floor, 60)

"""Shards on Procrastinate, in the transaction of the store."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress

import pytest

from reconciler.dispatching import queue
from reconciler.dispatching.queue import Beats, Queue
from reconciler.errors import StoreError
from reconciler.queueing import Dispatcher
from reconciler.shards import Ticket
from tests.dispatching.contract import DispatcherContract, Log, run
from tests.stores.postgres.places import Room, empty, server

__all__ = ["empty", "server"]

JOBS = "SELECT count(*) FROM procrastinate_jobs WHERE task_name = 'reconcile.carry_out'"


class Submitting(Queue):
    """Makes the transaction that it submits in by itself."""

    room: Room

    def submit(self, tickets: Sequence[Ticket], within: object = None) -> None:
        with self.room.open().together() as spoken:
            super().submit(tickets, within or spoken.connection)


def a_queue(room: Room, concurrency: int = 1, beats: Beats | None = None) -> Submitting:
    store = room.make()
    found = Submitting(store.address.parameters, store.address.schema, concurrency, beats or Beats())
    found.room = room
    with store.together() as spoken:
        found.prepare(spoken.connection)
    return found


def jobs(room: Room, statement: str = JOBS) -> int:
    with room.open().reading() as spoken:
        row = spoken.connection.execute(statement.encode()).fetchone()
        assert row is not None
        return int(row[0])


class TestQueue(DispatcherContract):
    """The contract."""

    @pytest.fixture(autouse=True)
    def at(self, empty: Room) -> None:
        self.room = empty

    def dispatcher(self, concurrency: int = 1) -> Dispatcher:
        return a_queue(self.room, concurrency)


def test_jobs_are_there_with_their_transaction_or_not_at_all(empty: Room) -> None:
    found, store = a_queue(empty), empty.open()
    with suppress(ZeroDivisionError), store.together() as spoken:
        found.submit([Ticket(1, "one")], spoken.connection)
        raise ZeroDivisionError
    assert jobs(empty) == 0
    with store.together() as spoken:
        found.submit([Ticket(number, f"lock {number}") for number in range(2500)], spoken.connection)
    assert jobs(empty) == 2500


def test_what_is_over_leaves_nothing_in_the_queue(empty: Room) -> None:
    found, log = a_queue(empty), Log()
    found.submit([Ticket(1, "one")])
    run(found, log, 1)
    assert jobs(empty) == 0


def test_what_a_dead_worker_had_is_handed_out_again(empty: Room) -> None:
    found, log = a_queue(empty, beats=Beats(0.2, 0.5, "* * * * * *")), Log()
    found.submit([Ticket(1, "one")])
    with empty.open().together() as spoken:
        spoken.connection.execute(
            b"WITH dead AS (INSERT INTO procrastinate_workers (last_heartbeat) VALUES (now() - interval '1 minute')"
            b" RETURNING id) UPDATE procrastinate_jobs SET status = 'doing', worker_id = (SELECT id FROM dead)"
        )
    assert found.recover() == 1
    run(found, log, 1)
    assert log.done == [1]


def test_the_tables_are_made_once_and_brought_up_to_date(empty: Room) -> None:
    found = a_queue(empty)
    said = "SELECT obj_description('procrastinate_jobs'::regclass) >= '03.04.00_50'"
    assert jobs(empty, f"SELECT ({said})::int")
    mark = "SELECT count(*) FROM pg_proc WHERE proname = 'procrastinate_notify_queue_job_inserted_v1'"
    before = jobs(empty, mark)
    with empty.open().together() as spoken:
        found.prepare(spoken.connection)  # up to date: nothing is made twice
        spoken.connection.execute(
            b"COMMENT ON TABLE procrastinate_jobs IS '03.04.00_01_pre_add_retry_failed_job_procedure.sql'"
        )
        found.prepare(spoken.connection)  # by the last step alone
    assert (jobs(empty, f"SELECT ({said})::int"), jobs(empty, mark)) == (1, before)


def test_a_server_that_goes_away_while_jobs_are_handed_over_is_the_stores_trouble(empty: Room) -> None:
    found, store = a_queue(empty), empty.open()

    def submit() -> None:
        with store.together() as spoken:
            spoken.connection.close()
            found.submit([Ticket(1, "one")], spoken.connection)

    with pytest.raises(StoreError) as failed:
        submit()
    assert failed.value.code in ("store-unreachable", "store-failed")


def test_no_password_is_shown() -> None:
    assert "hunter2" not in repr(Queue({"password": "hunter2"}))
    assert queue.NAME == "reconcile"

"""Servers that stop, restart, fail over, are full or take no writes: nothing is lost, doubled or left unsaid."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import psycopg
import pytest

from reconciler.errors import LeaseHeld, StoreBusy, StoreError, StoreUnwritable
from reconciler.stores.postgres import failures
from reconciler.stores.postgres.place import PostgresPlace
from reconciler.stores.postgres.session import Limits
from reconciler.stores.postgres.store import PostgresStore
from tests.builders import NOW, a_run
from tests.stores.contract import LATER, recorded, registered, seen, told
from tests.stores.postgres.places import QUICK, Room, empty, place, server
from tests.stores.postgres.server import Server, servers

__all__ = ["empty", "place", "server"]

IMPATIENT = Limits(locks=0.1, patience=0.3)


@pytest.fixture(scope="module")
def fragile() -> Iterator[Server]:
    """A server to be stopped."""
    with servers() as (found,):
        yield found


@pytest.fixture
def room(fragile: Server, request: pytest.FixtureRequest) -> Iterator[Room]:
    """A store on it with one record and a run under way."""
    found = Room(fragile.database(f"room_{abs(hash(request.node.nodeid)):x}"))
    recorded(found, registered("contoso/a")).begin(a_run("run-2"))
    yield found
    found.close()


@pytest.mark.parametrize("mode", ["fast", "immediate"])
def test_a_restart_between_two_batches_is_lived_through(fragile: Server, room: Room, mode: str) -> None:
    store = room.open()
    store.record("run-2", [registered("contoso/b")], NOW)
    fragile.stop(mode)
    fragile.start()
    assert store.record("run-2", [registered("contoso/c")], NOW) == 3
    fragile.stop(mode)
    fragile.start()
    assert [key.name for key in store.snapshot().subscriptions] == ["a", "b", "c"]


@pytest.mark.parametrize("mode", ["fast", "immediate"])
def test_a_batch_that_a_restart_cuts_off_is_written_once(
    fragile: Server, room: Room, mode: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = room.open()
    commit, cut = store._session.commit, iter([True])

    def cut_off() -> None:
        if next(cut, False):
            fragile.stop(mode)
            fragile.start()
        commit()

    monkeypatch.setattr(store._session, "commit", cut_off)
    assert store.record("run-2", [registered("contoso/b")], NOW) == 2
    assert [line[0] for line in told(store)] == ["contoso/a", "contoso/b"]


def test_a_commit_whose_answer_is_lost_is_looked_up_and_not_repeated(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = room.open()
    commit, begun = store._session.commit, []
    begin = store._begin_writing

    def answer_lost() -> None:
        commit()
        store._session.connection_under_way().pgconn.finish()
        raise psycopg.OperationalError("the connection is lost")

    def counted() -> object:
        begun.append(1)
        return begin()

    monkeypatch.setattr(store, "_begin_writing", counted)
    monkeypatch.setattr(store._session, "commit", answer_lost)
    assert store.record("run-2", [registered("contoso/b")], NOW) == 2
    assert len(begun) == 1
    assert len(told(store)) == 2


def test_a_server_that_stays_away_is_told_and_nothing_is_claimed(fragile: Server, room: Room) -> None:
    one = Room(room.url, IMPATIENT)
    store, reader = one.open(), one.read()
    assert reader is not None
    fragile.stop()
    try:
        for act in (lambda: store.record("run-2", [registered("contoso/b")], NOW), reader.snapshot, one.read):
            with pytest.raises(StoreError) as refused:
                act()
            assert refused.value.code == "store-unreachable"
    finally:
        fragile.start()
        one.close()
    assert seen(room).serial == 1


def test_what_is_written_together_is_there_whole_or_not_at_all(fragile: Server, room: Room) -> None:
    store = room.open()

    def cut_off() -> None:
        with store.together() as spoken:
            store.intend("run-2", [registered("contoso/b")], NOW)
            spoken.connection.execute("CREATE TABLE jobs (id int)")
            fragile.stop("immediate")
            fragile.start()
            store.intend("run-2", [registered("contoso/c")], NOW)

    with pytest.raises(StoreError) as refused:
        cut_off()
    assert refused.value.code == "store-unreachable"
    assert seen(room).open_intents == {}
    with store.together() as spoken:
        store.intend("run-2", [registered("contoso/b")], NOW)
        spoken.connection.execute("CREATE TABLE jobs (id int)")
        assert list(store.snapshot().open_intents) == list(seen(room).open_intents) + list(
            store.snapshot().open_intents
        )
    assert len(seen(room).open_intents) == 1


def test_a_standby_that_is_promoted_takes_over() -> None:
    with servers(2) as (primary, other):
        primary.database("estate")
        standby = primary.standby(other.home).start()
        primary.settings(synchronous_standby_names="'*'", synchronous_commit="remote_apply")
        primary.reload()
        hosts = f"{primary.home},{standby.home}"
        url = f"postgresql://postgres@/estate?host={hosts}"
        room = Room(url)
        store = recorded(room, registered("contoso/a"))
        store.begin(a_run("run-2"))
        only = Room(standby.url("estate"))
        with pytest.raises(StoreUnwritable) as refused:
            only.open()
        assert refused.value.code == "read-only-store"
        planner = Room(f"{url}&target_session_attrs=prefer-standby").read()
        assert planner is not None
        with planner:
            assert planner.snapshot().serial == 1
        primary.stop("immediate")
        standby.promote()
        assert store.record("run-2", [registered("contoso/b")], NOW) == 2
        assert [key.name for key in seen(room).subscriptions] == ["a", "b"]
        room.close()
        only.close()


def test_a_server_without_a_connection_left_is_told(room: Room, fragile: Server) -> None:
    fragile.say("CREATE ROLE few LOGIN CONNECTION LIMIT 0")
    with pytest.raises(StoreBusy) as refused:
        Room(fragile.url("postgres", user="few"), IMPATIENT).read()
    assert refused.value.code == "no-connection-left"


@pytest.mark.parametrize(
    ("url", "code"),
    [
        pytest.param(lambda server: server.url("nowhere"), "no-database", id="no database"),
        pytest.param(lambda server: server.url(user="nobody"), "store-denied", id="no user"),
        pytest.param(lambda server: "postgresql://127.0.0.1:1/db", "store-unreachable", id="no server"),
    ],
)
def test_each_way_not_to_be_let_in_has_its_code(server: Server, url: Callable[[Server], str], code: str) -> None:
    with pytest.raises(StoreError) as refused:
        PostgresPlace(url(server), 0.0, IMPATIENT).there()
    assert refused.value.code == code


def test_a_wrong_password_is_refused_and_not_told(fragile: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    fragile.say("CREATE ROLE ada LOGIN PASSWORD 'right'")
    fragile.access("local all postgres trust", "local all all scram-sha-256")
    monkeypatch.setenv("PGPASSWORD", "hunter2")
    with pytest.raises(StoreError) as refused:
        PostgresPlace(fragile.url(user="ada"), 0.0, IMPATIENT).there()
    assert refused.value.code == "store-denied"
    monkeypatch.setenv("PGPASSWORD", "right")
    assert not PostgresPlace(fragile.url(user="ada"), 0.0, IMPATIENT).there()
    monkeypatch.delenv("PGPASSWORD")
    with pytest.raises(StoreError) as again:
        PostgresPlace(fragile.url(user="ada").replace("ada@", "ada:hunter2@"), 0.0, IMPATIENT).there()
    assert "hunter2" not in f"{refused.value.message}{again.value.message}{again.value.__cause__}"


def test_a_row_that_somebody_else_keeps_locked_makes_the_store_busy(place: Room, server: Server) -> None:
    store = recorded(place, registered("contoso/a"))
    with server.connect("prepared") as other, other.transaction():
        other.execute("SELECT * FROM reconcile.store FOR UPDATE")
        with pytest.raises(StoreBusy) as refused:
            store.record("run-1", [registered("contoso/b")], NOW)
    assert refused.value.code == "store-busy"
    assert store.record("run-1", [registered("contoso/b")], LATER) == 2


def test_who_is_frozen_in_the_middle_of_writing_is_ended_and_holds_nobody_up(place: Room) -> None:
    waiting = recorded(place, registered("contoso/a"))
    frozen = Room(place.url, Limits(locks=0.2, standing=0.05))
    with frozen.open() as held:
        spoken = held._begin_writing()
        spoken.execute("SELECT * FROM store FOR UPDATE")
        backend = spoken.connection.info.backend_pid
        with place.session().connection() as asked:
            alive = f"SELECT count(*) FROM pg_stat_activity WHERE pid = {backend}".encode()
            deadline = time.monotonic() + 20
            while asked.execute(alive).fetchone() != (0,) and time.monotonic() < deadline:
                pass
            assert asked.execute(alive).fetchone() == (0,)
        assert waiting.record("run-1", [registered("contoso/b")], LATER) == 2
        with pytest.raises(psycopg.Error) as ended:
            spoken.execute("SELECT 1").fetchone()
        assert failures.lost(ended.value)
    assert list(seen(place).subscriptions) == list(waiting.snapshot().subscriptions)


def test_who_only_reads_may_think_for_longer_than_who_writes(place: Room) -> None:
    session, asked = place.make()._session, "SHOW idle_in_transaction_session_timeout"
    with session.reading(asked) as (_, reading):
        assert reading == ("5min",)
    assert session.begin(asked)[1] == ("20s",)
    session.roll_back()


def test_of_three_appliers_one_writes_and_two_planners_see_whole_batches(place: Room) -> None:
    recorded(place, registered("contoso/a"))
    won: list[str] = []
    sizes: list[int] = []

    def apply(name: str) -> None:
        postgres = place.place()
        try:
            with postgres.lease(0.0).hold(), ExitStack() as held:
                store = postgres.store()
                assert isinstance(store, PostgresStore)
                held.enter_context(store).begin(a_run(name))
                store.record(name, [registered(f"contoso/{name}-{number:02d}") for number in range(60)], NOW)
                barrier.wait(20)
                won.append(name)
        except LeaseHeld:
            barrier.wait(20)

    def plan() -> None:
        while not (won and sizes):
            sizes.append(len(seen(place).subscriptions))

    barrier = threading.Barrier(3)
    threads = [threading.Thread(target=apply, args=(f"run-{n}",)) for n in range(3)]
    threads += [threading.Thread(target=plan) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len(won) == 1
    assert set(sizes) <= {1, 61}
    assert len(seen(place).subscriptions) == 61


def test_limits_are_of_the_transaction_alone(place: Room) -> None:
    store = place.make()
    store.begin(a_run())
    connection = store._session.connection()
    assert connection.execute("SHOW statement_timeout").fetchone() == ("0",)
    assert connection.execute("SELECT count(*) FROM pg_prepared_statements").fetchone() == (0,)
    assert connection.execute("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'").fetchone() == (0,)
    assert QUICK.statement == 300.0

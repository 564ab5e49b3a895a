"""A server that is full, or takes no writes: every one real."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

import psycopg
import pytest

from reconciler.errors import StoreBusy, StoreError, StoreUnwritable
from reconciler.moving import copy_store
from reconciler.stores.postgres.session import Limits
from reconciler.stores.sqlite_place import SqlitePlace
from tests.builders import NOW, a_run
from tests.dispatching.floor import start_worker, vendor
from tests.dispatching.test_workers import SLUGGISH, ending, judged, until
from tests.dispatching.yard import handed_over, pieces
from tests.stores.contract import recorded, registered, seen
from tests.stores.postgres.places import Room, empty, place, server
from tests.stores.postgres.server import Server, servers
from tests.stores.test_migrations import small_files
from tests.test_moving import filled

__all__ = ["empty", "place", "server"]

CURT = Limits(locks=0.1, patience=0.3)


@pytest.fixture(scope="module")
def own() -> Iterator[Server]:
    """A server to be filled up."""
    with servers(max_connections="12", superuser_reserved_connections="1", max_wal_senders="0") as (found,):
        found.say("CREATE ROLE app LOGIN")
        yield found


@pytest.fixture
def room(own: Server, request: pytest.FixtureRequest) -> Iterator[Room]:
    """A store on it, of somebody who is no superuser."""
    name = f"room_{abs(hash(request.node.nodeid)):x}"
    own.database(name)
    own.say(f"ALTER DATABASE {name} OWNER TO app")
    found = Room(own.url(name, user="app"))
    recorded(found, registered("contoso/a")).begin(a_run("run-2"))
    yield found
    found.close()


def taken_up(server: Server, held: ExitStack) -> None:
    """Every connection that it has for such a user."""
    with suppress(psycopg.OperationalError):
        while True:
            held.enter_context(psycopg.connect(server.url(user="app")))


def test_a_server_out_of_connections_is_told_and_waited_for(own: Server, room: Room) -> None:
    store = room.open()
    store.close()
    curt = Room(room.url, CURT)
    with ExitStack() as held:
        taken_up(own, held)
        for act in (curt.read, curt.open, curt.postgres.there, curt.lease().hold().__enter__):
            with pytest.raises(StoreBusy) as refused:
                act()
            assert (refused.value.code, refused.value.exit_code) == ("no-connection-left", 4)
    assert [key.name for key in seen(room).subscriptions] == ["a"]
    assert room.open().record("run-2", [registered("contoso/b")], NOW) == 2


def test_a_worker_waits_for_a_connection_and_goes_on(own: Server, tmp_path: Path) -> None:
    own.database("busy")
    own.say("ALTER DATABASE busy OWNER TO app")
    room, count = Room(own.url("busy", user="app")), 60
    handed_over(room.make(), pieces(count))
    with vendor(tmp_path) as floor:
        worker = start_worker(room.url, floor.port)
        with ending(worker):
            until(lambda: floor.reached(5), "it does not work")
            own.say("ALTER DATABASE busy CONNECTION LIMIT 0")
            own.say("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'app'")
            until(lambda: "too many connections for database" in (own.home / "log").read_text(), "it asks for none")
            assert not floor.reached(count)
            own.say("ALTER DATABASE busy CONNECTION LIMIT -1")
            assert worker.wait(SLUGGISH) == 0
        judged(room.open(), floor, count)
    room.close()


def test_a_database_that_takes_no_writes_is_planned_from_and_not_written_to(own: Server, room: Room) -> None:
    store, name = room.open(), room.url.rpartition("/")[2]
    own.say(f"ALTER DATABASE {name} SET default_transaction_read_only = on")
    own.say(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'")
    curt = Room(room.url, CURT)
    for act in (curt.open, curt.lease().hold().__enter__):
        with pytest.raises(StoreUnwritable) as refused:
            act()
        assert refused.value.code == "read-only-store"
    assert [key.name for key in seen(curt).subscriptions] == ["a"]
    own.say(f"ALTER DATABASE {name} SET default_transaction_read_only = off")
    assert store.record("run-2", [registered("contoso/b")], NOW) == 2


def test_a_server_whose_disk_is_full_in_the_middle_of_a_copy_has_nothing_of_it(own: Server, place: Room) -> None:
    source = filled(place)
    room = Room(own.database("crammed"))
    with room.postgres.lease(0.0).hold():
        pass  # whoever asks for the lease first makes the tables
    ((path,),) = own.say("SELECT pg_relation_filepath('reconcile.journal')", database="crammed")
    file = own.data / path
    file.rename(file.with_name("kept"))
    file.symlink_to("/dev/full")  # no room for the journal, and for all that comes before it
    with pytest.raises(StoreUnwritable) as refused:
        copy_store(source, room.postgres, 0.0)
    assert refused.value.code == "disk-full"
    assert not room.postgres.there()
    file.unlink()
    file.with_name("kept").rename(file)
    copy_store(source, room.postgres, 0.0)
    assert seen(room) == seen(place)
    room.close()


def test_a_machine_whose_disk_is_full_in_the_middle_of_a_copy_has_nothing_of_it(place: Room, tmp_path: Path) -> None:
    source, target = filled(place), SqlitePlace(tmp_path / "copies" / "state.db", 0.0)
    with small_files(8192), pytest.raises(StoreError) as refused:
        copy_store(source, target, 0.0)
    assert (refused.value.code, target.there()) == ("disk-full", False)
    assert [path.name for path in target.path.parent.iterdir()] == ["state.db.lock"]
    copy_store(source, target, 0.0)
    assert list(target.export()) == list(source.export())

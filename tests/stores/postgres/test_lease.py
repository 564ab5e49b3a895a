"""One run at a time writes; the fence sees to it, also when a run is frozen past its lease and wakes."""

from __future__ import annotations

import os
import signal

import pytest

from reconciler.errors import LeaseHeld, StoreError
from reconciler.journal import Holder
from reconciler.stores.postgres.lease import PostgresLease
from reconciler.stores.postgres.place import PostgresPlace
from tests.builders import NOW, a_run
from tests.stores.contract import recorded, registered, seen
from tests.stores.places import PATIENCE, another_process
from tests.stores.postgres.places import Room, empty, place, server
from tests.stores.postgres.server import Server

__all__ = ["empty", "place", "server"]

WRITER = """
import sys
from reconciler.stores.postgres.place import PostgresPlace
from reconciler.errors import StoreError
from tests.builders import NOW, a_run
from tests.stores.contract import registered
place = PostgresPlace(sys.argv[1], 0.0)
with place.lease(0.0).hold(), place.store() as store:
    store.begin(a_run("frozen"))
    print("ready", flush=True)
    sys.stdin.readline()
    try:
        store.record("frozen", [registered("contoso/late")], NOW)
    except StoreError as refused:
        print(refused.code, flush=True)
"""
EXPIRE = "UPDATE reconcile.lease SET until = clock_timestamp() - interval '1 second'"


def test_a_process_that_is_frozen_past_its_lease_and_woken_writes_nothing(place: Room, server: Server) -> None:
    recorded(place, registered("contoso/a"))
    with another_process(WRITER, place.url) as frozen:
        frozen.send_signal(signal.SIGSTOP)
        server.say(EXPIRE, database="prepared")  # instead of waiting for the database's clock
        postgres = place.place()
        with postgres.lease(0.0).hold():
            store = postgres.store()
            assert store is not None
            with store:
                store.begin(a_run("run-2"))
                store.record("run-2", [registered("contoso/b")], NOW)
            frozen.send_signal(signal.SIGCONT)
            assert frozen.stdin is not None
            assert frozen.stdout is not None
            frozen.stdin.write("go\n")
            frozen.stdin.flush()
            assert frozen.stdout.readline() == "lease-lost\n"
            frozen.wait(PATIENCE)
    assert [key.name for key in seen(place).subscriptions] == ["a", "b"]


def test_the_fence_rises_with_each_grant(place: Room) -> None:
    fences = []
    for _ in range(3):
        lease = place.lease()
        with lease.hold():
            fences.append(lease.fence)
        assert lease.fence is None
    assert fences == sorted({one for one in fences if one is not None})


def test_a_lease_that_is_kept_alive_does_not_end(place: Room, server: Server) -> None:
    lease = PostgresLease(place.session(), 0.0, ttl=60.0, beat=0.01)
    with lease.hold():
        server.say(EXPIRE, database="prepared")
        alive = False
        while not alive:
            ((alive,),) = server.say("SELECT until > clock_timestamp() FROM reconcile.lease", database="prepared")
        with pytest.raises(LeaseHeld), place.lease().hold():
            pass


def test_who_writes_keeps_the_lease_whatever_the_clock_says(place: Room, server: Server) -> None:
    postgres = place.place()
    with postgres.lease(0.0).hold():
        store = postgres.create("lineage")
        server.say(EXPIRE, database="prepared")
        with store, store.together(), pytest.raises(LeaseHeld), place.lease().hold():
            pass


def test_the_lease_of_a_process_that_was_killed_ends_by_itself(place: Room, server: Server) -> None:
    recorded(place, registered("contoso/a"))
    with another_process(WRITER, place.url) as killed:
        killed.kill()
        killed.wait(PATIENCE)
        with pytest.raises(LeaseHeld, match=rf"unknown, pid {killed.pid}$"), place.lease().hold():
            pass
        server.say(EXPIRE, database="prepared")
        with place.lease().hold():
            pass


def test_a_process_of_another_host_is_named_with_it(place: Room, server: Server) -> None:
    with place.lease().hold():
        server.say("UPDATE reconcile.lease SET host = 'build-7'", database="prepared")
        with pytest.raises(LeaseHeld, match=rf"unknown, pid {os.getpid()} on build-7$"), place.lease().hold():
            pass


def test_the_lease_is_waited_for(place: Room) -> None:
    place.make()
    with another_process(WRITER, place.url) as winner:
        assert winner.stdin is not None
        winner.stdin.write("go\n")
        winner.stdin.flush()
        with PostgresLease(place.session(), PATIENCE).hold():
            pass


def test_a_holder_of_an_earlier_grant_is_not_named(place: Room) -> None:
    store = place.make()
    with place.lease().hold():
        store.describe_holder(Holder(1, "dead", NOW, "eve"))
    with place.lease().hold(), pytest.raises(LeaseHeld, match=rf"unknown, pid {os.getpid()}"), place.lease().hold():
        pass


def test_the_first_lease_makes_the_tables_and_no_store(empty: Room) -> None:
    with empty.lease().hold():
        assert not empty.postgres.there()
    assert empty.read() is None


def test_a_new_store_is_not_made_under_a_lease_that_was_lost(place: Room, server: Server) -> None:
    postgres = place.place()
    with postgres.lease(0.0).hold():
        server.say(EXPIRE, database="prepared")
        with place.lease().hold(), pytest.raises(StoreError) as refused:
            postgres.create("lineage")
    assert refused.value.code == "lease-lost"
    assert not postgres.there()


def test_a_lease_without_a_server_is_told(place: Room) -> None:
    away = PostgresPlace("postgresql://127.0.0.1:1/nothing", 0.0)
    with pytest.raises(StoreError) as refused, away.lease(0.0).hold():
        pass
    assert refused.value.code == "store-unreachable"

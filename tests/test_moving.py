"""A store moves from one place to another, to the byte, or not at all."""

from __future__ import annotations

from pathlib import Path

import pytest

from reconciler.changes import Kind
from reconciler.errors import LeaseHeld, ReconcilerError
from reconciler.moving import copy_store
from reconciler.ports import StorePlace
from reconciler.stores.sqlite_place import SqlitePlace
from tests.builders import NOW, a_change, a_run, a_seen, a_stored
from tests.stores.contract import LINEAGE, recorded, registered, seen, stored
from tests.stores.outside_contract import an_account
from tests.stores.postgres.places import Room, empty, place, server

__all__ = ["empty", "place", "server"]


def filled(room: Room) -> StorePlace:
    """A store with something in every table."""
    hostile = a_stored("contoso/odd", owner="a\x1a\x1a0")
    change = a_change(Kind.REGISTER, "contoso/odd", reason="a\0b\x1a\x1a0")
    store = recorded(room, registered("contoso/a"), stored(hostile, change=change))
    store.keep_observations([an_account(a_seen("id-1"))])
    return room.postgres


def test_a_store_is_copied_there_and_back_to_the_byte(place: Room, empty: Room, tmp_path: Path) -> None:
    source = filled(place)
    file = SqlitePlace(tmp_path / "state.db", 0.0)
    there = copy_store(source, file, 0.0)
    back = copy_store(file, empty.postgres, 0.0)
    assert (there.lineage, there.serial, there.digest) == (LINEAGE, 1, back.digest)
    assert seen(empty) == seen(place)
    store = empty.open()
    store.begin(a_run("run-2"))
    assert store.record("run-2", [registered("contoso/next")], NOW) == 2
    assert empty.postgres.check(LINEAGE) == []


def test_a_copy_writes_over_nothing_and_waits_for_no_run(place: Room, empty: Room, tmp_path: Path) -> None:
    source, file = filled(place), SqlitePlace(tmp_path / "state.db", 0.0)
    refused: list[str] = []

    def tried(one: StorePlace, other: StorePlace) -> None:
        with pytest.raises(ReconcilerError) as found:
            copy_store(one, other, 0.0)
        refused.append(found.value.code)

    tried(source, place.place())
    tried(file, empty.postgres)
    with place.lease().hold(), pytest.raises(LeaseHeld):
        copy_store(source, file, 0.0)
    copy_store(source, file, 0.0)
    tried(source, file)
    assert refused == ["same-store", "no-store", "store-exists"]

"""Whole stores on their way in: all of them, or nothing."""

from __future__ import annotations

from pathlib import Path

import psycopg
import pytest

from reconciler.errors import InputError, StoreError, StoreUnwritable
from reconciler.moving import copy_store
from reconciler.stores.postgres import filling
from reconciler.stores.sqlite_place import SqlitePlace
from tests.stores.postgres.places import Room, empty, place, server
from tests.test_moving import filled

__all__ = ["empty", "place", "server"]


def test_a_disk_that_is_full_in_the_middle_of_a_copy_leaves_nothing(
    place: Room, empty: Room, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = SqlitePlace(tmp_path / "state.db", 0.0)
    copy_store(filled(place), file, 0.0)
    insert = filling.Filling.insert

    def full(self: filling.Filling, table: object, row: object) -> None:
        if getattr(table, "name", "") == "journal":
            raise psycopg.errors.DiskFull("could not extend file")
        insert(self, table, row)  # type: ignore[arg-type]

    monkeypatch.setattr(filling.Filling, "insert", full)
    with pytest.raises(StoreUnwritable) as refused:
        copy_store(file, empty.postgres, 0.0)
    assert refused.value.code == "disk-full"
    assert not empty.postgres.there()
    monkeypatch.undo()
    copy_store(file, empty.postgres, 0.0)


@pytest.fixture
def exported(place: Room) -> list[bytes]:
    """The lines of a store."""
    return list(filled(place).export())


def test_an_export_that_was_edited_is_not_taken_in(exported: list[bytes], empty: Room) -> None:
    with empty.postgres.lease(0.0).hold():
        for lines in (exported[:-1], [*exported[:2], *exported[3:]]):
            with pytest.raises(InputError):
                empty.postgres.take_in(lines)
            assert not empty.postgres.there()
        empty.postgres.take_in(exported)
        with pytest.raises(StoreError) as refused:
            empty.postgres.take_in(exported)
    assert refused.value.code == "store-exists"
    assert list(empty.postgres.export()) == exported

"""The embedded store passes the contract of every store; what is its own about writing follows."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing

import pytest

from reconciler.changes import Kind
from reconciler.errors import StoreBusy, StoreCorrupt, StoreError, StoreUnwritable
from reconciler.ports import Bookkeeping, Lease, StateReader, Store
from reconciler.stores.check import check_store
from reconciler.stores.lease import FileLease
from reconciler.stores.sqlite import SqliteStore, open_reader, open_store
from tests.builders import NOW, a_change, a_run, an_entry
from tests.stores.contract import LINEAGE, StoreContract, recorded, registered, seen
from tests.stores.lines_contract import LinesContract
from tests.stores.outside_contract import OutsideContract, accepted
from tests.stores.places import SqlitePlace, another_process, everything_in, open_folder, place, without_rights
from tests.stores.test_migrations import small_files
from tests.stores.test_reader import LOCK_OUT
from tests.stores.time_contract import TimeContract

__all__ = ["place"]


class TestSqlite(StoreContract, TimeContract, OutsideContract, LinesContract):
    """The contracts."""


def test_the_ports_are_those_of_the_program(place: SqlitePlace) -> None:
    store: Store = place.make()
    reader: StateReader | None = open_reader(place.path, 0.0)
    lease: Lease = FileLease(place.path, 0.0)
    assert reader is not None
    with lease.hold(), reader, store:
        assert reader.snapshot() == store.snapshot()


@pytest.mark.parametrize(
    ("pragma", "value"),
    [("journal_mode", "delete"), ("synchronous", 3), ("fullfsync", 1), ("foreign_keys", 1), ("trusted_schema", 0)],
)
def test_every_store_is_written_with_the_settings_that_lose_nothing(
    place: SqlitePlace, pragma: str, value: object
) -> None:
    place.make().close()
    with place.open() as store:
        assert store._connection.execute(f"PRAGMA {pragma}").fetchone() == (value,)


@pytest.mark.parametrize(
    "act",
    [
        pytest.param(lambda store: None, id="opened and closed"),
        pytest.param(lambda store: store.snapshot(), id="read"),
        pytest.param(lambda store: store.finish("never-begun", NOW, Bookkeeping()), id="an end of nothing"),
        pytest.param(lambda store: store.record("run-1", [registered("contoso/a")], NOW), id="a repeat"),
        pytest.param(lambda store: store.begin(a_run()), id="a begin of the same run"),
        pytest.param(lambda store: store.describe_holder(None), id="no holder where there is none"),
        pytest.param(
            lambda store: store.intend("run-1", [registered("contoso/a")], NOW), id="an intent of what is done"
        ),
        pytest.param(
            lambda store: store.accept("run-1", [accepted(registered("contoso/a"))], NOW), id="what is done, accepted"
        ),
        pytest.param(lambda store: store.keep_observations([]), id="no observations"),
        pytest.param(lambda store: store.observations(), id="a look at what was observed"),
    ],
)
def test_what_changes_nothing_changes_no_byte(place: SqlitePlace, act: Callable[[SqliteStore], object]) -> None:
    recorded(place, registered("contoso/a")).close()
    before, folder = everything_in(place.path.parent), place.path.parent.stat().st_mtime_ns
    with place.open() as store:
        act(store)
    assert everything_in(place.path.parent) == before
    assert place.path.parent.stat().st_mtime_ns == folder


def test_the_lineage_of_a_store_that_is_there_is_not_changed_by_asking_for_another(place: SqlitePlace) -> None:
    place.make().close()
    assert place.make("another").snapshot().lineage == LINEAGE


def test_a_store_that_another_program_writes_to_is_busy(place: SqlitePlace) -> None:
    recorded(place, registered("contoso/a")).close()
    with another_process(LOCK_OUT, place.path), pytest.raises(StoreBusy):
        open_store(place.path, 0.05)


def test_a_commit_that_a_reader_keeps_out_for_too_long_is_rolled_back(place: SqlitePlace) -> None:
    store, reader = recorded(place, registered("contoso/a")), place.read()
    assert reader is not None
    with reader.reading(), pytest.raises(StoreBusy):
        store.record("run-1", [registered("contoso/b")], NOW)
    assert store.record("run-1", [registered("contoso/c")], NOW) == 2
    assert [key.name for key in seen(place).subscriptions] == ["a", "c"]


def a_full_disk_by_pages(store: SqliteStore) -> None:
    """No page more."""
    pages = store._connection.execute("PRAGMA page_count").fetchone()[0]
    store._connection.execute(f"PRAGMA max_page_count = {pages}")


def test_a_full_disk_is_an_error_of_ours_and_leaves_the_store_as_it_was(place: SqlitePlace) -> None:
    recorded(place, registered("contoso/a")).close()
    store = place.open()
    a_full_disk_by_pages(store)
    with pytest.raises(StoreUnwritable) as refused:
        store.record("run-1", [registered(f"contoso/s-{number}") for number in range(500)], NOW)
    assert refused.value.code == "disk-full"
    assert list(map(str, seen(place).subscriptions)) == ["contoso/a"]
    assert check_store(place.path, 0.0) == []


def test_a_file_that_may_not_grow_is_a_full_disk_too(place: SqlitePlace) -> None:
    store = recorded(place, registered("contoso/a"))
    with small_files(place.path.stat().st_size + 4096), pytest.raises(StoreUnwritable) as refused:
        store.record("run-1", [registered(f"contoso/s-{number}") for number in range(500)], NOW)
    assert refused.value.code == "disk-full"
    assert store.snapshot().serial == 1
    assert store.record("run-1", [registered("contoso/b")], NOW) == 2
    store.close()
    assert check_store(place.path, 0.0) == []
    assert not place.path.with_name("state.db-journal").exists()


def test_without_room_no_new_store_is_made(place: SqlitePlace) -> None:
    with small_files(4096), pytest.raises(StoreUnwritable):
        place.make()
    assert list(place.path.parent.iterdir()) == []


@pytest.mark.parametrize("what", ["the folder", "the file"])
def test_a_store_that_may_not_be_written_to_is_refused_before_anything_is_done(place: SqlitePlace, what: str) -> None:
    recorded(place, registered("contoso/a")).close()
    place.open().close()
    with open_folder() as folder:
        path = folder / "state.db"
        path.write_bytes(place.path.read_bytes())
        path.chmod(0o666 if what == "the folder" else 0o444)
        folder.chmod(0o555 if what == "the folder" else 0o777)
        with without_rights(), pytest.raises(StoreUnwritable) as refused:
            open_store(path, 0.0)
        folder.chmod(0o755)
    assert refused.value.code == "read-only-store"


def test_no_store_is_made_where_nothing_may_be_written(place: SqlitePlace) -> None:
    place.make().close()
    with open_folder() as folder:
        for path in (folder / "state.db", folder / "new" / "state.db"):
            with without_rights(), pytest.raises(StoreUnwritable) as refused:
                open_store(path, 0.0, create=LINEAGE)
            assert refused.value.code == "read-only-store"


def test_a_store_that_is_replaced_while_it_is_open_is_not_written_to(place: SqlitePlace) -> None:
    store = recorded(place, registered("contoso/a"))
    place.path.replace(place.path.with_name("moved.db"))
    with pytest.raises(StoreError) as refused:
        store.record("run-1", [registered("contoso/b")], NOW)
    assert refused.value.code == "store-moved"


def test_a_damaged_head_found_while_writing_is_told_as_damage(place: SqlitePlace) -> None:
    store = recorded(place, registered("contoso/a"))
    with closing(sqlite3.connect(place.path)) as connection, connection:
        connection.execute("UPDATE store SET serial = 'x'")
    with pytest.raises(StoreCorrupt, match="serial cannot be 'x'"):
        store.record("run-1", [registered("contoso/b")], NOW)


def test_a_journal_mode_that_cannot_be_had_is_refused(place: SqlitePlace, monkeypatch: pytest.MonkeyPatch) -> None:
    place.make().close()
    monkeypatch.setattr(
        "reconciler.stores.sqlite.connect", lambda *_: sqlite3.connect(":memory:", isolation_level=None)
    )
    with pytest.raises(StoreError, match="its journal mode stays memory"):
        open_store(place.path, 0.0)


def test_an_interrupted_batch_leaves_nothing_and_the_store_usable(place: SqlitePlace) -> None:
    recorded(place, registered("contoso/a")).close()
    store = place.open()

    def interrupt() -> int:
        raise KeyboardInterrupt

    store._connection.set_progress_handler(interrupt, 100)
    with pytest.raises((KeyboardInterrupt, StoreError)):
        store.record("run-1", [registered(f"contoso/s-{number}") for number in range(500)], NOW)
    store._connection.set_progress_handler(None, 0)
    assert store.record("run-1", [an_entry(a_change(Kind.UPDATE, "contoso/a"))], NOW) == 2
    assert len(store.snapshot().subscriptions) == 1

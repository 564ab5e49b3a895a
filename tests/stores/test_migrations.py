"""The schema moves on by steps, each whole with its own record, after a backup. A made-up step proves it."""

from __future__ import annotations

import resource
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from reconciler.errors import StoreError, StoreUnwritable
from reconciler.stores import migrations
from reconciler.stores.check import check_store
from reconciler.stores.migrations import STEPS, Step, expected_schema, migrate, version
from reconciler.stores.sqlite import open_reader, open_store
from reconciler.stores.tables import EXPORTED, HOLDER
from tests.stores.contract import recorded, registered, seen
from tests.stores.places import SqlitePlace, everything_in, place

__all__ = ["place"]

SECOND_STEP = Step(
    2,
    "seconds of every subscription",
    (
        "CREATE TABLE seconds (account TEXT, name TEXT, seconds INTEGER)",
        "INSERT INTO seconds SELECT account, name, 0 FROM subscriptions",
    ),
)
TWO = (*STEPS, SECOND_STEP)
HALF_STEP = Step(3, "half of it works", ("CREATE TABLE thirds (x)", "INSERT INTO no_such_table VALUES (1)"))


@pytest.fixture
def memory() -> Iterator[sqlite3.Connection]:
    """A database in memory."""
    connection = sqlite3.connect(":memory:", isolation_level=None)
    yield connection
    connection.close()


def versions(connection: sqlite3.Connection) -> list[tuple[int, str]]:
    """The steps that the database says it had."""
    return connection.execute("SELECT version, name FROM migrations ORDER BY version").fetchall()


def test_versions_are_numbered_from_one_without_a_gap() -> None:
    assert [step.version for step in TWO] == [1, 2]


def test_a_new_database_gets_every_step_with_its_record(memory: sqlite3.Connection) -> None:
    migrate(memory, TWO)
    assert versions(memory) == [(1, "the first schema"), (2, "seconds of every subscription")]
    assert version(memory) == 2
    assert memory.execute("PRAGMA application_id").fetchone() == (migrations.APPLICATION_ID,)


def test_a_step_is_applied_once(memory: sqlite3.Connection) -> None:
    for steps in (STEPS, TWO, TWO):
        migrate(memory, steps)
    assert [number for number, _ in versions(memory)] == [1, 2]


def test_a_step_that_fails_leaves_everything_as_the_step_before_it(memory: sqlite3.Connection) -> None:
    with pytest.raises(sqlite3.OperationalError):
        migrate(memory, (*TWO, HALF_STEP))
    assert (version(memory), [number for number, _ in versions(memory)]) == (2, [1, 2])
    assert "thirds" not in {name for _, name, _ in migrations.schema(memory)}


def test_the_schema_has_the_columns_that_are_written_and_read() -> None:
    connection = sqlite3.connect(":memory:", isolation_level=None)
    migrate(connection)
    for table in (*EXPORTED, HOLDER):
        found = [row[1] for row in connection.execute(f"PRAGMA table_info({table.name})")]
        assert set(found) - {"one"} == set(table.names)
        keys = [row[1] for row in connection.execute(f"PRAGMA table_info({table.name})") if row[5]]
        assert keys in (list(table.names[: table.keys]), ["one"])
    connection.close()


def test_two_databases_with_the_same_steps_have_the_same_schema() -> None:
    assert expected_schema() == expected_schema()
    assert expected_schema(TWO) != expected_schema()


def test_an_older_store_is_migrated_when_it_is_opened_for_writing(place: SqlitePlace) -> None:
    recorded(place, registered("contoso/a")).close()
    before = seen(place)
    with open_store(place.path, 0.0, steps=TWO) as store:
        assert store.snapshot() == before
    with pytest.raises(StoreError, match="schema version 2"):
        place.read()
    assert check_store(place.path, 0.0, steps=TWO) == []


def test_a_backup_of_the_whole_older_store_is_kept_beside_it(place: SqlitePlace) -> None:
    recorded(place, registered("contoso/a")).close()
    before = seen(place)
    open_store(place.path, 0.0, steps=TWO).close()
    backup = SqlitePlace(place.path.with_name("state.db.backup-v1"))
    assert seen(backup) == before
    assert check_store(backup.path, 0.0) == []
    assert backup.path.stat().st_mode & 0o777 == 0o600
    backup.close()


def test_a_backup_is_never_written_over(place: SqlitePlace) -> None:
    recorded(place, registered("contoso/a")).close()
    old = place.path.read_bytes()
    for _ in range(2):
        open_store(place.path, 0.0, steps=TWO).close()
        place.path.write_bytes(old)
    assert sorted(path.name for path in place.path.parent.iterdir()) == [
        "state.db",
        "state.db.backup-v1",
        "state.db.backup-v1.2",
    ]


def test_a_store_of_this_version_is_opened_without_a_backup(place: SqlitePlace) -> None:
    recorded(place, registered("contoso/a")).close()
    before = everything_in(place.path.parent)
    place.open().close()
    assert everything_in(place.path.parent) == before


def test_a_migration_that_fails_leaves_the_store_as_it_was(place: SqlitePlace) -> None:
    recorded(place, registered("contoso/a")).close()
    before = seen(place)
    with pytest.raises(StoreError):
        open_store(place.path, 0.0, steps=(*STEPS, Step(2, "half of it works", HALF_STEP.statements)))
    assert seen(place) == before
    assert check_store(place.path, 0.0) == []


@contextmanager
def small_files(most: int) -> Iterator[None]:
    """No file of this process may grow beyond so many bytes."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (most, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_without_room_for_a_backup_nothing_is_migrated(place: SqlitePlace) -> None:
    recorded(place, registered("contoso/a")).close()
    before = everything_in(place.path.parent)
    with small_files(8192), pytest.raises(StoreUnwritable) as refused:
        open_store(place.path, 0.0, steps=TWO)
    assert refused.value.code == "disk-full"
    assert everything_in(place.path.parent) == before


def test_an_older_store_that_another_writer_holds_is_busy(place: SqlitePlace) -> None:
    recorded(place, registered("contoso/a")).close()
    other = sqlite3.connect(place.path, isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    for use in (open_store, open_reader):
        with pytest.raises(StoreError) as refused:
            use(place.path, 0.0, steps=TWO)
        assert refused.value.code == "store-busy"
    other.close()

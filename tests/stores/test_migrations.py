"""The schema moves on by steps, each whole with its own record, after a backup. A made-up step proves it."""

from __future__ import annotations

import resource
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace

import pytest

from reconciler.changes import Kind
from reconciler.errors import StoreError, StoreUnwritable
from reconciler.events import EventKind
from reconciler.journal import Outcome, OutcomeKind
from reconciler.model import Money
from reconciler.observed import ObservedAccount
from reconciler.ports import Bookkeeping
from reconciler.stored import RecentChange
from reconciler.stores import migrations
from reconciler.stores.check import check_store
from reconciler.stores.migrations import STEPS, Step, expected_schema, migrate, version
from reconciler.stores.sqlite import SqliteReader, open_reader, open_store
from reconciler.stores.tables import EXPORTED, HOLDER
from tests.builders import NOW, a_change, a_key, a_run, a_stored, an_entry
from tests.stores.contract import LATER, LINEAGE, recorded, registered, seen
from tests.stores.crashes import WHILE_MIGRATING
from tests.stores.places import SqlitePlace, everything_in, place, run_until_killed, written_by
from tests.stores.time_contract import happened

__all__ = ["place"]

LATEST = STEPS[-1].version
NEXT_STEP = Step(
    LATEST + 1,
    "seconds of every subscription",
    (
        "CREATE TABLE seconds (account TEXT, name TEXT, seconds INTEGER)",
        "INSERT INTO seconds SELECT account, name, 0 FROM subscriptions",
    ),
)
LONGER = (*STEPS, NEXT_STEP)
FIRST = STEPS[:1]
OLDER = range(1, LATEST)
HALF_STEP = Step(LATEST + 2, "half of it works", ("CREATE TABLE thirds (x)", "INSERT INTO no_such_table VALUES (1)"))


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
    assert [step.version for step in LONGER] == [*range(1, LATEST + 2)]


def test_a_new_database_gets_every_step_with_its_record(memory: sqlite3.Connection) -> None:
    migrate(memory, LONGER)
    assert versions(memory) == [
        (1, "the first schema"),
        (2, "time, money and consequences"),
        (3, "outside providers"),
        (4, "seconds of every subscription"),
    ]
    assert version(memory) == 4
    assert memory.execute("PRAGMA application_id").fetchone() == (migrations.APPLICATION_ID,)


def test_a_step_is_applied_once(memory: sqlite3.Connection) -> None:
    for steps in (FIRST, STEPS, LONGER, LONGER):
        migrate(memory, steps)
    assert [number for number, _ in versions(memory)] == [1, 2, 3, 4]


def test_a_step_that_fails_leaves_everything_as_the_step_before_it(memory: sqlite3.Connection) -> None:
    with pytest.raises(sqlite3.OperationalError):
        migrate(memory, (*LONGER, HALF_STEP))
    assert (version(memory), [number for number, _ in versions(memory)]) == (4, [1, 2, 3, 4])
    assert "thirds" not in {name for _, name, _ in migrations.schema(memory)}


def test_the_schema_has_the_columns_that_are_written_and_read() -> None:
    connection = sqlite3.connect(":memory:", isolation_level=None)
    migrate(connection)
    for table in (*EXPORTED, HOLDER):
        found = [row[1] for row in connection.execute(f"PRAGMA table_info({table.name})")]
        assert [name for name in found if name != "one"] == [*table.names]
        keys = [row[1] for row in connection.execute(f"PRAGMA table_info({table.name})") if row[5]]
        assert keys in (list(table.names[: table.keys]), ["one"])
    connection.close()


def test_two_databases_with_the_same_steps_have_the_same_schema() -> None:
    assert expected_schema() == expected_schema()
    assert expected_schema(LONGER) != expected_schema()


def test_an_older_store_is_migrated_when_it_is_opened_for_writing(place: SqlitePlace) -> None:
    recorded(place, registered("contoso/a")).close()
    before = seen(place)
    with open_store(place.path, 0.0, steps=LONGER) as store:
        assert store.snapshot() == before
    with pytest.raises(StoreError, match="schema version 4"):
        place.read()
    assert check_store(place.path, 0.0, steps=LONGER) == []


def test_a_backup_of_the_whole_older_store_is_kept_beside_it(place: SqlitePlace) -> None:
    recorded(place, registered("contoso/a")).close()
    before = seen(place)
    open_store(place.path, 0.0, steps=LONGER).close()
    backup = SqlitePlace(place.path.with_name("state.db.backup-v3"))
    assert seen(backup) == before
    assert check_store(backup.path, 0.0) == []
    assert backup.path.stat().st_mode & 0o777 == 0o600
    backup.close()


def test_a_backup_is_never_written_over(place: SqlitePlace) -> None:
    recorded(place, registered("contoso/a")).close()
    old = place.path.read_bytes()
    for _ in range(2):
        open_store(place.path, 0.0, steps=LONGER).close()
        place.path.write_bytes(old)
    assert sorted(path.name for path in place.path.parent.iterdir()) == [
        "state.db",
        "state.db.backup-v3",
        "state.db.backup-v3.2",
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
        open_store(place.path, 0.0, steps=(*STEPS, Step(LATEST + 1, "half of it works", HALF_STEP.statements)))
    assert seen(place) == before
    assert check_store(place.path, 0.0) == []


@pytest.mark.parametrize("number", OLDER)
def test_the_kept_older_store_is_what_its_release_would_have_made(place: SqlitePlace, number: int) -> None:
    written_by(number, place)
    assert check_store(place.path, 0.0, LINEAGE) == []
    with closing(sqlite3.connect(place.path)) as connection:
        assert version(connection) == number
        assert migrations.schema(connection) == expected_schema(STEPS[:number])


def what_it_holds(store: SqliteReader) -> tuple[object, ...]:
    """Everything, without the remark on how it was read."""
    found = replace(store.snapshot(), diagnostics=())
    return found, list(store.history()), list(store.freezes()), store.observations()


def what_is_read(place: SqlitePlace) -> tuple[object, ...]:
    """The same as somebody else reads it now."""
    reader = open_reader(place.path, 0.0)
    assert reader is not None
    with reader:
        return what_it_holds(reader)


@pytest.mark.parametrize("number", OLDER)
def test_a_store_of_an_earlier_schema_is_taken_along_without_loss(place: SqlitePlace, number: int) -> None:
    written_by(number, place)
    assert [found.code for found in seen(place).diagnostics] == ["migrated-copy"]
    before = what_is_read(place)
    with place.open() as store:
        assert what_it_holds(store) == before
        assert version(store._connection) == LATEST
        assert migrations.schema(store._connection) == expected_schema()
    assert check_store(place.path, 0.0, LINEAGE) == []
    with closing(sqlite3.connect(place.path.with_name(f"state.db.backup-v{number}"))) as backup:
        assert migrations.schema(backup) == expected_schema(STEPS[:number])


def test_a_store_of_the_second_schema_keeps_what_is_open_and_has_no_observations_yet(place: SqlitePlace) -> None:
    reader = written_by(2, place).read()
    assert reader is not None
    (intent,) = reader.snapshot().open_intents.values()
    assert (intent.key, intent.kind, intent.run) == (a_key("contoso/new"), Kind.TURN_OFF, "cut-off")
    assert (intent.external_id, intent.token, intent.product) == ("prod-7", None, "CFQ7TTC0HD32")
    assert reader.observations() == {}
    assert [one.outcome.value for one in reader.history() if one.outcome is not OutcomeKind.SUCCEEDED] == [
        "unknown",
        "intended",
    ]
    assert {one.note for one in reader.history()} == {None}


def test_what_the_first_schema_did_not_know_is_not_made_up(place: SqlitePlace) -> None:
    store = written_by(1, place).open()
    rows = store.snapshot().subscriptions
    assert [str(key) for key in rows] == ["adatum/premium", "adatum/visio", "contoso/new"]
    assert {(row.extended, row.last_charge) for row in rows.values()} == {(False, None)}
    premium = rows[a_key("adatum/premium")]
    assert (premium.price, premium.labels) == (Money(2060, "EUR"), {"b": "it's", "team": "Vertrieb Süd"})
    entries = list(store.history())
    assert [entry.kind for entry in entries] == [
        *["register"] * 4,
        "cancel-at-renewal",
        "rename",
        "cancel-now",
        "forget",
        "turn-off-recurring",
    ]
    assert {(one.happened_at, one.risk, one.reversible_until, one.value) for one in entries} == {(None,) * 4}
    (recent,) = store.recent(NOW)
    assert recent == RecentChange(a_key("adatum/visio"), Kind.CANCEL_AT_RENEWAL, LATER, None, ())
    assert [(one.kind, one.reason) for one in store.freezes()] == [("freeze", "year end")]


@pytest.mark.parametrize("number", OLDER)
def test_a_store_of_an_earlier_schema_can_be_written_to(place: SqlitePlace, number: int) -> None:
    store = written_by(number, place).open()
    store.begin(a_run("run-9"))
    row = a_stored("contoso/new", extended=True, last_charge=Money(51500, "EUR"))
    intent = an_entry(a_change(key="contoso/new"))
    store.accept("run-9", [replace(intent, outcome=Outcome(OutcomeKind.ACCEPTED, token="7"))], LATER)
    store.keep_observations([ObservedAccount("contoso", NOW)])
    assert store.record("run-9", [happened(EventKind.EXTENDED, row), intent], LATER) == 4
    store.finish("run-9", LATER, Bookkeeping())
    after = seen(place)
    assert (after.open_intents, after.unfinished) == ({}, {})
    assert check_store(place.path, 0.0, LINEAGE) == []


@pytest.mark.parametrize("number", OLDER)
def test_killed_at_any_step_a_migration_leaves_one_whole_version(place: SqlitePlace, number: int) -> None:
    written_by(number, place)
    before = what_is_read(place)
    steps, found = 20, set()
    while run_until_killed(WHILE_MIGRATING, place.path, steps):
        assert what_is_read(place) == before
        with closing(sqlite3.connect(place.path)) as connection:
            found.add(version(connection))
            assert migrations.schema(connection) == expected_schema(STEPS[: version(connection)])
        steps *= 3
    assert min(found) == number
    assert max(found) < LATEST
    assert check_store(place.path, 0.0, LINEAGE) == []


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
        open_store(place.path, 0.0, steps=LONGER)
    assert refused.value.code == "disk-full"
    assert everything_in(place.path.parent) == before


def test_an_older_store_that_another_writer_holds_is_busy(place: SqlitePlace) -> None:
    recorded(place, registered("contoso/a")).close()
    other = sqlite3.connect(place.path, isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    for use in (open_store, open_reader):
        with pytest.raises(StoreError) as refused:
            use(place.path, 0.0, steps=LONGER)
        assert refused.value.code == "store-busy"
    other.close()

"""Reading changes no byte, needs no right to write, waits its turn, and never fails with a traceback."""

from __future__ import annotations

import gc
import random
import sqlite3
from contextlib import closing, suppress
from dataclasses import replace
from pathlib import Path

import pytest

from reconciler.changes import Kind
from reconciler.errors import InputError, ReconcilerError, StoreBusy, StoreCorrupt, StoreError
from reconciler.journal import OutcomeKind
from reconciler.ports import Bookkeeping
from reconciler.stores.check import check_store
from reconciler.stores.export import export_lines, import_store
from reconciler.stores.sqlite import open_reader, open_store
from tests.builders import NOW, a_change, a_key, a_run, an_entry
from tests.stores.contract import LINEAGE, recorded, registered, renamed, seen, told
from tests.stores.places import (
    PATIENCE,
    SqlitePlace,
    another_process,
    everything_in,
    open_folder,
    place,
    without_rights,
)

__all__ = ["place"]

LOCK_OUT = """
import sqlite3, sys
store = sqlite3.connect(sys.argv[1], isolation_level=None)
store.execute("BEGIN EXCLUSIVE")
print("ready", flush=True)
sys.stdin.read()
"""
"""Keeps every reader out until its standard input is closed."""


def a_full_store(place: SqlitePlace, records: int = 40) -> None:
    """A store with something in every table."""
    entries = [registered(f"contoso/s-{number:03d}") for number in range(records)]
    with recorded(place, *entries, renamed("contoso/s-000", "contoso/renamed")) as store:
        failed = an_entry(a_change(Kind.UPDATE, "contoso/s-001"), kind=OutcomeKind.FAILED, error="no")
        store.record("run-1", [failed], NOW)
        store.intend("run-1", [an_entry(a_change(Kind.CANCEL_NOW, "contoso/s-002"))], NOW)
        store.begin(a_run("run-2"))
        store.finish("run-2", NOW, Bookkeeping({"allow_empty": False}, {"contoso": ("ledger", None)}))


def read_all(path: Path) -> None:
    """Everything that a reader can do."""
    reader = open_reader(path, 0.0)
    assert reader is not None
    with reader:
        reader.snapshot()
        list(reader.history())
        list(reader.history(a_key("contoso/renamed")))
        reader.holder()


def fails(path: Path) -> bool:
    """Whether reading all of it fails, with an error of ours."""
    check_store(path, 0.0)
    try:
        read_all(path)
        with suppress(InputError):
            import_store(path.with_name("again.db"), exported(path), 0.0)
    except ReconcilerError:
        return True
    path.with_name("again.db").unlink(missing_ok=True)
    return False


def exported(path: Path) -> list[bytes]:
    """All lines of an export."""
    reader = open_reader(path, 0.0)
    assert reader is not None
    with reader:
        return list(export_lines(reader))


def test_reading_leaves_every_byte_and_every_time_as_it_was(place: SqlitePlace) -> None:
    a_full_store(place)
    before, folder = everything_in(place.path.parent), place.path.parent.stat().st_mtime_ns
    read_all(place.path)
    assert everything_in(place.path.parent) == before
    assert place.path.parent.stat().st_mtime_ns == folder


def test_while_it_is_open_nothing_stands_beside_the_store(place: SqlitePlace) -> None:
    a_full_store(place)
    reader = place.read()
    assert reader is not None
    with reader.reading():
        assert [path.name for path in place.path.parent.iterdir()] == ["state.db"]


def test_reading_needs_no_right_to_write(place: SqlitePlace) -> None:
    a_full_store(place)
    read_all(place.path)  # everything that is imported late is there before the rights are gone
    with open_folder() as folder:
        (folder / "state.db").write_bytes(place.path.read_bytes())
        (folder / "state.db").chmod(0o444)
        folder.chmod(0o555)
        with without_rights():
            read_all(folder / "state.db")
            with pytest.raises(StoreError) as refused:
                open_store(folder / "state.db", 0.0)
        assert refused.value.code == "read-only-store"
        folder.chmod(0o755)
        assert [path.name for path in folder.iterdir()] == ["state.db"]


def test_a_store_that_this_user_may_not_read_is_an_error_of_ours(place: SqlitePlace) -> None:
    a_full_store(place)
    read_all(place.path)
    with open_folder() as folder:
        (folder / "state.db").write_bytes(place.path.read_bytes())
        (folder / "state.db").chmod(0o000)
        with without_rights(), pytest.raises(StoreError) as refused:
            open_reader(folder / "state.db", 0.0)
    assert refused.value.code == "unreadable-store"


def test_a_store_in_its_exclusive_phase_is_busy_when_the_time_is_up(place: SqlitePlace) -> None:
    a_full_store(place)
    with another_process(LOCK_OUT, place.path), pytest.raises(StoreBusy) as refused:
        open_reader(place.path, 0.05)
    assert (refused.value.code, refused.value.exit_code) == ("store-busy", 4)


def test_a_store_in_its_exclusive_phase_is_waited_for(place: SqlitePlace) -> None:
    a_full_store(place)
    with another_process(LOCK_OUT, place.path) as other:
        assert other.stdin is not None
        other.stdin.close()
        reader = open_reader(place.path, PATIENCE)
    assert reader is not None
    with reader:
        assert reader.snapshot().serial == 2


def test_a_reader_sees_what_is_committed_after_it_was_opened(place: SqlitePlace) -> None:
    store = recorded(place, registered("contoso/a"))
    reader = place.read()
    assert reader is not None
    assert reader.snapshot().serial == 1
    store.record("run-1", [registered("contoso/b")], NOW)
    assert list(map(str, reader.snapshot().subscriptions)) == ["contoso/a", "contoso/b"]


def test_a_half_read_history_keeps_no_writer_out(place: SqlitePlace) -> None:
    store = recorded(place, *(registered(f"contoso/s-{number:04d}") for number in range(1200)))
    reader = place.read()
    assert reader is not None
    lines = reader.history()
    first = next(lines)
    store.record("run-1", [registered("contoso/zzz")], NOW)
    rest = list(lines)
    assert (first.subscription, len(rest), rest[-1].subscription) == ("contoso/s-0000", 1200, "contoso/zzz")


def test_a_store_whose_head_is_missing_is_damaged(place: SqlitePlace) -> None:
    a_full_store(place)
    with closing(sqlite3.connect(place.path)) as connection, connection:
        connection.execute("DELETE FROM store")
    with pytest.raises(StoreCorrupt, match="its head is missing"):
        seen(place)


@pytest.mark.parametrize(
    ("statement", "told_as"),
    [
        ("UPDATE subscriptions SET status = 'aktiv' WHERE name = 's-007'", "contoso/s-007: 'aktiv'"),
        ("UPDATE subscriptions SET seats = 'x' WHERE name = 's-007'", "contoso/s-007: no number"),
        ("UPDATE subscriptions SET product = x'ff' WHERE name = 's-007'", "contoso/s-007: no text"),
        ("UPDATE subscriptions SET owner = CAST(x'ff' AS TEXT) WHERE name = 's-007'", "UTF-8"),
        ("UPDATE subscriptions SET start = '2026-02-30' WHERE name = 's-007'", "contoso/s-007"),
        ("UPDATE subscriptions SET term_end = term_start WHERE name = 's-007'", "contoso/s-007: the term ends"),
        ("UPDATE subscriptions SET labels = '[]' WHERE name = 's-007'", "contoso/s-007: no JSON object"),
        ("UPDATE subscriptions SET labels = '{\"a\": 1}' WHERE name = 's-007'", "contoso/s-007: a label is no text"),
        ("UPDATE subscriptions SET labels = '{' WHERE name = 's-007'", "contoso/s-007"),
        ("UPDATE subscriptions SET price_minor = 3 WHERE name = 's-007'", "contoso/s-007: no text: 'None'"),
        ("UPDATE subscriptions SET protected = 2 WHERE name = 's-007'", "contoso/s-007: 2"),
        ("UPDATE store SET serial = -1", "serial cannot be '-1'"),
        ("UPDATE store SET safety = '[1]'", "no JSON object"),
        ("UPDATE accounts SET provider = x'00'", "account contoso: provider cannot be"),
        ("DROP TABLE accounts", "no such table"),
        ("UPDATE store SET freeze_since = 'yesterday'", "freeze_since cannot be 'yesterday'"),
    ],
)
def test_a_value_that_is_none_of_ours_is_damage_and_named(place: SqlitePlace, statement: str, told_as: str) -> None:
    a_full_store(place)
    with closing(sqlite3.connect(place.path)) as connection, connection:
        connection.execute(statement)
    with pytest.raises(StoreCorrupt) as found:
        seen(place)
    assert told_as in found.value.message
    assert "store import" in found.value.hint


@pytest.mark.parametrize("column", ["at", "before_values", "outcome", "name", "source_line"])
def test_a_damaged_journal_is_told_by_its_entry(place: SqlitePlace, column: str) -> None:
    a_full_store(place)
    with closing(sqlite3.connect(place.path)) as connection, connection:
        connection.execute(f"UPDATE journal SET {column} = x'ff' WHERE number = 7")
    reader = place.read()
    assert reader is not None
    with pytest.raises(StoreCorrupt, match="journal entry 7: "):
        list(reader.history())


def test_a_store_cut_in_half_is_damaged(place: SqlitePlace) -> None:
    a_full_store(place, 400)
    place.path.write_bytes(place.path.read_bytes()[: place.path.stat().st_size // 2])
    with pytest.raises(StoreCorrupt):
        read_all(place.path)


def test_random_damage_is_harmless_or_an_error_of_ours(place: SqlitePlace) -> None:
    a_full_store(place)
    whole = place.path.read_bytes()
    chance = random.Random(20261123)
    damaged = 0
    for _ in range(30):
        data = bytearray(whole)
        begin = chance.randrange(len(data))
        for offset in range(begin, min(begin + chance.choice([1, 8, 600, 4096]), len(data))):
            data[offset] = chance.randrange(256)
        place.path.write_bytes(data)
        damaged += fails(place.path)
        # Writing over damage may or may not notice it, but never with an error that is not ours.
        with suppress(ReconcilerError), open_store(place.path, 0.0) as store:
            store.begin(a_run("run-3"))
            store.record("run-3", [registered("contoso/new"), an_entry(a_change(Kind.UPDATE, "contoso/s-005"))], NOW)
        place.path.with_name("state.db-journal").unlink(missing_ok=True)
    assert damaged > 0


def test_what_a_reader_knows_of_the_store_comes_with_the_snapshot(place: SqlitePlace) -> None:
    a_full_store(place)
    after = seen(place)
    assert after.lineage == LINEAGE
    assert after.serial == 2
    assert after.unfinished == {}
    assert [*after.open_intents] == [a_key("contoso/s-002")]
    assert after.diagnostics == ()
    assert after.exists


def test_a_store_that_gets_busy_after_it_was_opened_is_waited_for_no_longer_than_was_said(place: SqlitePlace) -> None:
    a_full_store(place)
    reader = place.read()
    assert reader is not None
    with another_process(LOCK_OUT, place.path), pytest.raises(StoreBusy):
        reader.snapshot()


@pytest.mark.parametrize("enabled", [True, False])
def test_the_collector_is_left_as_it_was(place: SqlitePlace, enabled: bool) -> None:
    a_full_store(place)
    (gc.enable if enabled else gc.disable)()
    try:
        seen(place)
        assert gc.isenabled() is enabled
    finally:
        gc.enable()


def test_a_closed_reader_says_so_in_an_error_of_ours(place: SqlitePlace) -> None:
    a_full_store(place)
    reader = place.read()
    assert reader is not None
    reader.close()
    with pytest.raises(StoreError) as found:
        reader.snapshot()
    assert found.value.code == "store-failed"


def test_the_history_of_a_key_is_found_in_a_long_journal_of_others(place: SqlitePlace) -> None:
    others = [registered(f"contoso/s-{number:04d}") for number in range(600)]
    own = [registered("contoso/mine"), an_entry(a_change(Kind.UPDATE, "contoso/mine"))]
    with recorded(place, own[0], *others, own[1]) as store:
        assert told(store, "contoso/mine") == [
            ("contoso/mine", "register", OutcomeKind.SUCCEEDED),
            ("contoso/mine", "update", OutcomeKind.SUCCEEDED),
        ]
        assert replace(store.snapshot(), subscriptions={}).serial == 1

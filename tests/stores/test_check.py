"""A sound store has no findings; whatever does not hold together has one that says where."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from reconciler.changes import Kind
from reconciler.diagnostics import Severity
from reconciler.errors import StoreBusy, StoreError
from reconciler.events import EventKind
from reconciler.stores.check import check_store
from tests.builders import NOW, a_change, a_run, a_stored, an_entry
from tests.stores.contract import LINEAGE, recorded, registered, renamed
from tests.stores.outside_contract import LOCKED, accepted, an_account
from tests.stores.places import SqlitePlace, another_process, everything_in, place
from tests.stores.test_reader import LOCK_OUT
from tests.stores.time_contract import happened
from tests.test_observations import FULL

__all__ = ["place"]


@pytest.fixture
def sound(place: SqlitePlace) -> Path:
    """A store with a rename, an intent that was closed and one that was not."""
    with recorded(place, registered("contoso/a"), registered("contoso/b"), renamed("contoso/a", "contoso/c")) as store:
        change, other = an_entry(a_change(key="contoso/b")), an_entry(a_change(Kind.UPDATE, "contoso/c"))
        store.intend("run-1", [change, other], NOW)
        store.record("run-1", [change], NOW)
        store.begin(a_run("run-2"))
        forgotten = [registered("contoso/d"), an_entry(a_change(Kind.FORGET, "contoso/d"))]
        store.record("run-2", [*forgotten, happened(EventKind.RENEWED, a_stored("contoso/b"))], NOW)
    return place.path


@pytest.fixture
def outside(place: SqlitePlace) -> Path:
    """A store with something accepted, something settled, and something observed."""
    with recorded(place, registered("contoso/a"), registered("contoso/b")) as store:
        entry, other = an_entry(a_change(key="contoso/a")), an_entry(a_change(key="contoso/b"))
        store.intend("run-1", [entry, other], NOW)
        store.accept("run-1", [accepted(entry), accepted(other)], NOW)
        store.record("run-1", [other], NOW)
        store.keep_observations([an_account(FULL, unreadable={"b": LOCKED}, absent=frozenset({"c"}))])
    return place.path


def edit(path: Path, *statements: str) -> None:
    """Changes the file behind the store's back."""
    with closing(sqlite3.connect(path)) as connection, connection:
        for statement in statements:
            connection.execute(statement)


def test_a_sound_store_has_no_findings_and_keeps_every_byte(sound: Path) -> None:
    before = everything_in(sound.parent)
    assert check_store(sound, 0.0, LINEAGE) == []
    assert everything_in(sound.parent) == before


def test_a_new_store_is_sound(place: SqlitePlace) -> None:
    place.make()
    assert check_store(place.path, 0.0) == []


@pytest.mark.parametrize(
    ("statement", "code", "detail"),
    [
        ("UPDATE store SET serial = 9", "store-serial", "the serial is 9, the journal's last one 3"),
        ("UPDATE journal SET serial = 3 WHERE serial = 2", "store-serial", "the journal holds 2 serials up to 3"),
        ("UPDATE journal SET serial = 1 WHERE number = 8", "store-journal", "entry 8: serial 1 after 3"),
        ("UPDATE journal SET serial = 1 WHERE number = 4", "store-journal", "entry 4: intended with serial 1"),
        ("UPDATE journal SET serial = NULL WHERE number = 7", "store-journal", "entry 7: succeeded with serial None"),
        (
            "UPDATE journal SET closes = 5 WHERE number = 6",
            "store-journal",
            "entry 6: closes entry 5",
        ),
        ("UPDATE journal SET closes = 99 WHERE number = 6", "store-journal", "journal 6 refers to"),
        ("UPDATE journal SET run = 9 WHERE number = 2", "store-journal", "journal 2 refers to"),
        (
            "UPDATE journal SET operation_id = 'x' WHERE number IN (1, 2)",
            "store-journal",
            "succeeded more than once",
        ),
        ("DELETE FROM subscriptions WHERE name = 'b'", "store-keys", "contoso/b is in the journal"),
        (
            "UPDATE subscriptions SET name = 'z' WHERE name = 'b'",
            "store-keys",
            "contoso/z is among the records",
        ),
        ("DELETE FROM journal WHERE number = 3", "store-keys", "contoso/a is in the journal"),
        (
            "UPDATE subscriptions SET status = 'x' WHERE name = 'b'",
            "store-row",
            "contoso/b: status cannot",
        ),
        ("UPDATE subscriptions SET term_end = term_start", "store-row", "contoso/b: the term ends"),
        ("UPDATE journal SET before_values = '[]' WHERE number = 2", "store-row", "journal entry 2: no JSON object"),
        ("UPDATE runs SET allowed = '{ }' WHERE number = 1", "store-row", "runs 1: allowed cannot be '{ }'"),
        ("UPDATE store SET safety = '[]'", "store-row", "no JSON object"),
        (
            "UPDATE journal SET happened_at = NULL WHERE number = 9",
            "store-journal",
            "entry 9: renewed without an instant",
        ),
        ("UPDATE journal SET happened_at = at WHERE number = 1", "store-journal", "entry 1: register with an instant"),
        ("UPDATE journal SET value_minor = 5", "store-row", "journal entry 1: no text"),
        ("UPDATE journal SET risk = 'high' WHERE number = 2", "store-row", "journal 2: risk cannot be 'high'"),
        ("UPDATE subscriptions SET extended = 2 WHERE name = 'b'", "store-row", "contoso/b: extended cannot be '2'"),
        ("DROP INDEX journal_recent", "store-schema", "journal_recent"),
        ("DELETE FROM store", "store-corrupt", "its head is missing"),
        ("DROP INDEX journal_operation", "store-schema", "journal_operation"),
        ("CREATE TABLE mine (x)", "store-schema", "mine"),
        ("ALTER TABLE accounts ADD COLUMN mine", "store-schema", "accounts"),
        ("CREATE TRIGGER mine AFTER INSERT ON runs BEGIN SELECT 1; END", "store-corrupt", "triggers or views"),
    ],
)
def test_what_does_not_hold_together_is_found(sound: Path, statement: str, code: str, detail: str) -> None:
    edit(sound, statement)
    found = check_store(sound, 0.0)
    assert {(one.code, one.severity) for one in found} >= {(code, Severity.ERROR)}
    assert [one for one in found if detail in one.detail]
    assert all(str(sound) in one.detail and one.hint and one.summary for one in found)


@pytest.mark.parametrize(
    ("statement", "code", "detail"),
    [
        ("SELECT 1", None, ""),
        ("UPDATE journal SET serial = 2 WHERE number = 5", "store-journal", "entry 5: accepted with serial 2"),
        ("UPDATE journal SET token = NULL WHERE number = 5", "store-journal", "entry 5: accepted without a token"),
        ("UPDATE journal SET token = 't' WHERE number = 1", "store-journal", "entry 1: succeeded with a token"),
        ("UPDATE journal SET token = 't' WHERE number = 3", "store-journal", "entry 3: intended with a token"),
        ("UPDATE journal SET token = x'ff' WHERE number = 5", "store-row", "journal 5: token cannot be"),
        ("UPDATE journal SET note = 7 WHERE number = 5", None, ""),  # the column makes a text of it
        ("UPDATE journal SET note = x'00' WHERE number = 5", "store-row", "journal entry 5: no text"),
        ("DELETE FROM journal WHERE number = 3", "store-journal", "entry 5: accepted, and there is no open intent"),
        (
            "UPDATE journal SET number = 8 WHERE number = 6",
            "store-journal",
            "entry 8: accepted, and there is no open intent",
        ),
        (
            "UPDATE journal SET closes = NULL WHERE number = 7",
            "store-journal",
            "entry 7: closes none, and the open intent of its operation is entry 4",
        ),
        (
            "UPDATE journal SET closes = 6 WHERE number = 7",
            "store-journal",
            "entry 7: closes entry 6, and the open intent of its operation is entry 4",
        ),
        ("UPDATE sightings SET at = 'today'", "store-row", "sightings contoso: at cannot be 'today'"),
        ("UPDATE sightings SET complete = 2", "store-row", "sightings contoso: complete cannot be '2'"),
        ("DELETE FROM sightings", "store-row", "observation contoso/6f0d: its account was never observed"),
        ("UPDATE observations SET at = 'today' WHERE id = 'b'", "store-row", "observations contoso/b: at cannot be"),
        ("UPDATE observations SET shown = '{ }' WHERE id = 'b'", "store-row", "observations contoso/b: shown cannot"),
        ("UPDATE observations SET shown = '{}' WHERE id = 'c'", "store-row", "observation contoso/c: cancellation, id"),
        (
            "UPDATE observations SET shown = replace(shown, '\"on\"', '\"an\"') WHERE id = '6f0d'",
            "store-row",
            "observation contoso/6f0d: recurring: 'an'",
        ),
        ("UPDATE observations SET id = 'x' WHERE id = '6f0d'", "store-row", "observation contoso/x: its values are of"),
        (
            "UPDATE observations SET obstacle = '[]' WHERE id = 'b'",
            "store-row",
            "observation contoso/b: no JSON object",
        ),
        ("DROP TABLE observations", "store-corrupt", "no such table"),
        ("CREATE INDEX mine ON observations (id)", "store-schema", "mine"),
    ],
)
def test_what_does_not_hold_together_of_outside_accounts_is_found(
    outside: Path, statement: str, code: str | None, detail: str
) -> None:
    edit(outside, statement)
    found = check_store(outside, 0.0)
    assert {one.code for one in found} == ({code} if code else set())
    assert not code or [one for one in found if detail in one.detail]


def test_another_store_than_the_pinned_one_is_found(sound: Path) -> None:
    (found,) = check_store(sound, 0.0, "another")
    assert (found.code, found.severity) == ("other-store", Severity.ERROR)
    assert LINEAGE in found.detail


def test_a_damaged_page_is_found(sound: Path) -> None:
    edit(sound, "UPDATE subscriptions SET owner = hex(zeroblob(20000))")
    data = bytearray(sound.read_bytes())
    data[-4096:] = b"\xff" * 4096
    sound.write_bytes(data)
    assert {found.code for found in check_store(sound, 0.0)} == {"store-corrupt"}


def test_an_index_that_lost_an_entry_is_found(sound: Path) -> None:
    edit(sound, "PRAGMA writable_schema = ON", "UPDATE sqlite_master SET rootpage = 2 WHERE name = 'journal_key'")
    assert "store-corrupt" in {found.code for found in check_store(sound, 0.0)}


def test_no_more_than_twenty_findings_of_a_kind_are_told(place: SqlitePlace) -> None:
    recorded(place, *(registered(f"contoso/s-{number:02d}") for number in range(40))).close()
    edit(place.path, "UPDATE subscriptions SET status = 'x'")
    assert len(check_store(place.path, 0.0)) == 20


def test_what_is_no_store_is_a_finding(place: SqlitePlace) -> None:
    place.path.parent.mkdir()
    place.path.write_text("no store")
    (found,) = check_store(place.path, 0.0)
    assert found.code == "not-a-store"


def test_a_missing_store_cannot_be_checked(place: SqlitePlace) -> None:
    with pytest.raises(StoreError) as refused:
        check_store(place.path, 0.0)
    assert refused.value.code == "no-store"


def test_a_busy_store_cannot_be_checked(sound: Path) -> None:
    with another_process(LOCK_OUT, sound), pytest.raises(StoreBusy):
        check_store(sound, 0.05)

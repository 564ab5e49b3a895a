"""Whatever SQLite or the file system says becomes an error of ours with a code, the place and what to do."""

from __future__ import annotations

import errno
import os
import sqlite3
from pathlib import Path

import pytest

from reconciler.errors import StoreBusy, StoreCorrupt, StoreError, StoreUnwritable
from reconciler.stores.failures import of_sqlite, of_system, told

STORE = Path("some/state.db")


def an_error(code: int) -> sqlite3.OperationalError:
    """What the driver raises for one of SQLite's codes."""
    error = sqlite3.OperationalError("what SQLite says")
    error.sqlite_errorcode = code
    error.sqlite_errorname = "SQLITE_IT"
    return error


@pytest.mark.parametrize(
    ("code", "writing", "kind", "expected"),
    [
        (sqlite3.SQLITE_BUSY, True, StoreBusy, "store-busy"),
        (sqlite3.SQLITE_BUSY_SNAPSHOT, False, StoreBusy, "store-busy"),
        (sqlite3.SQLITE_LOCKED, False, StoreBusy, "store-busy"),
        (sqlite3.SQLITE_FULL, True, StoreUnwritable, "disk-full"),
        (sqlite3.SQLITE_IOERR_WRITE, True, StoreUnwritable, "disk-full"),
        (sqlite3.SQLITE_IOERR_FSYNC, True, StoreUnwritable, "disk-full"),
        (sqlite3.SQLITE_IOERR_READ, True, StoreError, "store-failed"),
        (sqlite3.SQLITE_IOERR_READ, False, StoreError, "store-failed"),
        (sqlite3.SQLITE_READONLY, True, StoreUnwritable, "read-only-store"),
        (sqlite3.SQLITE_PERM, True, StoreUnwritable, "read-only-store"),
        (sqlite3.SQLITE_READONLY_DBMOVED, True, StoreError, "store-moved"),
        (sqlite3.SQLITE_CANTOPEN, True, StoreUnwritable, "read-only-store"),
        (sqlite3.SQLITE_CANTOPEN, False, StoreError, "unreadable-store"),
        (sqlite3.SQLITE_CORRUPT, False, StoreCorrupt, "store-corrupt"),
        (sqlite3.SQLITE_CORRUPT_INDEX, True, StoreCorrupt, "store-corrupt"),
        (sqlite3.SQLITE_NOTADB, False, StoreCorrupt, "store-corrupt"),
        (sqlite3.SQLITE_ERROR, False, StoreCorrupt, "store-corrupt"),
        (sqlite3.SQLITE_TOOBIG, False, StoreCorrupt, "store-corrupt"),
        (sqlite3.SQLITE_CONSTRAINT, True, StoreError, "store-failed"),
    ],
)
def test_each_word_of_sqlite_has_one_of_ours(code: int, writing: bool, kind: type[StoreError], expected: str) -> None:
    found = of_sqlite(an_error(code), STORE, writing=writing)
    assert (type(found), found.code) == (kind, expected)
    assert found.message.startswith(f"{STORE}: ")
    assert found.hint


@pytest.mark.parametrize(
    ("number", "writing", "expected"),
    [
        (errno.ENOSPC, True, "disk-full"),
        (errno.EDQUOT, True, "disk-full"),
        (errno.EFBIG, True, "disk-full"),
        (errno.EACCES, True, "read-only-store"),
        (errno.EROFS, True, "read-only-store"),
        (errno.EEXIST, True, "store-exists"),
        (errno.EIO, True, "store-failed"),
        (errno.EACCES, False, "unreadable-store"),
        (errno.EIO, False, "unreadable-store"),
    ],
)
def test_each_word_of_the_system_has_one_of_ours(number: int, writing: bool, expected: str) -> None:
    found = of_system(OSError(number, os.strerror(number)), STORE, writing=writing)
    assert found.code == expected
    assert found.message.startswith(f"{STORE}: ")
    assert found.hint


def test_a_driver_that_cannot_read_a_text_tells_of_damage() -> None:
    assert of_sqlite(sqlite3.OperationalError("Could not decode to UTF-8"), STORE).code == "store-corrupt"


def test_a_misuse_of_the_driver_is_not_taken_for_damage() -> None:
    assert of_sqlite(sqlite3.ProgrammingError("Cannot operate on a closed database."), STORE).code == "store-failed"


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (an_error(sqlite3.SQLITE_FULL), "disk-full"),
        (OSError(errno.EROFS, "x"), "read-only-store"),
        (UnicodeDecodeError("utf-8", b"\x99", 0, 1, "invalid start byte"), "store-corrupt"),
    ],
)
def test_inside_the_block_nothing_of_theirs_escapes(error: Exception, code: str) -> None:
    with pytest.raises(StoreError) as found, told(STORE, writing=True):
        raise error
    assert found.value.code == code


def test_an_error_that_is_neither_passes_as_it_is() -> None:
    with pytest.raises(KeyError), told(STORE):
        raise KeyError("a bug")

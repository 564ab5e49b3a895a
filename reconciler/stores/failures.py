"""What SQLite and the file system say went wrong, in our own errors: which code, what it means, what to do.

No other module of the stores may let an `sqlite3.Error` or an `OSError` pass.
"""

from __future__ import annotations

import errno
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from reconciler.errors import StoreBusy, StoreCorrupt, StoreError, StoreUnwritable

RESTORE = (
    "keep the damaged file, and put its last good copy in its place; or move it away and run"
    " `reconcile store import FILE` with the newest export"
)
_DENIED = frozenset({errno.EACCES, errno.EPERM, errno.EROFS})
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


@contextmanager
def told(path: Path, *, writing: bool = False) -> Iterator[None]:
    """Turns what goes wrong inside into a StoreError that names the store."""
    try:
        yield
    except sqlite3.Error as error:
        raise of_sqlite(error, path, writing=writing) from error
    except OSError as error:
        raise of_system(error, path, writing=writing) from error
    except UnicodeDecodeError as error:
        # Damage that is no UTF-8, which SQLite quotes in its message, and Python then cannot read.
        raise corrupt(path, "it holds what is no UTF-8") from error


def of_sqlite(error: sqlite3.Error, path: Path, *, writing: bool = False) -> StoreError:
    """Our error for one of SQLite's."""
    full = getattr(error, "sqlite_errorcode", None)
    if full is None:
        # Python's own. An OperationalError of these tells of text in a row that is no UTF-8.
        return corrupt(path, str(error)) if isinstance(error, sqlite3.OperationalError) else failed(path, str(error))
    match full & 0xFF:
        case sqlite3.SQLITE_BUSY | sqlite3.SQLITE_LOCKED | sqlite3.SQLITE_PROTOCOL:
            return busy(path)
        case sqlite3.SQLITE_FULL:
            return disk_full(path)
        case sqlite3.SQLITE_IOERR if writing and full != sqlite3.SQLITE_IOERR_READ:
            return disk_full(path)
        case sqlite3.SQLITE_READONLY if full == sqlite3.SQLITE_READONLY_DBMOVED:
            return StoreError(
                "store-moved",
                f"{path}: the store was moved or replaced while it was in use; this was not recorded there",
                "let nothing else touch the store during an apply, and run this again",
            )
        case sqlite3.SQLITE_READONLY | sqlite3.SQLITE_PERM:
            return read_only(path)
        case sqlite3.SQLITE_CANTOPEN:
            return read_only(path) if writing else unreadable(path, str(error))
        case sqlite3.SQLITE_CORRUPT | sqlite3.SQLITE_NOTADB | sqlite3.SQLITE_ERROR | sqlite3.SQLITE_TOOBIG:
            return corrupt(path, str(error))
        case _:
            return failed(path, f"{error} ({error.sqlite_errorname})")


def of_system(error: OSError, path: Path, *, writing: bool = False) -> StoreError:
    """Our error for one of the file system's."""
    if error.errno in _FULL:
        return disk_full(path)
    if writing and error.errno == errno.EEXIST:
        return exists(path)
    if writing and error.errno in _DENIED:
        return read_only(path)
    reason = error.strerror or str(error)
    return failed(path, reason) if writing else unreadable(path, reason)


def busy(path: Path) -> StoreBusy:
    """Locked by another program for longer than we may wait."""
    return StoreBusy(
        "store-busy",
        f"{path}: the store is locked by another program",
        "wait until it is done, or wait longer with --lock-timeout",
    )


def corrupt(path: Path, detail: str) -> StoreCorrupt:
    """Damaged; the detail is SQLite's word or ours."""
    return StoreCorrupt("store-corrupt", f"{path}: the store is damaged: {detail}", RESTORE)


def not_a_store(path: Path, detail: str) -> StoreCorrupt:
    """Something else stands in its place."""
    hint = "name another place in `store.url` or --store, or move the file away; a damaged store: " + RESTORE
    return StoreCorrupt("not-a-store", f"{path}: this file is not a store of reconcile: {detail}", hint)


def disk_full(path: Path) -> StoreUnwritable:
    """No space, no quota, or a size limit; a disk that fails to write cannot be told apart from here."""
    return StoreUnwritable(
        "disk-full",
        f"{path}: could not be written: the disk is full, a quota or size limit is reached, or the disk fails",
        "the store is as it was before; make space, and run this again",
    )


def unstorable(path: Path, detail: str) -> StoreError:
    """A value that no database takes."""
    hint = "texts must be UTF-8, and numbers below 2^63; nothing of this was recorded"
    return StoreError("unstorable-value", f"{path}: a value cannot be stored: {detail}", hint)


def read_only(path: Path) -> StoreUnwritable:
    """The file, its folder or the whole file system takes no writes."""
    return StoreUnwritable(
        "read-only-store",
        f"{path}: the store or its folder cannot be written to",
        "give this user write permission to both; a dry run needs none",
    )


def unreadable(path: Path, detail: str) -> StoreError:
    """It is there, and cannot be opened."""
    return StoreError("unreadable-store", f"{path}: the store cannot be read: {detail}", "check path and permissions")


def exists(path: Path) -> StoreError:
    """There is a store, and it is not to be written over."""
    hint = "move it away first, with its `-journal` file if it has one; or name another place with --store"
    return StoreError("store-exists", f"{path}: there is a store already", hint)


def missing(path: Path) -> StoreError:
    """There is none, and none was to be made."""
    hint = "check `store.url` or --store; `reconcile` makes a new one, `reconcile store import FILE` restores one"
    return StoreError("no-store", f"{path}: there is no store", hint)


def failed(path: Path, detail: str) -> StoreError:
    """Whatever has no better word."""
    return StoreError(
        "store-failed", f"{path}: the store cannot be used: {detail}", "`reconcile store check` may tell more"
    )

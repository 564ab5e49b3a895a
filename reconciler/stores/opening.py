"""Opening an SQLite store: looking at the file before SQLite does, connecting, and putting new files in place.

Looking at a store opens and closes its file, which drops every POSIX lock that this process holds on it: never do that
while a transaction of this process is under way.
"""

from __future__ import annotations

import errno
import os
import shlex
import sqlite3
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import mkstemp
from typing import Literal

from reconciler.errors import StoreCorrupt, StoreError
from reconciler.stores import failures, migrations

_MAGIC = b"SQLite format 3\0"
_HEADER = 100
"""Bytes of an SQLite file's header, https://www.sqlite.org/fileformat2.html section 1.3."""
_WAL = 2
_TEN_DAYS = 864_000.0
"""SQLite counts its waits in milliseconds, in 32 bits."""
_LARGE_CACHE = -16_000
"""In KiB: what a batch of 10,000 changes touches, so that it is written once, at its end."""

_CONVERT = (
    "import sqlite3, sys; print(sqlite3.connect(sys.argv[1]).execute('PRAGMA journal_mode=DELETE').fetchone()[0])"
)


def inspect(path: Path) -> bool:
    """Whether there is a store; refuses what stands in its place and is none. Reads 100 bytes, and writes nothing."""
    try:
        found = path.lstat()
        if not stat.S_ISREG(found.st_mode):
            raise _odd(path, found)
        header = _header(path)
    except FileNotFoundError:
        return False
    except OSError as error:
        raise failures.of_system(error, path) from error
    _judge(path, header)
    return True


def connect(path: Path, mode: Literal["ro", "rw"], lock_timeout: float) -> sqlite3.Connection:
    """A connection without automatic transactions that waits that many seconds for a lock. The file must exist."""
    connection = sqlite3.connect(
        f"{path.absolute().as_uri()}?mode={mode}",
        uri=True,
        timeout=min(max(lock_timeout, 0.0), _TEN_DAYS),
        isolation_level=None,
    )
    try:
        # A store may come from elsewhere: what its schema says is not run, and pages are checked as they are read.
        for name, value in (("trusted_schema", "OFF"), ("cell_size_check", "ON"), ("temp_store", "MEMORY")):
            connection.execute(f"PRAGMA {name} = {value}")
        connection.execute(f"PRAGMA cache_size = {_LARGE_CACHE}")
    except BaseException:
        connection.close()
        raise
    return connection


def refuse_strange_schema(connection: sqlite3.Connection, path: Path) -> None:
    """A trigger or a view would run its maker's statements in our transactions; ours has none."""
    statement = "SELECT count(*) FROM sqlite_master WHERE type NOT IN ('table', 'index')"
    if connection.execute(statement).fetchone()[0]:
        raise failures.corrupt(path, "its schema holds triggers or views, which reconcile never makes")


def refuse_newer(path: Path, found: int, known: int) -> None:
    """A later release than this wrote it: what its columns mean is not known here."""
    if found > known:
        raise StoreError(
            "newer-store",
            f"{path}: the store has schema version {found}; this reconcile knows up to {known}",
            "upgrade reconcile; a store is never taken back to an older version",
        )


@contextmanager
def placed(path: Path) -> Iterator[Path]:
    """A new private file beside `path`, which takes its place, whole and durable, once the block ends well.

    FileExistsError if something stands there by then; nothing is left behind where the block fails, and what a crash
    left here before is cleared away: callers hold the lease, so nobody else is making one.
    """
    for left in path.parent.iterdir():
        if left.name.startswith(f".{path.name}.") and left.name.endswith((".new", ".new-journal")):
            left.unlink(missing_ok=True)
    handle, name = mkstemp(prefix=f".{path.name}.", suffix=".new", dir=path.parent)
    os.close(handle)
    try:
        yield Path(name)
        _persist(Path(name))
        _link(Path(name), path)
        _persist(path.parent)
    finally:
        for suffix in ("", "-journal"):
            with suppress(FileNotFoundError):
                os.unlink(name + suffix)  # noqa: PTH108 - a name, not a path: the journal's is the file's and more


def make_folder(folder: Path) -> None:
    """The folder and those above it, durably: a store must not be lost with the folder that was made for it."""
    missing = [one for one in (folder, *folder.parents) if not one.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    for one in missing:
        _persist(one.parent)


def _header(path: Path) -> bytes:
    # Not blocking, and not following: what was looked at a moment ago may be a FIFO or a link by now.
    handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
    try:
        found = os.fstat(handle)
        if not stat.S_ISREG(found.st_mode):
            raise _odd(path, found)
        return os.read(handle, _HEADER)
    finally:
        os.close(handle)


def _judge(path: Path, header: bytes) -> None:
    if not header:
        raise failures.not_a_store(path, "it is empty")
    if len(header) < _HEADER or not header.startswith(_MAGIC):
        raise failures.not_a_store(path, "it is no SQLite database")
    if int.from_bytes(header[68:72], "big") != migrations.APPLICATION_ID:
        raise failures.not_a_store(path, "it is a database of another program")
    if _WAL in header[18:20]:
        command = f"python3 -c {shlex.quote(_CONVERT)} {shlex.quote(str(path.absolute()))}"
        raise StoreError(
            "wal-store",
            f"{path}: the store is in WAL mode, in which the SQLite of many Pythons can lose writes",
            f"while nothing uses it, run: {command}",
        )


def _odd(path: Path, found: os.stat_result) -> StoreError:
    if stat.S_ISLNK(found.st_mode):
        # Its lock file would stand beside the link: reached by another name, the same store would have another lock.
        return StoreError(
            "store-is-a-link",
            f"{path}: the store is a symbolic link",
            f"name the file itself in `store.url` or --store: {path.resolve()}",
        )
    kind = "a folder" if stat.S_ISDIR(found.st_mode) else "not a regular file"
    return StoreCorrupt("store-not-a-file", f"{path}: the store is {kind}", "name a file in `store.url` or --store")


def _link(new: Path, path: Path) -> None:
    try:
        os.link(new, path)
    except FileExistsError:
        raise
    except OSError:
        # This file system knows no second name for a file.
        if path.exists():
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(path)) from None
        new.rename(path)


def _persist(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)

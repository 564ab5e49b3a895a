"""Reading a store that cannot be read where it lies: one that a crash left half written, or one of an older schema.

A reader may not change a byte, so a private copy is put right and read instead. Must never write to the store itself.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import mkdtemp
from typing import Literal

from reconciler.diagnostics import Diagnostic, warning
from reconciler.errors import StoreError
from reconciler.stores import failures, migrations
from reconciler.stores.opening import connect, refuse_newer, refuse_strange_schema

_POLL = 0.02
"""Seconds between two looks at a store that its applier is about to put right."""


def lock_path(path: Path) -> Path:
    """The file whose lock is the lease of the store."""
    return path.with_name(path.name + ".lock")


def readable(
    path: Path, lock_timeout: float, steps: Sequence[migrations.Step]
) -> tuple[sqlite3.Connection, list[Diagnostic]]:
    """A connection within a read transaction that sees the store as last committed, and what a reader should know.

    Waits that many seconds for a writer to end. Raises SQLite's own errors as they come.
    """
    connection, found = _whole(path, lock_timeout)
    try:
        version, known = migrations.version(connection), steps[-1].version
        refuse_newer(path, version, known)
        refuse_strange_schema(connection, path)
        if version < known:
            connection = _migrated(connection, steps)
            connection.execute("BEGIN")
            found.append(
                warning(
                    "migrated-copy",
                    "the store has an older schema; a private copy was brought up to date and read instead",
                    detail=f"{path} has version {version}, this reconcile writes {known}",
                    hint="the next apply takes the store itself along, and keeps a backup",
                )
            )
    except BaseException:
        connection.close()
        raise
    return connection, found


def _whole(path: Path, lock_timeout: float) -> tuple[sqlite3.Connection, list[Diagnostic]]:
    deadline = time.monotonic() + lock_timeout
    while True:
        try:
            return _begun(path, "ro", max(0.0, deadline - time.monotonic())), []
        except sqlite3.OperationalError as error:
            if not half_written(error):
                raise
        connection = _recovered(path)
        if connection is not None:
            return connection, [_explained(path)]
        if time.monotonic() >= deadline:
            raise failures.busy(path)
        time.sleep(_POLL)


def _begun(path: Path, mode: Literal["ro", "rw"], lock_timeout: float) -> sqlite3.Connection:
    connection = connect(path, mode, lock_timeout)
    try:
        begin(connection)
    except BaseException:
        connection.close()
        raise
    return connection


def begin(connection: sqlite3.Connection) -> None:
    """Start a read transaction now, not at its first statement."""
    connection.execute("BEGIN")
    try:
        connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    except BaseException:
        connection.execute("ROLLBACK")
        raise


def half_written(error: sqlite3.OperationalError) -> bool:
    """Whether SQLite says: there is a journal to roll back, and this connection may not."""
    return getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_READONLY_ROLLBACK


def _recovered(path: Path) -> sqlite3.Connection | None:
    """A copy, rolled back to its last commit; None where an applier is at work, or the crash is gone meanwhile."""
    try:
        folder = Path(mkdtemp(prefix="reconcile-"))
    except OSError as error:
        raise _no_copy(path, error) from error
    try:
        copy = folder / "store.db"
        if not _copied(path, copy):
            return None
        connection = _begun(copy, "rw", 0.0)  # this is what rolls it back
        connection.execute("PRAGMA query_only = ON")
        return connection
    finally:
        # At once: the open file lives on without its name, and no crash of ours can leave a copy behind.
        shutil.rmtree(folder, ignore_errors=True)


def _copied(path: Path, copy: Path) -> bool:
    journal = path.with_name(path.name + "-journal")
    with _unapplied(path) as quiet:
        if not quiet:
            return False
        try:
            before = _look(path), _look(journal)
            shutil.copyfile(path, copy)
            shutil.copyfile(journal, copy.with_name(copy.name + "-journal"))
            return before == (_look(path), _look(journal))
        except FileNotFoundError:
            return False
        except OSError as error:
            raise _no_copy(path, error) from error


@contextmanager
def _unapplied(path: Path) -> Iterator[bool]:
    """Keeps appliers out for the time of the block, if none is in; without a lock file there never was one."""
    try:
        handle = os.open(lock_path(path), os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        yield True
        return
    quiet = True
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            quiet = False
        yield quiet
    finally:
        os.close(handle)


def _look(path: Path) -> tuple[int, int, int]:
    found = path.stat()
    return found.st_ino, found.st_size, found.st_mtime_ns


def _migrated(connection: sqlite3.Connection, steps: Sequence[migrations.Step]) -> sqlite3.Connection:
    # SQLite's own private file in the temporary folder: it has no name, and is gone with the connection.
    copy = sqlite3.connect("", isolation_level=None)
    try:
        connection.backup(copy)
        migrations.migrate(copy, steps)
        copy.execute("PRAGMA query_only = ON")
    except BaseException:
        copy.close()
        raise
    connection.close()
    return copy


def _explained(path: Path) -> Diagnostic:
    return warning(
        "recovered-copy",
        "the last apply was cut off in the middle of a write; a private copy was put right and read instead",
        detail=str(path),
        hint="nothing is lost: the next apply puts the store itself right and carries on",
    )


def _no_copy(path: Path, error: OSError) -> StoreError:
    return StoreError(
        "no-temporary-copy",
        f"{path}: an apply was cut off in the middle of a write, and a copy to read cannot be made: {error.strerror}",
        "make room in the temporary folder, or name another with TMPDIR; or apply, which puts the store itself right",
    )

"""The embedded store on one SQLite file: the writing half, and the two ways to open it.

Writing happens under the lease, each method in one transaction that is on the disk when it returns:
`journal_mode=DELETE`, because the WAL of many SQLite versions can lose writes, and `synchronous=EXTRA`, because only
that also makes the end of the journal file durable.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime
from itertools import count
from pathlib import Path

from reconciler.journal import Entry, Freeze, Holder, Run
from reconciler.observed import ObservedAccount
from reconciler.ports import Bookkeeping
from reconciler.stores import failures, recording, rows, sightings
from reconciler.stores.migrations import STEPS, Step, migrate, version
from reconciler.stores.opening import connect, inspect, make_folder, placed, refuse_newer, refuse_strange_schema
from reconciler.stores.reader import SqliteReader, collector_at_rest, head, open_reader
from reconciler.stores.tables import HOLDER, RUNS, Unstorable, instant, instant_text, json_text

__all__ = ["SqliteReader", "SqliteStore", "new_store", "open_reader", "open_store"]

_NEW_RUN = f"{RUNS.insert} ON CONFLICT (id) DO NOTHING"
_RECORD_ACCOUNT = (
    "INSERT INTO accounts (name, provider, tenant) VALUES (?, ?, ?) ON CONFLICT (name) DO UPDATE"
    " SET tenant = excluded.tenant WHERE accounts.tenant IS NULL AND accounts.provider = excluded.provider"
)
_DECLARE = "UPDATE subscriptions SET declared = 1 WHERE account = ? AND name = ? AND declared = 0"
_FINISH = "UPDATE runs SET finished_at = ? WHERE number = ? AND finished_at IS NULL"
_CARRY_ON = "UPDATE runs SET carried_on_by = ? WHERE finished_at IS NULL AND carried_on_by IS NULL AND number < ?"
_FREEZE = "UPDATE store SET freeze_reason = ?, freeze_since = ?, freeze_actor = ?, freeze_until = ?"


def open_store(
    path: Path, lock_timeout: float, create: str | None = None, *, steps: Sequence[Step] = STEPS
) -> SqliteStore:
    """The store at this path, to write to. Must be called under the lease.

    A missing one is made where `create` gives its lineage, and is StoreError `no-store` where it does not. What a
    crash left half written is rolled back; an older schema is migrated, after a backup beside the store. Raises
    StoreBusy after `lock_timeout` seconds, StoreUnwritable, StoreCorrupt, or StoreError.
    """
    if not inspect(path):
        if create is None:
            raise failures.missing(path)
        with new_store(path, steps) as connection:
            connection.execute("INSERT INTO store (lineage, serial) VALUES (?, 0)", (create,))
    _refuse_read_only(path)
    with failures.told(path, writing=True):
        connection = connect(path, "rw", lock_timeout)
        try:
            _prepare(connection, path, steps)
        except BaseException:
            connection.close()
            raise
    return SqliteStore(connection, path, lock_timeout, steps)


@contextmanager
def new_store(path: Path, steps: Sequence[Step] = STEPS) -> Iterator[sqlite3.Connection]:
    """An empty store to be filled in one transaction; in its place, whole, once the block ends well, else never."""
    with failures.told(path, writing=True):
        make_folder(path.parent)
        with placed(path) as new:
            connection = connect(new, "rw", 0.0)
            try:
                _settle(connection, path)
                migrate(connection, steps)
                connection.execute("BEGIN IMMEDIATE")
                yield connection
                connection.execute("COMMIT")
            finally:
                connection.close()


class SqliteStore(SqliteReader):
    """A Store on one SQLite file."""

    def begin(self, run: Run) -> None:
        """Journal that a run starts; a run that is there already is left as it is."""
        with self._writing() as connection:
            connection.execute(_NEW_RUN, (None, *rows.run_row(run)))

    def intend(self, run_id: str, entries: Sequence[Entry], at: datetime) -> None:
        """Journal intents; what is open or has succeeded is not intended again."""
        with self._writing() as connection:
            recording.intend(connection, _begun(connection, run_id), entries, at)

    def accept(self, run_id: str, entries: Sequence[Entry], at: datetime) -> None:
        """Journal that a provider works on what was intended, with the token of each; they stay open.

        Idempotent: the token that was told last is not told again, and what has succeeded stays so.
        """
        with self._writing() as connection:
            recording.accept(connection, _begun(connection, run_id), entries, at)

    def keep_observations(self, observed: Sequence[ObservedAccount], began: datetime | None = None) -> None:
        """Keep what was observed, instead of what was kept of those accounts before; the serial does not move.

        Of an incomplete one just what was read is replaced; one in trouble, and one that came from here, changes
        nothing; nor does any of them what was read after they `began` to be looked at.
        """
        with self._writing() as connection, collector_at_rest():
            sightings.keep(connection, observed, began)

    def record(self, run_id: str, entries: Sequence[Entry], at: datetime) -> int:
        """Rows, serial and outcomes in one transaction; answers the new serial.

        Idempotent by operation id: what has succeeded, and what this run has recorded with the same outcome, is not
        recorded again. The serial moves by one, or stays where nothing was left to record.
        """
        with self._writing() as connection, collector_at_rest():
            run = _begun(connection, run_id)
            serial: int = head(connection)[1]
            if not recording.record(connection, run, serial + 1, entries, at):
                return serial
            connection.execute("UPDATE store SET serial = ?", (serial + 1,))
            as_of = connection.execute("SELECT as_of FROM runs WHERE number = ?", (run,)).fetchone()[0]
            _reach(connection, instant(as_of))
            return serial + 1

    def finish(self, run_id: str, at: datetime, bookkeeping: Bookkeeping) -> None:
        """The run is over, and so is every earlier one that was cut off: this one has carried it on.

        Leaves no trace where the run never began and there is nothing to keep.
        """
        with self._writing() as connection:
            if bookkeeping == Bookkeeping() and _number(connection, run_id) is None:
                return
            run = _begun(connection, run_id)
            connection.execute(_FINISH, (instant_text(at), run))
            connection.execute(_CARRY_ON, (run, run))
            _keep(connection, bookkeeping)

    def set_freeze(self, run: Run, freeze: Freeze | None) -> None:
        """Freeze, or thaw with None; journaled with the run that did it, which is begun and finished by this."""
        with self._writing() as connection:
            connection.execute(_NEW_RUN, (None, *rows.run_row(run)))
            connection.execute(_FINISH, (instant_text(run.started_at), _begun(connection, run.id)))
            connection.execute(_FREEZE, rows.freeze_row(freeze))

    def freeze(self) -> Freeze | None:
        """The freeze in force or past, read anew."""
        with self.reading() as connection:
            return rows.freeze(*head(connection)[4:])

    def describe_holder(self, holder: Holder | None) -> None:
        """Write down who holds the lease, for others to be told; None once it is let go."""
        with self._writing() as connection:
            connection.execute("DELETE FROM holder WHERE one = 1")  # without WHERE it always writes
            if holder is not None:
                connection.execute(HOLDER.insert, rows.holder_row(holder))

    def _begin(self) -> None:
        self._connection.execute("BEGIN")

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        """One transaction: durable when the block has ended, or as if it had never begun."""
        connection = self._connection
        with failures.told(self.path, writing=True):
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
                connection.execute("COMMIT")
            except (OverflowError, UnicodeEncodeError, Unstorable) as error:
                raise failures.unstorable(self.path, str(error)) from error
            except ValueError as error:
                raise failures.corrupt(self.path, str(error)) from error
            finally:
                if connection.in_transaction:
                    with suppress(sqlite3.Error):  # what went wrong before says more than this
                        connection.execute("ROLLBACK")


def _prepare(connection: sqlite3.Connection, path: Path, steps: Sequence[Step]) -> None:
    # Rolls back what a crash left, and tells at once whether we may write, and whether anyone else is writing.
    connection.execute("BEGIN IMMEDIATE")
    connection.execute("ROLLBACK")
    found, known = version(connection), steps[-1].version
    refuse_newer(path, found, known)
    refuse_strange_schema(connection, path)
    _settle(connection, path)
    if found < known:
        _back_up(connection, path, found)
        migrate(connection, steps)
    connection.execute("PRAGMA foreign_keys = ON")


def _settle(connection: sqlite3.Connection, path: Path) -> None:
    mode = connection.execute("PRAGMA journal_mode = DELETE").fetchone()[0]
    if mode != "delete":
        raise failures.failed(path, f"its journal mode stays {mode}")
    connection.execute("PRAGMA synchronous = EXTRA")
    connection.execute("PRAGMA fullfsync = ON")


def _back_up(connection: sqlite3.Connection, path: Path, found: int) -> None:
    """The whole store as it is, under a name of its own: an earlier backup is never written over."""
    names = (f"{path.name}.backup-v{found}" + (f".{number}" if number > 1 else "") for number in count(1))
    target = next(place for place in map(path.with_name, names) if not place.exists())
    with placed(target) as new:
        copy = connect(new, "rw", 0.0)
        try:
            connection.backup(copy)
        finally:
            copy.close()


def _refuse_read_only(path: Path) -> None:
    effective = os.access in os.supports_effective_ids
    for place in (path, path.parent):
        if not os.access(place, os.W_OK, effective_ids=effective):
            raise failures.read_only(path)


def _number(connection: sqlite3.Connection, run_id: str) -> int | None:
    row = connection.execute("SELECT number FROM runs WHERE id = ?", (rows.clean(run_id),)).fetchone()
    return row and int(row[0])


def _begun(connection: sqlite3.Connection, run_id: str) -> int:
    number = _number(connection, run_id)
    if number is None:
        raise RuntimeError(f"run {run_id} has not begun")
    return number


def _reach(connection: sqlite3.Connection, as_of: datetime) -> None:
    """The latest instant that anything was recorded for never goes back."""
    last = rows.last_as_of(head(connection)[2])
    if last is None or last < as_of:
        connection.execute("UPDATE store SET last_as_of = ?", (instant_text(as_of),))


def _keep(connection: sqlite3.Connection, bookkeeping: Bookkeeping) -> None:
    if bookkeeping.safety is not None:
        connection.execute("UPDATE store SET safety = ?", (json_text(bookkeeping.safety),))
    accounts = ((name, provider, tenant) for name, (provider, tenant) in sorted(bookkeeping.accounts.items()))
    connection.executemany(_RECORD_ACCOUNT, accounts)
    connection.executemany(_DECLARE, sorted(bookkeeping.declared))
    if bookkeeping.as_of is not None:
        _reach(connection, bookkeeping.as_of)

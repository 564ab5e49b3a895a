"""The reading half of the embedded store. It never changes a byte of it, nor anything beside it."""

from __future__ import annotations

import gc
import sqlite3
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Self

import orjson

from reconciler.diagnostics import Diagnostic
from reconciler.journal import FreezeEntry, HistoryEntry, Holder
from reconciler.model import StoredSubscription, SubscriptionKey
from reconciler.observed import ObservedAccount
from reconciler.stored import WHOLE, RecentChange, Silence, StoredState
from reconciler.stores import failures, intents, recovery, rows
from reconciler.stores.lines import ONE, Within, bounds, next_ends, selected, where
from reconciler.stores.migrations import STEPS, Step
from reconciler.stores.opening import inspect
from reconciler.stores.statements import Statements
from reconciler.stores.tables import ACCOUNTS, HOLDER, STORE, SUBSCRIPTIONS, Row

_AMONG = "(SELECT value FROM json_each(?))"
_KEYS = "(SELECT json_extract(value, '$[0]'), json_extract(value, '$[1]') FROM json_each(?))"
_BY_KEY = SUBSCRIPTIONS.select.replace(" ORDER BY", f" WHERE (account, name) IN {_KEYS} ORDER BY")
_OF_ACCOUNTS = SUBSCRIPTIONS.select.replace(" ORDER BY", f" WHERE account IN {_AMONG} ORDER BY")
_NEXT_ACCOUNT = "SELECT account FROM subscriptions WHERE account > ? ORDER BY account LIMIT 1"
_BY_ID = SUBSCRIPTIONS.select.replace(" ORDER BY", f" WHERE id IN {_AMONG} ORDER BY")
TWINS = "SELECT id FROM subscriptions WHERE id IS NOT NULL GROUP BY id HAVING count(*) > 1 LIMIT 1"
_LAST_RUN = "SELECT id FROM runs ORDER BY number DESC LIMIT 1"
_UNFINISHED = "SELECT id, fingerprint FROM runs WHERE finished_at IS NULL AND carried_on_by IS NULL ORDER BY number"


def open_reader(path: Path, lock_timeout: float, *, steps: Sequence[Step] = STEPS) -> SqliteReader | None:
    """The store at this path, or None where there is none.

    Waits up to `lock_timeout` seconds for a writer to end (StoreBusy). What a crash left half written, and what an
    older release wrote, is read from a private copy; the snapshot then carries a warning. Raises StoreCorrupt, or
    StoreError for a store that is newer, in WAL mode, a link or not readable.
    """
    if not inspect(path):
        return None
    with failures.told(path):
        connection, found = recovery.readable(path, lock_timeout, steps)
        connection.execute("ROLLBACK")
    return SqliteReader(connection, path, lock_timeout, steps, found)


class SqliteReader:
    """A StateReader on one SQLite file; use it as a context manager, or close it."""

    def __init__(
        self,
        connection: sqlite3.Connection,
        path: Path,
        lock_timeout: float,
        steps: Sequence[Step] = STEPS,
        found: Sequence[Diagnostic] = (),
    ) -> None:
        self.path = path
        self._connection = connection
        self._lock_timeout = lock_timeout
        self._steps = steps
        self._found = tuple(found)

    def snapshot(self) -> StoredState:
        """Everything, from one read transaction; StoreCorrupt names the first record that cannot be read."""
        with self.reading() as connection, collector_at_rest():
            return self._picture(connection, rows.subscriptions(connection.execute(SUBSCRIPTIONS.select)))

    def another(self) -> SqliteReader | None:
        """One more reader of the same file; None where it is read from a private copy."""
        return None if self._found else open_reader(self.path, self._lock_timeout, steps=self._steps)

    def empty(self) -> bool:
        """Whether there is no record at all."""
        with self.reading() as connection:
            return connection.execute(ONE).fetchone() is None

    def lines(
        self,
        accounts: Collection[str],
        now: datetime,
        horizon: datetime,
        within: Within = (None, None),
        silence: Silence = WHOLE,
    ) -> Iterator[tuple[str, str]]:
        """The records of these accounts as lines (see `ports`)."""
        condition, values = where(within)
        by = "+account" if condition else "account"  # for a portion it goes by the keys, and not through the account
        statement = f"{selected('printf', silence)} WHERE {by} IN {_AMONG}{condition}"
        with self.reading() as connection:
            yield from connection.execute(statement, (*bounds(now, horizon), _listed(sorted(accounts)), *values))

    def some(
        self, keys: Collection[SubscriptionKey], settled: Collection[str], ids: Collection[str] = ()
    ) -> StoredState:
        """As a snapshot, with just some of the records (see `ports`)."""
        with self.reading() as connection, collector_at_rest():
            found = rows.subscriptions(connection.execute(_BY_KEY, (_listed(sorted(keys)),)))
            others = set(_accounts_there(connection)).difference(settled)
            if others:
                found |= rows.subscriptions(connection.execute(_OF_ACCOUNTS, (_listed(sorted(others)),)))
            if ids:
                found |= rows.subscriptions(connection.execute(_BY_ID, (_listed(sorted(ids)),)))
            return self._picture(connection, dict(sorted(found.items())))

    def next_ends(self, *after: datetime) -> tuple[datetime | None, ...]:
        """For each instant the first end of a term after it (see `ports`)."""
        with self.reading() as connection:
            return next_ends(connection, after)

    def has_twins(self) -> bool:
        """Whether two records have the same id of a provider."""
        with self.reading() as connection:
            return connection.execute(TWINS).fetchone() is not None

    def history(self, key: SubscriptionKey | None = None) -> Iterator[HistoryEntry]:
        """The journal, oldest first; of one key, including the names it had before, where one is given.

        An intent shows until its outcome is journaled. Read in short transactions, so that it never keeps a writer out.
        """
        from reconciler.stores import history  # start-up: most runs do not ask

        return history.of_all(self.reading) if key is None else history.of_key(self.reading, key)

    def freezes(self) -> Iterator[FreezeEntry]:
        """Every freeze and thaw that there was, oldest first."""
        from reconciler.stores import history  # start-up, as above

        return history.freezes(self.reading)

    def recent(self, since: datetime) -> Iterator[RecentChange]:
        """The succeeded changes that some limit counts, recorded (real time) at that instant or later, oldest first."""
        from reconciler.stores import history  # start-up, as above

        return history.recent(self.reading, since)

    def observations(self, accounts: Collection[str] | None = None) -> dict[str, ObservedAccount]:
        """What was last observed of these accounts (None: of all); an account never observed is not there."""
        from reconciler.stores import sightings  # start-up: only of outside accounts is anything kept

        with self.reading() as connection, collector_at_rest():
            return sightings.kept(connection, accounts)

    def holder(self) -> Holder | None:
        """Who holds the lease, as far as that run has written it down."""
        with self.reading() as connection:
            row = connection.execute(HOLDER.select).fetchone()
            return row and rows.holder(row)

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """One consistent picture for the time of the block; while it lasts, no writer can commit."""
        with failures.told(self.path):
            self._begin()
            try:
                yield self._connection
            except ValueError as error:
                raise failures.corrupt(self.path, str(error)) from error
            finally:
                with suppress(sqlite3.Error):  # ended already, by what went wrong inside
                    self._connection.execute("ROLLBACK")

    def close(self) -> None:
        """Let go of it; afterwards it cannot be used."""
        self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _picture(
        self, connection: sqlite3.Connection, subscriptions: dict[SubscriptionKey, StoredSubscription]
    ) -> StoredState:
        lineage, serial, last_as_of, safety, *freeze = head(connection)
        return StoredState(
            lineage=lineage,
            serial=serial,
            subscriptions=subscriptions,
            accounts=accounts(connection),
            safety=rows.safety(safety),
            freeze=rows.freeze(*freeze),
            last_as_of=rows.last_as_of(last_as_of),
            unfinished=unfinished(connection),
            last_run=last_run(connection),
            made=_made(connection),
            open_intents=intents.open_by_key(connection, subscriptions),
            diagnostics=self._found,
        )

    def _begin(self) -> None:
        try:
            recovery.begin(self._connection)
        except sqlite3.OperationalError as error:
            if not recovery.half_written(error):
                raise
            # An apply was cut off since this was opened.
            self._connection.close()
            self._connection, found = recovery.readable(self.path, self._lock_timeout, self._steps)
            self._found += tuple(found)


def head(connection: Statements) -> Row:
    """The store's one row; ValueError where it is missing or no such row."""
    row: Row | None = connection.execute(STORE.select).fetchone()
    problem = "its head is missing" if row is None else STORE.problem(row)
    if row is None or problem:
        raise ValueError(problem)
    return row


def accounts(connection: Statements) -> dict[str, tuple[str, str | None]]:
    """Provider and tenant of each account, as recorded; ValueError names the first row that is none."""
    found: list[Row] = connection.execute(ACCOUNTS.select).fetchall()
    for row in found:
        problem = ACCOUNTS.problem(row)
        if problem:
            raise ValueError(f"account {row[0]}: {problem}")
    return {name: (provider, tenant) for name, provider, tenant in found}


def unfinished(connection: Statements) -> dict[str, str | None]:
    """The runs that began and never ended, each with its plan's fingerprint."""
    return {str(run): made for run, made in connection.execute(_UNFINISHED)}


def last_run(connection: Statements) -> str | None:
    """The run that was begun last."""
    row = connection.execute(_LAST_RUN).fetchone()
    return None if row is None else str(row[0])


def _made(connection: Statements) -> str:
    """The instant, to the microsecond, at which this file was made; no export holds it."""
    row = connection.execute("SELECT applied_at FROM migrations WHERE version = 1").fetchone()
    return "" if row is None else str(row[0])


def _accounts_there(connection: Statements) -> Iterator[str]:
    """The accounts that have records, from one to the next by the key's own order: to look at every record for its
    account would take a second a million.
    """
    row = connection.execute(_NEXT_ACCOUNT, ("",)).fetchone()
    while row is not None:
        yield row[0]
        row = connection.execute(_NEXT_ACCOUNT, row).fetchone()


def _listed(values: Sequence[object]) -> str:
    """A list as one parameter: there may be more values than a statement takes."""
    return orjson.dumps(values, default=list).decode()


@contextmanager
def collector_at_rest() -> Iterator[None]:
    """Many values are made and none is dropped: looking for cycles among them again and again doubles the time."""
    resting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if resting:
            gc.enable()

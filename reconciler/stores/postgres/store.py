"""The writing half of a store on PostgreSQL: each method is one durable transaction under the fence of its lease.

A transaction that surely did not happen is begun anew; whether one happened whose COMMIT had no answer is looked up,
by a number that it wrote, and never guessed.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import TypeVar

import psycopg

from reconciler.journal import Entry, Freeze, Holder, Run
from reconciler.observed import ObservedAccount
from reconciler.ports import Bookkeeping
from reconciler.stores import rows, sightings
from reconciler.stores.postgres import failures, recording
from reconciler.stores.postgres.reader import PostgresReader
from reconciler.stores.postgres.session import Session, waits
from reconciler.stores.postgres.speaking import Spoken, Streaming
from reconciler.stores.reader import collector_at_rest, head
from reconciler.stores.tables import HOLDER, RUNS, Unstorable, instant, instant_text, json_text

Done = TypeVar("Done")

_NEW_RUN = (
    f"INSERT INTO runs ({', '.join(RUNS.names[1:])}) VALUES ({', '.join('?' * len(RUNS.names[1:]))})"  # noqa: S608 - our own names
    " ON CONFLICT (id) DO NOTHING"
)
_RECORD_ACCOUNT = (
    "INSERT INTO accounts (name, provider, tenant) VALUES (?, ?, ?) ON CONFLICT (name) DO UPDATE"
    " SET tenant = excluded.tenant WHERE accounts.tenant IS NULL AND accounts.provider = excluded.provider"
)
_DECLARE = "UPDATE subscriptions SET declared = 1 WHERE account = ? AND name = ? AND declared = 0"
_FINISH = "UPDATE runs SET finished_at = ? WHERE number = ? AND finished_at IS NULL"
_CARRY_ON = (
    "UPDATE runs SET carried_on_by = ? WHERE finished_at IS NULL AND carried_on_by IS NULL AND number < ?"
    " AND NOT EXISTS (SELECT 1 FROM distributed WHERE distributed.run = runs.number)"
)
_FREEZE = "UPDATE store SET freeze_reason = ?, freeze_since = ?, freeze_actor = ?, freeze_until = ?"
_HOLD = HOLDER.insert.replace(") VALUES (", ", fence) VALUES (").removesuffix(")") + ", (SELECT fence FROM lease))"  # noqa: S608
# A server, a database or a role may be set to answer before it has written: a store that says "recorded" must not.
_DURABLE = "SELECT set_config('synchronous_commit', 'on', true) WHERE current_setting('synchronous_commit') = 'off';"
_READ_ONLY = "25006"
_NUMBERED = (
    "INSERT INTO commits (writer, number) VALUES {}"
    " ON CONFLICT (writer) DO UPDATE SET number = excluded.number, at = excluded.at;"
)
_KEPT = "INSERT INTO commits (writer, number) VALUES {} ON CONFLICT (writer) DO NOTHING;"
_LAST = "SELECT number FROM commits WHERE writer = {} FOR UPDATE"
_GUARD = "SELECT store.escaped, lease.fence FROM lease LEFT JOIN store ON true FOR SHARE OF lease"
_UNGUARDED = "SELECT escaped, 0 FROM store"


class PostgresStore(PostgresReader):
    """A Store. `fence` answers the number of the lease that is held, and None where none is needed."""

    def __init__(self, session: Session, fence: Callable[[], int | None] = lambda: None) -> None:
        super().__init__(session)
        self._fence = fence
        self._literal = f"'{secrets.token_hex(16)}'"
        """This writer's name, as statements have it."""
        self._number = 0
        self._joined: Streaming | None = None

    def begin(self, run: Run) -> None:
        """Journal that a run starts; a run that is there already is left as it is."""
        self.written(lambda spoken: spoken.execute(_NEW_RUN, rows.run_row(run)))

    def intend(self, run_id: str, entries: Sequence[Entry], at: datetime) -> None:
        """Journal intents; what is open or has succeeded is not intended again."""
        self.written(lambda spoken: recording.intend(spoken, _begun(spoken, run_id), entries, at))

    def accept(self, run_id: str, entries: Sequence[Entry], at: datetime) -> None:
        """Journal that a provider works on what was intended, with the token of each; they stay open.

        Idempotent: the token that was told last is not told again, and what has succeeded stays so.
        """
        self.written(lambda spoken: recording.accept(spoken, _begun(spoken, run_id), entries, at))

    def keep_observations(self, observed: Sequence[ObservedAccount], began: datetime | None = None) -> None:
        """Keep what was observed, instead of what was kept of those accounts before; the serial does not move."""
        with collector_at_rest():
            self.written(lambda spoken: sightings.keep(spoken, observed, began))

    def record(self, run_id: str, entries: Sequence[Entry], at: datetime) -> int:
        """Rows, serial and outcomes in one transaction; answers the new serial.

        Idempotent by operation id, as every store is. Those who record at the same time wait for each other.
        """

        def act(spoken: Spoken) -> int:
            return recorded(spoken, _begun(spoken, run_id), entries, at)

        with collector_at_rest():
            return self.written(act)

    def finish(self, run_id: str, at: datetime, bookkeeping: Bookkeeping) -> None:
        """The run is over, and so is every earlier one that was cut off: this one has carried it on.

        Leaves no trace where the run never began and there is nothing to keep.
        """

        def act(spoken: Spoken) -> None:
            if bookkeeping == Bookkeeping() and _number(spoken, run_id) is None:
                return
            finished(spoken, _begun(spoken, run_id), at, bookkeeping)

        self.written(act)

    def set_freeze(self, run: Run, freeze: Freeze | None) -> None:
        """Freeze, or thaw with None; journaled with the run that did it, which is begun and finished by this."""

        def act(spoken: Spoken) -> None:
            spoken.execute(_NEW_RUN, rows.run_row(run))
            spoken.execute(_FINISH, (instant_text(run.started_at), _begun(spoken, run.id)))
            spoken.execute(_FREEZE, rows.freeze_row(freeze))

        self.written(act)

    def freeze(self) -> Freeze | None:
        """The freeze in force or past, read anew."""

        def look() -> Freeze | None:
            with self.reading() as spoken:
                return rows.freeze(*head(spoken)[4:])

        return self._looked(look)

    def describe_holder(self, holder: Holder | None) -> None:
        """Write down who holds the lease, for others to be told; None once it is let go."""

        def act(spoken: Spoken) -> None:
            spoken.execute("DELETE FROM holder")
            if holder is not None:
                spoken.execute(_HOLD, rows.holder_row(holder))

        self.written(act)

    @contextmanager
    def together(self) -> Iterator[Streaming]:
        """What is written inside, by this store's methods and by `connection` of what is handed out: one transaction.

        It is never begun anew: where the connection is lost before the end, StoreError says that nothing was written.
        """
        if self._joined is not None:
            raise RuntimeError("this store is writing something together already")
        self._number += 1
        with self._telling():
            try:
                self._joined = spoken = self._begin_writing()
                yield spoken
                self._joined = None
                self._end_writing()
            except BaseException:
                self._joined = None
                self._session.roll_back()
                raise

    @contextmanager
    def reading(self) -> Iterator[Streaming]:
        """One consistent picture; of what is being written together, that."""
        if self._joined is None:
            with super().reading() as spoken:
                yield spoken
        else:
            yield self._joined

    def written(self, act: Callable[[Spoken], Done]) -> Done:
        """One durable transaction, begun anew where it surely did not happen; or a part of what is written together."""
        if self._joined is not None:
            return act(self._joined)
        self._number += 1
        with self._telling():
            for wait in waits(self._session.limits.patience):
                try:
                    done = act(self._begin_writing())
                    self._end_writing()
                except psycopg.Error as error:
                    self._session.roll_back()
                    if wait is None or not failures.passing(error, writing=True):
                        raise
                    if error.sqlstate == _READ_ONLY:
                        self._session.drop()  # the server is one to read from by now: ask for the other
                    time.sleep(wait)
                except BaseException:
                    self._session.roll_back()
                    raise
                else:
                    return done
        raise AssertionError("the last wait is None")  # pragma: no cover

    def _begin_writing(self) -> Streaming:
        """One round trip: the transaction, its number, and the fence, held against whoever would take the lease."""
        fence = self._fence()
        number = f"({self._literal}, {self._number:d})"
        guard = _UNGUARDED if fence is None else _GUARD
        connection, row = self._session.begin(f"{_DURABLE} {_NUMBERED.format(number)} {guard}")
        if fence is not None and (row is None or row[1] != fence):
            self._session.roll_back()
            raise failures.lease_lost(self.address)
        return Streaming(connection, holds_escapes=bool(row and row[0]))

    def _end_writing(self) -> None:
        """Durable when this returns; raises psycopg.Error only where it surely did not happen."""
        try:
            self._session.commit()
        except psycopg.Error as error:
            if not failures.lost(error):
                raise
            self._session.drop()
            if not self._happened():
                raise

    def _happened(self) -> bool:
        """Whether the transaction with our last number is there; waits until the server has ended it, either way."""
        # A row of our own is locked by it as long as it lives: what is read behind that lock is the last word.
        look = f"{_KEPT.format(f'({self._literal}, 0)')} {_LAST.format(self._literal)}"
        try:
            _, row = self._session.begin(look)
        finally:
            self._session.roll_back()
        return row is not None and row[0] == self._number

    @contextmanager
    def _telling(self) -> Iterator[None]:
        with failures.told(self.address, writing=True):
            try:
                yield
            except (OverflowError, UnicodeEncodeError, Unstorable) as error:
                raise failures.unstorable(self.address, str(error)) from error
            except ValueError as error:
                raise failures.corrupt(self.address, str(error)) from error


def recorded(spoken: Spoken, run: int, entries: Sequence[Entry], at: datetime) -> int:
    """Rows and outcomes; the new serial. Those who record at the same time wait for each other."""
    serial = int(spoken.execute("SELECT serial FROM store FOR UPDATE").fetchone()[0])
    if not recording.record(spoken, run, serial + 1, entries, at):
        return serial
    as_of = spoken.execute(
        "UPDATE store SET serial = ? RETURNING (SELECT as_of FROM runs WHERE number = ?)", (serial + 1, run)
    ).fetchone()[0]
    _reach(spoken, instant(as_of))
    return serial + 1


def finished(spoken: Spoken, run: int, at: datetime, bookkeeping: Bookkeeping) -> None:
    """The run is over, and so is every earlier one that was cut off; those that workers carry out are not."""
    spoken.execute(_FINISH, (instant_text(at), run))
    spoken.execute(_CARRY_ON, (run, run))
    _keep(spoken, bookkeeping)


def _number(spoken: Spoken, run_id: str) -> int | None:
    row = spoken.execute("SELECT number FROM runs WHERE id = ?", (rows.clean(run_id),)).fetchone()
    return row and int(row[0])


def _begun(spoken: Spoken, run_id: str) -> int:
    number = _number(spoken, run_id)
    if number is None:
        raise RuntimeError(f"run {run_id} has not begun")
    return number


def _reach(spoken: Spoken, as_of: datetime) -> None:
    """The latest instant that anything was recorded for never goes back."""
    last = rows.last_as_of(head(spoken)[2])
    if last is None or last < as_of:
        spoken.execute("UPDATE store SET last_as_of = ?", (instant_text(as_of),))


def _keep(spoken: Spoken, bookkeeping: Bookkeeping) -> None:
    if bookkeeping.safety is not None:
        spoken.execute("UPDATE store SET safety = ?", (json_text(bookkeeping.safety),))
    accounts = ((name, provider, tenant) for name, (provider, tenant) in sorted(bookkeeping.accounts.items()))
    spoken.executemany(_RECORD_ACCOUNT, accounts)
    spoken.executemany(_DECLARE, sorted(bookkeeping.declared))
    if bookkeeping.as_of is not None:
        _reach(spoken, bookkeeping.as_of)

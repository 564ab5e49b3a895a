"""One connection to a store, found again when it is lost, and transactions on it.

Nothing of a session outlives a transaction (no prepared statement, no `SET`, no lock), so that PgBouncer may lend a
server for each. Must not repeat a transaction: who called knows whether that is right.
"""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

import psycopg

from reconciler.errors import StoreError
from reconciler.stores.postgres import failures
from reconciler.stores.postgres.address import Address
from reconciler.stores.postgres.speaking import Connection

PATIENCE = 30.0
"""Seconds in which a server that restarts, or a standby that takes over, is expected back."""
STATEMENT = 300.0
"""Seconds that one statement may take, or a transaction that only reads may stand still."""
STANDING = 20.0
"""Seconds that a transaction that writes may stand still, as long as a lease lasts: what it holds, others wait for, and
the process behind it may be frozen, or its machine gone.
"""
_FIRST_WAIT, _LONGEST_WAIT = 0.02, 1.0
_READING = "ISOLATION LEVEL REPEATABLE READ READ ONLY"


@dataclass(frozen=True, slots=True)
class Limits:
    """How long what may take, in seconds."""

    locks: float
    """For a lock that somebody else holds, or a server that is full or starting, before anything was done."""
    patience: float = PATIENCE
    """For a server that was lost to come back."""
    statement: float = STATEMENT
    standing: float = STANDING
    """For the next statement of a transaction that writes, before the server ends it."""


class Session:
    """A connection that is made when it is needed, and made again after it was lost."""

    def __init__(self, address: Address, limits: Limits, *, writing: bool) -> None:
        self.address = address
        self.limits = limits
        self._writing = writing
        self._connection: Connection | None = None
        self._known = False
        """It was connected once: from then on a server that does not answer is expected back."""
        self._closed = False

    def connection(self) -> Connection:
        """The connection, alive as far as can be told without asking; raises psycopg.Error or StoreError."""
        if self._closed:
            raise failures.failed(self.address, "it was closed")
        if self._connection is None or self._connection.closed or self._connection.broken:
            self.drop()
            self._connection = self._connected()
            self._known = True
        return self._connection

    def preamble(self, mode: str, standing: float) -> str:
        """The statements that begin a transaction: its mode, and how long what may take; `standing` in seconds."""
        limits, schema = self.limits, self.address.schema
        return (
            f"BEGIN {mode}; SET LOCAL search_path = {schema};"
            f" SET LOCAL statement_timeout = {_milliseconds(limits.statement)};"
            f" SET LOCAL lock_timeout = {_milliseconds(limits.locks)};"
            f" SET LOCAL idle_in_transaction_session_timeout = {_milliseconds(standing)};"
        )

    def begin(self, last: str, *, alone: bool = False) -> tuple[Connection, tuple[object, ...] | None]:
        """Begin a transaction that writes, in one round trip with a last statement whose first row is answered.

        One that holds only what nobody else uses yet (`alone`) may stand still as long as a statement may take.
        """
        return self._begin("", last, self.limits.statement if alone else self.limits.standing)

    def _begin(self, mode: str, last: str, standing: float) -> tuple[Connection, tuple[object, ...] | None]:
        """A connection that turns out to be lost is made anew once: nothing was done on it yet."""
        first = (self.preamble(mode, standing) + last).encode()
        fresh = self._connection is None
        connection = self.connection()
        try:
            return connection, self._begun(connection, first)
        except psycopg.Error as error:
            if fresh or not failures.lost(error):
                raise
        self.drop()
        connection = self.connection()
        return connection, self._begun(connection, first)

    def _begun(self, connection: Connection, first: bytes) -> tuple[object, ...] | None:
        try:
            cursor = connection.execute(first)
            while cursor.nextset():
                pass
            return cursor.fetchone()
        except BaseException:
            self.roll_back()
            raise

    def commit(self) -> None:
        """End the transaction; a psycopg.Error that is `lost` leaves open whether it happened."""
        done = self.connection_under_way().execute(b"COMMIT")
        if done.statusmessage != "COMMIT":
            raise failures.failed(self.address, f"COMMIT answered {done.statusmessage}")

    def connection_under_way(self) -> Connection:
        """The connection of the transaction that was begun: never a new one."""
        if self._connection is None:
            raise failures.unreachable(self.address, "the connection was lost")
        return self._connection

    def roll_back(self) -> None:
        """As if the transaction had never begun; a connection that cannot even do that is let go."""
        if self._connection is not None:
            try:
                self._connection.execute(b"ROLLBACK")
            except psycopg.Error:
                self.drop()

    @contextmanager
    def reading(self, last: str) -> Iterator[tuple[Connection, tuple[object, ...] | None]]:
        """One consistent picture for the time of the block."""
        try:
            yield self._begin(_READING, last, self.limits.statement)
        finally:
            self.roll_back()

    def drop(self) -> None:
        """Let the connection go; the next use makes another."""
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(psycopg.Error):
                connection.close()

    def close(self) -> None:
        """Let go of it for good."""
        self._closed = True
        self.drop()

    def _connected(self) -> Connection:
        for wait in waits(self.limits.patience if self._known else self.limits.locks):
            try:
                return self._connect(self._wanted())
            except psycopg.Error as error:
                if wait is None or not self._worth_waiting(error):
                    raise self._judged(error) from None
            time.sleep(wait)
        raise AssertionError("the last wait is None")  # pragma: no cover

    def _wanted(self) -> dict[str, str]:
        return {"target_session_attrs": "read-write"} if self._writing else {}

    def _connect(self, wanted: dict[str, str]) -> Connection:
        parameters: dict[str, str] = {**self.address.parameters, **wanted}
        return psycopg.connect(autocommit=True, prepare_threshold=None, **parameters)  # type: ignore[arg-type]

    def _worth_waiting(self, error: psycopg.Error) -> bool:
        if error.sqlstate in ("57P03", "53300") or _says(error, "FATAL:  the database system is"):
            return True
        return self._known and failures.lost(error)

    def _judged(self, error: psycopg.Error) -> StoreError:
        """What a failed connection means. Where a server lets us in who only looks, there is none that takes writes."""
        found = _of_connecting(error)
        if found is None and self._writing:
            with suppress(psycopg.Error):
                self._connect({"target_session_attrs": "any"}).close()
                return failures.read_only(self.address)
        return failures.of_psycopg(found or error, self.address, writing=self._writing)


def waits(seconds: float) -> Iterator[float | None]:
    """How long to wait before each repeat, rising and never the same for two; None where the time is up."""
    deadline, wait = time.monotonic() + seconds, _FIRST_WAIT
    while (left := deadline - time.monotonic()) > 0:
        yield min(wait * random.uniform(0.5, 1.5), left)  # noqa: S311 - to part the herd, not to hide anything
        wait = min(wait * 2, _LONGEST_WAIT)
    yield None


_CODES: tuple[tuple[str, type[psycopg.Error]], ...] = (
    ("password authentication failed", psycopg.errors.InvalidPassword),
    ("no password supplied", psycopg.errors.InvalidPassword),
    ("no pg_hba.conf entry", psycopg.errors.InvalidAuthorizationSpecification),
    ("authentication failed", psycopg.errors.InvalidAuthorizationSpecification),
    ("is not permitted to log in", psycopg.errors.InvalidAuthorizationSpecification),
    ("too many clients already", psycopg.errors.TooManyConnections),
    ("too many connections for", psycopg.errors.TooManyConnections),
    ("remaining connection slots are reserved", psycopg.errors.TooManyConnections),
    ("no more connections allowed", psycopg.errors.TooManyConnections),
)
"""libpq tells of a connection that was refused in words alone; those of servers whose messages are in English."""


def _of_connecting(error: psycopg.Error) -> psycopg.Error | None:
    if error.sqlstate is not None:
        return error
    for words, kind in _CODES:
        if _says(error, words):
            return kind(str(error))
    text = str(error)
    if 'database "' in text and "does not exist" in text:
        return psycopg.errors.InvalidCatalogName(text)
    if 'role "' in text and "does not exist" in text:
        return psycopg.errors.InvalidAuthorizationSpecification(text)
    return None


def _says(error: psycopg.Error, words: str) -> bool:
    return words in str(error)


def _milliseconds(seconds: float) -> int:
    """Never 0, which would mean for ever."""
    return max(1, min(int(seconds * 1000), 2_147_483_647))

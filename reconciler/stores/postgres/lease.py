"""The lease: a row with a fence that rises with each grant, kept alive by a heartbeat, judged by the database's clock.

No lock of a session: PgBouncer would hand it to somebody else. Who is frozen for longer than its lease and wakes is not
stopped here, but by the fence, which each writing transaction of the store compares.
"""

from __future__ import annotations

import os
import secrets
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import psycopg

from reconciler.errors import LeaseHeld, ReconcilerError
from reconciler.journal import Holder
from reconciler.stores import rows
from reconciler.stores.postgres import failures, schema
from reconciler.stores.postgres.session import Session
from reconciler.stores.tables import HOLDER

TTL = 20.0
"""Seconds that a lease lasts from its last heartbeat: how long others wait for one whose process died."""
BEAT = 5.0
"""Seconds between two heartbeats."""
_POLL = 0.2
# Who writes holds the row with FOR SHARE until its transaction ends: then the lease is alive, whatever the clock says.
_LOOK = "SELECT fence, owner, pid, host, until > clock_timestamp() FROM lease FOR UPDATE NOWAIT"
_TAKE = (
    "UPDATE lease SET fence = fence + 1, owner = %s, pid = %s, host = %s,"
    " until = clock_timestamp() + make_interval(secs => %s) RETURNING fence"
)
_KEEP = "UPDATE lease SET until = clock_timestamp() + make_interval(secs => %s) WHERE fence = %s"
_FREE = "UPDATE lease SET owner = NULL, until = NULL WHERE fence = %s"
_HOLDER = f"SELECT {', '.join(HOLDER.names)} FROM holder WHERE fence = (SELECT fence FROM lease)"  # noqa: S608 - our own names
_WHO = "SELECT pid, host FROM lease"


class PostgresLease:
    """A Lease on the store of its own session, waiting up to `lock_timeout` seconds for another run to end."""

    def __init__(self, session: Session, lock_timeout: float, ttl: float = TTL, beat: float = BEAT) -> None:
        self._session = session
        self._lock_timeout = lock_timeout
        self._ttl = ttl
        self._beat = beat
        self._owner = secrets.token_hex(16)
        self._fence: int | None = None

    @property
    def fence(self) -> int | None:
        """The number of the grant, while it is held."""
        return self._fence

    @contextmanager
    def hold(self) -> Iterator[None]:
        """Keep every other applier out for the time of the block. Raises LeaseHeld, having written nothing.

        Where there is no store yet, its tables are made: there must be a row to hold. An older schema is left to who
        holds it.
        """
        try:
            if schema.look(self._session)[0] is schema.Found.NOTHING:
                schema.prepare(self._session)
            self._fence = fence = self._take()
            ended = threading.Event()
            heart = threading.Thread(target=self._keep, args=(fence, ended), name="lease", daemon=True)
            heart.start()
            try:
                yield
            finally:
                ended.set()
                heart.join()
                self._fence = None
                self._free(fence)
        finally:
            self._session.close()

    def _take(self) -> int:
        deadline = time.monotonic() + self._lock_timeout
        while True:
            with failures.told(self._session.address, writing=True):
                fence = self._try()
            if fence is not None:
                return fence
            left = deadline - time.monotonic()
            if left <= 0:
                raise LeaseHeld(
                    "lease-held",
                    f"{self._session.address.name}: another run is applying to this store: {self._holder()}",
                    "wait until it is done, or wait longer with --lock-timeout",
                )
            time.sleep(min(_POLL, left))

    def _try(self) -> int | None:
        try:
            connection, row = self._session.begin(_LOOK)
            if row is None:
                raise failures.corrupt(self._session.address, "the row of the lease is missing")
            fence, owner, _pid, _host, alive = row
            if alive and owner == self._owner:
                return int(str(fence))  # our own grant, of whose COMMIT no answer came
            if alive:
                return None
            values = (self._owner, os.getpid(), rows.clean(socket.gethostname()), self._ttl)
            granted = connection.execute(_TAKE, values).fetchone()
            self._session.commit()
        except psycopg.Error as error:
            if isinstance(error, psycopg.errors.LockNotAvailable) or failures.passing(error, writing=True):
                return None
            raise
        finally:
            self._session.roll_back()
        return None if granted is None else int(granted[0])

    def _keep(self, fence: int, ended: threading.Event) -> None:
        """Until it ends. A beat that fails is tried again at the next: whether it was in time, the fence tells."""
        while not ended.wait(self._beat):
            with suppress(psycopg.Error, ReconcilerError):
                self._said(_KEEP, (self._ttl, fence))

    def _free(self, fence: int) -> None:
        """A lease that cannot be given back ends by itself."""
        with suppress(psycopg.Error, ReconcilerError):
            self._said(_FREE, (fence,))

    def _said(self, statement: str, values: tuple[object, ...]) -> None:
        try:
            connection, _ = self._session.begin("SELECT 1")
            connection.execute(statement.encode(), values)
            self._session.commit()
        finally:
            self._session.roll_back()

    def _holder(self) -> str:
        """Who the store's row says it is, if it is of this very grant; else the process, as far as it is known."""
        with suppress(psycopg.Error, ReconcilerError, ValueError):
            with self._session.reading(_HOLDER) as (connection, row):
                if row is not None:
                    holder: Holder = rows.holder(row)
                    return str(holder)
                who = connection.execute(_WHO.encode()).fetchone()
            if who is not None and who[0] is not None:
                elsewhere = "" if who[1] == rows.clean(socket.gethostname()) else f" on {who[1]}"
                return f"unknown, pid {who[0]}{elsewhere}"
        return "unknown"

"""A store place on a PostgreSQL server: everything that a command may want of a store there."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace

import psycopg

from reconciler.diagnostics import Diagnostic, error
from reconciler.errors import StoreCorrupt
from reconciler.stores.postgres import failures, schema
from reconciler.stores.postgres.address import Address, address_of
from reconciler.stores.postgres.lease import BEAT, TTL, PostgresLease
from reconciler.stores.postgres.queued import runs_under_way
from reconciler.stores.postgres.reader import PostgresReader
from reconciler.stores.postgres.session import Limits, Session
from reconciler.stores.postgres.store import PostgresStore


class PostgresPlace:
    """A StorePlace."""

    def __init__(self, url: str, lock_timeout: float, limits: Limits | None = None) -> None:
        self._address: Address = address_of(url)
        self._limits = limits or Limits(lock_timeout)
        self._lease: PostgresLease | None = None

    @property
    def name(self) -> str:
        """Hosts and database: the URL without what is nobody's business."""
        return self._address.name

    @property
    def address(self) -> Address:
        """The server and the schema, with what libpq needs to get there."""
        return self._address

    def beside(self) -> PostgresStore:
        """The store, which must be there and up to date, for workers: they write under fences of their own, each on its
        own connection and without a lease.
        """
        return PostgresStore(self._session(writing=True))

    @property
    def file(self) -> None:
        """None: a server is no file."""
        return None

    def there(self) -> bool:
        """Whether there is a store; StoreError where that cannot be told, or somebody else's tables are there."""
        session = self._session(writing=False)
        try:
            return self._found(session) is not schema.Found.NOTHING and self._made(session)
        finally:
            session.close()

    def reader(self) -> PostgresReader | None:
        """The store, to be read; None where there is none. An older schema is StoreError `older-store`."""
        session = self._session(writing=False)
        try:
            found, version = schema.look(session)
            if found is schema.Found.NOTHING or not self._made(session):
                session.close()
                return None
            if found is schema.Found.BEHIND:
                raise failures.older(self._address, version, schema.VERSIONS[-1])
        except BaseException:
            session.close()
            raise
        return PostgresReader(session)

    def store(self) -> PostgresStore | None:
        """The store, to be written to under the lease, its schema brought up to date; None where there is none.

        Without the lease an older schema is StoreError `older-store`.
        """
        session, fence = self._session(writing=True), self._fence()
        try:
            found, version = schema.look(session)
            if found is schema.Found.NOTHING or not self._made(session):
                session.close()
                return None
            if found is schema.Found.BEHIND and fence is None:
                raise failures.older(self._address, version, schema.VERSIONS[-1])
            schema.prepare(session, fence=fence)
        except BaseException:
            session.close()
            raise
        return PostgresStore(session, self._fence)

    def create(self, lineage: str) -> PostgresStore:
        """A store where none is yet; to be called under the lease."""
        session = self._session(writing=True)
        try:
            schema.prepare(session, fence=self._fence())
            with self._filling(session) as connection:
                connection.execute("INSERT INTO store (lineage, serial) VALUES (%s, 0)", (lineage,))
        except BaseException:
            session.close()
            raise
        return PostgresStore(session, self._fence)

    def lease(self, timeout: float) -> PostgresLease:
        """The right to write; what this place opens for writing from then on writes under its fence."""
        session = Session(self._address, replace(self._limits, locks=max(timeout, 1.0)), writing=True)
        self._lease = PostgresLease(session, timeout, TTL, BEAT)
        return self._lease

    def check(self, pinned: str | None) -> list[Diagnostic]:
        """Everything that is wrong with it; writes nothing."""
        from reconciler.stores.check import findings  # start-up: few commands check

        try:
            reader = self.reader()
            if reader is None:
                raise failures.missing(self._address)
            with reader, reader.reading() as spoken:
                return findings(spoken, self.name, pinned)
        except StoreCorrupt as broken:
            return [error(broken.code, "the store is damaged", detail=broken.message, hint=broken.hint)]

    def export(self) -> Iterator[bytes]:
        """The whole store as deterministic JSON lines, from one transaction; refused while workers have a run of it.

        What is made of the lines would be carried on there, and the run here: two would send the same orders.
        """
        from reconciler.stores.export import lines_of  # start-up: as above

        reader = self.reader()
        if reader is None:
            raise failures.missing(self._address)
        with reader, reader.reading() as spoken:
            under_way = runs_under_way(spoken)
            if under_way:
                raise failures.run_under_way(self._address, under_way)
            yield from lines_of(spoken)

    def take_in(self, lines: Iterable[bytes], digest: str | None = None) -> None:
        """A store made of exported lines, where none is yet: all of it, or nothing. To be called under the lease.

        With `digest`, of those lines, what was stored is read back and compared, in little memory; without it, it is
        examined as by `check`.
        """
        from reconciler.stores.export import same_lines, take  # start-up: as above
        from reconciler.stores.postgres.filling import Filling

        session = self._session(writing=True)
        try:
            schema.prepare(session, fence=self._fence())
            with self._filling(session) as connection, Filling(connection) as filling:
                prove = None if digest is None else same_lines(digest)
                take(filling.spoken, lines, filling.insert, prove, filling.settle)
        finally:
            session.close()

    def _fence(self) -> int | None:
        return None if self._lease is None else self._lease.fence

    def _session(self, *, writing: bool) -> Session:
        return Session(self._address, self._limits, writing=writing)

    def _found(self, session: Session) -> schema.Found:
        return schema.look(session)[0]

    def _made(self, session: Session) -> bool:
        """Tables alone are no store: whoever asked for the lease first made them."""
        with failures.told(self._address), session.reading("SELECT count(*) FROM store") as (_, row):
            return row is not None and row[0] == 1

    @contextmanager
    def _filling(self, session: Session) -> Iterator[psycopg.Connection[tuple[object, ...]]]:
        """One transaction that makes the store: nobody else makes one meanwhile, and there is none yet."""
        with failures.told(self._address, writing=True):
            connection, row = session.begin("SELECT fence FROM lease FOR SHARE", alone=True)
            fence = self._fence()
            try:
                if fence is not None and (row is None or row[0] != fence):
                    raise failures.lease_lost(self._address)
                connection.execute("LOCK TABLE store IN SHARE ROW EXCLUSIVE MODE")
                made = connection.execute("SELECT count(*) FROM store").fetchone()
                if made != (0,):
                    raise failures.exists(self._address)
                yield connection
                session.commit()
            except BaseException:
                session.roll_back()
                raise

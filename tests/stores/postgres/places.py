"""Where the tests of the store on PostgreSQL keep it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, closing
from functools import cache

import pytest

from reconciler.stores.postgres import failures, schema
from reconciler.stores.postgres.address import address_of
from reconciler.stores.postgres.lease import PostgresLease
from reconciler.stores.postgres.place import PostgresPlace
from reconciler.stores.postgres.reader import PostgresReader
from reconciler.stores.postgres.session import Limits, Session
from reconciler.stores.postgres.shards import PostgresShards
from reconciler.stores.postgres.store import PostgresStore
from tests.stores.contract import LINEAGE
from tests.stores.postgres.server import Server, shared

QUICK = Limits(locks=0.2, patience=10.0)
"""How long tests wait: not at all for each other, and long enough for a server to come back."""
_TABLES = (
    "shards",
    "distributed",
    "refreshes",
    "paces",
    "journal",
    "runs",
    "commits",
    "holder",
    "store",
    "accounts",
    "subscriptions",
)
_EMPTY = "".join(f"DELETE FROM reconcile.{table};" for table in (*_TABLES, "sightings", "observations"))


class Room:
    """A Place for a store in a database of a server; everything that was opened is closed with the test."""

    def __init__(self, url: str, limits: Limits = QUICK) -> None:
        self.url = url
        self.limits = limits
        self.postgres = self.place()
        self._opened = ExitStack()

    def place(self) -> PostgresPlace:
        """The store place, as another process has it."""
        return PostgresPlace(self.url, 0.0, self.limits)

    def session(self, *, writing: bool = True) -> Session:
        """A session of its own."""
        return self._opened.enter_context(closing(Session(address_of(self.url), self.limits, writing=writing)))

    def make(self, lineage: str = LINEAGE) -> PostgresStore:
        """A new store, or the one that is there; open for writing."""
        return self._opened.enter_context(self.postgres.store() or self.postgres.create(lineage))

    def open(self) -> PostgresStore:
        """The store, open for writing."""
        found = self.postgres.store()
        if found is None:
            raise failures.missing(address_of(self.url))
        return self._opened.enter_context(found)

    def read(self) -> PostgresReader | None:
        """The store, open for reading, or None."""
        reader = self.postgres.reader()
        return reader and self._opened.enter_context(reader)

    def lease(self) -> PostgresLease:
        """Another run's way to ask for the lease, which does not wait."""
        return PostgresLease(self.session(), 0.0)

    def book(self) -> PostgresShards:
        """The book of shards, as a worker has it."""
        return self._opened.enter_context(closing(PostgresShards(self.postgres.beside())))

    def close(self) -> None:
        """Close everything that was opened here."""
        self._opened.close()


@cache
def _prepared(server: Server) -> str:
    """A database with the tables in it: making them takes longer than most tests."""
    url = server.database("prepared")
    with closing(Session(address_of(url), QUICK, writing=True)) as session:
        schema.prepare(session)
    return url


@pytest.fixture
def server(pytestconfig: pytest.Config) -> Server:
    """The server that all tests share."""
    return shared(pytestconfig)


@pytest.fixture
def place(server: Server) -> Iterator[Room]:
    """Nothing but empty tables; the same database for one test after the other."""
    found = Room(_prepared(server))
    yield found
    found.close()
    server.say(_EMPTY + "UPDATE reconcile.lease SET fence = 0, owner = NULL, until = NULL", database="prepared")


@pytest.fixture
def empty(server: Server, request: pytest.FixtureRequest) -> Iterator[Room]:
    """A database of its own, with nothing in it."""
    name = f"empty_{abs(hash(request.node.nodeid)):x}"
    found = Room(server.database(name))
    yield found
    found.close()
    server.say(f"DROP DATABASE {name} WITH (FORCE)")

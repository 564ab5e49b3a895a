"""Rows of a whole store on their way into empty tables, as one stream for each table.

Runs inside a transaction that the place began. Must not hold more than one row.
"""

from __future__ import annotations

from contextlib import ExitStack
from types import TracebackType
from typing import Any, Self

import psycopg

from reconciler.stores.postgres.speaking import Connection, Streaming, escaped
from reconciler.stores.tables import JOURNAL, RUNS, Row, Table

_REFUSED = (psycopg.IntegrityError, psycopg.DataError)
_NUMBERED = (RUNS.name, JOURNAL.name)


class Filling:
    """Takes rows, table after table."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._open = ExitStack()
        self._copy: psycopg.Copy | None = None
        self._table = ""
        self._spelled = False
        self.spoken = Streaming(connection)
        """To look at what was inserted, once all of it was."""

    def insert(self, table: Table, row: Row) -> None:
        """The next row; ValueError for one that the database does not take, at the latest with the table's last."""
        if table.name != self._table:
            self._end()
            cursor = self._open.enter_context(self._connection.cursor())
            statement = f"COPY {table.name} ({', '.join(table.names)}) FROM STDIN"
            self._copy = self._open.enter_context(cursor.copy(statement.encode()))
            self._table = table.name
        taken = escaped(row)
        self._spelled |= taken is not row
        if self._copy is not None:
            self._copy.write_row(taken)

    def settle(self) -> None:
        """All rows were inserted: what comes next gets a number above theirs; ValueError for rows that are refused."""
        self._end()
        try:
            for name in _NUMBERED:
                self._connection.execute(
                    f"SELECT setval(pg_get_serial_sequence('{name}', 'number'), max(number)) FROM {name}".encode()  # noqa: S608 - our own names
                )
            if self._spelled:
                self._connection.execute("UPDATE store SET escaped = true")
                self.spoken.holds_escapes = True
            self._connection.execute("SET CONSTRAINTS ALL IMMEDIATE")
        except _REFUSED as error:
            raise ValueError(str(error)) from error

    def _end(self) -> None:
        try:
            self._open.close()
        except _REFUSED as error:
            raise ValueError(" ".join(str(error).split())) from error
        finally:
            self._copy, self._table = None, ""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> Any:
        return self._open.__exit__(kind, error, trace)

"""Statements and rows as the modules that know no dialect use them, on one connection of psycopg.

Must not begin or end a transaction.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import count
from typing import Any

import psycopg

from reconciler.stores.tables import Row

AT_A_TIME = 20_000
"""Rows of a large answer that are fetched with one round trip, and held at once."""
_ESCAPE = "\x1a"
_NUL = f"{_ESCAPE}0"

Connection = psycopg.Connection[tuple[Any, ...]]


def escaped(row: Sequence[Any]) -> Sequence[Any]:
    """The values as PostgreSQL can hold them: no text of it has a NUL. The very same row where all of them can be."""
    if not any(type(value) is str and ("\0" in value or _ESCAPE in value) for value in row):
        return row
    return tuple(_hidden(value) if type(value) is str else value for value in row)


def unescaped(row: Row) -> Row:
    """The values as they were written."""
    return tuple(_shown(value) if type(value) is str and _ESCAPE in value else value for value in row)


def _hidden(text: str) -> str:
    return text.replace(_ESCAPE, _ESCAPE * 2).replace("\0", _NUL)


def _shown(text: str) -> str:
    return _ESCAPE.join(part.replace(_NUL, "\0") for part in text.split(_ESCAPE * 2))


class Spoken:
    """Statements of a transaction that is under way."""

    def __init__(self, connection: Connection, *, holds_escapes: bool = False) -> None:
        self.connection = connection
        self.holds_escapes = holds_escapes
        """Some text of this store is spelled in another way: every row must be looked at."""

    def execute(self, statement: str, values: Sequence[Any] = (), /) -> Answer:
        """Carry one statement out; its rows are here when it returns."""
        cursor = self.connection.execute(_marked(statement).encode(), self.taken(values) or None, binary=True)
        return Answer(cursor, self.holds_escapes)

    def executemany(self, statement: str, rows: Iterable[Sequence[Any]], /) -> None:
        """Carry one statement out for each row, with as few round trips as the driver can."""
        taken = [self.taken(row) for row in rows]  # before: meanwhile the connection can say nothing else
        if taken:
            with self.connection.cursor() as cursor:
                cursor.executemany(_marked(statement).encode(), taken)

    def taken(self, row: Sequence[Any]) -> Sequence[Any]:
        """The row as it can be stored; that something had to be spelled in another way is remembered in the store."""
        spelled = escaped(row)
        if spelled is not row and not self.holds_escapes:
            self.connection.execute("UPDATE store SET escaped = true")
            self.holds_escapes = True
        return spelled


class Answer:
    """The rows of one statement."""

    def __init__(self, cursor: psycopg.Cursor[Row], holds_escapes: bool) -> None:
        self._cursor = cursor
        self._holds_escapes = holds_escapes

    def fetchone(self) -> Any:
        """The next row, or None."""
        row = self._cursor.fetchone()
        return unescaped(row) if row is not None and self._holds_escapes else row

    def fetchall(self) -> list[Any]:
        """All rows that are left."""
        return list(self)

    def __iter__(self) -> Iterator[Any]:
        return map(unescaped, self._cursor) if self._holds_escapes else iter(self._cursor)


class Streaming(Spoken):
    """The same for whole tables: what is asked without values comes in portions, however long it is."""

    def __init__(self, connection: Connection, *, holds_escapes: bool = False) -> None:
        super().__init__(connection, holds_escapes=holds_escapes)
        self._names = map("rows_{}".format, count(1))

    def execute(self, statement: str, values: Sequence[Any] = (), /) -> Any:
        """Carry one statement out; a table's rows come as they are taken."""
        if values or not statement.startswith("SELECT") or statement.endswith(" FOR UPDATE"):
            return super().execute(statement, values)
        return _Stream(self, statement, next(self._names))

    def stream(self, statement: str, values: Sequence[Any]) -> Iterator[Any]:
        """The rows of a long answer, as they are taken."""
        return iter(_Stream(self, statement, next(self._names), values))


class _Stream:
    """The rows of one statement, fetched in portions by a cursor of the server; read once, or given up."""

    def __init__(self, spoken: Spoken, statement: str, name: str, values: Sequence[Any] = ()) -> None:
        self._spoken, self._statement, self._name, self._values = spoken, statement, name, values

    def fetchone(self) -> Any:
        return next(iter(Spoken.execute(self._spoken, self._statement, self._values)), None)

    def fetchall(self) -> list[Any]:
        return list(Spoken.execute(self._spoken, self._statement, self._values))

    def __iter__(self) -> Iterator[Any]:
        with self._spoken.connection.cursor(self._name, binary=True) as cursor:
            cursor.itersize = AT_A_TIME
            cursor.execute(_marked(self._statement).encode(), self._values or None)
            yield from map(unescaped, cursor) if self._spoken.holds_escapes else cursor


def _marked(statement: str) -> str:
    """Our statements hold no question mark of their own, and a per cent sign only where they have values too."""
    return statement.replace("%", "%%").replace("?", "%s")

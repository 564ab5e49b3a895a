"""What the modules that know no dialect ask of a database: statements with `?` for values, and rows.

An SQLite connection is one as it is. Must not know a driver.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Protocol


class Rows(Protocol):
    """What a statement answered; to be read once."""

    def fetchone(self) -> Any:
        """The next row, or None."""
        ...

    def fetchall(self) -> list[Any]:
        """All rows that are left."""
        ...

    def __iter__(self) -> Iterator[Any]: ...


class Statements(Protocol):
    """A transaction under way, to be spoken to."""

    def execute(self, statement: str, values: Sequence[Any] = ..., /) -> Rows:
        """Carry one statement out."""
        ...

    def executemany(self, statement: str, rows: Iterable[Sequence[Any]], /) -> object:
        """Carry one statement out for each row of values."""
        ...

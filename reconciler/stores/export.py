"""The whole store as JSON lines, and back: the same store makes the same bytes, on any machine and by any release.

A header, the rows of every table in a fixed order, and a last line with the SHA-256 of all before it. Knows nothing of
files: lines go out and come in.
"""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from hashlib import sha256
from itertools import chain
from pathlib import Path
from typing import Protocol

import orjson

from reconciler.errors import InputError
from reconciler.stores import failures
from reconciler.stores.check import findings
from reconciler.stores.opening import inspect
from reconciler.stores.reader import head
from reconciler.stores.sqlite import new_store
from reconciler.stores.statements import Statements
from reconciler.stores.tables import EXPORTED, SUBSCRIPTIONS, Row, Table, with_nul

FORMAT = "reconcile-store"
FORMAT_VERSION = 3
"""Rises when an older release could no longer read what is written; what an older one wrote is always read."""

Prove = Callable[[Statements, int], None]
"""Looks at what was taken in, before it counts, and raises InputError; it is told the number of the last line."""
_HEADER = frozenset({"counts", "format", "format_version", "lineage", "serial"})
_END = frozenset({"lines", "sha256"})


@dataclass(frozen=True, slots=True)
class ImportSummary:
    """What was brought back."""

    lineage: str
    serial: int
    subscriptions: int
    runs: int
    entries: int
    """Of the journal."""


class Readable(Protocol):
    """A store that can be read as a whole."""

    def reading(self) -> AbstractContextManager[Statements]:
        """One consistent picture for the time of the block."""
        ...


def export_lines(reader: Readable) -> Iterator[bytes]:
    """Every line with its newline, from one read transaction: until the last is taken, no writer of a file commits."""
    with reader.reading() as connection:
        yield from lines_of(connection)


def lines_of(connection: Statements) -> Iterator[bytes]:
    """The same from a transaction that is under way."""
    digest, count = sha256(), 0
    for line in _lines(connection):
        digest.update(line)
        count += 1
        yield line
    yield _line({"lines": count, "sha256": digest.hexdigest()})


def import_store(path: Path, lines: Iterable[bytes], lock_timeout: float, prove: Prove | None = None) -> ImportSummary:
    """A store made of exported lines, each with its newline; must be called under the lease.

    Nothing is put in place unless every line proved right: InputError, with the line's number, for an export that is
    cut short, edited, of a newer release or none at all. StoreError `store-exists` where there is a store.
    `lock_timeout` is for stores that many write to at once: a new file has nobody to wait for.
    """
    if inspect(path):
        raise failures.exists(path)
    with new_store(path) as connection:
        return take(connection, lines, lambda table, row: _insert(connection, table, row), prove)


def take(
    connection: Statements,
    lines: Iterable[bytes],
    insert: Callable[[Table, Row], None],
    prove: Prove | None = None,
    settle: Callable[[], None] = lambda: None,
) -> ImportSummary:
    """Fill an empty store in the transaction that is under way; `settle` is called when every row was inserted.

    `insert` raises ValueError for a row that the database does not take. `prove` instead of the usual proof, which
    reads everything once more and trusts nothing.
    """
    return _Import(connection, insert, prove or _proved, settle).take(lines)


def _insert(connection: sqlite3.Connection, table: Table, row: Row) -> None:
    try:
        connection.execute(table.insert, row)
    except (OverflowError, sqlite3.IntegrityError) as error:
        raise ValueError(str(error)) from error


def same_lines(digest: str) -> Prove:
    """A proof that takes little memory: what is stored now makes the same lines, to the byte."""

    def prove(connection: Statements, number: int) -> None:
        if digest_of(lines_of(connection)) != digest:
            raise _edited(number, "what was stored does not make the same lines again")

    return prove


def digest_of(lines: Iterable[bytes]) -> str:
    """Of a whole export, its last line included."""
    digest = sha256()
    for line in lines:
        digest.update(line)
    return digest.hexdigest()


def _proved(connection: Statements, number: int) -> None:
    for finding in findings(connection, "the export"):
        raise _edited(number, f"{finding.summary}: {finding.detail}")


def _lines(connection: Statements) -> Iterator[bytes]:
    lineage, serial, *_ = head(connection)
    header = {"format": FORMAT, "format_version": FORMAT_VERSION, "lineage": lineage, "serial": serial}
    yield _line({**header, "counts": {table.name: _count(connection, table) for table in EXPORTED}})
    for table in EXPORTED:
        for row in connection.execute(table.select):
            problem = table.problem(row)
            if problem:
                raise ValueError(f"{table.name} {'/'.join(map(str, row[: table.keys]))}: {problem}")
            yield _line({"table": table.name, **table.to_json(row)})


def _count(connection: Statements, table: Table) -> int:
    found: int = connection.execute(f"SELECT count(*) FROM {table.name}").fetchone()[0]  # noqa: S608 - our own name
    return found


def _line(values: dict[str, object]) -> bytes:
    return orjson.dumps(values, option=orjson.OPT_SORT_KEYS | orjson.OPT_APPEND_NEWLINE)


class _Import:
    """Reads an export line by line into an empty store, trusting none of it."""

    def __init__(
        self,
        connection: Statements,
        insert: Callable[[Table, Row], None],
        prove: Prove,
        settle: Callable[[], None],
    ) -> None:
        self._connection, self._insert = connection, insert
        self._proof, self._settle = prove, settle
        self._digest = sha256()
        self._counts: Counter[str] = Counter()
        self._rank = 0
        self._tables: Sequence[Table] = ()
        self._ranks: dict[str, int] = {}

    def take(self, lines: Iterable[bytes]) -> ImportSummary:
        """All lines, from the header to the end."""
        numbered = _numbered(lines)
        number, line = next(numbered, (1, b""))
        header = self._header(line)
        for number, line in numbered:
            values = _values(number, line)
            if values.keys() == _END:
                self._end(number, values, header)
                break
            self._digest.update(line)
            self._row(number, values)
        else:
            raise InputError(
                "export-cut-short",
                f"line {number}: the export ends here, without its last line",
                "the file was not written or copied to its end: export again, or copy it again",
            )
        for number, _ in numbered:
            raise _edited(number, "something follows the last line")
        try:
            self._settle()
        except ValueError as error:
            raise _edited(number, str(error)) from error
        self._prove(number, header)
        return ImportSummary(
            lineage=str(header["lineage"]),
            serial=head(self._connection)[1],
            subscriptions=self._counts["subscriptions"],
            runs=self._counts["runs"],
            entries=self._counts["journal"],
        )

    def _header(self, line: bytes) -> dict[str, object]:
        try:
            header = orjson.loads(line)
        except orjson.JSONDecodeError:
            header = None
        if not isinstance(header, dict) or header.get("format") != FORMAT:
            hint = "give a file that `reconcile store export` wrote, unpacked"
            raise InputError("not-an-export", "line 1: this is no export of a store", hint)
        version = header.get("format_version")
        if isinstance(version, int) and version > FORMAT_VERSION:
            message = f"line 1: the export has format version {version}; this reconcile knows up to {FORMAT_VERSION}"
            raise InputError("newer-export", message, "upgrade reconcile")
        if header.keys() != _HEADER or type(version) is not int or version < 1:
            raise _edited(1, "the header is not as an export writes it")
        self._tables = tuple(table.of(version) for table in EXPORTED if table.since <= version)
        self._ranks = {table.name: rank for rank, table in enumerate(self._tables)}
        values = _values(1, line)
        self._digest.update(line)
        return values

    def _row(self, number: int, values: dict[str, object]) -> None:
        rank = self._ranks.get(str(values.pop("table", None)))
        if rank is None or rank < self._rank:
            raise _edited(number, "no table, or not in its place")
        self._rank, table = rank, self._tables[rank]
        try:
            row = table.from_json(values)
            if table.name == SUBSCRIPTIONS.name and (odd := with_nul(table, row)):
                # No spec can say one, nor is one read of a provider: where records are compared, it would end a text.
                raise ValueError(f"{odd} holds a NUL")
            self._insert(table, row)
        except ValueError as error:
            raise _edited(number, str(error)) from error
        self._counts[table.name] += 1

    def _end(self, number: int, values: dict[str, object], header: dict[str, object]) -> None:
        if values != {"lines": number - 1, "sha256": self._digest.hexdigest()}:
            raise _edited(number, "the lines before it are not those that were exported")
        if header["counts"] != {name: self._counts[name] for name in self._ranks}:
            raise _edited(number, "the numbers of rows are not those of the header")

    def _prove(self, number: int, header: dict[str, object]) -> None:
        """An edit with a new checksum is still found, if what it says does not hold together."""
        try:
            lineage, serial, *_ = head(self._connection)
        except ValueError as error:
            raise _edited(number, str(error)) from error
        if (lineage, serial) != (header["lineage"], header["serial"]):
            raise _edited(number, "lineage or serial are not those of the header")
        self._proof(self._connection, number)


def _numbered(lines: Iterable[bytes]) -> Iterator[tuple[int, bytes]]:
    try:
        yield from enumerate(chain(lines), start=1)
    except OSError as error:
        raise InputError(
            "unreadable-export", f"the export cannot be read: {error.strerror}", "check the file"
        ) from error


def _values(number: int, line: bytes) -> dict[str, object]:
    """What a line says; it must be spelled as an export spells it, to the byte."""
    try:
        values = orjson.loads(line)
    except orjson.JSONDecodeError:
        values = None
    if isinstance(values, dict) and _line(values) == line:
        return values
    if not line.endswith(b"\n"):
        raise InputError(
            "export-cut-short",
            f"line {number}: the export ends in the middle of this line",
            "the file was not written or copied to its end: export again, or copy it again",
        )
    raise _edited(number, "not as an export writes it")


def _edited(number: int, detail: str) -> InputError:
    return InputError(
        "export-edited",
        f"line {number}: the export was changed since it was written: {detail}",
        "an export is read as a whole or not at all: take an unchanged copy",
    )

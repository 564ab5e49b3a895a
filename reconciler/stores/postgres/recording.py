"""What one recorded batch does to the tables, set by set: few round trips, however many entries.

Which of them are news, `stores.recording` decides for every store. Runs inside a transaction that the store began.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from reconciler.journal import Entry
from reconciler.stores.postgres.speaking import Spoken
from reconciler.stores.recording import BATCH, Earlier, Lines, effects, fresh, lines, to_accept, to_intend
from reconciler.stores.rows import stored_row
from reconciler.stores.tables import JOURNAL, SUBSCRIPTIONS, Row

_FEW = 50
"""Rows up to which plain statements in one pipeline are quicker than a staged set."""
_FORGET = "DELETE FROM subscriptions WHERE account = ? AND name = ?"
_FORGET_SET = (
    "DELETE FROM subscriptions USING staged WHERE subscriptions.account = staged.account"
    " AND subscriptions.name = staged.name"
)
_UPSERT_SET = SUBSCRIPTIONS.upsert.replace(
    f"VALUES ({', '.join('?' * len(SUBSCRIPTIONS.columns))})",
    f"SELECT {', '.join(SUBSCRIPTIONS.names)} FROM staged",  # noqa: S608 - our own names
)
_EARLIER = "SELECT operation_id, number, run, outcome, token FROM journal WHERE operation_id = ANY(?) ORDER BY number"


def record(spoken: Spoken, run: int, serial: int, entries: Sequence[Entry], at: datetime) -> int:
    """Write rows and outcomes; answers how many of the entries were not recorded before."""
    written = 0
    for begin in range(0, len(entries), BATCH):
        batch = entries[begin : begin + BATCH]
        new = fresh(run, batch, _earlier(spoken, batch))
        left = effects(entry for entry, _ in new)
        _forget(spoken, [key for key, row in left.items() if row is None])
        _upsert(spoken, [stored_row(row) for row in left.values() if row is not None])
        _journal(spoken, lines(new, run, serial, at))
        written += len(new)
    return written


def intend(spoken: Spoken, run: int, entries: Sequence[Entry], at: datetime) -> None:
    """Write intents, but for operations that have an open one or have succeeded."""
    new: Lines = to_intend(entries, _earlier(spoken, entries))
    _journal(spoken, lines(new, run, None, at))


def accept(spoken: Spoken, run: int, entries: Sequence[Entry], at: datetime) -> None:
    """Write what was accepted, but for operations that have succeeded, and for the token that was told last."""
    new: Lines = to_accept(entries, _earlier(spoken, entries))
    _journal(spoken, lines(new, run, None, at))


def copy_in(spoken: Spoken, table: str, names: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Add rows to a table, as fast as the server takes them."""
    statement = f"COPY {table} ({', '.join(names)}) FROM STDIN"
    taken = [spoken.taken(row) for row in rows]  # before: while rows are copied, the connection can say nothing else
    with spoken.connection.cursor() as cursor, cursor.copy(statement.encode()) as copy:
        for row in taken:
            copy.write_row(row)


def _forget(spoken: Spoken, keys: Sequence[tuple[str, str]]) -> None:
    if len(keys) <= _FEW:
        spoken.executemany(_FORGET, keys)
        return
    _stage(spoken, SUBSCRIPTIONS.names[:2], keys)
    spoken.execute(_FORGET_SET)
    spoken.execute("DROP TABLE staged")


def _upsert(spoken: Spoken, rows: Sequence[Row]) -> None:
    if len(rows) <= _FEW:
        spoken.executemany(SUBSCRIPTIONS.upsert, rows)
        return
    _stage(spoken, SUBSCRIPTIONS.names, rows)
    spoken.execute(_UPSERT_SET)
    spoken.execute("DROP TABLE staged")


def _stage(spoken: Spoken, names: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    columns = ", ".join(names)
    spoken.execute(
        f"CREATE TEMPORARY TABLE staged ON COMMIT DROP AS SELECT {columns} FROM subscriptions WITH NO DATA"  # noqa: S608 - our own names
    )
    copy_in(spoken, "staged", names, rows)


def _journal(spoken: Spoken, rows: Iterable[Row]) -> None:
    """Their numbers are the database's to give, in this order."""
    copy_in(spoken, JOURNAL.name, JOURNAL.names[1:], (row[1:] for row in rows))


def _earlier(spoken: Spoken, entries: Sequence[Entry]) -> dict[str, list[Earlier]]:
    found: dict[str, list[Earlier]] = {}
    ids = [entry.operation_id for entry in entries]
    if ids:
        for operation_id, *rest in spoken.execute(_EARLIER, (ids,)):
            found.setdefault(operation_id, []).append(Earlier(*rest))
    return found

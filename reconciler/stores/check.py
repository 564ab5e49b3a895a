"""Whether a store is sound: its pages, its schema, its rows, and whether journal, serial and records tell one story.

Read-only, and complete rather than quick: every page and every row is looked at.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from pathlib import Path

from reconciler.changes import Kind
from reconciler.diagnostics import Diagnostic, error
from reconciler.errors import StoreCorrupt
from reconciler.events import EventKind
from reconciler.journal import OutcomeKind
from reconciler.stores import failures, rows, sightings
from reconciler.stores.history import COLUMNS
from reconciler.stores.migrations import STEPS, Step, expected_schema, schema
from reconciler.stores.reader import head, open_reader
from reconciler.stores.statements import Statements
from reconciler.stores.tables import EXPORTED, OBSERVATIONS, SUBSCRIPTIONS, Row

_OF_A_KIND = 20
"""Findings with one code that are told: a store with a thousand broken rows is as broken as one with twenty."""
_STORY = (
    "SELECT number, serial, operation_id, closes, account, name, kind, outcome, previous, happened_at, token"
    " FROM journal ORDER BY number"
)
_NEVER_SEEN = (
    "SELECT account, id FROM observations WHERE account NOT IN (SELECT account FROM sightings) ORDER BY account, id"
)
_ASTRAY = " UNION ALL ".join(
    f"SELECT '{table}', {table}.number, '{parent}' FROM {table} WHERE {table}.{name} IS NOT NULL"  # noqa: S608 - our own names
    f" AND NOT EXISTS (SELECT 1 FROM {parent} AS other WHERE other.number = {table}.{name})"
    for table, name, parent in (
        ("journal", "run", "runs"),
        ("journal", "closes", "journal"),
        ("runs", "carried_on_by", "runs"),
    )
)
_TWICE = (
    "SELECT min(number), operation_id FROM journal WHERE outcome = 'succeeded'"
    " GROUP BY operation_id HAVING count(*) > 1"
)


def check_store(
    path: Path, lock_timeout: float, lineage: str | None = None, *, steps: Sequence[Step] = STEPS
) -> list[Diagnostic]:
    """Everything that is wrong with the store; nothing where it is sound. `lineage` is the one it is pinned to, if any.

    Raises StoreError where it cannot be looked at: missing, busy, newer, in WAL mode, not readable.
    """
    try:
        reader = open_reader(path, lock_timeout, steps=steps)
        if reader is None:
            raise failures.missing(path)
        with reader, reader.reading() as connection:
            damage = [*_damage(connection, path)]
            return damage or [*_strange(connection, path, steps), *findings(connection, str(path), lineage)]
    except StoreCorrupt as broken:
        return [error(broken.code, "the store is damaged", detail=broken.message, hint=broken.hint)]


def findings(connection: Statements, name: str, lineage: str | None = None) -> list[Diagnostic]:
    """What is wrong with the content of an undamaged database."""
    bad = [*_told("store-row", "a row cannot be read", name, _rows(connection))]
    if bad:
        return bad
    return [
        *_told("store-serial", "the serial does not follow from the journal", name, _serial(connection)),
        *_told("store-journal", "the journal contradicts itself", name, _journal(connection)),
        *_told("store-keys", "the records do not follow from the journal", name, _keys(connection)),
        *_other(connection, name, lineage),
    ]


def _told(code: str, summary: str, name: str, details: Iterator[str]) -> Iterator[Diagnostic]:
    return (
        error(code, summary, detail=f"{name}: {detail}", hint=failures.RESTORE)
        for detail in islice(details, _OF_A_KIND)
    )


def _damage(connection: sqlite3.Connection, path: Path) -> Iterator[Diagnostic]:
    found = (str(text) for (text,) in connection.execute("PRAGMA integrity_check"))
    return _told("store-corrupt", "the store is damaged", str(path), (text for text in found if text != "ok"))


def _strange(connection: sqlite3.Connection, path: Path, steps: Sequence[Step]) -> Iterator[Diagnostic]:
    odd = sorted({name for _, name, _ in set(schema(connection)) ^ set(expected_schema(steps))})
    return _told("store-schema", "the schema is not the one that reconcile makes", str(path), iter(odd))


def _other(connection: Statements, name: str, lineage: str | None) -> Iterator[Diagnostic]:
    found = head(connection)[0]
    if lineage is not None and found != lineage:
        hint = "name the right store in `store.url` or --store, or correct `store.lineage` in reconcile.yaml"
        detail = f"{name}: its lineage is {found}, pinned is {lineage}"
        yield error("other-store", "this is another store than the pinned one", detail=detail, hint=hint)


def _rows(connection: Statements) -> Iterator[str]:
    for table in EXPORTED:
        for row in connection.execute(table.select):
            problem = table.problem(row)
            if problem:
                yield f"{table.name} {'/'.join(map(str, row[: table.keys]))}: {problem}"
    for row in connection.execute(SUBSCRIPTIONS.select):
        yield from _problem(lambda row: rows.subscriptions([row]), row)
    statement = f"SELECT {COLUMNS} FROM journal JOIN runs ON runs.number = journal.run"  # noqa: S608 - a constant
    for row in connection.execute(statement):
        yield from _problem(rows.history_entry, row)
    for row in connection.execute(OBSERVATIONS.select):
        yield from _problem(sightings.observation, row)
    for account, id in connection.execute(_NEVER_SEEN):
        yield f"observation {account}/{id}: its account was never observed"
    yield from _problem(lambda found: (rows.safety(found[3]), rows.freeze(*found[4:])), head(connection))


def _problem(read: Callable[[Row], object], row: Row) -> Iterator[str]:
    try:
        read(row)
    except ValueError as found:
        yield str(found)


def _serial(connection: Statements) -> Iterator[str]:
    serial = head(connection)[1]
    last, made = connection.execute("SELECT coalesce(max(serial), 0), count(DISTINCT serial) FROM journal").fetchone()
    if serial != last:
        yield f"the serial is {serial}, the journal's last one {last}"
    if made != last:
        yield f"the journal holds {made} serials up to {last}"


def _journal(connection: Statements) -> Iterator[str]:
    for table, row, parent in connection.execute(_ASTRAY):
        yield f"{table} {row} refers to an entry of {parent} that is not there"
    events = frozenset(map(str, EventKind))
    open_intents: dict[str, int] = {}
    last = 0
    for number, serial, operation_id, closes, _, _, kind, outcome, _, happened_at, token in connection.execute(_STORY):
        intended, accepted = outcome == OutcomeKind.INTENDED, outcome == OutcomeKind.ACCEPTED
        if (serial is None) != (intended or accepted):
            yield f"entry {number}: {outcome} with serial {serial}"
        elif serial is not None and serial < last:
            yield f"entry {number}: serial {serial} after {last}"
        last = max(last, serial or 0)
        if accepted and operation_id not in open_intents:
            yield f"entry {number}: accepted, and there is no open intent of the same operation"
        due = None if intended or accepted else open_intents.pop(operation_id, None)
        if closes != due:
            yield f"entry {number}: closes {_entry(closes)}, and the open intent of its operation is {_entry(due)}"
        if intended:
            open_intents[operation_id] = number
        if accepted != (token is not None):
            yield f"entry {number}: {outcome} {'with' if token is not None else 'without'} a token"
        if (happened_at is not None) != (kind in events):
            yield f"entry {number}: {kind} {'with' if happened_at else 'without'} an instant of its own"
    for number, operation_id in connection.execute(_TWICE):
        yield f"entry {number}: operation {operation_id} has succeeded more than once"


def _entry(number: int | None) -> str:
    return "none" if number is None else f"entry {number}"


def _keys(connection: Statements) -> Iterator[str]:
    """Which records there must be, folded from what has succeeded."""
    expected: set[tuple[str, str]] = set()
    for _, _, _, _, account, name, kind, outcome, previous, *_ in connection.execute(_STORY):
        if outcome != OutcomeKind.SUCCEEDED:
            continue
        if previous is not None:
            expected.discard((account, previous))
        if kind == Kind.FORGET:
            expected.discard((account, name))
        else:
            expected.add((account, name))
    stored = set(connection.execute("SELECT account, name FROM subscriptions"))
    for account, name in sorted(expected - stored):
        yield f"{account}/{name} is in the journal, and not among the records"
    for account, name in sorted(stored - expected):
        yield f"{account}/{name} is among the records, and not in the journal"

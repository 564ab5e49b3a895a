"""The schema's history: numbered steps, each applied in one transaction together with its own record.

A step that was released is never edited: the next one changes what it made. Must not open files: a connection is
handed in.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from reconciler.stores.tables import instant_text


@dataclass(frozen=True, slots=True)
class Step:
    """From the version before it to this one."""

    version: int
    name: str
    statements: tuple[str, ...]


APPLICATION_ID = 0x52434E4C
"""Our mark in the header of the database file: `RCNL`."""

_RECORDS = "CREATE TABLE migrations (version INTEGER PRIMARY KEY, name TEXT NOT NULL, applied_at TEXT NOT NULL)"

STEPS: tuple[Step, ...] = (
    Step(
        1,
        "the first schema",
        (
            """CREATE TABLE store (
                one INTEGER PRIMARY KEY DEFAULT 1 CHECK (one = 1),
                lineage TEXT NOT NULL, serial INTEGER NOT NULL, last_as_of TEXT, safety TEXT,
                freeze_reason TEXT, freeze_since TEXT, freeze_actor TEXT, freeze_until TEXT
            )""",
            """CREATE TABLE holder (
                one INTEGER PRIMARY KEY DEFAULT 1 CHECK (one = 1),
                pid INTEGER NOT NULL, host TEXT NOT NULL, since TEXT NOT NULL, actor TEXT NOT NULL, ci_run TEXT
            )""",
            "CREATE TABLE accounts (name TEXT NOT NULL PRIMARY KEY, provider TEXT NOT NULL, tenant TEXT)",
            # Without a rowid it lies in the order of its key, in which a snapshot is read.
            """CREATE TABLE subscriptions (
                account TEXT NOT NULL, name TEXT NOT NULL, product TEXT NOT NULL,
                length TEXT NOT NULL, billing TEXT NOT NULL, start TEXT NOT NULL, anchor TEXT NOT NULL,
                term_start TEXT NOT NULL, term_end TEXT NOT NULL,
                status TEXT NOT NULL, recurring TEXT NOT NULL, cancellation TEXT NOT NULL,
                requested_at TEXT, effective_at TEXT, id TEXT, provider_status TEXT,
                seats INTEGER, price_minor INTEGER, price_currency TEXT, owner TEXT, labels TEXT NOT NULL,
                protected INTEGER NOT NULL, declared INTEGER NOT NULL,
                PRIMARY KEY (account, name)
            ) WITHOUT ROWID""",
            """CREATE TABLE runs (
                number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, command TEXT NOT NULL,
                started_at TEXT NOT NULL, as_of TEXT NOT NULL, actor TEXT NOT NULL, host TEXT NOT NULL,
                pid INTEGER NOT NULL, ci_run TEXT, commit_ref TEXT, commit_author TEXT, fingerprint TEXT,
                specs_digest TEXT, planned INTEGER NOT NULL, reason TEXT, allowed TEXT NOT NULL, finished_at TEXT,
                carried_on_by INTEGER REFERENCES runs (number) DEFERRABLE INITIALLY DEFERRED
            )""",
            """CREATE TABLE journal (
                number INTEGER PRIMARY KEY, run INTEGER NOT NULL REFERENCES runs (number), serial INTEGER,
                at TEXT NOT NULL, operation_id TEXT NOT NULL, closes INTEGER REFERENCES journal (number),
                account TEXT NOT NULL, name TEXT NOT NULL, kind TEXT NOT NULL, outcome TEXT NOT NULL,
                previous TEXT, external_id TEXT, before_values TEXT NOT NULL, after_values TEXT NOT NULL,
                reason TEXT, error TEXT,
                source_file TEXT NOT NULL, source_line INTEGER NOT NULL, source_column INTEGER NOT NULL
            )""",
            "CREATE INDEX journal_operation ON journal (operation_id)",
            "CREATE INDEX journal_key ON journal (account, name)",
            "CREATE INDEX journal_previous ON journal (account, previous) WHERE previous IS NOT NULL",
            "CREATE UNIQUE INDEX journal_closes ON journal (closes) WHERE closes IS NOT NULL",
            "CREATE INDEX journal_intents ON journal (number) WHERE outcome = 'intended'",
            "CREATE INDEX runs_unfinished ON runs (number) WHERE finished_at IS NULL",
        ),
    ),
    Step(
        2,
        "time, money and consequences",
        (
            "ALTER TABLE subscriptions ADD COLUMN extended INTEGER NOT NULL DEFAULT 0",
            "ALTER TABLE subscriptions ADD COLUMN last_charge_minor INTEGER",
            "ALTER TABLE subscriptions ADD COLUMN last_charge_currency TEXT",
            "ALTER TABLE journal ADD COLUMN happened_at TEXT",
            "ALTER TABLE journal ADD COLUMN risk TEXT",
            "ALTER TABLE journal ADD COLUMN reversible_until TEXT",
            "ALTER TABLE journal ADD COLUMN value_minor INTEGER",
            "ALTER TABLE journal ADD COLUMN value_currency TEXT",
            # By verb first: most of a journal is registrations and renewals, which nobody counts.
            "CREATE INDEX journal_recent ON journal (kind, at) WHERE outcome = 'succeeded'",
        ),
    ),
    Step(
        3,
        "outside providers",
        (
            "ALTER TABLE journal ADD COLUMN token TEXT",
            "ALTER TABLE journal ADD COLUMN note TEXT",
            "CREATE TABLE sightings (account TEXT NOT NULL PRIMARY KEY, at TEXT NOT NULL, complete INTEGER NOT NULL)",
            # As with the subscriptions: it lies in the order in which an account is read and replaced.
            """CREATE TABLE observations (
                account TEXT NOT NULL, id TEXT NOT NULL, at TEXT NOT NULL, shown TEXT, obstacle TEXT,
                PRIMARY KEY (account, id)
            ) WITHOUT ROWID""",
        ),
    ),
)


def version(connection: sqlite3.Connection) -> int:
    """The schema version that the database says it has."""
    found: int = connection.execute("PRAGMA user_version").fetchone()[0]
    return found


def migrate(connection: sqlite3.Connection, steps: Sequence[Step] = STEPS) -> None:
    """Apply every step that is not applied yet, in order. Each is durable, or as if it never began."""
    for step in steps:
        if step.version <= version(connection):
            continue
        connection.execute("BEGIN IMMEDIATE")
        try:
            if step.version == 1:
                connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
                connection.execute(_RECORDS)
            for statement in step.statements:
                connection.execute(statement)
            record = (step.version, step.name, instant_text(datetime.now(UTC)))
            connection.execute("INSERT INTO migrations VALUES (?, ?, ?)", record)
            connection.execute(f"PRAGMA user_version = {step.version:d}")
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise


def schema(connection: sqlite3.Connection) -> list[tuple[str, str, str]]:
    """Everything that the database is made of: kind, name, and the statement that made it."""
    statement = "SELECT type, name, coalesce(sql, '') FROM sqlite_master ORDER BY type, name"
    return [(kind, name, sql) for kind, name, sql in connection.execute(statement)]


def expected_schema(steps: Sequence[Step] = STEPS) -> list[tuple[str, str, str]]:
    """The same of a database on which just these steps ran."""
    connection = sqlite3.connect(":memory:", isolation_level=None)
    try:
        migrate(connection, steps)
        return schema(connection)
    finally:
        connection.close()

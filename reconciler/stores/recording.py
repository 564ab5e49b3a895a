"""What one recorded batch does to the tables: rows, journal entries, and which of them were recorded before.

Runs inside a transaction that the store began. Must not begin or end one.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import NamedTuple

from reconciler.changes import Kind
from reconciler.events import Event
from reconciler.journal import Entry, Outcome, OutcomeKind
from reconciler.model import StoredSubscription, SubscriptionKey
from reconciler.stores.rows import journal_row, stored_row
from reconciler.stores.tables import JOURNAL, SUBSCRIPTIONS, Row, instant_text

BATCH = 10_000
_LOOKUPS = 500
_OPEN = frozenset({OutcomeKind.INTENDED, OutcomeKind.ACCEPTED})
"""An operation is open when its last entry is one of these."""
_FORGET = "DELETE FROM subscriptions WHERE account = ? AND name = ?"


class Earlier(NamedTuple):
    """What the journal says of an operation already, one for each of its entries."""

    number: int
    run: int
    outcome: str
    token: str | None


Lines = Sequence[tuple[Entry, int | None]]
"""Entries on their way into the journal, each with the number of the open intent that it closes."""


def record(connection: sqlite3.Connection, run: int, serial: int, entries: Sequence[Entry], at: datetime) -> int:
    """Write rows and outcomes; answers how many of the entries were not recorded before."""
    written = 0
    for begin in range(0, len(entries), BATCH):
        batch = entries[begin : begin + BATCH]
        new = fresh(run, batch, _earlier(connection, batch))
        left = effects(entry for entry, _ in new)
        connection.executemany(_FORGET, [key for key, row in left.items() if row is None])
        connection.executemany(SUBSCRIPTIONS.upsert, (stored_row(row) for row in left.values() if row is not None))
        connection.executemany(JOURNAL.insert, lines(new, run, serial, at))
        written += len(new)
    return written


def intend(connection: sqlite3.Connection, run: int, entries: Sequence[Entry], at: datetime) -> None:
    """Write intents, but for operations that have an open one or have succeeded."""
    new = to_intend(entries, _earlier(connection, entries))
    connection.executemany(JOURNAL.insert, lines(new, run, None, at))


def to_intend(entries: Sequence[Entry], earlier: Mapping[str, Sequence[Earlier]]) -> Lines:
    """The intents that are new, by what the journal says of their operations already."""
    new: list[tuple[Entry, int | None]] = []
    for entry in {entry.operation_id: entry for entry in entries}.values():
        _refuse_intended_event(entry)
        known = earlier.get(entry.operation_id, ())
        if _open(known) is None and not _succeeded(known):
            new.append((replace(entry, outcome=Outcome(OutcomeKind.INTENDED)), None))
    return new


def accept(connection: sqlite3.Connection, run: int, entries: Sequence[Entry], at: datetime) -> None:
    """Write what was accepted, but for operations that have succeeded, and for the token that was told last."""
    new = to_accept(entries, _earlier(connection, entries))
    connection.executemany(JOURNAL.insert, lines(new, run, None, at))


def to_accept(entries: Sequence[Entry], earlier: Mapping[str, Sequence[Earlier]]) -> Lines:
    """What was accepted and is news, by what the journal says of the operations already."""
    last: dict[str, str] = {}
    new: list[tuple[Entry, int | None]] = []
    for entry in entries:
        outcome = entry.outcome
        known: Sequence[Earlier] = earlier.get(entry.operation_id, ())
        if outcome.kind is not OutcomeKind.ACCEPTED or outcome.token is None:
            raise RuntimeError(f"{entry.change.key}: {outcome.kind} without a token was not accepted")
        if _succeeded(known):
            continue
        if _open(known) is None:
            raise RuntimeError(f"{entry.change.key}: accepted without an open intent of {entry.operation_id}")
        if last.get(entry.operation_id, known[-1].token) != outcome.token:
            last[entry.operation_id] = outcome.token
            new.append((entry, None))
    return new


def fresh(run: int, entries: Sequence[Entry], earlier: Mapping[str, Sequence[Earlier]]) -> Lines:
    """The entries that were not recorded before, each with the number of the open intent that it closes.

    What has succeeded stays so; the same outcome of the same run is told once, unless it was intended anew since: it
    is repeated only after a crash, by a run that could not know whether its last transaction had reached the disk.
    """
    told: dict[str, OutcomeKind] = {}
    new: list[tuple[Entry, int | None]] = []
    for entry in entries:
        _refuse_nonsense(entry)
        outcome = entry.outcome.kind
        if entry.operation_id in told:
            if told[entry.operation_id] is not outcome:
                raise RuntimeError(f"{entry.change.key}: two outcomes of operation {entry.operation_id}")
            continue
        told[entry.operation_id] = outcome
        known = earlier.get(entry.operation_id, ())
        intent = _open(known)
        told_before = intent is None and any(one.run == run and one.outcome == outcome for one in known)
        if not (_succeeded(known) or told_before):
            new.append((entry, intent and intent.number))
    return new


def _refuse_nonsense(entry: Entry) -> None:
    change, outcome = entry.change, entry.outcome
    if outcome.kind in _OPEN:
        raise RuntimeError(f"{change.key}: what is {outcome.kind} has no outcome yet")
    if entry.previous is not None and entry.previous.account != change.key.account:
        raise RuntimeError(f"{change.key}: was {entry.previous} before, in another account")
    if isinstance(change, Event) and (outcome.kind is not OutcomeKind.SUCCEEDED or entry.previous is not None):
        raise RuntimeError(f"{change.key}: {change.kind} is what time did: it cannot be {outcome.kind}, nor rename")
    if outcome.kind is OutcomeKind.SUCCEEDED:
        left = None if change.kind is Kind.FORGET else change.key
        if left != (outcome.row and outcome.row.key):
            raise RuntimeError(f"{change.key}: {change.kind} must not leave {outcome.row and outcome.row.key}")


def _refuse_intended_event(entry: Entry) -> None:
    if isinstance(entry.change, Event):
        kind = entry.change.kind
        raise RuntimeError(f"{entry.change.key}: {kind} is what time did: nobody intends it")  # noqa: TRY004 - our bug


def _open(known: Sequence[Earlier]) -> Earlier | None:
    """The intent that has no outcome yet: only what was accepted of it can stand behind it."""
    if not known or known[-1].outcome not in _OPEN:
        return None
    return next((one for one in reversed(known) if one.outcome == OutcomeKind.INTENDED), None)


def _succeeded(known: Sequence[Earlier]) -> bool:
    return any(one.outcome == OutcomeKind.SUCCEEDED for one in known)


def _earlier(connection: sqlite3.Connection, entries: Sequence[Entry]) -> dict[str, list[Earlier]]:
    found: dict[str, list[Earlier]] = {}
    for begin in range(0, len(entries), _LOOKUPS):
        ids = [entry.operation_id for entry in entries[begin : begin + _LOOKUPS]]
        marks = ", ".join("?" * len(ids))
        statement = (
            "SELECT operation_id, number, run, outcome, token FROM journal"  # noqa: S608 - only question marks are put in
            f" WHERE operation_id IN ({marks}) ORDER BY number"
        )
        for operation_id, *rest in connection.execute(statement, ids):
            found.setdefault(operation_id, []).append(Earlier(*rest))
    return found


def effects(entries: Iterator[Entry]) -> dict[SubscriptionKey, StoredSubscription | None]:
    """What each key holds in the end (None: nothing): a record may have had several changes, and several names."""
    left: dict[SubscriptionKey, StoredSubscription | None] = {}
    for entry in entries:
        if entry.outcome.kind is OutcomeKind.SUCCEEDED:
            if entry.previous is not None:
                left[entry.previous] = None
            left[entry.change.key] = entry.outcome.row
    return left


def lines(entries: Lines, run: int, serial: int | None, at: datetime) -> Iterator[Row]:
    """The rows of the journal for them, but for their numbers."""
    moment = instant_text(at)
    return (journal_row(entry, run, serial, moment, closes) for entry, closes in entries)

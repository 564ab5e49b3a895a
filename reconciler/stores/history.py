"""Reading the journal back: oldest first, in short reads, and of one key under every name that it had.

Must not hold a lock between two reads: whoever looks at a history through a pager would stop every apply.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from datetime import datetime

from reconciler.changes import INTENTS, Kind
from reconciler.journal import FreezeEntry, HistoryEntry
from reconciler.model import SubscriptionKey
from reconciler.stored import RecentChange
from reconciler.stores import rows
from reconciler.stores.statements import Statements
from reconciler.stores.tables import instant_text

Reading = Callable[[], AbstractContextManager[Statements]]
"""Begins a read transaction, and ends it with the block."""

COLUMNS = (
    "journal.number, runs.id, journal.at, journal.account, journal.name, journal.kind, journal.outcome,"
    " journal.before_values, journal.after_values, journal.reason, journal.error, runs.actor, runs.ci_run,"
    " runs.commit_ref, runs.commit_author, journal.source_file, journal.source_line, journal.source_column,"
    " runs.as_of, runs.allowed, journal.happened_at, journal.risk, journal.reversible_until,"
    " journal.value_minor, journal.value_currency, journal.note"
)
_JOURNAL = f"SELECT {COLUMNS} FROM journal JOIN runs ON runs.number = journal.run WHERE"  # noqa: S608 - from this page
_STANDS = (
    "AND NOT (outcome IN ('intended', 'accepted') AND EXISTS (SELECT 1 FROM journal AS later"
    " WHERE later.operation_id = journal.operation_id AND later.number > journal.number))"
)
"""What is open is told by the last that was journaled of it: intended, accepted; in the end by its outcome alone."""
_PAGE = f"{_JOURNAL} journal.number > ? {_STANDS} ORDER BY journal.number LIMIT ?"
_FREEZES = (
    "SELECT id, started_at, command, reason, actor, ci_run FROM runs WHERE command IN ('freeze', 'thaw')"
    " ORDER BY number"
)
COUNTED = INTENTS | {Kind.CORRECT}
"""The verbs that some limit counts."""
RECENT = (
    "SELECT journal.number, journal.account, journal.name, journal.kind, journal.at, journal.value_minor,"  # noqa: S608 - from this page
    " journal.value_currency, runs.allowed FROM journal JOIN runs ON runs.number = journal.run"
    " WHERE journal.outcome = 'succeeded' AND journal.at >= ?"
    f" AND journal.kind IN ({', '.join('?' * len(COUNTED))}) ORDER BY journal.number"
)
_BEGUN = RECENT.replace(
    "journal.outcome = 'succeeded'",
    "journal.outcome = 'intended' AND NOT EXISTS (SELECT 1 FROM journal AS later WHERE later.closes = journal.number)"
    " AND EXISTS (SELECT 1 FROM journal AS later WHERE later.operation_id = journal.operation_id"
    " AND later.number > journal.number AND later.outcome = 'accepted')",
)
"""The same, accepted and not over yet: what a person has as a task counts from when it was issued. What was only
intended does not: where it was never sent, the plan asks for it once more."""
_AT_A_TIME = 500
_FOREVER = (1 << 63) - 1


def of_all(reading: Reading) -> Iterator[HistoryEntry]:
    """The whole journal."""
    after, more = -1, True
    while more:
        with reading() as connection:
            page = connection.execute(_PAGE, (after, _AT_A_TIME)).fetchall()
            entries = [rows.history_entry(row) for row in page]
        yield from entries
        more = len(page) == _AT_A_TIME
        after = page[-1][0] if page else after


def recent(reading: Reading, since: datetime) -> Iterator[RecentChange]:
    """The changes that some limit counts, recorded at that instant or after it, oldest first; with those begun then."""
    # Among instants of one second, those with a fraction stand before the one without as texts: begin with them all.
    second = instant_text(since.replace(microsecond=0)).removesuffix("Z")
    with reading() as connection:
        values = (second, *sorted(COUNTED))
        both = [*connection.execute(RECENT, values), *connection.execute(_BEGUN, values)]
        found = [rows.recent_change(row) for row in sorted(both)]
    return iter([one for one in found if one.at >= since])


def freezes(reading: Reading) -> Iterator[FreezeEntry]:
    """The runs that froze or thawed."""
    with reading() as connection:
        return iter([rows.freeze_entry(row) for row in connection.execute(_FREEZES)])


def of_key(reading: Reading, key: SubscriptionKey) -> Iterator[HistoryEntry]:
    """The journal of the record that has this key; of the one that last had it, if none has."""
    with reading() as connection:
        numbers = _numbers(connection, key)
    for begin in range(0, len(numbers), _AT_A_TIME):
        some = numbers[begin : begin + _AT_A_TIME]
        statement = f"{_JOURNAL} journal.number IN ({', '.join('?' * len(some))}) {_STANDS} ORDER BY journal.number"
        with reading() as connection:
            entries = [rows.history_entry(row) for row in connection.execute(statement, some)]
        yield from entries


def _numbers(connection: Statements, key: SubscriptionKey) -> list[int]:
    """The entries of one record, followed back through its renames.

    A name that was given up may have been taken by another record since: each life of a name ends with the rename away
    from it, and only the last life is the key's own.
    """
    until = _FOREVER
    found: set[int] = set()
    given_up = _given_up(connection, key.account, key.name, until)
    if given_up and not _life(connection, key.account, key.name, given_up, until):
        found.add(given_up)  # so that the reader learns the new name
        until = given_up
    lives = [(key.name, until)]
    while lives:
        name, until = lives.pop()
        since = _given_up(connection, key.account, name, until)
        for number, previous in _life(connection, key.account, name, since, until):
            found.add(number)
            if previous is not None:
                lives.append((previous, number))
    return sorted(found)


def _given_up(connection: Statements, account: str, name: str, before: int) -> int:
    statement = (
        "SELECT coalesce(max(number), 0) FROM journal"
        " WHERE account = ? AND previous = ? AND outcome = 'succeeded' AND number < ?"
    )
    number: int = connection.execute(statement, (account, name, before)).fetchone()[0]
    return number


def _life(connection: Statements, account: str, name: str, since: int, until: int) -> list[tuple[int, str]]:
    """The entries under a name between two renames away from it; with the name before, where one renamed to this."""
    statement = (
        "SELECT number, CASE WHEN outcome = 'succeeded' THEN previous END FROM journal"
        " WHERE account = ? AND name = ? AND number > ? AND number < ?"
    )
    return connection.execute(statement, (account, name, since, until)).fetchall()

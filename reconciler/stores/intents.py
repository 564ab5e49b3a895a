"""Intents without an outcome, each under the name that its record has now. Cheap where there are none."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from reconciler.journal import OpenIntent
from reconciler.model import StoredSubscription, SubscriptionKey
from reconciler.stores import rows
from reconciler.stores.statements import Statements

OPEN = (
    "SELECT journal.number, operation_id, account, name, kind, external_id, before_values, after_values,"
    " journal.reason, source_file, source_line, source_column, runs.id,"
    " coalesce((SELECT at FROM journal AS later WHERE later.operation_id = journal.operation_id"
    " AND later.number > journal.number AND later.outcome = 'accepted' ORDER BY later.number LIMIT 1), at),"
    " (SELECT token FROM journal AS later WHERE later.operation_id = journal.operation_id"
    " AND later.number > journal.number AND later.outcome = 'accepted' ORDER BY later.number DESC LIMIT 1)"
    " FROM journal JOIN runs ON runs.number = journal.run WHERE outcome = 'intended'"
    " AND NOT EXISTS (SELECT 1 FROM journal AS later WHERE later.closes = journal.number) ORDER BY journal.number"
)
_RENAMED = (
    "SELECT number, name FROM journal WHERE account = ? AND previous = ? AND outcome = 'succeeded' AND number > ?"
    " ORDER BY number LIMIT 1"
)


def open_by_key(
    connection: Statements, records: Mapping[SubscriptionKey, StoredSubscription]
) -> dict[SubscriptionKey, OpenIntent]:
    """Every open intent with the last token that it was accepted with; of several about one record, the last one.

    Raises ValueError for an entry that cannot be read.
    """
    found: dict[SubscriptionKey, OpenIntent] = {}
    for row in connection.execute(OPEN).fetchall():
        number, intent = rows.open_intent(row)
        key = _key_now(connection, intent.key, number)
        record = records.get(key)
        found.pop(key, None)  # so that they stand in the order in which they were journaled
        found[key] = replace(intent, key=key, product=record.product if record else "")
    return found


def _key_now(connection: Statements, key: SubscriptionKey, since: int) -> SubscriptionKey:
    """The key of the record that had this one when that entry was journaled."""
    while row := connection.execute(_RENAMED, (key.account, key.name, since)).fetchone():
        since, key = row[0], SubscriptionKey(key.account, row[1])
    return key

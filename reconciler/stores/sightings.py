"""What was observed of outside accounts: kept instead of what was kept before, and read back.

Runs inside a transaction that the store began. Must not begin or end one.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import orjson

from reconciler.observations import from_values, obstacle_from_values, obstacle_to_values, to_values
from reconciler.observed import ObservedAccount, ObservedSubscription, Obstacle
from reconciler.stores.rows import clean
from reconciler.stores.statements import Statements
from reconciler.stores.tables import OBSERVATIONS, SIGHTINGS, Row, Table, instant, instant_text, json_text

_LOOKUPS = 500
_HINT = "no provider should answer that: tell the maker of this one"
_SINCE = "account = ? AND rtrim(at, 'Z') > rtrim(?, 'Z')"
_NEWER = f"SELECT id, at FROM observations WHERE {_SINCE}"  # noqa: S608 - our own words
_CLEAR = "DELETE FROM observations WHERE account = ?"
_CLEAR_OLDER = f"DELETE FROM observations WHERE account = ? AND NOT ({_SINCE})"  # noqa: S608 - as above
_LOCKED = f"{SIGHTINGS.insert} ON CONFLICT (account) DO UPDATE SET at = sightings.at RETURNING at, complete"
"""Makes the account's row, or holds it as it is: who keeps something of one account waits for whoever does already."""
_OLDEST = (
    "UPDATE sightings SET at = coalesce((SELECT min(rtrim(at, 'Z')) || 'Z' FROM observations AS seen"
    " WHERE seen.account = sightings.account), at) WHERE account = ? AND complete = 0"
)
"""Without the `Z`, instants stand in their order as texts, those with a fraction of a second, too."""


def keep(connection: Statements, observed: Sequence[ObservedAccount], began: datetime | None = None) -> None:
    """Replace what is kept of these accounts; of an incomplete one, just what was read of it.

    One in trouble, and one that was not read in this run, leaves what is kept. What a provider showed and no column
    can hold is kept as unreadable: it blocks itself alone. What others read after this look `began`, it leaves.
    """
    for account in observed:
        if account.trouble is None and account.fresh:
            _keep(connection, account, began)


def _keep(connection: Statements, account: ObservedAccount, began: datetime | None) -> None:
    name, at = account.account, account.at
    known_at, known_complete = connection.execute(_LOCKED, (name, instant_text(at), 0)).fetchone()
    newer: dict[str, str] = {}
    if began is not None:
        if known_complete and instant(known_at) > max(at, began):
            return
        newer = dict(connection.execute(_NEWER, (name, instant_text(began))))
    if account.complete:
        if began is None:
            connection.execute(_CLEAR, (name,))
        else:
            connection.execute(_CLEAR_OLDER, (name, name, instant_text(began)))
        oldest = min((at, *map(instant, newer.values())))
        connection.execute(SIGHTINGS.upsert, (name, instant_text(oldest), 1))
    connection.executemany(OBSERVATIONS.upsert, (row for row in _rows(account) if row[1] not in newer))
    if not account.complete:
        connection.execute(_OLDEST, (name,))


def kept(connection: Statements, accounts: Collection[str] | None) -> dict[str, ObservedAccount]:
    """What is kept of these accounts, or of all, by account; ValueError names the first row that cannot be read."""
    found: dict[str, _Kept] = {}
    for row in _select(connection, SIGHTINGS, accounts):
        problem = SIGHTINGS.problem(row)
        if problem:
            raise ValueError(f"sighting {row[0]}: {problem}")
        found[row[0]] = _Kept(*row)
    for row in _select(connection, OBSERVATIONS, accounts):
        seen = observation(row)
        account = found.get(row[0])
        if account is None:
            raise ValueError(f"observation {row[0]}/{row[1]}: its account was never observed")
        if isinstance(seen, ObservedSubscription):
            account.subscriptions[row[1]] = seen
        elif seen is not None:
            account.unreadable[row[1]] = seen
        else:
            account.absent.append(row[1])
    return {name: account.value() for name, account in sorted(found.items())}


def observation(row: Row) -> ObservedSubscription | Obstacle | None:
    """What a row of `observations` holds; None: the provider had none of that id. ValueError for one that is none."""
    account, id, _, shown, obstacle = row
    try:
        if type(id) is not str:
            raise ValueError("its id is no text")
        if shown is None:
            return None if obstacle is None else obstacle_from_values(orjson.loads(obstacle))
        seen = from_values(orjson.loads(shown))
        if obstacle is not None or seen.id != id:
            raise ValueError("its values are of another one, or cannot be read")
    except (TypeError, ValueError) as error:
        raise ValueError(f"observation {account}/{id}: {error}") from error
    return seen


@dataclass(slots=True)
class _Kept:
    """One account while its rows are read."""

    name: str
    at: str
    complete: int
    subscriptions: dict[str, ObservedSubscription] = field(default_factory=dict)
    unreadable: dict[str, Obstacle] = field(default_factory=dict)
    absent: list[str] = field(default_factory=list)

    def value(self) -> ObservedAccount:
        """The account as a value."""
        return ObservedAccount(
            self.name,
            instant(self.at),
            self.subscriptions,
            self.unreadable,
            frozenset(self.absent),
            complete=bool(self.complete),
            fresh=False,
        )


def _rows(account: ObservedAccount) -> list[Row]:
    """By id; of an id that is told in two ways, what `ObservedAccount.of` answers."""
    at = instant_text(account.at)
    values: dict[str, tuple[str | None, str | None]] = dict.fromkeys(account.absent, (None, None))
    values |= {id: (None, obstacle_text(why)) for id, why in account.unreadable.items()}
    values |= {id: _shown(account.account, id, seen) for id, seen in account.subscriptions.items()}
    # No spec can name an id that is no UTF-8: without it, all the others are kept.
    return [(account.account, id, at, *values[id]) for id in sorted(values) if clean(id) == id]


def _shown(account: str, id: str, seen: ObservedSubscription) -> tuple[str | None, str | None]:
    if seen.id != id:
        raise RuntimeError(f"{account}: {seen.id} was observed as {id}")
    try:
        return json_text(to_values(seen)), None
    except ValueError as error:
        said = f"what was observed cannot be kept: {str(error)[:200]}"
        return None, obstacle_text(Obstacle("unreadable", said, _HINT))


def obstacle_text(why: Obstacle) -> str:
    """An obstacle as a column holds it; one that no column can hold is told of as such."""
    try:
        return json_text(obstacle_to_values(why))
    except ValueError as error:
        told = Obstacle("unreadable", f"it could not be read, and why cannot be kept: {error}", _HINT)
        return json_text(obstacle_to_values(told))


def _select(connection: Statements, table: Table, accounts: Collection[str] | None) -> Iterator[Row]:
    if accounts is None:
        yield from connection.execute(table.select)
        return
    names = sorted(set(accounts))
    for begin in range(0, len(names), _LOOKUPS):
        some = names[begin : begin + _LOOKUPS]
        marks = ", ".join("?" * len(some))
        columns = ", ".join(table.names)
        statement = f"SELECT {columns} FROM {table.name} WHERE account IN ({marks})"  # noqa: S608 - our own names
        yield from connection.execute(statement, some)

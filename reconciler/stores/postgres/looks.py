"""Refreshes that workers carry out: looks as shards of the same table, and what came of each.

They stand beside the runs: a refresh changes no record, so that nothing of it is history, and nothing is exported. What
is written here is part of a transaction that `shards` began. The newest that are over are kept, to be looked at.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

import orjson

from reconciler.journal import Run
from reconciler.looks import Look, Looked, TakenLook, another, looked, not_looked_at
from reconciler.observations import obstacle_from_values
from reconciler.observed import ObservedAccount, Obstacle
from reconciler.shards import Ticket, in_turns
from reconciler.stores import rows, sightings
from reconciler.stores.postgres.pieces import account_of, account_values
from reconciler.stores.postgres.reader import PostgresReader
from reconciler.stores.postgres.speaking import Spoken
from reconciler.stores.tables import instant, instant_text, json_text

KEPT: Final = 20
"""Refreshes of which it is still known what came of them: those that were over last."""
_BEGIN = "INSERT INTO refreshes (id, actor, started_at) VALUES (?, ?, ?) RETURNING number"
_FORGET = (
    "DELETE FROM refreshes WHERE number IN (SELECT number FROM refreshes WHERE NOT EXISTS (SELECT 1 FROM shards"
    " WHERE refresh = refreshes.number AND stage IN ('waiting', 'working')) ORDER BY"
    " (SELECT max(ended_at) FROM shards WHERE refresh = refreshes.number) DESC NULLS LAST, number DESC OFFSET ?)"
)
_PUT = (
    "INSERT INTO shards (refresh, number, account, changes, total)"
    " SELECT *, 1 FROM unnest(?::bigint[], ?::bigint[], ?::text[], ?::text[]) RETURNING id, account"
)
_WAITING = (
    "SELECT shards.id, account, refreshes.id, refresh, shards.number FROM shards"
    " JOIN refreshes ON refreshes.number = refresh WHERE stage = 'waiting' AND account = ANY(?::text[])"
    " ORDER BY shards.id FOR UPDATE OF shards"
)
_MOVE = (
    "UPDATE shards SET refresh = ?, number = new.number, changes = new.changes, fence = fence + 1,"
    " made_at = clock_timestamp(), begun_at = NULL, quiet_since = NULL"
    " FROM unnest(?::bigint[], ?::bigint[], ?::text[]) AS new (id, number, changes) WHERE shards.id = new.id"
)
_LEFT = (
    "INSERT INTO shards (refresh, number, account, changes, total, stage, ended_at)"
    " SELECT *, '', 1, 'withdrawn', clock_timestamp() FROM unnest(?::bigint[], ?::bigint[], ?::text[])"
)
_DROP = (
    "UPDATE shards SET stage = 'withdrawn', fence = fence + 1, ended_at = clock_timestamp() WHERE id = ANY(?::bigint[])"
)
_PUT_OVER = (
    "INSERT INTO shards (refresh, number, account, changes, total, failed, stage, result, ended_at)"
    " VALUES (?, ?, ?, '', 1, 1, 'done', ?, clock_timestamp())"
)
_END = (
    "UPDATE shards SET stage = 'done', until = NULL, ended_at = clock_timestamp(), changes = '', result = ?,"
    " succeeded = ?, failed = ? WHERE id = ? AND fence = ?"
)
_RECORDED = "SELECT name, provider, tenant FROM accounts WHERE name = ?"
_RESULTS = (
    "SELECT result FROM shards JOIN refreshes ON refreshes.number = shards.refresh"
    " WHERE refreshes.id = ? AND result IS NOT NULL"
)


def put(
    spoken: Spoken, run: Run, looks: Sequence[Look], apart: Sequence[Looked]
) -> tuple[list[Ticket], Mapping[str, int]]:
    """A refresh: the looks for workers, the accounts of a sign-in in turns with the others', and those known already.

    Looks at one account come one by one, also those of several refreshes. One that no worker has yet is this one's from
    now on, where it is in the queue: one waits for each account, however often somebody asks. The tickets, and how many
    were taken over, by refresh.
    """
    spoken.execute(_FORGET, (KEPT,))
    begun = (run.id, rows.clean(run.actor), instant_text(run.started_at))
    refresh = int(spoken.execute(_BEGIN, begun).fetchone()[0])
    groups: dict[str, list[Look]] = {}
    for look in looks:
        groups.setdefault(look.account.group, []).append(look)
    asked = {look.account.name: (number, look) for number, look in enumerate(in_turns(groups.values()))}
    kept, left = _taken_over(spoken, refresh, asked)
    new = [(refresh, number, name, _text(look)) for name, (number, look) in asked.items() if name not in kept]
    found = spoken.execute(_PUT, _columns(new, 4)).fetchall()
    for number, item in enumerate(apart, start=len(looks)):
        spoken.execute(_PUT_OVER, (refresh, number, item.account, _said(item)))
    ids = kept | {str(account): int(id) for id, account in found}
    return [Ticket(ids[name], f"look {name}") for name in asked], left


def _taken_over(
    spoken: Spoken, refresh: int, asked: Mapping[str, tuple[int, Look]]
) -> tuple[dict[str, int], Mapping[str, int]]:
    """The shards, by account, that waited in earlier refreshes and are this one's now; and how many, by refresh."""
    waiting = spoken.execute(_WAITING, (list(asked),)).fetchall()
    kept: dict[str, int] = {}
    for id, account, *_ in waiting:
        kept.setdefault(account, int(id))
    moved = [row for row in waiting if kept[row[1]] == row[0]]
    told = [(id, asked[account][0], _text(asked[account][1])) for id, account, *_ in moved]
    spoken.execute(_MOVE, (refresh, *_columns(told, 3)))
    spoken.execute(_LEFT, _columns([(old, number, account) for _, account, _, old, number in moved], 3))
    spoken.execute(_DROP, ([row[0] for row in waiting if kept[row[1]] != row[0]],))
    return kept, Counter(str(row[2]) for row in waiting)


def _columns(found: Sequence[Sequence[object]], width: int) -> list[list[object]]:
    """Rows as the arrays that a statement unnests."""
    return [[row[at] for row in found] for at in range(width)]


def taken(shard: int, fence: int, text: str) -> TakenLook:
    """What `put` has put; ValueError for anything else."""
    try:
        found: Mapping[str, Any] = orjson.loads(text)
        before = found["before"]
        look = Look(account_of(found["account"]), frozenset(found["ids"]), before and instant(before))
    except (KeyError, TypeError) as error:
        raise ValueError(f"a shard cannot be read: {error}") from error
    return TakenLook(shard, fence, look)


def end(spoken: Spoken, taken: TakenLook, found: ObservedAccount, began: datetime) -> None:
    """Keep what was found, and what is said of it. The shard's fence is held.

    Nothing is written of the refresh itself: those who end looks of it at once need not wait for each other.
    """
    look = taken.look
    recorded = spoken.execute(_RECORDED, (look.account.name,)).fetchall()
    why = another(look.account, {name: (provider, tenant) for name, provider, tenant in recorded})
    if why is None:
        sightings.keep(spoken, [found], began)
        said = looked(look, found)
    else:
        said = not_looked_at(look, why, found.at)
    failed = said.trouble is not None
    spoken.execute(_END, (_said(said), int(not failed), int(failed), taken.shard, taken.fence))


def results(reader: PostgresReader, run_id: str) -> list[Looked]:
    """What is said of each account of a refresh that was looked at, by its name."""
    with reader.reading() as spoken:
        found = [looked_of(text) for (text,) in spoken.execute(_RESULTS, (run_id,)).fetchall()]
    return sorted(found, key=lambda item: item.account)


def looked_of(text: str) -> Looked:
    """What was said of one account; ValueError for anything else."""
    try:
        said: dict[str, Any] = orjson.loads(text)
        for name in ("at", "before"):
            said[name] = said[name] and instant(said[name])
        for name in ("unread", "broken_off"):
            said[name] = said[name] and obstacle_from_values(said[name])
        said["unreadable"] = {id: obstacle_from_values(why) for id, why in said["unreadable"].items()}
        return Looked(**said)
    except (KeyError, TypeError) as error:
        raise ValueError(f"what came of a look cannot be read: {error}") from error


def _said(item: Looked) -> str:
    return json_text(
        {
            "account": item.account,
            "provider": item.provider,
            "at": instant_text(item.at),
            "before": item.before and instant_text(item.before),
            "complete": item.complete,
            "seen": item.seen,
            "undeclared": item.undeclared,
            "unreadable": {id: _values(why) for id, why in _sayable(item.unreadable.items())},
            "unread": item.unread and _values(item.unread),
            "broken_off": item.broken_off and _values(item.broken_off),
        }
    )


def _sayable(unreadable: Iterable[tuple[str, Obstacle]]) -> Iterable[tuple[str, Obstacle]]:
    """But those whose ids are no UTF-8: nothing could name them."""
    return ((id, why) for id, why in unreadable if rows.clean(id) == id)


def _values(why: Obstacle) -> object:
    return orjson.loads(sightings.obstacle_text(why))


def _text(look: Look) -> str:
    return json_text(
        {
            "account": account_values(look.account),
            "ids": sorted(look.ids),
            "before": look.before and instant_text(look.before),
        }
    )

"""The shards of runs that workers carry out: put there with their run, taken under a fence, and counted.

A worker writes without the lease of an applier, and under the fence of its shard: each of its transactions holds the
shard's row, so that nobody can take it meanwhile, and is refused once somebody has. Looks of a refresh are shards, too.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import orjson

from reconciler.errors import StoreError
from reconciler.journal import Entry, Freeze, OutcomeKind, Run
from reconciler.looks import Look, Looked, TakenLook
from reconciler.model import SubscriptionKey
from reconciler.observed import ObservedAccount
from reconciler.ports import Bookkeeping
from reconciler.shards import Shard, Taken, Ticket
from reconciler.stores import rows
from reconciler.stores.postgres import failures, looks, recording
from reconciler.stores.postgres.pieces import pieces_of, text_of
from reconciler.stores.postgres.queued import OVER, with_known
from reconciler.stores.postgres.speaking import Spoken
from reconciler.stores.postgres.store import PostgresStore, finished, recorded
from reconciler.stores.reader import collector_at_rest, head
from reconciler.stores.tables import json_text

_PUT = (
    "INSERT INTO shards (run, number, account, changes, total)"
    " SELECT * FROM unnest(?::bigint[], ?::bigint[], ?::text[], ?::text[], ?::bigint[]) RETURNING id, number"
)
_AT_ONCE = 64
"""Shards that are put at a time: their changes are written as text between two statements, for which the server does
not wait for long.
"""
_FREE = "(stage = 'waiting' OR (stage = 'working' AND until < clock_timestamp()))"
_TAKE = (
    "UPDATE shards SET fence = fence + 1, stage = 'working', worker = ?, begun_at = coalesce(begun_at, now()),"  # noqa: S608 - our own words
    " quiet_since = CASE WHEN stage = 'working' OR quiet_since IS NULL THEN clock_timestamp() ELSE quiet_since END,"
    f" until = clock_timestamp() + make_interval(secs => ?) WHERE id = ? AND {_FREE}"
    " RETURNING fence, run, changes, (SELECT runs.id FROM runs WHERE runs.number = shards.run),"
    " extract(epoch FROM clock_timestamp() - quiet_since)::float8"
)
_LEFT = (
    "SELECT greatest(0, extract(epoch FROM until - clock_timestamp()))::float8 FROM shards"
    " WHERE id = ? AND stage = 'working'"
)
_HELD = (
    "UPDATE shards SET until = clock_timestamp() + make_interval(secs => ?), succeeded = succeeded + ?,"
    " failed = failed + ?, skipped = skipped + ? WHERE id = ? AND fence = ? AND stage = 'working'"
    " RETURNING coalesce(run, refresh)"
)
_BEAT = (
    "UPDATE shards SET until = clock_timestamp() + make_interval(secs => ?)"
    " FROM unnest(?::bigint[], ?::bigint[]) AS held (id, fence)"
    " WHERE shards.id = held.id AND shards.fence = held.fence AND stage = 'working' RETURNING shards.id"
)
_BACK = (
    "UPDATE shards SET stage = 'waiting', until = NULL, worker = NULL,"
    " quiet_since = CASE WHEN ?::boolean THEN clock_timestamp() ELSE quiet_since END"
    " WHERE id = ? AND fence = ? AND stage = 'working'"
)
_COUNT = "UPDATE shards SET succeeded = ?, failed = ?, skipped = ?, unknown = ? WHERE id = ?"
_END = "UPDATE shards SET stage = 'done', until = NULL, ended_at = clock_timestamp() WHERE id = ? AND fence = ?"
_WITHDRAW = (
    f"UPDATE shards SET stage = 'withdrawn', fence = fence + 1, ended_at = clock_timestamp() WHERE {{}} = ? AND {_FREE}"  # noqa: S608
)
_OPEN = "SELECT count(*) FILTER (WHERE stage IN ('waiting', 'working')), count(*) FILTER (WHERE stage = 'withdrawn')"


class PostgresShards:
    """A ShardBook in a store, and what an applier writes into it. A worker's store has no lease."""

    def __init__(self, store: PostgresStore) -> None:
        self._store = store

    def take(self, shard: int, worker: str, lasts: float) -> Taken | TakenLook | float | None:
        """Take it (see `queueing`), with what the journal says of its changes."""

        def act(spoken: Spoken) -> Taken | TakenLook | float | None:
            row = spoken.execute(_TAKE, (rows.clean(worker), lasts, shard)).fetchone()
            if row is None:
                left = spoken.execute(_LEFT, (shard,)).fetchone()
                return left and float(left[0])
            if row[1] is None:
                return looks.taken(shard, int(row[0]), row[2])
            found = Taken(shard, int(row[0]), str(row[3]), pieces_of(row[2]), quiet_for=float(row[4]))
            taken = with_known(spoken, found)
            counts = [sum(kind is wanted for kind in taken.over.values()) for wanted in _COUNTED]
            spoken.execute(_COUNT, (*counts, shard))
            return taken

        return self._store.written(act)

    def beat(self, held: Mapping[int, int], lasts: float) -> frozenset[int]:
        """Keep these; answers which are still held."""
        values = (lasts, list(held), list(held.values()))
        return self._store.written(lambda spoken: frozenset(int(row[0]) for row in spoken.execute(_BEAT, values)))

    def intend(self, taken: Taken, entries: Sequence[Entry], at: datetime, lasts: float) -> None:
        """Intents under the fence, and under no freeze."""

        def act(spoken: Spoken) -> None:
            run = self._held(spoken, taken, lasts)
            frozen = rows.freeze(*spoken.execute(_FREEZE).fetchone())
            if frozen is not None and frozen.holds(datetime.now(UTC)):
                raise StoreError("frozen", f"frozen: {frozen.reason}", "thaw it: reconcile thaw")
            recording.intend(spoken, run, entries, at)

        self._store.written(act)

    def accept(self, taken: Taken, entries: Sequence[Entry], at: datetime, lasts: float) -> None:
        """What a provider works on, under the fence."""
        self._store.written(lambda spoken: recording.accept(spoken, self._held(spoken, taken, lasts), entries, at))

    def record(self, taken: Taken, entries: Sequence[Entry], at: datetime, lasts: float) -> None:
        """Rows, serial, outcomes and progress, under the fence."""
        kinds = [entry.outcome.kind for entry in entries]

        def act(spoken: Spoken) -> None:
            run = self._held(spoken, taken, lasts, [kinds.count(kind) for kind in OVER])
            recorded(spoken, run, entries, at)

        self._store.written(act)

    @contextmanager
    def together(self) -> Iterator[object]:
        """One transaction for all that is written inside, also by others on the connection that is handed out."""
        with self._store.together() as spoken:
            yield spoken.connection

    def lineage(self) -> str:
        """Which store this is."""
        with self._store.reading() as spoken:
            return str(head(spoken)[0])

    def freeze(self) -> Freeze | None:
        """The freeze in force or past."""
        return self._store.freeze()

    def close(self) -> None:
        """Let go of the connection."""
        self._store.close()

    def keep(self, observed: Sequence[ObservedAccount]) -> None:
        """Keep what was read back."""
        self._store.keep_observations(observed)

    def give_back(self, taken: Taken | TakenLook, *, sent: bool) -> None:
        """Let somebody else take it; nothing where somebody has."""
        self._store.written(lambda spoken: spoken.execute(_BACK, (sent, taken.shard, taken.fence)))

    def end(self, taken: Taken, outcomes: Mapping[OutcomeKind, int], at: datetime) -> bool:
        """The shard is over, and perhaps with it its run."""

        def act(spoken: Spoken) -> bool:
            run = self._held(spoken, taken, 0.0)
            spoken.execute(_COUNT, (*(outcomes.get(kind, 0) for kind in _COUNTED), taken.shard))
            spoken.execute(_END, (taken.shard, taken.fence))
            return _finish_if_over(spoken, run, at)

        return self._store.written(act)

    def end_look(self, taken: TakenLook, found: ObservedAccount, began: datetime) -> None:
        """Keep what was found, under the fence; the look is over."""

        def act(spoken: Spoken) -> None:
            self._held(spoken, taken, 0.0)
            looks.end(spoken, taken, found, began)

        with collector_at_rest():
            self._store.written(act)

    def put_looks(
        self, run: Run, asked: Sequence[Look], apart: Sequence[Looked]
    ) -> tuple[list[Ticket], Mapping[str, int]]:
        """Add a refresh with the looks that it asks for; to be called inside `together`.

        Says, too, how many of them still waited for a worker in which earlier refresh, and wait in this one now.
        """
        return self._store.written(lambda spoken: looks.put(spoken, run, asked, apart))

    def put(self, run_id: str, shards: Sequence[Shard], bookkeeping: Bookkeeping) -> list[Ticket]:
        """Add the shards of a run, and what it is to leave behind; to be called inside `together`."""

        def act(spoken: Spoken) -> list[Ticket]:
            run = int(spoken.execute("SELECT number FROM runs WHERE id = ?", (run_id,)).fetchone()[0])
            spoken.execute("INSERT INTO distributed (run, bookkeeping) VALUES (?, ?)", (run, _kept(bookkeeping)))
            found = [row for some in _slices(shards) for row in _put(spoken, run, some)]
            return [Ticket(int(id), f"{run_id} {number}") for id, number in found]

        return self._store.written(act)

    def withdraw(self, run_id: str, at: datetime) -> tuple[int, int]:
        """Take back what no worker has: how many shards that were, and how many are still with a worker."""

        def act(spoken: Spoken) -> tuple[int, int]:
            column, number = spoken.execute(_WHICH, [rows.clean(run_id)] * 2).fetchone()
            if column == "run":
                spoken.execute(_HOLD, (number,))
            back = self._changed(spoken, _WITHDRAW.format(column), (number,))
            if column == "run":
                _finish_if_over(spoken, number, at)
            left = spoken.execute(f"{_OPEN} FROM shards WHERE {column} = ?", (number,)).fetchone()[0]
            return back, int(left)

        return self._store.written(act)

    def open_shards(self, run_id: str | None = None) -> list[int]:
        """Those that are not over, of one run or of all, in their order."""
        statement = (
            "SELECT shards.id FROM shards LEFT JOIN runs ON runs.number = run"
            " LEFT JOIN refreshes ON refreshes.number = refresh WHERE stage IN ('waiting', 'working')"
            " AND (?::text IS NULL OR coalesce(runs.id, refreshes.id) = ?::text) ORDER BY shards.id"
        )
        with self._store.reading() as spoken:
            return [int(row[0]) for row in spoken.execute(statement, (run_id, run_id)).fetchall()]

    @staticmethod
    def _changed(spoken: Spoken, statement: str, values: Sequence[object]) -> int:
        return len(spoken.execute(f"{statement} RETURNING id", values).fetchall())

    def _held(self, spoken: Spoken, taken: Taken | TakenLook, lasts: float, counts: Sequence[int] = (0, 0, 0)) -> int:
        """The number of the run or refresh; StoreError where the shard is somebody else's by now, or nobody's."""
        row = spoken.execute(_HELD, (lasts, *counts, taken.shard, taken.fence)).fetchone()
        if row is None:
            raise failures.shard_lost(self._store.address)
        return int(row[0])


_COUNTED = (*OVER, OutcomeKind.UNKNOWN)
# Not FOR UPDATE: a shard's row that is updated twice has its run's row shared, and two that end at once would deadlock.
_HOLD = "SELECT bookkeeping FROM distributed WHERE run = ? FOR NO KEY UPDATE"
_WHICH = "SELECT 'run', number FROM runs WHERE id = ? UNION ALL SELECT 'refresh', number FROM refreshes WHERE id = ?"
_FREEZE = "SELECT freeze_reason, freeze_since, freeze_actor, freeze_until FROM store"


def _finish_if_over(spoken: Spoken, run: int, at: datetime) -> bool:
    """Whoever ends the last shard finishes the run; those who come at once wait for each other."""
    kept = spoken.execute(_HOLD, (run,)).fetchone()
    left, withdrawn = spoken.execute(f"{_OPEN} FROM shards WHERE run = ?", (run,)).fetchone()
    if left:
        return False
    bookkeeping = _bookkeeping(kept[0])
    # Settings are recorded only by a run that went through.
    finished(spoken, run, at, replace(bookkeeping, safety=None) if withdrawn else bookkeeping)
    return True


def _slices(shards: Sequence[Shard]) -> Iterator[Sequence[Shard]]:
    return (shards[start : start + _AT_ONCE] for start in range(0, len(shards), _AT_ONCE))


def _put(spoken: Spoken, run: int, shards: Sequence[Shard]) -> list[Sequence[Any]]:
    columns = zip(*((run, one.number, one.group, text_of(one.pieces), len(one.pieces)) for one in shards), strict=True)
    return spoken.execute(_PUT, [list(column) for column in columns]).fetchall()


def _kept(kept: Bookkeeping) -> str:
    return json_text(
        {
            "safety": kept.safety,
            "accounts": {name: list(found) for name, found in kept.accounts.items()},
            "declared": [list(key) for key in sorted(kept.declared)],
            "as_of": kept.as_of,
        }
    )


def _bookkeeping(text: str) -> Bookkeeping:
    said: dict[str, Any] = orjson.loads(text)
    return Bookkeeping(
        said["safety"],
        {name: (provider, tenant) for name, (provider, tenant) in said["accounts"].items()},
        frozenset(SubscriptionKey(*key) for key in said["declared"]),
        said["as_of"] and datetime.fromisoformat(said["as_of"]),
    )

"""The reading half of a store on PostgreSQL: every look is one REPEATABLE READ, READ ONLY transaction.

What a lost connection cut off is looked at again. Works on a standby, and for a role that may only SELECT.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from datetime import datetime
from types import TracebackType
from typing import Self, TypeVar

import psycopg

from reconciler.journal import FreezeEntry, HistoryEntry, Holder
from reconciler.model import StoredSubscription, SubscriptionKey
from reconciler.observed import ObservedAccount
from reconciler.stored import WHOLE, RecentChange, Silence, StoredState
from reconciler.stores import history, intents, rows, sightings
from reconciler.stores.lines import ONE, Within, bounds, next_ends, selected, where
from reconciler.stores.postgres import failures
from reconciler.stores.postgres.address import Address
from reconciler.stores.postgres.queued import queued
from reconciler.stores.postgres.session import Session
from reconciler.stores.postgres.speaking import Spoken, Streaming
from reconciler.stores.reader import TWINS, accounts, collector_at_rest, head, last_run, unfinished
from reconciler.stores.tables import HOLDER, SUBSCRIPTIONS

Seen = TypeVar("Seen")
_BY_KEY = SUBSCRIPTIONS.select.replace(
    " ORDER BY", " WHERE (account, name) IN (SELECT * FROM unnest(?::text[], ?::text[])) ORDER BY"
)
_ELSEWHERE = SUBSCRIPTIONS.select.replace(" ORDER BY", " WHERE account <> ALL(?::text[]) ORDER BY")
_BY_ID = SUBSCRIPTIONS.select.replace(" ORDER BY", " WHERE id = ANY(?::text[]) ORDER BY")
_DISTRIBUTED = "SELECT id FROM runs JOIN distributed ON distributed.run = runs.number WHERE finished_at IS NULL"
_ESCAPED = "SELECT escaped FROM store"
_MADE = "SELECT concat_ws(' ', obj_description(tableoid, 'pg_class'), tableoid) FROM store"
"""What no other store says of itself: its name, and which table it is, as a copy of the database keeps the name."""
_TRIES = 3
"""How often one look is begun anew; each waits as long as the session's patience for a server."""


class PostgresReader:
    """A StateReader on a session that is its own; use it as a context manager, or close it."""

    def __init__(self, session: Session) -> None:
        self._session = session

    @property
    def address(self) -> Address:
        """Where the store is."""
        return self._session.address

    def snapshot(self) -> StoredState:
        """Everything, from one transaction; StoreCorrupt names the first record that cannot be read."""
        return self._looked(self._snapshot)

    def _snapshot(self) -> StoredState:
        with self.reading() as spoken, collector_at_rest():
            return _stored(spoken, rows.subscriptions(spoken.execute(SUBSCRIPTIONS.select)))

    def another(self) -> PostgresReader | None:
        """None: what a server sends one process is worth no second one."""
        return None

    def empty(self) -> bool:
        """Whether there is no record at all."""

        def look() -> bool:
            with self.reading() as spoken:
                return spoken.execute(ONE).fetchone() is None

        return self._looked(look)

    def lines(
        self,
        accounts: Collection[str],
        now: datetime,
        horizon: datetime,
        within: Within = (None, None),
        silence: Silence = WHOLE,
    ) -> Iterator[tuple[str, str]]:
        """The records of these accounts as lines (see `ports`), in portions; in no order."""
        condition, values = where(within)
        statement = f"{selected('format', silence)} WHERE account = ANY(?::text[]){condition}"
        with self.reading() as spoken:
            yield from spoken.stream(statement, (*bounds(now, horizon), sorted(accounts), *values))

    def some(
        self, keys: Collection[SubscriptionKey], settled: Collection[str], ids: Collection[str] = ()
    ) -> StoredState:
        """As a snapshot, with just some of the records (see `ports`)."""
        names = [list(half) for half in zip(*sorted(keys), strict=True)] or [[], []]

        def look() -> StoredState:
            with self.reading() as spoken, collector_at_rest():
                found = rows.subscriptions(spoken.stream(_BY_KEY, names))
                found |= rows.subscriptions(spoken.stream(_ELSEWHERE, (sorted(settled),)))
                if ids:
                    found |= rows.subscriptions(spoken.stream(_BY_ID, (sorted(ids),)))
                return _stored(spoken, dict(sorted(found.items())))

        return self._looked(look)

    def next_ends(self, *after: datetime) -> tuple[datetime | None, ...]:
        """For each instant the first end of a term after it (see `ports`)."""

        def look() -> tuple[datetime | None, ...]:
            with self.reading() as spoken:
                return next_ends(spoken, after)

        return self._looked(look)

    def has_twins(self) -> bool:
        """Whether two records have the same id of a provider."""

        def look() -> bool:
            with self.reading() as spoken:
                return spoken.execute(TWINS).fetchone() is not None

        return self._looked(look)

    def history(self, key: SubscriptionKey | None = None) -> Iterator[HistoryEntry]:
        """The journal, oldest first; of one key, including the names it had before, where one is given.

        An intent shows until its outcome is journaled.
        """
        return history.of_all(self.reading) if key is None else history.of_key(self.reading, key)

    def freezes(self) -> Iterator[FreezeEntry]:
        """Every freeze and thaw that there was, oldest first."""
        return self._looked(lambda: history.freezes(self.reading))

    def recent(self, since: datetime) -> Iterator[RecentChange]:
        """The changes that some limit counts, recorded (real time) at that instant or later, oldest first."""
        return self._looked(lambda: history.recent(self.reading, since))

    def observations(self, accounts: Collection[str] | None = None) -> dict[str, ObservedAccount]:
        """What was last observed of these accounts (None: of all); an account never observed is not there."""

        def look() -> dict[str, ObservedAccount]:
            with self.reading() as spoken, collector_at_rest():
                return sightings.kept(spoken, accounts)

        return self._looked(look)

    def holder(self) -> Holder | None:
        """Who holds the lease, as far as that run has written it down."""

        def look() -> Holder | None:
            with self.reading() as spoken:
                row = spoken.execute(HOLDER.select).fetchone()
                return row and rows.holder(row)

        return self._looked(look)

    @contextmanager
    def reading(self) -> Iterator[Streaming]:
        """One consistent picture for the time of the block. Keeps no writer out."""
        with failures.told(self.address), self._session.reading(_ESCAPED) as (connection, row):
            try:
                yield Streaming(connection, holds_escapes=bool(row and row[0]))
            except ValueError as error:
                raise failures.corrupt(self.address, str(error)) from error

    def close(self) -> None:
        """Let go of it; afterwards it cannot be used."""
        self._session.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _looked(self, look: Callable[[], Seen]) -> Seen:
        """The same once more where the connection was lost on the way: looking changes nothing."""
        for _ in range(_TRIES - 1):
            try:
                return look()
            except Exception as error:
                cause = error.__context__
                if not (isinstance(cause, psycopg.Error) and failures.passing(cause, writing=False)):
                    raise
        return look()


def _stored(spoken: Spoken, subscriptions: dict[SubscriptionKey, StoredSubscription]) -> StoredState:
    lineage, serial, last_as_of, safety, *freeze = head(spoken)
    return StoredState(
        lineage=lineage,
        serial=serial,
        subscriptions=subscriptions,
        accounts=accounts(spoken),
        safety=rows.safety(safety),
        freeze=rows.freeze(*freeze),
        last_as_of=rows.last_as_of(last_as_of),
        unfinished=_cut_off(spoken),
        last_run=last_run(spoken),
        made=str(spoken.execute(_MADE).fetchone()[0]),
        open_intents={**intents.open_by_key(spoken, subscriptions), **queued(spoken)},
    )


def _cut_off(spoken: Spoken) -> dict[str, str | None]:
    """The runs that began and never ended, but for those that workers carry out."""
    distributed = {row[0] for row in spoken.execute(_DISTRIBUTED).fetchall()}
    return {run: made for run, made in unfinished(spoken).items() if run not in distributed}

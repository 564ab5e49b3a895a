"""How far runs are, those that workers carry out among them, and refreshes that they carry out. Reads alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

from reconciler.journal import OutcomeKind
from reconciler.shards import Progress
from reconciler.stores.postgres.looks import looked_of
from reconciler.stores.postgres.reader import PostgresReader
from reconciler.stores.postgres.speaking import Spoken
from reconciler.stores.tables import Row, instant, instant_text

_RUNS = (
    "SELECT number, id, command, actor, started_at, finished_at, planned FROM runs"
    " WHERE ?::text IS NULL OR id = ?::text ORDER BY number DESC LIMIT ?"
)
_REFRESHES = (
    "SELECT number, id, 'refresh', actor, started_at, NULL, 0 FROM refreshes"
    " WHERE ?::text IS NULL OR id = ?::text ORDER BY number DESC LIMIT ?"
)
_SHARDS = (
    "SELECT {0}, stage, count(*), sum(total)::bigint,"
    " sum(succeeded)::bigint, sum(failed)::bigint, sum(skipped)::bigint, sum(unknown)::bigint,"
    " array_remove(array_agg(DISTINCT worker) FILTER (WHERE stage = 'working'), NULL),"
    " extract(epoch FROM min(begun_at))::float8,"
    " extract(epoch FROM max(coalesce(ended_at, clock_timestamp())))::float8"
    " FROM shards WHERE {0} = ANY(?::bigint[]) GROUP BY {0}, stage"
)
_FAILURES = (
    "SELECT account, name, kind, error FROM journal WHERE outcome = 'failed'"
    " AND run = (SELECT number FROM runs WHERE id = ?) ORDER BY number LIMIT ?"
)
_TROUBLES = (
    "SELECT result FROM shards WHERE failed > 0 AND refresh = (SELECT number FROM refreshes WHERE id = ?)"
    " ORDER BY account LIMIT ?"
)
_KINDS = (OutcomeKind.SUCCEEDED, OutcomeKind.FAILED, OutcomeKind.SKIPPED, OutcomeKind.UNKNOWN)
_OPEN = {"waiting", "working"}
MOST_FAILURES = 20


def progress(reader: PostgresReader, run_id: str | None, limit: int) -> list[Progress]:
    """The newest runs first, or that one; of one run with what failed."""
    with reader.reading() as spoken:
        found = [
            *_told(spoken, "run", _RUNS, (run_id, run_id, limit)),
            *_told(spoken, "refresh", _REFRESHES, (run_id, run_id, limit)),
        ]
        failures = () if run_id is None or not found else _failures(spoken, found[0])
    found.sort(key=lambda run: run.started_at, reverse=True)
    return [replace(run, failures=failures) for run in found[:limit]]


def _told(spoken: Spoken, column: str, statement: str, values: Sequence[object]) -> list[Progress]:
    """The runs that a statement finds, or the refreshes, as their shards have it."""
    runs = spoken.execute(statement, values).fetchall()
    groups: dict[int, list[Row]] = {}
    for number, *row in spoken.execute(_SHARDS.format(column), ([row[0] for row in runs],)).fetchall():
        groups.setdefault(number, []).append(tuple(row))
    of = "change" if column == "run" else "account"
    return [_progress(row, of, groups.get(row[0], [])) for row in runs]


def _failures(spoken: Spoken, run: Progress) -> tuple[tuple[str, str, str], ...]:
    """What failed of it first."""
    if run.of == "change":
        found = spoken.execute(_FAILURES, (run.run, MOST_FAILURES)).fetchall()
        return tuple((f"{account}/{name}", kind, error or "") for account, name, kind, error in found)
    said = [looked_of(text) for (text,) in spoken.execute(_TROUBLES, (run.run, MOST_FAILURES)).fetchall()]
    return tuple((item.account, why.code, why.detail) for item in said if (why := item.trouble) is not None)


def _progress(row: Row, of: str, groups: list[Row]) -> Progress:
    _, id, command, actor, started, finished, planned = row
    outcomes = dict.fromkeys(_KINDS, 0)
    workers: set[str] = set()
    for group in groups:
        for kind, count in zip(_KINDS, group[3:7], strict=True):
            outcomes[kind] += count
        workers.update(group[7] or ())
    first = min((group[8] for group in groups if group[8] is not None), default=None)
    last = max((group[9] for group in groups if group[9] is not None), default=None)
    stages = {group[0]: group[1] for group in groups}
    if of == "account" and last is not None and not stages.keys() & _OPEN:
        finished = instant_text(datetime.fromtimestamp(int(last), UTC))
    spent = last - first if first is not None and last is not None else 0.0
    return Progress(
        id,
        command,
        actor,
        instant(started),
        finished and instant(finished),
        planned,
        stages,
        sum(group[2] for group in groups),
        {kind: count for kind, count in outcomes.items() if count},
        tuple(sorted(workers)),
        sum(outcomes.values()) / spent if spent > 0 else 0.0,
        of=of,
    )

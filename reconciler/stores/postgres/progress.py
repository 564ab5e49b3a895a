"""How far runs are, those that workers carry out among them. Reads alone."""

from __future__ import annotations

from reconciler.journal import OutcomeKind
from reconciler.shards import Progress
from reconciler.stores.postgres.reader import PostgresReader
from reconciler.stores.tables import Row, instant

_RUNS = (
    "SELECT number, id, command, actor, started_at, finished_at, planned FROM runs"
    " WHERE ?::text IS NULL OR id = ?::text ORDER BY number DESC LIMIT ?"
)
_SHARDS = (
    "SELECT run, stage, count(*), sum(total)::bigint,"
    " sum(succeeded)::bigint, sum(failed)::bigint, sum(skipped)::bigint, sum(unknown)::bigint,"
    " array_remove(array_agg(DISTINCT worker) FILTER (WHERE stage = 'working'), NULL),"
    " extract(epoch FROM min(begun_at))::float8,"
    " extract(epoch FROM max(coalesce(ended_at, clock_timestamp())))::float8"
    " FROM shards WHERE run = ANY(?::bigint[]) GROUP BY run, stage"
)
_FAILURES = (
    "SELECT account, name, kind, error FROM journal WHERE outcome = 'failed'"
    " AND run = (SELECT number FROM runs WHERE id = ?) ORDER BY number LIMIT ?"
)
_KINDS = (OutcomeKind.SUCCEEDED, OutcomeKind.FAILED, OutcomeKind.SKIPPED, OutcomeKind.UNKNOWN)
MOST_FAILURES = 20


def progress(reader: PostgresReader, run_id: str | None, limit: int) -> list[Progress]:
    """The newest runs first, or that one; of one run with what failed."""
    with reader.reading() as spoken:
        runs = spoken.execute(_RUNS, (run_id, run_id, limit)).fetchall()
        groups: dict[int, list[Row]] = {}
        for run, *row in spoken.execute(_SHARDS, ([row[0] for row in runs],)).fetchall():
            groups.setdefault(run, []).append(tuple(row))
        failures = []
        if run_id is not None:
            failures = spoken.execute(_FAILURES, (run_id, MOST_FAILURES)).fetchall()
    return [
        _progress(
            row, groups.get(row[0], []), tuple((f"{item[0]}/{item[1]}", item[2], item[3] or "") for item in failures)
        )
        for row in runs
    ]


def _progress(row: Row, groups: list[Row], failures: tuple[tuple[str, str, str], ...]) -> Progress:
    _, id, command, actor, started, finished, planned = row
    outcomes = dict.fromkeys(_KINDS, 0)
    workers: set[str] = set()
    for group in groups:
        for kind, count in zip(_KINDS, group[3:7], strict=True):
            outcomes[kind] += count
        workers.update(group[7] or ())
    first = min((group[8] for group in groups if group[8] is not None), default=None)
    last = max((group[9] for group in groups if group[9] is not None), default=None)
    spent = last - first if first is not None and last is not None else 0.0
    return Progress(
        id,
        command,
        actor,
        instant(started),
        finished and instant(finished),
        planned,
        {group[0]: group[1] for group in groups},
        sum(group[2] for group in groups),
        {kind: count for kind, count in outcomes.items() if count},
        tuple(sorted(workers)),
        sum(outcomes.values()) / spent if spent > 0 else 0.0,
        failures,
    )

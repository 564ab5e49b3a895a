"""What the journal says of the changes of a shard, and which subscriptions workers have or wait for.

Reads alone: planners see by it what they must leave alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC

from reconciler.journal import OpenIntent, OutcomeKind
from reconciler.model import SubscriptionKey
from reconciler.shards import ATTEMPTS, NOT_CARRIED_OUT, Piece, Taken, begun_anew
from reconciler.stores.postgres.pieces import pieces_of
from reconciler.stores.postgres.speaking import Spoken
from reconciler.stores.tables import instant

OVER = (OutcomeKind.SUCCEEDED, OutcomeKind.FAILED, OutcomeKind.SKIPPED)
_KNOWN = (
    "SELECT operation_id, outcome, error, token, at FROM journal WHERE operation_id = ANY(?::text[]) ORDER BY number"
)
_UNDER_WAY = (
    "SELECT runs.id, count(*) FROM shards JOIN runs ON runs.number = shards.run"
    " WHERE stage IN ('waiting', 'working') GROUP BY runs.number, runs.id ORDER BY runs.number"
)


def with_known(spoken: Spoken, taken: Taken) -> Taken:
    """The shard with what the journal says, each change under the id of its last attempt."""
    pieces = list(taken.pieces)
    known = _journaled(spoken, [piece.operation_id for piece in pieces])
    for _ in range(ATTEMPTS - 1):
        anew = {
            at: begun_anew(piece.operation_id)
            for at, piece in enumerate(pieces)
            if (row := known.get(piece.operation_id)) and row[0] == OutcomeKind.FAILED and row[1] == NOT_CARRIED_OUT
        }
        if not anew:
            break
        known |= _journaled(spoken, list(anew.values()))
        for at, id in anew.items():
            pieces[at] = replace(pieces[at], operation_id=id)
    over = {id: OutcomeKind(row[0]) for id, row in known.items() if row[0] in OVER}
    begun = {
        piece.operation_id: _intent(piece, taken.run, known[piece.operation_id])
        for piece in pieces
        if piece.operation_id in known and piece.operation_id not in over
    }
    return replace(taken, pieces=tuple(pieces), over=over, begun=begun)


def _journaled(spoken: Spoken, ids: Sequence[str]) -> dict[str, tuple[str, str | None, str | None, str]]:
    """The last entry of each, but success, which stands, and with the time of the intent or the first acceptance."""
    found: dict[str, tuple[str, str | None, str | None, str]] = {}
    for id, outcome, error, token, at in spoken.execute(_KNOWN, (list(ids),)).fetchall():
        earlier = found.get(id)
        if earlier is not None and earlier[0] == OutcomeKind.SUCCEEDED:
            continue
        since = earlier[3] if earlier is not None and earlier[0] == outcome == OutcomeKind.ACCEPTED else at
        found[id] = (outcome, error, token, since)
    return found


def _intent(piece: Piece, run: str, row: tuple[str, str | None, str | None, str]) -> OpenIntent:
    change = piece.change
    return OpenIntent(
        piece.operation_id, change.key, change.kind, change.external_id, change.before, change.after, change.reason,
        change.place.location, run, instant(row[3]), row[2], change.product,
    )  # fmt: skip


def queued(spoken: Spoken) -> dict[SubscriptionKey, OpenIntent]:
    """What workers have or wait for, by key: nobody else may plan, settle or send anything for these."""
    statement = (
        "SELECT runs.id, changes, made_at, stage, worker FROM shards JOIN runs ON runs.number = shards.run"
        " WHERE stage IN ('waiting', 'working') ORDER BY shards.id"
    )
    found: dict[SubscriptionKey, OpenIntent] = {}
    for run, changes, made_at, stage, worker in spoken.execute(statement).fetchall():
        taken = with_known(spoken, Taken(0, 0, str(run), pieces_of(changes)))
        who = f"worker {worker} has it" if stage == "working" else "it waits for a worker"
        for piece in taken.pieces:
            if piece.operation_id not in taken.over:
                intent = _intent(piece, str(run), ("", None, None, "1970-01-01T00:00:00Z"))
                why = f"run {run} carries it out: {who}"
                found[piece.change.key] = replace(intent, at=made_at.astimezone(UTC), why=why, queued=True)
    return found


def runs_under_way(spoken: Spoken) -> dict[str, int]:
    """The runs that workers have or wait for, oldest first, each with its shards that are not over."""
    return {str(run): int(count) for run, count in spoken.execute(_UNDER_WAY).fetchall()}

"""What of a shard is open, by the journal: see test_shards for a whole story."""

from __future__ import annotations

from reconciler.journal import OutcomeKind
from reconciler.shards import Taken
from reconciler.stores.postgres.queued import queued, with_known
from tests.dispatching.yard import pieces
from tests.stores.postgres.places import Room, place, server

__all__ = ["place", "server"]


def test_of_a_shard_that_nobody_has_begun_nothing_is_known(place: Room) -> None:
    with place.make().reading() as spoken:
        found = with_known(spoken, Taken(1, 1, "run-1", tuple(pieces(3))))
        assert (dict(found.over), dict(found.begun), queued(spoken)) == ({}, {}, {})
    assert OutcomeKind.UNKNOWN not in found.over.values()

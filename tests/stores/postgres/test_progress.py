"""How far runs are: those without workers too."""

from __future__ import annotations

from reconciler.ports import Bookkeeping
from reconciler.stores.postgres.progress import progress
from tests.builders import NOW, a_run
from tests.stores.postgres.places import Room, place, server

__all__ = ["place", "server"]


def test_runs_come_newest_first_and_as_many_as_are_asked_for(place: Room) -> None:
    store = place.make()
    for number in range(3):
        store.begin(a_run(id=f"run-{number}", planned=number))
    store.finish("run-2", NOW, Bookkeeping(as_of=NOW))
    found = progress(store, None, 2)
    assert [(run.run, run.planned, run.finished_at) for run in found] == [("run-2", 2, NOW), ("run-1", 1, None)]
    assert (found[0].total, found[0].rate, found[0].under_way, found[0].workers) == (0, 0.0, False, ())

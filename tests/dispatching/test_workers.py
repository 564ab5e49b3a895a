"""Workers as processes, a real server, and a vendor whose own ledger is the judge: nothing lost, nothing doubled."""

from __future__ import annotations

from pathlib import Path

from reconciler.journal import OutcomeKind
from tests.dispatching.floor import start_worker, vendor
from tests.dispatching.yard import handed_over, outcomes, pieces
from tests.stores.postgres.places import Room, empty, server

__all__ = ["empty", "server"]


def test_a_worker_carries_a_run_out_and_finishes_it(empty: Room, tmp_path: Path) -> None:
    store = empty.make()
    handed_over(store, pieces(120))
    with vendor(tmp_path) as floor, start_worker(empty.url, floor.port) as worker:
        assert worker.wait(30) == 0
        assert outcomes(store) == {OutcomeKind.SUCCEEDED: 120}, [(e.error, e.before, e.after) for e in store.history()][:2]
        assert floor.counts() == {f"s-{number:05d}": 1 for number in range(120)}
    assert outcomes(store) == {OutcomeKind.SUCCEEDED: 120}
    assert store.snapshot().unfinished == {}
    assert store.snapshot().open_intents == {}

"""An outside account whose store is on a server, and workers that come while somebody waits for them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from reconciler import distributing
from reconciler.runtime import Runtime
from reconciler.shards import Progress
from tests.cli.outside.world import Outside, outside
from tests.stores.postgres.places import Room


@pytest.fixture
def place(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, empty: Room
) -> Iterator[Outside]:
    """An account at an outside provider, and a store on a server, which knows its subscriptions."""
    monkeypatch.setenv("RECONCILE_STORE", empty.url)
    with outside("stripe", tmp_path / "repository", capfd, monkeypatch) as made:
        made.adopt()
        yield made


def a_worker(runtime: Runtime, run: str) -> None:
    """Carries a run out, here."""
    distributing.work(runtime, distributing.Shift(run=run), lambda: False)


def before_waiting(monkeypatch: pytest.MonkeyPatch, act: Callable[[Runtime, str], object] = a_worker) -> None:
    """As soon as somebody waits for a run, this is done with it first."""
    wait = distributing.once_over

    def waiting(runtime: Runtime, run: str, tell: Callable[[int, int], None]) -> Progress:
        act(runtime, run)
        return wait(runtime, run, tell)

    monkeypatch.setattr(distributing, "once_over", waiting)

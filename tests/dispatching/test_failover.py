"""The server of the store goes away while workers carry a run out: nothing lost, nothing doubled, by the vendor's own
ledger. A standby that takes over is synchronous: what was reported as recorded is there, too.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import quote

import pytest

from reconciler import distributing
from reconciler.errors import StoreError, UsageError
from reconciler.stores.postgres.place import PostgresPlace
from reconciler.stores.postgres.session import Limits
from reconciler.stores.postgres.shards import PostgresShards
from tests.builders import NOW
from tests.dispatching.floor import start_worker, vendor
from tests.dispatching.test_workers import SLUGGISH, ending, judged, until
from tests.dispatching.yard import handed_over, pieces
from tests.stores.postgres.places import Room
from tests.stores.postgres.server import Server, servers

_CALLER = """
import sys
from reconciler.distributing import once_over
from tests.dispatching.floor import runtime

found = once_over(runtime(sys.argv[1], 0), sys.argv[2])
print(found.done, found.total, found.under_way)
"""


@pytest.fixture
def pair() -> Iterator[tuple[Server, Server]]:
    """A primary and its standby, which has each transaction before it counts."""
    with servers(2) as (primary, other):
        primary.database("estate")
        standby = primary.standby(other.home).start()
        primary.settings(synchronous_standby_names="'*'", synchronous_commit="on")
        primary.reload()
        yield primary, standby


def url_of(*hosts: Server) -> str:
    return "postgresql://postgres@/estate?host=" + ",".join(quote(str(host.home), safe="") for host in hosts)


@contextmanager
def waiting(url: str, run: str) -> Iterator[subprocess.Popen[str]]:
    """Whoever has handed over and waits, in a process of its own."""
    words = (sys.executable, "-c", _CALLER, url, run)
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as caller, ending(caller):
        yield caller


@pytest.mark.parametrize("first", [0, 1], ids=["the primary is named first", "the standby is named first"])
def test_workers_and_whoever_waits_for_them_live_through_a_failover(
    pair: tuple[Server, Server], tmp_path: Path, first: int
) -> None:
    primary, standby = pair
    url = url_of(pair[first], pair[1 - first])
    room, count = Room(url), 120
    handed_over(room.make(), pieces(count))
    with vendor(tmp_path) as floor, waiting(url, "run-1") as caller:
        workers = [start_worker(url, floor.port, lasts=2.0) for _ in range(3)]
        with ending(*workers):
            until(lambda: len(floor.effects()) >= 25, "nobody works")
            primary.stop("immediate")
            assert len(floor.effects()) < count
            standby.promote()
            assert [worker.wait(SLUGGISH) for worker in workers] == [0, 0, 0]
        said, _ = caller.communicate(timeout=SLUGGISH)
        assert (caller.returncode, said) == (0, f"{count} {count} False\n")
        judged(room.open(), floor, count)
    room.close()


def test_a_worker_whose_url_would_rather_have_a_standby_asks_the_server_that_takes_writes(
    pair: tuple[Server, Server], tmp_path: Path
) -> None:
    room, count = Room(url_of(pair[1], pair[0])), 5
    handed_over(room.make(), pieces(count))
    with vendor(tmp_path) as floor:
        worker = start_worker(f"{room.url}&target_session_attrs=prefer-standby", floor.port)
        with ending(worker):
            assert worker.wait(SLUGGISH) == 0
        judged(room.open(), floor, count)
    room.close()


class Watch:
    """Time for whoever waits: with each rest something happens, and so many seconds are over."""

    def __init__(self, url: str, seconds: float, *acts: Callable[[], Any]) -> None:
        self.passed, self._seconds, self._acts = 0.0, seconds, iter(acts)
        place = PostgresPlace(url, 0.0, Limits(0.1, patience=0.1))
        timing = SimpleNamespace(monotonic=lambda: self.passed)
        self.runtime: Any = SimpleNamespace(place=place, services=SimpleNamespace(timing=timing))

    def sleep(self, _: float) -> None:
        self.passed += self._seconds
        next(self._acts)()


def test_whoever_waits_for_a_run_waits_for_the_server_too(monkeypatch: pytest.MonkeyPatch) -> None:
    with servers() as (server,):
        room = Room(server.database("estate"))
        handed_over(room.make(), pieces(3))

        def end_it() -> None:
            PostgresShards(room.open()).withdraw("run-1", NOW)

        watch = Watch(room.url, 100.0, server.stop, server.start, end_it)
        monkeypatch.setattr(distributing, "time", watch)
        assert not distributing.once_over(watch.runtime, "run-1").under_way
        handed_over(room.open(), pieces(3), "run-2")
        watch = Watch(room.url, 200.0, server.stop, lambda: None)
        monkeypatch.setattr(distributing, "time", watch)
        with pytest.raises(StoreError) as refused:
            distributing.once_over(watch.runtime, "run-2")
        assert (refused.value.code, watch.passed) == ("store-unreachable", 400.0)
        server.start()
        with pytest.raises(UsageError, match="no run run-3 any more"):
            distributing.once_over(watch.runtime, "run-3")
        room.close()

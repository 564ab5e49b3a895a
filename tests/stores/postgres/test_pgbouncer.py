"""Behind PgBouncer in transaction mode, where every transaction may meet another server process."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from reconciler.errors import LeaseHeld
from tests.builders import NOW, a_run
from tests.stores.contract import registered, seen
from tests.stores.postgres.places import Room, empty, server
from tests.stores.postgres.server import NOBODY, Server, a_home
from tests.stores.postgres.session_free import session_features

__all__ = ["empty", "server"]


@pytest.fixture
def pooled(server: Server, empty: Room) -> Iterator[Room]:
    """The empty database through a pool of two connections."""
    home = a_home()
    with closing(socket.socket()) as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    (home / "users").write_text('"postgres" ""\n', encoding="utf-8")
    (home / "ini").write_text(
        f"[databases]\n* = host={server.home}\n[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\n"
        f"unix_socket_dir =\nauth_type = trust\nauth_file = {home}/users\npool_mode = transaction\n"
        f"default_pool_size = 2\nlogfile = {home}/log\n",
        encoding="utf-8",
    )
    whose = {"user": NOBODY, "group": NOBODY, "extra_groups": []} if os.geteuid() == 0 else {}
    words = [str(shutil.which("pgbouncer")), "-q", str(home / "ini")]
    pooler = subprocess.Popen(words, cwd="/", **whose)  # type: ignore[call-overload]
    try:
        deadline, answers = time.monotonic() + 20, False
        while not answers and time.monotonic() < deadline:
            with closing(socket.socket()) as asked:
                answers = asked.connect_ex(("127.0.0.1", port)) == 0
        found = Room(f"postgresql://postgres@127.0.0.1:{port}/{empty.url.rpartition('/')[2]}")
        yield found
        found.close()
    finally:
        pooler.kill()
        pooler.wait(20)  # it removes no file of its folder any more while that is removed
        shutil.rmtree(home)


@pytest.mark.needs("pgbouncer")
def test_everything_goes_through_a_pool_that_hands_out_transactions(pooled: Room) -> None:
    postgres = pooled.place()
    with postgres.lease(0.0).hold(), postgres.create("lineage") as store:
        other = pooled.read()
        assert other is not None
        store.begin(a_run())
        for number in range(20):
            store.record("run-1", [registered(f"contoso/s-{number:02d}")], NOW)
            assert other.snapshot().serial == number + 1
        with pytest.raises(LeaseHeld), pooled.lease().hold():
            pass
    assert len(seen(pooled).subscriptions) == 20


def test_no_statement_of_ours_needs_a_session() -> None:
    folder = Path(__file__).parents[3] / "reconciler" / "stores" / "postgres"
    texts = {path.name: path.read_text(encoding="utf-8") for path in folder.glob("*.py")}
    assert {name: found for name, text in texts.items() if (found := session_features(text))} == {}
    assert session_features('execute("LISTEN x"); "SET search_path = x"; pg_advisory_lock(1)') != []

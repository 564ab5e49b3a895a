"""That the walls around the tests stand: `conftest` must refuse what it says it refuses."""

from __future__ import annotations

import os
import shutil
import socket
import sqlite3
import subprocess
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.conftest import REPOSITORY, pytest_runtest_teardown, require

DEFAULT_STORE = REPOSITORY / ".reconcile" / "state.db"


@pytest.mark.parametrize(
    "reach",
    [
        pytest.param(lambda: socket.create_connection(("192.0.2.1", 80), timeout=1), id="an address"),
        pytest.param(lambda: socket.getaddrinfo("contoso.example", 443), id="a name"),
        pytest.param(lambda: socket.gethostbyname("contoso.example"), id="a name, the old way"),
        pytest.param(
            lambda: socket.socket(type=socket.SOCK_DGRAM).sendto(b"", ("192.0.2.1", 53)),
            id="a datagram",
            marks=pytest.mark.filterwarnings("ignore:unclosed"),
        ),
    ],
)
def test_the_network_is_out_of_reach(reach: Callable[[], object]) -> None:
    with pytest.raises(RuntimeError, match="a test used the network"):
        reach()


def test_this_machine_itself_is_within_reach() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()) as client:
        assert client.getpeername() == server.getsockname()


@pytest.mark.parametrize(
    "use",
    [
        pytest.param(lambda: DEFAULT_STORE.open("rb"), id="opened"),
        pytest.param(lambda: DEFAULT_STORE.write_text(""), id="made"),
        pytest.param(lambda: sqlite3.connect(DEFAULT_STORE), id="connected to"),
        pytest.param(lambda: sqlite3.connect(f"file:{DEFAULT_STORE}?mode=ro", uri=True), id="connected to read-only"),
    ],
)
def test_the_default_store_is_out_of_reach(use: Callable[[], object]) -> None:
    with pytest.raises(RuntimeError, match="a test used the default store"):
        use()


def test_a_store_of_the_same_name_elsewhere_is_within_reach(tmp_path: Path) -> None:
    store = tmp_path / ".reconcile" / "state.db"
    store.parent.mkdir()
    store.write_text("")
    shutil.rmtree(store.parent)
    assert not store.exists()


def test_the_home_directory_is_an_empty_one() -> None:
    assert list(Path.home().iterdir()) == []
    assert "home-of-tests-" in Path.home().name


def test_whoever_leaves_something_in_it_fails_by_name_and_the_next_finds_it_empty(
    request: pytest.FixtureRequest,
) -> None:
    (Path.home() / ".cache").mkdir()
    (Path.home() / ".cache" / "left").touch()
    ending = pytest_runtest_teardown(request.node)
    next(ending)
    with pytest.raises(pytest.fail.Exception, match=rf"{request.node.name} left .*: \.cache, \.cache/left"):
        next(ending)
    assert list(Path.home().iterdir()) == []


def test_settings_from_outside_are_gone() -> None:
    assert not [name for name in os.environ if name.startswith(("RECONCILE_", "XDG_", "GITHUB_"))]
    assert "GIT_DIR" not in os.environ


def test_local_time_is_not_utc() -> None:
    assert datetime(2026, 11, 23, tzinfo=UTC).astimezone().utcoffset() == timedelta(hours=12, minutes=45)


def test_another_time_zone_can_be_had(in_time_zone: Callable[[str], None]) -> None:
    in_time_zone("WEST+11")
    assert time.timezone == 11 * 3600


@pytest.mark.parametrize(
    ("in_ci", "ending"),
    [
        pytest.param(True, pytest.fail.Exception, id="a failure in CI"),
        pytest.param(False, pytest.skip.Exception, id="a skip"),
    ],
)
def test_a_missing_program_is_named(in_ci: bool, ending: type[BaseException]) -> None:
    with pytest.raises(ending, match="needs no-such-program"):
        require("no-such-program", in_ci=in_ci)


@pytest.mark.needs("git")
def test_a_program_that_is_there_is_used() -> None:
    done = subprocess.run(["git", "var", "GIT_AUTHOR_IDENT"], capture_output=True, check=True, text=True)
    assert done.stdout.startswith("Ada Author <ada@contoso.example>")

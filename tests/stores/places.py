"""Where the tests of the embedded store keep it, and what they look at beside it."""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

import pytest

from reconciler.stores.lease import FileLease
from reconciler.stores.sqlite import SqliteReader, SqliteStore, open_reader, open_store
from tests.stores.contract import LINEAGE

ROOT = Path(__file__).resolve().parents[2]
DATA = Path(__file__).parent / "data"
"""Stores as earlier releases wrote them: `v1.sql` is the whole database as text, `v1.jsonl` its export; so is `v2`."""
NOBODY = 65534
PATIENCE = 30.0
"""Seconds after which a test gives up on another process; none needs more than a fraction of it."""


class SqlitePlace:
    """A Place for an SQLite store in a folder of its own."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._opened = ExitStack()

    def make(self, lineage: str = LINEAGE) -> SqliteStore:
        """A new store, open for writing."""
        return self._opened.enter_context(open_store(self.path, 0.0, create=lineage))

    def open(self) -> SqliteStore:
        """The store, open for writing."""
        return self._opened.enter_context(open_store(self.path, 0.0))

    def read(self) -> SqliteReader | None:
        """The store, open for reading, or None."""
        reader = open_reader(self.path, 0.0)
        return reader and self._opened.enter_context(reader)

    def lease(self) -> FileLease:
        """Another run's way to ask for the lease, which does not wait."""
        return FileLease(self.path, 0.0)

    def close(self) -> None:
        """Close everything that was opened here."""
        self._opened.close()


def sqlite_place(tmp_path: Path) -> Iterator[SqlitePlace]:
    """For a `place` fixture."""
    found = SqlitePlace(tmp_path / "store" / "state.db")
    yield found
    found.close()


place = pytest.fixture(sqlite_place)


def written_by(version: int, place: SqlitePlace) -> SqlitePlace:
    """The place, with a store in it that the last release with that schema version wrote."""
    place.path.parent.mkdir()
    with closing(sqlite3.connect(place.path)) as connection:
        connection.executescript((DATA / f"v{version}.sql").read_text(encoding="utf-8"))
    return place


def everything_in(folder: Path) -> dict[str, tuple[bytes, int, int]]:
    """Every file with its bytes, mode and time of its last change."""
    return {
        path.name: (path.read_bytes(), path.stat().st_mode, path.stat().st_mtime_ns)
        for path in sorted(folder.iterdir())
        if path.is_file()
    }


@contextmanager
def without_rights() -> Iterator[None]:
    """As a user who owns nothing: the tests may be root's, whom no permission stops."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)


@contextmanager
def open_folder() -> Iterator[Path]:
    """A folder that other users can reach, unlike pytest's own."""
    folder = Path(tempfile.mkdtemp(prefix="store-of-tests-"))
    folder.chmod(0o755)
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


@contextmanager
def another_process(program: str, *words: object) -> Iterator[subprocess.Popen[str]]:
    """A process that runs this Python source, from when it printed `ready` on; in the end it is killed."""
    process = subprocess.Popen(
        [sys.executable, "-c", program, *map(str, words)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        assert process.stdout is not None
        try:
            assert process.stdout.readline() == "ready\n"
            yield process
        finally:
            process.kill()


def run_until_killed(program: str, *words: object) -> bool:
    """Runs Python source in a process of its own; whether it died by SIGKILL, rather than ended well."""
    found = subprocess.run(
        [sys.executable, "-c", program, *map(str, words)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert found.returncode in (0, -signal.SIGKILL), found.stderr
    return found.returncode == -signal.SIGKILL

"""This program at the equal work: subscriptions of four facts each in a ledger account, stored in SQLite.

Twice: as it is used, and with everything gone that it may have kept from earlier runs, as on a fresh machine.
"""

from __future__ import annotations

import platform
import re
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from reconciler import __version__
from tests.benchmarks.peers.contender import Asked, Case, NotTheWork
from tests.benchmarks.peers.timing import timed
from tests.benchmarks.peers.work import write_files

REPOSITORY = Path(__file__).resolve().parents[3]
"""Measured is what stands here, and not what may be installed."""
AS_OF = "2026-11-23"
_SETTINGS = "version: 1\naccounts:\n  contoso: {provider: ledger}\n"
HEAD = "version: 1\naccount: contoso\ndefaults: {recurring: on}\nsubscriptions:\n"
_PLANNED = re.compile(r"^Plan: ([\d,]+) to update\b", re.MULTILINE)
_RECORDED = re.compile(r"^Recorded: ([\d,]+) updated\b", re.MULTILINE)
_NONE = re.compile(r"^No changes\. ", re.MULTILINE)
_UNMEASURED = 3600.0


def item(name: str, number: int) -> str:
    """A subscription."""
    facts = f"      product: SPB\n      term: annual\n      start: 2026-02-14\n      seats: {number}\n"
    return f"  {name}:\n    facts:\n{facts}"


class Ours:
    """We, with what earlier runs kept, or without it (`cold`)."""

    def __init__(self, folder: Path, *, cold: bool) -> None:
        self.name = "reconcile (cold)" if cold else "reconcile"
        self._cold = cold
        self.home, self._root = folder, folder / "estate"
        self._store, self._built = self._root / ".reconcile" / "state.db", folder / "built.db"
        self._size = 0

    def versions(self) -> dict[str, str]:
        """As all contenders."""
        return {"reconcile": __version__, "Python": platform.python_version(), "SQLite": sqlite3.sqlite_version}

    def build(self, size: int) -> None:
        """Declare everything and apply it."""
        self._size = size
        self._root.mkdir(parents=True)
        (self._root / "reconcile.yaml").write_text(_SETTINGS, "utf-8")
        self._declare(changed=False)
        self._run("--yes")
        with closing(sqlite3.connect(self._store)) as store:
            store.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        shutil.copyfile(self._store, self._built)

    def restore(self) -> None:
        """The store and the specs; and unless cold, a look at them that nobody measures."""
        for beside in ("-wal", "-shm"):
            self._store.with_name(f"{self._store.name}{beside}").unlink(missing_ok=True)
        shutil.copyfile(self._built, self._store)
        self._declare(changed=False)
        if not self._cold:
            self._run("--dry-run")

    def change(self) -> None:
        """Other seats in each hundredth."""
        self._declare(changed=True)

    def _declare(self, *, changed: bool) -> None:
        write_files(self._root / "specs", HEAD, item, self._size, changed=changed)

    def before(self, case: Case) -> None:
        """Cold is without anything but the specs and the store."""
        if self._cold:
            shutil.rmtree(self.home / "cache", ignore_errors=True)
            for path in self._store.parent.iterdir():
                if not path.name.startswith(self._store.name):
                    shutil.rmtree(path) if path.is_dir() else path.unlink()

    def asked(self, case: Case) -> Asked:
        """The job itself."""
        return self._asked("--yes" if case is Case.APPLY else "--dry-run")

    def _asked(self, word: str) -> Asked:
        words = (sys.executable, "-m", "reconciler", word, "--quiet", "--as-of", AS_OF)
        return Asked(words, self._root, (("PYTHONPATH", str(REPOSITORY)),))

    def _run(self, word: str) -> None:
        if timed(self._asked(word), self.home, _UNMEASURED) is None:
            raise NotTheWork("laying out the work takes too long")

    def said(self, output: str) -> int:
        """By the last lines of a plan or a report."""
        return changes_in(output)

    def stored(self) -> Iterator[tuple[str, int]]:
        """The rows of the store."""
        with closing(sqlite3.connect(self._store)) as store:
            yield from store.execute("SELECT name, seats FROM subscriptions")


def changes_in(output: str) -> int:
    """How many were planned, or made; what is not an update is none that was asked for."""
    if _NONE.search(output):
        return 0
    found = _PLANNED.search(output) or _RECORDED.search(output)
    if found is None:
        raise NotTheWork(f"reconcile names no number of changes:\n{output}")
    return int(found[1].replace(",", ""))


def commit() -> str:
    """What of ours is measured, where Git can tell; with a plus where files differ from it."""
    words = ["git", "describe", "--always", "--dirty=+", "--abbrev=10"]
    try:
        done = subprocess.run(words, cwd=REPOSITORY, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return done.stdout.strip()

"""An emulator's own ledger: documents in tables, and every effect that a client's write had, in memory or in a file.

The file is append-only JSON lines, synced to the disk before an answer goes out, and replayed at the start: it survives
a kill -9. Documents are values: whoever changes one puts a new one in its place.
"""

from __future__ import annotations

import fcntl
import os
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import orjson

Document = dict[str, Any]
"""JSON; never changed in place."""

_REMEMBERED = 20_000
"""Commits that a delayed read can look behind."""


class WrongLedger(Exception):
    """The file is no ledger of this emulator, or another process holds it."""


@dataclass(frozen=True, slots=True)
class Effect:
    """One committed write of a client. What time did is none."""

    at: datetime
    """By the emulator's clock."""
    verb: str
    """The request, without what names the object: `PATCH products`, `POST cancel`, `DELETE`."""
    subscription: str
    values: Mapping[str, Any]
    """What was asked for."""
    key: str | None = None
    """The idempotency key that came with it."""

    def shown(self) -> dict[str, Any]:
        """As JSON."""
        return asdict(self) | {"at": self.at.isoformat(), "values": dict(self.values)}

    @classmethod
    def of(cls, fields: Mapping[str, Any]) -> Effect:
        """From `shown`."""
        return cls(**{**fields, "at": datetime.fromisoformat(fields["at"])})


@dataclass(frozen=True, slots=True)
class _Past:
    """What stood before one commit."""

    request: int
    moment: float
    before: tuple[tuple[str, str, Document | None], ...]


class Ledger:
    """Tables of documents and the list of effects; not safe for threads, whoever owns it has the lock."""

    def __init__(self, name: str, path: Path | None = None) -> None:
        self.tables: dict[str, dict[str, Document]] = {}
        self.effects: list[Effect] = []
        self.clock: datetime | None = None
        """The clock that was set; None: it was not."""
        self.serial = 0
        """Moves with every change of a document."""
        self.watch: Callable[[str, str, Document], None] | None = None
        """Is told of every document that is put."""
        self._past: deque[_Past] = deque(maxlen=_REMEMBERED)
        self._before: list[tuple[str, str, Document | None]] = []
        self._fresh: list[Effect] = []
        self._file: int | None = None
        if path is not None:
            self._open(name, path)

    def table(self, name: str) -> dict[str, Document]:
        """A table's documents by id, in the order in which they were first put. Not to be changed."""
        return self.tables.setdefault(name, {})

    def put(self, table: str, id: str, document: Document | None) -> None:
        """Puts one in the place of what stands under its id; None takes that away. Holds once it is committed."""
        self._before.append((table, id, self.table(table).get(id)))
        self._set(table, id, document)

    def effect(self, effect: Effect) -> None:
        """Notes what a client's write does."""
        self._fresh.append(effect)

    def commit(self, request: int = 0) -> bool:
        """Makes what was put since the last commit last; False: there was nothing. On disk when it returns."""
        before, effects = self._before, self._fresh
        if not before and not effects:
            return False
        self._before, self._fresh = [], []
        touched = dict.fromkeys((table, id) for table, id, _ in before)
        self._write(
            {
                "put": [[table, id, self.table(table).get(id)] for table, id in touched],
                "effects": [effect.shown() for effect in effects],
            }
        )
        self.effects.extend(effects)
        self._past.append(_Past(request, time.monotonic(), tuple(before)))
        return True

    def roll_back(self, spared: frozenset[str] = frozenset()) -> None:
        """Takes back what was put and noted since the last commit, but in the spared tables."""
        kept = [entry for entry in self._before if entry[0] in spared]
        self._restore([entry for entry in self._before if entry[0] not in spared])
        self._before, self._fresh = kept, []

    @contextmanager
    def as_of(self, *, request: int | None = None, moment: float | None = None) -> Iterator[None]:
        """Shows what stood before the commits later than a request's number or a moment of the monotonic clock.

        What was prepared before the first request stays; what is put meanwhile is taken back.
        """
        later = [
            past
            for past in self._past
            if past.request > max(0, request or 0) and (moment is None or past.moment > moment)
        ]
        undone = [entry for past in later for entry in past.before]
        now = {(table, id): self.table(table).get(id) for table, id, _ in undone}
        self._restore(undone)
        try:
            yield
        finally:
            self.roll_back()
            for (table, id), document in now.items():
                self._set(table, id, document)

    def set_clock(self, clock: datetime | None) -> None:
        """Keeps what the clock was set to."""
        self.clock = clock
        self._write({"clock": clock.isoformat() if clock else None})

    def close(self) -> None:
        """Lets go of the file."""
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def _restore(self, entries: list[tuple[str, str, Document | None]]) -> None:
        for table, id, document in reversed(entries):
            self._set(table, id, document)

    def _set(self, table: str, id: str, document: Document | None) -> None:
        self.serial += 1
        if document is None:
            self.table(table).pop(id, None)
            return
        self.table(table)[id] = document
        if self.watch is not None:
            self.watch(table, id, document)

    def _write(self, line: Mapping[str, Any]) -> None:
        if self._file is not None:
            data = orjson.dumps(line) + b"\n"
            while data:
                data = data[os.write(self._file, data) :]
            os.fsync(self._file)

    def _open(self, name: str, path: Path) -> None:
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        try:
            self._replay(name, path, handle)
        except BaseException:
            os.close(handle)
            raise
        self._file = handle
        if os.fstat(handle).st_size == 0:
            self._write({"emulator": name, "version": 1})

    def _replay(self, name: str, path: Path, handle: int) -> None:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise WrongLedger(f"{path}: another process holds it") from error
        with os.fdopen(os.dup(handle), "rb") as text:
            lines = text.read().split(b"\n")
        # What has no end of line was being written when its process was killed: nobody had an answer to it.
        whole = sum(len(line) + 1 for line in lines[:-1])
        if len(lines) > 1:
            header = None
            with suppress(orjson.JSONDecodeError):
                header = orjson.loads(lines[0])
            if header != {"emulator": name, "version": 1}:
                raise WrongLedger(f"{path}: it is no ledger of the emulator {name}")
        os.ftruncate(handle, whole)
        try:
            for line in lines[1:-1]:
                self._read(orjson.loads(line))
        except (ValueError, KeyError, TypeError) as error:
            raise WrongLedger(f"{path}: it is damaged: {error}") from error

    def _read(self, line: Mapping[str, Any]) -> None:
        if "clock" in line:
            self.clock = datetime.fromisoformat(line["clock"]) if line["clock"] else None
            return
        for table, id, document in line["put"]:
            self._set(table, id, document)
        self.effects.extend(Effect.of(effect) for effect in line["effects"])

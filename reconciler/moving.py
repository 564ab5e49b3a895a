"""Moves a store from one place to another, whatever either is: as exported lines, one after the other, proven after.

Must not know a store's kind, nor hold more than one line.
"""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from hashlib import sha256
from json import loads

from reconciler.errors import StoreError, UsageError
from reconciler.ports import StorePlace


@dataclass(frozen=True, slots=True)
class Copied:
    """What was moved."""

    lineage: str
    serial: int
    lines: int
    """Of the export, with its first and last."""
    digest: str
    """The SHA-256 of the export, which is the same on both sides."""


def copy_store(source: StorePlace, target: StorePlace, timeout: float) -> Copied:
    """The target made as the source is, under the leases of both. All of it is there in the end, or nothing.

    Raises UsageError `same-store`, StoreError `no-store` or `store-exists`, and LeaseHeld where a run writes to either.
    """
    if source.name == target.name:
        hint = "name another place behind it"
        raise UsageError("same-store", f"{source.name} cannot be copied to itself", hint)
    if not source.there():
        raise StoreError("no-store", f"there is no store at {source.name}", "name the store to copy first")
    if target.there():
        hint = "move it away first, or name another place; a copy never writes over a store"
        raise StoreError("store-exists", f"{target.name}: there is a store already", hint)
    with ExitStack() as held:
        held.enter_context(source.lease(timeout).hold())
        held.enter_context(target.lease(timeout).hold())
        # Read twice: the digest is known before the first row is written, and nobody can write in between.
        seen = _Seen()
        for line in source.export():
            seen.take(line)
        target.take_in(source.export(), seen.digest)
        after = _Seen()
        for line in target.export():
            after.take(line)
    if after.digest != seen.digest:
        hint = "do not use the copy: drop it, and look for what else writes there"
        raise StoreError("store-corrupt", f"{target.name}: the copy was changed while it was made", hint)
    head = loads(seen.first)
    return Copied(str(head["lineage"]), int(head["serial"]), seen.lines, seen.digest)


class _Seen:
    """What went by."""

    def __init__(self) -> None:
        self._digest = sha256()
        self.first = b""
        self.lines = 0

    def take(self, line: bytes) -> None:
        """The next line."""
        self._digest.update(line)
        self.first = self.first or line
        self.lines += 1

    @property
    def digest(self) -> str:
        """Of all lines so far."""
        return self._digest.hexdigest()


__all__ = ["Copied", "copy_store"]

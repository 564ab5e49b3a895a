"""The lease: the kernel's lock on a file beside the store, freed by the kernel when its process dies.

It says nothing about the store's content, and must never write to the store.
"""

from __future__ import annotations

import fcntl
import os
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from reconciler.errors import LeaseHeld, ReconcilerError, StoreError
from reconciler.stores import failures
from reconciler.stores.opening import make_folder
from reconciler.stores.recovery import lock_path

_POLL = 0.05
_GLANCE = 0.2
"""Seconds that telling who holds the lease may wait for the store."""


class FileLease:
    """A Lease on the store at `path`, waiting up to `lock_timeout` seconds for another run to end."""

    def __init__(self, path: Path, lock_timeout: float) -> None:
        self._store = path
        self._path = lock_path(path)
        self._lock_timeout = lock_timeout

    @contextmanager
    def hold(self) -> Iterator[None]:
        """Keep every other applier out for the time of the block. Raises LeaseHeld, having written nothing.

        Programs that are started meanwhile do not inherit it; the lock file stays behind, and means nothing by itself.
        """
        handle = self._take()
        try:
            yield
        finally:
            os.close(handle)

    def _take(self) -> int:
        deadline = time.monotonic() + self._lock_timeout
        with failures.told(self._path, writing=True):
            make_folder(self._path.parent)
        while True:
            handle = self._try()
            if handle is not None:
                return handle
            left = deadline - time.monotonic()
            if left <= 0:
                raise LeaseHeld(
                    "lease-held",
                    f"{self._store}: another run is applying to this store: {self._holder()}",
                    "wait until it is done, or wait longer with --lock-timeout",
                )
            time.sleep(min(_POLL, left))

    def _try(self) -> int | None:
        try:
            flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
            handle = os.open(self._path, flags, 0o600)
        except OSError as error:
            raise self._unusable(error) from error
        taken = False
        try:
            taken = self._lock(handle)
        finally:
            if not taken:
                os.close(handle)
        return handle if taken else None

    def _lock(self, handle: int) -> bool:
        found = os.fstat(handle)
        if not stat.S_ISREG(found.st_mode):
            raise self._unusable(OSError(0, "it is not a regular file"))
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        except OSError as error:
            raise self._unusable(error) from error
        # Someone may have removed the file since it was opened: then this lock keeps nobody out.
        with suppress(OSError):
            if os.path.samestat(found, self._path.stat()):
                _sign(handle)
                return True
        return False

    def _holder(self) -> str:
        """Who the store's row says it is, if that row is the lock owner's own and not one that a dead run left."""
        from reconciler.stores.reader import open_reader  # only once something is in the way

        pid = ""
        with suppress(OSError, UnicodeDecodeError):
            pid = self._path.read_text("ascii").strip()
        with suppress(ReconcilerError):
            reader = open_reader(self._store, _GLANCE)
            if reader is not None:
                with reader:
                    holder = reader.holder()
                if holder is not None and str(holder.pid) == pid:
                    return str(holder)
        return f"unknown, pid {pid}" if pid.isdigit() else "unknown"

    def _unusable(self, error: OSError) -> StoreError:
        known = failures.of_system(error, self._path, writing=True)
        if known.code != "store-failed":
            return known
        return StoreError(
            "unusable-lock",
            f"{self._path}: the lock file of the store cannot be used: {error.strerror}",
            "remove whatever stands there; a store must lie on a file system that can lock files",
        )


def _sign(handle: int) -> None:
    """For the message that others get. A full disk is no reason not to hold the lease."""
    with suppress(OSError):
        os.ftruncate(handle, 0)
        os.pwrite(handle, f"{os.getpid()}\n".encode(), 0)

"""The folder of a keep, opened: files of ours and of nobody else, read within bounds and put in place whole.

A folder or a file that is a link, that somebody else owns, or that others may write to is as if it were not there.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

_COMMON: Final = os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
_AT_ONCE: Final = 1 << 20
"""Bytes that are gathered before they are written, and set aside before it is known that there are as many."""


class Foreign(OSError):
    """Something that is not ours stands where our own should."""


class Handle:
    """A descriptor that is closed with the last that knows it, so that a keep need not be closed."""

    __slots__ = ("number",)

    def __init__(self, number: int) -> None:
        self.number = number

    def __del__(self) -> None:
        os.close(self.number)


def opened(folder: Path) -> Handle:
    """The folder; raises OSError where there is none that is ours alone."""
    handle = Handle(os.open(folder, os.O_RDONLY | os.O_DIRECTORY | _COMMON))
    _require_ours(os.fstat(handle.number))
    return handle


def file_of(folder: Handle, name: str, flags: int = os.O_RDONLY) -> Handle:
    """A regular file of ours in the folder, where made by `flags` a private one; raises OSError where it is none."""
    handle = Handle(os.open(name, flags | _COMMON, 0o600, dir_fd=folder.number))
    status = os.fstat(handle.number)
    _require_ours(status)
    if not stat.S_ISREG(status.st_mode):
        raise Foreign(f"{name} is no regular file")
    return handle


def size_of(file: Handle) -> int:
    """Bytes."""
    return os.fstat(file.number).st_size


def read(file: Handle, offset: int, length: int) -> bytes:
    """At most so many bytes from there on: fewer where the file ends. Raises OSError."""
    parts: list[bytes] = []
    if length > _AT_ONCE:  # as much memory is set aside as is asked for
        length = min(length, size_of(file) - offset)
    while length > 0 and (part := os.pread(file.number, length, offset)):
        parts.append(part)
        offset += len(part)
        length -= len(part)
    return parts[0] if len(parts) == 1 else b"".join(parts)


def write(file: Handle, offset: int, parts: Iterable[bytes]) -> int:
    """The parts one after the other from there on; answers where they end. Raises OSError, and may then have begun."""
    gathered = bytearray()
    for part in parts:
        gathered += part
        if len(gathered) >= _AT_ONCE:
            offset = _write(file, offset, gathered)
            gathered.clear()
    return _write(file, offset, gathered)


def names(folder: Handle) -> list[str]:
    """What there is in it. Raises OSError."""
    return os.listdir(folder.number)  # noqa: PTH208 - a descriptor is no Path


def put(folder: Handle, name: str, data: bytes) -> None:
    """This file with these bytes, whole or not at all. Raises OSError. Callers hold the lock."""
    new = f"{name}.new"
    remove(folder, new)
    try:
        write(file_of(folder, new, os.O_WRONLY | os.O_CREAT | os.O_EXCL), 0, [data])
        os.replace(new, name, src_dir_fd=folder.number, dst_dir_fd=folder.number)
    except OSError:
        remove(folder, new)
        raise


def remove(folder: Handle, name: str) -> None:
    """What stands under this name, if it can be."""
    with suppress(OSError):
        os.unlink(name, dir_fd=folder.number)


@contextmanager
def locked(folder: Handle) -> Iterator[None]:
    """The right to write; raises BlockingIOError at once where another has it.

    The kernel frees it with the process, so that a crash leaves none behind.
    """
    import fcntl  # only who writes needs it: start-up

    handle = file_of(folder, "lock", os.O_RDWR | os.O_CREAT)
    fcntl.flock(handle.number, fcntl.LOCK_EX | fcntl.LOCK_NB)
    try:
        yield
    finally:
        fcntl.flock(handle.number, fcntl.LOCK_UN)


def _require_ours(status: os.stat_result) -> None:
    if status.st_uid != os.geteuid() or status.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        raise Foreign("not ours alone")


def _write(file: Handle, offset: int, data: bytearray) -> int:
    view = memoryview(data)
    while view:
        written = os.pwrite(file.number, view, offset)
        offset += written
        view = view[written:]
    view.release()
    return offset

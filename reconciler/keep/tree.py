"""Which spec files there are, and how each looks from outside: one quick pass that opens none of them.

The rules are those of `reconciler.sources`, whose parts cost too much start-up to be shared. Must never take something
odd for fine: where sources would have anything to say, the answer is None, and the caller goes the long way.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Final

Stamp = tuple[int, int, int, int]
"""Size in bytes, mtime and ctime in nanoseconds, inode. A plain tuple: there are tens of thousands of them."""

SUFFIXES: Final = (".yaml", ".yml")
RESERVED: Final = ("_account.yaml", "_defaults.yaml")
LARGEST: Final = 16 * 1024 * 1024
"""Bytes. These three are what sources says; a test holds them equal."""
RACY: Final = 2_000_000_000
"""Nanoseconds. A file may change once more within the grain of its file system's clock (2 s on FAT) and look alike."""

_KIND: Final = 0o170000
_REGULAR: Final = stat.S_IFREG
_FOLDER: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


def walk(root: Path) -> dict[str, Stamp] | None:
    """Every spec file below the root by its relative path, in no order; None where there is any doubt."""
    found: dict[str, Stamp] = {}
    folders = [""]
    try:
        top = os.path.realpath(root)
        while folders:
            prefix = folders.pop()
            # By its descriptor: then the kernel need not follow the whole path to each file. With its last slash, a
            # link that stands there by now would be followed.
            folder = os.open(f"{top}/{prefix}"[:-1], _FOLDER)
            try:
                if not _look(folder, prefix, folders, found):
                    return None
            finally:
                os.close(folder)
    except (OSError, ValueError):  # a name that no file can have is a ValueError
        return None
    return found


def _look(folder: int, prefix: str, folders: list[str], found: dict[str, Stamp]) -> bool:
    """One folder: its files to `found`, its folders to `folders`; whether all is well. Raises OSError.

    What is printable holds no unsafe character; of what is not, most is fine, but that is for sources to say.
    """
    with os.scandir(folder) as entries:
        for entry in entries:
            name = entry.name
            first = name[0]
            if first == ".":
                continue
            if name.lower().endswith(SUFFIXES):
                status = entry.stat(follow_symlinks=False)
                size = status.st_size
                if (
                    status.st_mode & _KIND != _REGULAR
                    or size > LARGEST
                    or (first == "_" and name not in RESERVED)
                    or not name.isprintable()
                ):
                    return False
                found[prefix + name] = (size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino)
            elif entry.is_dir(follow_symlinks=False):
                if first == "_" or not name.isprintable():
                    return False
                folders.append(f"{prefix}{name}/")
            elif entry.is_symlink() and entry.is_dir():
                return False
    return True


def changed(before: Mapping[str, Stamp], now: Mapping[str, Stamp], trusted_before: int) -> tuple[set[str], set[str]]:
    """What was added or may have changed, and what was removed.

    A file whose mtime or ctime is not before `trusted_before` (nanoseconds) may have changed though it looks alike.
    """
    get = before.get
    fresh = {
        path
        for path, stamp in now.items()
        if get(path) != stamp or stamp[1] >= trusted_before or stamp[2] >= trusted_before
    }
    return fresh, before.keys() - now.keys()

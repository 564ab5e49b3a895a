"""A few whole outputs, remembered under a key each. Must never answer what was kept under another key or binding."""

from __future__ import annotations

import os
import re
from contextlib import suppress
from hashlib import blake2b
from pathlib import Path
from typing import Final

from reconciler.keep import folder as folders
from reconciler.keep import places
from reconciler.keep.folder import Handle
from reconciler.keep.index import check_of

AT_MOST: Final = 16
LARGEST: Final = 1_000_000
"""Bytes."""

_MAGIC: Final = b"RECKOUT\x01"
_START: Final = len(_MAGIC) + 16
_NAMED: Final = re.compile(r"outcome-[0-9a-f]{32}")


def find(place: Path, binding: bytes, key: bytes) -> bytes | None:
    """As `Keep.outcome` promises; a binding has 32 bytes."""
    digest = blake2b(key, digest_size=16)
    try:
        file = folders.file_of(folders.opened(place), f"outcome-{digest.hexdigest()}")
        data = folders.read(file, 0, _START + LARGEST + 1)
    except OSError:
        return None
    if len(data) > _START + LARGEST or not data.startswith(_MAGIC):
        return None
    content = data[_START:]
    return content if data[len(_MAGIC) : _START] == check_of(binding, digest.digest(), content) else None


def put(place: Path, binding: bytes, key: bytes, data: bytes) -> bool:
    """As `Keep.keep_outcome` promises."""
    if len(data) > LARGEST or not places.make(place):
        return False
    digest = blake2b(key, digest_size=16)
    name = f"outcome-{digest.hexdigest()}"
    try:
        folder = folders.opened(place)
        with folders.locked(folder):
            folders.put(folder, name, _MAGIC + check_of(binding, digest.digest(), data) + data)
            _drop_oldest(folder, name)
    except OSError:
        return False
    return True


def _drop_oldest(folder: Handle, but: str) -> None:
    aged: list[tuple[int, str]] = []
    for name in folders.names(folder):
        if _NAMED.fullmatch(name) and name != but:
            with suppress(OSError):
                aged.append((os.stat(name, dir_fd=folder.number, follow_symlinks=False).st_mtime_ns, name))
    for _, name in sorted(aged, reverse=True)[AT_MOST - 1 :]:
        folders.remove(folder, name)

"""Writing a keep: what is new is appended, and one rename makes it count.

The index is the only file that is replaced, and it names the others, so that a crash at any step leaves the old keep or
the new one. Nothing is forced to the disk: what a power cut tears shows by its check. Must not be imported by a run
that has nothing to save.
"""

from __future__ import annotations

import os
import re
import struct
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Final, NamedTuple

from reconciler.keep import folder as folders
from reconciler.keep import index as indexes
from reconciler.keep import places
from reconciler.keep.folder import Handle
from reconciler.keep.index import (
    LARGEST_SETTLED,
    LARGEST_SLICE,
    Generation,
    Index,
    Kept,
    Known,
    Record,
    check_of,
    lengths_in,
)
from reconciler.keep.tree import Stamp

_OURS: Final = re.compile(r"(?:slices|settled)-[0-9a-f]{16}|[a-z]+(?:-[0-9a-f]+)?\.new")
"""Files that only an index makes count, and what a crash left half written."""
_SHA256: Final = 32
_FAILURES: Final = (OSError, ValueError, struct.error)
"""The last two for what can be nothing of a file: a number out of all bounds, a path that leads up."""


class Before(NamedTuple):
    """What a keep knew when it was looked into."""

    found: Index
    head: bytes
    """How its file began."""
    binding: bytes
    slice: Callable[[Kept], bytes | None]


class _Slices(NamedTuple):
    """A file of slices in the making: where to begin in it, and whether it takes over what the last one held."""

    name: bytes
    start: int
    is_new: bool


def save(place: Path, before: Before, files: Mapping[str, Known], settled: bytes, written_at: int) -> bool:
    """As `Keep.save` promises."""
    if len(settled) > LARGEST_SETTLED or not places.make(place):
        return False
    try:
        folder = folders.opened(place)
        with folders.locked(folder):
            if _head(folder) != before.head:
                return False
            slices = _choose(folder, before.found.generation, files)
            name = os.urandom(8)
            try:
                data = _write(folder, slices, name, before, files, settled, written_at)
                folders.put(folder, "index", data)
            except _FAILURES:  # not a crash: whether the index counts by then, only the next to save can tell
                folders.remove(folder, f"settled-{name.hex()}")
                if slices.is_new:
                    folders.remove(folder, f"slices-{slices.name.hex()}")
                raise
            _sweep(folder, {f"settled-{name.hex()}", f"slices-{slices.name.hex()}"})
    except _FAILURES:
        return False
    return True


def _head(folder: Handle) -> bytes:
    try:
        return folders.read(folders.file_of(folder, "index"), 0, indexes.HEAD)
    except OSError:
        return b""


def _choose(folder: Handle, generation: Generation, files: Mapping[str, Known]) -> _Slices:
    """The file of slices that is there, unless more than half of it would be of no use, or it cannot be written."""
    used, new = lengths_in(known for known in files.values() if isinstance(known, bytes)), 0
    for known in files.values():
        if isinstance(known, bytes):
            continue
        if isinstance(known[2], Kept):
            used += known[2].length
        else:
            new += len(known[2])
    used += new
    whole = generation.end + new
    if generation.slices and 2 * used >= whole:
        with suppress(OSError):
            file = folders.file_of(folder, f"slices-{generation.slices.hex()}", os.O_WRONLY)
            os.ftruncate(file.number, generation.end)  # what a save left there that came to nothing
            return _Slices(generation.slices, generation.end, is_new=False)
    return _Slices(os.urandom(8), 0, is_new=True)


def _write(
    folder: Handle,
    slices: _Slices,
    name: bytes,
    before: Before,
    files: Mapping[str, Known],
    settled: bytes,
    written_at: int,
) -> bytes:
    """All but the index, whose bytes it answers; no file is touched in a place that counts already."""
    placed: dict[str, Record] = {}
    new = os.O_WRONLY | os.O_CREAT | os.O_EXCL
    file = folders.file_of(folder, f"slices-{slices.name.hex()}", new if slices.is_new else os.O_WRONLY)
    end = folders.write(file, slices.start, _parts(slices, before.slice, files, placed))
    if len(placed) < len(files):
        settled = b""  # nobody could tell later what was settled by the files that are left out
    folders.write(folders.file_of(folder, f"settled-{name.hex()}", new), 0, [settled])
    generation = Generation(slices.name, end, name, len(settled), check_of(settled), written_at)
    return indexes.encode(generation, before.binding, placed)


def _parts(
    slices: _Slices, slice_of: Callable[[Kept], bytes | None], files: Mapping[str, Known], placed: dict[str, Record]
) -> Iterator[bytes]:
    """The slices to write, in order; every file that is kept is placed on the way."""
    end = slices.start
    for path, item in files.items():
        if isinstance(item, bytes) and not slices.is_new:
            placed[path] = item
            continue
        stamp, digest, known = _said(item)
        if len(digest) != _SHA256:
            raise ValueError("no SHA-256")
        if isinstance(known, Kept) and not slices.is_new:
            if 0 <= known.offset <= slices.start - known.length:
                placed[path] = Kept(stamp, digest, *known[2:]).record()
            continue
        data = slice_of(known) if isinstance(known, Kept) else known
        if data is None or len(data) > LARGEST_SLICE:
            continue
        placed[path] = Kept(stamp, digest, end, len(data), check_of(data)).record()
        end += len(data)
        yield data


def _said(known: Known) -> tuple[Stamp, bytes, bytes | Kept]:
    if not isinstance(known, bytes):
        return known
    kept = Kept.of(known)
    return kept.stamp, kept.digest, kept


def _sweep(folder: Handle, current: set[str]) -> None:
    with suppress(OSError):
        for name in folders.names(folder):
            if _OURS.fullmatch(name) and name not in current:
                folders.remove(folder, name)

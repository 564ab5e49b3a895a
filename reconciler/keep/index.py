"""The index of a keep as bytes, and back: a table that 10,000 files load from in a few milliseconds.

Pure. Checks are against damage: who can write our own files can also make good checks. Against them stand who owns the
folder and where it is. Still nothing in here may cost more than the size of what was read.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator, Mapping
from hashlib import sha256
from typing import Final, NamedTuple

from reconciler.keep.tree import Stamp

_MAGIC: Final = b"RECKEEP\x01"
"""Its last byte is the version of this layout."""
_HEADER: Final = struct.Struct("<8s16s32s8s8sQ16sQqQQ")
_STAMP: Final = struct.Struct("<QqqQ")
_ROW: Final = struct.Struct("<32sQI16s")
_CHECKED: Final = 24
"""What stands behind this many bytes is what the check is of: all but the magic and the check."""
HEAD: Final = _HEADER.size
"""Bytes at the beginning that no two saves write alike."""
LARGEST: Final = 256 * 1024 * 1024
"""Bytes of an index: two million files."""
LARGEST_SLICE: Final = 64 * 1024 * 1024
LARGEST_SETTLED: Final = 256 * 1024 * 1024


class Kept(NamedTuple):
    """What the keep knows of one file: how it looked, the SHA-256 of its content, and where its slice is."""

    stamp: Stamp
    digest: bytes
    offset: int
    length: int
    check: bytes


Known = tuple[Stamp, bytes, bytes | Kept]
"""What to keep of a file: stamp, SHA-256 of the content, and its slice: a new one, or the one that is kept already."""


class Generation(NamedTuple):
    """What one save wrote beside the index: its files, and when."""

    slices: bytes
    """Eight bytes in the name of the file of slices."""
    end: int
    """How many bytes of that file count."""
    settled: bytes
    """Eight bytes in the name of the file of what was settled."""
    settled_length: int
    settled_check: bytes
    written_at: int
    """Nanoseconds."""


class Index(NamedTuple):
    """One save, read back."""

    generation: Generation
    stamps: dict[str, Stamp]
    rows: bytes
    """What is known beside the stamp, in the same order."""


EMPTY: Final = Index(Generation(b"", 0, b"", 0, b"", 0), {}, b"")


class Files(Mapping[str, Kept]):
    """The files of an index. Values are made when asked for: most runs ask for few."""

    def __init__(self, index: Index) -> None:
        self._stamps = index.stamps
        self._rows = index.rows
        self._numbers: dict[str, int] | None = None

    def __getitem__(self, path: str) -> Kept:
        if self._numbers is None:
            self._numbers = dict(zip(self._stamps, range(len(self._stamps)), strict=True))
        return Kept(self._stamps[path], *_ROW.unpack_from(self._rows, self._numbers[path] * _ROW.size))

    def together(self) -> dict[str, Kept]:
        """All of them: quicker than one by one."""
        known = map(
            Kept._make,
            ((stamp, *row) for stamp, row in zip(self._stamps.values(), _ROW.iter_unpack(self._rows), strict=True)),
        )
        return dict(zip(self._stamps, known, strict=True))

    def __iter__(self) -> Iterator[str]:
        return iter(self._stamps)

    def __len__(self) -> int:
        return len(self._stamps)


def check_of(*parts: bytes | memoryview) -> bytes:
    """Sixteen bytes that tell damage: of SHA-256, which is thrice as quick as BLAKE2 where the processor knows it."""
    digest = sha256()
    for part in parts:
        digest.update(part)
    return digest.digest()[:16]


def encode(generation: Generation, binding: bytes, files: Iterable[tuple[str, Kept]]) -> bytes:
    """The bytes of an index; `binding` has 32. Raises ValueError or struct.error for what cannot stand in one."""
    names: list[str] = []
    stamps: list[bytes] = []
    rows: list[bytes] = []
    for path, kept in files:
        names.append(path)
        stamps.append(_STAMP.pack(*kept.stamp))
        rows.append(_ROW.pack(*kept[1:]))
    text = "\0".join(names)
    joined = text.encode("utf-8", "surrogatepass")
    slices, end, settled, length, check, written_at = generation
    header = _HEADER.pack(
        _MAGIC, b"", binding, slices, settled, length, check, end, written_at, len(names), len(joined)
    )
    data = b"".join((header[_CHECKED:], *stamps, *rows, joined))
    if (names and (not _are_paths(text) or text.count("\0") >= len(names))) or len(data) > LARGEST:
        raise ValueError("not what an index can hold")
    return _MAGIC + check_of(data) + data


def promised(head: bytes) -> int:
    """How long the index is that begins like this; 0 where none does."""
    if len(head) < HEAD or not head.startswith(_MAGIC):
        return 0
    *_, count, names = _HEADER.unpack_from(head)
    length = HEAD + count * (_STAMP.size + _ROW.size) + names
    return length if length <= LARGEST else 0


def decode(data: bytes, binding: bytes) -> Index | None:
    """The index that these bytes are; None for damage, for another layout, and for another binding."""
    if promised(data) != len(data) or check_of(memoryview(data)[_CHECKED:]) != data[8:_CHECKED]:
        return None
    _, _, bound, slices, settled, length, check, end, written_at, count, _ = _HEADER.unpack_from(data)
    if bound != binding:
        return None
    rows = HEAD + count * _STAMP.size
    names = rows + count * _ROW.size
    try:
        joined = data[names:].decode("utf-8", "surrogatepass")
    except UnicodeDecodeError:
        return None
    paths = joined.split("\0") if count else []
    stamps = dict(zip(paths, _STAMP.iter_unpack(memoryview(data)[HEAD:rows]), strict=False))
    if len(paths) != count or len(stamps) != count or (count and not _are_paths(joined)):
        return None
    generation = Generation(slices, end, settled, length, check, written_at)
    return Index(generation, stamps, data[rows:names])


def _are_paths(joined: str) -> bool:
    """Whether every part of every path is a plain name: none is used as a path from here, and none ever should be."""
    framed = f"\0{joined}\0".replace("/", "\0")
    return "\0." not in framed and "\0\0" not in framed

"""The index of a keep as bytes, and back: a table that 10,000 files load from in a few milliseconds.

Pure. Checks are against damage: who can write our own files can also make good checks. Against them stand who owns the
folder and where it is. Still nothing in here may cost more than the size of what was read.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator, Mapping
from hashlib import sha256
from operator import itemgetter
from typing import Final, NamedTuple

from reconciler.keep.tree import Stamp

_MAGIC: Final = b"RECKEEP\x02"
"""Its last byte is the version of this layout."""
_HEADER: Final = struct.Struct("<8s16s32s8s8sQ16sQqQQ")
_RECORD: Final = struct.Struct("<QqqQ32sQI16s")
_STAMPS: Final = struct.Struct("<QqqQ60x")
"""The same, for who asks for its stamp alone."""
_STAMP_SIZE: Final = 32
_LENGTHS: Final = struct.Struct("<72xI16x")
_BYTES: Final = struct.Struct(f"{_RECORD.size}s")
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

    @classmethod
    def of(cls, record: Record) -> Kept:
        """What a record says."""
        size, modified, changed, inode, *rest = _RECORD.unpack(record)
        return cls((size, modified, changed, inode), *rest)

    def record(self) -> Record:
        """The same as bytes. Raises struct.error for what cannot stand in an index."""
        return _RECORD.pack(*self.stamp, *self[1:])


Record = bytes
"""A `Kept` as the index has it. Most files are as they were, and nobody asks what their records say."""
Known = tuple[Stamp, bytes, bytes | Kept] | Record
"""What to keep of a file: stamp, SHA-256 of the content, and its slice: a new one, or the one that is kept already. Or
the record of a keep, as it is."""


def digest_in(record: Record) -> bytes:
    """The SHA-256 of the content that a record is of."""
    return record[_STAMP_SIZE : _STAMP_SIZE + 32]


def lengths_in(records: Iterable[Record]) -> int:
    """How long the slices of these records are, together."""
    return sum(map(itemgetter(0), _LENGTHS.iter_unpack(b"".join(records))))


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
    records: bytes
    """In the same order."""


EMPTY: Final = Index(Generation(b"", 0, b"", 0, b"", 0), {}, b"")


class Files(Mapping[str, Kept]):
    """The files of an index. Values are made when asked for: most runs ask for few."""

    def __init__(self, index: Index) -> None:
        self._stamps = index.stamps
        self._records = index.records
        self._numbers: dict[str, int] | None = None

    def __getitem__(self, path: str) -> Kept:
        if self._numbers is None:
            self._numbers = dict(zip(self._stamps, range(len(self._stamps)), strict=True))
        begin = self._numbers[path] * _RECORD.size
        return Kept.of(self._records[begin : begin + _RECORD.size])

    def records(self) -> dict[str, Record]:
        """All of them as they are, at once."""
        return {path: record for path, (record,) in zip(self._stamps, _BYTES.iter_unpack(self._records), strict=True)}

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


def encode(generation: Generation, binding: bytes, files: Mapping[str, Record]) -> bytes:
    """The bytes of an index; `binding` has 32. Raises ValueError or struct.error for what cannot stand in one."""
    names = list(files)
    text = "\0".join(names)
    joined = text.encode("utf-8", "surrogatepass")
    slices, end, settled, length, check, written_at = generation
    header = _HEADER.pack(
        _MAGIC, b"", binding, slices, settled, length, check, end, written_at, len(names), len(joined)
    )
    data = b"".join((header[_CHECKED:], *files.values(), joined))
    if (names and (not _are_paths(text) or text.count("\0") >= len(names))) or len(data) > LARGEST:
        raise ValueError("not what an index can hold")
    return _MAGIC + check_of(data) + data


def promised(head: bytes) -> int:
    """How long the index is that begins like this; 0 where none does."""
    if len(head) < HEAD or not head.startswith(_MAGIC):
        return 0
    *_, count, names = _HEADER.unpack_from(head)
    length = HEAD + count * _RECORD.size + names
    return length if length <= LARGEST else 0


def decode(data: bytes, binding: bytes) -> Index | None:
    """The index that these bytes are; None for damage, for another layout, and for another binding."""
    if promised(data) != len(data) or check_of(memoryview(data)[_CHECKED:]) != data[8:_CHECKED]:
        return None
    _, _, bound, slices, settled, length, check, end, written_at, count, _ = _HEADER.unpack_from(data)
    if bound != binding:
        return None
    names = HEAD + count * _RECORD.size
    try:
        joined = data[names:].decode("utf-8", "surrogatepass")
    except UnicodeDecodeError:
        return None
    paths = joined.split("\0") if count else []
    stamps = dict(zip(paths, _STAMPS.iter_unpack(memoryview(data)[HEAD:names]), strict=False))
    if len(paths) != count or len(stamps) != count or (count and not _are_paths(joined)):
        return None
    generation = Generation(slices, end, settled, length, check, written_at)
    return Index(generation, stamps, data[HEAD:names])


def _are_paths(joined: str) -> bool:
    """Whether every part of every path is a plain name: none is used as a path from here, and none ever should be."""
    framed = f"\0{joined}\0".replace("/", "\0")
    return "\0." not in framed and "\0\0" not in framed

"""A keep: what the last run knew of each file, one slice of bytes for each, and what was settled.

Checks are against damage, not against somebody who can write our files: against them stand the rules of whose the
folder is (`folder`) and where it may be (`places`). Must never raise for what is on the disk: what is damaged, foreign
or of another version is as if it were not there.
"""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import blake2b
from pathlib import Path

from reconciler.keep import folder as folders
from reconciler.keep import index as indexes
from reconciler.keep.folder import Handle
from reconciler.keep.index import EMPTY, LARGEST_SETTLED, LARGEST_SLICE, Files, Index, Kept, Known, check_of
from reconciler.keep.tree import Stamp


class Keep:
    """One folder as it was when it was first looked into; other processes may save meanwhile, and harm nothing."""

    def __init__(self, folder: Path | None, binding: bytes) -> None:
        self._folder = folder
        self._binding = blake2b(binding, digest_size=32).digest()
        self._loaded: tuple[Index, bytes] | None = None
        self._files: Files | None = None
        self._slices: Handle | None = None

    @classmethod
    def open(cls, folder: Path | None, binding: bytes) -> Keep:
        """The keep of that folder, where it was saved under the same binding; else, and without a folder, empty.

        The binding is all that its contents depend on beside the files: version, models, defaults. Reads nothing yet.
        """
        return cls(folder, binding)

    @property
    def stamps(self) -> Mapping[str, Stamp]:
        """How each file looked. Quicker than the same from `files`."""
        return self._index().stamps

    @property
    def files(self) -> Files:
        """What is known of each file, as a mapping; `files.records()` is all of it at once, as bytes."""
        if self._files is None:
            self._files = Files(self._index())
        return self._files

    @property
    def written_at(self) -> int:
        """What `save` was told, in nanoseconds; 0 where nothing is kept."""
        return self._index().generation.written_at

    @property
    def settled(self) -> bytes | None:
        """The bytes of what was settled when this was saved; None where they are damaged or gone."""
        generation = self._index().generation
        if not generation.settled or generation.settled_length > LARGEST_SETTLED:
            return None
        try:
            file = self._file(f"settled-{generation.settled.hex()}")
            return _sound(file, 0, generation.settled_length, generation.settled_check)
        except OSError:
            return None

    def slice(self, kept: Kept) -> bytes | None:
        """The bytes kept for that file, and no others are read; None where they are damaged or gone."""
        generation = self._index().generation
        is_within = 0 <= kept.length <= LARGEST_SLICE and 0 <= kept.offset <= generation.end - kept.length
        if not generation.slices or not is_within:
            return None
        try:
            if self._slices is None:
                self._slices = self._file(f"slices-{generation.slices.hex()}")
            return _sound(self._slices, kept.offset, kept.length, kept.check)
        except OSError:
            return None

    def save(self, files: Mapping[str, Known], settled: bytes, written_at_ns: int) -> bool:
        """Keep these files and no others; False where that cannot be, or another process saved or saves meanwhile.

        `written_at_ns` is the time before the walk whose stamps these are: what changed later may look alike. A `Kept`
        is one of this keep's own; one that is damaged by now is left out, as a file that nobody knows. Whatever
        happens, a crash too, the folder holds what it held or all of this. Where another was quicker, open it anew.
        """
        from reconciler.keep.saving import Before, save  # only a run that learned something needs it: start-up

        if self._folder is None:
            return False
        saved = save(self._folder, Before(*self._load(), self._binding, self.slice), files, settled, written_at_ns)
        if saved:
            self._loaded = self._files = self._slices = None
        return saved

    def outcome(self, key: bytes) -> bytes | None:
        """What was kept under this key and the same binding; None where nothing sound is."""
        from reconciler.keep import outcomes  # few runs ask: start-up

        return None if self._folder is None else outcomes.find(self._folder, self._binding, key)

    def keep_outcome(self, key: bytes, data: bytes) -> bool:
        """Keep these bytes, at most a megabyte, under this key; the oldest goes where there are too many."""
        from reconciler.keep import outcomes  # as above

        return self._folder is not None and outcomes.put(self._folder, self._binding, key, data)

    def _index(self) -> Index:
        return self._load()[0]

    def _load(self) -> tuple[Index, bytes]:
        """The index, and how the file begins that it is from, whatever that is."""
        if self._loaded is None:
            self._loaded = self._read()
        return self._loaded

    def _read(self) -> tuple[Index, bytes]:
        head = b""
        try:
            file = self._file("index")
            head = folders.read(file, 0, indexes.HEAD)
            length = indexes.promised(head)
            if not length or length != folders.size_of(file):
                return EMPTY, head
            data = head + folders.read(file, len(head), length - len(head))
        except OSError:
            return EMPTY, head
        return indexes.decode(data, self._binding) or EMPTY, head

    def _file(self, name: str) -> Handle:
        if self._folder is None:
            raise FileNotFoundError(name)
        return folders.file_of(folders.opened(self._folder), name)


def _sound(file: Handle, offset: int, length: int, check: bytes) -> bytes | None:
    data = folders.read(file, offset, length)
    return data if len(data) == length and check_of(data) == check else None

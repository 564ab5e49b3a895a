"""Surveys a folder of spec files: a sketch of each, kept of an earlier run or made anew, by several processes.

Where anything about the folder is odd there is no survey, and the specs are read whole. Must not know a store.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Container, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from hashlib import blake2b
from itertools import pairwise
from pathlib import Path
from typing import Final, NamedTuple

from reconciler.desired import SpecText, SpecTexts
from reconciler.keep.index import Kept, Known, digest_in
from reconciler.keep.shelf import Keep
from reconciler.keep.tree import RACY, Stamp, changed
from reconciler.progress import Progress, Untold
from reconciler.settings import Settings
from reconciler.sources import digest_of, read_one
from reconciler.spec.collector import at_rest
from reconciler.spec.parts import AROUND, Parts, Survey
from reconciler.spec.sketch import Sketch

ALONE: Final = 1024 * 1024
"""Bytes of specs that one process reads sooner than two could be started for."""
_MOSTLY: Final = 8
"""Of a file that was known before most blocks are as they were: it takes about an eighth of the time."""
_DIGEST: Final = 32
_TOGETHER: Final = 16
"""Files in one message: so that neither side waits for the other at each."""


class Made(NamedTuple):
    """What came of reading one file."""

    digest: bytes
    """SHA-256 of its bytes."""
    sketch: bytes
    """Packed, with the marks of its blocks; empty: to be read in full."""


@dataclass(slots=True)
class Surveyor:
    """A folder of spec files, and what is kept of it from an earlier run."""

    root: str
    """Its real path."""
    shown_as: str
    settings: Settings
    providers: Container[str]
    binding: bytes
    """All that a sketch depends on beside its file and the files above it."""
    place: Path | None = None
    """The folder of the keep; None: nothing is kept."""
    processes: int = 1
    verify: bool = False
    """Look into every file, however it looks from outside."""
    whole: bool = False
    """Believe of the files behind a change only what they say now."""
    progress: Progress = field(default_factory=Untold)
    stamps: dict[str, Stamp] = field(default_factory=dict)
    began: int = 0
    """Nanoseconds: just before the walk."""
    keep: Keep = field(default_factory=lambda: Keep.open(None, b""))
    known: dict[str, Known] = field(default_factory=dict)
    count: int = 0
    """Of the files with subscriptions."""
    saved: bool = False

    def survey(self, stamps: dict[str, Stamp], began: int) -> Survey | None:
        """The survey of the files that a walk found; None: read everything in full."""
        self.stamps, self.began = dict(sorted(stamps.items())), began
        around = self._around()
        if around is None:
            return None
        texts, above = around
        parts = Parts(texts, self.settings, self.providers)
        if not parts.sound:
            return None
        self.keep = Keep.open(self.place, blake2b(self.binding + texts.digest.encode()).digest())
        files = [relative for relative in self.stamps if relative not in above]
        self.count = len(files)
        self._recall()
        missing = [relative for relative in files if relative not in self.known]
        self.progress.phase("Reading", len(missing), "files")
        with at_rest():
            made = dict(self._read(parts, missing))
        if len(made) != len(missing):
            return None
        self._note(made)
        digests = {**{one: _digest(self.known[one]) for one in files if one not in made}, **above}
        digests |= {one: item.digest for one, item in made.items()}
        kept = self.keep.settled if self.known else None
        sketches = Sketches(self.shown_as, files, made, self.known, self.keep, partial(self._anew, parts))
        return Survey(
            parts,
            sketches,
            digest_of((one, digests[one]) for one in self.stamps),
            self._text_of(digests),
            {} if kept is None else self._before(files, made),
            () if kept is None else tuple(f"{self.shown_as}/{one}" for one in made),
            kept,
            (lambda file: False) if self.whole else sketches.in_blocks,
        )

    def save(self, settled: bytes) -> bool:
        """Keep what was read, with what was settled by it; whether that could be done.

        Where a file is not kept, for it moved meanwhile, nobody could tell later what was settled by it.
        """
        if self.saved:  # by that, or by another process since, all has found another place
            there = self.keep.files.records()
            self.known = {
                one: there[one] if isinstance(item, bytes) else (*item[:2], Kept.of(there[one]))
                for one, item in self.known.items()
                if one in there and digest_in(there[one]) == _digest(item)
            }
        self.saved = self.keep.save(self.known, settled if len(self.known) == self.count else b"", self.began)
        return self.saved

    def _around(self) -> tuple[SpecTexts, dict[str, bytes]] | None:
        """The files that others depend on, with the digests of their bytes; None where one is odd."""
        above: dict[str, bytes] = {}
        texts = []
        for relative in self.stamps:
            if relative.rpartition("/")[2] in AROUND:
                above[relative], text, found = read_one(self.root, relative, self.shown_as)
                if text is None or found:
                    return None
                texts.append(text)
        return SpecTexts(tuple(texts), (), digest_of(above.items())), above

    def _recall(self) -> None:
        """Note what is known already of the files that are as they were."""
        fresh: Collection[str] = self.stamps if self.verify else self._fresh()
        there = self.keep.files.records()
        self.known = {one: record for one, record in there.items() if one in self.stamps and one not in fresh}
        for relative in fresh:
            record = there.get(relative, b"")
            if record and read_one(self.root, relative, self.shown_as)[0] == digest_in(record):
                self.known[relative] = (self.stamps[relative], digest_in(record), Kept.of(record))

    def _fresh(self) -> Collection[str]:
        return changed(self.keep.stamps, self.stamps, self.keep.written_at - RACY)[0]

    def _before(self, files: Sequence[str], made: Mapping[str, Made]) -> dict[str, Sketch | None]:
        """What the files said that are gone, or say something else now."""
        there = set(files)
        gone = [one for one in self.keep.stamps if one in made or one not in there]
        return {f"{self.shown_as}/{one}": _unpacked(self.keep.slice(self.keep.files[one]) or b"") for one in gone}

    def _read(self, parts: Parts, files: Sequence[str]) -> Iterator[tuple[str, Made]]:
        known: Container[str] = () if self.whole else self.keep.stamps
        size = sum(self.stamps[one][0] // (_MOSTLY if one in known else 1) for one in files)
        if self.processes > 1 and size > ALONE:
            return self._shared(parts, files)
        return self._alone(parts, files)

    def _alone(self, parts: Parts, files: Sequence[str]) -> Iterator[tuple[str, Made]]:
        for relative in files:
            yield relative, self._made(parts, relative)
            self.progress.advance()

    def _shared(self, parts: Parts, files: Sequence[str]) -> Iterator[tuple[str, Made]]:
        """The same by several processes; where one dies, its files are missing."""
        from reconciler.sharing import shared_out  # start-up: only much work is worth more processes

        def task(begin: int, end: int) -> Iterator[bytes]:
            for first in range(begin, end, _TOGETHER):
                made = (self._made(parts, relative) for relative in files[first : min(first + _TOGETHER, end)])
                yield b"".join(part for at, item in enumerate(made, first) for part in _packed(at, item))

        # Neighbours lie below the same defaults: what is learned of one serves the next.
        bounds = [len(files) * number // self.processes for number in range(self.processes + 1)]
        tasks = [partial(task, *pair) for pair in pairwise(bounds)]
        for _, message in shared_out(tasks):
            if message is not None:
                count = 0
                for at, item in _opened(message):
                    count += 1
                    yield files[at], item
                self.progress.advance(count)

    def _made(self, parts: Parts, relative: str) -> Made:
        digest, text, found = read_one(self.root, relative, self.shown_as)
        return Made(digest, b"" if text is None or found else parts.kept(text, self._last(relative)))

    def _last(self, relative: str) -> bytes:
        """What was kept of a file that says something else now; nothing of one that is new, nor for an apply."""
        kept = None if self.whole else self.keep.files.get(relative)
        return b"" if kept is None else self.keep.slice(kept) or b""

    def _anew(self, parts: Parts, relative: str) -> bytes:
        """The sketch of a file whose slice is damaged, to be kept instead; empty where the file has moved since."""
        item = self._made(parts, relative)
        if item.digest != _digest(self.known[relative]):
            return b""
        self.known[relative] = (self.stamps[relative], item.digest, item.sketch)
        return item.sketch

    def _note(self, made: Mapping[str, Made]) -> None:
        """What is to be kept of the files that were read. One that moved meanwhile is not: it is read again."""
        for relative, item in made.items():
            if relative not in self.known and self._stands(relative):
                self.known[relative] = (self.stamps[relative], item.digest, item.sketch)

    def _stands(self, relative: str) -> bool:
        try:
            status = os.lstat(f"{self.root}/{relative}")
        except OSError:
            return False
        return self.stamps[relative] == (status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino)

    def _text_of(self, digests: Mapping[str, bytes]) -> Callable[[str], SpecText | None]:
        def text_of(shown: str) -> SpecText | None:
            relative = shown[len(self.shown_as) + 1 :]
            digest, text, _ = read_one(self.root, relative, self.shown_as)
            return text if digest == digests.get(relative) else None

        return text_of


class Sketches(Mapping[str, Sketch | None]):
    """The sketches of a folder by path as shown, in path order; each is made of its bytes when it is asked for."""

    def __init__(
        self, shown_as: str, files: Sequence[str], made: Mapping[str, Made], known: Mapping[str, Known], keep: Keep,
        anew: Callable[[str], bytes],
    ) -> None:  # fmt: skip
        self._shown_as = shown_as
        self._files = dict.fromkeys(files)
        self._made = made
        self._known = known
        self._keep = keep
        self._anew = anew

    def __getitem__(self, shown: str) -> Sketch | None:
        return _unpacked(self._data(shown))

    def in_blocks(self, shown: str) -> bool:
        """Whether the blocks of that file have marks: none of them says anything of another one."""
        try:
            return bool(Sketch.beginning(self._data(shown))[1])
        except ValueError:
            return False

    def _data(self, shown: str) -> bytes:
        relative = shown[len(self._shown_as) + 1 :]
        if relative in self._made:
            return self._made[relative].sketch
        known = self._known[relative]
        kept = Kept.of(known) if isinstance(known, bytes) else known[2]
        found = self._keep.slice(kept) if isinstance(kept, Kept) else kept
        return self._anew(relative) if found is None else found

    def __iter__(self) -> Iterator[str]:
        return (f"{self._shown_as}/{relative}" for relative in self._files)

    def __len__(self) -> int:
        return len(self._files)


def _digest(known: Known) -> bytes:
    return digest_in(known) if isinstance(known, bytes) else known[1]


def _unpacked(data: bytes) -> Sketch | None:
    """The sketch; None: read the file in full, also where what was kept makes no sense."""
    try:
        return Sketch.beginning(data)[0] if data else None
    except ValueError:
        return None


def _packed(at: int, item: Made) -> tuple[bytes, ...]:
    return at.to_bytes(4, "big"), len(item.sketch).to_bytes(4, "big"), item.digest.ljust(_DIGEST, b"\0"), item.sketch


def _opened(message: bytes) -> Iterator[tuple[int, Made]]:
    """The files in a message, by their number."""
    at = 0
    while at < len(message):
        number, length = int.from_bytes(message[at : at + 4], "big"), int.from_bytes(message[at + 4 : at + 8], "big")
        begin = at + 8 + _DIGEST
        yield number, Made(message[at + 8 : begin], message[begin : begin + length])
        at = begin + length

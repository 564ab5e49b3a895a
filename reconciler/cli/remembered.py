"""What a dry run said, kept for the next one of the same words over the same files, store, settings and program.

Kept only of a run over a large estate with nothing to do, and believed only until time changes something. Must stay
light, and must never say what a whole run would not.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Mapping
from hashlib import blake2b
from itertools import chain
from pathlib import Path
from time import time_ns
from typing import NamedTuple

from reconciler.cli.app import Given
from reconciler.keep.places import place
from reconciler.keep.shelf import Keep
from reconciler.keep.tree import RACY, Stamp, walk
from reconciler.program import program

_LINES = 8


class Answer(NamedTuple):
    """What was said, and the exit code."""

    text: str
    code: int


class Scene(NamedTuple):
    """What a run looked at."""

    specs: str
    store: str
    prices: str
    """The price list; empty: none."""


class Question(NamedTuple):
    """One dry run, as it was asked for."""

    keep: Keep
    key: bytes
    asked_at: int
    """Nanoseconds: before anything was looked at."""
    settings: str
    """Their path."""

    @classmethod
    def of(cls, given: Given, paths: tuple[str, ...], environ: Mapping[str, str], *, colour: bool) -> Question | None:
        """None where nothing can be kept."""
        asked_at = time_ns()
        name = given.settings_file or environ.get("RECONCILE_CONFIG") or "reconcile.yaml"
        settings = os.path.abspath(given.directory / name)
        folder = place(environ, Path(settings).parent)
        text = _bytes_of(settings)
        if folder is None or text is None:
            return None
        ours = sorted(item for item in environ.items() if item[0].startswith("RECONCILE_"))
        words = repr((given, paths, os.path.abspath(given.directory), ours, colour, settings))
        key = blake2b(b"\0".join((words.encode("utf-8", "surrogateescape"), text))).digest()
        return cls(Keep.open(folder, program()), key, asked_at, settings)

    def answer(self, now: int) -> Answer | None:
        """What was said, where a run would say it again."""
        data = self.keep.outcome(self.key)
        head, separator, text = (data or b"").partition(b"\0")
        lines = head.decode("utf-8", "surrogateescape").split("\n")
        if not separator or len(lines) != _LINES:
            return None
        specs, store, prices, tree, stamps, since, until, code = lines
        try:
            holds, said = int(since) <= now < int(until), Answer(text.decode(), int(code))
        except ValueError:
            return None
        found = _looked_at(Scene(specs, store, prices)) if holds else None
        return said if found is not None and (found.tree, found.beside) == (tree, stamps) else None

    def remember(self, scene: Scene, specs: Mapping[str, Stamp], text: str, code: int, until: int) -> bool:
        """Keep what was said of specs that looked like this, to be believed until then (nanoseconds); whether that
        could be done.

        What changed just before the run may have changed unseen within it: then nothing is kept.
        """
        found, settings = _looked_at(scene), _stamp(self.settings)
        if found is None or settings is None or any("\n" in part for part in scene):
            return False
        newest = max(max(stamp[1], stamp[2]) for stamp in (*found.stamps, settings))
        if newest >= self.asked_at - RACY or found.tree != _tree_of(specs):
            return False
        lines = (*scene, found.tree, found.beside, str(self.asked_at), str(until), str(code))
        head = "\n".join(lines).encode("utf-8", "surrogateescape")
        return self.keep.keep_outcome(self.key, head + b"\0" + text.encode("utf-8", "backslashreplace"))


class _Look(NamedTuple):
    """How files and store look from outside."""

    tree: str
    beside: str
    stamps: list[Stamp]


def _looked_at(scene: Scene) -> _Look | None:
    """None where anything is odd: a store that is written to, a folder that cannot be walked."""
    stamps = walk(Path(scene.specs))
    if stamps is None or any(os.path.lexists(f"{scene.store}{end}") for end in ("-journal", "-wal")):
        return None
    store, prices = _stamp(scene.store), _stamp(scene.prices) if scene.prices else (0, 0, 0, 0)
    if store is None or prices is None:
        return None
    known = [store, prices]
    tree = _tree_of(stamps)
    beside = repr((os.path.realpath(scene.specs), known))
    return None if tree is None else _Look(tree, beside, [*stamps.values(), *known])


def _tree_of(stamps: Mapping[str, Stamp]) -> str | None:
    """A digest of which files there are, and how they look."""
    names = sorted(stamps)
    try:
        numbers = struct.pack(f">{4 * len(names)}Q", *chain.from_iterable(map(stamps.__getitem__, names)))
    except struct.error:  # a time before 1970
        return None
    tree = blake2b(numbers, digest_size=16)
    tree.update("\0".join(names).encode("utf-8", "surrogateescape"))
    return tree.hexdigest()


def _stamp(path: str) -> Stamp | None:
    """Of the file that is read, be it behind a link."""
    try:
        status = Path(path).stat()
    except OSError:
        return None
    return status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino


def _bytes_of(path: str) -> bytes | None:
    try:
        with Path(path).open("rb") as file:
            return file.read(1 << 24)
    except OSError:
        return None

"""Keeps for tests. The digest of a file's content is here that of its slice, so that any answer can be judged alone."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path

from reconciler.keep.index import Kept, Known
from reconciler.keep.shelf import Keep

BINDING = b"version 1, models 2"
AT = 1_700_000_000_000_000_000

Contents = dict[str, bytes]


def known(contents: Mapping[str, bytes]) -> dict[str, Known]:
    """These slices, all of them new."""
    return {
        path: ((len(data), AT + number, AT - number, number), sha256(data).digest(), data)
        for number, (path, data) in enumerate(contents.items())
    }


def kept(keep: Keep) -> dict[str, Known]:
    """What a keep holds, to be kept on."""
    return {path: (item.stamp, item.digest, item) for path, item in keep.files.items()}


def saved(folder: Path, contents: Mapping[str, bytes], settled: bytes = b"settled") -> Keep:
    """A keep with these slices in that folder, opened anew."""
    assert Keep.open(folder, BINDING).save(known(contents), settled, AT)
    return Keep.open(folder, BINDING)


def contents(keep: Keep) -> dict[str, bytes | None]:
    """The slice of every file that it knows; fails where one is not what was kept under its name."""
    found = {path: keep.slice(item) for path, item in keep.files.items()}
    for path, data in found.items():
        assert data is None or sha256(data).digest() == keep.files[path].digest
    return found


def whole(folder: Path) -> tuple[dict[str, bytes | None], bytes | None]:
    """All that a keep in that folder answers."""
    keep = Keep.open(folder, BINDING)
    return contents(keep), keep.settled


def names(folder: Path) -> set[str]:
    """The files of a folder, each random name cut off."""
    return {path.name.partition("-")[0] + ("-" if "-" in path.name else "") for path in folder.iterdir()}


def the(folder: Path, beginning: str) -> Path:
    """The one file whose name begins like this."""
    (found,) = folder.glob(f"{beginning}*")
    return found


__all__ = ["AT", "BINDING", "Contents", "Kept", "contents", "kept", "known", "names", "saved", "the", "whole"]

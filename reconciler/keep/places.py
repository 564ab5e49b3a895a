"""Where a keep is: never inside of the repository, whose authors could then say what is in it.

Reads the mapping that it is handed. Must not read what is in a keep.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import suppress
from hashlib import blake2b
from pathlib import Path
from typing import Final

from reconciler.keep import folder as folders
from reconciler.keep.folder import Handle

VARIABLE: Final = "RECONCILE_CACHE"
"""Names the folder itself; `off`, or nothing at all behind the sign: no keep."""

TAG: Final = b"""Signature: 8a477f597d28d172789f06886806bc55
# A cache of reconcile: it may be deleted at any time. See https://bford.info/cachedir/
"""
_TAG_NAME, _IGNORE_NAME = "CACHEDIR.TAG", ".gitignore"


def place(environ: Mapping[str, str], root: Path) -> Path | None:
    """The folder for the keep of the specs below this root, there or not; None: there is to be none.

    That is where someone said so, where there is no home, and where the folder would not be outside of the root and
    of the repository that it is in.
    """
    try:
        home = os.path.realpath(root)
        given = environ.get(VARIABLE)
        if given is None:
            given = _of_user(environ, home)
        if not given or given.lower() == "off" or not os.path.isabs(given):  # noqa: PTH117 - a Path of '' is '.'
            return None
        found = os.path.realpath(given)
        return None if _is_within(found, home) or _is_within(found, _repository(home)) else Path(found)
    except (OSError, ValueError):  # a text that no path can be is a ValueError
        return None


def make(folder: Path) -> bool:
    """The folder, and those above it, private and marked as a cache; False where it cannot be, or holds other things.

    What it holds already is left as it is, and nothing is written to a folder that is not ours alone.
    """
    try:
        for one in (*reversed(folder.parents), folder):
            if not one.exists():
                with suppress(FileExistsError):  # another process was quicker
                    one.mkdir(mode=0o700)
        handle = folders.opened(folder)
        tag = _beginning(handle, _TAG_NAME)
        if folders.names(handle) and (tag is None or not TAG.startswith(tag)):  # less of it is what a crash left
            return False
        if tag != TAG:
            _write(handle, _TAG_NAME, TAG)
        if not _beginning(handle, _IGNORE_NAME):
            _write(handle, _IGNORE_NAME, b"*\n")
    except (OSError, ValueError):
        return False
    return True


def _of_user(environ: Mapping[str, str], home_of_specs: str) -> str:
    caches, home = environ.get("XDG_CACHE_HOME", ""), environ.get("HOME", "")
    # A relative one is to be passed by: https://specifications.freedesktop.org/basedir-spec/latest/
    base = caches if caches.startswith("/") else f"{home}/.cache" if home.startswith("/") else ""
    name = blake2b(os.fsencode(home_of_specs), digest_size=8).hexdigest()
    return base and f"{base}/reconcile/{name}"


def _repository(home: str) -> str:
    """The nearest folder above that Git works in; the specs' own folder where there is none."""
    folder = home
    while not os.path.lexists(f"{folder}/.git"):
        above = os.path.dirname(folder)  # noqa: PTH120 - texts throughout, for start-up
        if above == folder:
            return home
        folder = above
    return folder


def _is_within(path: str, folder: str) -> bool:
    return os.path.commonpath([path, folder]) == folder


def _beginning(folder: Handle, name: str) -> bytes | None:
    """How a file of ours begins; None where it is not there."""
    try:
        return folders.read(folders.file_of(folder, name), 0, len(TAG) + 1)
    except OSError:
        return None


def _write(folder: Handle, name: str, data: bytes) -> None:
    # Not put in place by a rename: processes that make the same folder at once write the same bytes.
    folders.write(folders.file_of(folder, name, os.O_WRONLY | os.O_CREAT), 0, [data])

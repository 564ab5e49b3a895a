"""Spec files written over where they stand: whole, only as they were read, and all of them or none."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from reconciler.errors import InputError

_AGAIN = "run it again: it looks at the files anew"


def replace_texts(root: Path, files: Mapping[str, tuple[str, str]]) -> None:
    """Write each file's new text over the old one, by its path relative to the root; a link is followed.

    Raises InputError where a file is not as it was read, or cannot be written; then all are as before.
    """
    found = {origin: Path(os.path.realpath(root / origin)) for origin in files}
    for origin, path in found.items():
        _check(origin, path, files[origin][0])
    with _all_or_none() as done:
        for origin, path in found.items():
            was, text = files[origin]
            _replace(origin, path, was, text)
            done.append((path, was, text))
            _check(origin, path, text)


@contextmanager
def _all_or_none() -> Iterator[list[tuple[Path, str, str]]]:
    """Whatever cuts it off: the files that were written are as before, unless somebody else has written them since."""
    done: list[tuple[Path, str, str]] = []
    try:
        yield done
    except BaseException:
        for path, was, text in done:
            with suppress(OSError, InputError):
                _replace(path.name, path, text, was)
        raise


def _check(origin: str, path: Path, text: str) -> None:
    try:
        stands = path.read_bytes()
    except OSError as error:
        raise _failed(origin, error) from error
    if stands != text.encode():
        raise InputError("file-changed", f"{origin} was changed meanwhile; nothing is written", _AGAIN)


def _replace(origin: str, path: Path, was: str, text: str) -> None:
    """Beside it first, with its rights, and then moved into its place: a reader sees the one text or the other."""
    beside = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with beside.open("xb") as file:
            file.write(text.encode())
        shutil.copymode(path, beside)
        _check(origin, path, was)  # as late as can be
        beside.replace(path)
    except OSError as error:
        raise _failed(origin, error) from error
    finally:
        with suppress(OSError):
            beside.unlink(missing_ok=True)


def _failed(origin: str, error: OSError) -> InputError:
    reason = error.strerror or str(error)
    return InputError("cannot-write", f"{origin} could not be written: {reason}", "check the folder and its rights")

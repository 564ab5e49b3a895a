"""Where results go: stdout in one format, files in others, colour and progress only on a terminal.

Data on stdout, talk on stderr. Files are written whole, by renaming, so that a reader never sees half of one.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

from reconciler.cli.app import Given
from reconciler.errors import InputError

Render = Callable[[bool], str | bytes]
"""Renders one format; told whether colour is welcome."""


def colour_on(given: Given) -> bool:
    """Whether stdout is a terminal that wants colour (https://no-color.org)."""
    return (
        sys.stdout.isatty()
        and not given.no_color
        and not os.environ.get("NO_COLOR")
        and os.environ.get("TERM") != "dumb"
    )


def emit(given: Given, renders: Mapping[str, Render]) -> None:
    """Print the result in the format asked for, then write every `--out` file: what is printed cannot be lost."""
    put(renders[given.format](given.format == "text" and colour_on(given)))
    for format_name, file in given.out:
        write_file(file, renders[format_name](False))


def check_outputs(given: Given) -> None:
    """Raise InputError for an `--out` file that could not be written, before anything is done for it to tell."""
    for _, file in given.out:
        if file.is_dir() or not file.parent.is_dir() or not os.access(file.parent, os.W_OK):
            reason = "it is a folder" if file.is_dir() else "there is no such folder, or it takes no files"
            raise InputError(
                "cannot-write", f"{file} could not be written: {reason}", "check the folder and its rights"
            )


def put(rendered: str | bytes) -> None:
    """Write to stdout, in UTF-8 whatever the locale, with a line end behind it."""
    data = rendered if isinstance(rendered, bytes) else rendered.encode("utf-8", "backslashreplace")
    if data and not data.endswith(b"\n"):
        data += b"\n"
    sys.stdout.flush()
    sys.stdout.buffer.write(data)
    sys.stdout.flush()


def say(given: Given | None, text: str) -> None:
    """Talk: on stderr, and not at all with `--quiet`."""
    if given is None or not given.quiet:
        sys.stderr.buffer.write(text.encode("utf-8", "backslashreplace") + b"\n")
        sys.stderr.flush()


def write_file(path: Path, rendered: str | bytes, *, exclusive: bool = False) -> None:
    """Put a whole file in place; with `exclusive`, never over one that is there. Raises InputError where it cannot."""
    import tempfile  # it loads random and shutil, and most runs write no file

    data = rendered if isinstance(rendered, bytes) else rendered.encode("utf-8", "backslashreplace")
    if exclusive and os.path.lexists(path):
        raise InputError("file-exists", f"{path} is there already", "it is never overwritten: name another file")
    temporary: str | None = None
    try:
        handle, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            os.fchmod(file.fileno(), 0o644)
        Path(temporary).replace(path)
    except OSError as error:
        if temporary is not None:
            with suppress(OSError):
                Path(temporary).unlink()
        reason = error.strerror or str(error)
        raise InputError(
            "cannot-write", f"{path} could not be written: {reason}", "check the folder and its rights"
        ) from error

"""Where results go: stdout in one format, files in others, colour and progress only on a terminal.

Data on stdout, talk on stderr. Files are written whole, by renaming, so that a reader never sees half of one.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import TextIO

from reconciler.cli.app import Given
from reconciler.errors import InputError

Rendered = str | bytes | Iterator[str] | Iterator[bytes]
"""A whole result, or its parts in order, each made when it is asked for: the whole of a large one is never held."""

Render = Callable[[bool], Rendered]
"""Renders one format; told whether colour is welcome."""

TERMINAL = "terminal"
"""Where a command renders its text for a terminal otherwise, that is under this name: no format to ask for."""


def on_terminal() -> bool:
    """Whether stdout is a terminal; it may be closed altogether."""
    return sys.stdout is not None and sys.stdout.isatty()


def colour_on(given: Given) -> bool:
    """Whether stdout is a terminal that wants colour (https://no-color.org)."""
    plain = given.no_color or os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb"
    return on_terminal() and not plain


def emit(given: Given, renders: Mapping[str, Render]) -> None:
    """Print the result in the format asked for, then write every `--out` file: what is printed cannot be lost."""
    shown = TERMINAL if given.format == "text" and on_terminal() and TERMINAL in renders else given.format
    put(renders[shown](given.format == "text" and colour_on(given)))
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


def put(rendered: Rendered) -> None:
    """Write to stdout, in UTF-8 whatever the locale, ended by a newline; a reader that has gone is no failure."""
    if sys.stdout is None:
        return  # closed by whoever started us: nobody is to be told
    try:
        sys.stdout.flush()
        for data in _parts(rendered):
            sys.stdout.buffer.write(data)
        sys.stdout.flush()
    except OSError as error:
        _silence(sys.stdout)
        if isinstance(error, BrokenPipeError):
            return  # `| head` has seen enough: what was done stands, and so does its exit code
        reason = error.strerror or str(error)
        raise InputError("cannot-print", f"the output could not be written: {reason}", "make room for it") from error


def _parts(rendered: Rendered) -> Iterator[bytes]:
    """Each part as bytes, and a newline behind the last one if it has none."""
    data = b"\n"
    for part in (rendered,) if isinstance(rendered, str | bytes) else rendered:
        data = _bytes(part) or data
        yield data
    if not data.endswith(b"\n"):
        yield b"\n"


def _bytes(part: str | bytes) -> bytes:
    return part if isinstance(part, bytes) else part.encode("utf-8", "backslashreplace")


def terminal_columns() -> int:
    """How wide the terminal is that stdout is; 80 where it is none."""
    from shutil import get_terminal_size  # it brings every archive format along

    return get_terminal_size().columns


def _silence(stream: TextIO) -> None:
    """Let a stream that takes nothing take everything: Python flushes once more at exit, and would fail once more."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def say(given: Given | None, text: str) -> None:
    """Talk: on stderr, and not at all with `--quiet`."""
    if sys.stderr is None or (given is not None and given.quiet):
        return
    try:
        sys.stderr.buffer.write(text.encode("utf-8", "backslashreplace") + b"\n")
        sys.stderr.flush()
    except OSError:  # nobody is left to be told
        _silence(sys.stderr)


def write_file(path: Path, rendered: Rendered, *, exclusive: bool = False) -> None:
    """Put a whole file in place; with `exclusive`, never over one that is there. Raises InputError where it cannot.

    A link is followed, and what is no regular file (a device, a pipe) is written to and never replaced.
    """
    parts = map(_bytes, (rendered,) if isinstance(rendered, str | bytes) else rendered)
    target = path if exclusive else Path(os.path.realpath(path))
    try:
        if not exclusive and target.exists() and not target.is_file():
            with target.open("wb") as file:
                file.writelines(parts)
        else:
            _placed(target, parts, exclusive=exclusive)
    except FileExistsError as error:
        raise InputError(
            "file-exists", f"{path} is there already", "it is never overwritten: name another file"
        ) from error
    except OSError as error:
        reason = error.strerror or str(error)
        hint = "check the folder and its rights"
        raise InputError("cannot-write", f"{path} could not be written: {reason}", hint) from error


def _placed(target: Path, parts: Iterable[bytes], *, exclusive: bool) -> None:
    """Write beside the target, and move into place: a reader sees all of it or none."""
    beside = target.with_name(f".{target.name}.{os.getpid()}.tmp")
    try:
        with beside.open("xb") as file:
            file.writelines(parts)
        if exclusive:
            os.link(beside, target)  # unlike a rename, it fails where something is there
        else:
            beside.replace(target)
    finally:
        beside.unlink(missing_ok=True)


def make_folder(folder: Path) -> None:
    """Make a folder with its parents; raises InputError where it cannot."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        hint = "check its rights"
        raise InputError("cannot-write", f"{folder} could not be made: {error.strerror}", hint) from error

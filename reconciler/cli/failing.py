"""How a command fails: the words, the document of the same format, and what a bug says of itself."""

from __future__ import annotations

import os
import sys
import tempfile
import traceback
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from reconciler.cli.app import Failure
from reconciler.cli.output import put, say, write_file
from reconciler.diagnostics import Diagnostic, Severity
from reconciler.errors import InputError

_BUG = 70
_REPORT_TO = "the project's issue tracker"


def report_failure(failure: Failure, formats: Sequence[tuple[str, Path | None]]) -> int:
    """Say what went wrong in every format that was asked for; answers the exit code."""
    for name, file in formats:
        if file is not None and (failure.code == "cannot-write" or name == "csv"):
            continue  # it may be the very file; and a table has no room for what went wrong
        rendered = _rendered(failure, name)
        if file is not None:
            try:
                write_file(file, rendered)
            except InputError as error:
                say(None, f"error: {error.message}")
        elif name in ("text", "csv"):
            say(None, rendered.decode().rstrip("\n"))
        elif failure.code != "cannot-print":
            put(rendered)
        else:
            say(None, f"error: {failure.message}")
    return failure.exit_code


def _rendered(failure: Failure, format_name: str) -> bytes:
    from reconciler.cli.rendering import failure_render

    return failure_render(format_name, failure, _findings(failure))


def _findings(failure: Failure) -> tuple[Diagnostic, ...]:
    """What to show: the diagnostics it carries, or itself as one."""
    if failure.diagnostics:
        return failure.diagnostics
    return (Diagnostic(Severity.ERROR, failure.code, failure.message, hint=failure.hint),)


def report_bug(error: Exception, formats: Sequence[tuple[str, Path | None]], command: str) -> int:
    """A bug: keep the traceback in a file for a report, and show no more of it than one line."""
    what = traceback.format_exception_only(error)[-1].strip()
    kept = _kept(error)
    hint = f"please report it to {_REPORT_TO}" + (
        f", with {kept} (read it first: it may name your subscriptions)" if kept else ", with what you did"
    )
    return report_failure(Failure("bug", f"this is a bug in reconcile: {what}", hint, _BUG, command=command), formats)


def _kept(error: Exception) -> str | None:
    """The file that holds the traceback; None where no file can be made."""
    prefix = f"reconcile-bug-{datetime.now(UTC):%Y%m%dT%H%M%S}-"
    try:
        handle, name = tempfile.mkstemp(prefix=prefix, suffix=".log")
        with os.fdopen(handle, "w", encoding="utf-8", errors="backslashreplace") as file:
            file.write(f"python {sys.version}\n{''.join(traceback.format_exception(error))}")
    except OSError:
        return None
    return name

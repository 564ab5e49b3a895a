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

_REPORT_TO = "the project's issue tracker"


def report_failure(failure: Failure, formats: Sequence[tuple[str, Path | None]]) -> int:
    """Say what went wrong in every format that was asked for; answers the exit code."""
    for name, file in formats:
        if file is not None and failure.code == "cannot-write":
            continue  # it may be the very file
        rendered = _rendered(failure, name)
        if file is not None:
            try:
                write_file(file, rendered)
            except InputError as error:
                say(None, f"error: {error.message}")
        elif name == "text":
            sys.stdout.flush()
            say(None, rendered.decode().rstrip("\n"))
        else:
            put(rendered)
    return failure.exit_code


def _rendered(failure: Failure, format_name: str) -> bytes:
    from reconciler.cli.rendering import failure_render

    return failure_render(format_name, failure, _findings(failure))


def _findings(failure: Failure) -> tuple[Diagnostic, ...]:
    """What to show: the diagnostics it carries, or itself as one."""
    if failure.diagnostics:
        return failure.diagnostics
    return (Diagnostic(Severity.ERROR, failure.code, failure.message, hint=failure.hint),)


def report_bug(error: Exception, exit_code: int) -> int:
    """A bug: keep the traceback in a file for a report, and show no more of it than one line."""
    details = "".join(traceback.format_exception(error))
    handle, name = tempfile.mkstemp(prefix=f"reconcile-bug-{datetime.now(UTC):%Y%m%dT%H%M%S}-", suffix=".log")
    with os.fdopen(handle, "w", encoding="utf-8", errors="backslashreplace") as file:
        file.write(f"python {sys.version}\n{details}")
    what = traceback.format_exception_only(error)[-1].strip()
    say(None, f"error: this is a bug in reconcile: {what}")
    say(None, f"  hint: please report it to {_REPORT_TO}, with {name} (read it first: it may name your subscriptions)")
    return exit_code

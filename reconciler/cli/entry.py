"""Where the program starts: runs a command and turns whatever happens into words and an exit code.

The only place that catches everything: an expected error shows no traceback, a bug says so and exits 70.
"""

from __future__ import annotations

import atexit
import gc
import os
import sys
from collections.abc import Sequence
from dataclasses import replace

import click

from reconciler.cli.app import DEFAULT, Failure, command_in, commands, formats_in

INTERRUPTED = 130
USAGE = 64


def main() -> None:
    """The console script `reconcile`."""
    # A command keeps nearly all that it makes until it ends: looking for garbage meanwhile takes a third of its time.
    gc.disable()
    code = run(sys.argv[1:])
    _leave(code)
    sys.exit(code)  # somebody is still at work


def _leave(code: int) -> None:
    """End at once, where nobody else is at work; what asked to be told of the end is told.

    To take all that was made apart, piece by piece, takes up to a tenth of a dry run, and the system is quicker.
    """
    threading = sys.modules.get("threading")
    watched = sys.getprofile() is not None or sys.gettrace() is not None  # by somebody who has a word to say at the end
    if watched or (threading is not None and threading.active_count() > 1):
        return
    atexit._run_exitfuncs()  # noqa: SLF001 - nothing public tells them and no more
    for stream in (sys.stdout, sys.stderr):
        if stream is not None:
            try:
                stream.flush()
            except (OSError, ValueError):  # whoever read it has gone: to end like any program is right then
                return
    os._exit(code)


def run(arguments: Sequence[str]) -> int:
    """Run one command line; answers the exit code of docs/command-line.md."""
    # Looking for pydantic's plugins takes as long as loading half of it, and we have none.
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
    stdout = sys.stdout
    try:
        code = commands.main(args=list(arguments), prog_name="reconcile", standalone_mode=False)
        if sys.stdout is not None:
            sys.stdout.flush()
    except (KeyboardInterrupt, click.Abort):
        return _fail(arguments, Failure("interrupted", "interrupted", "", INTERRUPTED))
    except click.UsageError as error:
        return _fail(arguments, _usage(error))
    except click.ClickException as error:
        return _fail(arguments, Failure("failed", error.format_message(), "", 1))
    except SystemExit:
        if sys.stdout is stdout:
            raise  # a shell that completes a word has its answer
        # Click has put a stdout in place that takes everything: the reader of a help text has gone, and that is all.
        return 0
    except Exception as error:  # noqa: BLE001 - the one place where a bug becomes an exit code
        return _expected(arguments, error)
    return code if isinstance(code, int) else 0


def _usage(error: click.UsageError) -> Failure:
    command = error.ctx.command_path if error.ctx is not None else "reconcile"
    command = command.removesuffix(f" {DEFAULT}")
    return Failure("usage", error.format_message(), f"see {command} --help", USAGE)


def _expected(arguments: Sequence[str], error: Exception) -> int:
    from reconciler.errors import ReconcilerError  # not needed by a command that goes well

    if isinstance(error, ReconcilerError):
        found = getattr(error, "diagnostics", ())
        return _fail(arguments, Failure(error.code, error.message, error.hint, error.exit_code, tuple(found)))
    from reconciler.cli.failing import report_bug

    return report_bug(error, formats_in(arguments), command_in(arguments))


def _fail(arguments: Sequence[str], failure: Failure) -> int:
    from reconciler.cli.failing import report_failure  # rendering is only needed once something is wrong

    return report_failure(replace(failure, command=command_in(arguments)), formats_in(arguments))


if __name__ == "__main__":
    main()

"""`reconcile watch`: the main job again and again, until it is told to stop."""

from __future__ import annotations

import gc
import signal
import time
from functools import partial
from hashlib import sha256
from threading import Event
from types import FrameType

import click

from reconciler.cli.app import Failure, Given, lined
from reconciler.cli.failing import report_bug, report_failure
from reconciler.cli.output import say
from reconciler.cli.reconciling import carry_out, show_plan
from reconciler.cli.session import runtime_for
from reconciler.errors import ReconcilerError, SpecError, UsageError
from reconciler.fates import outcomes_of
from reconciler.journal import ApplyReport, OutcomeKind
from reconciler.runtime import parse_duration


@click.command()
@click.option("--period", metavar="TIME", default="5m", show_default=True, help="A whole pass at least this often.")
@click.option("--dry-run", is_flag=True, help="Report what would be done, and write nothing.")
@lined
def watch(given: Given, period: str, dry_run: bool) -> int:
    """Reconcile again whenever the specs change, and on a period."""
    from reconciler.triggers import folder_ticks
    from reconciler.watch import Schedule
    from reconciler.watch import watch as repeat

    seconds = parse_duration(period)
    if seconds < 1:
        raise UsageError("bad-period", f"--period {period} is too short", "give 1s or more")
    runtime = runtime_for(given)
    specs = runtime.root / runtime.settings.specs
    gc.enable()  # off for a command that soon ends; this one does not
    stop = Event()
    before = {number: signal.signal(number, partial(_ask, stop)) for number in (signal.SIGINT, signal.SIGTERM)}
    say(given, f"Watching {specs}; a whole pass at least every {period}.")
    try:
        ticks = folder_ticks(specs, stop, lambda text: say(given, f"warning: {text}"))
        passes = repeat(
            ticks, partial(_content, given), partial(_once, given, stop, dry_run), Schedule(seconds), time.monotonic
        )
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    say(given, f"Stopped after {passes} {'pass' if passes == 1 else 'passes'}.")
    return 0


def _ask(stop: Event, number: int, frame: FrameType | None) -> None:
    stop.set()


def _content(given: Given) -> str:
    """A digest of settings, specs and prices, so that a touched but equal file wakes nothing; and of the UTC day.

    A new day is new content: dated intents hold from its first instant, and terms end then.
    """
    runtime = runtime_for(given)
    try:
        settings = sha256(runtime.settings_path.read_bytes()).hexdigest()
        return f"{runtime.clock.now().date()} {settings} {runtime.price_digest} {runtime.texts.digest}"
    except (ReconcilerError, OSError) as error:
        return f"unreadable: {error}"


def _once(given: Given, stop: Event, dry_run: bool) -> int:
    """One pass, whose failure is told and does not end the watch."""
    say(given, f"-- {time.strftime('%Y-%m-%dT%H:%M:%SZ', time.gmtime())}")
    formats = [(given.format, None), *given.out]
    command = "plan" if dry_run else "apply"
    try:
        runtime = runtime_for(given)
        if dry_run:
            return show_plan(given, runtime)
        reports: list[ApplyReport] = []
        code = carry_out(given, runtime, yes=True, asked_to_stop=stop.is_set, told=reports.append)
    except ReconcilerError as error:
        found = error.diagnostics if isinstance(error, SpecError) else ()
        return report_failure(
            Failure(error.code, error.message, error.hint, error.exit_code, tuple(found), command), formats
        )
    except Exception as error:  # noqa: BLE001 - a bug in one pass must not leave the estate unwatched
        return report_bug(error, formats, command)
    failed = any(outcomes_of(report.changes)[OutcomeKind.FAILED] for report in reports)
    # A change that failed may go better the next time; one that is blocked ends with the same code and will not.
    return 1 if failed else code

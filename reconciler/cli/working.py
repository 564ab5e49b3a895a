"""`reconcile worker` and `reconcile runs`, and what `--distributed` adds to an apply and to a refresh.

Must not carry anything out itself: workers do, by the same engine as an apply.
"""

from __future__ import annotations

import gc
import signal
from collections.abc import Callable
from functools import partial
from threading import Event
from types import FrameType

import click

from reconciler.cli.app import Given, shared
from reconciler.cli.output import emit, say
from reconciler.cli.progress import progress_on
from reconciler.cli.rendering import note_renders
from reconciler.cli.session import runtime_for, whole
from reconciler.errors import UsageError
from reconciler.fates import outcomes_of
from reconciler.journal import ApplyReport, OutcomeKind
from reconciler.runtime import Runtime
from reconciler.shards import Progress
from reconciler.views.words import counted

_MOST = 64
"""Shards at once in one process: more of them only wait for each other."""


@click.command()
@click.option("--concurrency", metavar="N", type=click.IntRange(1, _MOST), default=1, help="Shards at once.")
@click.option("--until-idle", is_flag=True, help="End once no shard is left for anybody.")
@click.option("--run", metavar="RUN", help="Only the shards of this run, without the queue, and then end.")
@shared
def worker(given: Given, concurrency: int, until_idle: bool, run: str | None) -> int:
    """Carry out what --distributed has handed over."""
    from reconciler.distributing import Shift, progress_of, work  # start-up: the queue and its driver

    whole(given)
    runtime = runtime_for(given)
    if run is not None:
        progress_of(runtime, run)  # a run that there is none of must not look like one that is over
    gc.enable()  # off for a command that soon ends; this one does not
    stop = Event()
    before = {number: signal.signal(number, partial(_ask, given, stop)) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        say(given, f"Working for {runtime.place.name}.")
        work(runtime, Shift(concurrency, until_idle, run), stop.is_set)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    return 0


def _ask(given: Given, stop: Event, number: int, frame: FrameType | None) -> None:
    if not stop.is_set():
        say(given, "Stopping: what is under way is finished, the rest is given back.")
    stop.set()


@click.command()
@click.argument("run", required=False, metavar="[RUN]")
@click.option("--limit", metavar="N", type=click.IntRange(1, 10_000), default=20, show_default=True, help="The newest.")
@click.option("--take-back", is_flag=True, help="Close what no worker has of RUN; it is planned or looked at anew.")
@shared
def runs(given: Given, run: str | None, limit: int, take_back: bool) -> int:
    """Runs, and how far workers are with them."""
    from reconciler import distributing  # start-up: as above

    whole(given)
    runtime = runtime_for(given)
    if take_back:
        if run is None:
            raise UsageError("no-such-run", "--take-back needs a run", "name it: reconcile runs RUN --take-back")
        back, left = distributing.take_back(runtime, run)
        say(given, f"Took {back:,} shards back; {left:,} are still with workers.")
    found = distributing.progress_of(runtime, run, limit)
    _emit(given, found, whole=run is not None)
    return code_of(found[0]) if run is not None else 0


def _emit(given: Given, found: list[Progress], *, whole: bool) -> None:
    from reconciler.views.runs import runs_fields, runs_lines  # start-up: as above

    emit(given, note_renders("runs", runs_lines(found, whole=whole), runs_fields(found)))


def code_of(run: Progress) -> int:
    """The exit code that says how one run stands: 5 while it is under way, or where not all of it was done."""
    if run.outcomes.get(OutcomeKind.UNKNOWN):
        return 6
    undone = run.outcomes.get(OutcomeKind.FAILED) or run.outcomes.get(OutcomeKind.SKIPPED)
    return 5 if run.under_way or undone or run.shards.get("withdrawn") else 0


def say_handed_over(given: Given, run: str) -> None:
    """Say who has a run now."""
    say(given, f"Run {run} is with the workers; watch it: reconcile runs {run}")


def until_over(given: Given, runtime: Runtime, run: str, of: str) -> Progress:
    """Stay until the workers are done with a run, and say so."""
    from reconciler.distributing import once_over  # start-up: as above

    with progress_on(given, "Carrying out", of) as tell:
        found = once_over(runtime, run, tell)
    say(given, f"Run {run} is over: {found.done:,} of {counted(found.total, found.of)}.")
    return found


def apply_with_workers(given: Given, runtime: Runtime, act: Callable[..., int], *, wait: bool) -> int:
    """An apply whose changes at outside providers workers carry out; with `wait` it stays until they are done.

    The exit code is the apply's, 5 while workers have something left; having waited, it says what came of that.
    """
    from reconciler.distributing import hand_over_to_workers  # start-up: as above

    handed, reports = hand_over_to_workers(runtime), list[ApplyReport]()
    code = act(told=reports.append)
    if not handed:
        return code
    (run,) = handed
    say_handed_over(given, run)
    if not wait:
        return code
    found = until_over(given, runtime, run, "changes")
    if given.format == "text":
        _emit(given, [found], whole=True)
    others = {outcome for report in reports for outcome in outcomes_of(report.changes)}
    rest = others - {OutcomeKind.ACCEPTED, OutcomeKind.SUCCEEDED}
    return code_of(found) if code == 5 and not rest else code

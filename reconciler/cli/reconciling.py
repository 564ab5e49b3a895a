"""The main job on the command line: `reconcile`, `plan`, `apply` and `validate`."""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import replace
from functools import partial
from pathlib import Path

import click

from reconciler.changes import Change
from reconciler.cli.app import COMMANDS, Given, distributable, lined, shared
from reconciler.cli.output import Render, colour_on, emit, on_terminal, put, say, write_file
from reconciler.cli.progress import progress_of
from reconciler.cli.remembered import Question, Scene
from reconciler.cli.rendering import pass_renders, validation_renders
from reconciler.cli.session import Signals, apply_code, dry_run_code, runtime_for, waiting
from reconciler.diagnostics import did_you_mean
from reconciler.errors import InputError, Refused, StalePlan, UsageError
from reconciler.journal import ApplyReport
from reconciler.reconcile import Pass, check_selection, read_specs
from reconciler.runtime import Runtime
from reconciler.stored import StoredState

_PLAN_AT_MOST = 1 << 30
"""Bytes: a plan of a million changes is about that large."""


def plan_all(given: Given, paths: tuple[str, ...], asked: Question | None = None) -> int:
    """The dry run; what it says is kept for the next one, where that may ask the same."""
    _check_words(given, paths)
    return show_plan(given, runtime_for(given, paths), asked=asked)


def apply_all(given: Given, paths: tuple[str, ...], *, yes: bool, distributed: bool, wait: bool) -> int:
    """Read the specs, plan, review, apply and report."""
    _check_words(given, paths)
    runtime = runtime_for(given, paths)
    return _applied(given, runtime, partial(carry_out, given, runtime, yes=yes), distributed=distributed, wait=wait)


def _check_words(given: Given, paths: tuple[str, ...]) -> None:
    """A misspelt command must not pass for a path that is not there."""
    for word in paths:
        meant = did_you_mean(word, COMMANDS)
        if meant and not (given.directory / word).exists():
            raise UsageError("unknown-command", f"there is no command and no file {word}", meant)


@click.command()
@click.argument("paths", nargs=-1, metavar="[PATH]...")
@click.option("-o", "--output", metavar="FILE", type=click.Path(path_type=Path), help="Save the plan there.")
@lined
def plan(given: Given, paths: tuple[str, ...], output: Path | None) -> int:
    """The dry run, saved for review: apply PLAN then does just that."""
    return show_plan(given, runtime_for(given, paths), save=output)


@click.command()
@click.argument("saved", metavar="PLAN", type=click.Path(path_type=Path))
@distributable
@lined
def apply(given: Given, saved: Path, distributed: bool, wait: bool) -> int:
    """Apply a saved plan; less than it is fine, more never."""
    from reconciler.saved_plan import approved_form, read_saved_plan, what_moved

    if given.select or given.exclude:
        raise UsageError(
            "narrowed-apply", "a saved plan is applied as it was approved", "narrow the plan when it is made"
        )
    if given.correct_drift:
        hint = "say so when the plan is made: reconcile plan --correct-drift PATTERN -o FILE"
        raise UsageError("narrowed-apply", "a saved plan is applied as it was approved", hint)
    approved = read_saved_plan(_bytes_of(given.directory / saved), str(saved))
    given = replace(given, select=approved.select, exclude=approved.exclude, correct_drift=approved.correct)
    runtime = runtime_for(given)
    runtime.options = replace(runtime.options, shown_paths=approved.paths)

    def agree(found: Pass) -> bool:
        # A plan made before there was a store fits the one that its own run made; one with nothing left to do fits any.
        resuming = not found.plan.changes or approved.fingerprint in found.stored.unfinished.values()
        moved = what_moved(found.plan, approved, resuming=resuming)
        if moved:
            raise StalePlan(
                "stale-plan", f"the saved plan is stale: {'; '.join(moved)}", "make a new one: reconcile plan -o FILE"
            )
        return True

    def known(change: Change) -> bool:
        return approved_form(change) in approved.approved

    act = partial(carry_out, given, runtime, yes=True, approve=agree, approved=known)
    return _applied(given, runtime, act, distributed=distributed, wait=wait)


def _applied(given: Given, runtime: Runtime, act: Callable[..., int], *, distributed: bool, wait: bool) -> int:
    waiting(distributed=distributed, wait=wait)
    if not distributed:
        return act()
    from reconciler.cli.working import apply_with_workers  # start-up: the queue, its driver and the store's

    return apply_with_workers(given, runtime, act, wait=wait)


def _bytes_of(file: Path) -> bytes:
    """The file's bytes; a plan is never as large as what is refused here, which may have no end."""
    try:
        with file.open("rb") as opened:
            data = opened.read(_PLAN_AT_MOST + 1)
    except OSError as error:
        hint = "save one: reconcile plan -o FILE"
        raise InputError("no-plan-file", f"{file} could not be read: {error.strerror}", hint) from error
    if len(data) > _PLAN_AT_MOST:
        raise InputError(
            "not-a-plan", f"{file} is larger than any plan", "a plan's file comes from: reconcile plan -o FILE"
        )
    return data


@click.command()
@click.argument("paths", nargs=-1, metavar="[PATH]...")
@shared
def validate(given: Given, paths: tuple[str, ...]) -> int:
    """Check the specs alone: no store, no network."""
    runtime = runtime_for(given, paths)
    inputs = runtime.inputs(commit=False)
    desired = read_specs(inputs)
    check_selection(inputs.selection, desired, StoredState())
    emit(given, validation_renders(desired))
    return 0


def show_plan(given: Given, runtime: Runtime, *, save: Path | None = None, asked: Question | None = None) -> int:
    """A dry run: report, and write nothing but the files that were asked for."""
    machine = save is not None or any(name in ("json", "jsonl", "markdown") for name in _formats(given))
    with Signals():
        with progress_of(given) as progress:
            found = runtime.dry_run(commit=machine, progress=progress)
        renders = _renders(found, None)
        if save is not None:
            write_file(given.directory / save, renders["json"](False))
        emit(given, renders)
    code = dry_run_code(found, detailed=given.detailed_exitcode)
    scene = None if asked is None else runtime.scene(found)
    if asked is not None and scene is not None:
        text, until = str(renders["text"](colour_on(given))), runtime.rests_until(found)
        *paths, stamps = scene
        asked.remember(Scene(*paths), stamps, text, code, until)
    return code


def _formats(given: Given) -> list[str]:
    return [given.format, *(name for name, _ in given.out)]


def carry_out(
    given: Given,
    runtime: Runtime,
    *,
    yes: bool,
    approve: Callable[[Pass], bool] | None = None,
    approved: Callable[[Change], bool] = lambda change: True,
    asked_to_stop: Callable[[], bool] | None = None,
    told: Callable[[ApplyReport], None] = lambda report: None,
) -> int:
    """A whole pass that applies; on a terminal it asks first. Signals are caught here unless the caller hears them;
    `told` gets the report before it is printed.
    """
    asks = not yes and sys.stdin is not None and sys.stdin.isatty() and on_terminal()

    def agree(found: Pass) -> bool:
        if approve is not None:
            approve(found)
        progress.done()  # what is said now stands on a line of its own
        if asks and found.verdict.allowed and not _asked(given, found):
            return False
        if asked_to_stop is None:
            signals.finish_batches()
        return True

    # A watch hears its signals itself, and is asked between batches.
    signals = Signals()
    with signals if asked_to_stop is None else nullcontext():
        with progress_of(given) as progress:
            found, report = runtime.apply(agree, asked_to_stop or signals.asked, progress, approved)
        if report is None:
            raise Refused("not-approved", "nothing was applied", "answer yes to apply, or give --yes")
        told(report)
        # Still deaf to signals: what was done must be told.
        emit(given, _renders(found, report, brief=asks and given.format == "text" and bool(found.verdict.allowed)))
    return apply_code(found, report)


def _asked(given: Given, found: Pass) -> bool:
    plan = _renders(found, None)["text"]
    if given.format == "text":
        put(plan(colour_on(given)))
    else:
        say(given, str(plan(False)))
    answer: str = click.prompt("Apply this? Only yes applies", default="no", show_default=False, err=True)
    return answer.strip() == "yes"


def _renders(found: Pass, report: ApplyReport | None, *, brief: bool = False) -> dict[str, Render]:
    accounts, lifecycles = found.desired.accounts, found.rulebook.lifecycles
    observed = found.observed.accounts
    return pass_renders(found.plan, found.verdict, report, accounts, lifecycles, observed=observed, brief=brief)

"""`reconcile refresh`: looks at outside accounts anew and keeps what they show. Plans nothing, and journals nothing.

No baseline moves: what was changed outside drifts on, until an apply takes note of it. One account's trouble never
stops another's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial

import click

from reconciler.cli.app import Given, distributable, shared
from reconciler.cli.output import emit, say
from reconciler.cli.progress import progress_on
from reconciler.cli.rendering import note_renders
from reconciler.cli.session import Signals, named_account, runtime_for, waiting, whole, worst
from reconciler.desired import DesiredState
from reconciler.errors import UsageError
from reconciler.journal import Run
from reconciler.looking import GRAIN
from reconciler.looks import Look, Looked, another, looked, not_looked_at
from reconciler.observed import Obstacle
from reconciler.observing import look
from reconciler.ports import Store
from reconciler.reconcile import read_specs
from reconciler.refresh import concerns
from reconciler.runtime import Runtime, Session
from reconciler.selection import EVERYTHING
from reconciler.shards import Progress
from reconciler.views.outside import observed_words
from reconciler.views.words import counted

_NAMED = 20
"""Accounts without trouble that people are shown by name; machines get them all."""


@click.command()
@click.option("--account", "names", metavar="NAME", multiple=True, help="Only this one and those like it; repeatable.")
@partial(distributable, what="the accounts")
@shared
def refresh(given: Given, names: tuple[str, ...], distributed: bool, wait: bool) -> int:
    """Look at outside accounts anew, and keep what they show."""
    whole(given)
    if given.as_of is not None:
        raise UsageError("as-of-outside", "--as-of means nothing to a refresh", "what is shown is shown now")
    waiting(distributed=distributed, wait=wait)
    runtime = runtime_for(given)
    hand_over = _to_workers(runtime) if distributed else None
    desired = read_specs(runtime.inputs(commit=False))
    named = _named(desired, names)
    if not any(account.outside for account in desired.accounts.values()):
        return _tell(given, runtime, ())
    with runtime.writing() as session, Signals() as signals, progress_on(given, "Looking") as progress:
        signals.finish_batches()
        asked, apart = _looks(runtime, session, desired, named)
        if hand_over is None or not asked:
            found = _looked_at(runtime, session, asked, signals.asked, progress)
            return _tell(given, runtime, (*found, *apart))
        run = runtime.run("refresh")
        before = hand_over(session.store, run, asked, apart)
    _say_taken_over(given, before)
    return _handed_over(given, runtime, run.id, len(asked), apart, wait=wait)


def _to_workers(runtime: Runtime) -> Callable[[Store, Run, Sequence[Look], Sequence[Looked]], Mapping[str, int]]:
    from reconciler.distributing import looks_to_workers  # start-up: the queue, its driver and the store's

    return looks_to_workers(runtime)


def _named(desired: DesiredState, names: Sequence[str]) -> frozenset[str] | None:
    """The outside accounts asked for, with those like one of them; None: all."""
    for name in names:
        if not named_account(name, desired.accounts).outside:
            hint = "its records are ours: there is nobody to look at"
            raise UsageError("not-outside", f"{name} is served by no outside provider", hint)
    if not names:
        return None
    return frozenset(
        account.name for account in desired.accounts.values() if account.name in names or account.group in names
    )


def _looks(
    runtime: Runtime, session: Session, desired: DesiredState, named: frozenset[str] | None
) -> tuple[list[Look], list[Looked]]:
    """What to look at, of the accounts that declare or store anything, as far as asked for.

    And what is said of those that the store knows as another one: they are not even asked.
    """
    stored = session.stored
    about = concerns(desired, stored, EVERYTHING)
    wanted = {name: item.ids for name, item in about.items() if named is None or name in named}
    before = session.store.observations(wanted)
    at = {name: known.at for name, known in before.items()}
    asked, apart, now = [], [], runtime.clock.now()
    for name, ids in wanted.items():
        item = Look(desired.accounts[name], ids, at.get(name))
        why = another(item.account, stored.accounts)
        if why is None:
            asked.append(item)
        else:
            apart.append(not_looked_at(item, why, now))
    return asked, apart


def _looked_at(
    runtime: Runtime,
    session: Session,
    asked: Sequence[Look],
    stop: Callable[[], bool],
    progress: Callable[[int, int], None],
) -> list[Looked]:
    """What each account shows, kept."""
    began = runtime.services.timing.now() - GRAIN
    accounts = {item.account.name: item.account for item in asked}
    eyes = replace(runtime.services.eyes(stop), progress=progress)
    seen = look({item.account.name: item.ids for item in asked}, accounts, eyes) if asked else {}
    session.store.keep_observations(list(seen.values()), began)
    return [looked(item, seen[item.account.name]) for item in asked]


def _say_taken_over(given: Given, before: Mapping[str, int]) -> None:
    """Say that nobody had come for what an earlier refresh had handed over: with no worker at all, nobody will."""
    for run, count in sorted(before.items()):
        say(
            given,
            f"Of run {run}, {counted(count, 'account')} still waited for a worker; looked at in this run instead.",
        )


def _handed_over(given: Given, runtime: Runtime, run: str, count: int, apart: Sequence[Looked], *, wait: bool) -> int:
    """What is said of a refresh that workers carry out: 5 while they have something of it, unless it is waited for."""
    from reconciler.cli.working import say_handed_over, until_over  # start-up: as above
    from reconciler.distributing import looked_at

    say_handed_over(given, run)
    if wait:
        over = until_over(given, runtime, run, "accounts")
        code = _tell(given, runtime, looked_at(runtime, run), over)
        return worst((code, 5 if over.shards.get("withdrawn") else 0))
    lines = [*_lines(apart, runtime.clock.now()), f"{counted(count, 'account')} handed over."]
    emit(given, note_renders("refresh", lines, {"run": run, "accounts": [_document(item) for item in apart]}))
    return worst((5, *(_code(item.trouble) for item in apart)))


def _tell(given: Given, runtime: Runtime, found: Sequence[Looked], run: Progress | None = None) -> int:
    now = runtime.clock.now()
    found = sorted(found, key=lambda item: item.account)
    fields: dict[str, object] = {} if run is None else {"run": run.run}
    fields["accounts"] = [_document(item) for item in found]
    emit(given, note_renders("refresh", [*_lines(found, now), _summary(found, run)], fields))
    return worst(_code(item.trouble) for item in found)


def _lines(found: Sequence[Looked], now: datetime) -> Iterator[str]:
    """A line for each account, those in trouble first and with what to do."""
    troubled = [item for item in found if item.trouble is not None]
    fine = [item for item in found if item.trouble is None]
    for item in [*troubled, *fine[:_NAMED]]:
        trouble = item.trouble
        said = _seen(item) if item.unread is None else "could not be read"
        yield f"{item.account}    {said}; before: {observed_words(item.before, now)}"
        if trouble is not None:
            yield f"  {trouble.code}: {trouble.detail}"
            yield from [f"    hint: {trouble.hint}"] if trouble.hint else []
        if item.undeclared:
            yield f"  to bring in what no file declares: reconcile import --account {item.account} --from-provider"
    if len(fine) > _NAMED:
        yield f"and {counted(len(fine) - _NAMED, 'more account')}"


def _seen(item: Looked) -> str:
    said = [counted(item.seen, "subscription")]
    said += [f"{item.undeclared:,} declared by no file"] if item.undeclared else []
    said += [f"{len(item.unreadable):,} not readable"] if item.unreadable else []
    said += ["the list was not read to its end"] if not item.complete else []
    return ", ".join(said)


def _summary(found: Sequence[Looked], run: Progress | None) -> str:
    if not found and run is not None:
        return "Nothing was looked at: it was taken back, or a later refresh took it over."
    if not found:
        return "Nothing to look at: no outside account declares or stores a subscription."
    wrong = sum(1 for item in found if item.trouble is not None)
    kept = sum(1 for item in found if item.unread is None)
    trouble = f", {wrong:,} in trouble" if wrong else ""
    seen = sum(item.seen for item in found)
    back = 0 if run is None else run.shards.get("withdrawn", 0)
    given_up = f" {counted(back, 'account')} taken back, or taken over by a later refresh." if back else ""
    return (
        f"Refreshed {kept:,} of {counted(len(found), 'account')}, {counted(seen, 'subscription')}{trouble}.{given_up}"
    )


def _document(item: Looked) -> dict[str, object]:
    trouble = item.trouble
    return {
        "account": item.account,
        "provider": item.provider,
        "observed_at": None if item.unread is not None else item.at,
        "observed_before": item.before,
        "complete": item.complete and item.unread is None,
        "seen": item.seen,
        "undeclared": item.undeclared,
        "unreadable": [
            {"external_id": id, "code": why.code, "detail": why.detail, "hint": why.hint}
            for id, why in sorted(item.unreadable.items())
        ],
        "trouble": None if trouble is None else {"code": trouble.code, "detail": trouble.detail, "hint": trouble.hint},
    }


def _code(trouble: Obstacle | None) -> int:
    if trouble is None:
        return 0
    return 3 if trouble.code in ("wrong-tenant", "wrong-account") else 1

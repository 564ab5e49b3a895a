"""`reconcile refresh`: looks at outside accounts anew and keeps what they show. Plans nothing, and journals nothing.

No baseline moves: what was changed outside drifts on, until an apply takes note of it. One account's trouble never
stops another's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import click

from reconciler.abroad import Abroad, sightings
from reconciler.cli.app import Given, shared
from reconciler.cli.output import emit
from reconciler.cli.progress import progress_on
from reconciler.cli.rendering import note_renders
from reconciler.cli.session import Signals, named_account, runtime_for, whole, worst
from reconciler.desired import DesiredState
from reconciler.errors import UsageError
from reconciler.observed import ObservedAccount, ObservedState, Obstacle
from reconciler.observing import look
from reconciler.reconcile import read_specs
from reconciler.refresh import concerns
from reconciler.runtime import Runtime, Session
from reconciler.selection import EVERYTHING
from reconciler.settings import AccountSettings
from reconciler.stored import StoredState
from reconciler.views.outside import observed_words
from reconciler.views.words import counted

_NAMED = 20
"""Accounts without trouble that people are shown by name; machines get them all."""


@dataclass(frozen=True, slots=True)
class _Refreshed:
    """One account as it was looked at."""

    provider: str
    seen: ObservedAccount
    undeclared: int
    """Of what is there and has not ended: so many that no file declares and no record names."""
    before: datetime | None
    """When it was last looked at before; None: never."""

    @property
    def trouble(self) -> Obstacle | None:
        """Why it was not, or not wholly, read."""
        return self.seen.trouble or self.seen.broken_off


@click.command()
@click.option("--account", "names", metavar="NAME", multiple=True, help="Only this one and those like it; repeatable.")
@shared
def refresh(given: Given, names: tuple[str, ...]) -> int:
    """Look at outside accounts anew, and keep what they show."""
    whole(given)
    if given.as_of is not None:
        raise UsageError("as-of-outside", "--as-of means nothing to a refresh", "what is shown is shown now")
    runtime = runtime_for(given)
    desired = read_specs(runtime.inputs(commit=False))
    named = _named(desired, names)
    if not any(account.outside for account in desired.accounts.values()):
        return _tell(given, runtime, ())
    with runtime.writing() as session, Signals() as signals, progress_on(given, "Looking") as progress:
        signals.finish_batches()
        about = _about(desired, session.stored, named)
        found = _refreshed(runtime, session, desired, about, signals.asked, progress)
    return _tell(given, runtime, found)


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


def _about(desired: DesiredState, stored: StoredState, named: frozenset[str] | None) -> dict[str, frozenset[str]]:
    """The ids to be known afterwards, by account: of those that declare or store any, as far as asked for."""
    about = concerns(desired, stored, EVERYTHING)
    return {name: item.ids for name, item in about.items() if named is None or name in named}


def _refreshed(
    runtime: Runtime,
    session: Session,
    desired: DesiredState,
    about: Mapping[str, frozenset[str]],
    stop: Callable[[], bool],
    progress: Callable[[int, int], None],
) -> tuple[_Refreshed, ...]:
    """What each account shows, kept; one that the store knows as another is not even asked."""
    stored = session.stored
    before = session.store.observations(about)
    wrong = {name: why for name in about if (why := _another(desired.accounts[name], stored)) is not None}
    asked = {name: ids for name, ids in about.items() if name not in wrong}
    eyes = replace(runtime.services.eyes(stop), progress=progress)
    seen = look(asked, desired.accounts, eyes) if asked else {}
    session.store.keep_observations(list(seen.values()))
    now = runtime.clock.now()
    seen |= {name: ObservedAccount(name, now, trouble=why) for name, why in wrong.items()}
    at = {name: known.at for name, known in before.items()}
    undeclared = {item.account: item.undeclared for item in sightings(desired, stored, Abroad(ObservedState(seen)))}
    return tuple(
        _Refreshed(desired.accounts[name].provider, found, undeclared.get(name, 0), at.get(name))
        for name, found in sorted(seen.items())
    )


def _another(account: AccountSettings, stored: StoredState) -> Obstacle | None:
    """Why what the account shows must not be kept under this name."""
    recorded = stored.accounts.get(account.name)
    if recorded is None or recorded == (account.provider, account.pin):
        return None
    detail = f"it was recorded as {recorded[0]}, tenant {recorded[1] or 'none'}; the settings say otherwise"
    return Obstacle("wrong-account", detail, "put the settings back; nothing overrides this")


def _tell(given: Given, runtime: Runtime, found: Sequence[_Refreshed]) -> int:
    now = runtime.clock.now()
    fields = {"accounts": [_document(item) for item in found]}
    emit(given, note_renders("refresh", [*_lines(found, now), _summary(found)], fields))
    return worst(_code(item.trouble) for item in found)


def _lines(found: Sequence[_Refreshed], now: datetime) -> Iterator[str]:
    """A line for each account, those in trouble first and with what to do."""
    troubled = [item for item in found if item.trouble is not None]
    fine = [item for item in found if item.trouble is None]
    for item in [*troubled, *fine[:_NAMED]]:
        trouble = item.trouble
        said = _seen(item) if item.seen.trouble is None else "could not be read"
        yield f"{item.seen.account}    {said}; before: {observed_words(item.before, now)}"
        if trouble is not None:
            yield f"  {trouble.code}: {trouble.detail}"
            yield from [f"    hint: {trouble.hint}"] if trouble.hint else []
        if item.undeclared:
            yield f"  to bring in what no file declares: reconcile import --account {item.seen.account} --from-provider"
    if len(fine) > _NAMED:
        yield f"and {counted(len(fine) - _NAMED, 'more account')}"


def _seen(item: _Refreshed) -> str:
    said = [counted(len(item.seen.subscriptions), "subscription")]
    said += [f"{item.undeclared:,} declared by no file"] if item.undeclared else []
    said += [f"{len(item.seen.unreadable):,} not readable"] if item.seen.unreadable else []
    said += ["the list was not read to its end"] if not item.seen.complete else []
    return ", ".join(said)


def _summary(found: Sequence[_Refreshed]) -> str:
    if not found:
        return "Nothing to look at: no outside account declares or stores a subscription."
    wrong = sum(1 for item in found if item.trouble is not None)
    kept = sum(1 for item in found if item.seen.trouble is None)
    trouble = f", {wrong:,} in trouble" if wrong else ""
    seen = sum(len(item.seen.subscriptions) for item in found)
    return f"Refreshed {kept:,} of {counted(len(found), 'account')}, {counted(seen, 'subscription')}{trouble}."


def _document(item: _Refreshed) -> dict[str, object]:
    seen, trouble = item.seen, item.trouble
    return {
        "account": seen.account,
        "provider": item.provider,
        "observed_at": None if seen.trouble is not None else seen.at,
        "observed_before": item.before,
        "complete": seen.complete and seen.trouble is None,
        "seen": len(seen.subscriptions),
        "undeclared": item.undeclared,
        "unreadable": [
            {"external_id": id, "code": why.code, "detail": why.detail, "hint": why.hint}
            for id, why in sorted(seen.unreadable.items())
        ],
        "trouble": None if trouble is None else {"code": trouble.code, "detail": trouble.detail, "hint": trouble.hint},
    }


def _code(trouble: Obstacle | None) -> int:
    if trouble is None:
        return 0
    return 3 if trouble.code in ("wrong-tenant", "wrong-account") else 1

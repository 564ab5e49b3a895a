"""Looks at outside accounts for one plan: at those that the run is about, as far as `--refresh` says, through a port.

Only reads. What is kept of an earlier look stands in for what is not looked at, with its age.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from reconciler.desired import DesiredState
from reconciler.observed import ObservedAccount, ObservedState
from reconciler.outside.pacing import Pacers
from reconciler.outside.reading import Ask, observe_accounts
from reconciler.outside.timing import Timing, never
from reconciler.ports import Reader
from reconciler.reconcile import Inputs, plan_pass
from reconciler.refresh import Mode, Refresh, concerns, to_ask
from reconciler.settings import AccountSettings
from reconciler.stored import StoredState


@dataclass(frozen=True, slots=True)
class Eyes:
    """What a look is made with."""

    open: Callable[[AccountSettings], Reader]
    """Signed in for planning."""
    timing: Timing
    pacers: Pacers
    """Of the whole run: its writes keep the same pace."""
    stop: Callable[[], bool] = never
    progress: Callable[[int, int], None] = lambda done, total: None


def observe(
    inputs: Inputs,
    desired: DesiredState,
    stored: StoredState,
    kept: Callable[[], Mapping[str, ObservedAccount]],
    eyes: Eyes,
    refresh: Refresh,
    anew: Collection[str] = (),
) -> ObservedState:
    """What is known of the outside accounts that the run is about, looked at now or kept. `kept` is asked if needed.

    Those of `anew` are looked at whatever `refresh` says: something of theirs has just been settled.
    """
    about = concerns(desired, stored, inputs.selection)
    if not about:
        return ObservedState()
    known: Mapping[str, ObservedAccount] = {}
    if refresh.mode is not Mode.ALL:
        known = {name: replace(item, fresh=False) for name, item in kept().items() if name in about}
    plan = None
    if refresh.mode is Mode.CHANGED:
        plan = plan_pass(inputs, desired, stored, ObservedState(known)).plan
    asked = to_ask(refresh, about, known, eyes.timing.now(), plan) | (about.keys() & set(anew))
    asks = [
        _ask(desired.accounts[name], about[name].ids, eyes, listing=not about[name].narrowed) for name in sorted(asked)
    ]
    return ObservedState({**known, **_looked(asks, eyes)})


def look(
    ids: Mapping[str, frozenset[str]], accounts: Mapping[str, AccountSettings], eyes: Eyes
) -> dict[str, ObservedAccount]:
    """Everything there is in the accounts that `ids` names, and what of these ids is in no list."""
    return _looked([_ask(accounts[name], ids[name], eyes, listing=True) for name in sorted(ids)], eyes)


def _looked(asks: Sequence[Ask], eyes: Eyes) -> dict[str, ObservedAccount]:
    return observe_accounts(asks, eyes.timing, eyes.stop, eyes.progress, eyes.pacers)


def _ask(account: AccountSettings, ids: frozenset[str], eyes: Eyes, *, listing: bool) -> Ask:
    return Ask(account, ids, lambda: eyes.open(account), listing)

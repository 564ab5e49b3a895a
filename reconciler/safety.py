"""The verdict: limits, empty specs, other stores, wrong accounts, freezes. Nothing else judges a plan.

Pure. A refusal names the limit, the numbers, the setting and the exact way out. Accounts are judged first and refused
whole, then the run is judged on what remains; what counts towards which limit, `brakes` knows.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime

from reconciler.brakes import COUNTED, RUN, Allow, Brakes, window_start
from reconciler.changes import Refusal, Trait, picked, traits_of
from reconciler.desired import DesiredState
from reconciler.plan import Bindings, Plan, Verdict
from reconciler.recorded import stricter
from reconciler.selection import Selection, glob
from reconciler.settings import LimitName, Safety
from reconciler.stored import StoredState

__all__ = ["ALLOWABLE", "COUNTED", "Allow", "Circumstances", "review", "window_start"]

ALLOWABLE = (*(name.value for name in LimitName), "empty", "new-store")
"""What `--allow` may name; nothing overrides a confirmation, a protection, a block, a freeze or a wrong account."""

_ALLOW_EMPTY = "`safety: {allow_empty: true}` in reconcile.yaml, applied before"


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What a verdict depends on beside the plan and the state."""

    safety: Safety
    """As declared by the settings and tightened by the environment."""
    now: datetime
    """Real time: it decides whether a freeze holds and whether an override has expired."""
    allow: tuple[Allow, ...] = ()
    pinned: str | None = None
    """The lineage that the settings pin."""


@dataclass(slots=True)
class Standing:
    """How an estate stands, as far as a verdict counts it."""

    declared: set[str] = field(default_factory=set)
    """Accounts of which something is declared."""
    about: set[str] = field(default_factory=set)
    """Those that the run is about: one that was not selected is neither changed nor judged."""
    alive: Counter[str] = field(default_factory=Counter)
    """How many have not ended, by account."""

    def add(self, plan: Plan, desired: DesiredState, stored: StoredState) -> None:
        """Count an estate, or a part of it."""
        self.declared |= {key.account for key in desired.subscriptions} | stored.settled.counts.keys()
        self.about |= _accounts(plan.bindings, desired, stored)
        # As it stands now, outside accounts included: what has ended there meanwhile is no part of a percentage.
        standing = (plan.settled.get(key, row) for key, row in stored.subscriptions.items())
        self.alive.update(row.key.account for row in standing if not row.status.ended)
        self.alive.update(stored.settled.counts)


def review(plan: Plan, desired: DesiredState, stored: StoredState, around: Circumstances) -> Verdict:
    """The changes that may pass and every refusal, worst first. A dry run shows it, an apply obeys it.

    `stored` is as it stands at the plan's instant; where a limit in force counts days, with the recent changes since
    `window_start`.
    """
    standing = Standing()
    standing.add(plan, desired, stored)
    return reviewed(plan, standing, desired, stored, around)


def reviewed(
    plan: Plan, standing: Standing, desired: DesiredState, stored: StoredState, around: Circumstances
) -> Verdict:
    """The same of an estate that was counted already: nobody looks at what is declared."""
    gates = _gates(standing, stored, around)
    if gates:
        return Verdict((), tuple(gates))
    brakes = Brakes(around.safety, around.allow, around.now, plan, stored)
    alive = standing.alive
    found = [*_wrong_accounts(desired, stored), *_empty_accounts(standing, stored, around)]
    refused = [refusal for refusal in found if refusal.scope in standing.about]
    wrong = {refusal.scope for refusal in refused}
    for account in dict.fromkeys(trait.account for trait in traits_of(plan.changes)):
        if account not in wrong:
            refused += brakes.judge(account, picked(plan.changes, _of(account)), alive[account])
    stopped = {refusal.scope for refusal in refused}
    left = picked(plan.changes, lambda trait: trait.account not in stopped) if stopped else plan.changes
    whole_run = brakes.judge(RUN, left, alive.total())
    return Verdict(() if whole_run else left, (*refused, *whole_run))


def _of(account: str) -> Callable[[Trait], bool]:
    return lambda trait: trait.account == account


def _accounts(narrowed: Bindings, desired: DesiredState, stored: StoredState) -> set[str]:
    selection = Selection(narrowed.select, narrowed.exclude, narrowed.paths)
    chosen = selection.keys()
    about = {key.account for key, item in desired.subscriptions.items() if chosen(key) and selection.holds(item.place)}
    about |= {account for account, count in stored.settled.chosen.items() if count}
    return about if selection.paths else about | {key.account for key in stored.subscriptions if chosen(key)}


def _gates(standing: Standing, stored: StoredState, around: Circumstances) -> list[Refusal]:
    """What refuses the run whatever it would change."""
    found = []
    if around.pinned is not None and stored.exists and stored.lineage != around.pinned:
        found.append(_other_store(stored, around.pinned))
    if around.pinned is not None and not stored.exists and not _allows(around, "new-store"):
        found.append(_new_store(around.pinned))
    if stored.freeze is not None and stored.freeze.holds(around.now):
        until = f" until {stored.freeze.until:%Y-%m-%dT%H:%M:%SZ}" if stored.freeze.until else ""
        detail = f"frozen since {stored.freeze.since:%Y-%m-%dT%H:%M:%SZ}{until} by {stored.freeze.actor}"
        found.append(Refusal("frozen", "run", f"{detail}: {stored.freeze.reason}", "to end it: reconcile thaw"))
    if not standing.declared and not _may_be_empty(stored, around, None):
        detail = f"the specs declare no subscription at all; {len(stored.subscriptions)} are stored"
        hint = f"is this the right folder? If it is meant: --allow empty, or {_ALLOW_EMPTY}"
        found.append(Refusal("empty", "run", detail, hint))
    return found


def _other_store(stored: StoredState, pinned: str) -> Refusal:
    detail = f"the settings pin the store {pinned}, this one is {stored.lineage}"
    return Refusal("other-store", "run", detail, "point `store.url` at the pinned store; nothing overrides this")


def _new_store(pinned: str) -> Refusal:
    detail = f"the settings pin the store {pinned}, and there is no store here"
    hint = "restore it (reconcile store import FILE); to begin anew with that lineage: --allow new-store"
    return Refusal("new-store", "run", detail, hint)


def _wrong_accounts(desired: DesiredState, stored: StoredState) -> Iterable[Refusal]:
    for name in sorted(desired.accounts.keys() & stored.accounts.keys()):
        declared = (desired.accounts[name].provider, desired.accounts[name].pin)
        recorded = stored.accounts[name]
        if declared != recorded:
            detail = f"{name} was recorded as {_identity(recorded)}, the settings say {_identity(declared)}"
            yield Refusal(
                "wrong-account",
                name,
                detail,
                "put the settings back, or use another account name for it; nothing overrides this",
            )


def _identity(recorded: tuple[str, str | None]) -> str:
    provider, tenant = recorded
    return f"{provider}, tenant {tenant}" if tenant else f"{provider} without a tenant"


def _empty_accounts(standing: Standing, stored: StoredState, around: Circumstances) -> Iterable[Refusal]:
    for name, count in sorted(standing.alive.items()):
        if name not in standing.declared and count > 0 and not _may_be_empty(stored, around, name):
            detail = f"no file declares a subscription of {name}, and {count} stored ones have not ended"
            hint = f"were its specs lost? If it is meant: --allow empty={name}, or {_ALLOW_EMPTY}"
            yield Refusal("empty", name, detail, hint)


def _may_be_empty(stored: StoredState, around: Circumstances, account: str | None) -> bool:
    if stricter(around.safety, stored.safety).allow_empty:
        return True
    return any(
        allow.limit == "empty" and (allow.pattern is None or (account is not None and _names(allow.pattern, account)))
        for allow in around.allow
    )


def _names(pattern: str, account: str) -> bool:
    """Whether a pattern means an account: by its name, or as the keys of all its subscriptions, `contoso/*`."""
    matches = glob([pattern])
    return matches(account) or matches(f"{account}/")


def _allows(around: Circumstances, limit: str) -> bool:
    return any(allow.limit == limit for allow in around.allow)

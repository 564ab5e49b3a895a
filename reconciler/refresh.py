"""Which outside accounts a plan has to look at anew, and which of their subscriptions. Pure: it asks nobody.

`all` looks at everything that the run is about; `changed` at the accounts for which the plan made from what is kept
holds anything to do, or of which nothing is kept; `older-than` at what was last read before that; `none` at nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from reconciler.desired import DesiredState
from reconciler.model import SubscriptionKey
from reconciler.observed import ObservedAccount
from reconciler.plan import Plan
from reconciler.selection import Selection
from reconciler.stored import StoredState

FEW = 50
"""A run that is narrowed to no more subscriptions of an account asks for each, and lists nothing."""


class Mode(StrEnum):
    """What `--refresh` says."""

    ALL = "all"
    CHANGED = "changed"
    NONE = "none"
    OLDER_THAN = "older-than"


@dataclass(frozen=True, slots=True)
class Refresh:
    """What to look at anew."""

    mode: Mode = Mode.ALL
    age: timedelta | None = None
    """Of `older-than`."""


@dataclass(frozen=True, slots=True)
class Concern:
    """One outside account that a run is about."""

    account: str
    ids: frozenset[str]
    """Of what it declares and stores there, as far as the run is about it."""
    narrowed: bool
    """The run is about so few of them that they are asked for one by one."""


def concerns(desired: DesiredState, stored: StoredState, selection: Selection) -> dict[str, Concern]:
    """The outside accounts that the run is about, by name: those that declare or store anything.

    One that only lends its settings to others has nothing to look at, and may not even name a tenant.
    """
    outside = {name for name, account in desired.accounts.items() if account.outside}
    if not outside:
        return {}
    chosen = selection.keys()
    ids: dict[str, set[str]] = {}
    former: set[SubscriptionKey] = set()
    for key, wanted in desired.subscriptions.items():
        if key.account in outside and chosen(key) and selection.holds(wanted.place):
            found = ids.setdefault(key.account, set())
            if wanted.id is not None:
                found.add(wanted.id)
            if wanted.previously is not None:
                former.add(SubscriptionKey(key.account, wanted.previously))
    if not selection.paths:
        for key, row in stored.subscriptions.items():
            if key.account in outside and row.id is not None and (chosen(key) or key in former):
                ids.setdefault(key.account, set()).add(row.id)
    return {
        name: Concern(name, frozenset(found), not selection.everything and len(found) <= FEW)
        for name, found in sorted(ids.items())
    }


def to_ask(
    refresh: Refresh, about: Iterable[str], kept: Mapping[str, ObservedAccount], now: datetime, plan: Plan | None
) -> frozenset[str]:
    """The accounts to look at anew; `plan` is the one made from what is kept, which `changed` goes by."""
    match refresh.mode:
        case Mode.ALL:
            return frozenset(about)
        case Mode.NONE:
            return frozenset()
        case Mode.OLDER_THAN:
            oldest = now - (refresh.age or timedelta())
            return frozenset(name for name in about if name not in kept or kept[name].at < oldest)
        case Mode.CHANGED:
            moving = touched(plan)
            return frozenset(name for name in about if name not in kept or name in moving)


def touched(plan: Plan | None) -> frozenset[str]:
    """The accounts for which a plan holds anything that is to be done, waits, is barred or would be taken note of."""
    if plan is None:
        return frozenset()
    lists = (plan.changes, plan.blocked, plan.held, plan.pending, plan.released, plan.drift, plan.elapsed)
    return frozenset(item.key.account for items in lists for item in items)

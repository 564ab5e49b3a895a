"""Whole estates for tests: desired and stored states around the builders' values, and the plan that they give."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from reconciler.build import build_plan
from reconciler.changes import Change, Kind
from reconciler.desired import DesiredState
from reconciler.effects import carried_out
from reconciler.elapsed import elapse
from reconciler.model import DesiredSubscription, StoredSubscription, SubscriptionKey
from reconciler.plan import Bindings, Plan
from reconciler.policy import Lifecycle
from reconciler.rulebook import Rulebook
from reconciler.selection import EVERYTHING, Selection
from reconciler.settings import AccountSettings
from reconciler.stored import StoredState
from tests.builders import CLASSIC, NOW

LINEAGE = "0b9e4a54-2f6e-4a53-8f0c-2f1f4e0b7c11"
BINDINGS = Bindings("specs", "settings", LINEAGE, 7)

Rows = dict[SubscriptionKey, StoredSubscription]


def a_desired_state(*wanted: DesiredSubscription, **fields: Any) -> DesiredState:
    """What these declare, every account of theirs on the ledger."""
    fields.setdefault("accounts", {item.key.account: AccountSettings(item.key.account) for item in wanted})
    return DesiredState({item.key: item for item in wanted}, **fields)


def a_stored_state(*rows: StoredSubscription, **fields: Any) -> StoredState:
    """A store that holds these."""
    fields.setdefault("lineage", LINEAGE)
    fields.setdefault("serial", 7)
    return StoredState(subscriptions={row.key: row for row in rows}, **fields)


def plan_of(
    wanted: Iterable[DesiredSubscription] | DesiredSubscription,
    rows: Iterable[StoredSubscription] | StoredSubscription = (),
    now: datetime = NOW,
    *,
    selection: Selection = EVERYTHING,
    bindings: Bindings = BINDINGS,
    rulebook: Rulebook | None = None,
    **stored: Any,
) -> Plan:
    """The plan for these, at that instant, under the rules of `classic` if none are given."""
    desired = a_desired_state(*([wanted] if isinstance(wanted, DesiredSubscription) else wanted))
    state = a_stored_state(*([rows] if isinstance(rows, StoredSubscription) else rows), **stored)
    rules = rulebook or a_rulebook(*desired.accounts, *(key.account for key in state.subscriptions))
    state, elapsed = elapse(state, rules, now, lambda key: True)
    return replace(build_plan(desired, state, now, bindings, rules, selection), elapsed=elapsed)


def a_rulebook(*accounts: str, lifecycle: Lifecycle = CLASSIC, **fields: Any) -> Rulebook:
    """One lifecycle for all of these accounts."""
    return Rulebook(dict.fromkeys(accounts, lifecycle), **fields)


def after(changes: Iterable[Change], rows: Mapping[SubscriptionKey, StoredSubscription], now: datetime) -> Rows:
    """The rows that these changes, all carried out at one instant, leave."""
    left = dict(rows)
    for change in changes:
        former = change.key
        if change.kind is Kind.RENAME:
            former = SubscriptionKey(change.key.account, str(change.before["name"]))
        left[change.key] = carried_out(change, left.pop(former, None), now)
    return left

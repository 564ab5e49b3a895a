"""Compares what is desired with what is stored and observed, and decides every change: where a Plan is made.

Pure: now is handed in, nothing is read or written. Each change is judged on what the ones before it leave.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from reconciler.changes import Sighting
from reconciler.consequences import DueList
from reconciler.desired import DesiredState
from reconciler.diagnostics import Diagnostic
from reconciler.draft import Draft
from reconciler.due import idle_decisions, renewals_due
from reconciler.model import SubscriptionKey
from reconciler.observed import Abroad
from reconciler.plan import Bindings, Plan
from reconciler.rulebook import Rulebook
from reconciler.selection import EVERYTHING, Selection
from reconciler.settings import AccountSettings
from reconciler.stored import StoredState

DUE_WITHIN = timedelta(days=30)
"""How far every plan looks ahead for renewals that nobody has decided."""
NOTHING_ABROAD = Abroad()


@dataclass(frozen=True, slots=True)
class Built:
    """A plan of all or of some, and what was found while it was made."""

    plan: Plan
    """With nothing of the findings yet."""
    noted: list[tuple[SubscriptionKey, Diagnostic]]
    """What deciding told, by key: whose it is."""
    idle: list[Diagnostic]
    """Of decisions that fit nothing, in the order of the files."""


def build_plan(
    desired: DesiredState,
    stored: StoredState,
    now: datetime,
    bindings: Bindings,
    rulebook: Rulebook,
    selection: Selection = EVERYTHING,
    abroad: Abroad = NOTHING_ABROAD,
) -> Plan:
    """Everything that the specs ask of the stored state, which stands at now (see `elapsed.elapse`), in plan order.

    Outside accounts are judged by what was observed of them. The same inputs give the same plan.
    """
    built = built_plan(desired, stored, now, bindings, rulebook, selection, abroad)
    told = (item for _, item in built.noted)
    return replace(built.plan, diagnostics=(*desired.diagnostics, *stored.diagnostics, *told, *built.idle))


def built_plan(
    desired: DesiredState,
    stored: StoredState,
    now: datetime,
    bindings: Bindings,
    rulebook: Rulebook,
    selection: Selection = EVERYTHING,
    abroad: Abroad = NOTHING_ABROAD,
) -> Built:
    """The same with what deciding found apart, so that the plans of parts of an estate can be put together."""
    draft = Draft(now, desired, stored, rulebook)
    outside = {name: account for name, account in desired.accounts.items() if account.outside}
    chosen = selection.keys()
    noted = _consider(draft, selection, abroad, outside)
    # A record lies in no file: a run that is narrowed to paths says nothing about the unmanaged ones.
    unmanaged = () if selection.paths else tuple(filter(chosen, draft.records.unclaimed))
    _look_abroad(draft, [key for key in unmanaged if key.account in outside], outside, abroad)
    draft.let_go_of_tasks(() if selection.paths else filter(chosen, stored.open_intents))
    rows = draft.left | {key: stored.subscriptions[key] for key in unmanaged}
    made, settled = draft.plan(bindings), stored.settled
    due = renewals_due(rows, desired, rulebook, now, DUE_WITHIN, monthly=False)
    plan = replace(
        made,
        unchanged=made.unchanged + sum(settled.chosen.values()),
        due=DueList.of(settled.due) + due if settled.due else due,
        unmanaged=unmanaged,
        rules=desired.rules,
        sightings=_sightings(desired, stored, abroad),
    )
    return Built(plan, noted, idle_decisions(rows, desired, rulebook, now))


def _consider(
    draft: Draft, selection: Selection, abroad: Abroad, outside: Mapping[str, AccountSettings]
) -> list[tuple[SubscriptionKey, Diagnostic]]:
    """Decide of every declared subscription that the run is about, in the order of the keys; what was found of each."""
    chosen, declared = selection.keys(), draft.desired.subscriptions
    noted: list[tuple[SubscriptionKey, Diagnostic]] = []
    for key in sorted(declared):
        wanted = declared[key]
        if not (chosen(key) and selection.holds(wanted.place)):
            continue
        if key.account in outside:
            from reconciler.abroad import consider_outside  # start-up: only these are judged by what they show

            with draft.at(abroad.now or draft.now):
                consider_outside(draft, wanted, outside[key.account], abroad)
        else:
            draft.consider(wanted)
        if len(draft.diagnostics) > len(noted):
            noted += [(key, item) for item in draft.diagnostics[len(noted) :]]
    return noted


def _look_abroad(
    draft: Draft, unclaimed: Sequence[SubscriptionKey], outside: Mapping[str, AccountSettings], abroad: Abroad
) -> None:
    """Look at records of outside accounts that nothing declares."""
    if unclaimed:
        from reconciler.abroad import look_at_unclaimed, mistaken  # start-up, as above

        for key in unclaimed:
            if not mistaken(draft.stored, outside[key.account]):
                look_at_unclaimed(draft, draft.stored.subscriptions[key], abroad)


def _sightings(desired: DesiredState, stored: StoredState, abroad: Abroad) -> tuple[Sighting, ...]:
    if not abroad.observed.accounts:
        return ()
    from reconciler.abroad import sightings  # start-up, as above

    return sightings(desired, stored, abroad)

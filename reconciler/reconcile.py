"""One pass: read, plan, review, and, where it is an apply, carry out. All effects go through the ports handed in.

A dry run and an apply make their plan by the same function from the same inputs: the plan shown is the plan applied.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Container, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, tzinfo
from typing import TYPE_CHECKING

from reconciler.brakes import window_start
from reconciler.build import build_plan
from reconciler.catalogue import Catalogue
from reconciler.changes import Change, traits_of
from reconciler.desired import DesiredState, SpecTexts
from reconciler.diagnostics import Diagnostic, Severity, in_order, warning
from reconciler.elapsed import elapse
from reconciler.errors import ReconcilerError, SpecError, UsageError
from reconciler.events import Event
from reconciler.journal import ApplyReport, Run
from reconciler.model import StoredSubscription, SubscriptionKey
from reconciler.observed import Abroad, ObservedState
from reconciler.plan import Bindings, Plan, Verdict
from reconciler.policy import Lifecycle
from reconciler.ports import Bookkeeping, Clock, StateReader, Store
from reconciler.recorded import (
    PENDING,
    RECORDED,
    as_recorded,
    lifecycles_moved,
    settings_moved,
    with_lifecycles,
)
from reconciler.rulebook import PriceList, Rulebook
from reconciler.safety import Circumstances, review
from reconciler.selection import EVERYTHING, Selection, glob
from reconciler.settings import LEDGER, MANUAL, Settings
from reconciler.stored import StoredState

if TYPE_CHECKING:  # start-up, as below
    from reconciler.apply import Served
    from reconciler.begun import Begun
    from reconciler.hand import Records


@dataclass(frozen=True, slots=True)
class Inputs:
    """What a pass starts from, beside the stored state."""

    settings: Settings
    settings_digest: str
    texts: SpecTexts
    circumstances: Circumstances
    providers: Container[str]
    """The names of the providers there are."""
    selection: Selection = EVERYTHING
    as_of: datetime | None = None
    """The instant of plans and effects, where it is not now."""
    commit: str | None = None
    prices: PriceList = field(default_factory=PriceList)
    zone: tzinfo | None = None
    """The admin's, where the settings name one."""
    correct: tuple[str, ...] = ()
    """The patterns of `--correct-drift`: what was changed outside of these is undone."""


@dataclass(frozen=True, slots=True)
class Pass:
    """What a pass found and decided."""

    desired: DesiredState
    stored: StoredState
    """As it stands at the plan's instant."""
    plan: Plan
    verdict: Verdict
    rulebook: Rulebook = field(default_factory=Rulebook)
    """What time and money were judged by."""
    observed: ObservedState = field(default_factory=ObservedState)
    """What outside providers showed."""


def read_specs(inputs: Inputs) -> DesiredState:
    """What the specs want; raises SpecError with every error of every file."""
    from reconciler.spec import load_specs  # pydantic and yaml: only once there are specs to read

    desired = load_specs(inputs.texts, inputs.settings, inputs.providers)
    if desired.has_errors:
        raise SpecError(in_order(desired.diagnostics))
    extra = Catalogue().unknown_codes(desired)
    return replace(desired, diagnostics=(*desired.diagnostics, *extra)) if extra else desired


def declared(inputs: Inputs) -> DesiredState:
    """What could be made out of the specs, errors or none: for those who look, or who must not be kept from acting."""
    from reconciler.spec import load_specs  # as above

    return load_specs(inputs.texts, inputs.settings, inputs.providers)


def picture(inputs: Inputs, reader: StateReader | None) -> StoredState:
    """What the store holds, with the earlier changes that a limit over several days counts; without one, nothing."""
    if reader is None:
        return StoredState(lineage=inputs.settings.lineage, exists=False)
    return with_recent(inputs, reader.snapshot(), reader)


def with_recent(inputs: Inputs, stored: StoredState, reader: StateReader) -> StoredState:
    """The same with the earlier changes that a limit over several days counts."""
    since = window_start(inputs.settings.safety, stored.safety, inputs.circumstances.now)
    return stored if since is None else replace(stored, recent=tuple(reader.recent(since)))


def plan_pass(
    inputs: Inputs, desired: DesiredState, stored: StoredState, observed: ObservedState | None = None
) -> Pass:
    """Plan and review; writes nothing, and could not."""
    seen = observed or ObservedState()
    check_selection(inputs.selection, desired, stored)
    now, chosen = instant_of(inputs, stored), inputs.selection
    bindings, rules = bindings_of(inputs, desired.digest, stored), rulebook_of(inputs, desired)
    headlines = headlines_of(inputs, stored)
    diagnostics = about_runs(inputs, stored)
    stored, elapsed = elapse(stored, rules, now, concerned(chosen, desired))
    plan = build_plan(
        desired,
        stored,
        now,
        bindings,
        rules,
        chosen,
        Abroad(seen, inputs.as_of or inputs.circumstances.now, glob(inputs.correct)),
    )
    elapsed = tuple(sorted((*elapsed, *plan.elapsed), key=lambda event: (event.key, event.at)))
    plan = replace(plan, headlines=headlines, elapsed=elapsed, diagnostics=(*plan.diagnostics, *diagnostics))
    return Pass(desired, stored, plan, review(plan, desired, stored, inputs.circumstances), rules, seen)


def bindings_of(inputs: Inputs, specs_digest: str, stored: StoredState) -> Bindings:
    """What a plan is made from."""
    chosen = inputs.selection
    return Bindings(
        specs_digest, inputs.settings_digest, stored.lineage, stored.serial, inputs.commit,
        chosen.select, chosen.exclude, chosen.paths, inputs.correct,
    )  # fmt: skip


def instant_of(inputs: Inputs, stored: StoredState) -> datetime:
    """The instant of the plan. Time does not go backwards in a ledger: a clock that is behind counts as standing."""
    if inputs.as_of is not None:
        return inputs.as_of
    return max(inputs.circumstances.now, stored.last_as_of or inputs.circumstances.now)


def rulebook_of(inputs: Inputs, desired: DesiredState) -> Rulebook:
    """What time and money are judged by. Only what is ours lives in our time: outside accounts tell their own dates."""
    lifecycles, accounts = inputs.settings.lifecycles, desired.accounts.items()
    return Rulebook(
        {name: lifecycles[item.lifecycle] for name, item in accounts if item.lifecycle in lifecycles},
        {name: item.currency for name, item in accounts if item.currency is not None},
        inputs.prices,
        inputs.zone,
        frozenset(name for name, item in accounts if item.outside),
    )


def concerned(selection: Selection, desired: DesiredState) -> Callable[[SubscriptionKey], bool]:
    """Which records a run is about, by the keys that they are stored under."""
    if selection.everything:
        return lambda key: True
    chosen = selection.keys()
    claimed = set()
    for key, wanted in desired.subscriptions.items():
        if chosen(key) and selection.holds(wanted.place):
            claimed.add(key)
            if wanted.previously is not None:
                claimed.add(SubscriptionKey(key.account, wanted.previously))
    if selection.paths:
        return claimed.__contains__
    return lambda key: key in claimed or chosen(key)


def check_selection(selection: Selection, desired: DesiredState, stored: StoredState) -> None:
    """A selection that holds nothing is a slip of the pen: saying `No changes` to it would be a lie."""
    if selection.everything:
        return
    chosen = selection.keys()
    if any(stored.settled.chosen.values()):
        return
    if any(chosen(key) and selection.holds(item.place) for key, item in desired.subscriptions.items()):
        return
    if not selection.paths and any(map(chosen, stored.subscriptions)):
        return
    what = ", ".join((*selection.select, *(f"not {item}" for item in selection.exclude), *selection.paths))
    raise UsageError("nothing-selected", f"no subscription is selected by: {what}", "keys look like account/name")


_NEW_STORE = "new store: there is none yet, so everything is to register"
_LOST_STORE = "new store: the pinned one is not here; with a new one, everything would be to register"


def told_after(plan: Plan, report: ApplyReport) -> Plan:
    """The plan with headlines that are true once it was carried out."""
    kept = [RECORDED if line == PENDING and report.settings_recorded else line for line in plan.headlines]
    return replace(plan, headlines=tuple(line for line in kept if not report.created_store or line not in _ABOUT_STORE))


_ABOUT_STORE = (_NEW_STORE, _LOST_STORE)


def headlines_of(inputs: Inputs, stored: StoredState) -> tuple[str, ...]:
    """What a reader must know before anything else."""
    found = []
    if not stored.exists:
        found.append(_NEW_STORE if inputs.circumstances.pinned is None else _LOST_STORE)
    elif stored.serial == 0 and inputs.circumstances.pinned is None:
        # The run that created it was cut off before its report, and so its lineage was never told.
        found.append(
            f"the store is new and holds nothing yet; pin it in reconcile.yaml: store.lineage {stored.lineage}"
        )
    found += lifecycles_moved(_own_lifecycles(inputs), stored.safety)
    found += settings_moved(inputs.settings.safety, stored.safety)
    return tuple(found)


def _own_lifecycles(inputs: Inputs) -> dict[str, Lifecycle]:
    """The rules of the accounts of the settings; those that folders add are like one of these."""
    known = inputs.settings.lifecycles
    accounts = inputs.settings.accounts.items()
    return {name: known[item.lifecycle] for name, item in accounts if item.lifecycle in known}


def about_runs(inputs: Inputs, stored: StoredState) -> tuple[Diagnostic, ...]:
    """What is to be said of this run's instant, and of the runs before."""
    return (*about_time(inputs, stored), *_cut_off(stored))


def about_time(inputs: Inputs, stored: StoredState) -> list[Diagnostic]:
    """The warning about an instant that lies before the last recorded one."""
    last = stored.last_as_of
    if last is None or (inputs.as_of or inputs.circumstances.now) >= last:
        return []
    if inputs.as_of is not None:
        detail = f"the last run was recorded as of {last:%Y-%m-%dT%H:%M:%SZ}; an apply would refuse this instant"
        hint = "time does not go backwards in a ledger: take that instant or a later one"
        return [warning("as-of-before-last", "--as-of lies before the last recorded run", detail=detail, hint=hint)]
    detail = f"the last run was recorded as of {last:%Y-%m-%dT%H:%M:%SZ}, and this one is planned as of then, too"
    hint = "check the clock of this machine; nothing is undone because of it, and nothing happens twice"
    return [warning("clock-behind", "the clock is behind the last recorded run", detail=detail, hint=hint)]


def _cut_off(stored: StoredState) -> list[Diagnostic]:
    return [
        Diagnostic(
            Severity.NOTE,
            "run-cut-off",
            "an earlier run was cut off",
            f"run {run}: what it recorded stands, and the rest is planned again here",
        )
        for run in stored.unfinished
    ]


@dataclass(frozen=True, slots=True)
class Hands:
    """What an apply acts through."""

    store: Store
    served: Served
    clock: Clock
    """Real time."""
    stop: Callable[[], bool] = lambda: False
    """Asked between batches whether to go no further."""
    progress: Callable[[int, int], None] = lambda done, total: None
    """Told how many changes are behind us, of how many."""


def apply_pass(inputs: Inputs, found: Pass, run: Run, hands: Hands, begun: Begun | None = None) -> ApplyReport:
    """Carry out what of the plan passed review; must run under the lease that the stored state was read under.

    What was begun before, and is to be done once more just so, has its operation id.
    """
    from reconciler.apply import Instruction, execute  # start-up: a dry run carries nothing out
    from reconciler.begun import closings, repeated_ids

    check_instant(inputs, found)
    plan, stored, verdict = found.plan, found.stored, found.verdict
    repeated = repeated_ids(stored, verdict.allowed, () if begun is None else begun.late)
    instruction = Instruction(
        run=run,
        changes=verdict.allowed,
        elapsed=_recordable(plan.elapsed, verdict),
        settled=plan.settled,
        closing=closings(found.plan, found.verdict, stored),
        repeated=repeated,
        bookkeeping=_bookkeeping(inputs, found),
        lineage=stored.lineage or "",
        serial=stored.serial,
        closes=bool(stored.unfinished) and verdict.clear,
        records=_later(found, hands.store) if stored.apart else None,
    )
    report = execute(
        instruction, stored.subscriptions, hands.store, hands.served, hands.clock, hands.stop, hands.progress
    )
    accounts = found.desired.accounts
    touched = sorted({trait.account for trait in traits_of(verdict.allowed)})
    ledgers = [name for name in touched if name not in accounts or accounts[name].provider == LEDGER]
    return replace(
        report,
        refused=verdict.refused,
        lineage=plan.bindings.store_lineage,
        ledger_accounts=tuple(ledgers),
        manual_accounts=tuple(name for name in touched if name in accounts and accounts[name].provider == MANUAL),
    )


def _later(found: Pass, store: Store) -> Records:
    """Reads records as they stand at the plan's instant, once they are needed."""
    everyone = {*found.stored.accounts, *found.desired.accounts}

    def read(keys: Collection[SubscriptionKey]) -> Mapping[SubscriptionKey, StoredSubscription]:
        there = store.some(keys, everyone)
        return elapse(there, found.rulebook, found.plan.as_of, lambda key: False)[0].subscriptions

    return read


def _recordable(events: tuple[Event, ...], verdict: Verdict) -> tuple[Event, ...]:
    """What time did is recorded but where a brake holds everything: of what is refused, nothing is written."""
    stopped = {refusal.scope for refusal in verdict.refused}
    return () if "run" in stopped else tuple(event for event in events if event.key.account not in stopped)


def check_instant(inputs: Inputs, found: Pass) -> None:
    """An instant other than now can be recorded in a ledger alone, and never before what is recorded already."""
    if inputs.as_of is None:
        return
    chosen = inputs.selection.keys()
    accounts = found.desired.accounts
    selected = {key.account for key in found.desired.subscriptions if chosen(key)}
    others = sorted(name for name in selected if name in accounts and accounts[name].provider != LEDGER)
    if others:
        detail = f"--as-of cannot be applied to {', '.join(others)}"
        raise UsageError("as-of-outside", detail, "only a ledger lives in our time")
    last = found.stored.last_as_of
    if last is not None and inputs.as_of < last:
        raise ReconcilerError(
            "as-of-before-last",
            f"--as-of lies before the last recorded run, {last:%Y-%m-%dT%H:%M:%SZ}",
            "time does not go backwards in a ledger: take that instant or a later one",
        )


def _bookkeeping(inputs: Inputs, found: Pass) -> Bookkeeping:
    desired, stored, verdict = found.desired, found.stored, found.verdict
    stopped = {refusal.scope for refusal in verdict.refused}
    safety = _to_record(inputs, stored, writes=bool(verdict.allowed or found.plan.elapsed))
    # A narrowed run hides what the brakes would refuse: letting it record looser ones would be a way around them.
    recorded = verdict.clear and inputs.selection.everything and safety != stored.safety
    if "run" in stopped:
        return Bookkeeping()
    kept = Bookkeeping(
        safety=safety if recorded else None,
        accounts=_new_accounts(desired, stored, verdict.allowed, stopped),
        declared=frozenset(key for key in found.plan.declared if key.account not in stopped),
    )
    return kept if kept == Bookkeeping() and not verdict.allowed else replace(kept, as_of=found.plan.as_of)


def _to_record(inputs: Inputs, stored: StoredState, *, writes: bool) -> dict[str, object]:
    """The brakes, with each account's rules. A store of before rules were kept is told of them by a run that writes
    anyway: they alone are no reason to write.
    """
    safety = as_recorded(inputs.settings.safety)
    if safety == stored.safety and not writes:
        return safety
    return with_lifecycles(safety, _own_lifecycles(inputs))


def _new_accounts(
    desired: DesiredState, stored: StoredState, changes: Sequence[Change], stopped: Container[str]
) -> dict[str, tuple[str, str | None]]:
    """Accounts to record: those written to now, and those with records that a run which was cut off left without."""
    written = {trait.account for trait in traits_of(changes)} | {key.account for key in stored.subscriptions}
    written |= stored.settled.counts.keys()
    return {
        name: (desired.accounts[name].provider, desired.accounts[name].pin)
        for name in sorted(written & desired.accounts.keys() - stored.accounts.keys())
        if name not in stopped
    }

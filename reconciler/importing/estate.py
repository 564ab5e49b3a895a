"""One import, decided: which rows are new, the specs to write for them, what to record, and what differs from before.

Pure: reading specs is handed in as a function. Whoever carries it out writes the files first, and records after them.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from reconciler.build import build_plan
from reconciler.changes import INTENTS, Change
from reconciler.desired import DesiredState
from reconciler.diagnostics import Diagnostic
from reconciler.effects import carried_out
from reconciler.errors import SpecError
from reconciler.importing.compare import Observed, compared, differences, overruled, registrations
from reconciler.importing.inherited import held_back, inherited, why
from reconciler.importing.matching import matched
from reconciler.importing.names import spec_names
from reconciler.importing.proof import WrittenWrongly, prove
from reconciler.importing.rows import ImportedRow
from reconciler.importing.tasks import ByHand, Told, told_of_tasks
from reconciler.importing.write import Writing, WrittenSpec, file_names, spec_texts
from reconciler.model import Intent, SubscriptionKey
from reconciler.plan import Bindings, Plan
from reconciler.rulebook import Rulebook
from reconciler.stored import StoredState

Load = Callable[[Sequence[WrittenSpec]], DesiredState]
"""Every spec that is there together with these new files, read as every later run will read them."""


@dataclass(frozen=True, slots=True)
class Request:
    """What was asked for."""

    account: str
    folder: str
    """Where new specs go, as shown; `out` names a file instead."""
    writing: Writing
    now: datetime
    bindings: Bindings
    rulebook: Rulebook
    out: str | None = None
    update: bool = False
    """Take what differs from the records, too."""
    by_hand: ByHand | None = None
    """Of an account whose changes people make: what they have been asked, and what they have said."""


@dataclass(frozen=True, slots=True)
class Import:
    """What an import will do, and what it found; nothing is done yet."""

    files: tuple[WrittenSpec, ...]
    """To create, before anything is recorded."""
    plan: Plan
    """What is recorded: registrations, and differences where they are to be taken. Some differences are blocked."""
    differing: tuple[Change, ...]
    """Every difference between a row and its record, taken or not."""
    gone: tuple[SubscriptionKey, ...]
    """Recorded, and in no row: left as they are."""
    named: Mapping[SubscriptionKey, ImportedRow]
    """Every row under its key."""
    desired: DesiredState
    """The specs as they will be."""
    diagnostics: tuple[Diagnostic, ...]
    """Warnings."""
    told: tuple[Told, ...] = ()
    """What the rows say of people's tasks; what is confirmed or contradicted is recorded in any case."""


def prepared(
    rows: Sequence[ImportedRow],
    request: Request,
    stored: StoredState,
    declared: DesiredState,
    existing: Collection[str],
    load: Load,
) -> Import:
    """Decide an import. `stored` stands at now; `declared` and `existing` are the specs and their files as they are.

    Raises SpecError for rows that a person must tell apart, InputError where a file stands in the way, and
    WrittenWrongly, our bug, if the new specs do not say what the rows say.
    """
    found = matched(request.account, rows, stored.subscriptions.values(), declared)
    if found.diagnostics:
        raise SpecError(found.diagnostics)
    names = spec_names(found.new, taken_names(request.account, stored, declared))
    new = {SubscriptionKey(request.account, name): row for name, row in zip(names, found.new, strict=True)}
    desk = _Desk(request, stored, load, existing)
    files, desired, held = desk.written(new) if new else ((), declared, {})
    observed = _observed(request, {**found.known, **new}, desired)
    plan = compared(observed, stored, request.now, request.bindings, request.rulebook)
    told = _told(request, observed, stored)
    plan = _without({item.key for item in told if item.change is not None}, plan)
    differing = differences(plan)
    taken = plan.changes if request.update else registrations(plan)
    return Import(
        files=files,
        plan=replace(plan, changes=taken, unmanaged=()),
        differing=differing,
        gone=found.gone,
        named=observed.rows,
        desired=desired,
        diagnostics=(*held_back(held, "the file"), *overruled(observed)),
        told=told,
    )


def _observed(request: Request, rows: Mapping[SubscriptionKey, ImportedRow], desired: DesiredState) -> Observed:
    by_hand = request.by_hand is not None
    return Observed(request.account, request.writing.source, rows, desired.subscriptions, by_hand)


def _told(request: Request, observed: Observed, stored: StoredState) -> tuple[Told, ...]:
    if request.by_hand is None:
        return ()
    rows, file = observed.rows, request.writing.source
    return tuple(told_of_tasks(rows, stored.subscriptions, request.by_hand, file, request.now))


def _without(keys: Collection[SubscriptionKey], plan: Plan) -> Plan:
    """The plan without changes of the pair that a task accounts for."""
    left = tuple(change for change in plan.changes if change.kind not in INTENTS or change.key not in keys)
    blocked = tuple(item for item in plan.blocked if item.kind not in INTENTS or item.key not in keys)
    return replace(plan, changes=left, blocked=blocked)


def taken_names(account: str, stored: StoredState, declared: DesiredState) -> set[str]:
    """Names of the account that no new subscription may bear, former ones included."""
    keys = {*stored.subscriptions, *declared.subscriptions}
    former = {item.previously for key, item in declared.subscriptions.items() if key.account == account}
    return {key.name for key in keys if key.account == account} | {name for name in former if name}


@dataclass(frozen=True, slots=True)
class _Desk:
    """Where the new specs are drafted and proved."""

    request: Request
    stored: StoredState
    load: Load
    existing: Collection[str]

    def written(
        self, new: Mapping[SubscriptionKey, ImportedRow]
    ) -> tuple[tuple[WrittenSpec, ...], DesiredState, Mapping[SubscriptionKey, Intent]]:
        """The files, the specs with them, and the inherited pairs that they take back so that nothing is left to do."""
        files, desired = self._draft(new, {})
        held = self._wishes(new, desired)
        if held:
            files, desired = self._draft(new, held)
            if left := self._wishes(new, desired):
                raise WrittenWrongly(f"{min(left)} does not take back the pair that it inherits")
        return files, desired, held

    def _draft(
        self, new: Mapping[SubscriptionKey, ImportedRow], held: Mapping[SubscriptionKey, Intent]
    ) -> tuple[tuple[WrittenSpec, ...], DesiredState]:
        request = self.request
        reasons = {key: why(intent) for key, intent in held.items()}
        texts = spec_texts(request.account, new, request.writing, reasons)
        names = file_names(request.account, len(texts), self.existing, request.folder, request.out)
        files = tuple(WrittenSpec(name, text) for name, text in zip(names, texts, strict=True))
        desired = self.load(files)
        prove(desired, new, names, request.writing.declare, held.keys())
        return files, desired

    def _wishes(
        self, new: Mapping[SubscriptionKey, ImportedRow], desired: DesiredState
    ) -> dict[SubscriptionKey, Intent]:
        """Pairs that new subscriptions inherit and their records will not have: found by planning what comes after."""
        request = self.request
        observed = _observed(request, new, desired)
        plan = compared(observed, self.stored, request.now, request.bindings, request.rulebook)
        records = {change.key: carried_out(change, None, request.now) for change in registrations(plan)}
        after = build_plan(
            replace(desired, subscriptions={key: desired.subscriptions[key] for key in records}),
            replace(self.stored, subscriptions={**self.stored.subscriptions, **records}),
            request.now,
            request.bindings,
            request.rulebook,
        )
        return dict(inherited(desired, (*after.changes, *after.blocked)))

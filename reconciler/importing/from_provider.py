"""An outside account brought in: what its provider shows as specs that ask for nothing, and the records to adopt.

Pure: reading specs is handed in as a function. It proves what it decides: a dry run made from it has nothing to do.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from reconciler.build import build_plan
from reconciler.changes import INTENTS, Blocked, Change, Kind
from reconciler.desired import DesiredState
from reconciler.diagnostics import Diagnostic, Location
from reconciler.effects import carried_out
from reconciler.errors import InputError, ProviderTrouble, Refused, WrongTenant
from reconciler.importing.estate import taken_names
from reconciler.importing.inherited import held_back, inherited, why
from reconciler.importing.names import distinct, mark_of, slug
from reconciler.importing.observed_specs import Heading, declarable, prove, spec_texts
from reconciler.importing.proof import WrittenWrongly
from reconciler.importing.write import WrittenSpec, file_names
from reconciler.model import DesiredSubscription, Intent, Status, StoredSubscription, SubscriptionKey
from reconciler.observed import Abroad, ObservedAccount, ObservedState, ObservedSubscription, Obstacle
from reconciler.plan import Bindings, Plan
from reconciler.rulebook import Rulebook
from reconciler.selection import Selection
from reconciler.settings import AccountSettings
from reconciler.spec.resolve import whose_ids
from reconciler.stored import StoredState

Load = Callable[[Sequence[WrittenSpec]], DesiredState]
"""Every spec that is there together with these new files, read as every later run will read them."""
Named = Mapping[SubscriptionKey, ObservedSubscription]


@dataclass(frozen=True, slots=True)
class Request:
    """What was asked for."""

    account: AccountSettings
    folder: str
    """Where new specs go, as shown; `out` names a file instead."""
    schema: str
    now: datetime
    bindings: Bindings
    rulebook: Rulebook
    out: str | None = None


@dataclass(frozen=True, slots=True)
class Adoption:
    """What will be written and recorded, and what is left out; nothing is done yet."""

    files: tuple[WrittenSpec, ...]
    """To create, before anything is recorded."""
    plan: Plan
    """What is recorded: adoptions alone, and what is ours of a record that stood without a spec."""
    named: Named
    """What the new files declare."""
    ended: Mapping[Status, int]
    """Left out: they have ended."""
    declared: int
    """Left out: the account's specs declare them already."""
    elsewhere: Mapping[str, SubscriptionKey]
    """By id: left out, for another account declares them."""
    barred: Mapping[str, Obstacle]
    """By id: left out, for they could not be read, or not be taken."""
    remaining: int
    """What a dry run of the account would still do, none of it of the new files: it was wished before."""
    desired: DesiredState
    """The specs as they will be."""
    diagnostics: tuple[Diagnostic, ...]
    """Warnings."""


def usable(known: ObservedAccount) -> None:
    """Raise unless the account was read to its end and shows anything: from less, no estate is brought in."""
    name, trouble = known.account, known.trouble
    if trouble is not None:
        kind = WrongTenant if trouble.code == "wrong-tenant" else ProviderTrouble
        raise kind(trouble.code, f"{name}: {trouble.detail}", trouble.hint)
    if not known.complete:
        why_not = known.broken_off or Obstacle("unreadable", "nobody knows why", "run again")
        detail = f"the list of {name} was not read to its end: {why_not.detail}"
        raise ProviderTrouble("half-a-list", f"{detail}; nothing was written", why_not.hint)
    if not (known.subscriptions or known.unreadable):
        hint = f"is it the right one? See who is signed in, and where: reconcile whoami --account {name}"
        raise Refused("empty-list", f"{name} lists no subscription at all; nothing was written", hint)


def prepared(
    known: ObservedAccount,
    request: Request,
    stored: StoredState,
    declared: DesiredState,
    existing: Collection[str],
    load: Load,
) -> Adoption:
    """Decide it. `declared` and `existing` are the specs and their files as they are.

    Raises as `usable`, InputError where a file stands in the way, SpecError for a file in another account's folder, and
    WrittenWrongly, our bug, if a dry run of the new specs were not empty.
    """
    usable(known)
    sorting = _sort(known, request.account, declared)
    desk = _Desk(known, request, stored, load, existing)
    named, refused = desk.takeable(_named(sorting.new, request, stored, declared), declared)
    barred = {**known.unreadable, **sorting.unfit, **refused}
    files, desired, held = desk.written(named, sorting.ended, barred) if named else ((), declared, {})
    plan, remaining = desk.proved(named, desired)
    return Adoption(
        files=files,
        plan=plan,
        named=named,
        ended=sorting.ended,
        declared=sorting.declared,
        elsewhere=sorting.elsewhere,
        barred=barred,
        remaining=remaining,
        desired=desired,
        diagnostics=tuple(held_back(held, "its provider")),
    )


@dataclass(frozen=True, slots=True)
class _Sorting:
    """What is shown, by what becomes of it."""

    new: tuple[ObservedSubscription, ...]
    """By id."""
    ended: Mapping[Status, int]
    declared: int
    elsewhere: Mapping[str, SubscriptionKey]
    unfit: Mapping[str, Obstacle]


def _sort(known: ObservedAccount, account: AccountSettings, declared: DesiredState) -> _Sorting:
    """What is declared already counts as that, also once it has ended."""
    claimed = _claimed(account, declared)
    ended: Counter[Status] = Counter()
    elsewhere: dict[str, SubscriptionKey] = {}
    unfit: dict[str, Obstacle] = {}
    new = []
    ours = 0
    for id, seen in sorted(known.subscriptions.items()):
        key = claimed.get(id)
        if key is not None and key.account == account.name:
            ours += 1
        elif key is not None:
            elsewhere[id] = key
        elif seen.status.ended:
            ended[seen.status] += 1
        elif declarable(id):
            new.append(seen)
        else:
            detail = "its id is too long for a spec, or holds characters that no spec may hold"
            unfit[id] = Obstacle("unusable-id", detail, "manage it at its provider, or with `provider: manual`")
    return _Sorting(tuple(new), dict(sorted(ended.items())), ours, elsewhere, unfit)


def _claimed(account: AccountSettings, declared: DesiredState) -> dict[str, SubscriptionKey]:
    """Who declares which id, as far as it can be the same subscription: there, none is declared twice."""
    whose = whose_ids(account)
    same = {name for name, other in declared.accounts.items() if whose_ids(other) == whose}
    return {item.id: key for key, item in declared.subscriptions.items() if item.id and key.account in same}


def _named(
    new: Sequence[ObservedSubscription], request: Request, stored: StoredState, declared: DesiredState
) -> dict[SubscriptionKey, ObservedSubscription]:
    """Each under its key: that of its record, where one stands without a spec, else a new one."""
    account = request.account.name
    records = {
        row.id: key for key, row in stored.subscriptions.items() if key.account == account and row.id is not None
    }
    claimed = taken_names(account, StoredState(), declared)
    known = {item.id: records[item.id].name for item in new if item.id in records}
    known = {id: name for id, name in known.items() if name not in claimed}
    left = [item for item in new if item.id not in known]
    bases = [slug(item.display_name) or slug(item.product_name) or slug(item.product) or _NAMELESS for item in left]
    names = distinct(bases, [mark_of(item.id) for item in left], taken_names(account, stored, declared))
    for item, name in zip(left, names, strict=True):
        if name is None:
            detail = f"every name for '{slug(item.display_name) or _NAMELESS}' is taken in {account}"
            raise InputError("no-free-name", detail, "give one of those another name, with `previously`")
        known[item.id] = name
    return {SubscriptionKey(account, known[item.id]): item for item in new}


_NAMELESS = "subscription"


@dataclass(frozen=True, slots=True)
class _Desk:
    """Where the new specs are drafted, planned and proved."""

    known: ObservedAccount
    request: Request
    stored: StoredState
    load: Load
    existing: Collection[str]

    def takeable(
        self, named: Named, declared: DesiredState
    ) -> tuple[dict[SubscriptionKey, ObservedSubscription], dict[str, Obstacle]]:
        """What a plan would adopt, and by id why the rest cannot be."""
        bare = {key: DesiredSubscription(key, Location(""), id=seen.id) for key, seen in named.items()}
        plan = self._plan(replace(declared, subscriptions={**declared.subscriptions, **bare}), self.stored)
        barred = {item.key: Obstacle(item.code, item.detail, item.hint) for item in plan.blocked}
        barred |= {item.key: Obstacle("under-way", item.detail, item.hint) for item in plan.pending}
        kept = {key: seen for key, seen in named.items() if key not in barred}
        return kept, {seen.id: barred[key] for key, seen in named.items() if key in barred}

    def written(
        self, named: Named, ended: Mapping[Status, int], barred: Mapping[str, Obstacle]
    ) -> tuple[tuple[WrittenSpec, ...], DesiredState, Mapping[SubscriptionKey, Intent]]:
        """The files, the specs with them, and the inherited pairs that they take back so that nothing is left to do."""
        request = self.request
        heading = Heading(request.account.name, request.account.provider, self.known.at, request.schema, ended, barred)
        files, desired = self._draft(named, heading, {})
        held = self._wishes(named, desired)
        if held:
            files, desired = self._draft(named, heading, held)
        return files, desired, held

    def _draft(
        self, named: Named, heading: Heading, held: Mapping[SubscriptionKey, Intent]
    ) -> tuple[tuple[WrittenSpec, ...], DesiredState]:
        request = self.request
        texts = spec_texts(heading, named, {key: why(intent) for key, intent in held.items()})
        names = file_names(request.account.name, len(texts), self.existing, request.folder, request.out)
        files = tuple(WrittenSpec(name, text) for name, text in zip(names, texts, strict=True))
        desired = self.load(files)
        prove(desired, named, names, held.keys())
        return files, desired

    def _wishes(self, named: Named, desired: DesiredState) -> dict[SubscriptionKey, Intent]:
        """Pairs that new subscriptions inherit, and that ask for something else than what stands."""
        plan = self._plan(desired, self._after(self._ours(self._plan(desired, self.stored), named)))
        left: list[Change | Blocked] = [item for item in plan.changes if item.key in named]
        left += [item for item in plan.blocked if item.key in named]
        found = dict(inherited(desired, left))
        for item in plan.held:
            intent = desired.subscriptions[item.key].intent
            if item.key in named and intent is not None:
                found[item.key] = intent
        return found

    def proved(self, named: Named, desired: DesiredState) -> tuple[Plan, int]:
        """What is to be recorded, and how much a dry run of the account would still do once it is.

        Raises WrittenWrongly if it would do anything at all with what the new files declare.
        """
        plan = self._ours(self._plan(desired, self.stored), named)
        after = self._plan(desired, self._after(plan))
        left = [item.key for items in (after.changes, after.blocked, after.held, after.pending) for item in items]
        wrong = next((key for key in left if key in named), None)
        if wrong is not None:
            raise WrittenWrongly(f"{wrong}: something would be left to do after the import")
        return plan, len(left)

    def _plan(self, desired: DesiredState, stored: StoredState) -> Plan:
        """The plan of the account with what was observed: the very one that a dry run makes."""
        request, name = self.request, self.request.account.name
        of_account = Selection(select=(f"{name}/*",))
        seen = Abroad(ObservedState({name: self.known}))
        return build_plan(desired, stored, request.now, request.bindings, request.rulebook, of_account, seen)

    def _ours(self, plan: Plan, named: Named) -> Plan:
        """Of a plan what an import records: it adopts, and asks nothing of anybody."""
        reason = f"import from {self.request.account.provider}"
        changes = tuple(
            replace(change, reason=reason)
            for change in plan.changes
            if change.kind is Kind.ADOPT or (change.key in named and change.kind not in INTENTS)
        )
        taken = {*named, *(change.key for change in changes)}
        return replace(
            plan,
            changes=changes,
            elapsed=tuple(event for event in plan.elapsed if event.key in taken),
            settled={key: row for key, row in plan.settled.items() if key in taken},
            declared=frozenset(plan.declared & taken),
        )

    def _after(self, plan: Plan) -> StoredState:
        """The store once that is recorded."""
        rows: dict[SubscriptionKey, StoredSubscription] = {**self.stored.subscriptions, **plan.settled}
        for change in plan.changes:
            if change.kind is not Kind.ADOPT:
                rows[change.key] = carried_out(change, rows[change.key], self.request.now)
        return replace(self.stored, subscriptions=rows)

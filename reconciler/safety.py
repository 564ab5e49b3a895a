"""The brakes: limits, overrides, empty specs, other stores, wrong accounts, freezes. Nothing else judges a plan.

Pure. A refusal names the limit, the numbers, the setting and the exact way out. Accounts are judged first and refused
whole, then the run is judged on what remains.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from reconciler.changes import ENDING, SPENDING, Change, Kind, Refusal
from reconciler.desired import DesiredState
from reconciler.model import SubscriptionKey
from reconciler.plan import Plan, Verdict
from reconciler.recorded import stricter
from reconciler.selection import Selection, glob
from reconciler.settings import Limit, LimitName, Safety
from reconciler.stored import StoredState

_UNCOUNTED = frozenset({Kind.REGISTER, Kind.ADOPT, Kind.RENAME, Kind.UPDATE, Kind.FORGET})
"""Changes that no limit counts; `forget` names each record on the command line."""

COUNTED: Mapping[LimitName, frozenset[Kind]] = {
    LimitName.MAX_CHANGES: frozenset(Kind) - _UNCOUNTED,
    LimitName.MAX_ENDINGS: ENDING,
    LimitName.MAX_CANCEL_NOW: frozenset({Kind.CANCEL_NOW}),
    LimitName.MAX_SPENDING: SPENDING,
}
"""Which changes each limit counts."""

_OVERRIDE = timedelta(days=30)
"""How long the override that a refusal suggests would hold."""

ALLOWABLE = (*(name.value for name in LimitName), "empty", "new-store")
"""What `--allow` may name; nothing overrides a confirmation, a protection, a block, a freeze or a wrong account."""

_ALLOW_EMPTY = "`safety: {allow_empty: true}` in reconcile.yaml, applied before"


@dataclass(frozen=True, slots=True)
class Allow:
    """One `--allow LIMIT[=PATTERN]`: matching changes leave that limit's count, for this run."""

    limit: str
    pattern: str | None = None

    def __str__(self) -> str:
        return self.limit if self.pattern is None else f"{self.limit}={self.pattern}"


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


def review(plan: Plan, desired: DesiredState, stored: StoredState, around: Circumstances) -> Verdict:
    """The changes that may pass and every refusal, worst first. A dry run shows it, an apply obeys it."""
    gates = _gates(desired, stored, around)
    if gates:
        return Verdict((), tuple(gates))
    brakes = _Brakes(around, stored, plan)
    about = _accounts(plan, desired, stored)
    found = [*_wrong_accounts(desired, stored), *_empty_accounts(desired, stored, around)]
    refused = [refusal for refusal in found if refusal.scope in about]
    wrong = {refusal.scope for refusal in refused}
    for account, changes in _by_account(plan.changes).items():
        if account not in wrong:
            refused += brakes.judge(account, changes, brakes.not_ended[account])
    stopped = {refusal.scope for refusal in refused}
    left = tuple(change for change in plan.changes if change.key.account not in stopped)
    whole_run = brakes.judge("run", left, brakes.not_ended.total())
    return Verdict(() if whole_run else left, (*refused, *whole_run))


def _accounts(plan: Plan, desired: DesiredState, stored: StoredState) -> set[str]:
    """The accounts that the run is about: one that was not selected is neither changed nor judged."""
    narrowed = plan.bindings
    selection = Selection(narrowed.select, narrowed.exclude, narrowed.paths)
    chosen = selection.keys()
    about = {key.account for key, item in desired.subscriptions.items() if chosen(key) and selection.holds(item.place)}
    return about if selection.paths else about | {key.account for key in stored.subscriptions if chosen(key)}


def _gates(desired: DesiredState, stored: StoredState, around: Circumstances) -> list[Refusal]:
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
    if not desired.subscriptions and not _may_be_empty(stored, around, None):
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
        declared = (desired.accounts[name].provider, desired.accounts[name].tenant)
        recorded = stored.accounts[name]
        if declared != recorded:
            detail = f"{name} was recorded as {_identity(recorded)}, the settings say {_identity(declared)}"
            yield Refusal("wrong-account", name, detail, "use another account name for it; nothing overrides this")


def _identity(recorded: tuple[str, str | None]) -> str:
    provider, tenant = recorded
    return f"{provider}, tenant {tenant}" if tenant else f"{provider} without a tenant"


def _empty_accounts(desired: DesiredState, stored: StoredState, around: Circumstances) -> Iterable[Refusal]:
    declared = {key.account for key in desired.subscriptions}
    for name, count in sorted(_not_ended(stored).items()):
        if name not in declared and not _may_be_empty(stored, around, name):
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


def _by_account(changes: Iterable[Change]) -> dict[str, list[Change]]:
    grouped: dict[str, list[Change]] = {}
    for change in changes:
        grouped.setdefault(change.key.account, []).append(change)
    return grouped


def _not_ended(stored: StoredState) -> Counter[str]:
    return Counter(key.account for key, row in stored.subscriptions.items() if not row.status.ended)


class _Brakes:
    """The limits in force, with what `--allow` and overrides take out of each count."""

    def __init__(self, around: Circumstances, stored: StoredState, plan: Plan) -> None:
        self.not_ended = _not_ended(stored)
        self._changes = plan.changes
        self._soon = plan.as_of.date() + _OVERRIDE
        self._declared = around.safety
        in_force = stricter(around.safety, stored.safety)
        self._overrides = [item for item in in_force.overrides if item.until >= around.now.date()]
        self._limits = [around.safety.limits, in_force.limits]
        self._excused = {name: self._excuse(name, around.allow) for name in LimitName}

    def _excuse(self, name: LimitName, allow: Iterable[Allow]) -> Callable[[SubscriptionKey], bool]:
        patterns = ["*" if item.pattern is None else item.pattern for item in allow if item.limit == name.value]
        # More matches than the reviewed number: not what was reviewed, so none of them is excused.
        patterns += [
            item.match
            for item in self._overrides
            if item.limit is name and self._matching(name, item.match) <= item.count
        ]
        matching = glob(patterns)
        return lambda key: matching(str(key))

    def _matching(self, name: LimitName, pattern: str) -> int:
        """How many changes of the whole plan the limit counts and the pattern matches."""
        matches = glob([pattern])
        return sum(matches(str(change.key)) for change in self._changes if change.kind in COUNTED[name])

    def allowed(self, name: LimitName, not_ended: int) -> int:
        """How many may pass: the stricter of the declared and the recorded limit, and the environment's ceiling."""
        cap = self._declared.caps.get(name)
        found = [limits[name].allowed(not_ended) for limits in self._limits]
        return min(found if cap is None else [*found, cap])

    def judge(self, scope: str, changes: Sequence[Change], not_ended: int) -> list[Refusal]:
        """Every limit that these changes exceed."""
        refused = []
        for name in LimitName:
            counted = [change.key for change in changes if change.kind in COUNTED[name]]
            count = len(counted) - sum(map(self._excused[name], counted))
            allowed = self.allowed(name, not_ended)
            if count > allowed:
                refused.append(self._refusal(name, scope, count, allowed, not_ended))
        return refused

    def _refusal(self, name: LimitName, scope: str, count: int, allowed: int, not_ended: int) -> Refusal:
        pattern = "*" if scope == "run" else f"{scope}/*"
        what = {
            LimitName.MAX_CHANGES: "changes",
            LimitName.MAX_ENDINGS: "ending changes",
            LimitName.MAX_CANCEL_NOW: "immediate cancellations",
            LimitName.MAX_SPENDING: "spending changes",
        }[name]
        where = "in the whole run" if scope == "run" else f"in {scope}"
        detail = f"{count} {what} {where}, {allowed} allowed ({self._because(name, not_ended)})"
        override = (
            f'{{limit: {name.setting}, match: "{pattern}", count: {self._matching(name, pattern)}, '
            f"until: {self._soon.isoformat()}, reason: ...}}"
        )
        hint = (
            f"for this run: --allow {name.value}='{pattern}'; "
            f"reviewed and expiring, in reconcile.yaml, applied before: overrides: [{override}]"
        )
        return Refusal(name.value, scope, detail, hint, count, allowed)

    def _because(self, name: LimitName, not_ended: int) -> str:
        cap = self._declared.caps.get(name)
        allowed = self.allowed(name, not_ended)
        if cap == allowed:
            return f"RECONCILE_{name.setting.upper()}={cap}"
        declared, recorded = (limits[name] for limits in self._limits)
        limit = declared if declared.allowed(not_ended) == allowed else recorded
        by = "" if limit is declared else "recorded by the last apply; "
        return f"{by}{_formula(name, limit)} of {not_ended} not ended"


def _formula(name: LimitName, limit: Limit) -> str:
    return f"safety.{name.setting}: count {limit.count}, percent {limit.percent}, at_least {limit.at_least},"

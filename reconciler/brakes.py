"""The limits: which changes each counts, of the plan and of the days before it, in numbers and in money.

Pure. Must not decide which accounts are judged, nor look at anything but limits: that is `safety`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from reconciler.changes import ENDING, SPENDING, Change, Kind, Refusal, Trait, bare, picked
from reconciler.model import Money, SubscriptionKey, money_text
from reconciler.plan import Plan
from reconciler.recorded import amounts_text, stricter
from reconciler.selection import glob
from reconciler.settings import IN_MONEY, IN_NUMBERS, Amounts, Limit, LimitName, Override, Safety, amount_of
from reconciler.stored import RecentChange, StoredState
from reconciler.worth import Unpriced, is_unpriced, sums, value_of

RUN = "run"
"""The scope of a refusal that is of no one account."""

_UNCOUNTED = frozenset({Kind.REGISTER, Kind.ADOPT, Kind.RENAME, Kind.UPDATE, Kind.FORGET})
"""Changes that no limit counts; `forget` names each record on the command line."""

COUNTED: Mapping[LimitName, frozenset[Kind]] = {
    LimitName.MAX_CHANGES: frozenset(Kind) - _UNCOUNTED,
    LimitName.MAX_ENDINGS: ENDING,
    LimitName.MAX_CANCEL_NOW: frozenset({Kind.CANCEL_NOW}),
    LimitName.MAX_SPENDING: SPENDING,
    LimitName.MAX_CANCELLED_VALUE: ENDING,
    LimitName.MAX_SPENT_VALUE: SPENDING,
}
"""Which changes each limit counts, or counts the value of."""

_WHAT = {
    LimitName.MAX_CHANGES: "changes",
    LimitName.MAX_ENDINGS: "ending changes",
    LimitName.MAX_CANCEL_NOW: "immediate cancellations",
    LimitName.MAX_SPENDING: "spending changes",
    LimitName.MAX_CANCELLED_VALUE: "ending changes",
    LimitName.MAX_SPENT_VALUE: "spending changes",
}


def _what(name: LimitName, count: int) -> str:
    return _WHAT[name].removesuffix("s") if count == 1 else _WHAT[name]


_OVERRIDE = timedelta(days=30)
"""How long the override that a refusal suggests would hold."""

_NAMED_AT_MOST = 3
"""Subscriptions of unknown value that a refusal names."""


@dataclass(frozen=True, slots=True)
class Allow:
    """One `--allow LIMIT[=PATTERN]`: matching changes leave that limit's count, for this run."""

    limit: str
    pattern: str | None = None

    def __str__(self) -> str:
        return self.limit if self.pattern is None else f"{self.limit}={self.pattern}"


def window_start(declared: Safety, recorded: Mapping[str, object] | None, now: datetime) -> datetime | None:
    """Since when (real time) the limits in force count earlier changes; None where they count the plan alone."""
    either = (declared, stricter(declared, recorded))
    days = _longest(*(_days(safety, name) for safety in either for name in LimitName))
    return None if days is None else now - timedelta(days=days)


@dataclass(frozen=True, slots=True)
class _Held:
    """One limit in force: how much may pass, over how many days before the plan, and where it was set."""

    allowed: int
    """Changes; of a limit in money it is not looked at."""
    days: int | None
    because: str
    amounts: Amounts = ()


@dataclass(frozen=True, slots=True)
class _Window:
    """What one limit looks at beside the plan, and what is excused from its count."""

    past: list[RecentChange]
    """What it counts of the days before the plan, but for what the `--allow` of its own run excused."""
    earlier: Mapping[str, list[RecentChange]]
    """Of that, by account and for the run, what no override excuses."""
    excuses: Callable[[SubscriptionKey], bool] | None
    """Whether a change of the plan leaves the count; None: none does."""

    def left(self, changes: Sequence[Change]) -> Iterable[Change]:
        """Those that are counted."""
        excuses = self.excuses
        return changes if excuses is None else (change for change in changes if not excuses(change.key))

    def own(self, changes: Sequence[Change]) -> int:
        """How many these are."""
        excuses = self.excuses
        return len(changes) if excuses is None else sum(not excuses(change.key) for change in bare(changes))


class Brakes:
    """The limits in force for one plan, with what `--allow` and overrides take out of each count."""

    def __init__(self, safety: Safety, allow: Iterable[Allow], now: datetime, plan: Plan, stored: StoredState) -> None:
        self._changes = plan.changes
        self._soon = plan.as_of.date() + _OVERRIDE
        self._now = now
        self._allow = list(allow)
        in_force = stricter(safety, stored.safety)
        self._overrides = in_force.overrides
        self._declared, self._in_force = safety, in_force
        self._recent = _recent(stored, window_start(safety, stored.safety, now))
        self._windows: dict[tuple[LimitName, int | None], _Window] = {}

    def judge(self, scope: str, changes: Sequence[Change], not_ended: int) -> list[Refusal]:
        """Every limit that these changes of an account, or of the run, exceed."""
        refused: list[Refusal] = []
        for name in LimitName:
            counted = picked(changes, _counted_by(name))
            if counted:
                judge = self._in_money if name in IN_MONEY else self._in_numbers
                refused += judge(name, scope, counted, not_ended)
        return refused

    def _in_numbers(self, name: LimitName, scope: str, counted: Sequence[Change], not_ended: int) -> Iterator[Refusal]:
        worst: tuple[int, int, int, _Held] | None = None
        for held in self._numbers_held(name, not_ended):
            window = self._window(name, held.days)
            own = window.own(counted)
            earlier = len(window.earlier.get(scope, ()))
            over = own + earlier - held.allowed
            # What earlier runs did is done: a run that adds nothing to it is not refused for it.
            if own and over > 0 and (worst is None or over > worst[0]):
                worst = (over, own, earlier, held)
        if worst is not None:
            _, own, earlier, held = worst
            done = f" ({earlier} of them in {_last(held)})" if earlier else ""
            detail = f"{own + earlier} {_WHAT[name]} {_where(scope)}{done}, {held.allowed} allowed ({held.because})"
            pattern = _pattern(scope)
            hint = self._hint(name, pattern, f"count: {self._count(name, scope)}")
            yield Refusal(name.value, scope, detail, hint, own + earlier, held.allowed)

    def _numbers_held(self, name: LimitName, not_ended: int) -> Iterator[_Held]:
        """The environment's ceiling, the declared and the recorded limit: the strictest of them decides."""
        declared, in_force = self._declared.limits[name], self._in_force.limits[name]
        cap = self._declared.caps.get(name)
        if cap is not None:
            days = _longest(_days(self._declared, name), _days(self._in_force, name))
            yield _Held(cap, days, f"RECONCILE_{name.setting.upper()}={cap}{_per(days)}")
        yield _Held(declared.allowed(not_ended), declared.days, f"{_formula(name, declared)} of {not_ended} not ended")
        if in_force != declared:
            because = f"recorded by the last apply; {_formula(name, in_force)} of {not_ended} not ended"
            yield _Held(in_force.allowed(not_ended), in_force.days, because)

    def _in_money(self, name: LimitName, scope: str, counted: Sequence[Change], not_ended: int) -> Iterator[Refusal]:
        worst: dict[str, tuple[int, int, int, _Held]] = {}
        unknown: tuple[Unpriced, _Held] | None = None
        for held in self._values_held(name):
            window = self._window(name, held.days)
            unpriced = Unpriced()
            own = sums(map(value_of, unpriced.among(window.left(counted))))
            earlier = sums(item.value for item in window.earlier.get(scope, ()))
            for currency, minor in own.items():
                over = minor + earlier[currency] - amount_of(held.amounts, currency)
                if minor and over > 0 and (currency not in worst or over > worst[currency][0]):
                    worst[currency] = (over, minor, earlier[currency], held)
            if unpriced.count and unknown is None:
                unknown = (unpriced, held)
        for currency, (_, minor, before, held) in sorted(worst.items()):
            yield self._too_much(name, scope, Money(minor, currency), Money(before, currency), held)
        if unknown is not None:
            yield self._unknown(name, scope, *unknown)

    def _values_held(self, name: LimitName) -> Iterator[_Held]:
        declared, in_force = self._declared.values.get(name), self._in_force.values.get(name)
        cap = self._declared.value_caps.get(name)
        if cap is not None:
            days = _longest(_days(self._declared, name), _days(self._in_force, name))
            yield _Held(0, days, f"RECONCILE_{name.setting.upper()}={amounts_text(cap)}{_per(days)}", cap)
        if declared is not None:
            said = f"safety.{name.setting}: {amounts_text(declared.amounts)}{_per(declared.days)}"
            yield _Held(0, declared.days, said, declared.amounts)
        if in_force is not None and in_force != declared:
            said = f"safety.{name.setting}: {amounts_text(in_force.amounts)}{_per(in_force.days)}"
            yield _Held(0, in_force.days, f"recorded by the last apply; {said}", in_force.amounts)

    def _too_much(self, name: LimitName, scope: str, own: Money, earlier: Money, held: _Held) -> Refusal:
        total = money_text(Money(own.minor + earlier.minor, own.currency))
        allowed = money_text(Money(amount_of(held.amounts, own.currency), own.currency))
        named = any(money.currency == own.currency for money in held.amounts)
        done = f" ({money_text(earlier)} of it in {_last(held)})" if earlier.minor else ""
        may = allowed if named else f"no {own.currency}"
        detail = f"{_WHAT[name]} worth {total} {_where(scope)}{done}, {may} allowed ({held.because})"
        pattern = _pattern(scope)
        worth = self._sums(name, scope)
        # An override says how much: with a change of unknown value among the matches it would excuse none.
        much = None if worth is None else f"amounts: [{amounts_text(_amounts(worth))}]"
        return Refusal(
            name.value,
            scope,
            detail,
            self._hint(name, pattern, much),
            amount=total,
            allowed_amount=allowed,
        )

    def _unknown(self, name: LimitName, scope: str, unpriced: Unpriced, held: _Held) -> Refusal:
        count, keys = unpriced.count, unpriced.first[:_NAMED_AT_MOST]
        more = f" and {count - _NAMED_AT_MOST} more" if count > _NAMED_AT_MOST else ""
        which = f"{', '.join(keys)}{more}"
        detail = (
            f"{count} {_what(name, count)} {_where(scope)} whose value is not known, "
            f"none allowed beside a limit in money ({held.because}): {which}"
        )
        pattern = keys[0] if count == 1 else _pattern(scope)
        hint = (
            "declare the price, such as facts: {price: 20.60 EUR}, or have it in the price list that reconcile.yaml "
            f"names, such as prices: prices.csv; {_for_this_run(name, pattern)}"
        )
        return Refusal(name.value, scope, detail, hint, count, 0)

    def _hint(self, name: LimitName, pattern: str, much: str | None) -> str:
        if much is None:
            return _for_this_run(name, pattern)
        override = (
            f'{{limit: {name.setting}, match: "{pattern}", {much}, until: {self._soon.isoformat()}, reason: ...}}'
        )
        return (
            f"{_for_this_run(name, pattern)}; "
            f"reviewed and expiring, in reconcile.yaml, applied before: overrides: [{override}]"
        )

    def _count(self, name: LimitName, scope: str) -> int:
        """How many an override of that scope would be about: of the plan, and of the longest window."""
        return len(picked(self._planned(name), _within(scope))) + len(self._past_within(name, scope))

    def _sums(self, name: LimitName, scope: str) -> Counter[str] | None:
        """What they come to; None where a value of the plan is not known."""
        found: Counter[str] = Counter()
        for change in picked(self._planned(name), _within(scope)):
            value = value_of(change)
            if value is None:
                return None
            found[value.currency] += value.minor
        found.update(sums(item.value for item in self._past_within(name, scope)))
        return found

    def _past_within(self, name: LimitName, scope: str) -> list[RecentChange]:
        days = _longest(_days(self._declared, name), _days(self._in_force, name))
        return [item for item in self._window(name, days).past if scope in (RUN, item.key.account)]

    def _planned(self, name: LimitName) -> Sequence[Change]:
        return picked(self._changes, _counted_by(name))

    def _window(self, name: LimitName, days: int | None) -> _Window:
        if (name, days) not in self._windows:
            self._windows[name, days] = self._new_window(name, days)
        return self._windows[name, days]

    def _new_window(self, name: LimitName, days: int | None) -> _Window:
        past = [] if days is None else list(self._past(name, self._now - timedelta(days=days)))
        planned, today = self._planned(name), self._now.date()
        holding = [item for item in self._overrides if item.limit is name and _covers(item, planned, past, today)]
        of_earlier = [(item.until, glob([item.match])) for item in holding]
        earlier: dict[str, list[RecentChange]] = {}
        for item in past:
            if not any(item.at.date() <= until and matches(str(item.key)) for until, matches in of_earlier):
                earlier.setdefault(item.key.account, []).append(item)
                earlier.setdefault(RUN, []).append(item)
        patterns = [*_patterns(name, self._allow), *(item.match for item in holding if item.until >= today)]
        matching = glob(patterns)
        return _Window(past, earlier, (lambda key: matching(str(key))) if patterns else None)

    def _past(self, name: LimitName, start: datetime) -> Iterator[RecentChange]:
        for item in self._recent:
            if item.at >= start and item.kind in COUNTED[name]:
                excused = glob(_patterns(name, map(_allow, item.allowed)))
                if not excused(str(item.key)):
                    yield item


def _within(scope: str) -> Callable[[Trait], bool]:
    return lambda trait: scope in (RUN, trait.account)


def _counted_by(name: LimitName) -> Callable[[Trait], bool]:
    kinds = COUNTED[name]
    return lambda trait: trait.kind in kinds


def _recent(stored: StoredState, start: datetime | None) -> tuple[RecentChange, ...]:
    """The earlier changes. Where a limit counts them and nobody has read them, no plan may be judged."""
    if start is None or not stored.exists:
        return ()
    if stored.recent is None:
        raise ValueError("a limit counts earlier changes, and they were not read")
    return stored.recent


def _covers(override: Override, planned: Sequence[Change], past: list[RecentChange], today: date) -> bool:
    """Whether what matches is no more than was reviewed; else none of it is excused."""
    matches = glob([override.match])
    values = [item.value for item in past if item.at.date() <= override.until and matches(str(item.key))]
    if override.until >= today:
        in_money = override.limit in IN_MONEY
        for change in planned if in_money else bare(planned):
            if matches(str(change.key)):
                if in_money and is_unpriced(change):
                    return False
                values.append(value_of(change))
    if override.limit in IN_NUMBERS:
        return len(values) <= override.count
    return all(minor <= amount_of(override.amounts, currency) for currency, minor in sums(values).items())


def _patterns(name: LimitName, allow: Iterable[Allow]) -> list[str]:
    """What these flags take out of that limit's count."""
    return ["*" if item.pattern is None else item.pattern for item in allow if item.limit == name.value]


def _allow(text: str) -> Allow:
    """The flag that a run's `--allow` kept as a text."""
    limit, separator, pattern = text.partition("=")
    return Allow(limit, pattern if separator else None)


def _amounts(sums: Mapping[str, int]) -> Amounts:
    return tuple(Money(minor, currency) for currency, minor in sorted(sums.items()))


def _days(safety: Safety, name: LimitName) -> int | None:
    limit = safety.limits.get(name) or safety.values.get(name)
    return None if limit is None else limit.days


def _longest(*days: int | None) -> int | None:
    return max((one for one in days if one is not None), default=None)


def _where(scope: str) -> str:
    return "in the whole run" if scope == RUN else f"in {scope}"


def _pattern(scope: str) -> str:
    return "*" if scope == RUN else f"{scope}/*"


def _last(held: _Held) -> str:
    return "the last day before this run" if held.days == 1 else f"the last {held.days} days before this run"


def _per(days: int | None) -> str:
    return "" if days is None else f" per {days}d"


def _formula(name: LimitName, limit: Limit) -> str:
    per = "" if limit.days is None else f" per {limit.days}d,"
    return f"safety.{name.setting}: count {limit.count}, percent {limit.percent}, at_least {limit.at_least},{per}"


def _for_this_run(name: LimitName, pattern: str) -> str:
    return f"for this run: --allow {name.value}='{pattern}'"

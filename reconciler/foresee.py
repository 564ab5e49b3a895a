"""Makes a forecast: the records as an apply now would leave them, each followed through time, added up by month.

Pure. Must not decide what is wished: that is the plan's, whose changes it carries out here on values alone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from itertools import accumulate
from operator import itemgetter

from reconciler.changes import INTENTS, Change, Kind
from reconciler.course import Charged, Series, course, last_instant, renewing
from reconciler.desired import DesiredState
from reconciler.effects import carried_out
from reconciler.forecast import MONTH, Forecast, Occasion, Occurrence, Slice, Subject
from reconciler.model import DesiredSubscription, Status, StoredSubscription, SubscriptionKey, TermLength
from reconciler.money import amount_of_cycle, amount_of_term
from reconciler.plan import Plan
from reconciler.rulebook import Rulebook
from reconciler.settings import MANUAL
from reconciler.stored import StoredState
from reconciler.terms import add_months

GROUPINGS: Mapping[str, Callable[[StoredSubscription], str]] = {
    MONTH: lambda row: "",
    "account": lambda row: row.key.account,
    "owner": lambda row: row.owner or "",
    "product": lambda row: row.product,
}
"""What a forecast's slices can be, beside labels, and which slice a record falls into."""
LABEL = "label:"


@dataclass(frozen=True, slots=True)
class Estate:
    """Every record as it will stand right after an apply at `as_of`, with what is declared and the rules."""

    as_of: datetime
    rows: Mapping[SubscriptionKey, StoredSubscription]
    desired: Mapping[SubscriptionKey, DesiredSubscription]
    rulebook: Rulebook
    at_once: Mapping[SubscriptionKey, Change] = field(default_factory=dict)
    """Changes of that apply which move cash on the very day: cancellations now, and reactivations."""

    def only(self, chosen: Callable[[SubscriptionKey], bool]) -> Estate:
        """As if the records that are not chosen were not there."""
        return replace(self, rows={key: row for key, row in self.rows.items() if chosen(key)})


def estate_after(plan: Plan, stored: StoredState, desired: DesiredState, rulebook: Rulebook) -> Estate:
    """The stored records, which stand at the plan's instant, as that plan leaves them; what is blocked stays.

    So does what becomes a task: until somebody has done it, it goes on as it is.
    """
    # Of outside accounts as far as they were looked at: what is adopted is not stored yet.
    rows = {**stored.subscriptions, **plan.settled}
    at_once = {}
    by_hand = {name for name, account in desired.accounts.items() if account.provider == MANUAL}
    for change in plan.changes:
        if change.kind is Kind.ADOPT or (change.kind in INTENTS and change.key.account in by_hand):
            continue
        former = change.key
        if change.kind is Kind.RENAME:
            former = SubscriptionKey(change.key.account, str(change.before["name"]))
        rows[change.key] = carried_out(change, rows.pop(former, None), plan.as_of)
        if change.kind is Kind.CANCEL_NOW or change.kind is Kind.REACTIVATE:
            at_once[change.key] = change
    return Estate(plan.as_of, dict(sorted(rows.items())), desired.subscriptions, rulebook, at_once)


def foresee(estate: Estate, until: date, by: str = MONTH, *, monthly: bool = False) -> Forecast:
    """What is ahead of these records, up to and including the day `until`; `by` is one of GROUPINGS, or a label.

    Renewals of monthly terms are among the occurrences only with `monthly`: they are counted in any case.
    """
    book = _Book(estate, until, monthly=monthly)
    group_of = grouping(by)
    for key, row in estate.rows.items():
        book.follow(key, row, group_of(row))
    return book.closed(by)


def grouping(by: str) -> Callable[[StoredSubscription], str]:
    """Which slice a record falls into; ValueError for what is no grouping."""
    name = by.removeprefix(LABEL)
    if by.startswith(LABEL) and name:
        return lambda row: row.labels.get(name, "")
    if by not in GROUPINGS:
        raise ValueError(f"nothing is grouped by {by!r}")
    return GROUPINGS[by]


class _Tally:
    """One group's numbers while they grow: what recurs every month is added as a step up and, later, a step down."""

    def __init__(self, months: int) -> None:
        self._months = months
        self._single: dict[str, list[int]] = {}
        self._steps: dict[str, list[int]] = {}
        self.counts: dict[Occasion, list[int]] = {}
        self.monthly = [0] * months

    def charge(self, currency: str, month: int, minor: int, every: int, times: int) -> None:
        """The same sum so many times; the empty currency counts charges whose sum is not known."""
        if every == 1:
            steps = self._steps.get(currency)
            if steps is None:
                steps = self._steps[currency] = [0] * (self._months + 1)
            steps[month] += minor
            steps[month + times] -= minor
            return
        single = self._single.get(currency)
        if single is None:
            single = self._single[currency] = [0] * self._months
        for at in range(month, month + every * times, every):
            single[at] += minor

    def counts_of(self, occasion: Occasion) -> list[int]:
        """How often it happens in each month, to be added to."""
        found = self.counts.get(occasion)
        if found is None:
            found = self.counts[occasion] = [0] * self._months
        return found

    def slice(self, group: str) -> Slice:
        """The numbers as they are now."""
        cash = {currency: self._sums(currency) for currency in sorted({*self._single, *self._steps})}
        unknown = cash.pop("", (0,) * self._months)
        counts = {occasion: tuple(self.counts[occasion]) for occasion in Occasion if occasion in self.counts}
        return Slice(group, cash, unknown, counts, tuple(self.monthly))

    def _sums(self, currency: str) -> tuple[int, ...]:
        none = [0] * (self._months + 1)
        steps = accumulate(self._steps.get(currency, none))
        return tuple(map(sum, zip(self._single.get(currency, none[1:]), steps, strict=False)))


class _Book:
    """A forecast in the making."""

    def __init__(self, estate: Estate, until: date, *, monthly: bool) -> None:
        self._estate, self._until, self._last, self._monthly = estate, until, last_instant(until), monthly
        first = estate.as_of.date().replace(day=1)
        count = (until.year - first.year) * 12 + until.month - first.month + 1
        self._months = tuple(add_months(first, number) for number in range(count))
        self._base = first.year * 12 + first.month
        self._tallies: dict[str, _Tally] = {}
        self._occurrences: list[Occurrence] = []
        self._subjects: dict[SubscriptionKey, Subject] = {}
        self._unknown: set[SubscriptionKey] = set()
        self._extended: set[SubscriptionKey] = set()
        self._perhaps: set[SubscriptionKey] = set()
        self._unforeseen: list[SubscriptionKey] = []
        # Estates share their dates: a thousand renewals fall on a few hundred days.
        self._days: dict[Series, tuple[tuple[date, ...], tuple[int, ...]]] = {}

    def follow(self, key: SubscriptionKey, row: StoredSubscription, group: str) -> None:
        """Add all that is ahead of one record."""
        estate = self._estate
        wanted = estate.desired.get(key)
        self._subjects[key] = _subject(row, estate.rulebook, managed=wanted is not None)
        if row.status is Status.SUSPENDED or row.status is Status.UNKNOWN:
            self._unforeseen.append(key)
            return
        tally = self._tallies.get(group)
        if tally is None:
            tally = self._tallies[group] = _Tally(len(self._months))
        ahead = course(row, wanted, estate.rulebook, estate.as_of, self._last)
        for day, occasion in ahead.occurrences:
            tally.counts_of(occasion)[self._month(day)] += 1
            self._occurrences.append(Occurrence(day, key, occasion))
        for series in ahead.renewals:
            self._renew(tally, key, series, monthly=row.length is TermLength.MONTHLY)
        for charged in ahead.charges:
            self._charge(tally, key, charged)
        if key in estate.at_once:
            self._at_once(tally, key, estate.at_once[key])

    def closed(self, by: str) -> Forecast:
        """The forecast of all that was followed."""
        # Each record came in the order of the keys, and sorting is stable.
        self._occurrences.sort(key=itemgetter(0))
        tallies = self._tallies or {"": _Tally(len(self._months))}
        return Forecast(
            self._estate.as_of,
            self._until,
            self._months,
            by,
            tuple(tallies[group].slice(group) for group in sorted(tallies)),
            tuple(self._occurrences),
            self._subjects,
            tuple(sorted(self._unknown)),
            tuple(sorted(self._extended)),
            tuple(sorted(self._perhaps)),
            tuple(self._unforeseen),
        )

    def _month(self, day: date) -> int:
        return day.year * 12 + day.month - self._base

    def _renew(self, tally: _Tally, key: SubscriptionKey, series: Series, *, monthly: bool) -> None:
        found = self._days.get(series)
        if found is None:
            days = tuple(series.days())
            found = self._days[series] = (days, tuple(map(self._month, days)))
        days, months = found
        counts = tally.monthly if monthly else tally.counts_of(Occasion.RENEWS)
        for month in months:
            counts[month] += 1
        if self._monthly or not monthly:
            renews = Occasion.RENEWS
            self._occurrences += [Occurrence(day, key, renews) for day in days]

    def _charge(self, tally: _Tally, key: SubscriptionKey, charged: Charged) -> None:
        series, money = charged.series, charged.amount.money
        month = self._month(series.first)
        if money is None:
            keys = {False: self._unknown, True: self._extended, None: self._perhaps}
            keys[charged.extension].add(key)
            tally.charge("", month, 1, series.months, series.times)
        else:
            tally.charge(money.currency, month, money.minor, series.months, series.times)

    def _at_once(self, tally: _Tally, key: SubscriptionKey, change: Change) -> None:
        """What the apply itself moves: the first charge of what it reactivates, less what it gets back."""
        if change.kind is Kind.REACTIVATE:
            today = self._estate.as_of.date()
            self._charge(
                tally,
                key,
                Charged(Series(today, 1, today, 1), amount_of_cycle(self._estate.rows[key], self._estate.rulebook)),
            )
            return
        refund = None if change.impact is None else change.impact.refund
        if refund is None:
            return
        if refund.amount.money is None:
            self._unknown.add(key)
            tally.charge("", 0, 1, 1, 1)
        else:
            tally.charge(refund.amount.money.currency, 0, -refund.amount.money.minor, 1, 1)


def _subject(row: StoredSubscription, rulebook: Rulebook, *, managed: bool) -> Subject:
    return Subject(
        row.key, row.product, row.length, row.seats, row.owner, managed, amount_of_term(renewing(row), rulebook)
    )

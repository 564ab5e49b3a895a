"""The future of an estate as values: what happens on which day, and the cash by month, group and currency.

Frozen vocabulary; `foresee` makes them, the views show them. Sums are integers in minor units; what is not known is
counted and never guessed. Days are UTC days.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from itertools import zip_longest
from typing import NamedTuple

from reconciler.consequences import Amount
from reconciler.model import SubscriptionKey, TermLength

MOST_YEARS = 50
"""How far ahead anything is looked at."""
MONTH = "month"
"""A forecast that is not grouped."""


class Occasion(StrEnum):
    """What may be ahead of a subscription."""

    STARTS = "starts"
    """A scheduled subscription's first term begins."""
    RENEWS = "renews"
    """A new term begins, and commits to its charges."""
    EXTENDED = "extended"
    """A month of a paid extension begins."""
    ENDS = "ends"
    """The last term is over: the day before was its last."""
    DISABLED = "disabled"
    """Users lose access, where they kept it beyond the last term."""
    DELETED = "deleted"
    """Nothing comes back."""


class Occurrence(NamedTuple):
    """One thing that is ahead; sorts by day, then by key."""

    on: date
    """The first day of what begins then."""
    key: SubscriptionKey
    occasion: Occasion


@dataclass(frozen=True, slots=True)
class Subject:
    """What there is to say of a subscription that something is ahead of."""

    key: SubscriptionKey
    product: str
    length: TermLength
    seats: int | None
    owner: str | None
    managed: bool
    amount: Amount
    """The charges of one whole term: what a renewal commits to."""


@dataclass(frozen=True, slots=True)
class Slice:
    """One group's part of a forecast; every sequence has one number for each of the forecast's months."""

    group: str
    """An account, an owner, a product code or a label's value; empty: without one, or not grouped."""
    cash: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    """By currency: the charges that fall into each month, less what is paid back; in minor units."""
    unknown: tuple[int, ...] = ()
    """Charges whose sum is not known, and which `cash` therefore lacks."""
    counts: Mapping[Occasion, tuple[int, ...]] = field(default_factory=dict)
    """How many of each; of renewals, those of terms longer than a month."""
    monthly: tuple[int, ...] = ()
    """Renewals of monthly terms."""

    def sums(self) -> dict[str, int]:
        """The cash of all months, by currency in the order of their codes."""
        return {currency: sum(self.cash[currency]) for currency in sorted(self.cash)}

    def count(self, occasion: Occasion) -> int:
        """How many of them in all months."""
        return sum(self.counts.get(occasion, ()))


@dataclass(frozen=True, slots=True)
class Forecast:
    """What is ahead of an estate after `as_of`, up to and including the day `until`."""

    as_of: datetime
    until: date
    months: tuple[date, ...]
    """The first day of each calendar month, from that of `as_of` to that of `until`."""
    by: str
    """What the slices are: `month` (one slice for all), `account`, `owner`, `product` or `label:NAME`."""
    slices: tuple[Slice, ...] = ()
    """By group."""
    occurrences: tuple[Occurrence, ...] = ()
    """By day and key; renewals of monthly terms only where they were asked for."""
    subjects: Mapping[SubscriptionKey, Subject] = field(default_factory=dict)
    """Every subscription that was looked at."""
    unknown: tuple[SubscriptionKey, ...] = ()
    """By key: those with a charge of their terms, or a refund, in this time whose sum is not known."""
    unpriced_extensions: tuple[SubscriptionKey, ...] = ()
    """By key: those that go on as a paid extension in this time whose price is not known."""
    perhaps_extended: tuple[SubscriptionKey, ...] = ()
    """By key: those whose last term ends in this time, and it is not known whether a paid extension follows.

    Each is told as an end, with one charge whose sum is not known.
    """
    unforeseen: tuple[SubscriptionKey, ...] = ()
    """By key: suspended ones, and those of a status that is not known: nothing is said about their future."""

    @property
    def total(self) -> Slice:
        """All slices together."""
        return together(self.slices)

    @property
    def lacking(self) -> tuple[SubscriptionKey, ...]:
        """By key: all of which the cash lacks a charge."""
        return tuple(sorted({*self.unknown, *self.unpriced_extensions, *self.perhaps_extended}))


def together(slices: Iterable[Slice]) -> Slice:
    """Several groups as one, without a name."""
    cash: dict[str, tuple[int, ...]] = {}
    counts: dict[Occasion, tuple[int, ...]] = {}
    unknown: tuple[int, ...] = ()
    monthly: tuple[int, ...] = ()
    for part in slices:
        for currency, numbers in part.cash.items():
            cash[currency] = added(cash.get(currency, ()), numbers)
        for occasion, numbers in part.counts.items():
            counts[occasion] = added(counts.get(occasion, ()), numbers)
        unknown, monthly = added(unknown, part.unknown), added(monthly, part.monthly)
    return Slice("", cash, unknown, counts, monthly)


def added(first: tuple[int, ...], second: tuple[int, ...], sign: int = 1) -> tuple[int, ...]:
    """Month by month: the one and the other, or with `sign` -1 the one less the other; empty counts as zeros."""
    return tuple(one + sign * other for one, other in zip_longest(first, second, fillvalue=0))


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two futures of one time, such as that of the specs and that of other specs."""

    base: Forecast
    other: Forecast
    what: str
    """What makes the other one differ, in words."""

    def difference(self, group: str) -> Slice:
        """A group of the other one less the same group of the base; where one of them lacks it, it counts as zeros."""
        base = next((part for part in self.base.slices if part.group == group), Slice(group))
        other = next((part for part in self.other.slices if part.group == group), Slice(group))
        return less(other, base)

    @property
    def groups(self) -> tuple[str, ...]:
        """The groups of either, in order."""
        return tuple(sorted({part.group for forecast in (self.base, self.other) for part in forecast.slices}))

    @property
    def total(self) -> Slice:
        """The difference of all groups together."""
        return less(self.other.total, self.base.total)


def less(first: Slice, second: Slice) -> Slice:
    """The first less the second, month by month."""
    return Slice(
        first.group,
        {
            currency: added(first.cash.get(currency, ()), second.cash.get(currency, ()), -1)
            for currency in sorted({*first.cash, *second.cash})
        },
        added(first.unknown, second.unknown, -1),
        {
            occasion: added(first.counts.get(occasion, ()), second.counts.get(occasion, ()), -1)
            for occasion in Occasion
            if occasion in first.counts or occasion in second.counts
        },
        added(first.monthly, second.monthly, -1),
    )

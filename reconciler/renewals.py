"""Renewals of settled records, by file: counted and summed, and made into values only once somebody looks at them.

Pure. A plan of a million counts tens of thousands of them, and shows a sum.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from itertools import accumulate
from typing import Any

import orjson

from reconciler.consequences import Amount, Basis, Due, DueList
from reconciler.diagnostics import Place
from reconciler.gist import SEPARATOR
from reconciler.model import Money, StoredSubscription, SubscriptionKey, Term, TermLength
from reconciler.money import amount_of_term
from reconciler.rulebook import Rulebook

Item = list[Any]
"""Account, name, product, day, length, minor units, currency, basis, detail, owner: as JSON has them."""
_LENGTHS = {length.value: length for length in TermLength}
_REMEMBERED = 20_000
_ANY_DAY = date(1970, 1, 1)
_BITS = 62
"""Of a number that JSON's reader takes as it stands."""


@dataclass(slots=True)
class Renewals:
    """Those of an estate."""

    files: dict[str, bytes] = field(default_factory=dict)
    """By file: its items, as JSON."""
    counts: dict[str, int] = field(default_factory=dict)
    sums: Counter[str] = field(default_factory=Counter)
    """Minor units by currency."""
    numbers: Counter[str] = field(default_factory=Counter)
    """How many have a sum in it."""
    unknown: int = 0
    """How many have no known sum."""

    def add(self, file: str, items: Collection[Item]) -> None:
        """Take renewals of a file in, of which there were none before."""
        if items:
            self.files[file] = orjson.dumps(items)
            self.counts[file] = len(items)
            self._count(items, 1)

    def more(self, file: str, items: Collection[Item]) -> None:
        """Take further renewals of a file in."""
        there = self.items(file) if file in self.files else []
        self.drop(file, {item[1] for item in there})
        self.add(file, [*there, *items])

    def join(self, others: Renewals) -> None:
        """Take in those that are of other records. Leaves nothing of `others`."""
        for file in others.files.keys() & self.files.keys():
            items = others.items(file)
            others.drop(file, {item[1] for item in items})
            self.more(file, items)
        self.files |= others.files
        self.counts |= others.counts
        self.sums += others.sums
        self.numbers += others.numbers
        self.unknown += others.unknown

    def drop(self, file: str, names: Collection[str]) -> None:
        """Let go of the renewals of a file that are of these names."""
        if file not in self.files:
            return
        items = self.items(file)
        self.counts.pop(file)
        self._count(items, -1)
        del self.files[file]
        self.add(file, [item for item in items if item[1] not in names])

    def items(self, file: str) -> list[Item]:
        """Those of one file."""
        found: list[Item] = orjson.loads(self.files[file])
        return found

    def listed(
        self, place: Callable[[str, str], Place], chosen: Callable[[str, SubscriptionKey], bool] | None
    ) -> DueList:
        """As a plan lists them: each with its place, by its file and name. `chosen`: just those that it chooses."""
        if chosen is None:
            files = dict(self.files)  # as they are now: what is taken in later is no part of this plan
            sums = {currency: self.sums[currency] for currency, number in self.numbers.items() if number}
            return DueList(lambda: _dues(place, files), sums, self.unknown, sum(self.counts.values()))
        few = Renewals()
        for file in self.files:
            few.add(file, [item for item in self.items(file) if chosen(file, SubscriptionKey(item[0], item[1]))])
        return few.listed(place, None)

    def _count(self, items: Iterable[Item], times: int) -> None:
        for _, _, _, _, _, minor, currency, *_ in items:
            if minor is None:
                self.unknown += times
            else:
                self.sums[currency] += times * minor
                self.numbers[currency] += times

    def packed(self) -> tuple[list[Any], bytes]:
        """As JSON has them, but for the items of all files, which follow one another as they are.

        Sums are texts: they may need more than 64 bits.
        """
        sums = {name: str(minor) for name, minor in self.sums.items()}
        lengths = {file: len(items) for file, items in self.files.items()}
        return [lengths, self.counts, sums, self.numbers, self.unknown], b"".join(self.files.values())

    @classmethod
    def unpacked(cls, data: list[Any], items: bytes) -> Renewals:
        """What `packed` said; ValueError, TypeError or AttributeError for anything else."""
        lengths, counts, sums, numbers, unknown = data
        ends = list(accumulate(lengths.values()))
        if (ends[-1] if ends else 0) != len(items) or min(lengths.values(), default=1) <= 0:
            raise ValueError("renewals whose parts do not fit")
        files = dict(zip(lengths, map(items.__getitem__, map(slice, [0, *ends], ends)), strict=True))
        amounts = Counter({name: int(minor) for name, minor in sums.items()})
        return cls(files, counts, amounts, Counter(numbers), unknown)


class Renewer:
    """Tells renewals by lines, one after the other: days and sums come again and again."""

    def __init__(self, now: datetime, horizon: datetime, rulebook: Rulebook) -> None:
        self.now, self.horizon, self.rulebook = now, horizon, rulebook
        self._days: dict[str, str] = {}
        self._amounts: dict[tuple[str, ...], Item] = {}

    def renewal(self, line: str, end: str) -> Item | None:
        """The renewal of a plain active record that is at rest and recurring, by its line and the end of its term.

        None where it comes after the horizon, or where its term is a month.
        """
        day = self._days.get(end)
        if day is None:
            instant = datetime.fromisoformat(end)
            day = instant.date().isoformat() if self.now < instant <= self.horizon else ""
            self._days[end] = day
        if not day:
            return None
        key, product, length, billing, owner, *_, seats, price, charge, _ = line.split(SEPARATOR)
        account, _, name = key.partition("/")
        asked = account, product, length, billing, seats, price, charge
        amount = self._amounts.get(asked)
        if amount is None:
            if len(self._amounts) >= _REMEMBERED:
                self._amounts.clear()
            amount = self._amounts[asked] = self._amount(asked)
        return [account, name, product, day, length, *amount, owner or None]

    def _amount(self, asked: tuple[str, ...]) -> Item:
        account, product, length, billing, seats, price, charge = asked
        row = StoredSubscription(
            SubscriptionKey(account, ""), product, _LENGTHS[length], _LENGTHS[billing], _ANY_DAY, _ANY_DAY,
            Term(self.now, self.now), seats=int(seats) if seats else None, price=_money(price),
            last_charge=_money(charge),
        )  # fmt: skip
        amount = amount_of_term(row, self.rulebook)
        minor, currency = (None, None) if amount.money is None else (amount.money.minor, amount.money.currency)
        return [minor, currency, amount.basis.value, amount.detail]


def item_of(due: Due) -> Item | None:
    """A renewal of what is declared, as it is kept; None for what cannot be had back."""
    money = due.amount.money
    if not due.managed or due.decided is not None or (money is not None and money.minor.bit_length() > _BITS):
        return None
    minor, currency = (None, None) if money is None else (money.minor, money.currency)
    account, name = due.key
    length, basis, detail = due.length.value, due.amount.basis.value, due.amount.detail
    return [account, name, due.product, due.on.isoformat(), length, minor, currency, basis, detail, due.owner]


def _money(column: str) -> Money | None:
    minor, _, currency = column.partition(" ")
    return Money(int(minor), currency) if minor else None


def _dues(place: Callable[[str, str], Place], files: Mapping[str, bytes]) -> Iterator[Due]:
    return (_due(item, place(file, item[1])) for file, text in files.items() for item in orjson.loads(text))


def _due(item: Item, place: Place) -> Due:
    account, name, product, day, length, minor, currency, basis, detail, owner = item
    amount = Amount(None if minor is None else Money(minor, currency), Basis(basis), detail)
    return Due(
        SubscriptionKey(account, name), product, date.fromisoformat(day), _LENGTHS[length], amount, owner, True, place
    )

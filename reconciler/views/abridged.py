"""What is shown of very many: the worst first as examples, sums by verb and account, and what is final all but whole.

Pure values to values and words, not escaped. Must not walk more than once over what is only counted.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence, Sized
from dataclasses import dataclass
from datetime import UTC, datetime
from heapq import nsmallest
from typing import Any, TypeVar

from reconciler.changes import ENDING, SPENDING, Change, Kind, Many, Trait, picked, traits_of
from reconciler.impact import totals
from reconciler.model import SubscriptionKey
from reconciler.views.consequences import totals_words
from reconciler.views.words import VERBS, Group, group_of, grouped, listed, per_account

MANY = 200
"""Items of a section that are shown one by one; of more than that, only the first few."""
FEW = 20
"""So many then, as examples."""
WHOLE = 1_000
"""What can never be undone, and what may or may not have happened, is shown one by one up to so many."""

_ACCOUNTS = 4
_FAR = datetime.max.replace(tzinfo=UTC)

Item = TypeVar("Item")
PerAccount = tuple[Kind, str, int]


@dataclass(frozen=True, slots=True)
class Part:
    """The changes of one group, and which of them are shown."""

    group: Group
    members: Sequence[Change]
    shown: Sequence[Change]
    """One by one: all of them by key, then by verb; or of very many the most urgent. None of the new records."""
    counts: Sequence[PerAccount] = ()
    """Of the new records: how many of each verb in each account, by verb and account, or the most first."""
    left: int = 0
    """How many are neither shown nor in one of the counts."""

    @property
    def about(self) -> str:
        """Why these are the ones that are shown."""
        return _ABOUT.get(self.group, "For example:")


_ABOUT = {
    Group.IRREVERSIBLE: "The first of them, immediate cancellations ahead:",
    Group.ENDING: "Those that can be undone the shortest, for example:",
    Group.SPENDING: "Those that can be undone the shortest, for example:",
    Group.NEW: "The accounts with the most of them:",
}


def parted(changes: Iterable[Change]) -> list[Part]:
    """The changes by group in reading order; groups without any are left out."""
    if isinstance(changes, Many):
        return [_part(group, members) for group, members in grouped(changes).items()]
    found: dict[Group, list[Change]] = {group: [] for group in Group}
    for change in changes:
        found[group_of(change)].append(change)
    return [_part(group, members) for group, members in found.items() if members]


def _part(group: Group, members: Sequence[Change]) -> Part:
    if group is Group.NEW:
        counts = per_account(members)
        first = first_few(counts, lambda row: (-row[2], row[0].rank, row[1]))
        return Part(group, members, (), first, len(members) - sum(count for _, _, count in first))
    final = group is Group.IRREVERSIBLE
    most, worst = (WHOLE, _final_first) if final else (MANY, _soonest_final)
    if len(members) <= most:
        return Part(group, members, sorted(members, key=_by_key))
    shown = nsmallest(WHOLE if final else FEW, members, key=worst)
    return Part(group, members, shown, left=len(members) - len(shown))


def _by_key(change: Change) -> tuple[SubscriptionKey, int]:
    return change.key, change.kind.rank


def _final_first(change: Change) -> tuple[object, ...]:
    return worst_kind(change.kind), *_by_key(change)


def _soonest_final(change: Change) -> tuple[object, ...]:
    """The one that can be undone the shortest is the most urgent: sums in several currencies have no order."""
    until = None if change.impact is None else change.impact.reversible_until
    return until or _FAR, *_by_key(change)


def worst_kind(kind: Kind) -> int:
    """How bad it would be to overlook a change of that kind; the lowest is the worst."""
    if kind is Kind.CANCEL_NOW:
        return 0
    return 1 if kind in ENDING else 2 if kind in SPENDING or kind is Kind.FORGET else 3


def first_few(items: Sequence[Item], worst: Callable[[Item], Any], *, most: int = MANY) -> Sequence[Item]:
    """All of them as they are, or of very many the worst: `FEW`, or as many as there may be where that is more."""
    return items if len(items) <= most else nsmallest(FEW if most == MANY else most, items, key=worst)


@dataclass(frozen=True, slots=True)
class Sum:
    """How many changes of one verb there are."""

    kind: Kind
    count: int
    where: str
    """In which accounts most of them are."""
    money: str = ""
    """What they come to, in a sentence; empty where no money moves."""


def sums(changes: Sequence[Change], *, money: bool = True) -> list[Sum]:
    """The same changes by verb, the order being that of the summary line."""
    there = {trait.kind for trait in traits_of(changes)}
    return [_sum(kind, picked(changes, _is(kind)), money=money) for kind in VERBS if kind in there]


def _is(kind: Kind) -> Callable[[Trait], bool]:
    return lambda trait: trait.kind is kind


def _sum(kind: Kind, members: Sequence[Change], *, money: bool) -> Sum:
    said = totals_words(totals(members), members) if money else ""
    accounts = Counter[str]()
    for trait, number in traits_of(members).items():
        accounts[trait.account] += number
    return Sum(kind, len(members), where_of(accounts), said)


def where(keys: Iterable[SubscriptionKey]) -> str:
    """In which accounts they are, those with the most first: `in 50 accounts: 9 in a, 8 in b and 48 more`."""
    return where_of(Counter([key.account for key in keys]))


def where_of(counts: Counter[str]) -> str:
    """The same by how many there are in each account."""
    if len(counts) <= 1:
        return "".join(f"in {account}" for account in counts)
    most = nsmallest(_ACCOUNTS, counts.items(), key=lambda item: (-item[1], item[0]))
    said = [f"{count:,} in {account}" for account, count in most]
    return f"in {len(counts):,} accounts: {listed(said, _ACCOUNTS, len(counts))}"


def tallied(names: Iterable[str] | Counter[str]) -> list[tuple[str, int]]:
    """How often each occurs, the most frequent first."""
    return sorted(Counter(names).items(), key=lambda item: (-item[1], item[0]))


def rest_of(items: Sized, shown: Sized, noun: str = "") -> str:
    """How many more there are than are shown; an empty text where all are."""
    left = len(items) - len(shown)
    return f"… and {left:,} more{f' {noun}' if noun else ''}" if left > 0 else ""

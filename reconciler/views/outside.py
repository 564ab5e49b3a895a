"""What lies with others, in words: how far outside accounts were looked at, what drifted there, and what is pending.

Pure values to words, not escaped: that is for the view, which knows its sink. Of very many only the worst are named.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from typing import TypeVar

from reconciler.changes import INTENTS, Blocked, Drift, Kind, Pending, Sighting
from reconciler.diagnostics import Place
from reconciler.model import SubscriptionKey
from reconciler.views.words import counted, day, listed, moment, value_words

MOST_NAMED = 25
"""Held, drifted or pending subscriptions that are named one by one; the JSON document has them all."""
_MOST_ACCOUNTS = 10
"""Accounts that cannot be read, or hold what nobody declares, that are named one by one."""
_FEW_ACCOUNTS = 5
"""So many that were observed before are named one by one."""
_MOST_WORDS = 4
_FEW_ALIKE = 5
"""So many subscriptions that the very same blocks are named one by one, in so many accounts."""
_JUST_NOW = timedelta(minutes=1)

Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class Seen:
    """One line about how far accounts were looked at."""

    who: str
    """An account's name, or how many accounts."""
    phrases: tuple[str, ...]
    trouble: bool = False
    """It could not be read."""


def seen_rows(sightings: Iterable[Sighting], now: datetime) -> list[Seen]:
    """A line for each account that there is something to say about, trouble first; very many are only counted.

    Ages count from `now`, the plan's instant.
    """
    told = sorted(sightings, key=lambda item: item.account)
    trouble = [item for item in told if item.trouble is not None]
    undeclared = [item for item in told if item.trouble is None and item.undeclared]
    before = [item for item in told if item.trouble is None and not item.undeclared and not item.fresh]
    rows = [*_troubled(trouble, now), *_undeclared(undeclared, now), *_before(before, now)]
    fresh = _nothing_to_say(told)
    return [*rows, Seen(counted(fresh, "other account"), ("observed just now",))] if rows and fresh else rows


def fresh_words(sightings: Sequence[Sighting]) -> str:
    """One short sentence where every account was observed just now, and there is nothing else to say of any."""
    fresh = _nothing_to_say(sightings)
    return f"Observed {counted(fresh, 'account')} just now." if fresh and fresh == len(sightings) else ""


def _nothing_to_say(sightings: Iterable[Sighting]) -> int:
    return sum(1 for item in sightings if item.fresh and item.trouble is None and not item.undeclared)


def _troubled(items: Sequence[Sighting], now: datetime) -> list[Seen]:
    """What cannot be read, most accounts first; those that share a sign-in share its trouble, and a line."""
    alike: dict[str, list[Sighting]] = {}
    for item in items:
        alike.setdefault(item.trouble or "", []).append(item)
    groups = sorted(alike.items(), key=lambda group: (-len(group[1]), group[1][0].account))
    rows = [_trouble(text, members, now) for text, members in groups[:_MOST_ACCOUNTS]]
    rest = sum(len(members) for _, members in groups[_MOST_ACCOUNTS:])
    more = Seen(f"{counted(rest, 'more account')}", ("could not be read",), trouble=True)
    return [*rows, more] if rest else rows


def _trouble(text: str, members: Sequence[Sighting], now: datetime) -> Seen:
    said = f"could not be read: {text}"
    if len(members) > 1:
        return Seen(_accounts(members), (said, listed([item.account for item in members], _MOST_WORDS)), trouble=True)
    (item,) = members
    last = () if item.at is None or item.fresh else (f"last {observed_words(item.at, now)}",)
    return Seen(item.account, (said, *last), trouble=True)


def _undeclared(items: Sequence[Sighting], now: datetime) -> list[Seen]:
    """What no file declares, and how to bring it in; the accounts with the most of it first."""
    ordered = sorted(items, key=lambda item: (-item.undeclared, item.account))
    named, rest = ordered[:_MOST_ACCOUNTS], ordered[_MOST_ACCOUNTS:]
    rows = []
    for item in named:
        age = () if item.fresh else (observed_words(item.at, now),)
        command = f"reconcile import --account {item.account} --from-provider"
        rows.append(Seen(item.account, (*age, f"{_by_no_file(item.undeclared)}: {command}")))
    if not rest:
        return rows
    total = _by_no_file(sum(item.undeclared for item in rest))
    stale = [item for item in rest if not item.fresh]
    return [*rows, Seen(counted(len(rest), "more account"), (total, *([_oldest(stale, now)] if stale else [])))]


def _by_no_file(count: int) -> str:
    return f"{counted(count, 'subscription')} {'is' if count == 1 else 'are'} declared by no file"


def _before(items: Sequence[Sighting], now: datetime) -> list[Seen]:
    """What is known from an earlier run alone."""
    if len(items) <= _FEW_ACCOUNTS:
        return [Seen(item.account, (observed_words(item.at, now),)) for item in items]
    never = [item for item in items if item.at is None]
    known = [item for item in items if item.at is not None]
    rows = [Seen(_accounts(never), ("never observed", _named(never)))] if never else []
    return [*rows, Seen(_accounts(known), ("observed before", _oldest(known, now)))] if known else rows


def _oldest(items: Sequence[Sighting], now: datetime) -> str:
    """The one that was observed the longest ago, or never."""
    oldest = min(items, key=lambda item: (item.at is not None, item.at or now, item.account))
    return f"the oldest {observed_words(oldest.at, now).removeprefix('observed ')} ({oldest.account})"


def _accounts(items: Sequence[Sighting]) -> str:
    return counted(len(items), "account")


def _named(items: Sequence[Sighting]) -> str:
    return listed([item.account for item in items], _MOST_WORDS)


def observed_words(at: datetime | None, now: datetime) -> str:
    """How long ago something was observed; an instant after `now`, which a plan as of a day gone by has, by itself."""
    if at is None:
        return "never observed"
    return f"observed {moment(at)}" if at - now >= _JUST_NOW else f"observed {age_words(now - at)}"


def age_words(age: timedelta) -> str:
    """How long ago: in whole days, or on the last day in hours, or in the last hour in minutes."""
    if age.days > 0:
        return f"{age.days:,} d ago"
    hours, rest = divmod(max(age, timedelta()).seconds, 3600)
    if hours:
        return f"{hours} h ago"
    return f"{rest // 60} min ago" if rest >= _JUST_NOW.seconds else "just now"


@dataclass(frozen=True, slots=True)
class Drifted:
    """What somebody changed outside on one subscription."""

    key: SubscriptionKey
    phrases: tuple[str, ...]
    """Each field with its value as it is stored, and as it is."""


def drift_rows(drift: Iterable[Drift]) -> list[Drifted]:
    """A row for each subscription, by key."""
    ordered = sorted(drift, key=lambda item: (item.key, item.field))
    return [
        Drifted(key, tuple(_differs(item) for item in members))
        for key, members in groupby(ordered, key=lambda item: item.key)
    ]


def _differs(item: Drift) -> str:
    return f"{item.field}: stored {value_words(item.stored)}, live {value_words(item.observed)}"


def pending_first(pending: Iterable[Pending]) -> list[Pending]:
    """The overdue ones first, then by key."""
    return sorted(pending, key=lambda item: (not item.overdue, item.key, item.kind.rank))


def pending_phrases(item: Pending) -> list[str]:
    """Until when it is to be done, since when it is under way, and whose it is; that it is overdue comes first."""
    found = [*_until(item), *(["withdrawn"] if item.withdrawn else []), f"begun {day(item.since)}"]
    return [*found, f"owner {item.owner}"] if item.owner else found


def _until(item: Pending) -> list[str]:
    if item.deadline is None:
        return ["overdue"] if item.overdue else []
    return [overdue_words(item.deadline + timedelta(days=1)) if item.overdue else f"deadline {day(item.deadline)}"]


def overdue_words(since: object) -> str:
    """That its last day is over."""
    return f"overdue since {day(since)}"


def pending_about(pending: Sequence[Pending]) -> str:
    """What all of them have in common, and how many are overdue."""
    overdue = sum(1 for item in pending if item.overdue)
    return f"begun and not done{f'; {overdue:,} overdue' if overdue else ''}"


def first_named(items: Sequence[Item]) -> Sequence[Item]:
    """Those that are named one by one."""
    return items if len(items) <= MOST_NAMED else items[:MOST_NAMED]


def rest_words(keys: Sequence[SubscriptionKey]) -> str:
    """How many more there are than are named, and in which accounts; an empty text where all are named."""
    rest = keys[MOST_NAMED:]
    if not rest:
        return ""
    counts = Counter(key.account for key in rest)
    accounts = [f"{count:,} in {account}" for account, count in sorted(counts.items(), key=lambda at: (-at[1], at[0]))]
    where = f"in {len(accounts):,} accounts" if len(accounts) > _MOST_WORDS else listed(accounts, _MOST_WORDS)
    return f"… and {len(rest):,} more: {where}; --format json has them all"


@dataclass(frozen=True, slots=True)
class Crowd:
    """Subscriptions that nothing could be said of, all for the very same reason: an account that could not be read."""

    members: tuple[Blocked, ...]
    """By key."""

    @property
    def first(self) -> Blocked:
        """The one that speaks for all: their code, detail and hint."""
        return self.members[0]

    @property
    def where(self) -> str:
        """Their account; of many how many these are."""
        accounts = {item.key.account for item in self.members}
        return self.first.key.account if len(accounts) == 1 else counted(len(accounts), "account")

    @property
    def many(self) -> str:
        """How many they are, and what names them."""
        return f"{counted(len(self.members), 'subscription')}; --format json has them all"

    @property
    def place(self) -> Place:
        """Where the first of them is declared."""
        return self.first.place

    def verbs(self, verbs: Mapping[Kind, str]) -> str:
        """What was to be looked into."""
        return ", ".join(verbs[kind] for kind in sorted({item.kind for item in self.members}, key=lambda at: at.rank))


def blocked_rows(blocked: Iterable[Blocked]) -> list[Blocked | Crowd]:
    """What is blocked, by key. A wish for the pair is always named; of those that only could not be looked at, many
    that the very same keeps from it are one row for each account, and for very many accounts one row.
    """
    rows: list[Blocked | Crowd] = []
    alike: dict[tuple[str, str, str], list[Blocked]] = {}
    for item in sorted(blocked, key=lambda item: (item.key, item.kind.rank)):
        if item.kind in INTENTS:
            rows.append(item)
        else:
            alike.setdefault((item.code, item.detail, item.hint), []).append(item)
    for members in alike.values():
        accounts = [list(group) for _, group in groupby(members, key=lambda item: item.key.account)]
        for group in [members] if len(accounts) > _FEW_ALIKE else accounts:
            rows += [Crowd(tuple(group))] if len(group) > _FEW_ALIKE else group
    return sorted(rows, key=_place_in_list)


def _place_in_list(row: Blocked | Crowd) -> tuple[SubscriptionKey, int]:
    first = row if isinstance(row, Blocked) else row.first
    return first.key, first.kind.rank

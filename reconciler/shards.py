"""Pieces of a plan for workers: which changes go together, what became of them, and how far a run is.

Pure. All changes of one subscription are in one shard, in the plan's order; which worker takes it is not said here.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import blake2b, sha256
from itertools import zip_longest
from math import ceil
from typing import Final, TypeVar

from reconciler.changes import Change
from reconciler.journal import OpenIntent, OutcomeKind
from reconciler.model import StoredSubscription
from reconciler.settings import AccountSettings

T = TypeVar("T")

SMALLEST: Final = 50
"""Changes in a shard, where there are so many: fewer, and taking it is most of the work."""
LARGEST: Final = 200
"""More, and a worker that dies holds too many up."""
_SHARDS: Final = 64
"""As many as that are cut before they grow: enough for any number of workers to end at nearly the same time."""
NOT_CARRIED_OUT: Final = "the run that began it never learned what became of it, and it was not carried out"
"""Why the journal closes an intent of which it is sure that nothing came."""
ATTEMPTS: Final = 5
"""So often is one change begun at most, each time under an operation id of its own, where it was surely not done."""


@dataclass(frozen=True, slots=True)
class Piece:
    """One change of an outside account, with all that a worker needs to carry it out."""

    account: AccountSettings
    change: Change
    operation_id: str
    row: StoredSubscription
    """The record as the changes before leave it."""

    @property
    def subject(self) -> str:
        """What it is about; one at a time is under way for each."""
        return f"{self.account.name}/{self.change.external_id or self.change.key}"


@dataclass(frozen=True, slots=True)
class Shard:
    """What one worker carries out in order."""

    number: int
    group: str
    """The accounts that share a sign-in, and its pace."""
    pieces: tuple[Piece, ...]


@dataclass(frozen=True, slots=True)
class Ticket:
    """A shard on its way to the workers."""

    shard: int
    lock: str
    """Of those with the same, one at a time is carried out, in the order in which they were handed over."""


@dataclass(frozen=True, slots=True)
class Taken:
    """A shard that a worker has taken, and what is known of its changes already."""

    shard: int
    fence: int
    run: str
    pieces: tuple[Piece, ...]
    """Each under the operation id that it has now."""
    over: Mapping[str, OutcomeKind] = field(default_factory=dict)
    """What became of those that are over, by operation id."""
    begun: Mapping[str, OpenIntent] = field(default_factory=dict)
    """Those that may have been sent, by operation id."""
    quiet_for: float = 0.0
    """Seconds since which surely nothing of it was sent: whoever had it before could not any more, or had ended."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the shards of one run are."""

    run: str
    command: str
    actor: str
    started_at: datetime
    finished_at: datetime | None
    planned: int
    shards: Mapping[str, int] = field(default_factory=dict)
    """How many there are in each stage."""
    total: int = 0
    """Changes, or accounts, in its shards."""
    outcomes: Mapping[OutcomeKind, int] = field(default_factory=dict)
    workers: tuple[str, ...] = ()
    """Who works on it now."""
    rate: float = 0.0
    """Of them a second, since the first was taken."""
    failures: tuple[tuple[str, str, str], ...] = ()
    """Key, verb and error of the first that failed; of accounts the name, the code and why."""
    of: str = "change"
    """What is carried out: each a change, or, by a refresh, a look at an account."""

    @property
    def done(self) -> int:
        """Changes, or accounts, that are over."""
        return sum(self.outcomes.values())

    @property
    def under_way(self) -> bool:
        """Whether workers have something left of it."""
        return bool(self.shards.get("waiting") or self.shards.get("working"))

    @property
    def seconds_left(self) -> float | None:
        """At the rate so far; None where nothing is known of that."""
        return (self.total - self.done) / self.rate if self.rate and self.under_way else None


def cut(pieces: Sequence[Piece]) -> list[Shard]:
    """The shards of a run: by group, and within it by subscription, of 50 to 200 changes where there are so many.

    Where one goes is fixed by its subscription and the number of shards, so that the same plan is cut in the same way.
    The groups take turns: workers take shards in this order, and at one sign-in they would share its pace.
    """
    groups: dict[str, list[Piece]] = defaultdict(list)
    for piece in pieces:
        groups[piece.account.group].append(piece)
    heaps_of: list[list[tuple[str, tuple[Piece, ...]]]] = []
    for group, members in groups.items():
        size = min(LARGEST, max(SMALLEST, ceil(len(members) / _SHARDS)))
        heaps = max(1, len(members) // size)
        filled: dict[int, list[Piece]] = defaultdict(list)
        for piece in members:
            filled[_place(piece.subject, heaps)].append(piece)
        heaps_of.append([(group, tuple(filled[heap])) for heap in sorted(filled)])
    return [Shard(number, group, members) for number, (group, members) in enumerate(in_turns(heaps_of))]


def in_turns(groups: Iterable[Iterable[T]]) -> Iterator[T]:
    """The first of each, then the second of each, and so on."""
    return (one for turn in zip_longest(*groups) for one in turn if one is not None)


def _place(subject: str, heaps: int) -> int:
    return int.from_bytes(blake2b(subject.encode(), digest_size=8).digest()) % heaps


def begun_anew(operation_id: str) -> str:
    """The id of a second attempt at what was surely not carried out: always the same for the same first one."""
    return f"{operation_id[:8]}{sha256(f'{operation_id} anew'.encode()).hexdigest()[:24]}"

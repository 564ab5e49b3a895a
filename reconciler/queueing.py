"""How work is shared out: the Protocols of who hands shards to workers, and of the book that shards are kept in.

The book is part of the store, and the authority; a dispatcher only wakes workers. It may hand a shard out twice, or to
somebody who dies with it: the book lets one at a time work on it, and refuses what an earlier one says.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from reconciler.journal import Entry, Freeze, OutcomeKind
from reconciler.looks import TakenLook
from reconciler.observed import ObservedAccount
from reconciler.shards import Taken, Ticket

Work = Callable[[int], float | None]
"""Carries a shard out; answers in how many seconds it wants to be handed out again, None: it is over."""


class Dispatcher(Protocol):
    """Hands shards to whoever carries them out: each at least once, those of one lock one by one and in order."""

    def submit(self, tickets: Sequence[Ticket], within: object = None) -> None:
        """Hand shards over; `within` the transaction of that connection, where it can: with it, or not at all."""
        ...

    def run(self, work: Work, stop: Callable[[], bool], idle: Callable[[], bool] | None = None) -> None:
        """Carry out what there is and what comes, several at once, until asked to stop: then what is under way ends.

        With `idle`, until that says that nothing is left for anybody. What `work` raises ends nothing but its turn.
        """
        ...

    def recover(self) -> int:
        """Hand out once more what was handed to somebody who is gone; how many there were."""
        ...


class ShardBook(Protocol):
    """The shards as the store keeps them. What is written under an older fence is refused: StoreError `lease-lost`."""

    def take(self, shard: int, worker: str, lasts: float) -> Taken | TakenLook | float | None:
        """Take it for so many seconds; who has it instead is given so many more; None: it is over."""
        ...

    def beat(self, held: Mapping[int, int], lasts: float) -> frozenset[int]:
        """Keep these, with the fence of each, for so many seconds more; answers which of them are still held."""
        ...

    def intend(self, taken: Taken, entries: Sequence[Entry], at: datetime, lasts: float) -> None:
        """Journal intents under the shard's fence, in one transaction; refused while a freeze holds."""
        ...

    def accept(self, taken: Taken, entries: Sequence[Entry], at: datetime, lasts: float) -> None:
        """Journal under the shard's fence what a provider works on."""
        ...

    def record(self, taken: Taken, entries: Sequence[Entry], at: datetime, lasts: float) -> None:
        """Rows, serial, outcomes and progress, under the shard's fence."""
        ...

    def freeze(self) -> Freeze | None:
        """The freeze in force or past."""
        ...

    def keep(self, observed: Sequence[ObservedAccount]) -> None:
        """Keep what was read back."""
        ...

    def give_back(self, taken: Taken | TakenLook, *, sent: bool) -> None:
        """Let somebody else take it, now that all is over that was `sent`, if anything was."""
        ...

    def end(self, taken: Taken, outcomes: Mapping[OutcomeKind, int], at: datetime) -> bool:
        """It is over; whether its run is, too: then that is finished, with what it is to leave behind."""
        ...

    def end_look(self, taken: TakenLook, found: ObservedAccount, began: datetime) -> None:
        """Keep what a look that `began` then has found, but for what is newer; it is over.

        Nothing is kept of an account that was recorded as another one meanwhile. One transaction, under the fence.
        """
        ...

    def close(self) -> None:
        """Let go of the connection."""
        ...

"""The engine is killed at every hop, and again while it recovers; the vendor's own ledger is the judge.

Nothing may be lost, nothing doubled, whatever the vendor does wrong meanwhile and however late its reads are.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.answers import Accepted, Rejected
from reconciler.journal import Entry, OpenIntent, OutcomeKind
from reconciler.outside.settling import Unsettled, settle
from reconciler.outside.writing import carry_out
from tests.builders import NOW
from tests.outside.vendor import (
    DROP_AFTER,
    DROP_BEFORE,
    LIE,
    Hours,
    Notes,
    Vendor,
    account,
    intent_of,
    order_of,
    shown,
    step,
)

IDS = ("a", "b", "c")
PLAYS: dict[str, Any] = {
    "as it should": None,
    "lost before": DROP_BEFORE,
    "lost after": DROP_AFTER,
    "a lie": LIE,
    "accepted": Accepted("job*2"),
    "busy": Rejected("busy", "locked", retry_after=5.0),
    "refused": Rejected("conflict", "lost a race"),
}


class Killed(BaseException):
    """The process ended here."""


@dataclass
class Fuse:
    """Burns down hop by hop; never again once it has."""

    left: int | None = None
    hops: int = 0

    def burn(self, hop: str) -> None:
        self.hops += 1
        if self.left is not None:
            self.left -= 1
            if self.left < 0:
                self.left = None
                raise Killed(hop)


@dataclass
class Journal(Notes):
    """Notes that know when each intent was written down."""

    hours: Hours = field(default_factory=Hours)
    written: dict[str, datetime] = field(default_factory=dict)

    def intend(self, entries: Sequence[Entry]) -> None:
        super().intend(entries)
        for entry in entries:
            self.written.setdefault(entry.operation_id, NOW + timedelta(seconds=self.hours.passed))


@dataclass
class Estate:
    """What outlives a process: the vendor, the journal, time."""

    vendor: Vendor
    fuse: Fuse = field(default_factory=Fuse)
    hours: Hours = field(default_factory=Hours)
    runs: int = 0

    def __post_init__(self) -> None:
        self.journal = Journal(hours=self.hours)
        self.journal.on = self.vendor.on = self.fuse.burn

    def open_intents(self) -> list[OpenIntent]:
        return [
            intent_of(
                order_of(id=str(entry.change.key.name)), id, self.journal.written.get(id, NOW), entry.outcome.token
            )
            for id, entry in self.journal.intents.items()
        ]

    def run(self) -> None:
        """One whole run: settle what is open, then plan and apply what is still to be done."""
        self.runs += 1
        timing = self.hours.timing()
        unsettled = [Unsettled(one, account(), None, self.vendor.open) for one in self.open_intents()]
        free = settle(unsettled, self.journal, timing)
        again = {one.key.name: one for one in free.repeatable}
        done = {name for name, kind in self.journal.outcomes().items() if kind is OutcomeKind.SUCCEEDED}
        waiting = {one.key.name for one in self.open_intents()} - again.keys()
        steps = []
        for id in IDS:
            if id not in done | waiting:
                number = again[id].operation_id if id in again else f"op-{id}-{self.runs}"
                steps.append(step(self.vendor, order_of(id=id), number, resume=again.get(id)))
        carry_out(steps, self.journal, timing)

    def lives(self, gap: float) -> bool:
        """One run, which may be killed; then time passes, in which the vendor goes on. Whether it was killed."""
        killed = False
        try:
            self.run()
        except Killed:
            killed = True
        if gap:
            self.hours.passed += gap
            self.vendor.finish()
        return killed

    def converge(self) -> None:
        self.fuse.left = None
        for _ in range(8):
            self.lives(200)

    def judge(self) -> None:
        assert Counter(id for id, _, _ in self.vendor.ledger) == dict.fromkeys(IDS, 1)
        assert self.journal.intents == {}
        succeeded = [entry for entry in self.journal.recorded if entry.outcome.kind is OutcomeKind.SUCCEEDED]
        assert Counter(entry.change.key.name for entry in succeeded) == dict.fromkeys(IDS, 1)


def an_estate(plays: Sequence[str], *, idempotent: bool, late: float = 0.0) -> Estate:
    hours = Hours()
    vendor = Vendor({id: shown(id) for id in IDS}, idempotent=idempotent, late=late, hours=hours)
    for id, name in zip(IDS, plays, strict=True):
        play = PLAYS[name]
        if isinstance(play, Accepted):
            play = replace(play, token=f"job-{id}*2")
        vendor.plays[f"turn_off_recurring {id}"] = [play]
    return Estate(vendor, hours=hours)


def hops(play: str, *, idempotent: bool) -> int:
    """So many hops there are where nobody is killed."""
    estate = an_estate([play] * 3, idempotent=idempotent)
    estate.run()
    return estate.fuse.hops


@pytest.mark.parametrize("idempotent", [True, False], ids=["idempotent", "not idempotent"])
@pytest.mark.parametrize("play", PLAYS)
def test_killed_at_any_hop_nothing_is_lost_and_nothing_doubled(play: str, idempotent: bool) -> None:
    count = hops(play, idempotent=idempotent)
    assert count > 10
    for hop in range(count):
        estate = an_estate([play] * 3, idempotent=idempotent)
        estate.fuse.left = hop
        assert estate.lives(200)
        estate.converge()
        estate.judge()


@given(
    plays=st.lists(st.sampled_from(sorted(PLAYS)), min_size=3, max_size=3),
    idempotent=st.booleans(),
    late=st.sampled_from([0.0, 1.0, 20.0, 59.0]),
    kills=st.lists(st.tuples(st.integers(0, 40), st.sampled_from([0.0, 20.0, 200.0])), max_size=4),
)
def test_killed_again_while_it_recovers_nothing_is_lost_and_nothing_doubled(
    plays: list[str], idempotent: bool, late: float, kills: list[tuple[int, float]]
) -> None:
    estate = an_estate(plays, idempotent=idempotent, late=late)
    for hop, gap in kills:
        estate.fuse.left = hop
        estate.lives(gap)
    estate.converge()
    estate.judge()

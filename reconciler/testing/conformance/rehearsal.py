"""The engine around a provider, without a store and without waiting: reads, applies and settles as a run would.

Time passes only where the engine waits, and the vendor's with it. The journal is in memory; nobody may forget what
it holds open.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from threading import Lock
from typing import Any

from reconciler.changes import Change, Kind
from reconciler.journal import ChangeReport, Entry, OpenIntent, OutcomeKind
from reconciler.observed import ObservedAccount
from reconciler.outside.making import SENT_WITHIN
from reconciler.outside.reading import Ask, observe_accounts
from reconciler.outside.settling import Settled, Unsettled, settle
from reconciler.outside.timing import Timing
from reconciler.outside.writing import Step, carry_out
from reconciler.ports import Writer
from reconciler.testing.conformance.bench import Bench, NotOffered, Who
from reconciler.testing.conformance.trial import Trial, end_of, number

PASSES = 4
"""Runs after which everything must have come to its end."""


@dataclass
class Hours:
    """The vendor's time, and the engine's with it: both pass where the engine waits, and nobody else does."""

    bench: Bench
    passed: float = 0.0
    alone: float = 0.0
    """So much of it the vendor's clock was not moved, where that is not offered."""
    lock: Any = field(default_factory=Lock)

    def wait(self, seconds: float) -> None:
        """Let so much pass, at once."""
        with self.lock:
            self.passed += seconds
            try:
                self.bench.advance(timedelta(seconds=seconds))
            except NotOffered:
                self.alone += seconds

    def now(self) -> datetime:
        """What the engine takes for real time."""
        return self.bench.now() + timedelta(seconds=self.alone)

    def timing(self) -> Timing:
        """As the engine takes it, with threads that are real."""
        return Timing(
            now=self.now,
            monotonic=lambda: 1000.0 + self.passed,
            wait=self.wait,
            chance=lambda: 0.5,
            pool=ThreadPoolExecutor,
        )


@dataclass
class Journal:
    """What was intended, accepted and recorded, in memory."""

    at: datetime
    open: dict[str, Entry] = field(default_factory=dict)
    """By operation id."""
    recorded: list[Entry] = field(default_factory=list)

    def intend(self, entries: Sequence[Entry]) -> None:
        """Before any call."""
        for entry in entries:
            self.open.setdefault(entry.operation_id, entry)

    def accept(self, entries: Sequence[Entry]) -> None:
        """With their tokens."""
        for entry in entries:
            self.open[entry.operation_id] = entry

    def record(self, entries: Sequence[Entry]) -> None:
        """Outcomes; their intents are closed."""
        for entry in entries:
            self.open.pop(entry.operation_id, None)
        self.recorded += entries

    def halted(self) -> bool:
        """Never."""
        return False


@dataclass
class Rehearsal:
    """Runs of an apply over the same wishes, until nothing is left to do."""

    trial: Trial
    wishes: Mapping[str, Kind]
    """By id: the verb that a plan found."""
    changes: dict[str, Change] = field(default_factory=dict)
    journal: Journal = field(init=False)
    hours: Hours = field(init=False)
    reports: list[ChangeReport] = field(default_factory=list)
    """Of the last run."""
    runs: int = 0

    def __post_init__(self) -> None:
        self.hours = Hours(self.trial.bench)
        self.journal = Journal(self.hours.now())
        reader = self.trial.reader()
        for id, kind in self.wishes.items():
            self.changes[id] = self.trial.change(kind, self.trial.get(reader, id))

    def open(self) -> Writer:
        """As an apply opens it: anew for every run."""
        return self.trial.writer(Who.WRITER)

    def run(self) -> dict[str, OutcomeKind]:
        """One run of all wishes: settles what is open, and carries out what is left; what became of each."""
        self.runs += 1
        resumed = self._settle()
        steps = [self._step(id, resumed) for id in sorted(self.changes) if id not in self._still_open(resumed)]
        self.reports = carry_out(steps, self.journal, self.hours.timing())
        return {str(report.change.external_id): report.outcome for report in self.reports}

    def let_pass(self) -> None:
        """As long as any order of an earlier run may still be at work, and a little more."""
        self.hours.wait(SENT_WITHIN + self.open().settles_within + 60.0)

    def _settle(self) -> dict[str, OpenIntent]:
        """What an earlier run left open: closed, or to be repeated under its operation id, by subscription."""
        opened = [self._intent(entry) for entry in self.journal.open.values()]
        unsettled = [Unsettled(intent, self.trial.bench.account, None, self.open) for intent in opened]
        found: Settled = settle(unsettled, self.journal, self.hours.timing())
        return {str(intent.external_id): intent for intent in found.repeatable}

    def _still_open(self, resumed: Mapping[str, OpenIntent]) -> set[str]:
        """Those that nothing may be sent for."""
        return {_id(entry) for entry in self.journal.open.values()} - resumed.keys()

    def _step(self, id: str, resumed: Mapping[str, OpenIntent]) -> Step:
        change, again = self.changes[id], resumed.get(id)
        fresh = number(1000 * self.runs + sorted(self.changes).index(id) + 1)
        return Step(change, again.operation_id if again else fresh, self.trial.bench.account, None, self.open, again)

    def _intent(self, entry: Entry) -> OpenIntent:
        change = entry.change
        if not isinstance(change, Change):
            raise TypeError("an event is no intent")
        return OpenIntent(
            entry.operation_id,
            change.key,
            change.kind,
            change.external_id,
            change.before,
            change.after,
            change.reason,
            None,
            "rehearsal",
            self.journal.at,
            entry.outcome.token,
            change.product,
        )


def ends_of(trial: Trial, ids: Collection[str]) -> Rehearsal:
    """A rehearsal that ends each of these with its term."""
    reader = trial.reader()
    return Rehearsal(trial, {id: end_of(trial.get(reader, id)) for id in ids})


def observed(trial: Trial, ids: Collection[str] = ()) -> ObservedAccount:
    """The account as the engine reads it, these ids declared."""
    ask = Ask(trial.bench.account, frozenset(ids), trial.reader)
    return observe_accounts([ask], Hours(trial.bench).timing())[trial.bench.account.name]


def _id(entry: Entry) -> str:
    return str(entry.change.external_id) if isinstance(entry.change, Change) else ""

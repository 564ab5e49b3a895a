"""A vendor, a journal and time together, as tests of the engine want them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from reconciler.changes import Change, Kind
from reconciler.errors import (
    Unreachable,
)
from reconciler.journal import ChangeReport, OutcomeKind
from reconciler.observed import ObservedSubscription
from reconciler.outside.writing import Step, carry_out
from tests.outside.vendor import (
    Hours,
    Notes,
    Vendor,
    shown,
    step,
)

SUCCEEDED, FAILED, UNKNOWN, SKIPPED = (
    OutcomeKind.SUCCEEDED,
    OutcomeKind.FAILED,
    OutcomeKind.UNKNOWN,
    OutcomeKind.SKIPPED,
)
AWAY = Unreachable("unreachable", "no answer")
OFF = "turn_off_recurring"
SETTLED = "settled by reading"


@dataclass
class World:
    """A vendor, a journal, and time that nobody waits for."""

    vendor: Vendor = field(default_factory=lambda: Vendor({"s1": shown()}))
    notes: Notes = field(default_factory=Notes)
    hours: Hours = field(default_factory=Hours)
    stopped: bool = False

    def run(self, *steps: Step, **fields: Any) -> list[ChangeReport]:
        fields.setdefault("stop", lambda: self.stopped)
        return carry_out(steps or [step(self.vendor)], self.notes, self.hours.timing(), **fields)

    def one(self, change: Change | None = None, **fields: Any) -> ChangeReport:
        (report,) = self.run(step(self.vendor, change, **fields))
        return report

    @property
    def effects(self) -> list[Kind]:
        return [kind for _, kind, _ in self.vendor.ledger]


def world(seen: ObservedSubscription | None = None, **fields: Any) -> World:
    seen = seen or shown()
    return World(Vendor({seen.id: seen}, **fields))


def told(report: ChangeReport) -> tuple[OutcomeKind, str | None]:
    return report.outcome, report.code

"""Plans of the parts of an estate, put together: the plan of the whole, while no more than one part is ever alive.

Pure. Each subscription is in one part, with its record. Changes are packed, and renewals are kept as what they come to.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from reconciler.build import Built
from reconciler.changes import Blocked, Drift, Listed, Pending, Scheduled
from reconciler.consequences import Due, Totals
from reconciler.diagnostics import Diagnostic, Location
from reconciler.events import Event
from reconciler.model import StoredSubscription, SubscriptionKey
from reconciler.packed import Packed, Run, Unpacking
from reconciler.plan import Plan
from reconciler.renewals import Renewals, item_of
from reconciler.spec.positions import SpecPlace


@dataclass(slots=True)
class Gathered:
    """The plans taken so far."""

    unpacking: Unpacking
    located: bool = False
    """Whether changes keep where they stand as the files say it now: nobody looks there again."""
    runs: list[Run] = field(default_factory=list)
    blocked: list[Blocked] = field(default_factory=list)
    held: list[Listed] = field(default_factory=list)
    released: list[Listed] = field(default_factory=list)
    ended: list[Listed] = field(default_factory=list)
    drift: list[Drift] = field(default_factory=list)
    elapsed: list[Event] = field(default_factory=list)
    scheduled: list[Scheduled] = field(default_factory=list)
    pending: list[Pending] = field(default_factory=list)
    totals: list[Totals] = field(default_factory=list)
    unmanaged: list[SubscriptionKey] = field(default_factory=list)
    unchanged: int = 0
    declared: set[SubscriptionKey] = field(default_factory=set)
    settled: dict[SubscriptionKey, StoredSubscription] = field(default_factory=dict)
    renewals: Renewals = field(default_factory=Renewals)
    due: list[Due] = field(default_factory=list)
    """Renewals that `renewals` cannot keep."""
    noted: list[tuple[SubscriptionKey, Diagnostic]] = field(default_factory=list)
    idle: list[Diagnostic] = field(default_factory=list)

    def take(self, built: Built) -> None:
        """One part's plan; parts come in the order of their files."""
        plan = built.plan
        if plan.changes:
            self.runs.append(Run.of(plan.changes, located=self.located))
        self.blocked += plan.blocked
        self.held += plan.held
        self.released += plan.released
        self.ended += plan.ended
        self.drift += plan.drift
        self.elapsed += plan.elapsed
        self.scheduled += plan.scheduled
        self.pending += plan.pending
        self.totals.append(plan.totals)
        self.unmanaged += plan.unmanaged
        self.unchanged += plan.unchanged
        self.declared |= plan.declared
        self.settled |= plan.settled
        self._take_due(plan.due)
        self.noted += built.noted
        self.idle += built.idle

    def plan(self, like: Plan) -> Plan:
        """The plan of all of them; what they have in common is as in that one."""
        return replace(
            like,
            changes=Packed(self.runs, self.unpacking),
            blocked=tuple(sorted(self.blocked, key=lambda item: item.key)),
            held=tuple(sorted(self.held, key=lambda item: item.key)),
            released=tuple(sorted(self.released, key=lambda item: item.key)),
            ended=tuple(sorted(self.ended, key=lambda item: item.key)),
            drift=tuple(sorted(self.drift, key=lambda item: item.key)),
            elapsed=tuple(sorted(self.elapsed, key=lambda item: (item.key, item.at))),
            scheduled=tuple(sorted(self.scheduled, key=lambda item: (item.on, item.key))),
            pending=tuple(sorted(self.pending, key=lambda item: (not item.overdue, item.key))),
            totals=_together(self.totals),
            unmanaged=tuple(sorted(self.unmanaged)),
            unchanged=self.unchanged,
            declared=frozenset(self.declared),
            settled=dict(sorted(self.settled.items())),
            due=self.renewals.listed(self._location, None) + self.due,
        )

    @property
    def diagnostics(self) -> tuple[Diagnostic, ...]:
        """What was found while they were made, as one plan has it."""
        return (*(item for _, item in sorted(self.noted, key=lambda pair: pair[0])), *self.idle)

    def _take_due(self, items: Iterable[Due]) -> None:
        by_file: dict[str, list[Due]] = {}
        for item in items:
            at = item.place
            if isinstance(at, SpecPlace) and at == self._place(at.file, item.key.name) and item_of(item) is not None:
                by_file.setdefault(at.file, []).append(item)
            else:
                self.due.append(item)
        for file, found in by_file.items():
            self.renewals.more(file, [said for one in found if (said := item_of(one)) is not None])

    def _location(self, file: str, name: str) -> Location:
        """Found at once: renewals are made file by file, and shown by day, which would open each file many times."""
        return self._place(file, name).location

    def _place(self, file: str, name: str) -> SpecPlace:
        return SpecPlace(self.unpacking.document(file), ("subscriptions", name), True)


def _together(totals: Iterable[Totals]) -> Totals:
    avoided, incurred, refunded, unknown = Counter[str](), Counter[str](), Counter[str](), 0
    for item in totals:
        avoided.update(item.avoided)
        incurred.update(item.incurred)
        refunded.update(item.refunded)
        unknown += item.unknown
    return Totals(
        dict(sorted(avoided.items())), dict(sorted(incurred.items())), dict(sorted(refunded.items())), unknown
    )

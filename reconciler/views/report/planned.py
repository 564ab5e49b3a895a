"""The current plan for the page: what would change and what follows, what cannot, what is dated, what time did.

Pure values to values; the words for consequences are those of every other view.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from reconciler.changes import Blocked, Change, Kind, Listed, Pending, Scheduled
from reconciler.diagnostics import Diagnostic, Place, Severity, in_order
from reconciler.events import Event, EventKind
from reconciler.impact import first_irreversible
from reconciler.model import SubscriptionKey
from reconciler.plan import Plan
from reconciler.views import words
from reconciler.views.consequences import (
    Consequences,
    consequences,
    first_irreversible_words,
    scheduled_consequences,
    totals_words,
)
from reconciler.views.outside import Crowd, blocked_rows, drift_rows, pending_first, pending_phrases, seen_rows
from reconciler.views.report.figures import subject
from reconciler.views.report.sums import grouped
from reconciler.views.report.values import Cut, Planned, Report, Step, Subject
from reconciler.views.timeline import noticed_words, of_time_alone
from reconciler.views.words import (
    VERBS,
    Group,
    NameOf,
    counted,
    day,
    group_of,
    held_back,
    per_account,
    plan_summary,
    sentence,
    worst_first,
)

MOST_CHANGES = 25
"""Of each group."""
MOST_LISTED = 25
MOST_ACCOUNTS = 25

T = TypeVar("T")
U = TypeVar("U")

_PLAN = "reconcile --dry-run"
_TONES = {
    Group.IRREVERSIBLE: "grave",
    Group.ENDING: "ending",
    Group.SPENDING: "spending",
    Group.OTHER: "calm",
    Group.NEW: "calm",
}


@dataclass(frozen=True, slots=True)
class Part:
    """One group of changes, under its heading."""

    title: str
    changes: Cut[Planned]


@dataclass(frozen=True, slots=True)
class Beside:
    """What is left as it is, and why: one list of it."""

    title: str
    about: str
    """Ours: what it is."""
    items: Cut[tuple[Subject, str, str]]
    """Each with what there is to know, and what to do."""


@dataclass(frozen=True, slots=True)
class NotKnown:
    """Something that the page cannot say: what, why, and of which subscriptions."""

    title: str
    about: str
    keys: Cut[str]


@dataclass(frozen=True, slots=True)
class Brake:
    """A refusal: which limit, of what, why, and the way out."""

    limit: str
    scope: str
    detail: str
    hint: str


@dataclass(frozen=True, slots=True)
class PlanPart:
    """The plan as the page shows it."""

    summary: str
    totals: tuple[str, ...]
    """Sentences: what it avoids, costs and gets back, and when it can no longer be undone."""
    headlines: tuple[str, ...]
    brakes: tuple[Brake, ...]
    parts: tuple[Part, ...]
    new: Cut[tuple[str, str, str]] | None
    """Registrations and adoptions: verb, account, how many."""
    blocked: Cut[Planned]
    blocked_count: int
    """Of subscriptions: one that is shown may stand for many."""
    pending: Cut[Planned]
    """Begun before and not done, overdue first."""
    scheduled: Cut[Planned]
    elapsed: Cut[Step]
    elapsed_title: str
    """Ours: who did that."""
    beside: tuple[Beside, ...]
    findings: Cut[tuple[str, str, str, str]]
    """Warnings and notes: severity, place, what, hint."""


def plan_part(report: Report) -> PlanPart:
    """Everything about the plan, the worst first."""
    plan, names = report.plan, report.names
    groups = words.grouped(plan.changes)
    marked = held_back(plan, report.verdict)
    new = per_account(groups.pop(Group.NEW, []))
    rows = [(VERBS[kind], account, f"{count:,}") for kind, account, count in new]
    return PlanPart(
        summary=plan_summary(plan, report.verdict),
        totals=(*map(grouped, filter(None, _whole(plan))),),
        headlines=plan.headlines,
        brakes=tuple(
            Brake(item.limit, item.scope, item.detail, item.hint) for item in worst_first(report.verdict.refused)
        ),
        parts=tuple(
            Part(group.value, cut(members, MOST_CHANGES, lambda item: _change(item, plan.as_of, names, marked)))
            for group, members in groups.items()
        ),
        new=cut(rows, MOST_ACCOUNTS, lambda row: row) if rows else None,
        blocked=cut(blocked_rows(plan.blocked), MOST_LISTED, lambda item: _blocked(item, names)),
        blocked_count=len(plan.blocked),
        pending=cut(pending_first(plan.pending), MOST_LISTED, lambda item: _pending(item, names)),
        scheduled=cut(plan.scheduled, MOST_LISTED, lambda item: _scheduled(item, plan.as_of, names)),
        elapsed=cut(_latest_first(plan.elapsed), MOST_LISTED, lambda item: _event(item, names)),
        elapsed_title="What time did" if of_time_alone(plan.elapsed) else "What time and others did",
        beside=tuple(_beside(report)),
        findings=cut(_worst(plan.diagnostics), MOST_LISTED, _finding),
    )


def _whole(plan: Plan) -> tuple[str, str]:
    final = first_irreversible(plan.changes, plan.as_of)
    return totals_words(plan.totals, plan.changes), first_irreversible_words(final, plan.as_of)


def cut(items: Sequence[T], most: int, made: Callable[[T], U], command: str = _PLAN) -> Cut[U]:
    """The first of them, made for the page; the others are only counted."""
    return Cut(tuple(made(item) for item in items[:most]), max(0, len(items) - most), command)


def _change(change: Change, now: datetime, names: NameOf, marked: Container[tuple[SubscriptionKey, Kind]]) -> Planned:
    return _planned(
        VERBS[change.kind],
        _TONES[group_of(change)],
        subject(change.key, change.product, names),
        consequences(change, now),
        change.reason or "",
        change.place,
        held=(change.key, change.kind) in marked,
    )


def _planned(
    verb: str, tone: str, about: Subject, found: Consequences, reason: str, place: Place, *, held: bool = False
) -> Planned:
    return Planned(
        verb=verb,
        tone=tone,
        subject=about,
        main=tuple(map(grouped, found.main)),
        more=tuple(map(grouped, found.more)),
        notes=tuple((title, grouped("; ".join(phrases))) for title, phrases in found.notes),
        reason=reason,
        place=str(place.location),
        held_back=held,
    )


def _blocked(row: Blocked | Crowd, names: NameOf) -> Planned:
    item = row.first if isinstance(row, Crowd) else row
    crowd = Subject(row.where, row.many) if isinstance(row, Crowd) else None
    return Planned(
        verb=row.verbs(VERBS) if isinstance(row, Crowd) else VERBS[item.kind],
        tone="calm",
        subject=crowd or subject(item.key, item.product, names),
        main=(item.detail,),
        notes=(("what to do", item.hint),) if item.hint else (),
        reason=item.code,
        place=str(item.place.location),
    )


def _pending(item: Pending, names: NameOf) -> Planned:
    return Planned(
        verb=VERBS[item.kind],
        tone="grave" if item.overdue else "calm",
        subject=subject(item.key, item.product, names),
        main=tuple(pending_phrases(item)),
        more=(item.detail,),
        notes=(("what to do", item.hint),) if item.hint else (),
        place=str(item.place.location),
    )


def _scheduled(item: Scheduled, now: datetime, names: NameOf) -> Planned:
    found = scheduled_consequences(item, now)
    about = subject(item.key, item.product, names)
    planned = _planned(f"from {day(item.on)}", "calm", about, found, item.reason or "", item.place)
    return Planned(
        verb=planned.verb,
        tone="calm",
        subject=about,
        main=tuple(filter(None, (item.detail, *planned.main))),
        more=planned.more,
        notes=planned.notes,
        reason=planned.reason,
        place=planned.place,
    )


_EVENTS = {
    EventKind.STARTED: "its first term began",
    EventKind.RENEWED: "it was renewed",
    EventKind.EXTENDED: "a month of a paid extension began",
    EventKind.EXPIRED: "it expired",
    EventKind.DISABLED: "it was disabled: users lost access",
    EventKind.DELETED: "it was deleted",
    EventKind.SUSPENDED: "its provider suspended it",
    EventKind.RESUMED: "its provider took the suspension back",
}


def not_known(report: Report) -> list[NotKnown]:
    """What the sources, the specs and the store leave open, of all that the page speaks of."""
    ahead, plan = report.forecast, report.plan
    found = []
    if ahead.unknown:
        about = "Charges of these fall into the time ahead, and no price of theirs is known: the sums lack them."
        found.append(_open("Prices", about, ahead.unknown))
    if ahead.unpriced_extensions:
        about = "They go on as paid extensions, and no monthly price of theirs is known: the sums lack it."
        found.append(_open("Prices of extensions", about, ahead.unpriced_extensions))
    if ahead.perhaps_extended:
        about = "The rules leave open whether these go on as paid extensions; the page tells them as ends."
        found.append(_open("Extensions", about, ahead.perhaps_extended))
    if ahead.unforeseen:
        about = "They are suspended, or in a status that is not known: nothing is said about their future."
        found.append(_open("Futures", about, ahead.unforeseen))
    unread = [item.account for item in plan.sightings if item.trouble is not None]
    if unread:
        about = "They could not be read: what is told of their subscriptions is what was known of them before."
        found.append(NotKnown("Accounts", about, cut(unread, MOST_LISTED, str, _PLAN)))
    if plan.totals.unknown:
        verb = "moves" if plan.totals.unknown == 1 else "move"
        about = f"{counted(plan.totals.unknown, 'change')} of the plan {verb} money whose sum is not known."
        found.append(NotKnown("Sums of the plan", about, Cut((), 0, _PLAN)))
    silent = [change.key for change in plan.changes if change.impact is not None and change.impact.unknown]
    if silent:
        about = "The vendor's published rules leave open what follows from their changes; each change says what."
        found.append(_open("Consequences", about, silent))
    return found


def _open(title: str, about: str, keys: Sequence[SubscriptionKey]) -> NotKnown:
    return NotKnown(title, about, cut(keys, MOST_LISTED, str, "reconcile status"))


def _latest_first(events: Iterable[Event]) -> list[Event]:
    return sorted(events, key=lambda event: (event.at, event.key), reverse=True)


def _event(event: Event, names: NameOf) -> Step:
    about = subject(event.key, event.product, names)
    said = noticed_words(event) if event.kind is EventKind.NOTICED else _EVENTS[event.kind]
    return Step(about, day(event.at), event.at.date().isoformat(), said)


def _beside(report: Report) -> list[Beside]:
    plan, names = report.plan, report.names
    lists = (
        ("Held", "Changed outside; a person decides.", plan.held),
        ("Released", "No spec decides about their renewal any more; they are left as they are.", plan.released),
        ("Ended", "They are over; nothing is changed.", plan.ended),
    )
    found = [
        Beside(title, about, cut(sorted(items, key=_key), MOST_LISTED, lambda item: _left(item, names)))
        for title, about, items in lists
        if items
    ]
    drift = [(Subject(str(item.key), ""), "; ".join(item.phrases), "") for item in drift_rows(plan.drift)]
    if drift:
        about = "Somebody changed them outside; what is stored differs from what is there."
        found.append(Beside("Drift", about, cut(drift, MOST_LISTED, lambda row: row)))
    unmanaged = [(Subject(str(key), ""), "", "") for key in sorted(plan.unmanaged)]
    if unmanaged:
        about = "No spec declares them; nothing is changed, and those with recurring billing on renew."
        found.append(Beside("Unmanaged", about, cut(unmanaged, MOST_LISTED, lambda row: row)))
    seen = [(Subject(row.who, ""), "; ".join(row.phrases), "") for row in seen_rows(plan.sightings, plan.as_of)]
    if seen:
        about = "How far the accounts of providers were looked at."
        found.append(Beside("Observed", about, cut(seen, MOST_LISTED, lambda row: row)))
    return found


def _key(item: Listed) -> SubscriptionKey:
    return item.key


def _left(item: Listed, names: NameOf) -> tuple[Subject, str, str]:
    return subject(item.key, item.product, names), item.detail, item.hint


def _worst(diagnostics: Iterable[Diagnostic]) -> list[Diagnostic]:
    return sorted(in_order(diagnostics), key=lambda item: list(Severity).index(item.severity))


def _finding(item: Diagnostic) -> tuple[str, str, str, str]:
    place = "" if item.place is None else str(item.place.location)
    return item.severity.value, place, sentence(item), item.hint

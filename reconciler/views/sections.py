"""The sections of a plan beside its changes, as lines for a terminal: what is blocked, held, gone by, ahead, found.

Pure values to styled lines. Each only if there is any of it; of very many the worst first, and how many there are.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from reconciler.changes import Blocked, Kind, Pending, Refusal
from reconciler.desired import RuleUse
from reconciler.diagnostics import Diagnostic, Severity, in_order
from reconciler.events import Event
from reconciler.model import SubscriptionKey
from reconciler.plan import Plan
from reconciler.views.abridged import MANY, first_few, rest_of, tallied, where, worst_kind
from reconciler.views.layout import GAP, INDENT, Layout, more_lines
from reconciler.views.outside import (
    Crowd,
    blocked_rows,
    drift_rows,
    first_named,
    fresh_words,
    pending_about,
    pending_first,
    seen_rows,
)
from reconciler.views.paint import Line, Piece, Style, column, padded
from reconciler.views.timeline import Elapsed, elapsed_about, elapsed_counts, elapsed_rows, scheduled_verb
from reconciler.views.words import VERBS, NameOf, sentence, worst_first

_RULE_NAMES = 3
_RANKS = {severity: rank for rank, severity in enumerate(Severity)}
_SEVERITIES = {Severity.ERROR: Style.DANGER, Severity.WARNING: Style.ENDING, Severity.NOTE: Style.QUIET}


def title(text: str, count: int, meaning: str = "") -> Line:
    """What opens a section: its name, how many there are, and what they have in common."""
    return (Piece(f"{text} ({count:,})", Style.STRONG), Piece(f": {meaning}" if meaning else ""))


@dataclass(frozen=True)
class Beside:
    """Everything of a plan that is no change, and what of it is shown."""

    plan: Plan
    events: Sequence[Event]
    """What time did: as the plan foresees it, or as the apply recorded it."""

    @cached_property
    def rows(self) -> Sequence[Blocked | Crowd]:
        """What is blocked; an immediate cancellation that is wished, and does not come, ahead of all others."""
        return blocked_rows(self.plan.blocked)

    @cached_property
    def blocked(self) -> Sequence[Blocked | Crowd]:
        """What is shown of that."""
        return first_few(self.rows, _worst_wish)

    @cached_property
    def elapsed(self) -> Sequence[Elapsed]:
        """What time did, a row for each subscription."""
        return elapsed_rows(self.events)

    @property
    def in_columns(self) -> list[Blocked | Crowd | Pending]:
        """What stands in the same columns as the changes."""
        pending = self.plan.pending
        return [*self.blocked, *(pending if len(pending) <= MANY else first_named(pending_first(pending)))]

    @property
    def shortened(self) -> bool:
        """Whether anything of these sections is left out, and no line of its own says where to find it."""
        plan = self.plan
        sections: tuple[Sequence[Any], ...] = (self.rows, self.elapsed, plan.released, plan.ended, plan.scheduled)
        return any(len(items) > MANY for items in (*sections, plan.unmanaged, plan.diagnostics))

    def blocks(self, layout: Layout) -> list[list[Line]]:
        """Blocked, held, pending, released, ended, drift, what time did, what is scheduled, unmanaged."""
        plan, events = self.plan, self.events
        passed = f"{elapsed_about(events)}, no change of ours: {elapsed_counts(events)}"
        declared_once = "declared once and not any more; left as they are"
        sections = (
            ("Blocked", plan.blocked, "cannot be carried out as things stand", self._blocked),
            ("Held", plan.held, "changed outside; a person decides", lambda at: at.held(plan.held)),
            ("Pending", plan.pending, pending_about(plan.pending), lambda at: at.pending(plan.pending)),
            ("Released", plan.released, declared_once, lambda at: _left_alone(at, plan.released)),
            ("Ended", plan.ended, "no change is made to them", lambda at: _left_alone(at, plan.ended)),
            ("Drift", plan.drift, "changed outside, through no act of ours", lambda at: at.drift(plan.drift)),
            ("Elapsed", events, passed, self._elapsed),
            ("Scheduled", plan.scheduled, "declared for a day that is still to come", self._scheduled),
            (
                "Unmanaged",
                plan.unmanaged,
                "stored, and declared in no file; left as they are. To drop a record: reconcile forget KEY",
                self._unmanaged,
            ),
        )
        return [
            [title(name, len(drift_rows(plan.drift)) if name == "Drift" else len(items), meaning), *lines(layout)]
            for name, items, meaning, lines in sections
            if items
        ]

    def _blocked(self, layout: Layout) -> list[Line]:
        lines: list[Line] = []
        if len(self.blocked) < len(self.rows):
            alike: dict[tuple[Kind, str], list[SubscriptionKey]] = {}
            for item in self.plan.blocked:
                alike.setdefault((item.kind, item.code), []).append(item.key)
            lines = _sums([(f"{VERBS[kind]}: {code}", keys) for (kind, code), keys in alike.items()])
        return [*lines, *layout.blocked(self.blocked), *more_lines(rest_of(self.rows, self.blocked))]

    def _elapsed(self, layout: Layout) -> list[Line]:
        shown = first_few(self.elapsed, lambda row: row.key)
        return [*layout.elapsed(shown), *_more_of(self.elapsed, shown, lambda row: row.key)]

    def _scheduled(self, layout: Layout) -> list[Line]:
        """The next ones first: they are in the order of their days."""
        items = self.plan.scheduled
        shown = first_few(items, lambda item: (item.on, item.key))
        alike: dict[str, list[SubscriptionKey]] = {}
        for item in items if len(shown) < len(items) else ():
            alike.setdefault(scheduled_verb(item), []).append(item.key)
        return [*_sums(list(alike.items())), *layout.scheduled(shown), *more_lines(rest_of(items, shown))]

    def _unmanaged(self, layout: Layout) -> list[Line]:
        keys = sorted(self.plan.unmanaged)
        shown = first_few(keys, lambda key: key)
        lines: list[Line] = [(Piece(f"  {key}", Style.STRONG),) for key in shown]
        return [*lines, *_more_of(keys, shown, lambda key: key)]


def _worst_wish(row: Blocked | Crowd) -> tuple[object, ...]:
    item = row.first if isinstance(row, Crowd) else row
    return worst_kind(item.kind), item.key, item.kind.rank


def _left_alone(layout: Layout, items: Sequence[Any]) -> list[Line]:
    shown = first_few(items, lambda item: item.key)
    return [*layout.left_alone(shown), *_more_of(items, shown, lambda item: item.key)]


def _more_of(items: Sequence[Any], shown: Sequence[Any], key: Callable[[Any], SubscriptionKey]) -> list[Line]:
    """How many more there are than are shown, and in which accounts all of them are."""
    words = rest_of(items, shown)
    return more_lines(f"{words}; all of them {where(map(key, items))}" if words else "")


def _sums(alike: Iterable[tuple[str, Sequence[SubscriptionKey]]]) -> list[Line]:
    """How many are alike, most of them first, and in which accounts."""
    ordered = sorted(alike, key=lambda item: (-len(item[1]), item[0]))
    return [(Piece(f"  {len(keys):,} {words}", Style.STRONG), Piece(f", {where(keys)}")) for words, keys in ordered]


def refused_lines(refused: Sequence[Refusal], *, applying: bool) -> list[Line]:
    """Every brake that holds, worst first, with the way out; of very many how many of each limit as well."""
    if not refused:
        return []
    lines: list[Line] = [title("Refused" if applying else "Would be refused", len(refused))]
    ordered = worst_first(refused)
    shown = ordered if len(ordered) <= MANY else ordered[:FEW_REFUSED]
    if len(shown) < len(ordered):
        said = ", ".join(f"{count:,} {limit}" for limit, count in tallied(item.limit for item in refused))
        lines.append((Piece(f"  {said}", Style.STRONG),))
    limits = column(item.limit for item in shown)
    scopes = column(item.scope for item in shown)
    for item in shown:
        sign = Piece(f"x {padded(item.limit, limits)}", Style.DANGER)
        lines += [(sign, Piece(padded(item.scope, scopes, least=GAP), Style.STRONG), Piece(item.detail))]
        lines += [(Piece(f"{INDENT}hint: {item.hint}"),)] if item.hint else []
    return [*lines, *more_lines(rest_of(ordered, shown))]


FEW_REFUSED = 50
"""Of very many refusals so many are shown: each is a way out that somebody may need."""


def seen_lines(plan: Plan) -> tuple[list[Line], list[Line]]:
    """How far outside accounts were looked at: what there is to say of some, and that the others are as of now."""
    lines: list[Line] = []
    for row in seen_rows(plan.sightings, plan.as_of):
        who = Piece(f"  {row.who}: ", Style.DANGER if row.trouble else Style.STRONG)
        lines.append((who, Piece("; ".join(row.phrases))))
    fresh = fresh_words(plan.sightings)
    opening: Line = (Piece("Observed", Style.STRONG), Piece(": how far the accounts of providers were looked at"))
    return [opening, *lines] if lines else [], [(Piece(fresh, Style.QUIET),)] if fresh else []


def finding_lines(items: Iterable[Diagnostic], *, most: int = MANY) -> list[Line]:
    """Every finding by place, with its hint; of very many how many there are of each, and the worst first."""
    found = list(items)
    if len(found) <= most:
        return _findings(in_order(found))
    shown = first_few(found, _gravest, most=most)
    counts = Counter((item.severity, item.code, item.summary) for item in found)
    lines: list[Line] = []
    for (severity, code, summary), count in sorted(counts.items(), key=lambda at: (_RANKS[at[0][0]], -at[1], at[0])):
        lines.append((Piece(f"{count:,} x {severity}: ", _SEVERITIES[severity]), Piece(f"{code}: {summary}")))
    return [*lines[:MANY], *_findings(shown), *more_lines(rest_of(found, shown))]


def _gravest(item: Diagnostic) -> tuple[object, ...]:
    """By severity, then by file: for the line, every file would have to be looked into."""
    return _RANKS[item.severity], "" if item.place is None else item.place.file, item.code, item.detail


def _findings(items: Iterable[Diagnostic]) -> list[Line]:
    lines: list[Line] = []
    for item in items:
        at = Piece(f"{item.location}: ", Style.STRONG) if item.location is not None else Piece("")
        lines.append((at, Piece(f"{item.severity}: ", _SEVERITIES[item.severity]), Piece(sentence(item))))
        if item.hint:
            lines.append((Piece(f"  hint: {item.hint}", Style.QUIET),))
    return lines


def rule_lines(rules: Sequence[RuleUse], names: NameOf) -> list[Line]:
    """How many subscriptions each rule matched; of very many rules, those that matched the most."""
    shown = first_few(rules, lambda rule: (-rule.matched, rule.place.file))
    return [*(_rule(rule, names) for rule in shown), *more_lines(rest_of(rules, shown, "rules"))]


def _rule(rule: RuleUse, names: NameOf) -> Line:
    shown = [names("", code) for code in rule.products[:_RULE_NAMES]]
    more = ", …" if len(rule.products) > _RULE_NAMES else ""
    among = f" ({', '.join(shown)}{more})" if shown else ""
    summary = f" {rule.summary}" if rule.summary else ""
    return (Piece(f"rule {rule.place.location}{summary}: "), Piece(f"{rule.matched:,} matched{among}"))

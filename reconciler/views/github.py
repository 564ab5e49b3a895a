"""The plan as workflow commands of GitHub Actions: annotations at the lines of the specs that ask for something.

Pure values to text. GitHub shows ten annotations of each level a step and drops the rest in silence: the worst come
first, and what was left out is said.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from reconciler.changes import Blocked, Change, Kind, Listed, Pending, Refusal, Scheduled
from reconciler.consequences import Due
from reconciler.diagnostics import Diagnostic, Place, Severity, in_order
from reconciler.events import Event
from reconciler.impact import first_irreversible
from reconciler.journal import ApplyReport, ChangeReport, OutcomeKind
from reconciler.plan import Plan, Verdict
from reconciler.views.closing import ABOUT_BEGUN, Noted, after, begun, error_words, noted, report_summary
from reconciler.views.consequences import (
    Consequences,
    consequences,
    first_irreversible_words,
    note_words,
    scheduled_consequences,
    totals_words,
)
from reconciler.views.escape import github_data, github_property, line_start, terminal
from reconciler.views.outside import Crowd, blocked_rows, pending_first, pending_phrases, seen_rows
from reconciler.views.paint import shorten
from reconciler.views.timeline import due_sentence, due_words, elapsed_about, elapsed_counts, scheduled_verb
from reconciler.views.undo_words import Undoing, by_no_policy, undo_phrases
from reconciler.views.words import (
    DONE,
    VERBS,
    Group,
    NameOf,
    counted,
    day,
    grouped,
    per_account,
    plan_summary,
    sentence,
    worst_first,
)

MOST = 10
"""Annotations of a level that GitHub shows for one step."""

_TEXT = 1000
_LEVELS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.NOTE: "notice"}


@dataclass(frozen=True, slots=True)
class _Annotation:
    """One workflow command; its lines are not escaped yet."""

    level: str
    title: str
    lines: tuple[str, ...]
    at: Place | None = None
    """Asked for its line only if it is shown."""
    more: Callable[[], tuple[str, ...]] = tuple
    """Further lines, made only if it is shown."""

    def __str__(self) -> str:
        properties = {"title": self.title}
        if self.at is not None:
            at = self.at.location
            properties = {"file": at.file, "line": str(at.line), "col": str(at.column), **properties}
        listed = ",".join(f"{name}={github_property(value)}" for name, value in properties.items())
        # A command without a message shows nothing: its title says the least that there is to say.
        lines = [shorten(line, _TEXT) for line in (*self.lines, *self.more()) if line] or [self.title]
        return f"::{self.level} {listed}::{github_data(*lines)}"


def plan_github(
    plan: Plan,
    verdict: Verdict,
    names: NameOf,
    *,
    report: ApplyReport | None = None,
    undoing: Undoing = by_no_policy,
) -> str:
    """Annotations for the plan or the apply of it, and for every finding; the last line is the summary."""
    plan = after(plan, report)
    refused = "would be refused" if report is None else "refused"
    found = [_refusal(item, refused) for item in worst_first(verdict.refused)]
    if report is None:
        found += [*_changes(plan.changes, names, VERBS, plan.as_of), *map(_due, plan.due)]
        last = [*_sums(plan), plan_summary(plan, verdict), due_sentence(plan.due)]
    else:
        done = [item.change for item in report.changes if item.outcome is OutcomeKind.SUCCEEDED]
        found += [*_unsuccessful(report.changes), *_begun(report)]
        found += _changes(done, names, DONE, plan.as_of, undoing, noted(report))
        last = [report_summary(plan, verdict, report)]
    found += [*_seen(plan), *map(_pending, pending_first(plan.pending))]
    found += map(_blocked, blocked_rows(plan.blocked))
    found += [_held(item) for item in sorted(plan.held, key=lambda item: item.key)]
    found += [*_diagnostics(plan.diagnostics), *(_scheduled(item, plan.as_of) for item in plan.scheduled)]
    found += _elapsed(plan.elapsed if report is None else report.elapsed)
    return _printed(found, *(line_start(terminal(line)) for line in last))


def _sums(plan: Plan) -> list[str]:
    first = first_irreversible(plan.changes, plan.as_of)
    said = (totals_words(plan.totals, plan.changes), first_irreversible_words(first, plan.as_of))
    return [line for line in said if line]


def diagnostics_github(diagnostics: Iterable[Diagnostic]) -> str:
    """Annotations for findings alone, a line each."""
    return _printed(_diagnostics(diagnostics))


def _printed(found: Sequence[_Annotation], *last: str) -> str:
    lines, cut = [], []
    for level in _LEVELS.values():
        members = [item for item in found if item.level == level]
        lines += [str(item) for item in members[:MOST]]
        if len(members) > MOST:
            cut.append(f"{MOST} of {len(members):,} {level}s")
    if cut:
        lines.append(f"Annotated: {', '.join(cut)}; GitHub shows no more in one step. The other formats hold them all.")
    return "".join(f"{line}\n" for line in (*lines, *last))


def _refusal(item: Refusal, word: str) -> _Annotation:
    return _Annotation("error", f"{word}: {item.limit} ({item.scope})", (item.detail, _hint(item.hint)))


def _hint(text: str) -> str:
    return _labelled("hint", text)


def _changes(
    changes: Sequence[Change],
    names: NameOf,
    verbs: Mapping[Kind, str],
    now: datetime,
    undoing: Undoing | None = None,
    known: Noted | None = None,
) -> list[_Annotation]:
    """The changes in reading order: what cannot be undone warns, the rest informs; new records as a count."""
    found = []
    for group, members in grouped(changes).items():
        if group is Group.NEW:
            found += [
                _Annotation("notice", f"{verbs[kind]}: {account}", (counted(count, "subscription"),))
                for kind, account, count in per_account(members)
            ]
            continue
        level = "warning" if group is Group.IRREVERSIBLE else "notice"
        for change in members:
            name = f" ({names(change.key.account, change.product)})" if change.product else ""
            title = f"{verbs[change.kind]}: {change.key}{name}"
            note = (known or {}).get((change.key, change.kind))
            found.append(_Annotation(level, title, (), change.place, partial(_told, change, now, undoing, note)))
    return found


def _told(change: Change, now: datetime, undoing: Undoing | None, note: str | None) -> tuple[str, ...]:
    """What follows from a change, of one that was made also how it is taken back, and why."""
    found, why = consequences(change, now).noting(note), _labelled("why", change.reason)
    if undoing is None:
        return (*_following(found), why)
    return (*_following(found.made), _labelled("undo", "; ".join(undo_phrases(undoing(change)))), why)


def _following(found: Consequences) -> list[str]:
    """What follows, what there is beside that, and each note: a line each."""
    notes = [note_words(title, texts) for title, texts in found.notes]
    return ["; ".join(found.main), "; ".join(found.more), *notes]


def _labelled(word: str, text: str | None) -> str:
    return f"{word}: {text}" if text else ""


def _due(item: Due) -> _Annotation:
    return _Annotation("notice", f"undecided: {item.key}", (due_words(item),), item.place)


def _scheduled(item: Scheduled, now: datetime) -> _Annotation:
    title = f"scheduled for {day(item.on)}: {scheduled_verb(item)} {item.key}"

    def more() -> tuple[str, ...]:
        return (*_following(scheduled_consequences(item, now)), _labelled("why", item.reason))

    return _Annotation("notice", title, (item.detail,), item.place, more)


def _elapsed(events: Sequence[Event]) -> list[_Annotation]:
    """What time did, as a count: the other formats name each."""
    return [_Annotation("notice", "elapsed", (f"{elapsed_about(events)}: {elapsed_counts(events)}",))] if events else []


_NOT_DONE = {
    OutcomeKind.FAILED: ("error", "failed"),
    OutcomeKind.UNKNOWN: ("error", "outcome unknown"),
    OutcomeKind.INTENDED: ("error", "outcome unknown"),
    OutcomeKind.SKIPPED: ("warning", "not tried"),
}


def _unsuccessful(changes: Iterable[ChangeReport]) -> list[_Annotation]:
    found = []
    for item in changes:
        if item.outcome in _NOT_DONE:
            level, word = _NOT_DONE[item.outcome]
            title = f"{word}: {VERBS[item.change.kind]} {item.change.key}"
            found.append(_Annotation(level, title, (error_words(item),), item.change.place))
    return found


def _begun(report: ApplyReport) -> list[_Annotation]:
    """What a person or a provider has now: none of it is done."""
    return [
        _Annotation(
            "notice",
            f"{word}: {VERBS[item.change.kind]} {item.change.key}",
            (ABOUT_BEGUN[word], item.note or ""),
            item.change.place,
        )
        for word, items in begun(report).items()
        for item in items
    ]


def _blocked(row: Blocked | Crowd) -> _Annotation:
    item = row.first if isinstance(row, Crowd) else row
    title = f"blocked: {VERBS[item.kind]} {item.key}"
    if isinstance(row, Crowd):
        title = f"blocked: {row.verbs(VERBS)} {row.where}: {row.many}"
    return _Annotation("warning", title, (f"{item.code}: {item.detail}", _hint(item.hint)), item.place)


def _held(item: Listed) -> _Annotation:
    return _Annotation("warning", f"held: {item.key}", (item.detail, _hint(item.hint)), item.place)


def _pending(item: Pending) -> _Annotation:
    """What is overdue warns; neither is done."""
    level, word = ("warning", "overdue") if item.overdue else ("notice", "pending")
    lines = ("; ".join(pending_phrases(item)), item.detail, _hint(item.hint))
    return _Annotation(level, f"{word}: {VERBS[item.kind]} {item.key}", lines, item.place)


def _seen(plan: Plan) -> list[_Annotation]:
    """What cannot be read warns; how old the rest is, in one notice."""
    rows = seen_rows(plan.sightings, plan.as_of)
    found = [_Annotation("warning", f"not observed: {row.who}", row.phrases) for row in rows if row.trouble]
    lines = [f"{row.who}: {'; '.join(row.phrases)}" for row in rows if not row.trouble]
    return [*found, _Annotation("notice", "observed", tuple(lines))] if lines else found


def _diagnostics(items: Iterable[Diagnostic]) -> list[_Annotation]:
    return [
        _Annotation(_LEVELS[item.severity], item.code, (sentence(item), _hint(item.hint)), item.place)
        for item in in_order(items)
    ]

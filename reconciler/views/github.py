"""The plan as workflow commands of GitHub Actions: annotations at the lines of the specs that ask for something.

Pure values to text. GitHub shows ten annotations of each level a step and drops the rest in silence: the worst come
first, and what was left out is said.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from itertools import chain
from typing import TypeVar

from reconciler.changes import Blocked, Change, Kind, Listed, Pending, Refusal, Scheduled
from reconciler.consequences import Due
from reconciler.diagnostics import Diagnostic, Place, Severity, in_order
from reconciler.events import Event
from reconciler.fates import changes_done, fitting, having
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
    """One workflow command but for its level; its lines are not escaped yet."""

    title: str
    lines: tuple[str, ...]
    at: Place | None = None
    """Asked for its line only if it is shown."""
    more: Callable[[], tuple[str, ...]] = tuple
    """Further lines, made only if it is shown."""

    def command(self, level: str) -> str:
        """The line as GitHub takes it."""
        properties = {"title": self.title}
        if self.at is not None:
            at = self.at.location
            properties = {"file": at.file, "line": str(at.line), "col": str(at.column), **properties}
        listed = ",".join(f"{name}={github_property(value)}" for name, value in properties.items())
        # A command without a message shows nothing: its title says the least that there is to say.
        lines = [shorten(line, _TEXT) for line in (*self.lines, *self.more()) if line] or [self.title]
        return f"::{level} {listed}::{github_data(*lines)}"


_Found = tuple[str, Callable[[], _Annotation]]
"""An annotation's level, and what makes it where it is shown."""

Item = TypeVar("Item")


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
    found = [_each("error", worst_first(verdict.refused), partial(_refusal, word=refused))]
    if report is None:
        found += [_changes(plan.changes, names, VERBS, plan.as_of), _each("notice", plan.due, _due)]
        last = [*_sums(plan), plan_summary(plan, verdict), due_sentence(plan.due)]
    else:
        found += [_unsuccessful(report.changes), _begun(report)]
        found += [_changes(changes_done(report.changes), names, DONE, plan.as_of, undoing, noted(report))]
        last = [report_summary(plan, verdict, report)]
    found += [_seen(plan), _pending(plan.pending), _each("warning", blocked_rows(plan.blocked), _blocked)]
    found += [_each("warning", sorted(plan.held, key=lambda item: item.key), _held), _diagnostics(plan.diagnostics)]
    found += [_each("notice", plan.scheduled, partial(_scheduled, now=plan.as_of))]
    found += [_elapsed(plan.elapsed if report is None else report.elapsed)]
    return _printed(chain.from_iterable(found), *(line_start(terminal(line)) for line in last))


def _sums(plan: Plan) -> list[str]:
    first = first_irreversible(plan.changes, plan.as_of)
    said = (totals_words(plan.totals, plan.changes), first_irreversible_words(first, plan.as_of))
    return [line for line in said if line]


def diagnostics_github(diagnostics: Iterable[Diagnostic]) -> str:
    """Annotations for findings alone, a line each."""
    return _printed(_diagnostics(diagnostics))


def _each(level: str, items: Iterable[Item], make: Callable[[Item], _Annotation]) -> Iterator[_Found]:
    """An annotation for each item."""
    return ((level, partial(make, item)) for item in items)


def _printed(found: Iterable[_Found], *last: str) -> str:
    """The first of each level; of very many the rest is counted, and never made."""
    shown: dict[str, list[_Annotation]] = {level: [] for level in _LEVELS.values()}
    counts = Counter[str]()
    for level, made in found:
        counts[level] += 1
        if counts[level] <= MOST:
            shown[level].append(made())
    lines = [item.command(level) for level, items in shown.items() for item in items]
    cut = [f"{MOST} of {counts[level]:,} {level}s" for level in shown if counts[level] > MOST]
    if cut:
        lines.append(f"Annotated: {', '.join(cut)}; GitHub shows no more in one step. The other formats hold them all.")
    return "".join(f"{line}\n" for line in (*lines, *last))


def _refusal(item: Refusal, word: str) -> _Annotation:
    return _Annotation(f"{word}: {item.limit} ({item.scope})", (item.detail, _hint(item.hint)))


def _hint(text: str) -> str:
    return _labelled("hint", text)


def _changes(
    changes: Sequence[Change],
    names: NameOf,
    verbs: Mapping[Kind, str],
    now: datetime,
    undoing: Undoing | None = None,
    known: Noted | None = None,
) -> Iterator[_Found]:
    """The changes in reading order: what cannot be undone warns, the rest informs; new records as a count."""

    def counts(row: tuple[Kind, str, int]) -> _Annotation:
        kind, account, count = row
        return _Annotation(f"{verbs[kind]}: {account}", (counted(count, "subscription"),))

    def change_of(change: Change) -> _Annotation:
        name = f" ({names(change.key.account, change.product)})" if change.product else ""
        title = f"{verbs[change.kind]}: {change.key}{name}"
        note = (known or {}).get((change.key, change.kind))
        return _Annotation(title, (), change.place, partial(_told, change, now, undoing, note))

    for group, members in grouped(changes).items():
        if group is Group.NEW:
            yield from _each("notice", per_account(members), counts)
        else:
            yield from _each("warning" if group is Group.IRREVERSIBLE else "notice", members, change_of)


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
    return _Annotation(f"undecided: {item.key}", (due_words(item),), item.place)


def _scheduled(item: Scheduled, now: datetime) -> _Annotation:
    title = f"scheduled for {day(item.on)}: {scheduled_verb(item)} {item.key}"

    def more() -> tuple[str, ...]:
        return (*_following(scheduled_consequences(item, now)), _labelled("why", item.reason))

    return _Annotation(title, (item.detail,), item.place, more)


def _elapsed(events: Sequence[Event]) -> Iterator[_Found]:
    """What time did, as a count: the other formats name each."""
    words = [f"{elapsed_about(events)}: {elapsed_counts(events)}"] if events else []
    return _each("notice", words, lambda said: _Annotation("elapsed", (said,)))


_NOT_DONE = {
    OutcomeKind.FAILED: ("error", "failed"),
    OutcomeKind.UNKNOWN: ("error", "outcome unknown"),
    OutcomeKind.INTENDED: ("error", "outcome unknown"),
    OutcomeKind.SKIPPED: ("warning", "not tried"),
}


def _unsuccessful(changes: Sequence[ChangeReport]) -> Iterator[_Found]:
    for item in fitting(changes, having(_NOT_DONE)):
        level, word = _NOT_DONE[item.outcome]
        yield level, partial(_not_done, item, word)


def _not_done(item: ChangeReport, word: str) -> _Annotation:
    title = f"{word}: {VERBS[item.change.kind]} {item.change.key}"
    return _Annotation(title, (error_words(item),), item.change.place)


def _begun(report: ApplyReport) -> Iterator[_Found]:
    """What a person or a provider has now: none of it is done."""
    for word, items in begun(report).items():
        yield from _each("notice", items, partial(_under_way, word))


def _under_way(word: str, item: ChangeReport) -> _Annotation:
    title = f"{word}: {VERBS[item.change.kind]} {item.change.key}"
    return _Annotation(title, (ABOUT_BEGUN[word], item.note or ""), item.change.place)


def _blocked(row: Blocked | Crowd) -> _Annotation:
    item = row.first if isinstance(row, Crowd) else row
    title = f"blocked: {VERBS[item.kind]} {item.key}"
    if isinstance(row, Crowd):
        title = f"blocked: {row.verbs(VERBS)} {row.where}: {row.many}"
    return _Annotation(title, (f"{item.code}: {item.detail}", _hint(item.hint)), item.place)


def _held(item: Listed) -> _Annotation:
    return _Annotation(f"held: {item.key}", (item.detail, _hint(item.hint)), item.place)


def _pending(items: Iterable[Pending]) -> Iterator[_Found]:
    """What is overdue warns; neither is done."""
    for item in pending_first(items):
        yield "warning" if item.overdue else "notice", partial(_waiting, item)


def _waiting(item: Pending) -> _Annotation:
    lines = ("; ".join(pending_phrases(item)), item.detail, _hint(item.hint))
    word = "overdue" if item.overdue else "pending"
    return _Annotation(f"{word}: {VERBS[item.kind]} {item.key}", lines, item.place)


def _seen(plan: Plan) -> Iterator[_Found]:
    """What cannot be read warns; how old the rest is, in one notice."""
    rows = seen_rows(plan.sightings, plan.as_of)
    trouble = [row for row in rows if row.trouble]
    yield from _each("warning", trouble, lambda row: _Annotation(f"not observed: {row.who}", row.phrases))
    lines = tuple(f"{row.who}: {'; '.join(row.phrases)}" for row in rows if not row.trouble)
    yield from _each("notice", [lines] if lines else [], lambda said: _Annotation("observed", said))


def _diagnostics(items: Iterable[Diagnostic]) -> Iterator[_Found]:
    return ((_LEVELS[item.severity], partial(_finding, item)) for item in in_order(items))


def _finding(item: Diagnostic) -> _Annotation:
    return _Annotation(item.code, (sentence(item), _hint(item.hint)), item.place)

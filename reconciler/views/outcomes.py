"""What an apply did not do, or has not done yet, as lines for a terminal: refused, begun, failed, not known, not tried.

Pure values to styled lines. Each change stands there by name; of very many how many there are, why, and the worst.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from reconciler.changes import Change, Many, Trait, picked
from reconciler.fates import Fate, changes_of, fates_of, fitting, having
from reconciler.journal import ApplyReport, ChangeReport, OutcomeKind
from reconciler.plan import Plan, Verdict
from reconciler.views.abridged import FEW, MANY, WHOLE, first_few, rest_of, sums, tallied, worst_kind
from reconciler.views.closing import ABOUT_BEGUN, TASK, UNDER_WAY, begun, error_words
from reconciler.views.layout import INDENT, Layout, more_lines
from reconciler.views.paint import Line, Piece, Style
from reconciler.views.sections import title
from reconciler.views.words import Group, counted, group_by, per_account

_UNKNOWN = "Outcome unknown"
_UNSUCCESSFUL = {
    "Failed": {OutcomeKind.FAILED},
    _UNKNOWN: {OutcomeKind.UNKNOWN, OutcomeKind.INTENDED},
    "Not tried": {OutcomeKind.SKIPPED},
}
_MEANINGS = {_UNKNOWN: "it may or may not have happened"}
_BEGUN = {TASK: "Tasks issued", UNDER_WAY: "Under way"}
_REASONS = 5
_WRONG = ("x", Style.DANGER)

Words = Callable[[ChangeReport | Fate], str]
"""What there is to say of what became of a change."""


@dataclass(frozen=True, slots=True)
class Section:
    """Changes with the same fate."""

    heading: Line
    sign: tuple[str, Style]
    rows: Sequence[ChangeReport]
    words: Words
    most: int = MANY
    """So many are named one by one."""
    new: Sequence[tuple[str, Line]] = ()
    """New records, which are only counted: a line for each account."""

    @property
    def shortened(self) -> bool:
        """Whether not all are named."""
        return len(self.rows) > self.most or len(self.new) > MANY

    def lines(self, layout: Layout) -> list[Line]:
        """Every one by name, or of very many the sums, why, and the worst."""
        shown = first_few(self.rows, _worst, most=self.most)
        lines = [self.heading]
        if len(shown) < len(self.rows):
            lines += [
                layout.head(self.sign, item.kind, counted(item.count, "subscription"), item.where)
                for item in sums(changes_of(self.rows), money=False)
            ]
            reasons = tallied(self._reasons())
            lines += [(Piece(f"{INDENT}{count:,} x {words}"),) for words, count in reasons[:_REASONS]]
            lines += more_lines(rest_of(reasons, reasons[:_REASONS], "reasons"))
        for item in shown:
            change, words = item.change, self.words(item)
            name = layout.name(change.key, change.product)
            lines.append(layout.head(self.sign, change.kind, str(change.key), name))
            lines += [(Piece(f"{INDENT}{words}"),)] if words else []
        lines += more_lines(rest_of(self.rows, shown))
        new = self.new if len(self.new) <= MANY else self.new[:FEW]
        return [*lines, *(line for _, line in new), *more_lines(rest_of(self.new, new, "accounts"))]

    def _reasons(self) -> Counter[str]:
        found = Counter[str]()
        for fate, number in fates_of(self.rows).items():
            found[self.words(fate)] += number
        return Counter({words: number for words, number in found.items() if words})


def _worst(row: ChangeReport) -> tuple[object, ...]:
    change = row.change
    return worst_kind(change.kind), change.key, change.kind.rank


def held_back(plan: Plan, verdict: Verdict, layout: Layout) -> list[Section]:
    """The changes that a brake kept from being made: whoever reads only this must know what did not happen."""
    if len(verdict.allowed) == len(plan.changes):
        return []
    held = _held(plan, verdict)
    rows = [ChangeReport(change, OutcomeKind.SKIPPED) for change in picked(held, lambda trait: not _is_new(trait))]
    counts = per_account(picked(held, _is_new))
    new = [
        (account, layout.head(_WRONG, kind, account, counted(count, "subscription"))) for kind, account, count in counts
    ]
    return [Section(title("Not applied, as refused", len(held)), _WRONG, rows, _no_words, new=new)] if held else []


def _held(plan: Plan, verdict: Verdict) -> Sequence[Change]:
    """The changes that a brake holds: all of its account, or of the run."""
    if isinstance(plan.changes, Many):
        stopped = {refusal.scope for refusal in verdict.refused}
        return plan.changes.picked(lambda trait: "run" in stopped or trait.account in stopped)
    passing = {(change.key, change.kind) for change in verdict.allowed}
    return [change for change in plan.changes if (change.key, change.kind) not in passing]


def _is_new(trait: Trait) -> bool:
    return group_by(trait) is Group.NEW


def _no_words(item: ChangeReport | Fate) -> str:
    return ""


def _note(item: ChangeReport | Fate) -> str:
    return item.note or ""


def not_done(report: ApplyReport) -> list[Section]:
    """What a person or a provider has now; then what failed, what may have happened, and what was not tried."""
    found = [
        Section(title(_BEGUN[word], len(items), ABOUT_BEGUN[word]), (">", Style.NAME), items, _note)
        for word, items in begun(report).items()
    ]
    for name, outcomes in _UNSUCCESSFUL.items():
        members = fitting(report.changes, having(outcomes))
        if members:
            heading = title(name, len(members), _MEANINGS.get(name, ""))
            found.append(Section(heading, _WRONG, members, error_words, WHOLE if name == _UNKNOWN else MANY))
    return found

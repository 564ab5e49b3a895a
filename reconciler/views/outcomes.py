"""What an apply did not do, or has not done yet, as lines for a terminal: refused, begun, failed, not known, not tried.

Pure values to styled lines. Each change stands there by name; of very many how many there are, why, and the worst.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from reconciler.changes import Change
from reconciler.journal import ApplyReport, OutcomeKind
from reconciler.plan import Plan, Verdict
from reconciler.views.abridged import FEW, MANY, WHOLE, first_few, rest_of, sums, tallied, worst_kind
from reconciler.views.closing import ABOUT_BEGUN, TASK, UNDER_WAY, begun, error_words
from reconciler.views.layout import INDENT, Layout, more_lines
from reconciler.views.paint import Line, Piece, Style
from reconciler.views.sections import title
from reconciler.views.words import Group, counted, group_of, per_account

_UNKNOWN = "Outcome unknown"
_UNSUCCESSFUL = {
    OutcomeKind.FAILED: "Failed",
    OutcomeKind.UNKNOWN: _UNKNOWN,
    OutcomeKind.INTENDED: _UNKNOWN,
    OutcomeKind.SKIPPED: "Not tried",
}
_MEANINGS = {_UNKNOWN: "it may or may not have happened"}
_BEGUN = {TASK: "Tasks issued", UNDER_WAY: "Under way"}
_REASONS = 5
_WRONG = ("x", Style.DANGER)

Row = tuple[Change, str]
"""A change, and what there is to say of what became of it."""


@dataclass(frozen=True, slots=True)
class Section:
    """Changes with the same fate."""

    heading: Line
    sign: tuple[str, Style]
    rows: Sequence[Row]
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
                for item in sums([change for change, _ in self.rows], money=False)
            ]
            reasons = tallied(words for _, words in self.rows if words)
            lines += [(Piece(f"{INDENT}{count:,} x {words}"),) for words, count in reasons[:_REASONS]]
            lines += more_lines(rest_of(reasons, reasons[:_REASONS], "reasons"))
        for change, words in shown:
            name = layout.name(change.key, change.product)
            lines.append(layout.head(self.sign, change.kind, str(change.key), name))
            lines += [(Piece(f"{INDENT}{words}"),)] if words else []
        lines += more_lines(rest_of(self.rows, shown))
        new = self.new if len(self.new) <= MANY else self.new[:FEW]
        return [*lines, *(line for _, line in new), *more_lines(rest_of(self.new, new, "accounts"))]


def _worst(row: Row) -> tuple[object, ...]:
    change = row[0]
    return worst_kind(change.kind), change.key, change.kind.rank


def held_back(plan: Plan, verdict: Verdict, layout: Layout) -> list[Section]:
    """The changes that a brake kept from being made: whoever reads only this must know what did not happen."""
    if len(verdict.allowed) == len(plan.changes):
        return []
    passing = {(change.key, change.kind) for change in verdict.allowed}
    held = [change for change in plan.changes if (change.key, change.kind) not in passing]
    rows = [(change, "") for change in held if group_of(change) is not Group.NEW]
    counts = per_account(change for change in held if group_of(change) is Group.NEW)
    new = [
        (account, layout.head(_WRONG, kind, account, counted(count, "subscription"))) for kind, account, count in counts
    ]
    return [Section(title("Not applied, as refused", len(held)), _WRONG, rows, new=new)] if held else []


def not_done(report: ApplyReport) -> list[Section]:
    """What a person or a provider has now; then what failed, what may have happened, and what was not tried."""
    found = [
        Section(
            title(_BEGUN[word], len(items), ABOUT_BEGUN[word]),
            (">", Style.NAME),
            [(item.change, item.note or "") for item in items],
        )
        for word, items in begun(report).items()
    ]
    rows: dict[str, list[Row]] = {name: [] for name in _UNSUCCESSFUL.values()}
    for item in report.changes:
        if item.outcome in _UNSUCCESSFUL:
            rows[_UNSUCCESSFUL[item.outcome]].append((item.change, error_words(item)))
    for name, members in rows.items():
        if members:
            heading = title(name, len(members), _MEANINGS.get(name, ""))
            found.append(Section(heading, _WRONG, members, WHOLE if name == _UNKNOWN else MANY))
    return found

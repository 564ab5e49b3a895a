"""The journal for people: what was done, when, why, who decided and who applied, oldest first.

Pure values to text.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, timedelta

from reconciler.changes import Kind
from reconciler.journal import HistoryEntry, OutcomeKind
from reconciler.views.paint import BLANK, Line, Piece, Style, column, padded, paint
from reconciler.views.words import DONE, VERBS, counted, differences

_INDENT = "      "
_SAME = timedelta(days=1)
"""A run that was recorded as of an instant further from its own says so."""
_STYLES = {
    OutcomeKind.SUCCEEDED: Style.GOOD,
    OutcomeKind.FAILED: Style.DANGER,
    OutcomeKind.UNKNOWN: Style.DANGER,
    OutcomeKind.INTENDED: Style.ENDING,
    OutcomeKind.SKIPPED: Style.QUIET,
}


def history_text(entries: Sequence[HistoryEntry], *, colour: bool = False) -> str:
    """Every entry in the order given, and a line that counts them."""
    return paint(history_lines(entries), colour=colour)


def history_lines(entries: Sequence[HistoryEntry]) -> list[Line]:
    """The same as styled lines."""
    if not entries:
        return [(Piece("Nothing has been applied yet.", Style.STRONG),)]
    runs = len({entry.run for entry in entries})
    last = (Piece(f"{counted(len(entries), 'change')} in {counted(runs, 'run')}.", Style.STRONG),)
    return [*entry_lines(entries), BLANK, last]


def entry_lines(entries: Sequence[HistoryEntry]) -> list[Line]:
    """The entries alone."""
    verbs = column(verb_of(entry) for entry in entries)
    keys = column(entry.subscription for entry in entries)
    lines: list[Line] = []
    for entry in entries:
        lines.append(
            (
                Piece(f"{entry.at.astimezone(UTC):%Y-%m-%d %H:%M:%SZ}  ", Style.QUIET),
                Piece(padded(verb_of(entry), verbs)),
                Piece(padded(entry.subscription, keys, least=2), Style.STRONG),
                Piece(entry.outcome.value, _STYLES[entry.outcome]),
            )
        )
        lines += _details(entry)
    return lines


def verb_of(entry: HistoryEntry) -> str:
    """What was done, or, where it was not, what was to be done; a verb that we do not know stands as journaled."""
    if entry.kind not in set(Kind):
        return entry.kind
    return (DONE if entry.outcome is OutcomeKind.SUCCEEDED else VERBS)[Kind(entry.kind)]


def _details(entry: HistoryEntry) -> list[Line]:
    moves = [f"{name} {before} -> {after}" for name, before, after in _moves(entry)]
    applied = f"applied by {entry.actor}" if entry.actor else ""
    decided = f"decided in {entry.commit}" if entry.commit else ""
    author = f" by {entry.commit_author}" if entry.commit and entry.commit_author else ""
    run = f"run {entry.run}" + (f", {entry.ci_run}" if entry.ci_run else "")
    other = entry.as_of is not None and abs(entry.as_of - entry.at) > _SAME
    as_of = f"as of {entry.as_of.astimezone(UTC):%Y-%m-%d %H:%M:%SZ}" if other and entry.as_of else ""
    why = f"why: {entry.reason}    " if entry.reason else "why: "
    allowed = f"with --allow {' '.join(entry.allowed)}" if entry.allowed else ""
    found = [
        f"{_INDENT}{', '.join(moves)}" if moves else "",
        f"{_INDENT}error: {entry.error}" if entry.error else "",
        f"{_INDENT}{why}{entry.source or ''}" if entry.reason or entry.source else "",
        f"{_INDENT}{'; '.join(part for part in (as_of, decided + author, applied, allowed, run) if part)}",
    ]
    return [(Piece(text, Style.QUIET if text is found[-1] else Style.PLAIN),) for text in found if text]


def _moves(entry: HistoryEntry) -> list[tuple[str, str, str]]:
    """The fields that moved; of a new record all would be listed, and the record itself says that better."""
    return differences(entry.before, entry.after) if entry.before else []

"""The journal for people: what was done, when, why, who decided and who applied, oldest first; and what time did.

Pure values to text.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from heapq import merge

from reconciler.changes import Kind, Risk
from reconciler.events import EventKind
from reconciler.journal import FreezeEntry, HistoryEntry, OutcomeKind
from reconciler.model import money_text
from reconciler.views.paint import BLANK, Line, Piece, Style, column, padded, paint
from reconciler.views.words import DONE, VERBS, counted, differences, term_words

_INDENT = "      "
_SAME = timedelta(days=1)
"""A run that was recorded as of an instant further from its own says so."""
_STYLES = {
    OutcomeKind.SUCCEEDED: Style.GOOD,
    OutcomeKind.FAILED: Style.DANGER,
    OutcomeKind.UNKNOWN: Style.DANGER,
    OutcomeKind.INTENDED: Style.ENDING,
    OutcomeKind.SKIPPED: Style.QUIET,
    OutcomeKind.ACCEPTED: Style.ENDING,
}
_TERM = ("term_start", "term_end")
_UNDONE = frozenset({OutcomeKind.FAILED, OutcomeKind.SKIPPED, OutcomeKind.ACCEPTED})
"""Nothing follows from what was not done, or not yet."""


def history_text(entries: Sequence[HistoryEntry], *, freezes: Sequence[FreezeEntry] = (), colour: bool = False) -> str:
    """Every entry in the order given, with freezes and thaws among them, and a line that counts the entries."""
    return paint(history_lines(entries, freezes), colour=colour)


def history_lines(entries: Sequence[HistoryEntry], freezes: Sequence[FreezeEntry] = ()) -> list[Line]:
    """The same as styled lines."""
    if not entries:
        nothing = (Piece("Nothing has been applied yet.", Style.STRONG),)
        return [*entry_lines((), freezes), BLANK, nothing] if freezes else [nothing]
    events = sum(entry.happened_at is not None for entry in entries)
    changes = len(entries) - events
    found = [counted(changes, "change")] if changes else []
    found += [counted(events, "event")] if events else []
    runs = len({entry.run for entry in entries})
    last = (Piece(f"{' and '.join(found)} in {counted(runs, 'run')}.", Style.STRONG),)
    return [*entry_lines(entries, freezes), BLANK, last]


def entry_lines(entries: Sequence[HistoryEntry], freezes: Sequence[FreezeEntry] = ()) -> list[Line]:
    """The entries alone."""
    verbs = column(map(verb_of, _together(entries, freezes)))
    keys = column(entry.subscription for entry in entries)
    lines: list[Line] = []
    for entry in _together(entries, freezes):
        head = (Piece(f"{_instant(entry.at)}  ", Style.QUIET), Piece(padded(verb_of(entry), verbs)))
        if isinstance(entry, FreezeEntry):
            lines.append(head)
        else:
            lines.append((*head, Piece(padded(entry.subscription, keys, least=2), Style.STRONG), _ending(entry)))
        lines += _details(entry)
    return lines


def verb_of(entry: HistoryEntry | FreezeEntry) -> str:
    """What was done, or, where it was not, what was to be done; events, and verbs unknown to us, as journaled."""
    if isinstance(entry, FreezeEntry):
        return {"freeze": "frozen", "thaw": "thawed"}.get(entry.kind, entry.kind)
    if entry.kind not in set(Kind):
        return entry.kind
    return (DONE if entry.outcome is OutcomeKind.SUCCEEDED else VERBS)[Kind(entry.kind)]


def _together(entries: Sequence[HistoryEntry], freezes: Sequence[FreezeEntry]) -> Iterator[HistoryEntry | FreezeEntry]:
    return merge(entries, freezes, key=lambda entry: entry.at)


def _ending(entry: HistoryEntry) -> Piece:
    """What became of it; of an event, when it happened, which is not when that was recorded."""
    if entry.happened_at is not None:
        word = "observed" if entry.kind == EventKind.NOTICED else "happened"  # nobody tells when it was changed
        return Piece(f"{word} {_instant(entry.happened_at)}", Style.QUIET)
    return Piece(entry.outcome.value, _STYLES[entry.outcome])


def _details(entry: HistoryEntry | FreezeEntry) -> list[Line]:
    run = f"run {entry.run}" + (f", {entry.ci_run}" if entry.ci_run else "")
    if isinstance(entry, FreezeEntry):
        return _indented(f"why: {entry.reason}" if entry.reason else "", f"by {entry.actor}; {run}")
    applied = f"{'applied' if entry.happened_at is None else 'recorded'} by {entry.actor}" if entry.actor else ""
    decided = f"decided in {entry.commit}" if entry.commit else ""
    author = f" by {entry.commit_author}" if entry.commit and entry.commit_author else ""
    other = entry.as_of is not None and abs(entry.as_of - entry.at) > _SAME
    as_of = f"as of {_instant(entry.as_of)}" if other and entry.as_of else ""
    why = f"why: {entry.reason}    " if entry.reason else "why: "
    allowed = f"with --allow {' '.join(entry.allowed)}" if entry.allowed and entry.happened_at is None else ""
    return _indented(
        ", ".join(_moves(entry)),
        "; ".join(_consequences(entry)),
        f"error: {entry.error}" if entry.error else "",
        f"note: {entry.note}" if entry.note else "",
        f"{why}{entry.source or ''}" if entry.reason or entry.source else "",
        "; ".join(part for part in (as_of, decided + author, applied, allowed, run) if part),
    )


def _indented(*texts: str) -> list[Line]:
    """Those that there are; the last one says who, and is quiet."""
    *found, last = (f"{_INDENT}{text}" for text in texts if text)
    return [*((Piece(text),) for text in found), (Piece(last, Style.QUIET),)]


def _consequences(entry: HistoryEntry) -> Iterator[str]:
    """What a change came to, as far as it was recorded with it."""
    if entry.outcome in _UNDONE:
        return
    if entry.value is not None:
        yield f"{money_text(entry.value)} a term"
    if entry.reversible_until is not None:
        yield f"can be undone until {_instant(entry.reversible_until)}"
    elif entry.risk is Risk.IRREVERSIBLE:
        yield "cannot be undone"


def _moves(entry: HistoryEntry) -> Iterator[str]:
    """The fields that moved; of a new record all would be listed, and the record itself says that better."""
    if not entry.before:
        return
    after = dict(entry.after)
    # What stands only in `before` was a condition of the change, and moved nothing; a forgotten record lost it all.
    before = {name: value for name, value in entry.before.items() if name in after or not after}
    if all(name in values for name in _TERM for values in (before, after)):
        del before["term_start"], before["term_end"]
        yield f"term {term_words(str(after.pop('term_start')), str(after.pop('term_end')))}"
    for name, was, now in differences(before, after):
        yield f"{name} {was} -> {now}"
    if entry.kind == EventKind.NOTICED:
        yield "changed outside"


def _instant(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%SZ}"

"""The changes of a plan as tables that a manager can read, and beside them what time did and what is ahead.

Pure values to blocks of Markdown; `markdown` puts them into a comment.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from reconciler.changes import Change, Kind, Scheduled
from reconciler.consequences import Due
from reconciler.events import Event
from reconciler.impact import first_irreversible
from reconciler.model import SubscriptionKey
from reconciler.plan import Plan
from reconciler.views.budget import Block, block
from reconciler.views.cells import cut, key_cell, phrases, product_cell, row, stacked, table, with_place
from reconciler.views.closing import Noted
from reconciler.views.consequences import (
    ALSO,
    NOTE,
    consequences,
    deletion_cell,
    first_irreversible_words,
    note_words,
    notes_of_change,
    scheduled_consequences,
    sentences,
    sum_words,
    totals_words,
    undo_cell,
)
from reconciler.views.escape import markdown, markdown_prose
from reconciler.views.timeline import WITHIN, elapsed_about, elapsed_counts, elapsed_rows, period_words, scheduled_verb
from reconciler.views.undo_words import Undoing, undo_phrases
from reconciler.views.words import Group, Marked, NameOf, day, grouped, per_account

_COUNTED = ("change", "account", "subscriptions")
_MOVED = ("change", "subscription", "what changes", "why")
_CHANGED = ("change", "subscription", "when", "money", "data deleted", "can be undone until", "why")
_DONE = (*_CHANGED[:5], "how to undo it", "why")
_MOVED_BACK = (*_MOVED[:3], "how to undo it", "why")
_NOTED_KEYS = 3


@dataclass(frozen=True, slots=True)
class Tables:
    """What the rows of all change tables have in common."""

    names: NameOf
    verbs: Mapping[Kind, str]
    now: datetime
    """Days to a window's close count from it."""
    marked: Marked
    """Markup behind the verb of a change that does not pass."""
    undoing: Undoing | None = None
    """Of an apply; None before it."""
    noted: Noted = field(default_factory=dict)
    """How it is known that a change was made, where that is not plain."""

    def blocks(self, changes: Sequence[Change]) -> list[Block]:
        """A table for each group in reading order, and the notes to all of them below."""
        found = []
        for group, members in grouped(changes).items():
            match group:
                case Group.NEW:
                    counts = per_account(members)
                    found += table(group.value, _COUNTED, counts, lambda item: self._count(*item))
                case Group.OTHER:
                    found += table(group.value, _MOVED_BACK if self.undoing else _MOVED, members, self._moved)
                case _:
                    found += table(group.value, _DONE if self.undoing else _CHANGED, members, self._changed)
        return found + _notes(changes, self.noted)

    def _count(self, kind: Kind, account: str, count: int) -> str:
        return row(self.verbs[kind], key_cell(account), f"{count:,}")

    def _head(self, change: Change) -> tuple[str, str]:
        verb = f"**{self.verbs[change.kind]}**{self.marked(change)}"
        return verb, stacked(key_cell(change.key), product_cell(change.key, change.product, self.names))

    def _moved(self, change: Change) -> str:
        found = consequences(change, self.now)
        moves = phrases([*found.moves, *found.access, *found.money])
        back = () if self.undoing is None else (self._back(change),)
        return row(*self._head(change), moves, *back, _why(change))

    def _changed(self, change: Change) -> str:
        found = consequences(change, self.now)
        found = found if self.undoing is None else found.made
        when = phrases([*found.access, found.instant, found.closes])
        cells = (when, phrases(found.money), markdown(deletion_cell(change.impact)), self._back(change))
        return row(*self._head(change), *cells, _why(change))

    def _back(self, change: Change) -> str:
        """Until when it can be undone, or of what was done, how."""
        if self.undoing is None:
            return markdown(undo_cell(change.risk, change.impact))
        return stacked(*(markdown_prose(cut(text)) for text in undo_phrases(self.undoing(change))))


def _why(change: Change) -> str:
    return with_place(markdown(cut(change.reason or "")), change.place)


def _notes(changes: Sequence[Change], noted: Noted) -> list[Block]:
    """What else there is to know, said once for all subscriptions that it holds for."""
    found: dict[str, list[SubscriptionKey]] = {}
    for change in changes:
        if note := noted.get((change.key, change.kind)):
            found.setdefault(note_words(NOTE, [note]), []).append(change.key)
        for title, texts in notes_of_change(change):
            for words in sentences(texts) if title == ALSO else [note_words(title, texts)]:
                found.setdefault(words, []).append(change.key)
    rows = [_note(words, keys) for words, keys in found.items()]
    return [block(["#### Notes", ""], rows)] if rows else []


def _note(words: str, keys: Sequence[SubscriptionKey]) -> str:
    shown = ", ".join(map(key_cell, keys[:_NOTED_KEYS]))
    more = f" and {len(keys) - _NOTED_KEYS:,} more" if len(keys) > _NOTED_KEYS else ""
    return f"- {markdown(cut(words))} ({shown}{more})"


def sums_block(plan: Plan) -> list[Block]:
    """What the changes come to, and from when one of them cannot be undone any more."""
    first = first_irreversible(plan.changes, plan.as_of)
    said = (totals_words(plan.totals, plan.changes), first_irreversible_words(first, plan.as_of))
    lines = [markdown_prose(sentence) for sentence in said if sentence]
    return [block([stacked(*lines)])] if lines else []


def elapsed_blocks(events: Sequence[Event]) -> list[Block]:
    """What time did, a row for each subscription."""
    rows = elapsed_rows(events)
    title = f"Elapsed: {elapsed_counts(events)}"
    columns = ("subscription", elapsed_about(events))
    return table(title, columns, rows, lambda item: row(key_cell(item.key), markdown(cut(item.words))), folded=True)


def scheduled_blocks(plan: Plan, names: NameOf) -> list[Block]:
    """Dated intents that are still to come, with what will follow from them."""
    columns = ("on", "change", "subscription", "what it sets", "what follows", "why")
    return table("Scheduled", columns, plan.scheduled, lambda item: _scheduled(item, names, plan.as_of))


def _scheduled(item: Scheduled, names: NameOf, now: datetime) -> str:
    found = scheduled_consequences(item, now)
    notes = [note_words(title, texts) for title, texts in found.notes]
    return row(
        day(item.on),
        scheduled_verb(item),
        stacked(key_cell(item.key), product_cell(item.key, item.product, names)),
        markdown_prose(cut(item.detail)),
        phrases([*found.main, *found.more, *notes]),
        with_place(markdown(cut(item.reason or "")), item.place),
    )


def due_blocks(due: Sequence[Due], names: NameOf) -> list[Block]:
    """Renewals that nobody has decided: what each commits to, and whom to ask."""
    columns = ("renews", "subscription", "for", "sum", "owner", "declared")
    title = f"Renew within {WITHIN} days, undecided"
    return table(title, columns, due, lambda item: _due(item, names))


def _due(item: Due, names: NameOf) -> str:
    return row(
        day(item.on),
        stacked(key_cell(item.key), product_cell(item.key, item.product, names)),
        period_words(item.length),
        markdown(cut(sum_words(item.amount))),
        markdown(cut(item.owner or "")),
        "no" if item.place is None else with_place("", item.place),
    )

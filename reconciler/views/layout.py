"""The lines of a plan's items for a terminal: changes, blocked wishes and listed subscriptions in common columns.

Pure values to styled lines; what to show, and in which order, `text` decides.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from reconciler.changes import Blocked, Change, Drift, Kind, Listed, Pending, Scheduled
from reconciler.diagnostics import Place
from reconciler.model import SubscriptionKey
from reconciler.views.abridged import Part, Sum, first_few, rest_of, sums
from reconciler.views.closing import Noted
from reconciler.views.consequences import (
    ALSO,
    NOTE,
    Consequences,
    consequences,
    scheduled_consequences,
    sentences,
    side_effects,
)
from reconciler.views.outside import (
    Crowd,
    drift_rows,
    first_named,
    pending_first,
    pending_phrases,
    rest_words,
)
from reconciler.views.paint import BLANK, Line, Piece, Style, column, padded, width
from reconciler.views.timeline import Elapsed, scheduled_verb
from reconciler.views.undo_words import Undoing, undo_phrases
from reconciler.views.words import Group, Marked, NameOf, counted, day, group_of, listed, unmarked

if TYPE_CHECKING:  # start-up: only what was done is taken back
    from reconciler.undoing import Undo

INDENT = "      "
GAP = 4
_CONTINUED = "  "
_NAMED = 4
_WIDTH = 120
"""Columns after which phrases go on in the next line; a single one that is longer sticks out."""

SIGNS = {
    Group.IRREVERSIBLE: ("!", Style.DANGER),
    Group.ENDING: ("-", Style.ENDING),
    Group.SPENDING: ("+", Style.SPENDING),
    Group.OTHER: ("~", Style.NAME),
    Group.NEW: ("+", Style.GOOD),
}


class Layout:
    """One set of columns for all items with a verb that are shown: keys and names stand below each other."""

    def __init__(
        self,
        names: NameOf,
        parts: Sequence[Part],
        verbs: Mapping[Kind, str],
        now: datetime,
        beside: Sequence[Blocked | Crowd | Pending] = (),
    ) -> None:
        self._names = names
        self._verbs = verbs
        self._now = now
        self._sums = {part.group: sums(part.members) for part in parts if part.left}
        crowds = [row for row in beside if isinstance(row, Crowd)]
        shown = [change for part in parts for change in part.shown]
        items = [*shown, *(item for item in beside if not isinstance(item, Crowd))]
        counts = [count for part in parts for count in part.counts]
        summed = [item for found in self._sums.values() for item in found]
        kinds = {item.kind for item in (*items, *summed)} | {kind for kind, _, _ in counts}
        self._verb = column([*(verbs[kind] for kind in kinds), *(crowd.verbs(verbs) for crowd in crowds)])
        whose = [*(account for _, account, _ in counts), *(crowd.where for crowd in crowds), *map(_count, summed)]
        self._key = column([*(str(item.key) for item in items), *whose])

    def head(self, sign: tuple[str, Style], kind: Kind, key: str, product: str) -> Line:
        """The first line of an item: what, which, and its product's name."""
        return self._headed(sign, self._verbs[kind], key, product)

    def _headed(self, sign: tuple[str, Style], verb: str, key: str, product: str) -> Line:
        mark, style = sign
        return (
            Piece(f"{mark} {padded(verb, self._verb)}", style),
            Piece(padded(key, self._key, least=GAP) if product else key, Style.STRONG),
            Piece(product),
        )

    def name(self, key: SubscriptionKey, product: str) -> str:
        """The product's name, or an empty text where none is known to the item."""
        return self._names(key.account, product) if product else ""

    def changes(
        self,
        parts: Sequence[Part],
        marked: Marked = unmarked,
        undoing: Undoing | None = None,
        noted: Noted | None = None,
        shared: Mapping[str, object] | None = None,
    ) -> list[Line]:
        """The changes in reading order, new records as a count per account; of very many the sums and the first few.

        With `undoing` they were made, and each says how it is taken back, with `noted` how that is known. What is in
        `shared` is said elsewhere.
        """
        noted, told = noted or {}, frozenset(shared or ())
        lines: list[Line] = []
        for part in parts:
            lines += [*([BLANK] if lines and part.left else []), *self._summed(part)]
            lines += [
                self.head(SIGNS[part.group], kind, account, counted(count, "subscription"))
                for kind, account, count in part.counts
            ]
            for change in part.shown:
                undo = None if undoing is None else undoing(change)
                found = consequences(change, self._now)
                found = (found if undo is None else found.made).noting(noted.get((change.key, change.kind)))
                mark = marked(change)
                lines += [self._changed(change), *_following(found, mark, told)]
                lines += [*([] if undo is None else undo_lines(undo)), why(change.reason, change.place)]
            lines += more_lines(f"… and {part.left:,} more" if part.left else "")
        return lines

    def _summed(self, part: Part) -> list[Line]:
        """Of very many changes how many there are of each verb, in which accounts, and what they come to."""
        if not part.left:
            return []
        lines: list[Line] = [(Piece(f"{part.group.value} ({len(part.members):,})", Style.STRONG),)]
        for item in self._sums[part.group]:
            lines.append(self.head(SIGNS[part.group], item.kind, _count(item), item.where))
            lines += [(Piece(f"{INDENT}{item.money}"),)] if item.money else []
        return [*lines, (Piece(f"  {part.about}", Style.QUIET),)]

    def _changed(self, change: Change) -> Line:
        name = self.name(change.key, change.product)
        return self.head(SIGNS[group_of(change)], change.kind, str(change.key), name)

    def undone(self, parts: Sequence[Part], undoing: Undoing, noted: Noted | None = None) -> list[Line]:
        """How each change is known to be made, if that is not plain, and how it is taken back; nothing more.

        New records, which are only counted, are left out.
        """
        lines: list[Line] = []
        for part in parts:
            for change in part.shown:
                note = (noted or {}).get((change.key, change.kind))
                said = wrapped([f"{NOTE}: {note}"]) if note else []
                lines += [self._changed(change), *said, *undo_lines(undoing(change))]
            lines += more_lines(f"… and {part.left:,} more" if part.left and part.group is not Group.NEW else "")
        return lines

    def blocked(self, rows: Iterable[Blocked | Crowd]) -> list[Line]:
        """Wishes that cannot be carried out: each one's code, why, and what to do instead; many alike are counted."""
        lines: list[Line] = []
        for row in rows:
            item, sign = row.first if isinstance(row, Crowd) else row, ("x", Style.DANGER)
            if isinstance(row, Crowd):
                lines.append(self._headed(sign, row.verbs(self._verbs), row.where, row.many))
            else:
                lines.append(self.head(sign, item.kind, str(item.key), self.name(item.key, item.product)))
            lines.append((Piece(INDENT), Piece(f"{item.code}: ", Style.DANGER), Piece(item.detail)))
            lines.append(hint(item.hint, item.place))
        return lines

    def left_alone(self, items: Iterable[Listed]) -> list[Line]:
        """Subscriptions that are left as they are, each with what will happen and how to change it."""
        lines: list[Line] = []
        for item in sorted(items, key=lambda item: item.key):
            lines += [self._named(item.key, item.product), (Piece(f"{INDENT}{item.detail}"),)]
            lines.append(hint(item.hint, item.place))
        return lines

    def held(self, items: Iterable[Listed]) -> list[Line]:
        """Changes that a person decides about; of very many the first, and how many more."""
        ordered = sorted(items, key=lambda item: item.key)
        return [*self.left_alone(first_named(ordered)), *_rest([item.key for item in ordered])]

    def pending(self, items: Iterable[Pending]) -> list[Line]:
        """What was begun and is not done, overdue first; of very many the first, and how many more."""
        ordered = pending_first(items)
        lines: list[Line] = []
        for item in first_named(ordered):
            sign = (">", Style.DANGER if item.overdue else Style.NAME)
            lines.append(self.head(sign, item.kind, str(item.key), self.name(item.key, item.product)))
            first, *others = pending_phrases(item)
            lines += wrapped(others, mark=first) if item.overdue else wrapped([first, *others])
            lines += [(Piece(f"{INDENT}{item.detail}"),), hint(item.hint, item.place)]
        return [*lines, *_rest([item.key for item in ordered])]

    def drift(self, items: Iterable[Drift]) -> list[Line]:
        """What was changed outside, a line for each subscription; of very many the first."""
        rows = drift_rows(items)
        keys = column(str(row.key) for row in first_named(rows))
        lines: list[Line] = []
        for row in first_named(rows):
            name = Piece(f"  {padded(str(row.key), keys, least=GAP)}", Style.STRONG)
            lines.append((name, Piece("; ".join(row.phrases))))
        return [*lines, *_rest([row.key for row in rows])]

    def elapsed(self, rows: Sequence[Elapsed]) -> list[Line]:
        """What time did, a line for each subscription."""
        keys = column(str(row.key) for row in rows)
        return [(Piece(f"  {padded(str(row.key), keys, least=GAP)}", Style.STRONG), Piece(row.words)) for row in rows]

    def scheduled(self, items: Sequence[Scheduled]) -> list[Line]:
        """Dated intents: their day and verb, what they set, what will follow, and where they stand."""
        days = column((day(item.on) for item in items), gap=2)
        verbs = column(map(scheduled_verb, items), gap=2)
        keys = column(str(item.key) for item in items)
        lines: list[Line] = []
        for item in items:
            name = self.name(item.key, item.product)
            key = padded(str(item.key), keys, least=GAP) if name else str(item.key)
            head = Piece(f"  {padded(day(item.on), days)}{padded(scheduled_verb(item), verbs)}", Style.NAME)
            lines += [(head, Piece(key, Style.STRONG), Piece(name)), (Piece(f"{INDENT}{item.detail}"),)]
            lines += [*_following(scheduled_consequences(item, self._now)), why(item.reason, item.place)]
        return lines

    def _named(self, key: SubscriptionKey, product: str) -> Line:
        name = self.name(key, product)
        return (Piece(f"  {key}    " if name else f"  {key}", Style.STRONG), Piece(name))


def _rest(keys: Sequence[SubscriptionKey]) -> list[Line]:
    return more_lines(rest_words(keys))


def _following(found: Consequences, mark: str = "", shared: frozenset[str] = frozenset()) -> list[Line]:
    """What follows, the worst first, then the dates and sums beside it, then the notes but for the shared ones."""
    lines = [*wrapped(found.main, mark=mark), *wrapped(found.more)]
    for title, texts in found.notes:
        if title == ALSO:
            own = sentences([text for text in texts if text not in shared])
            lines += wrapped([f"{title}: {own[0]}", *own[1:]], joint=" ") if own else []
        else:
            lines += wrapped([f"{title}: {texts[0]}", *texts[1:]])
    return lines


@dataclass(slots=True)
class Sharing:
    """Who has an effect that several changes have."""

    count: int = 0
    first: list[SubscriptionKey] = field(default_factory=list)
    """The few that are named."""

    def add(self, key: SubscriptionKey) -> None:
        """One more."""
        self.count += 1
        if self.count <= _NAMED:
            self.first.append(key)


def shared_effects(parts: Iterable[Part]) -> dict[str, Sharing]:
    """The side effects that several changes have, in the plan's reading order, each with whose they are."""
    found: dict[str, Sharing] = {}
    for part in parts:
        if part.group is Group.NEW:
            continue
        for change in part.members if part.left else part.shown:
            if change.impact is not None and change.impact.side_effects:
                for text in side_effects(change.impact):
                    found.setdefault(text, Sharing()).add(change.key)
    return {text: sharing for text, sharing in found.items() if sharing.count > 1}


def shared_lines(shared: Mapping[str, Sharing]) -> list[Line]:
    """What several changes do beside, each said once, with whose it is."""
    lines: list[Line] = []
    told = first_few(list(shared.items()), lambda item: -item[1].count)
    for text, sharing in told:
        said, whose = sentences([text])[0], listed([str(key) for key in sharing.first], _NAMED, sharing.count)
        lines += [(Piece(f"  {said}"),), (Piece(f"{INDENT}{whose}", Style.QUIET),)]
    lines += more_lines(rest_of(shared, told))
    return [(Piece("For several of these", Style.STRONG),), *lines] if lines else []


def _count(item: Sum) -> str:
    return counted(item.count, "subscription")


def more_lines(words: str) -> list[Line]:
    """The line behind the first few of very many, or none."""
    return [(Piece(f"  {words}", Style.QUIET),)] if words else []


def undo_lines(undo: Undo) -> list[Line]:
    """How a change is taken back."""
    return wrapped(f"undo: {'; '.join(undo_phrases(undo))}".split("; "))


def wrapped(phrases: Sequence[str], *, mark: str = "", joint: str = "; ") -> list[Line]:
    """Phrases in one line, going on in a further indented one where they take too much room."""
    if not phrases:
        return [(Piece(INDENT), Piece(mark, Style.DANGER))] if mark else []
    marked = f"{mark}; " if mark else ""
    room = _WIDTH - len(INDENT) - width(marked)
    whole = joint.join(phrases)
    if len(whole) <= room and whole.isascii():  # as nearly all do, which makes long plans quick
        return [(Piece(INDENT), Piece(marked, Style.DANGER), Piece(whole))]
    rows: list[list[str]] = [[]]
    for phrase in phrases:
        if rows[-1] and width(phrase) >= room:  # a row that goes on in the next may end in a semicolon
            rows.append([])
            room = _WIDTH - len(INDENT) - len(_CONTINUED)
        rows[-1].append(phrase)
        room -= width(phrase) + len(joint)
    first, *more = [joint.join(row) + (joint.rstrip() if row is not rows[-1] else "") for row in rows]
    lines: list[Line] = [(Piece(INDENT), Piece(marked, Style.DANGER), Piece(first))]
    return lines + [(Piece(f"{INDENT}{_CONTINUED}{text}"),) for text in more]


def why(reason: str | None, place: Place) -> Line:
    """The spec's own reason, and where it asks."""
    return (
        Piece(f"{INDENT}why: {reason}    " if reason else f"{INDENT}why: "),
        Piece(str(place.location), Style.QUIET),
    )


def hint(text: str, place: Place) -> Line:
    """What to do, and where."""
    return (Piece(f"{INDENT}hint: {text}    " if text else INDENT), Piece(str(place.location), Style.QUIET))

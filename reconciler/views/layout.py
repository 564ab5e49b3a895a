"""The lines of a plan's items for a terminal: changes, blocked wishes and listed subscriptions in common columns.

Pure values to styled lines; what to show, and in which order, `text` decides.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from reconciler.changes import Blocked, Change, Drift, Kind, Listed, Pending, Scheduled
from reconciler.diagnostics import Place
from reconciler.model import SubscriptionKey
from reconciler.undoing import Undo
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
    blocked_rows,
    drift_rows,
    first_named,
    pending_first,
    pending_phrases,
    rest_words,
)
from reconciler.views.paint import Line, Piece, Style, column, padded, width
from reconciler.views.timeline import Elapsed, scheduled_verb
from reconciler.views.undo_words import Undoing, undo_phrases
from reconciler.views.words import Group, NameOf, counted, day, group_of, grouped, listed, per_account

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

Marked = Mapping[tuple[SubscriptionKey, Kind], str]
"""A mark for each change that does not pass."""


class Layout:
    """One set of columns for all items of a plan that have a verb: keys and names stand below each other."""

    def __init__(
        self, names: NameOf, items: Sequence[Change | Blocked | Pending], verbs: Mapping[Kind, str], now: datetime
    ) -> None:
        self._names = names
        self._verbs = verbs
        self._now = now
        rows = blocked_rows(item for item in items if isinstance(item, Blocked))
        crowds = [row for row in rows if isinstance(row, Crowd)]
        counted_in = {id(item) for crowd in crowds for item in crowd.members}
        shown = [item for item in items if id(item) not in counted_in]
        shown = [item for item in shown if not isinstance(item, Change) or group_of(item) is not Group.NEW]
        counts = per_account(item for item in items if isinstance(item, Change) and group_of(item) is Group.NEW)
        kinds = {item.kind for item in shown} | {kind for kind, _, _ in counts}
        self._verb = column([*(verbs[kind] for kind in kinds), *(crowd.verbs(verbs) for crowd in crowds)])
        accounts = [*(account for _, account, _ in counts), *(crowd.where for crowd in crowds)]
        self._key = column([*(str(item.key) for item in shown), *accounts])

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
        changes: Iterable[Change],
        marked: Marked | None = None,
        undoing: Undoing | None = None,
        noted: Noted | None = None,
    ) -> list[Line]:
        """All changes in reading order; registrations and adoptions as a count per account.

        With `undoing` they were made, and each says how it is taken back, with `noted` how that is known.
        """
        marked, noted, changes = marked or {}, noted or {}, list(changes)
        shared = frozenset(shared_effects(changes))
        lines: list[Line] = []
        for group, members in grouped(changes).items():
            if group is Group.NEW:
                lines += [
                    self.head(SIGNS[group], kind, account, counted(count, "subscription"))
                    for kind, account, count in per_account(members)
                ]
                continue
            for change in members:
                undo = None if undoing is None else undoing(change)
                found = consequences(change, self._now)
                found = (found if undo is None else found.made).noting(noted.get((change.key, change.kind)))
                mark = marked.get((change.key, change.kind), "")
                lines += [self._changed(change), *_following(found, mark, shared)]
                lines += [*([] if undo is None else undo_lines(undo)), why(change.reason, change.place)]
        return lines

    def _changed(self, change: Change) -> Line:
        name = self.name(change.key, change.product)
        return self.head(SIGNS[group_of(change)], change.kind, str(change.key), name)

    def undone(self, changes: Iterable[Change], undoing: Undoing, noted: Noted | None = None) -> list[Line]:
        """How each change is known to be made, if that is not plain, and how it is taken back; nothing more.

        New records, which are only counted, are left out.
        """
        groups = grouped(changes)
        lines: list[Line] = []
        for change in (change for group in groups if group is not Group.NEW for change in groups[group]):
            note = (noted or {}).get((change.key, change.kind))
            said = wrapped([f"{NOTE}: {note}"]) if note else []
            lines += [self._changed(change), *said, *undo_lines(undoing(change))]
        return lines

    def blocked(self, items: Iterable[Blocked]) -> list[Line]:
        """Wishes that cannot be carried out: each one's code, why, and what to do instead; many alike are counted."""
        lines: list[Line] = []
        for row in blocked_rows(items):
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
    more = rest_words(keys)
    return [(Piece(f"  {more}", Style.QUIET),)] if more else []


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


def shared_effects(changes: Iterable[Change]) -> dict[str, list[SubscriptionKey]]:
    """The side effects that several changes have, in the plan's reading order, each with their keys."""
    found: dict[str, list[SubscriptionKey]] = {}
    for group, members in grouped(changes).items():
        for change in members if group is not Group.NEW else ():
            for text in side_effects(change.impact):
                found.setdefault(text, []).append(change.key)
    return {text: keys for text, keys in found.items() if len(keys) > 1}


def shared_lines(changes: Iterable[Change]) -> list[Line]:
    """What several changes do beside, each said once, with whose it is."""
    lines: list[Line] = []
    for text, keys in shared_effects(changes).items():
        said = sentences([text])[0]
        lines += [(Piece(f"  {said}"),), (Piece(f"{INDENT}{listed([str(key) for key in keys], _NAMED)}", Style.QUIET),)]
    return [(Piece("For several of these", Style.STRONG),), *lines] if lines else []


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

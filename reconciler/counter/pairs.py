"""How a change of the pair goes back: what is to be written, and why it is too late once the term is over.

Pure.
"""

from __future__ import annotations

from collections.abc import Sequence

from reconciler.changes import INTENTS, Change, JsonValue, Kind
from reconciler.consequences import Impact
from reconciler.counter.atoms import PAIR, pair_to
from reconciler.counter.cases import Case
from reconciler.counter.replies import Candidate, Reply
from reconciler.counter.rewriting import Rewrite
from reconciler.diagnostics import Location
from reconciler.events import EventKind
from reconciler.lifecycle import extends
from reconciler.model import Cancel, Intent, Recurring
from reconciler.schedule import in_force
from reconciler.spec.positions import SpecPlace
from reconciler.undoing import undo_of
from reconciler.wishes import Barred, Move, decide, last_day

_Pair = tuple[JsonValue, JsonValue]
_RENEWING: _Pair = (Recurring.ON.value, Cancel.NONE.value)


def pair_reply(case: Case, kind: Kind) -> Reply | Candidate:
    """What is to be said of a change that moved `recurring` and the cancellation, or tried."""
    entry, row = case.entry, case.row
    before = (entry.before["recurring"], entry.before["cancellation"])
    stands = (row.recurring.value, row.cancellation.value)
    later = [other for other in case.trace.later if other.kind in INTENTS]
    if later:
        return case.moved_since(later, back=stands == before)
    if stands != (entry.after["recurring"], entry.after["cancellation"]):
        return case.moved_otherwise()
    keys = _keys(case, kind)
    lines = [f"{key}: {value}" for key, value in keys.items()]
    late = _too_late(case, before, " and ".join(f"`{line}`" for line in lines))
    if late is not None:
        return late
    expected = {PAIR: pair_to(_counter_kind(before, stands), *before)}
    return case.tried(lines, Rewrite(pair=keys, entry=_entry_in_force(case)), expected)


def _keys(case: Case, kind: Kind) -> dict[str, str]:
    """The former pair as a spec says it."""
    row = case.row
    impact = Impact(reversible_until=row.term.end)
    change = Change(row.key, kind, case.entry.before, case.entry.after, Location(""), impact=impact)
    keys = {key: str(value) for key, value in undo_of(change, case.lifecycle).keys.items()}
    if keys == {"recurring": Recurring.OFF.value} and case.lifecycle is not None and extends(row, case.lifecycle):
        keys["cancel"] = Cancel.NONE.value  # off alone would not say how it is to end
    return keys


def _counter_kind(before: _Pair, stands: tuple[str, str]) -> Kind:
    if before[1] == Cancel.AT_RENEWAL.value:
        return Kind.CANCEL_AT_RENEWAL
    if stands[1] == Cancel.AT_RENEWAL.value:
        return Kind.UNDO_CANCEL
    return Kind.TURN_ON if before == _RENEWING else Kind.TURN_OFF


def _entry_in_force(case: Case) -> int | None:
    """The entry of its schedule that holds now and makes its own keys void, by its place in the file."""
    entry = None if case.wanted is None else in_force(case.wanted, case.around.now.date())
    if entry is None or not isinstance(entry.intent.place, SpecPlace):
        return None
    index = entry.intent.place.path[3]
    return index if isinstance(index, int) else None


def _too_late(case: Case, before: Sequence[JsonValue], written: str) -> Reply | None:
    """The term that it acted on is over: what followed cannot be taken back."""
    row = case.row
    if row.status.ended:
        why = f"its term ended on {last_day(row.term.end)}, and it is {row.status}"
        return case.no(why, _return(case) if tuple(before) == _RENEWING else "")
    since = {entry.kind for entry in case.trace.elapsed}
    since |= {event.kind.value for event in case.around.elapsed if event.key == row.key}
    if EventKind.EXTENDED in since:
        why = "its term is over, and a paid extension has begun"
        return case.no(why, f"{written} among its own keys lets a whole term follow on the month that it is in")
    if EventKind.RENEWED in since:
        why = f"it has renewed since, on {row.term.start.date().isoformat()}"
        return case.no(why, f"{written} among its own keys ends it with its new term, on {last_day(row.term.end)}")
    return None


def _return(case: Case) -> str:
    """What brings an ended one back, if anything does."""
    own = Intent(Recurring.ON, None, Location(""))
    match decide(own, case.row, case.around.now, case.lifecycle, protected=False):
        case Move():
            return "`recurring: on` among its own keys brings it back, with a new term charged on that day"
        case Barred(_, _, detail, hint):
            return f"{detail}; {hint}"
        case _:  # pragma: no cover - an own wish for an ended one is one of these
            return ""

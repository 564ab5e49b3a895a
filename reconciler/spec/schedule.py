"""What a subscription's own keys say of days: its schedule, and the decision about one renewal.

Pure, and without a now: which entry is in force is no matter of reading.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from reconciler.diagnostics import error
from reconciler.model import Decision, Intent, ScheduledIntent
from reconciler.spec.layers import LayerReader, one_line
from reconciler.spec.models import DecisionBlock, ScheduleEntry
from reconciler.spec.positions import Document, Path, SpecPlace


def schedule_of(
    entries: Sequence[ScheduleEntry], layers: LayerReader, document: Document, path: Path
) -> tuple[ScheduledIntent, ...]:
    """The entries by day, each day once; what is wrong with one is reported, and it is left out."""
    found: dict[date, ScheduledIntent] = {}
    places: dict[date, SpecPlace] = {}
    for index, entry in enumerate(entries):
        at = (*path, "schedule", index)
        if at in layers.broken:
            continue
        place = document.at(*at, "from")
        day, intent = layers.facts.day(entry.from_, place), _intent(entry, layers, document, at)
        if day is None:
            continue
        first = places.setdefault(day, place)
        if first is not place:
            detail = f"'{day}', first at {first.location}"
            hint = "keep one of them; one entry may set 'recurring' and 'cancel' together"
            layers.found.add(error("schedule-clash", "two entries for one day", place, detail=detail, hint=hint))
        elif intent is not None:
            found[day] = ScheduledIntent(day, intent)
    return tuple(found[day] for day in sorted(found))


def _intent(entry: ScheduleEntry, layers: LayerReader, document: Document, path: Path) -> Intent | None:
    intent = layers.pair(entry, document, path, one_line(entry.reason), own=True)
    if intent is None and not any(there[: len(path)] == path for there in layers.broken):
        hint = "add 'recurring' or 'cancel', or take the entry out"
        layers.found.add(error("schedule-sets-nothing", "an entry that sets nothing", document.at(*path), hint=hint))
    return intent


def decision_of(block: DecisionBlock, layers: LayerReader, document: Document, path: Path) -> Decision | None:
    """The decision; None where its day is none, which is reported."""
    place = document.at(*path, "decided", "for")
    day = layers.facts.day(block.for_, place)
    return None if day is None else Decision(day, block.by, one_line(block.note), place)

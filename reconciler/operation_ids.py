"""The ids of operations, by which a repeat is known as one: in the journal, and at a provider.

Pure.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256

from reconciler.changes import Change
from reconciler.events import Event
from reconciler.plan import approval, canonical


def operation_id(lineage: str, serial: int, change: Change) -> str:
    """The same for the same change planned from the same serial, so that a repeat is known as one."""
    return _id(serial, [lineage, serial, approval(change)])


def event_id(lineage: str, serial: int, event: Event) -> str:
    """The same for the same event seen from the same serial."""
    named = [lineage, serial, str(event.key), event.kind.value, event.at, dict(event.before), dict(event.after)]
    return _id(serial, named)


def _id(serial: int, named: Sequence[object]) -> str:
    """32 hexadecimal digits, those of one plan next to each other: in the journal's index of a million, scattered ones
    would make every batch rewrite nearly all of it.
    """
    return f"{serial & 0xFFFF_FFFF:08x}{sha256(canonical(named)).hexdigest()[:24]}"

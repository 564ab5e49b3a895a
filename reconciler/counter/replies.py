"""What is said of each change of a run: the patch takes it back, or why it does not, and what can be done instead.

Frozen values; the words hold no escapes, and texts of specs only as they are written there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from reconciler.counter.rewriting import Rewrite
from reconciler.diagnostics import Place
from reconciler.journal import HistoryEntry
from reconciler.model import SubscriptionKey


class Answer(StrEnum):
    """Whether a change is taken back."""

    PATCH = "patch"
    """By the patch, and the next apply."""
    ASKED = "asked"
    """By the next apply: the specs ask for it already."""
    BACK = "back"
    """It is as it was before."""
    NONE = "none"
    """Not by a patch."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What is said of one change, or of some fields that it moved."""

    entry: HistoryEntry
    key: SubscriptionKey
    """The record's key now; the last one it had, where it was dropped."""
    answer: Answer
    fields: tuple[str, ...] = ()
    """Of an update or a correction: those that this is about."""
    lines: tuple[str, ...] = ()
    """What its spec is to say, line by line, as somebody would write it by hand."""
    place: Place | None = None
    """Where its spec stands; None where there is none."""
    until: datetime | None = None
    """The first instant (UTC) at which those lines no longer take it back; None: no instant, or not known."""
    why: str = ""
    """Why no patch does it; no full stop."""
    instead: str = ""
    """What can be done; no full stop, and empty where nothing can."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A change that a patch may take back: what to write, and what the next plan must then hold."""

    reply: Reply
    key: SubscriptionKey
    """Of the subscription in the specs; a rename that they ask for already makes it another one than the record's."""
    target: SubscriptionKey
    """Its key after the patch."""
    rewrite: Rewrite
    expected: Mapping[str, object] = field(default_factory=dict)
    """By what moves (a field, the pair, the name): to what it moves."""

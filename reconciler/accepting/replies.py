"""What is said of each subscription whose drift is to be accepted: what its spec is to say, or why nothing is written.

Frozen values; the words hold no escapes, and texts of specs only as they are written there.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from reconciler.changes import Drift
from reconciler.counter.rewriting import Rewrite
from reconciler.diagnostics import Place
from reconciler.foreign import Case
from reconciler.model import Intent, SubscriptionKey


class Answer(StrEnum):
    """Whether its spec is written."""

    WRITE = "write"
    """Its spec is to say what stands at the provider."""
    NONE = "none"
    """There is nothing to accept."""
    REFUSED = "refused"
    """There is something, and it is not for a program to write; or nobody knows what there is."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What is said of one subscription."""

    key: SubscriptionKey
    answer: Answer
    drift: tuple[Drift, ...] = ()
    """What somebody changed outside."""
    lines: tuple[str, ...] = ()
    """What its spec is to say, line by line, as somebody would write it by hand."""
    place: Place | None = None
    """Where its spec stands, or what is written will; None where there is none."""
    entry: date | None = None
    """The day of the entry of its `schedule` that is written, because it is stronger than its own keys."""
    seen: datetime | None = None
    """When it was looked at, in real time; None: it was not."""
    code: str = ""
    """Of what is refused: stable."""
    why: str = ""
    """Why nothing is written; no full stop."""
    instead: str = ""
    """What to do; no full stop, and empty where nothing is to be done."""
    notes: tuple[str, ...] = ()
    """What else a person must know of what is written; no full stops."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """What may be written for one subscription, and what must then be so."""

    reply: Reply
    rewrite: Rewrite
    intent: Intent
    """The pair that is then read, but for its place."""
    case: Case
    """What it is judged on: nothing may be left to do."""

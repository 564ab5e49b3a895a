"""The Plan: what would change, what cannot, and what is left alone, in one total order, with a fingerprint.

Pure values. `build` makes a plan; the views show it, `safety` judges it, and `apply` carries exactly it out.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256

from reconciler.changes import Blocked, Change, Drift, Listed, Pending, Refusal, Scheduled, Sighting, bare, traits_of
from reconciler.consequences import Due, Totals
from reconciler.desired import RuleUse
from reconciler.diagnostics import Diagnostic
from reconciler.events import Event
from reconciler.model import StoredSubscription, SubscriptionKey


@dataclass(frozen=True, slots=True)
class Bindings:
    """What a plan was made from; `apply PLAN` compares these."""

    specs_digest: str
    settings_digest: str
    store_lineage: str | None
    store_serial: int
    commit: str | None = None
    select: tuple[str, ...] = ()
    """The `--select` patterns that narrowed it; `apply PLAN` is narrowed alike."""
    exclude: tuple[str, ...] = ()
    """The `--exclude` patterns."""
    paths: tuple[str, ...] = ()
    """The PATHs, shown as in diagnostics."""
    correct: tuple[str, ...] = ()
    """The `--correct-drift` patterns: what was changed outside of these is undone; `apply PLAN` undoes it alike."""


@dataclass(frozen=True, slots=True)
class Plan:
    """Changes in the order in which they are made: by key, then by verb. A dry run shows the very Plan apply takes."""

    as_of: datetime
    bindings: Bindings
    changes: Sequence[Change] = ()
    blocked: tuple[Blocked, ...] = ()
    held: tuple[Listed, ...] = ()
    released: tuple[Listed, ...] = ()
    ended: tuple[Listed, ...] = ()
    drift: tuple[Drift, ...] = ()
    elapsed: tuple[Event, ...] = ()
    """What time did since it was last recorded, by key and instant: no changes, and not in the fingerprint."""
    scheduled: tuple[Scheduled, ...] = ()
    """Dated intents that are still to come, by day and key."""
    due: Sequence[Due] = ()
    """Renewals within 30 days that nobody has decided, by day and key; monthly terms are left out."""
    pending: tuple[Pending, ...] = ()
    """What was begun before and is not done, the overdue ones first, then by key."""
    sightings: tuple[Sighting, ...] = ()
    """How far each outside account was looked at, by account."""
    totals: Totals = field(default_factory=Totals)
    unmanaged: tuple[SubscriptionKey, ...] = ()
    unchanged: int = 0
    headlines: tuple[str, ...] = ()
    """What a reader must know before anything else: a new store, changed settings, a freeze."""
    rules: tuple[RuleUse, ...] = ()
    diagnostics: tuple[Diagnostic, ...] = ()
    declared: frozenset[SubscriptionKey] = frozenset()
    """Records that have a declared pair now and are not marked so; bookkeeping for the apply."""
    settled: Mapping[SubscriptionKey, StoredSubscription] = field(default_factory=dict)
    """Of outside accounts: the records that what elapsed leaves, and that `adopt` takes over; for the apply, too."""

    @property
    def fingerprint(self) -> str:
        """The same for the same lineage and changes, on any machine, at any time and from any commit."""
        return fingerprint(self.bindings.store_lineage, self.changes)

    @property
    def counts(self) -> Counter[str]:
        """How many changes of each kind."""
        counts: Counter[str] = Counter()
        for trait, number in traits_of(self.changes).items():
            counts[str(trait.kind)] += number
        return counts


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the brakes say of a plan: the changes that may pass, and every refusal with its way out."""

    allowed: Sequence[Change]
    refused: tuple[Refusal, ...] = ()

    @property
    def clear(self) -> bool:
        """Whether nothing at all was refused."""
        return not self.refused


def approval(change: Change) -> tuple[object, ...]:
    """What of a change is approved: key, external id, verb, before and after; never positions, reasons or impact."""
    return (str(change.key), change.external_id, str(change.kind), dict(change.before), dict(change.after))


def fingerprint(lineage: str | None, changes: Iterable[Change]) -> str:
    """SHA-256 over the canonical JSON of the lineage and the changes in plan order, one after the other: of a hundred
    thousand, the whole text would need more room than anything else.
    """
    digest = sha256(b"[" + canonical(lineage) + b",[")
    for number, change in enumerate(bare(changes)):
        digest.update((b"," if number else b"") + canonical(approval(change)))
    digest.update(b"]]")
    return digest.hexdigest()


def canonical(document: object) -> bytes:
    """JSON in one spelling: UTF-8, no spaces, keys in code point order."""
    import orjson  # not needed for --help, nor for a plan that shows no fingerprint

    return orjson.dumps(document, option=orjson.OPT_SORT_KEYS)

"""What a run did, and what became of each record since: folds over the journal.

Pure. Follows renames forward, so that a change finds its record under the name that it has now.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from reconciler.changes import Kind
from reconciler.errors import InputError, UsageError
from reconciler.events import EventKind
from reconciler.journal import HistoryEntry, OutcomeKind
from reconciler.model import SubscriptionKey

LAST = "last"
"""Names the last run that changed anything."""
_EVENTS = frozenset(kind.value for kind in EventKind)
_OUTSIDE = frozenset({EventKind.SUSPENDED, EventKind.RESUMED, EventKind.NOTICED})
"""What a provider or somebody there did; all else is time's."""
_SHOWN = 5
_LISTED = "reconcile history --format json tells the run of each change"


@dataclass(slots=True)
class Trace:
    """One change of the run, and what became of its record."""

    entry: HistoryEntry
    key: SubscriptionKey | None
    """The record's key now; None: it was dropped since."""
    later: list[HistoryEntry] = field(default_factory=list)
    """What other runs have changed on it since, oldest first."""
    elapsed: list[HistoryEntry] = field(default_factory=list)
    """What time did to it since, as far as it is journaled."""
    moved_anchor: bool = False
    """Before this change its terms counted from another day than its start."""

    @property
    def made(self) -> bool:
        """Whether the change is known to have been made."""
        return self.entry.outcome is OutcomeKind.SUCCEEDED


@dataclass(frozen=True, slots=True)
class Trail:
    """One run of the journal."""

    run: str
    traces: tuple[Trace, ...]
    """The changes that it made, or may have made, in the order of the journal."""
    elapsed: int = 0
    """How many things that time or others did it recorded."""
    outside: int = 0
    """How many of these were done outside, by a provider or somebody there."""


def run_of(history: Iterable[HistoryEntry], name: str) -> str:
    """The id of the run that a name means: the id itself, an unambiguous beginning of it, or `last`.

    UsageError for a beginning of several runs, InputError where no run is meant.
    """
    if name == LAST:
        last = None
        for entry in history:
            last = entry.run if entry.outcome is OutcomeKind.SUCCEEDED and not _is_event(entry) else last
        if last is None:
            raise InputError("no-such-run", "no run has changed anything yet", _LISTED)
        return last
    found = dict.fromkeys(entry.run for entry in history if entry.run.startswith(name)) if name else {}
    if name in found:
        return name
    if not found:
        raise InputError("no-such-run", f"no run of the journal is called '{name}', or begins so", _LISTED)
    if len(found) > 1:
        shown = ", ".join([*reversed(found)][:_SHOWN])
        more = f", and {len(found) - _SHOWN:,} before them" if len(found) > _SHOWN else ""
        raise UsageError("ambiguous-run", f"{len(found):,} runs begin with {name}", f"they are: {shown}{more}")
    return next(iter(found))


def trail(history: Iterable[HistoryEntry], run: str) -> Trail:
    """The changes of a run that the journal holds, each with its record's further way; the whole journal is handed in.

    InputError where the run changed nothing.
    """
    walk = _Walk(run)
    for entry in history:
        walk.follow(entry)
    if not walk.traces:
        who = "others" if walk.outside == walk.elapsed else "time and others" if walk.outside else "time"
        what = f"recorded only what {who} had done" if walk.elapsed else "changed nothing"
        raise InputError("nothing-to-undo", f"the run {run} {what}", _LISTED)
    return Trail(run, tuple(walk.traces), walk.elapsed, walk.outside)


@dataclass(slots=True)
class _Walk:
    """One reading of the journal."""

    run: str
    traces: list[Trace] = field(default_factory=list)
    elapsed: int = 0
    outside: int = 0
    now: dict[SubscriptionKey, list[Trace]] = field(default_factory=dict)
    """The traces by the key that their record has at this point of the journal."""
    moved: set[str] = field(default_factory=set)
    """Keys of records whose terms count from another day than their start."""

    def follow(self, entry: HistoryEntry) -> None:
        """Take the next entry in."""
        mine, happened = entry.run == self.run, _is_event(entry)
        if entry.outcome is OutcomeKind.SUCCEEDED:
            self._move(entry, happened=happened, mine=mine)
        if mine and happened:
            self.elapsed += 1
            self.outside += entry.kind in _OUTSIDE
        elif mine and entry.outcome not in (OutcomeKind.FAILED, OutcomeKind.SKIPPED):
            trace = Trace(entry, key_of(entry.subscription), moved_anchor=entry.subscription in self.moved)
            self.traces.append(trace)
            self.now.setdefault(key_of(entry.subscription), []).append(trace)
        if entry.outcome is OutcomeKind.SUCCEEDED:
            self._note_anchor(entry)

    def _move(self, entry: HistoryEntry, *, happened: bool, mine: bool) -> None:
        """Tell the traces of its record of it, and let them go where the record goes."""
        traces = self.now.pop(former_key(entry), [])
        key = None if entry.kind == Kind.FORGET else key_of(entry.subscription)
        for trace in traces:
            trace.key = key
            if not mine:
                (trace.elapsed if happened else trace.later).append(entry)
        if key is not None and traces:
            self.now[key] = traces

    def _note_anchor(self, entry: HistoryEntry) -> None:
        """A reactivation and a paid extension begin terms of their own; a corrected start counts them anew."""
        key = entry.subscription
        if entry.kind == Kind.RENAME and str(former_key(entry)) in self.moved:
            self.moved.discard(str(former_key(entry)))
            self.moved.add(key)
        elif entry.kind in (Kind.REACTIVATE, EventKind.EXTENDED):
            self.moved.add(key)
        elif entry.kind in (Kind.REGISTER, Kind.FORGET) or (entry.kind == Kind.CORRECT and "start" in entry.after):
            self.moved.discard(key)


def former_key(entry: HistoryEntry) -> SubscriptionKey:
    """The key that the record had before this entry."""
    key = key_of(entry.subscription)
    return SubscriptionKey(key.account, str(entry.before["name"])) if entry.kind == Kind.RENAME else key


def _is_event(entry: HistoryEntry) -> bool:
    return entry.kind in _EVENTS


def key_of(text: str) -> SubscriptionKey:
    """The key that a journal entry names."""
    account, _, name = text.partition("/")
    return SubscriptionKey(account, name)

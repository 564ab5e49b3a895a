"""For each change of a run: what its spec would have to say to take it back, or why no spec can.

Pure. Judges one change at a time, by the journal and the record; whether a plan then does just that, `proof` tells.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from reconciler.changes import Change, Kind
from reconciler.counter.cases import Case, Surroundings
from reconciler.counter.fields import field_replies, rename_reply
from reconciler.counter.pairs import pair_reply
from reconciler.counter.replies import Answer, Candidate, Reply
from reconciler.counter.trail import Trace, key_of
from reconciler.diagnostics import Location
from reconciler.journal import OutcomeKind
from reconciler.model import SubscriptionKey
from reconciler.undoing import undo_of

_RECORDS = frozenset({Kind.REGISTER, Kind.ADOPT})
_FINAL = frozenset({Kind.CANCEL_NOW, Kind.REACTIVATE, Kind.FORGET})


def replies(trace: Trace, around: Surroundings) -> Iterator[Reply | Candidate]:
    """What is to be said of one change, or tried; an update may come apart into fields that go back and others."""
    kind, key = Kind(trace.entry.kind), trace.key or key_of(trace.entry.subscription)
    row = None if trace.key is None else around.rows.get(trace.key)
    base = Reply(trace.entry, key, Answer.NONE)
    if trace.entry.outcome is OutcomeKind.ACCEPTED:
        hint = "`reconcile --dry-run` tells how far it is; once it is done, undo this run once more"
        yield replace(base, why="it was begun and is not done yet, by its provider or by hand", instead=hint)
    elif not trace.made:
        hint = "look at the provider first, then run `reconcile` again"
        yield replace(base, why="its outcome is not known", instead=hint)
    elif kind in _FINAL:
        yield replace(base, why=_how(kind, key, trace))
    elif row is None:
        dropped = f" by the run {trace.later[-1].run}" if trace.later else ""
        answer = Answer.BACK if kind in _RECORDS else Answer.NONE
        yield replace(base, answer=answer, why=f"its record was dropped{dropped}")
    elif kind in _RECORDS:
        yield replace(base, why="only by its name a record is dropped, never by a spec", instead=_how(kind, key, trace))
    else:
        yield from _on_record(kind, Case(trace, row, around, base))


def _how(kind: Kind, key: SubscriptionKey, trace: Trace) -> str:
    return undo_of(Change(key, kind, trace.entry.before, trace.entry.after, Location("")), None).how


def _on_record(kind: Kind, case: Case) -> Iterator[Reply | Candidate]:
    match kind:
        case Kind.RENAME:
            yield rename_reply(case)
        case Kind.CORRECT | Kind.UPDATE:
            yield from field_replies(case)
        case _:
            yield pair_reply(case, kind)

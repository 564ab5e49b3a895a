"""One change of a run and the record that it was made on, with what is said alike whatever the change was.

Pure values.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from reconciler.counter.atoms import NAME, PAIR
from reconciler.counter.replies import Answer, Candidate, Reply
from reconciler.counter.rewriting import Rewrite
from reconciler.counter.trail import Trace
from reconciler.events import Event
from reconciler.journal import HistoryEntry
from reconciler.model import DesiredSubscription, StoredSubscription, SubscriptionKey
from reconciler.policy import Lifecycle
from reconciler.rulebook import Rulebook

NOT_AS_LEFT = "it is no longer as that run left it"


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the changes of a run are judged by."""

    now: datetime
    rows: Mapping[SubscriptionKey, StoredSubscription]
    """Each record that the run is about, as it stands at now; of an outside account as its provider shows it."""
    desired: Mapping[SubscriptionKey, DesiredSubscription]
    rulebook: Rulebook
    elapsed: Sequence[Event] = ()
    """What time did, and no run has journaled yet."""
    claims: Mapping[SubscriptionKey, DesiredSubscription] = field(init=False)
    """The declared subscriptions that take over a record of another name, by that name."""

    def __post_init__(self) -> None:
        """Note who claims which record."""
        claims = {
            SubscriptionKey(key.account, wanted.previously): wanted
            for key, wanted in self.desired.items()
            if wanted.previously is not None
        }
        object.__setattr__(self, "claims", claims)


@dataclass(frozen=True, slots=True)
class Case:
    """One change, its record as it stands, and what is known around them."""

    trace: Trace
    row: StoredSubscription
    around: Surroundings
    base: Reply

    @property
    def entry(self) -> HistoryEntry:
        """The change as it was journaled."""
        return self.trace.entry

    @property
    def wanted(self) -> DesiredSubscription | None:
        """The declared subscription that has this record, be it under another name."""
        return self.around.desired.get(self.row.key) or self.around.claims.get(self.row.key)

    @property
    def lifecycle(self) -> Lifecycle | None:
        """The policy of its account."""
        return self.around.rulebook.lifecycles.get(self.row.key.account)

    def moved_otherwise(self) -> Reply:
        """Nothing of ours is known to have moved it, and it is not as the run left it."""
        if self.row.key.account not in self.around.rulebook.outside:
            return self.no(NOT_AS_LEFT)
        hint = "it was changed outside since: `reconcile --dry-run` tells what, and what can be done about it"
        return self.no(NOT_AS_LEFT, hint)

    def no(self, why: str, instead: str = "", fields: tuple[str, ...] = ()) -> Reply:
        """No patch takes it back."""
        return replace(self.base, why=why, instead=instead, fields=fields)

    def moved_since(self, later: Sequence[HistoryEntry], *, back: bool, fields: tuple[str, ...] = ()) -> Reply:
        """Another run has moved the same since: it took it back, or else that run is the one to be undone."""
        run = later[-1].run
        if back:
            return replace(self.base, answer=Answer.BACK, why=f"the run {run} took it back", fields=fields)
        return self.no(f"the run {run} has moved it since", f"reconcile undo {run}", fields)

    def tried(self, lines: Sequence[str], rewrite: Rewrite, expected: Mapping[str, object]) -> Reply | Candidate:
        """What a patch may do, where there is a spec to be patched."""
        wanted = self.wanted
        fields = tuple(name for name in expected if name not in (NAME, PAIR))
        if wanted is None:
            said = " and ".join(f"`{line}`" for line in lines)
            return self.no("no file declares it any more", f"declare it again, with {said}", fields)
        reply = replace(
            self.base,
            answer=Answer.PATCH,
            fields=fields,
            lines=tuple(lines),
            place=wanted.place,
            until=self.row.term.end if PAIR in expected else None,
        )
        name = wanted.key.name if rewrite.name is None else rewrite.name
        return Candidate(reply, wanted.key, SubscriptionKey(wanted.key.account, name), rewrite, expected)

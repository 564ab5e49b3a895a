"""Which record a declared subscription has: the one of its name, or of the name it had before, and never one for two.

Pure. What is to be done with the record is `build`'s to decide.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import cached_property

from reconciler.changes import Kind
from reconciler.desired import DesiredState
from reconciler.diagnostics import Diagnostic, warning
from reconciler.model import DesiredSubscription, StoredSubscription, SubscriptionKey
from reconciler.stored import StoredState
from reconciler.wishes import Barred


@dataclass(frozen=True, slots=True)
class Found:
    """What is stored for a declared subscription."""

    row: StoredSubscription | None = None
    """Its record, under its former name where it is to be renamed; None: there is none yet."""
    barred: Barred | None = None
    """Why nothing at all can be done about it."""
    warning: Diagnostic | None = None


class Records:
    """The stored records, as declared subscriptions ask for theirs."""

    def __init__(self, desired: DesiredState, stored: StoredState) -> None:
        self._desired = desired.subscriptions
        self._rows = stored.subscriptions
        self._open = stored.open_intents
        self._former = Counter(
            SubscriptionKey(key.account, wanted.previously)
            for key, wanted in desired.subscriptions.items()
            if wanted.previously is not None
        )

    def of(self, wanted: DesiredSubscription) -> Found:
        """The record of a declared subscription."""
        row = self._rows.get(wanted.key)
        if wanted.previously is None:
            return Found(row, self._bar(wanted, row))
        key = SubscriptionKey(wanted.key.account, wanted.previously)
        former = self._rows.get(key)
        if former is None and key not in self._desired:
            return Found(row, self._bar(wanted, row), _not_stored(wanted))
        return Found(former, self._clash(wanted, row, key) or self._bar(wanted, former))

    @property
    def unclaimed(self) -> list[SubscriptionKey]:
        """Keys of the records that no declared subscription asks for, in order."""
        return sorted(key for key in self._rows if key not in self._desired and key not in self._former)

    def _clash(
        self, wanted: DesiredSubscription, row: StoredSubscription | None, former: SubscriptionKey
    ) -> Barred | None:
        """What keeps a record from taking the new name: that must be free, and a record can go to one name only."""
        if former in self._desired:
            # Told even before that is stored: else it would show only in the run after this one.
            detail = f"{former} is declared by that name itself"
            hint = "remove `previously`, or the declaration under the former name"
        elif row is not None:
            detail = f"both {wanted.key} and {former} are stored"
            hint = f"remove `previously`, or drop one record: reconcile forget {former}"
        elif self._former[former] > 1:
            detail = f"{self._former[former]} subscriptions say that they were {former}"
            hint = "only one of them can take its record over: remove `previously` from the others"
        else:
            return None
        return Barred(Kind.RENAME, "rename-clash", detail, hint)

    def _bar(self, wanted: DesiredSubscription, row: StoredSubscription | None) -> Barred | None:
        """What forbids to treat the record as this subscription at all."""
        if row is not None and row.key != wanted.key and row.key in self._open:
            detail = f"a change of {row.key} was begun and is not done"
            return Barred(Kind.RENAME, "outcome-unknown", detail, "finish that under its former name first")
        if wanted.id is None:
            return None
        if row is not None and row.id is not None and row.id != wanted.id:
            detail = f"the record's id is {row.id}, the spec says {wanted.id}"
            hint = "another id is another subscription: give it a name of its own"
            return Barred(Kind.CORRECT, "id-mismatch", detail, hint)
        other = self._ids.get((wanted.key.account, wanted.id))
        if other is None or (row is not None and other == row.key):
            return None
        detail = f"{other} has the id {wanted.id}"
        hint = f"if this is a rename, write `previously: {other.name}`"
        return Barred(Kind.REGISTER if row is None else Kind.CORRECT, "id-taken", detail, hint)

    @cached_property
    def _ids(self) -> dict[tuple[str, str], SubscriptionKey]:
        """Who has which id; made when the first one is declared, which on a ledger few do."""
        return {(key.account, row.id): key for key, row in self._rows.items() if row.id}


def _not_stored(wanted: DesiredSubscription) -> Diagnostic:
    return warning(
        "previously-not-stored",
        "`previously` names nothing that is stored; ignored",
        wanted.fields.get("previously", wanted.place),
        detail=f"{wanted.key.account}/{wanted.previously}",
        hint="remove the line once the rename has been applied everywhere",
    )

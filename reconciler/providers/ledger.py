"""The ledger: accounts whose subscriptions live in our own store. It records, and changes nothing at a vendor.

It answers with the record that a change leaves; the store writes it in the transaction that journals the outcome.
"""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from reconciler.changes import Change, Kind
from reconciler.effects import carried_out
from reconciler.journal import Outcome, OutcomeKind
from reconciler.model import StoredSubscription


class LedgerProvider:
    """ports.Provider over our own rows: its observed state is the stored state."""

    name: ClassVar[str] = "ledger"
    atomic: ClassVar[bool] = True

    def execute(self, change: Change, row: StoredSubscription | None, operation_id: str, now: datetime) -> Outcome:
        """The record that the change leaves behind; a date beyond the calendar is a failed outcome."""
        if change.kind is Kind.FORGET:
            return Outcome(OutcomeKind.SUCCEEDED)
        try:
            return Outcome(OutcomeKind.SUCCEEDED, carried_out(change, row, now))
        except OverflowError as error:
            return Outcome(OutcomeKind.FAILED, error=str(error))

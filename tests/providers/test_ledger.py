"""The ledger carries a change out by answering the record that it leaves."""

from __future__ import annotations

from reconciler.changes import Kind
from reconciler.effects import carried_out
from reconciler.journal import OutcomeKind
from reconciler.providers.ledger import LedgerProvider
from tests.builders import NOW, a_change, a_stored


def test_a_change_leaves_the_record_that_planning_foresaw() -> None:
    change = a_change(Kind.TURN_OFF)
    outcome = LedgerProvider().execute(change, a_stored(), "op", NOW)
    assert outcome.kind is OutcomeKind.SUCCEEDED
    assert outcome.row == carried_out(change, a_stored(), NOW)


def test_forgetting_leaves_no_record() -> None:
    outcome = LedgerProvider().execute(a_change(Kind.FORGET), a_stored(), "op", NOW)
    assert (outcome.kind, outcome.row) == (OutcomeKind.SUCCEEDED, None)


def test_a_date_beyond_the_calendar_is_a_failed_outcome_and_no_crash() -> None:
    change = a_change(Kind.REGISTER, after={**a_change(Kind.REGISTER).after, "start": "9999-12-01"})
    outcome = LedgerProvider().execute(change, None, "op", NOW)
    assert (outcome.kind, outcome.error) == (OutcomeKind.FAILED, "a term ends after the year 9999")


def test_its_effects_are_its_records() -> None:
    assert (LedgerProvider.name, LedgerProvider.atomic) == ("ledger", True)

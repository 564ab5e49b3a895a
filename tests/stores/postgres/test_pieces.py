"""A shard's changes as text, and back."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reconciler.changes import Kind, Risk
from reconciler.consequences import Amount, Basis, Impact
from reconciler.diagnostics import Location
from reconciler.journal import Entry, Outcome, OutcomeKind
from reconciler.model import Money
from reconciler.settings import OnDrift
from reconciler.stores.postgres.pieces import pieces_of, text_of
from reconciler.stores.rows import journal_row
from tests.builders import NOW
from tests.dispatching.yard import a_piece


def test_all_that_the_journal_and_a_provider_need_comes_back() -> None:
    amount = Amount(Money(1200, "EUR"), Basis.PRICE_LIST, "1 x 12")
    given = a_piece(
        1,
        kind=Kind.CANCEL_NOW,
        reason="no \x00 use",
        risk=Risk.IRREVERSIBLE,
        impact=Impact(reversible_until=NOW, value=amount),
    )
    account = replace(
        given.account, options={"mode": "live"}, tenant="t", apply_as="writer", on_drift=OnDrift.CORRECT, shared="main"
    )
    given = replace(given, account=account)
    (found,) = pieces_of(text_of([given]))
    assert (found.account, found.row, found.operation_id) == (account, given.row, given.operation_id)
    assert found.change.place == Location(given.change.place.location.file, *_line(given))

    def journaled(piece: object) -> object:
        change = getattr(piece, "change")  # noqa: B009 - of either
        return journal_row(Entry("1", change, Outcome(OutcomeKind.INTENDED)), 1, None, "now", None)

    assert journaled(found) == journaled(given)


def _line(piece: object) -> tuple[int, int]:
    location = piece.change.place.location  # type: ignore[attr-defined]
    return location.line, location.column


@pytest.mark.parametrize("text", ["{}", "[]", "nonsense", '{"accounts": {}, "pieces": [{}]}'])
def test_what_is_no_shard_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        pieces_of(text)

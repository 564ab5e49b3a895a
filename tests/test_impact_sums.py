"""The sums of a plan by currency, and its first irreversible instant."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.changes import ENDING, INTENTS, SPENDING, Change, Kind
from reconciler.consequences import Amount, Basis, Impact, Refund, Totals
from reconciler.impact import first_irreversible, risk, totals
from reconciler.model import Money
from tests.builders import NOW, a_change
from tests.impacts import (
    instant,
)


def with_impact(kind: Kind, **fields: Any) -> Change:
    return a_change(kind, risk=risk(kind), impact=Impact(**fields))


def euros(minor: int) -> Amount:
    return Amount(Money(minor, "EUR"), Basis.DECLARED)


NOT_KNOWN = Amount(None, Basis.UNKNOWN, "nobody said")


class TestTotals:
    def test_what_ends_goes_on_and_comes_back_is_summed_by_currency(self) -> None:
        found = totals(
            [
                with_impact(Kind.TURN_OFF, value=euros(100)),
                with_impact(Kind.CANCEL_AT_RENEWAL, value=Amount(Money(7, "JPY"), Basis.PRICE_LIST)),
                with_impact(Kind.CANCEL_NOW, value=euros(30), refund=Refund(euros(5), "prorated")),
                with_impact(Kind.TURN_ON, value=euros(1000)),
                with_impact(Kind.REACTIVATE, value=euros(1)),
                with_impact(Kind.UNDO_CANCEL, value=euros(10)),
            ]
        )
        assert found == Totals({"EUR": 130, "JPY": 7}, {"EUR": 1011}, {"EUR": 5}, 0)
        assert list(found.avoided) == ["EUR", "JPY"]

    def test_a_change_with_a_sum_that_is_not_known_is_counted_once(self) -> None:
        found = totals(
            [
                with_impact(Kind.CANCEL_NOW, value=NOT_KNOWN, refund=Refund(NOT_KNOWN, "not-known")),
                with_impact(Kind.CANCEL_NOW, value=euros(3), refund=Refund(NOT_KNOWN, "not-known")),
                with_impact(Kind.TURN_ON, value=NOT_KNOWN),
            ]
        )
        assert found == Totals({"EUR": 3}, {}, {}, 3)

    def test_a_month_of_the_paid_extension_that_follows_is_incurred(self) -> None:
        found = totals([with_impact(Kind.TURN_OFF, value=euros(520000), extension=euros(53560))])
        assert found == Totals({"EUR": 520000}, {"EUR": 53560}, {}, 0)

    def test_an_extension_that_is_the_value_already_is_incurred_once(self) -> None:
        found = totals([with_impact(Kind.UNDO_CANCEL, value=euros(53560), extension=euros(53560))])
        assert found == Totals({}, {"EUR": 53560}, {}, 0)

    def test_an_extension_that_may_follow_or_has_no_known_price_is_counted(self) -> None:
        found = totals(
            [
                with_impact(Kind.TURN_OFF, value=euros(100), extension=NOT_KNOWN),
                with_impact(Kind.TURN_OFF, value=euros(20), unknown=("extension", "access_ends")),
                with_impact(Kind.UNDO_CANCEL, unknown=("charge", "extension")),
            ]
        )
        assert found == Totals({"EUR": 120}, {}, {}, 3)

    def test_where_nothing_moves_no_currency_is_named(self) -> None:
        found = totals(
            [
                with_impact(Kind.CANCEL_NOW, value=euros(0), refund=Refund(euros(0), "none")),
                with_impact(Kind.UNDO_CANCEL),
                a_change(Kind.TURN_OFF),
            ]
        )
        assert found == Totals()

    @pytest.mark.parametrize("kind", sorted(set(Kind) - INTENTS))
    def test_what_is_only_recorded_moves_no_money(self, kind: Kind) -> None:
        assert totals([with_impact(kind, value=euros(100))]) == Totals()
        assert totals([with_impact(kind, value=NOT_KNOWN)]) == Totals()

    @given(
        st.lists(
            st.tuples(
                st.sampled_from(sorted(INTENTS)), st.integers(0, 10**30), st.sampled_from(["CLF", "EUR", "JPY", "KWD"])
            )
        )
    )
    def test_they_are_exact_however_large(self, moves: list[tuple[Kind, int, str]]) -> None:
        changes = [with_impact(kind, value=Amount(Money(minor, code), Basis.DECLARED)) for kind, minor, code in moves]
        found = totals(changes)
        for side, sums in ((ENDING, found.avoided), (SPENDING, found.incurred)):
            for currency in ("CLF", "EUR", "JPY", "KWD"):
                slow = sum(minor for kind, minor, code in moves if kind in side and code == currency)
                assert sums.get(currency, 0) == slow


class TestFirstIrreversible:
    EARLY, LATE = instant("2027-01-01"), instant("2027-03-01")

    def test_it_is_the_earliest_instant(self) -> None:
        changes = [
            with_impact(Kind.TURN_OFF, reversible_until=self.LATE),
            with_impact(Kind.TURN_ON, reversible_until=self.EARLY),
            with_impact(Kind.UPDATE),
            a_change(Kind.REGISTER),
        ]
        assert first_irreversible(changes, NOW) == self.EARLY

    @pytest.mark.parametrize("kind", [Kind.CANCEL_NOW, Kind.REACTIVATE])
    def test_it_is_now_where_something_never_can_be_taken_back(self, kind: Kind) -> None:
        changes = [with_impact(Kind.TURN_OFF, reversible_until=self.EARLY), a_change(kind, risk=risk(kind))]
        assert first_irreversible(changes, NOW) == NOW

    def test_there_is_none_where_all_of_it_always_can(self) -> None:
        assert first_irreversible([with_impact(Kind.UPDATE), a_change(Kind.REGISTER)], NOW) is None
        assert first_irreversible([], NOW) is None

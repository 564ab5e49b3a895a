"""What changes come to: sums by currency, and those that nobody can price."""

from __future__ import annotations

from dataclasses import replace

from reconciler.changes import Change, Kind
from reconciler.consequences import Amount, Basis, Impact
from reconciler.diagnostics import Location
from reconciler.model import Money, SubscriptionKey
from reconciler.worth import Unpriced, is_unpriced, sums, value_of

PLAIN = Change(SubscriptionKey("contoso", "a"), Kind.TURN_OFF, {}, {}, Location("specs/a.yaml"))
PRICED = replace(PLAIN, impact=Impact(value=Amount(Money(250, "EUR"), Basis.DECLARED)))
UNKNOWN = replace(PLAIN, impact=Impact(value=Amount(None, Basis.UNKNOWN)))
FREE = replace(PLAIN, impact=Impact())


def test_a_value_is_that_of_what_limits_count() -> None:
    assert value_of(PRICED) == Money(250, "EUR")
    assert value_of(UNKNOWN) is value_of(FREE) is value_of(PLAIN) is None


def test_only_what_moves_money_can_be_without_a_price() -> None:
    assert [is_unpriced(change) for change in (PRICED, UNKNOWN, FREE, PLAIN)] == [False, True, False, True]
    assert is_unpriced(replace(FREE, impact=Impact(unknown=("charge",))))


def test_sums_are_by_currency_and_leave_out_what_is_not_known() -> None:
    found = sums([Money(1, "EUR"), None, Money(2, "USD"), Money(3, "EUR"), Money(0, "SEK")])
    assert dict(found) == {"EUR": 4, "USD": 2, "SEK": 0}


def test_of_those_without_a_price_all_are_counted_and_the_first_few_named() -> None:
    unpriced, changes = Unpriced(), [replace(UNKNOWN, key=SubscriptionKey("contoso", f"s{n:02}")) for n in range(30)]
    assert list(unpriced.among([PRICED, *changes])) == [PRICED, *changes]
    assert unpriced.count == 30
    assert unpriced.first == [f"contoso/s{n:02}" for n in range(10)]

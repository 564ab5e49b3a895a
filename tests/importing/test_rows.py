"""What a row states, as other modules ask for it."""

from __future__ import annotations

from datetime import date

import pytest

from reconciler.importing.rows import COLUMNS, recorded_pair, stated
from reconciler.model import Cancel, Money, Recurring, TermLength
from tests.importing.files import a_row


def test_the_columns_are_those_of_the_contract() -> None:
    assert (
        ",".join(COLUMNS) == "name,product,term,start,recurring,cancel,billing,seats,price,last_charge,owner,id,labels"
    )


@pytest.mark.parametrize(
    ("recurring", "cancel", "pair"),
    [
        (None, None, (Recurring.ON, Cancel.NONE)),
        (Recurring.OFF, None, (Recurring.OFF, Cancel.NONE)),
        (None, Cancel.AT_RENEWAL, (Recurring.OFF, Cancel.AT_RENEWAL)),
        (Recurring.ON, Cancel.NONE, (Recurring.ON, Cancel.NONE)),
    ],
)
def test_a_record_begins_as_the_row_says_and_otherwise_renews(
    recurring: Recurring | None, cancel: Cancel | None, pair: tuple[Recurring, Cancel]
) -> None:
    row = a_row(recurring=recurring, cancel=cancel)
    assert recorded_pair(row) == pair
    assert row.states_pair == (recurring is not None or cancel is not None)


def test_whatever_a_row_says_otherwise_makes_it_another() -> None:
    others = [
        a_row("Other"),
        a_row(product="OTHER"),
        a_row(term=TermLength.ANNUAL),
        a_row(start=date(2026, 4, 1)),
        a_row(recurring=Recurring.ON),
        a_row(cancel=Cancel.NONE),
        a_row(billing=TermLength.MONTHLY),
        a_row(seats=0),
        a_row(price=Money(0, "EUR")),
        a_row(last_charge=Money(0, "EUR")),
        a_row(owner="me"),
        a_row(id="me"),
        a_row(labels={"a": "b"}),
        a_row(labels={"a": ""}),
    ]
    assert len({stated(row) for row in [a_row(), *others]}) == len(others) + 1
    assert stated(a_row(line=9, labels={"a": "b", "c": "d"})) == stated(a_row(labels={"c": "d", "a": "b"}))

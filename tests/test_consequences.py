"""The values of a change's consequences: what is empty says nothing, and nothing is added up by itself."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import FrozenInstanceError, fields
from datetime import date

import pytest

from reconciler.consequences import Amount, Basis, Due, DueList, Impact, Totals
from reconciler.model import Money, TermLength
from tests.builders import a_key


def test_an_impact_says_nothing_unless_told() -> None:
    assert [item.name for item in fields(Impact) if getattr(Impact(), item.name)] == []


def test_totals_of_nothing_are_empty() -> None:
    assert (Totals().avoided, Totals().incurred, Totals().refunded, Totals().unknown) == ({}, {}, {}, 0)
    assert Totals().avoided is not Totals().avoided


def test_a_sum_cannot_be_changed() -> None:
    amount = Amount(Money(1, "EUR"), Basis.DECLARED)
    with pytest.raises(FrozenInstanceError):
        setattr(amount, "money", None)  # noqa: B010 - a plain assignment is what mypy refuses


@pytest.mark.parametrize("basis", Basis)
def test_each_basis_has_a_word_for_documents(basis: Basis) -> None:
    assert Basis(str(basis)) is basis
    assert str(basis) in {"declared", "price-list", "last-charge", "not-known"}


def a_due(name: str, day: int = 1, minor: int | None = None, currency: str = "EUR") -> Due:
    """A renewal in December."""
    amount = Amount(None, Basis.UNKNOWN) if minor is None else Amount(Money(minor, currency), Basis.DECLARED)
    return Due(a_key(f"contoso/{name}"), "SPB", date(2026, 12, day), TermLength.ANNUAL, amount, None, managed=True)


A, B, C = a_due("a", 9, 100), a_due("b", 2), a_due("c", 2, 7, "JPY")


def test_renewals_are_made_once_and_only_when_somebody_looks() -> None:
    made = []

    def make() -> Iterator[Due]:
        made.append(1)
        yield from (A, B, C)

    found = DueList(make, {"EUR": 100, "JPY": 7}, 1, 3)
    assert (len(found), bool(found), found.sums, found.unknown, made) == (3, True, {"EUR": 100, "JPY": 7}, 1, [])
    assert [item.key.name for item in found] == ["b", "c", "a"]
    assert (found[0], found[-1], found[1:]) == (B, A, (C, A))
    assert made == [1]


def test_a_list_of_values_is_counted_and_summed() -> None:
    found = DueList.of([A, B, C])
    assert (found.sums, found.unknown, len(found)) == ({"EUR": 100, "JPY": 7}, 1, 3)
    assert DueList.of(found) is found
    assert (len(DueList.of(())), DueList.of(()).sums, list(DueList.of(()))) == (0, {}, [])


def test_two_lists_are_one_in_order() -> None:
    found = DueList.of([A]) + DueList.of([B]) + (C,)
    assert found == DueList.of([A, B, C]) == (B, C, A)
    assert found != (A, B, C)
    assert found != "another thing"
    assert found != 7
    assert (found.sums, found.unknown, len(found)) == ({"EUR": 100, "JPY": 7}, 1, 3)
    assert hash(found) == hash(DueList.of([C, B, A]))


def test_what_comes_to_nothing_is_a_sum_however_the_list_was_made() -> None:
    free = a_due("free", 1, 0)
    whole = DueList.of([free])
    nothing: tuple[Due, ...] = ()
    for found in (whole, whole + nothing, DueList(lambda: [free], {"EUR": 0}, 0, 1)):
        assert found.sums == {"EUR": 0}
    assert whole.unknown == 0

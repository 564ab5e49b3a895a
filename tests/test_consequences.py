"""The values of a change's consequences: what is empty says nothing, and nothing is added up by itself."""

from __future__ import annotations

from dataclasses import FrozenInstanceError, fields

import pytest

from reconciler.consequences import Amount, Basis, Impact, Totals
from reconciler.model import Money


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

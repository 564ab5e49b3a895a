from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from reconciler.testing.emulators import EMULATORS, UnknownEmulator, sample_estate
from tests.testing.emulators.toy import NOW


@pytest.mark.parametrize("name", EMULATORS)
def test_an_estate_is_the_same_for_the_same_seed_and_day(name: str) -> None:
    one, same = (sample_estate(name, 30, 7, now=NOW).ledger.tables for _ in range(2))
    other = sample_estate(name, 30, 8, now=NOW).ledger.tables
    assert one == same
    assert one != other


@pytest.mark.parametrize("name", EMULATORS)
def test_an_estate_in_a_ledger_is_taken_as_it_is(name: str, tmp_path: Path) -> None:
    path = tmp_path / "estate.jsonl"
    first = sample_estate(name, 5, 1, ledger=path, now=NOW)
    tables = first.ledger.tables
    first.close()
    second = sample_estate(name, 50, 2, ledger=path, now=NOW)
    assert second.ledger.tables == tables
    second.close()


@pytest.mark.parametrize("name", EMULATORS)
def test_an_estate_lives_for_years_without_an_effect(name: str) -> None:
    emulator = sample_estate(name, 30, now=NOW)
    emulator.advance(timedelta(days=3 * 365))
    assert emulator.effects == []


def test_an_unknown_name_is_told_with_the_known_ones() -> None:
    with pytest.raises(UnknownEmulator, match="microsoft, partner-center, stripe"):
        sample_estate("paypal")

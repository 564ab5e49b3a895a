"""Rows become values and values rows; values that are alike are one object, and a frozen record stays frozen."""

from __future__ import annotations

from dataclasses import FrozenInstanceError, fields

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.diagnostics import Location
from reconciler.journal import Freeze, Holder, OutcomeKind
from reconciler.model import Money, StoredSubscription
from reconciler.stores.rows import (
    clean,
    freeze,
    freeze_row,
    history_entry,
    holder,
    holder_row,
    last_as_of,
    run_row,
    safety,
    stored_row,
    subscriptions,
)
from reconciler.stores.tables import HOLDER, RUNS, SUBSCRIPTIONS
from tests.builders import NOW, a_run, a_stored
from tests.stores.contract import LATER, records


@given(st.lists(records(), unique_by=lambda record: record.key, max_size=3))
def test_rows_of_records_are_read_back(found: list[StoredSubscription]) -> None:
    rows = [stored_row(record) for record in found]
    assert all(SUBSCRIPTIONS.problem(row) is None for row in rows)
    assert subscriptions(rows) == {record.key: record for record in found}


def test_a_record_that_was_read_is_as_frozen_as_any() -> None:
    (record,) = subscriptions([stored_row(a_stored())]).values()
    assert type(record) is StoredSubscription
    with pytest.raises(FrozenInstanceError):
        record.product = "x"  # type: ignore[misc]
    assert [getattr(record, one.name) for one in fields(record)] == [
        getattr(a_stored(), one.name) for one in fields(StoredSubscription)
    ]
    assert hash(record.key) == hash(a_stored().key)


def test_values_that_are_alike_are_one_object() -> None:
    alike = {"price": Money(2060, "EUR"), "owner": "it@contoso.example", "labels": {"team": "sales"}}
    one, other = subscriptions([stored_row(a_stored(f"contoso/{name}", **alike)) for name in "ab"]).values()
    for field in ("product", "term", "start", "price", "owner", "labels"):
        assert getattr(one, field) is getattr(other, field)
    assert one.key.account is other.key.account


def test_a_currency_that_is_no_longer_in_use_can_still_be_read() -> None:
    price = Money(100, "HRK")
    (record,) = subscriptions([stored_row(a_stored(price=price))]).values()
    assert record.price == price


def test_no_rows_are_no_records() -> None:
    assert subscriptions([]) == {}


def test_a_row_that_is_none_is_named() -> None:
    good, bad = stored_row(a_stored("contoso/a")), [*stored_row(a_stored("contoso/b"))]
    bad[9] = "aktiv"
    with pytest.raises(ValueError, match=r"^contoso/b: 'aktiv'$"):
        subscriptions([good, tuple(bad)])


@pytest.mark.parametrize("value", [b"x", 7, None])
def test_a_name_that_is_no_text_is_refused(value: object) -> None:
    with pytest.raises(ValueError, match="no text"):
        subscriptions([("contoso", value, *stored_row(a_stored())[2:])])


def test_a_run_fits_its_table_whatever_the_environment_holds() -> None:
    row = run_row(a_run(actor="\udcff", host="\udcff", ci_run="\udcff", commit_author="\udcff", allowed=("\udcff",)))
    assert RUNS.problem((1, *row)) is None
    assert row[4] == "?"


@pytest.mark.parametrize(("text", "cleaned"), [(None, None), ("", ""), ("ä", "ä"), ("a\udcffb", "a?b")])
def test_only_what_is_no_utf8_is_replaced(text: str | None, cleaned: str | None) -> None:
    assert clean(text) == cleaned


@pytest.mark.parametrize("value", [None, Freeze("why", NOW, "ada"), Freeze("why", NOW, "ada", LATER)])
def test_a_freeze_is_read_back(value: Freeze | None) -> None:
    assert freeze(*freeze_row(value)) == value


def test_a_holder_is_read_back() -> None:
    value = Holder(1, "here", NOW, "ada", "https://ci.example/7")
    assert holder(holder_row(value)) == value
    assert HOLDER.problem(holder_row(value)) is None


def test_what_is_not_recorded_is_none() -> None:
    assert safety(None) is None
    assert last_as_of(None) is None


def test_a_journal_row_that_is_none_is_named() -> None:
    row = (5, "r", "2026-11-23T12:00:00Z", "c", "n", "update", "succeeded", "{}", "{}", *[None] * 2, "a")
    row = (*row, None, None, None, "f.yaml", 1, 2, "2026-11-24T00:00:00Z", '["empty"]')
    row = (*row, None, "reversible-until", "2026-12-01T00:00:00Z", 2060, "EUR", None)
    assert history_entry(row).source == Location("f.yaml", 1, 2)
    assert (history_entry(row).outcome, history_entry(row).allowed) == (OutcomeKind.SUCCEEDED, ("empty",))
    wrong = ((1, None), (2, 3), (6, "done"), (7, "{"), (16, -1), (18, 3), (19, "{}"))
    for position, value in (*wrong, (20, 3), (21, "risky"), (22, b"x"), (23, None), (24, None), (25, 7)):
        bad: list[object] = [*row]
        bad[position] = value
        with pytest.raises(ValueError, match=r"^journal entry 5: "):
            history_entry(tuple(bad))

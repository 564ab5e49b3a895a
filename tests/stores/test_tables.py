"""What stands in a column is spelled in one way, and nothing else is taken for it."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from types import MappingProxyType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.stores.tables import (
    ACCOUNTS,
    EXPORTED,
    RUNS,
    SIGHTINGS,
    STORE,
    SUBSCRIPTIONS,
    Unstorable,
    day,
    day_text,
    instant,
    instant_text,
    json_text,
)
from tests.stores.contract import instants

zones = st.integers(-23 * 60, 23 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))


@given(moment=instants, zone=zones)
def test_an_instant_is_read_back_from_its_text_whatever_zone_it_was_in(moment: datetime, zone: timezone) -> None:
    text = instant_text(moment.astimezone(zone))
    assert text == instant_text(moment)
    assert instant(text) == moment
    assert instant(text).tzinfo is UTC


@given(st.dates())
def test_a_day_is_read_back_from_its_text(value: date) -> None:
    assert day(day_text(value)) == value


def test_an_instant_is_written_in_utc_without_needless_digits() -> None:
    assert instant_text(datetime(2026, 11, 23, 12, tzinfo=UTC)) == "2026-11-23T12:00:00Z"
    assert instant_text(datetime(2026, 11, 23, 12, 0, 0, 500, tzinfo=UTC)) == "2026-11-23T12:00:00.000500Z"
    assert instant_text(datetime(1, 1, 1, tzinfo=UTC)) == "0001-01-01T00:00:00Z"


@pytest.mark.parametrize(
    "text",
    ["2026-11-23", "2026-11-23T12:00:00", "2026-11-23T12:00:00+00:00", "20261123T12Z", "2026-11-23T24:00Z", ""],
)
def test_an_instant_of_another_spelling_is_none(text: str) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        instant(text)


@pytest.mark.parametrize("text", ["20261123", "2026-W48-1", "2026-11-31", "2026-11-23T00:00:00Z", ""])
def test_a_day_of_another_spelling_is_none(text: str) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        day(text)


def test_equal_values_make_equal_json() -> None:
    assert json_text({"b": 1, "a": MappingProxyType({"ü": None})}) == '{"a":{"ü":null},"b":1}'


@pytest.mark.parametrize("value", [{"a": 1 << 70}, {"a": "\ud800"}, {"a": object()}])
def test_what_json_cannot_say_is_unstorable(value: object) -> None:
    with pytest.raises(Unstorable):
        json_text(value)


ROW = ("l", 3, "2026-11-23T00:00:00Z", '{"a":1}', None, None, None, None)


def test_a_row_goes_out_as_json_and_comes_back() -> None:
    values = {**STORE.to_json(ROW), "safety": {"a": 1}}
    assert STORE.from_json(values) == ROW


@pytest.mark.parametrize(
    ("position", "value"),
    [
        pytest.param(0, None, id="a text that must be there"),
        pytest.param(0, b"l", id="bytes for a text"),
        pytest.param(0, 1, id="a number for a text"),
        pytest.param(1, -1, id="a negative number"),
        pytest.param(1, 1 << 63, id="a number over 64 bits"),
        pytest.param(1, 1.0, id="a fraction"),
        pytest.param(1, True, id="a flag for a number"),
        pytest.param(2, "2026-11-23", id="a day for an instant"),
        pytest.param(3, '{"b":1, "a":2}', id="json that is not canonical"),
        pytest.param(3, "{", id="json cut short"),
    ],
)
def test_a_value_that_does_not_fit_its_column_is_named(position: int, value: object) -> None:
    row: list[object] = [*ROW]
    row[position] = value
    assert STORE.problem(ROW) is None
    assert str(STORE.problem(row)).startswith(f"{STORE.names[position]} cannot be ")


def test_a_word_that_is_not_known_does_not_fit() -> None:
    words = [column for column in SUBSCRIPTIONS.columns if column.name == "status"]
    assert [column.fits("active") for column in words] == [True]
    assert [column.fits(value) for column in words for value in ("aktiv", ["active"], 1)] == [False] * 3


@pytest.mark.parametrize(
    "values",
    [
        pytest.param({"name": "a", "provider": "ledger"}, id="a key too few"),
        pytest.param({"name": "a", "provider": "ledger", "tenant": None, "x": 1}, id="a key too many"),
        pytest.param({"name": "a", "provider": 1, "tenant": None}, id="a number for a text"),
    ],
)
def test_json_that_is_no_row_is_refused(values: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        ACCOUNTS.from_json(values)


@pytest.mark.parametrize("flag", [0, 1, "true", None])
def test_a_flag_is_true_or_false_in_json_and_nothing_else(flag: object) -> None:
    values: dict[str, object] = dict.fromkeys(SUBSCRIPTIONS.names)
    with pytest.raises(ValueError, match="protected cannot be"):
        SUBSCRIPTIONS.from_json({**values, "protected": flag, "declared": True})


def test_a_number_is_no_flag_in_json() -> None:
    values: dict[str, object] = {**dict.fromkeys(RUNS.names), "number": True, "allowed": []}
    with pytest.raises(ValueError, match="number cannot be 'True'"):
        RUNS.from_json(values)


def test_a_table_of_an_earlier_export_is_without_what_came_later() -> None:
    now, then = SUBSCRIPTIONS.of(2), SUBSCRIPTIONS.of(1)
    assert (now.names, now.keys) == (SUBSCRIPTIONS.names, SUBSCRIPTIONS.keys)
    assert (then.names, then.keys) == (SUBSCRIPTIONS.names[:-3], SUBSCRIPTIONS.keys)
    assert "extended" not in then.insert
    assert (now.since, SIGHTINGS.since, SIGHTINGS.of(3).names) == (1, 3, SIGHTINGS.names)
    grown = {table.name for table in EXPORTED if table.of(2).names != table.names}
    assert grown == {"journal", "sightings", "observations"}


def test_a_column_that_came_later_stands_behind_all_that_were_there() -> None:
    for table in EXPORTED:
        ages = [column.since for column in table.columns]
        assert ages == sorted(ages)


def test_what_is_exported_first_is_what_others_refer_to() -> None:
    names = ["store", "accounts", "subscriptions", "runs", "journal", "sightings", "observations"]
    assert [table.name for table in EXPORTED] == names

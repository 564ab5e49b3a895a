"""Which row is which known subscription, and which is new, gone, or for a person to decide."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from reconciler.desired import DesiredState
from reconciler.importing.matching import Matched, matched
from reconciler.importing.names import spec_names
from reconciler.importing.rows import ImportedRow
from reconciler.model import Facts, Status, StoredSubscription, TermLength
from tests.builders import a_desired, a_stored
from tests.importing.files import a_row

START = date(2026, 3, 31)


def a_record(name: str, **fields: Any) -> StoredSubscription:
    """A record of what `a_row` buys."""
    return a_stored(f"contoso/{name}", product="VISIOCLIENT", length=TermLength.MONTHLY, **{"start": START, **fields})


def found(
    rows: Sequence[ImportedRow], records: Sequence[StoredSubscription] = (), desired: DesiredState | None = None
) -> Matched:
    return matched("contoso", rows, records, desired or DesiredState())


def names(result: Matched) -> dict[str, ImportedRow]:
    return {key.name: row for key, row in result.known.items()}


def test_a_row_is_known_by_its_id_whatever_else_it_says() -> None:
    row = a_row("Anything", id="7", product="OTHER", start=date(2020, 1, 1))
    result = found([row], [a_record("visio", id="7"), a_record("other", id="8")])
    assert names(result) == {"visio": row}
    assert [str(key) for key in result.gone] == ["contoso/other"]
    assert result.new == ()
    assert result.diagnostics == ()


def test_a_row_without_an_id_is_known_by_purchase_and_name() -> None:
    row = a_row()
    for name in ("visio-plan-2", "visio-plan-2-6f0d"):
        assert names(found([row], [a_record(name, id="7")])) == {name: row}


def test_an_id_is_learned_from_a_row_of_the_same_purchase_and_name() -> None:
    row = a_row(id="7")
    assert names(found([row], [a_record("visio-plan-2")])) == {"visio-plan-2": row}


def test_another_id_is_another_subscription() -> None:
    row = a_row(id="8")
    result = found([row], [a_record("visio-plan-2", id="7")])
    assert result.new == (row,)
    assert [key.name for key in result.gone] == ["visio-plan-2"]


def test_another_purchase_under_the_same_name_is_new() -> None:
    for fields in ({"product": "OTHER"}, {"start": date(2026, 4, 1)}, {"term": TermLength.ANNUAL}):
        row = a_row(**fields)
        assert found([row], [a_record("visio-plan-2")]).new == (row,)


def test_records_of_other_accounts_and_ended_ones_are_not_gone() -> None:
    other = a_stored("fabrikam/visio-plan-2", id="7")
    ended = a_record("old", status=Status.DELETED)
    result = found([a_row("New", id="7")], [other, ended])
    assert len(result.new) == 1
    assert result.gone == ()


def test_rows_of_one_purchase_find_their_own_names_again_in_any_order() -> None:
    rows = [a_row(seats=1), a_row(seats=2), a_row(seats=3)]
    given = spec_names(rows, ())
    records = [a_record(name) for name in given]
    assert names(found(rows[::-1], records[::-1])) == dict(zip(given, rows, strict=True))


def test_of_rows_that_share_a_purchase_the_last_one_left_is_the_last_record_left() -> None:
    rows = [a_row(seats=1), a_row(seats=2), a_row(seats=3)]
    given = spec_names(rows, ())
    later = [rows[0], rows[1], a_row(seats=4)]
    assert names(found(later, [a_record(name) for name in given])) == dict(zip(given, later, strict=True))


def test_rows_that_could_be_several_records_are_for_a_person_to_tell_apart() -> None:
    later = [a_row(seats=4, line=2), a_row(seats=5, line=3)]
    result = found(later, [a_record("visio-plan-2-aaaa"), a_record("visio-plan-2-bbbb")])
    assert [(item.code, str(item.location)) for item in result.diagnostics] == [
        ("import-unclear-row", "estate.csv:2:1"),
        ("import-unclear-row", "estate.csv:3:1"),
    ]
    assert "may be contoso/visio-plan-2-aaaa or contoso/visio-plan-2-bbbb" in result.diagnostics[0].detail
    assert "write 'visio-plan-2-aaaa' as its name" in result.diagnostics[0].hint


def test_a_row_of_the_same_purchase_under_another_name_is_unclear_until_it_has_an_id_or_that_name() -> None:
    record = a_record("old-name")
    (unclear,) = found([a_row("New name")], [record]).diagnostics
    assert "'New name' may be contoso/old-name" in unclear.detail
    assert names(found([a_row("old-name")], [record])).keys() == {"old-name"}
    assert found([a_row("New name", id="8")], [record]).diagnostics == ()


def test_rows_with_ids_that_could_be_one_record_without_are_unclear() -> None:
    result = found([a_row(id="7"), a_row(id="8")], [a_record("visio-plan-2")])
    assert [item.hint for item in result.diagnostics] == [
        "write the right id in the spec of that one, and apply it first"
    ] * 2


def test_a_record_that_another_row_is_leaves_a_like_row_new() -> None:
    rows = [a_row(), a_row("Visio for sales")]
    result = found(rows, [a_record("visio-plan-2")])
    assert result.new == (rows[1],)
    assert result.diagnostics == ()


def test_what_is_declared_and_not_recorded_yet_is_known() -> None:
    facts = Facts("VISIOCLIENT", TermLength.MONTHLY, None, START)
    by_name = a_desired("contoso/visio-plan-2", facts=facts)
    by_id = a_desired("contoso/other", facts=Facts(), id="7")
    elsewhere = a_desired("fabrikam/visio", facts=facts)
    desired = DesiredState({item.key: item for item in (by_name, by_id, elsewhere)})
    rows = [a_row(), a_row("X", id="7", start=date(2020, 1, 1))]
    result = found(rows, (), desired)
    assert names(result) == {"visio-plan-2": rows[0], "other": rows[1]}
    assert result.gone == ()


def test_a_declared_rename_is_known_by_the_recorded_name() -> None:
    renamed = a_desired(
        "contoso/visio", facts=Facts("VISIOCLIENT", TermLength.MONTHLY, None, START), previously="visio-plan-2"
    )
    result = found([a_row()], [a_record("visio-plan-2")], DesiredState({renamed.key: renamed}))
    assert names(result).keys() == {"visio-plan-2"}

"""Spec names: readable, stable, and the same in whatever order the rows come."""

from __future__ import annotations

import re
from datetime import date
from random import Random
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.errors import InputError
from reconciler.importing.names import base_name, bears, marks_of, slug, spec_names
from reconciler.importing.rows import ImportedRow
from reconciler.model import Money
from tests.importing.files import a_row

GUID = "6f0d6c1e-7a1b-4d8e-9a53-0c3f1f1b2a10"
NAME = re.compile("[a-z0-9][a-z0-9-]{0,99}")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Visio Plan 2", "visio-plan-2"),
        ("Büro Größe", "buro-grosse"),
        ("Zażółć gęślą", "zazolc-gesla"),
        ("Smørrebrød & Æbler", "smorrebrod-aebler"),
        ("Straẞe", "strasse"),
        ("İstanbul \u0131s\u0131", "istanbul-isi"),
        ("ﬁle ② ℡ Ⅻ", "file-2-tel-xii"),
        ("Visio™ Plan®", "visio-plan"),
        ("Microsoft 365 E3 EEA (no Teams)", "microsoft-365-e3-eea-no-teams"),
        ("  --Project__Plan/3--  ", "project-plan-3"),
        ("東京 Office", "office"),
        ("Офис", ""),
        ("🎉", ""),
        ("x" * 150, "x" * 100),
        ("x" * 99 + " y", "x" * 99),
    ],
)
def test_a_name_is_folded_to_the_letters_of_a_spec(text: str, expected: str) -> None:
    assert slug(text) == expected


def test_without_a_letter_the_name_comes_from_the_product() -> None:
    assert base_name(a_row("東京", product="VISIO_CLIENT")) == "visio-client"
    assert base_name(a_row("東京", product="製品")) == "subscription"


def test_a_row_alone_has_the_bare_name() -> None:
    assert spec_names([a_row(), a_row("Project")], {"visio"}) == ("visio-plan-2", "project")


def test_rows_that_share_a_name_all_get_the_first_digits_of_their_ids() -> None:
    rows = [a_row(id=GUID), a_row(id="A" + GUID[1:]), a_row(id="I-1"), a_row()]
    names = spec_names(rows, ())
    assert names[:2] == ("visio-plan-2-6f0d", "visio-plan-2-af0d")
    assert names[2:] == ("visio-plan-2-2e0b", "visio-plan-2-7ba1")


def test_a_name_that_is_taken_gets_a_suffix() -> None:
    assert spec_names([a_row(id=GUID)], {"visio-plan-2"}) == ("visio-plan-2-6f0d",)
    assert spec_names([a_row(id=GUID)], {"visio-plan-2", "visio-plan-2-6f0d"}) == ("visio-plan-2-6f0d6",)


def test_ids_that_begin_alike_get_more_digits() -> None:
    other = GUID[:6] + "ff" + GUID[8:]
    rows = [a_row(id=GUID), a_row(id=other)]
    assert spec_names(rows, ()) == ("visio-plan-2-6f0d6c1", "visio-plan-2-6f0d6cf")


def test_a_bare_name_that_looks_like_a_suffixed_one_is_left_to_its_row() -> None:
    rows = [a_row(id=GUID), a_row(id="2"), a_row("Visio Plan 2 6F0D")]
    assert spec_names(rows, ())[0] == "visio-plan-2-6f0d6"
    assert spec_names(rows, ())[2] == "visio-plan-2-6f0d"


def test_rows_of_one_purchase_are_told_apart_by_all_that_they_say() -> None:
    rows = [a_row(seats=1), a_row(seats=2), a_row(seats=1, price=Money(1, "EUR")), a_row(seats=1, labels={"a": "b"})]
    assert len(set(spec_names(rows, ()))) == 4


def test_a_long_name_is_cut_for_its_suffix() -> None:
    row = a_row("x" * 94 + " yyyyy", id=GUID)
    assert spec_names([row], {base_name(row)}) == ("x" * 94 + "-6f0d",)


def test_rows_that_cannot_be_told_apart_have_no_name() -> None:
    with pytest.raises(InputError, match=r"estate\.csv:2:1: every name for 'visio-plan-2' is taken") as raised:
        spec_names([a_row(), a_row()], ())
    assert raised.value.code == "csv-no-free-name"


def test_the_suffix_of_a_guid_does_not_depend_on_its_capitals() -> None:
    assert spec_names([a_row(id=GUID.upper())], {"visio-plan-2"}) == ("visio-plan-2-6f0d",)


def test_a_row_bears_its_bare_and_its_suffixed_names_only() -> None:
    row = a_row(id=GUID)
    (mark,) = marks_of([row])
    assert bears("visio-plan-2", row)
    assert bears("visio-plan-2-beef", row)
    assert not bears("visio-plan-2-bee", row)
    assert not bears("visio-plan-2-x", row)
    assert not bears("visio-plan-beef", row)
    assert bears("visio-plan-2-6f0d6", row, mark)
    assert not bears("visio-plan-2-beef", row, mark)
    assert not bears("visio-plan-2", row, mark)


ROWS = st.lists(
    st.builds(
        a_row,
        st.sampled_from(["Visio", "visio", "Visio 6f0d", "VISIO-6F0D", "Büro", "", "x" * 99]) | st.text(max_size=5),
        id=st.none() | st.sampled_from([GUID, GUID[:6] + "ff" + GUID[8:]]) | st.uuids().map(UUID.__str__),
        start=st.dates(date(2026, 1, 1), date(2026, 1, 3)),
        seats=st.none() | st.integers(0, 2),
    ),
    max_size=8,
    unique_by=lambda row: row.id or (row.name, row.start, row.seats),
)


@given(ROWS, st.sets(st.sampled_from(["visio", "visio-6f0d", "subscription", "x" * 99]), max_size=3), st.randoms())
def test_names_are_valid_distinct_free_and_do_not_depend_on_the_order(
    rows: list[ImportedRow], taken: set[str], random: Random
) -> None:
    names = spec_names(rows, taken)
    assert len(set(names)) == len(names)
    assert not taken.intersection(names)
    assert all(NAME.fullmatch(name) for name in names)
    assert all(bears(name, row) for name, row in zip(names, rows, strict=True))
    shuffled = random.sample(range(len(rows)), len(rows))
    assert spec_names([rows[at] for at in shuffled], taken) == tuple(names[at] for at in shuffled)

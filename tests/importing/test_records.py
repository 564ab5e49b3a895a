"""Bytes to records: encodings, quoting, and the places of cells."""

from __future__ import annotations

import csv
from io import StringIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.importing import records
from tests.importing.files import FILE, HEADER, ROW, codes_of, found_in, rows_of


def test_a_quoted_cell_may_hold_commas_quotes_and_lines_and_later_rows_keep_their_place() -> None:
    text = f'{HEADER},owner\n"Visio,\r\n""Plan""\t2",VISIOCLIENT,monthly,2026-03-31,me\n{ROW},no such\tone\n'
    assert codes_of(text) == ["csv-line-break 4:45"]
    first, second = rows_of(text.replace("such\t", "such "))
    assert (first.name, first.place.line) == ('Visio, "Plan" 2', 2)
    assert second.place.line == 4


@pytest.mark.parametrize(
    ("data", "place", "words"),
    [
        pytest.param("name\n".encode("utf-16"), "1:1", "UTF-16", id="UTF-16 with a mark"),
        pytest.param("name,product\n".encode("utf-16-le"), "1:1", "UTF-16", id="UTF-16 without one"),
        pytest.param(b"name,product\nB\xfcro,SPB\n", "2:2", "byte 0xFC at offset 14", id="Latin-1"),
        pytest.param(b"\xef\xbb\xbfn\xe4me\n", "1:2", "byte 0xE4 at offset 4", id="Latin-1 behind a mark"),
        pytest.param("n\u00e4\n\u00e4".encode() + b"\xed\xa0\x80", "2:2", "byte 0xED", id="half a surrogate pair"),
    ],
)
def test_other_encodings_are_refused_with_the_command_that_converts(data: bytes, place: str, words: str) -> None:
    (found,) = found_in(data)
    assert (found.code, str(found.location)) == ("csv-not-utf8", f"{FILE}:{place}")
    assert words in found.detail
    assert "iconv" in found.hint


def test_too_large_a_file_is_refused_unread(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(records, "BYTES_AT_MOST", 10)
    assert codes_of(b"\xff" * 11) == ["csv-too-large 1:1"]


def test_the_place_behind_a_cell_of_many_lines_is_the_first_column_of_the_record() -> None:
    name = "x\n" * 1200
    text = f'{HEADER},seats\n"{name}",A,annual,2026-01-01,x\n'
    assert codes_of(text) == ["csv-bad-seats 2:1"]


CELLS = st.text(st.characters(exclude_categories=["Cc", "Cf", "Cs", "Zl", "Zp", "Cn", "Co"]), max_size=8)


@given(st.lists(st.tuples(CELLS, CELLS, CELLS), min_size=1, max_size=4), st.sampled_from(["\n", "\r\n"]))
def test_what_the_standard_library_writes_is_read_back(table: list[tuple[str, str, str]], end: str) -> None:
    out = StringIO()
    writer = csv.writer(out, lineterminator=end)
    writer.writerow(["name", "product", "owner", "term", "start"])
    writer.writerows(
        [f"n{at} {name}", f"p{product}", owner, "annual", "2026-01-01"]
        for at, (name, product, owner) in enumerate(table)
    )
    rows = rows_of(out.getvalue())
    assert [(row.name, row.product, row.owner) for row in rows] == [
        (" ".join(f"n{at} {name}".split()), f"p{product}".strip(), owner.strip() or None)
        for at, (name, product, owner) in enumerate(table)
    ]

"""Reading a CSV: what is accepted, and that everything wrong is found in one pass, with its place."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.importing import read
from reconciler.importing.read import read_csv
from reconciler.model import Cancel, Money, Recurring, TermLength
from tests.importing.files import FILE, HEADER, ROW, codes_of, found_in, rows_of

QUOTED = "".join(f'"{line}"\n'.replace(",", '","') for line in (HEADER, ROW))
FULL = (
    "id,labels,owner,last_charge,price,seats,billing,cancel,recurring,start,term,product,name\n"
    "6f0d,team=sales; env = prod ,it@contoso.example,515 EUR,20.60 EUR,25,P1M,at-renewal,off,2026-02-14,P1Y,SPB,"
    "Büro Größe\n"
)


def test_every_column_is_read_in_any_order() -> None:
    (row,) = rows_of(FULL)
    assert (row.name, row.product, row.term, row.start) == ("Büro Größe", "SPB", TermLength.ANNUAL, date(2026, 2, 14))
    assert (row.recurring, row.cancel, row.billing) == (Recurring.OFF, Cancel.AT_RENEWAL, TermLength.MONTHLY)
    assert (row.seats, row.price, row.owner, row.id) == (25, Money(2060, "EUR"), "it@contoso.example", "6f0d")
    assert row.last_charge == Money(51500, "EUR")
    assert row.labels == {"team": "sales", "env": "prod"}
    assert str(row.place) == "estate.csv:2:1"


def test_an_empty_optional_cell_is_not_given() -> None:
    (row,) = rows_of(f"{HEADER},recurring,cancel,billing,seats,price,last_charge,owner,id,labels\n{ROW},,,, ,,,,,\n")
    given_values = (row.recurring, row.cancel, row.billing, row.seats, row.price, row.last_charge, row.owner, row.id)
    assert given_values == (None,) * 8
    assert row.labels is None


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(f"{HEADER}\n{ROW}\n".encode(), id="UTF-8"),
        pytest.param(f"{HEADER}\n{ROW}\n".encode("utf-8-sig"), id="UTF-8 with a byte order mark"),
        pytest.param(f"{HEADER}\r\n{ROW}\r\n".encode(), id="CRLF"),
        pytest.param(f"{HEADER}\n{ROW}".encode(), id="no line end at the end"),
        pytest.param(f"\n{HEADER}\n\n{ROW}\n , ,,\n\n".encode(), id="blank lines and lines of commas"),
        pytest.param(f" name,product , term,start\n{ROW.replace(',', ' , ')}\n".encode(), id="blanks around cells"),
        pytest.param(QUOTED.encode(), id="all quoted"),
    ],
)
def test_a_usual_file_is_read(data: bytes) -> None:
    (row,) = rows_of(data)
    assert (row.name, row.product, row.start) == ("Visio Plan 2", "VISIOCLIENT", date(2026, 3, 31))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("", ["csv-empty 1:1"], id="no byte at all"),
        pytest.param("\ufeff \n,,\n", ["csv-empty 1:1"], id="nothing but blanks"),
        pytest.param(f"\n{HEADER}\n,,,\n", ["csv-no-rows 2:1"], id="a header alone"),
        pytest.param('"name,product\n', ["csv-quotes 1:1"], id="a header that is never closed"),
        pytest.param("name;product;term;start\n", ["csv-delimiter 1:1"], id="semicolons"),
        pytest.param("name\tproduct\tterm\tstart\n", ["csv-delimiter 1:1"], id="tabs"),
        pytest.param("name|product|term|start\n", ["csv-delimiter 1:1"], id="bars"),
        pytest.param(f"sep=,\n{HEADER}\n{ROW}\n", ["csv-delimiter 1:1"], id="a spreadsheet's mark"),
        pytest.param(f"{HEADER}\n{ROW},x\n{ROW}\nVisio\n", ["csv-ragged-row 2:1", "csv-ragged-row 4:1"], id="ragged"),
        pytest.param(
            f'{HEADER}\n"Vi"sio,A,annual,2026-01-01\n{ROW}\n"Visio,A\n',
            ["csv-quotes 2:1", "csv-quotes 4:1"],
            id="quotes that do not fit, with a good row between them",
        ),
        pytest.param(f"{HEADER}\nVi\rsio,A,annual,2026-01-01\n", ["csv-forbidden-character 2:3"], id="CR alone"),
        pytest.param(f"{HEADER}\rVisio,A,annual,2026-01-01\r", ["csv-forbidden-character 1:24"] * 1, id="CR line ends"),
        pytest.param(
            f"{HEADER}\nVi\0sio,A,annual,2026-01-01\n\u202e{ROW}\n{ROW}\x1b[2J\n",
            [
                "csv-forbidden-character 2:3",
                "csv-forbidden-character 3:1",
                "csv-bad-start 4:34",
                "csv-forbidden-character 4:44",
            ],
            id="NUL, bidi and escape",
        ),
        pytest.param("name,product,start\nA,B,2026-01-01\n", ["csv-missing-column 1:1"], id="a column is missing"),
        pytest.param(f"{HEADER},Cost centre\n{ROW},1\n", ["csv-unknown-column 1:25"], id="an unknown column"),
        pytest.param(f"{HEADER},\n{ROW},1\n", ["csv-unknown-column 1:25"], id="a column without a name"),
        pytest.param(f"{HEADER},term\n{ROW},annual\n", ["csv-duplicate-column 1:25"], id="a column twice"),
        pytest.param(
            f"{HEADER},recurring,cancel\n{ROW},on,at-renewal\n", ["csv-contradiction 2:48"], id="a contradiction"
        ),
        pytest.param(f"{HEADER}\n{ROW}\n{ROW}\n", ["csv-duplicate-row 3:1"], id="a row twice"),
        pytest.param(f"{HEADER},id\n{ROW},7\nA,B,annual,2026-01-01,7\n", ["csv-duplicate-id 3:1"], id="an id twice"),
    ],
)
def test_a_broken_file_is_a_located_error(text: str, expected: list[str]) -> None:
    found = codes_of(text)
    assert found[: len(expected)] == expected


def test_every_error_of_a_file_is_found_in_one_pass() -> None:
    text = (
        "name,Product,term,start,seats,seats\nVisio,A,yearly,1/2/2026,x,1\nVisio,A\n"
        '"V"x,A\n"A\nB",B,annual,2026-02-30,-,\n'
    )
    assert codes_of(text) == [
        "csv-missing-column 1:1",
        "csv-unknown-column 1:6",
        "csv-duplicate-column 1:31",
        "csv-bad-term 2:9",
        "csv-bad-start 2:16",
        "csv-bad-seats 2:25",
        "csv-ragged-row 3:1",
        "csv-quotes 4:1",
        "csv-bad-start 6:13",
        "csv-bad-seats 6:24",
    ]


def test_a_duplicate_names_both_lines() -> None:
    (by_id,) = found_in(f"{HEADER},id\n{ROW},7\n\nA,B,annual,2026-01-01,7\n")
    assert by_id.detail == "'7' in lines 2 and 4"
    (alike,) = found_in(f"{HEADER}\n{ROW}\nA,B,annual,2026-01-01\n{ROW}\n")
    assert alike.detail == "lines 2 and 4"


def test_rows_that_differ_in_anything_are_no_duplicates() -> None:
    assert len(rows_of(f"{HEADER},labels\n{ROW},a=1\n{ROW},a=2\n{ROW},b=1\n{ROW},\n")) == 4


def test_too_many_rows_are_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(read, "ROWS_AT_MOST", 2)
    rows = "".join(f"Visio {number},A,annual,2026-01-01\n" for number in range(4))
    assert codes_of(f"{HEADER}\n{rows}") == ["csv-too-many-rows 4:1"]


@given(st.binary(max_size=60))
def test_no_bytes_bring_it_down(data: bytes) -> None:
    for start in (b"", f"{HEADER}\n".encode(), f"{HEADER}\n{ROW}\n".encode()):
        rows, found = read_csv(start + data, FILE, {})
        assert bool(rows) != bool(found)

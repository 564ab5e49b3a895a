"""`--map`: other people's headers under our names."""

from __future__ import annotations

import csv
from io import StringIO

import pytest

from reconciler.errors import UsageError
from reconciler.importing.header import mapping_of
from tests.importing.files import FILE, codes_of, found_in, rows_of

THEIRS = "Subscription,Product,Term,Start date,Remarks\nVisio,VISIOCLIENT,P1M,2026-03-31,none\n"
FLAGS = ["Subscription=name", "Product=product", "Term=term", "Start date=start", "Remarks="]


def test_other_headers_are_mapped_and_left_out() -> None:
    (row,) = rows_of(THEIRS, **mapping_of(FLAGS))
    assert (row.name, row.product, row.start.isoformat()) == ("Visio", "VISIOCLIENT", "2026-03-31")


def test_a_header_may_hold_an_equals_sign() -> None:
    assert mapping_of(["a=b=name"]) == {"a=b": "name"}


@pytest.mark.parametrize(
    ("flags", "code", "hint"),
    [
        (["Product"], "map-syntax", "--map 'Product code=product'"),
        (["=product"], "map-syntax", "--map 'Product code=product'"),
        (["Product=prodcut"], "map-unknown-column", "did you mean 'product'?"),
        (["Product=xyz"], "map-unknown-column", "the columns are name,"),
        (["Product=product", "Product=name"], "map-twice", "map each header once"),
    ],
)
def test_a_flag_that_means_nothing_is_wrong_usage(flags: list[str], code: str, hint: str) -> None:
    with pytest.raises(UsageError) as raised:
        mapping_of(flags)
    assert raised.value.code == code
    assert hint in raised.value.hint


def test_a_map_that_fits_no_header_is_an_error() -> None:
    found = found_in(THEIRS, **mapping_of([*FLAGS, "Remark=owner", "Zz="]))
    assert [(item.code, item.detail, str(item.location)) for item in found] == [
        ("csv-unmatched-map", "'Remark'", f"{FILE}:1:1"),
        ("csv-unmatched-map", "'Zz'", f"{FILE}:1:1"),
    ]
    assert found[0].hint == "did you mean 'Remarks'?"
    assert found[1].hint.startswith("the headers are 'Subscription', 'Product'")


def test_an_unknown_column_says_how_to_map_it() -> None:
    found = found_in("name,product,term,start,Owner,Cost\nA,B,annual,2026-01-01,me,1\n")
    assert [item.hint for item in found] == [
        "did you mean 'owner'? If not: rename it by --map 'Owner=OURS', or leave it out by --map 'Owner='",
        "rename it by --map 'Cost=OURS', or leave it out by --map 'Cost='",
    ]


def test_two_headers_cannot_be_mapped_to_one_column() -> None:
    text = "name,product,term,start,code\nA,B,annual,2026-01-01,C\n"
    assert codes_of(text, code="product") == ["csv-duplicate-column 1:25"]
    (found,) = found_in(text, code="product")
    assert found.detail == "product is given by column 2, 'product', and by column 5, 'code'"


def test_the_hint_for_another_delimiter_converts_the_file(tmp_path: object) -> None:
    (found,) = found_in("name;product;term;start\n")
    script = found.hint.split('python3 -c "')[1].split('" <')[0]
    old = StringIO('"Visio; Plan";A\n')
    new = StringIO()
    streams = {"csv": csv, "sys": type("Streams", (), {"stdin": old, "stdout": new})}
    exec(script.replace("import csv, sys; ", ""), streams)  # the one-liner, on our own streams
    assert new.getvalue() == "Visio; Plan,A\r\n"

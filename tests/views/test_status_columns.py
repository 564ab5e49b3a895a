"""The columns of the estate: what they say, what a spreadsheet gets, and how they sort."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from reconciler.model import Cancel, Money, Recurring, TermLength
from reconciler.views.csv import csv_text
from reconciler.views.status import StatusRow
from reconciler.views.status_columns import COLUMNS, SHOWN, SPARED, ordered, per_mark
from tests.builders import NOW, a_key
from tests.views.test_status import RICH, a_row, ended

SEEN = {a_key("contoso/premium"): NOW - timedelta(hours=6)}
FULL = a_row("contoso/premium", managed=False, labels={"team": "sales", "a": "b"}, id="6f0d", observed=SEEN, **RICH)
BARE = a_row("contoso/bare", **ended(200))
LAST = a_row("contoso/last", last_charge=Money(500, "JPY"), length=TermLength.MONTHLY, recurring=Recurring.OFF)


@pytest.mark.parametrize(
    ("name", "texts"),
    [
        ("name", ("contoso/premium", "contoso/bare", "contoso/last")),
        ("product", ("Microsoft 365 Business Premium", "CFQ7TTC0HD32", "CFQ7TTC0HD32")),
        ("status", ("active", "deleted", "active")),
        ("recurring", ("on", "off", "off")),
        ("date", ("renews 1 Mar 2027", "", "ends 30 Nov 2026")),
        ("days", ("98", "", "8")),
        ("cost", ("309000.00 EUR", "", "500 JPY")),
        ("per", ("/yr", "", "/mo, last charge")),
        ("owner", ("it@contoso.example", "", "")),
        ("managed", ("unmanaged", "", "")),
        ("account", ("contoso", "contoso", "contoso")),
        ("id", ("6f0d", "", "")),
        ("seats", ("1,250", "", "")),
        ("price", ("20.60 EUR / month", "", "")),
        ("billing", ("monthly", "annual", "monthly")),
        ("term", ("1 Mar 2026 to 28 Feb 2027", "7 May 2025 to 6 May 2026", "1 Nov 2026 to 30 Nov 2026")),
        ("labels", ("a=b, team=sales", "", "")),
        ("protected", ("protected", "", "")),
        ("observed", ("6 h ago", "", "")),
    ],
)
def test_each_column_says(name: str, texts: tuple[str, ...]) -> None:
    assert tuple(COLUMNS[name].text(row) for row in (FULL, BARE, LAST)) == texts


def test_every_column_is_told_of_here() -> None:
    (marks,) = (mark for mark in test_each_column_says.pytestmark if mark.name == "parametrize")  # type: ignore[attr-defined]
    assert [name for name, _ in marks.args[1]] == list(COLUMNS)
    assert {*SHOWN, *SPARED} <= set(COLUMNS)
    assert "name" not in SPARED
    assert COLUMNS["name"].least is None


def test_a_spreadsheet_gets_one_value_a_cell() -> None:
    columns = list(COLUMNS.values())
    heading = [field for column in columns for field in column.fields]
    assert len(set(heading)) == len(heading)
    lines = csv_text(heading, [[cell for column in columns for cell in column.cells(row)] for row in (FULL, BARE)])
    assert lines.splitlines() == [
        (
            "subscription,product,product_name,status,recurring,cancellation,next,next_on,days_left,cost,currency,cost_per,"
            "cost_basis,owner,managed,account,id,seats,price,price_currency,billing,term,term_start,term_end,labels,protected,"
            "observed_at"
        ),
        (
            "contoso/premium,SPB,Microsoft 365 Business Premium,active,on,none,renews,2027-03-01,98,309000.00,EUR,P1Y,"
            "declared,it@contoso.example,false,contoso,6f0d,1250,20.60,EUR,monthly,annual,2026-03-01,2027-03-01,"
            '"a=b, team=sales",true,2026-11-23T06:00:00Z'
        ),
        (
            "contoso/bare,CFQ7TTC0HD32,CFQ7TTC0HD32,deleted,off,none,,,,,,,,,true,contoso,,,,,annual,annual,"
            "2025-05-07,2026-05-07,,false,"
        ),
    ]


def test_a_sum_that_is_not_known_says_so_and_is_no_number_to_a_spreadsheet() -> None:
    row = a_row()
    assert (COLUMNS["cost"].text(row), COLUMNS["per"].text(row), per_mark(row)) == ("not known", "", "")
    assert (COLUMNS["cost"].cells(row), COLUMNS["per"].cells(row)) == ((None, None), ("P1Y", "not-known"))


def test_a_mark_stands_for_a_sum_that_is_not_by_the_declared_price() -> None:
    assert [per_mark(row) for row in (FULL, BARE, LAST)] == ["/yr", "", "/mo ~"]


def names(rows: list[StatusRow]) -> str:
    """The rows by the one letter of their names."""
    return "".join(row.record.key.name for row in rows)


def several() -> list[StatusRow]:
    """Six rows in no order."""
    fields: dict[str, dict[str, Any]] = {
        "c": {"price": Money(300, "EUR"), "owner": "b", "product": "VISIOCLIENT"},
        "a": {"price": Money(900, "EUR"), "owner": "a", "product": "SPB", "recurring": Recurring.OFF},
        "f": {"owner": None, **ended(10)},
        "e": {"owner": "b", "start": date(2026, 12, 1), "product": "zeta"},
        "b": {"price": Money(400, "USD"), "owner": "c", "start": date(2026, 2, 1), "cancellation": Cancel.NONE},
        "d": {"price": Money(5, "USD"), "start": date(2026, 2, 1)},
    }
    return [a_row(f"contoso/{name}", **values) for name, values in fields.items()]


@pytest.mark.parametrize(
    ("by", "order"),
    [
        pytest.param((), "abcdef", id="by key"),
        pytest.param((("name", True),), "fedcba", id="by key, downwards"),
        pytest.param((("cost", False),), "cadbef", id="by cost: each currency apart, what is not known last"),
        pytest.param((("cost", True),), "acbdef", id="by cost, downwards: what is not known is last again"),
        pytest.param((("owner", False),), "acebdf", id="by owner, then by key"),
        pytest.param((("owner", True), ("name", True)), "becafd", id="two columns downwards"),
        pytest.param((("status", True),), "fabcde", id="by status, the last stage first"),
        pytest.param((("days", False), ("name", True)), "fdbcae", id="by days left"),
        pytest.param((("product", True),), "ecabdf", id="by product name"),
    ],
)
def test_rows_sort(by: tuple[tuple[str, bool], ...], order: str) -> None:
    assert names(ordered(several(), by)) == order


@pytest.mark.parametrize("name", COLUMNS)
def test_every_column_sorts_both_ways_over_rows_that_lack_it(name: str) -> None:
    rows = [FULL, BARE, LAST, *several()]
    up, down = (ordered(rows, [(name, way)]) for way in (False, True))
    assert sorted(map(id, up)) == sorted(map(id, down)) == sorted(map(id, rows))
    values = [COLUMNS[name].order(row) for row in up]
    known = [value for value in values if value is not None]
    assert values[: len(known)] == known

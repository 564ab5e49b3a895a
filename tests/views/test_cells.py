"""Tables of Markdown: whole rows, cells that nothing can break out of."""

from __future__ import annotations

from reconciler.diagnostics import Location
from reconciler.views.cells import cut, key_cell, phrases, product_cell, row, stacked, table, with_place
from tests.views.cases import key, real_names


def test_a_table_has_its_title_with_a_count_its_heading_and_its_rows() -> None:
    (block,) = table("Ends", ("a", "b"), ["x", "y"], lambda item: row(item, "z"))
    assert block.head == ("#### Ends (2)", "", "| a | b |", "| --- | --- |")
    assert [block.row(index) for index in range(block.count)] == ["| x | z |", "| y | z |"]
    assert block.tail == ()


def test_a_folded_table_closes_what_it_opens() -> None:
    (block,) = table("Ends", ("a",), ["x"] * 1200, row, folded=True)
    assert block.head[0] == "<details><summary>Ends (1,200)</summary>"
    assert block.tail == ("", "</details>")


def test_no_items_make_no_table() -> None:
    assert table("Ends", ("a",), [], row) == []


def test_cells_escape_and_stack() -> None:
    assert stacked("a", "", "b") == "a<br>b"
    assert phrases(["a|b", "c"]) == "a&#124;b<br>c"
    assert key_cell(key("contoso/a_b")) == "<code>contoso/a&#95;b</code>"
    assert with_place("", Location("a.yaml", 3, 1)) == "<code>a.yaml:3:1</code>"
    assert with_place("why", Location("a.yaml", 3, 1)) == "why<br><code>a.yaml:3:1</code>"


def test_a_product_that_is_not_known_has_an_empty_cell() -> None:
    names = real_names()
    assert product_cell(key("contoso/a"), "VISIOCLIENT", names) == "Visio Plan 2"
    assert product_cell(key("contoso/a"), "", names) == ""


def test_a_cell_is_never_long() -> None:
    assert len(cut("x" * 1000)) == 300
    assert phrases(["x" * 1000]).endswith("…")

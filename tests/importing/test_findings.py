"""What is wrong with a file is shown as far as a reader can use it."""

from __future__ import annotations

import pytest

from reconciler.importing import findings
from tests.importing.files import HEADER, ROW, found_in


def test_what_is_too_much_to_show_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(findings, "SHOWN_AT_MOST", 3)
    found = found_in(f"{HEADER}\n" + "Visio,A,yearly,x\n" * 4)
    assert [item.code for item in found] == ["csv-bad-term", "csv-bad-start", "csv-bad-term", "csv-more-errors"]
    assert found[-1].detail == "5 more are not shown"


def test_a_long_cell_is_shown_in_part() -> None:
    (found,) = found_in(f"{HEADER},seats\n{ROW},{'9' * 500}\n")
    assert found.detail == f"seats '{'9' * 59}…'"

"""How far ahead a report looks, and what is left out of a list."""

from __future__ import annotations

from datetime import date

import pytest

from reconciler.views.report.values import Cut, horizon


@pytest.mark.parametrize(
    ("today", "last"),
    [
        pytest.param(date(2026, 11, 23), date(2028, 5, 31), id="the rest of November and 18 months"),
        pytest.param(date(2026, 11, 1), date(2028, 4, 30), id="a whole November is one of the 18"),
        pytest.param(date(2026, 8, 31), date(2028, 2, 29), id="a leap day"),
    ],
)
def test_the_charts_end_with_the_last_of_eighteen_whole_months(today: date, last: date) -> None:
    assert horizon(today) == last


def test_a_list_that_was_cut_counts_all_of_it() -> None:
    assert Cut(("a", "b"), 9_950, "reconcile status").count == 9_952

"""Lookups in dated rules: by day, by the term's own start, and never beyond what is known."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from reconciler.policy import Dated, Rule, Since, Window
from tests.builders import BEGINNING, a_lifecycle, dated

MAY = date(2026, 5, 4)
APRIL = date(2025, 4, 1)
LATER = date(2028, 1, 1)

DAYS: Dated[int] = Dated(
    (
        Rule(BEGINNING, 30, "at first"),
        Rule(MAY, 0, "then, for younger terms", terms_from=APRIL),
        Rule(LATER, None, "not known any more"),
    )
)


@pytest.mark.parametrize(
    ("day", "term_start", "days"),
    [
        pytest.param(BEGINNING, None, 30, id="the first day of all"),
        pytest.param(date(1969, 12, 31), None, None, id="before it nothing is known"),
        pytest.param(date(2026, 5, 3), date(2026, 4, 3), 30, id="the day before a rule begins"),
        pytest.param(MAY, date(2026, 4, 4), 0, id="the day on which it begins"),
        pytest.param(MAY, APRIL, 0, id="a term that starts on the day from which it holds for terms"),
        pytest.param(MAY, date(2025, 3, 31), 30, id="an older term keeps the rule before"),
        pytest.param(date(2027, 12, 31), date(2024, 12, 31), 30, id="and keeps it until there is another"),
        pytest.param(MAY, None, 0, id="where no term is asked for, the rule for younger ones counts"),
        pytest.param(LATER, date(2024, 12, 31), None, id="a rule that says it is not known ends what was known"),
        pytest.param(date(9000, 1, 1), None, None, id="long after all"),
    ],
)
def test_the_rule_in_force_is_the_latest_one_for_that_day_and_term(
    day: date, term_start: date | None, days: int | None
) -> None:
    assert DAYS.at(day, term_start) == days


@pytest.mark.parametrize(
    ("day", "source"),
    [(MAY, "then, for younger terms"), (LATER, "not known any more"), (date(2020, 2, 29), "at first")],
)
def test_a_rule_is_found_with_its_source(day: date, source: str) -> None:
    rule = DAYS.rule_at(day)
    assert rule is not None
    assert rule.source == source


def test_nothing_holds_where_there_is_no_rule() -> None:
    assert Dated(()).rule_at(MAY) is None
    assert Dated(()).at(MAY) is None


FIRST = datetime(2026, 1, 31, tzinfo=UTC)
SECOND = datetime(2026, 2, 28, tzinfo=UTC)


@pytest.mark.parametrize(
    ("window", "closes"),
    [
        pytest.param(Window(timedelta(days=7)), datetime(2026, 3, 7, tzinfo=UTC), id="days after the renewal"),
        pytest.param(Window(timedelta(hours=72)), datetime(2026, 3, 3, tzinfo=UTC), id="hours after the renewal"),
        pytest.param(
            Window(timedelta(days=7), Since.START),
            datetime(2026, 2, 7, tzinfo=UTC),
            id="days after the very first start",
        ),
        pytest.param(Window(timedelta(0)), SECOND, id="a window of nothing closes as it opens"),
        pytest.param(Window(None), None, id="one that is always open never closes"),
        pytest.param(None, None, id="one that is not known has no day"),
    ],
)
def test_when_the_window_of_a_second_term_closes(window: Window | None, closes: datetime | None) -> None:
    assert a_lifecycle(window=dated(window)).window_closes(SECOND, FIRST) == closes


def test_the_window_is_that_of_the_day_on_which_the_term_began() -> None:
    lifecycle = a_lifecycle(window=dated(Window(timedelta(hours=72)), (SECOND.date(), Window(timedelta(days=7)))))
    assert lifecycle.window_closes(FIRST, FIRST) == FIRST + timedelta(hours=72)
    assert lifecycle.window_closes(SECOND, FIRST) == SECOND + timedelta(days=7)

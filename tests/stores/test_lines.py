"""The statements behind lines, whichever dialect they are for; what they bring is in the contract of every store."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta, timezone

import pytest

from reconciler.gist import (
    CANCELLATION,
    ID,
    LABELS,
    LAST_CHARGE,
    OWNER,
    PRICE,
    PROTECTED,
    RECURRING,
    SEATS,
    SEPARATOR,
    UNSAID,
    gaps_of,
    line_of,
)
from reconciler.model import SubscriptionKey
from reconciler.stored import WHOLE, Silence
from reconciler.stores.lines import Within, bounds, selected, where
from tests.builders import NOW, a_key, a_stored

A, B = a_key("contoso/a"), a_key("contoso/b")


@pytest.mark.parametrize(
    ("within", "condition", "values"),
    [
        ((None, None), "", ()),
        ((A, None), " AND (account, name) >= (?, ?)", ("contoso", "a")),
        ((None, B), " AND (account, name) < (?, ?)", ("contoso", "b")),
        ((A, B), " AND (account, name) >= (?, ?) AND (account, name) < (?, ?)", ("contoso", "a", "contoso", "b")),
    ],
    ids=["all", "from one on", "before one", "between two"],
)
def test_a_portion_is_a_condition_whose_values_are_handed_in(
    within: Within, condition: str, values: tuple[str, ...]
) -> None:
    assert where(within) == (condition, values)


def test_a_key_is_never_part_of_a_statement() -> None:
    condition, values = where((SubscriptionKey("x'; DROP TABLE store; --", "y"), None))
    assert "DROP" not in condition
    assert values == ("x'; DROP TABLE store; --", "y")


def test_bounds_are_a_second_later_because_parts_of_one_sort_before_it() -> None:
    soon = "2026-12-23T12:00:01Z"
    assert bounds(NOW, NOW + timedelta(days=30)) == (soon, "2026-11-23T12:00:01Z", soon)
    odd = datetime(2026, 11, 23, 14, 0, 0, 5, timezone(timedelta(hours=2)))
    assert bounds(odd, odd.astimezone(UTC))[1] == "2026-11-23T12:00:01.000005Z"


EVERY = sum((OWNER, LABELS, PROTECTED, RECURRING, CANCELLATION, SEATS, PRICE, LAST_CHARGE, ID))


@pytest.mark.parametrize("silence", [WHOLE, Silence(EVERY), Silence(0, EVERY)], ids=str)
def test_a_line_has_as_many_columns_in_sql_as_in_python(silence: Silence) -> None:
    shapes = [part.partition("'")[0] for part in selected("printf", silence).split("printf('")[1:]]
    assert {shape.count(SEPARATOR) for shape in shapes} == {line_of(a_stored()).count(SEPARATOR)}
    assert selected("format", silence) == selected("printf", silence).replace("printf(", "format(")


@pytest.mark.parametrize("silence", [WHOLE, Silence(EVERY), Silence(0, EVERY)], ids=str)
def test_columns_that_are_null_leave_what_gist_says_of_none(silence: Silence) -> None:
    names = selected("printf", WHOLE).partition("', ")[2].partition(")")[0].split(", ")
    nothing = ", ".join(f"NULL AS {name}" for name in names if name not in ("account", "name"))
    flagged = "'active' AS status, 0 AS extended, '2027' AS term_end"
    records = f"(SELECT 'contoso' AS account, 'a' AS name, {nothing}, {flagged})"
    with closing(sqlite3.connect(":memory:")) as connection:
        statement = selected("printf", silence).replace("subscriptions", records)
        ((_, line),) = connection.execute(statement, ("", "", "")).fetchall()
    columns = ["contoso/a", *[""] * 11, " ", " ", ""]
    lacking = line_of(a_stored("contoso/a")).split(SEPARATOR)
    assert (lacking[4], lacking[11:]) == ("", ["", " ", " ", ""])
    if silence != WHOLE:
        columns = [UNSAID if at in gaps_of(EVERY) else column for at, column in enumerate(columns)]
    assert line.split(SEPARATOR) == columns

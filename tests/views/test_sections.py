"""The sections beside the changes: as they are where there are few, bounded and summed up where there are very many."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reconciler.changes import Blocked, Kind
from reconciler.diagnostics import Location, error, warning
from reconciler.views.abridged import FEW, MANY
from reconciler.views.layout import Layout
from reconciler.views.paint import Line, paint
from reconciler.views.sections import Beside, finding_lines, refused_lines, rule_lines
from reconciler.views.words import VERBS
from tests.views.cases import NOW, a_plan, blocked, real_names
from tests.views.crowds import beside, refusals
from tests.views.outside_cases import a_pending, overdue


def shown(lines: list[Line]) -> list[str]:
    """The lines as they are printed."""
    return paint(lines, colour=False).splitlines()


def sections(count: int) -> dict[str, list[str]]:
    """Every section of a plan with so many of everything, by its name."""
    plan = a_plan(**beside(count))
    rest = Beside(plan, plan.elapsed)
    blocks = map(shown, rest.blocks(Layout(real_names(), [], VERBS, NOW, rest.in_columns)))
    return {lines[0].split(" (")[0]: lines for lines in blocks}


LONG = sections(MANY + 50)
SHORT = sections(MANY)
NAMES = ["Blocked", "Held", "Pending", "Released", "Ended", "Drift", "Elapsed", "Scheduled", "Unmanaged"]


@pytest.mark.parametrize("name", NAMES)
def test_a_long_section_says_how_many_there_are_and_shows_the_first(name: str) -> None:
    lines = LONG[name]
    assert lines[0].startswith(f"{name} ({MANY + 50:,})")
    assert len(lines) <= 5 + 25 * 4
    assert lines[-1].startswith("  … and ")


@pytest.mark.parametrize("name", ["Blocked", "Released", "Ended", "Elapsed", "Scheduled", "Unmanaged"])
def test_a_short_section_shows_all(name: str) -> None:
    assert len(SHORT[name]) > MANY
    assert "…" not in "\n".join(SHORT[name])


def test_where_the_rest_is_stands_behind_it() -> None:
    rest = "in 250 accounts: 1 in t000, 1 in t001, 1 in t002 and 247 more"
    assert LONG["Unmanaged"][-1] == f"  … and 230 more; all of them {rest}"
    assert LONG["Blocked"][1] == f"  250 cancel now: confirmation-missing, {rest}"
    assert LONG["Scheduled"][1] == f"  250 turn off, {rest}"


def test_an_immediate_cancellation_that_does_not_come_is_shown_ahead_of_all() -> None:
    others = [replace(blocked(f"a/n{number:03}"), kind=Kind.TURN_ON) for number in range(MANY)]
    rest = Beside(a_plan(blocked=(*others, blocked("z/last"))), ())
    (first, second, *_) = rest.blocked
    assert isinstance(first, Blocked)
    assert isinstance(second, Blocked)
    assert [(str(item.key), item.kind) for item in (first, second)] == [
        ("z/last", Kind.CANCEL_NOW),
        ("a/n000", Kind.TURN_ON),
    ]


def test_columns_are_made_for_what_is_shown_alone() -> None:
    pending = tuple(a_pending(f"a/n{number:03}") for number in range(MANY + 1))
    rest = Beside(a_plan(**beside(MANY + 1) | {"pending": (*pending, overdue("z/late"))}), ())
    assert len(rest.in_columns) == FEW + 25
    assert overdue("z/late") in rest.in_columns


def test_very_many_refusals_are_counted_by_their_limit() -> None:
    lines = shown(refused_lines(refusals(MANY + 1), applying=True))
    assert lines[:2] == ["Refused (201)", "  201 max-endings"]
    assert lines[-1] == "  … and 151 more"
    assert len(shown(refused_lines(refusals(MANY), applying=False))) == 1 + 2 * MANY


def test_of_very_many_rules_those_that_matched_the_most_are_shown() -> None:
    rules = beside(MANY + 1)["rules"]
    lines = shown(rule_lines(rules, real_names()))
    assert lines[0] == "rule specs/_defaults.yaml:201:1: 200 matched"
    assert lines[-1] == "  … and 181 more rules"


def test_very_many_findings_are_counted_by_what_they_are_errors_first() -> None:
    warnings = [warning("bom", "a byte order mark", Location(f"a{number}.yaml")) for number in range(MANY)]
    found = [*warnings, error("unknown-key", "unknown key", Location("z.yaml", 3, 1), hint="mend it")]
    lines = shown(finding_lines(found))
    assert lines[:4] == [
        "1 x error: unknown-key: unknown key",
        "200 x warning: bom: a byte order mark",
        "z.yaml:3:1: error: unknown key",
        "  hint: mend it",
    ]
    assert lines[-1] == "  … and 181 more"
    assert len(shown(finding_lines(found, most=1_000))) == MANY + 2


@pytest.mark.parametrize(
    ("count", "shortened"), [pytest.param(MANY, False, id="all of it"), pytest.param(MANY + 1, True, id="in part")]
)
def test_it_is_known_whether_anything_is_left_out(count: int, shortened: bool) -> None:
    plan = a_plan(**beside(count))
    assert Beside(plan, plan.elapsed).shortened is shortened
    for name in ("blocked", "released", "ended", "scheduled", "unmanaged", "diagnostics"):
        alone = a_plan(**{name: beside(count)[name]})
        assert Beside(alone, ()).shortened is shortened, name

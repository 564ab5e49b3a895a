"""Every view of a plan as large as a partner's: short enough to be read, and nothing final left out of it."""

from __future__ import annotations

from functools import cache

import pytest

from reconciler.changes import Kind
from reconciler.plan import Plan, Verdict
from reconciler.views.abridged import MANY, WHOLE
from reconciler.views.github import MOST, plan_github
from reconciler.views.markdown import BUDGET, plan_markdown
from reconciler.views.text import diagnostics_text, plan_text, report_text
from tests.views.cases import real_names
from tests.views.crowds import a_crowd, a_report, refusals

FULL_LIST = "Shortened: --out json=FILE has all of it, --out jsonl=FILE the same with a line for each.\n"


@cache
def crowd() -> Plan:
    """The plan of all these tests."""
    return a_crowd(6_000, 600)


@cache
def text() -> str:
    """As a terminal shows it."""
    return plan_text(crowd(), Verdict(crowd().changes, refusals(MANY + 1)), real_names())


def test_the_text_is_as_long_whatever_the_size() -> None:
    larger = a_crowd(12_000, 1_200)
    longer = plan_text(larger, Verdict(larger.changes, refusals(MANY + 1)), real_names())
    assert len(text().splitlines()) < 1_200
    assert len(longer.splitlines()) == len(text().splitlines())


def test_it_says_where_all_of_it_is_right_above_the_summary() -> None:
    shortened, summary, due = text().splitlines()[-3:]
    assert f"{shortened}\n" == FULL_LIST
    assert summary.startswith("Plan: 1,500 to register, 30 to cancel now, 1,500 to turn off")
    assert due == "Renew within 30 days, undecided: 600, 6000.00 EUR."


def test_every_group_is_summed_up_by_verb_and_account_with_its_money() -> None:
    where = "in 75 accounts: 20 in t000, 20 in t004, 20 in t008 and 72 more"
    lines = text().splitlines()
    start = lines.index("Ends (1,500)")
    assert lines[start + 1].split("    ")[-1].strip() == where
    assert lines[start + 2 : start + 4] == [
        "      Avoided: 19650.00 EUR for one term of each.",
        "  Those that can be undone the shortest, for example:",
    ]
    assert "Spends (1,500)" in lines
    assert "Other changes (1,500)" in lines
    assert sum(line.startswith("+ register") for line in lines) == 75


def test_no_immediate_cancellation_is_left_out() -> None:
    plan = a_crowd(3_000, 0, final=WHOLE)
    printed = plan_text(plan, Verdict(plan.changes), real_names())
    final = [str(change.key) for change in plan.changes if change.kind is Kind.CANCEL_NOW]
    assert len(final) == WHOLE
    assert [name for name in final if f"! cancel now     {name}" not in printed] == []
    assert printed.index("! cancel now") == 0


def test_what_is_refused_only_in_part_is_marked_among_the_examples() -> None:
    plan = a_crowd(4_000, 0)
    allowed = tuple(change for change in plan.changes if change.kind is not Kind.TURN_OFF)
    printed = plan_text(plan, Verdict(allowed, refusals(1)), real_names())
    assert printed.count("      would be refused; ") == 20


def test_a_report_is_as_bounded_and_says_where_the_rest_is() -> None:
    report = a_report(crowd())
    for brief in (False, True):
        printed = report_text(crowd(), Verdict(crowd().changes), report, real_names(), brief=brief)
        shortened, summary = printed.splitlines()[-2:]
        assert shortened == (
            "Shortened: reconcile history has every change; --out jsonl=FILE writes all of a report as it is made."
        )
        assert summary.startswith("Applied: ")
        assert len(printed.splitlines()) < 2_500
        assert "Outcome unknown (603)" in printed


@pytest.mark.parametrize("applied", [False, True])
def test_a_comment_stays_within_its_limit_and_annotations_within_theirs(applied: bool) -> None:
    report = a_report(crowd()) if applied else None
    verdict = Verdict(crowd().changes, refusals(300))
    assert len(plan_markdown(crowd(), verdict, real_names(), report).encode()) <= BUDGET
    annotations = plan_github(crowd(), verdict, real_names(), report=report).splitlines()
    for level in ("error", "warning", "notice"):
        assert sum(line.startswith(f"::{level} ") for line in annotations) == MOST
    assert any(line.startswith("Annotated: 10 of ") for line in annotations)


def test_very_many_findings_alone_are_bounded_too() -> None:
    found = a_crowd(0, WHOLE + 500).diagnostics
    assert len(diagnostics_text(found).splitlines()) == 1 + WHOLE + 1
    assert len(diagnostics_text(found[:WHOLE]).splitlines()) == WHOLE

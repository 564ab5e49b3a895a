"""What the views for people say alike."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone

import pytest

from reconciler.changes import Kind, Refusal
from reconciler.diagnostics import Diagnostic, Severity
from reconciler.model import TermLength
from reconciler.packed import Packed, Run, Unpacking
from reconciler.plan import Plan, Verdict
from reconciler.spec.positions import Document
from reconciler.views.words import (
    DONE,
    PER,
    VERBS,
    Group,
    day,
    differences,
    grouped,
    held_back,
    hour,
    in_scope,
    last_day,
    listed,
    marking,
    moment,
    moved_words,
    plan_summary,
    scoped,
    sentence,
    term_words,
    value_words,
    worst_first,
)
from tests.builders import a_change
from tests.views.cases import REFUSALS, a_plan, blocked, cancel_now, key, one_of_each, turn_off


def clear(plan: Plan) -> Verdict:
    """Nothing is refused."""
    return Verdict(plan.changes)


def test_every_verb_has_its_words() -> None:
    assert set(VERBS) == set(DONE) == set(Kind)
    assert list(VERBS) == list(DONE)


def test_groups_come_worst_first_and_each_by_key_and_verb() -> None:
    found = {
        group: [(str(item.key), item.kind.value) for item in items] for group, items in grouped(one_of_each()).items()
    }
    assert list(found) == list(Group)
    assert found[Group.IRREVERSIBLE] == [
        ("contoso/copilot-duplicate", "cancel-now"),
        ("contoso/gone", "forget"),
        ("contoso/planner", "reactivate"),
    ]
    assert found[Group.OTHER] == [
        ("contoso/visio-plan-2", "rename"),
        ("contoso/visio-plan-2", "correct"),
        ("contoso/visio-plan-2", "update"),
    ]


@pytest.mark.parametrize(
    ("value", "words"),
    [
        pytest.param("2026-11-29", "29 Nov 2026", id="a day"),
        pytest.param("2026-11-29T12:00:00Z", "29 Nov 2026", id="an instant"),
        pytest.param(date(2026, 1, 2), "2 Jan 2026", id="a date"),
        pytest.param(datetime(2026, 1, 2, 3, tzinfo=UTC), "2 Jan 2026", id="a date with its time"),
        pytest.param("soon", "soon", id="what is none stays as it is"),
    ],
)
def test_a_day_is_written_as_people_write_it(value: object, words: str) -> None:
    assert day(value) == words


def test_a_period_is_told_by_its_first_and_last_day() -> None:
    assert term_words("2026-02-14", "2027-02-14") == "14 Feb 2026 to 13 Feb 2027"
    assert last_day(datetime(2027, 3, 1, tzinfo=UTC)) == "28 Feb 2027"


def test_an_instant_is_written_with_its_zone() -> None:
    cest = timezone(timedelta(hours=2), "CEST")
    assert moment(datetime(2027, 3, 1, tzinfo=UTC)) == "1 Mar 2027 00:00 UTC"
    assert moment(datetime(2027, 7, 1, 22, 5, tzinfo=cest)) == "1 Jul 2027 22:05 CEST"
    assert hour(datetime(2027, 7, 1, 2, tzinfo=cest)) == "02:00 CEST"


def test_how_often_is_said_for_every_length() -> None:
    assert set(PER) == set(TermLength)


def test_only_verbs_that_do_not_say_it_all_tell_what_moves() -> None:
    assert moved_words(turn_off()) == []
    assert moved_words(a_change(Kind.UPDATE)) == ["seats none -> 7"]


def test_fields_that_differ_are_told_one_by_one() -> None:
    found = differences({"a": 1, "labels": {"x": "1"}, "same": True}, {"a": None, "labels": {"y": "2"}, "same": True})
    assert found == [("a", "1", "none"), ("labels.x", "1", "none"), ("labels.y", "none", "2")]
    assert differences({}, {"labels": {"x": "1"}}) == [("labels.x", "none", "1")]


def test_values_are_told_in_words() -> None:
    assert [value_words(value) for value in (None, "", True, False, 3, "x", {}, {"b": "2", "a": "1"})] == (
        ["none", "none", "yes", "no", "3", "x", "none", "a=1, b=2"]
    )


@pytest.mark.parametrize(
    ("detail", "words"),
    [
        pytest.param("", "unknown key", id="no detail"),
        pytest.param("'recuring'", "unknown key 'recuring'", id="a name in quotes"),
        pytest.param("for 'seats'", "unknown key for 'seats'", id="a phrase that goes on"),
        pytest.param("2 of 3", "unknown key: 2 of 3", id="anything else"),
    ],
)
def test_a_finding_is_one_sentence(detail: str, words: str) -> None:
    assert sentence(Diagnostic(Severity.ERROR, "unknown-key", "unknown key", detail)) == words


def test_the_run_and_the_worst_brake_are_named_first() -> None:
    unknown = Refusal("later-brake", "contoso", "", "")
    found = worst_first((*REFUSALS, unknown))
    assert [item.limit for item in found] == ["frozen", "later-brake", "max-cancel-now", "max-endings"]
    assert in_scope(scoped(REFUSALS), key("contoso/a")) == REFUSALS[1]
    assert in_scope(scoped(REFUSALS), key("fabrikam/a")) == REFUSALS[2]
    assert in_scope(scoped(()), key("fabrikam/a")) is None


def test_only_a_part_of_a_plan_is_marked_as_refused() -> None:
    plan = a_plan(turn_off(), turn_off("fabrikam/x"))
    assert held_back(plan, Verdict(plan.changes[:1])) == {(key("fabrikam/x"), Kind.TURN_OFF)}
    assert held_back(plan, Verdict(())) == held_back(plan, clear(plan)) == frozenset()
    assert [marking(plan, Verdict(plan.changes[:1]), "!")(change) for change in plan.changes] == ["", "!"]


def test_of_very_many_changes_those_of_refused_accounts_are_marked() -> None:
    few = a_plan(turn_off(), turn_off("fabrikam/x"))
    many = Packed([Run.of(few.changes)], Unpacking(lambda file: Document(file, "")))
    passing = many.picked(lambda trait: trait.account == "contoso")
    verdict = Verdict(passing, (Refusal("max-endings", "fabrikam", "", ""),))
    marked = marking(replace(few, changes=many), verdict, "!")
    assert [marked(change) for change in many] == ["", "!"]


@pytest.mark.parametrize(
    ("plan", "words"),
    [
        pytest.param(a_plan(unchanged=45), "No changes. 45 subscriptions match their specs.", id="nothing to do"),
        pytest.param(a_plan(unchanged=1), "No changes. 1 subscription matches its spec.", id="one alone"),
        pytest.param(a_plan(), "No changes. There is nothing to compare.", id="nothing there"),
        pytest.param(a_plan(blocked=(blocked(),)), "No changes. 1 blocked.", id="only blocked"),
        pytest.param(
            a_plan(unchanged=1_200, blocked=(blocked(),)),
            "No changes. 1,200 subscriptions match their specs, 1 blocked.",
            id="nothing to do beside what is blocked",
        ),
        pytest.param(
            a_plan(turn_off(), cancel_now(), blocked=(blocked(),), unchanged=41),
            "Plan: 1 to cancel now, 1 to turn off, 41 unchanged, 1 blocked.",
            id="the example of the contract",
        ),
    ],
)
def test_the_summary_of_a_plan(plan: Plan, words: str) -> None:
    assert plan_summary(plan, clear(plan)) == words


def test_the_summary_says_how_much_is_refused() -> None:
    plan = a_plan(turn_off(), cancel_now())
    refused = Verdict(plan.changes[:1], REFUSALS[:1])
    assert plan_summary(plan, refused) == "Plan: 1 to cancel now, 1 to turn off; 1 would be refused."
    assert plan_summary(plan, refused, applying=True).endswith("; 1 refused.")


def test_limits_in_money_stand_beside_those_in_numbers() -> None:
    names = "max-changes max-spent-value max-spending max-cancelled-value max-endings".split()
    found = worst_first(Refusal(name, "contoso", "", "") for name in names)
    assert [item.limit for item in found] == names[::-1]


def test_words_are_listed_as_in_a_sentence() -> None:
    assert [listed(tuple("abcd"[:count]), 3) for count in range(5)] == [
        "",
        "a",
        "a and b",
        "a, b and c",
        "a, b and 2 more",
    ]

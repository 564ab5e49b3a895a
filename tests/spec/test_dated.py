"""Each kind of rule as a value, and the rules of one matter in the order of their days."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from reconciler.diagnostics import Diagnostics
from reconciler.policy import Extension, Reactivation, RefundRule, Rule, SeatLimit, Since, Window
from reconciler.spec import policies
from reconciler.spec.dated import NEVER, placed_rules
from reconciler.spec.policies import AnyRule
from reconciler.spec.positions import Document
from tests.spec.reading import brief

MATTER = Document("a.yaml", "expired:\n- {}\n- {}\n- {}\n").at("expired")


def rule(kind: type[AnyRule], **given: object) -> AnyRule:
    """A rule of one kind, from the beginning, with a source in two lines."""
    return kind.model_validate({"effective_from": "1970-01-01", "source": "a\n  b", **given})


DAYS, WINDOW, SEATS, REFUND = policies.DaysRule, policies.WindowRule, policies.SeatsRule, policies.RefundRule
RETURN, EXTENSION, EFFECTS = policies.ReactivationRule, policies.ExtensionRule, policies.EffectsRule
FLAGS = {"expired": True, "disabled": False, "cancelled": "unknown", "same_id": "unknown"}


@pytest.mark.parametrize(
    ("item", "value"),
    [
        pytest.param(rule(DAYS, days=0), 0, id="no days"),
        pytest.param(rule(DAYS, days=3650), 3650, id="ten years of days"),
        pytest.param(rule(DAYS, days="unknown"), None, id="days that nobody knows"),
        pytest.param(rule(WINDOW, length="7d"), Window(timedelta(days=7), Since.RENEWAL), id="days from each renewal"),
        pytest.param(
            rule(WINDOW, length="72h", since="start"),
            Window(timedelta(hours=72), Since.START),
            id="hours from the start",
        ),
        pytest.param(rule(WINDOW, length="any-time"), Window(None), id="always"),
        pytest.param(rule(WINDOW, length="never"), NEVER, id="never"),
        pytest.param(rule(WINDOW, length="unknown"), None, id="a window that nobody knows"),
        pytest.param(rule(SEATS, at_most=25), SeatLimit(25), id="25 seats"),
        pytest.param(rule(SEATS, at_most="any"), SeatLimit(None), id="any seats"),
        pytest.param(rule(SEATS, at_most="unknown"), None, id="seats that nobody knows"),
        pytest.param(rule(REFUND, rule="none"), RefundRule.NONE, id="no refund"),
        pytest.param(rule(REFUND, rule="unknown"), None, id="a refund that nobody knows"),
        pytest.param(rule(RETURN, **FLAGS), Reactivation(True, False, None, None), id="what can come back"),
        pytest.param(rule(EXTENSION, when_off=False), Extension(False), id="no extension"),
        pytest.param(
            rule(EXTENSION, when_off="unknown", surcharge_percent=3, otherwise_percent="unknown"),
            Extension(None, 3, None),
            id="an extension of which one price is known",
        ),
        pytest.param(rule(EFFECTS, texts=["a\n b", "c"]), ("a b", "c"), id="two effects"),
        pytest.param(rule(EFFECTS, texts=[]), (), id="no effect"),
    ],
)
def test_a_rule_is_a_value_with_its_day_and_source(item: AnyRule, value: object) -> None:
    found = Diagnostics()
    (placed,) = placed_rules([item], MATTER, found)
    assert brief(found) == []
    assert placed.rule == Rule(date(1970, 1, 1), value, "a b")
    assert placed.place.path == ("expired", 0)


def test_rules_are_in_the_order_of_their_days_and_know_where_they_stand() -> None:
    days = ["2024-02-29", "1970-01-01", "2020-01-01"]
    items = [rule(DAYS, effective_from=day, terms_from="2019-01-01", days=index) for index, day in enumerate(days)]
    placed = placed_rules(items, MATTER, Diagnostics())
    assert [(str(item.rule.effective_from), item.rule.value) for item in placed] == [
        ("1970-01-01", 1),
        ("2020-01-01", 2),
        ("2024-02-29", 0),
    ]
    assert [item.place.location.line for item in placed] == [3, 4, 2]
    assert {item.rule.terms_from for item in placed} == {date(2019, 1, 1)}


def test_one_mistake_leaves_no_rule_and_hides_no_other() -> None:
    found = Diagnostics()
    items = [rule(DAYS, effective_from="x", days=1), rule(DAYS, days=1), rule(DAYS, days=2, terms_from="y")]
    assert placed_rules(items, MATTER, found) == ()
    assert brief(found) == ["2:3 bad-date", "4:3 bad-date"]

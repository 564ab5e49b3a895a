"""How each change of the pair goes back: what is written, that it leads there, and why it is too late."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest

from reconciler.counter.replies import Answer, Reply
from reconciler.model import Cancel, Recurring, SubscriptionKey
from reconciler.policy import Dated, Extension, Lifecycle, Reactivation, Since, Window
from tests.builders import CLASSIC, a_lifecycle, dated
from tests.counter.ledger import FILE, HEAD, Ledger, answers, spec

YES, NO = Extension(when_off=True), Extension(when_off=False)
EXTENDING = a_lifecycle(extension=YES)
ON, OFF, OFF_NONE = "    recurring: on\n", "    recurring: off\n", "    recurring: off\n    cancel: none\n"
AT_RENEWAL = "    cancel: {when: at-renewal, reason: gone}\n"
KEY = SubscriptionKey("contoso", "visio")


def moved(first: str, second: str, lifecycle: Lifecycle = CLASSIC) -> Ledger:
    """A ledger in which the second spec was applied over the first."""
    ledger = Ledger(lifecycle=lifecycle)
    ledger.apply(spec(first))
    ledger.apply(spec(second))
    return ledger


def the_reply(ledger: Ledger, run: str = "run-2") -> Reply:
    """What is said of its one change."""
    (reply,) = ledger.undo(run).replies
    return reply


WAYS = [
    pytest.param(CLASSIC, ON, OFF, "turn-off-recurring", ["recurring: on"], id="turned off"),
    pytest.param(CLASSIC, OFF, ON, "turn-on-recurring", ["recurring: off"], id="turned on"),
    pytest.param(
        EXTENDING, OFF_NONE, ON, "turn-on-recurring", ["recurring: off", "cancel: none"], id="turned on, off extends"
    ),
    pytest.param(CLASSIC, "", AT_RENEWAL, "cancel-at-renewal", ["recurring: on"], id="cancelled what was on"),
    pytest.param(
        CLASSIC, OFF, AT_RENEWAL, "cancel-at-renewal", ["recurring: off", "cancel: none"], id="cancelled what was off"
    ),
    pytest.param(CLASSIC, AT_RENEWAL, ON, "undo-cancel", ["cancel: at-renewal"], id="cancellation undone"),
    pytest.param(CLASSIC, AT_RENEWAL, OFF_NONE, "undo-cancel", ["cancel: at-renewal"], id="undone, and left off"),
]


@pytest.mark.parametrize(("lifecycle", "first", "second", "verb", "lines"), WAYS)
def test_the_next_apply_takes_it_back(
    lifecycle: Lifecycle, first: str, second: str, verb: str, lines: list[str]
) -> None:
    ledger = Ledger(lifecycle=lifecycle)
    ledger.apply(spec(first))
    before = ledger.row()
    ledger.apply(spec(second))
    found = ledger.undo()
    assert (answers(found), [*found.replies[0].lines], found.whole) == ([(verb, Answer.PATCH)], lines, True)
    assert found.replies[0].until == before.term.end
    ledger.patch(found)
    plan = ledger.apply()
    assert (len(plan.changes), ledger.row()) == (1, before)
    assert ledger.planned()[2].changes == ()


def test_what_a_rule_has_ended_goes_back_by_an_own_key() -> None:
    ledger = Ledger()
    ledger.apply(spec(""))
    ledger.apply(f"rules: [{{match: {{product: SPB}}, set: {{recurring: off}}}}]\n{spec('')}")
    ledger.patch(ledger.undo())
    assert ledger.texts[FILE].endswith(f"{spec('').removeprefix(HEAD)}{ON}")
    ledger.apply()
    assert ledger.row().recurring is Recurring.ON


def test_an_entry_in_force_is_changed_where_it_stands() -> None:
    own = "    recurring: on\n    schedule:\n    - {from: 2027-11-01, cancel: at-renewal}\n"
    ledger = moved(own, f"{own}    - {{from: 2026-11-01, recurring: off, reason: moved}}\n")
    found = ledger.undo()
    assert answers(found) == [("turn-off-recurring", Answer.PATCH)]
    ledger.patch(found)
    assert ledger.texts[FILE] == spec(f"{own}    - {{from: 2026-11-01, recurring: on}}\n")
    ledger.apply()
    assert ledger.row().recurring is Recurring.ON


@pytest.mark.parametrize("extension", [dated(YES), dated(YES, (date(2027, 3, 15), NO))], ids=["still", "not any more"])
def test_what_was_turned_on_in_a_paid_extension_is_off_and_extended_again(extension: Dated[Extension]) -> None:
    ledger = Ledger(lifecycle=a_lifecycle(extension=extension))
    ledger.apply(spec(OFF_NONE))
    ledger.pass_by(days=120)
    ledger.apply()
    before = ledger.row()
    assert before.extended
    ledger.apply(spec(ON))
    ledger.patch(ledger.undo())
    assert ledger.texts[FILE] == spec(OFF_NONE)
    ledger.apply()
    assert ledger.row() == before


def test_an_end_at_once_that_fell_back_goes_back_whole() -> None:
    own = "    cancel:\n      when: immediately\n      reason: gone\n      confirm: contoso/visio@2026-03-01\n"
    closed = a_lifecycle(window=Window(timedelta(days=7), Since.RENEWAL))
    ledger = moved(ON, f"{own}      on_blocked: at-renewal\n", closed)
    found = ledger.undo()
    assert answers(found) == [("cancel-at-renewal", Answer.PATCH)]
    ledger.patch(found)
    assert ledger.texts[FILE] == spec(ON)


class TestTooLate:
    @pytest.mark.parametrize("recorded", [False, True], ids=["nobody has recorded it", "a later run has"])
    def test_after_a_renewal_only_the_new_term_can_be_ended(self, recorded: bool) -> None:
        ledger = moved(OFF, ON)
        ledger.pass_by(days=120)
        if recorded:
            ledger.apply()
        reply = the_reply(ledger)
        assert (reply.answer, reply.why) == (Answer.NONE, "it has renewed since, on 2027-03-01")
        assert reply.instead == "`recurring: off` among its own keys ends it with its new term, on 2028-02-29"

    @pytest.mark.parametrize("recorded", [False, True], ids=["nobody has recorded it", "a later run has"])
    def test_after_its_end_it_is_brought_back_by_a_new_term(self, recorded: bool) -> None:
        ledger = moved(ON, OFF)
        ledger.pass_by(days=120)
        if recorded:
            ledger.apply()
        reply = the_reply(ledger)
        assert (reply.answer, reply.why) == (Answer.NONE, "its term ended on 2027-02-28, and it is expired")
        assert reply.instead.startswith("`recurring: on` among its own keys brings it back, with a new term")

    def test_where_the_policy_brings_nothing_back_it_says_so(self) -> None:
        ledger = moved(ON, OFF, a_lifecycle(reactivation=Reactivation(expired=False, disabled=False, cancelled=False)))
        ledger.pass_by(days=120)
        assert "do not let it be reactivated" in the_reply(ledger).instead

    def test_what_was_to_end_anyway_needs_nothing_else(self) -> None:
        ledger = moved(OFF, AT_RENEWAL)
        ledger.pass_by(days=120)
        assert (the_reply(ledger).answer, the_reply(ledger).instead) == (Answer.NONE, "")

    def test_in_a_paid_extension_a_whole_term_can_follow(self) -> None:
        ledger = moved(ON, OFF_NONE, EXTENDING)
        ledger.pass_by(days=120)
        reply = the_reply(ledger)
        assert (reply.answer, reply.why) == (Answer.NONE, "its term is over, and a paid extension has begun")
        assert "lets a whole term follow" in reply.instead

    def test_a_start_or_anothers_renewal_is_none(self) -> None:
        ledger = Ledger()
        facts = "    facts: {product: SPB, term: annual, start: 2026-11-25}\n"
        other = "  other:\n    facts: {product: SPB, term: monthly, start: 2026-01-01}\n"
        ledger.apply(spec(ON, facts=facts) + other)
        ledger.pass_by(days=3)
        ledger.apply(spec(OFF, facts=facts) + other)
        ledger.pass_by(days=60)
        ledger.apply()
        assert the_reply(ledger).answer is Answer.PATCH


class TestMovedSince:
    def test_another_run_that_took_it_back_is_named(self) -> None:
        ledger = moved(ON, OFF)
        ledger.apply(spec(ON))
        reply = the_reply(ledger)
        assert (reply.answer, reply.why) == (Answer.BACK, "the run run-3 took it back")

    def test_another_run_that_moved_it_on_is_the_one_to_be_undone(self) -> None:
        ledger = moved(ON, OFF)
        ledger.apply(spec(AT_RENEWAL))
        reply = the_reply(ledger)
        assert (reply.answer, reply.why) == (Answer.NONE, "the run run-3 has moved it since")
        assert reply.instead == "reconcile undo run-3"
        assert not ledger.undo("run-2").patch

    def test_another_run_that_moved_something_else_is_none(self) -> None:
        ledger = moved(ON, OFF)
        ledger.apply(spec("    recurring: off\n    owner: it\n"))
        assert the_reply(ledger).answer is Answer.PATCH

    def test_what_no_run_has_moved_and_stands_otherwise_is_told(self) -> None:
        ledger = moved(ON, OFF)
        ledger.rows[KEY] = replace(ledger.rows[KEY], cancellation=Cancel.AT_RENEWAL)
        assert (the_reply(ledger).answer, the_reply(ledger).why) == (Answer.NONE, "it is no longer as that run left it")

"""How an update, a correction and a rename go back, field by field."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from reconciler.counter.fields import stored_values
from reconciler.counter.replies import Answer
from reconciler.model import Money, SubscriptionKey
from tests.builders import a_stored
from tests.counter.ledger import FACTS, FILE, Ledger, answers, spec

KEY = SubscriptionKey("contoso", "visio")
FULL = "    facts: {product: SPB, term: annual, start: 2026-03-01, seats: 5, price: 5.00 EUR, last_charge: 9.00 EUR}\n"


def undone(first: tuple[str, str], second: tuple[str, str], head: str = "") -> tuple[Ledger, list[tuple[str, Answer]]]:
    """A ledger after the patch of the second apply was applied, and what was said of it."""
    ledger = Ledger()
    ledger.apply(head + spec(first[0], facts=first[1]))
    before = ledger.row()
    ledger.apply(head + spec(second[0], facts=second[1]))
    found = ledger.undo()
    ledger.patch(found)
    ledger.apply()
    if found.whole:
        assert ledger.row() == before
        assert ledger.planned()[2].changes == ()
    return ledger, answers(found)


BACK = [
    pytest.param(("", FULL), ("", FULL.replace("5,", "7,").replace("9.", "8.")), "update", id="seats and sums"),
    pytest.param(("    owner: 'Team, A'\n", FULL), ("    owner: B\n", FULL), "update", id="an owner"),
    pytest.param(("    labels: {a: b, c: d}\n", FULL), ("    labels: {a: x, e: f}\n", FULL), "update", id="labels"),
    pytest.param(("    labels: {}\n", FULL), ("    labels: {e: f}\n", FULL), "update", id="no labels"),
    pytest.param(("", FULL), ("    labels: {e: f}\n", FULL), "update", id="labels where none were declared"),
    pytest.param(("", FULL), ("    protect: true\n", FULL), "update", id="a new protection"),
    pytest.param(("", FULL), ("", FULL.replace("SPB", "'0123'")), "correct", id="a product"),
    pytest.param(("", FULL), ("", FULL.replace("03-01", "04-01")), "correct", id="a start"),
    pytest.param(("", FULL), ("", FULL.replace("annual", "triennial")), "correct", id="a term, with its billing"),
    pytest.param(
        ("", FULL.replace("start", "billing: monthly, start")), ("", FULL), "correct", id="a billing that was stated"
    ),
    pytest.param(
        ("", FULL.replace("annual", "annual, billing: monthly")),
        ("", FULL.replace("annual", "monthly")),
        "correct",
        id="a term, and a billing that stays",
    ),
    pytest.param(("", FULL), ("", FULL.replace("start", "billing: monthly, start")), "correct", id="a new billing"),
]  # fmt: skip


@pytest.mark.parametrize(("first", "second", "verb"), BACK)
def test_former_values_are_written_again(first: tuple[str, str], second: tuple[str, str], verb: str) -> None:
    assert undone(first, second)[1] == [(verb, Answer.PATCH)]


def test_a_lifted_protection_is_put_back() -> None:
    ledger, found = undone(("    protect: true\n", FULL), ("    protect: false\n", FULL))
    assert (found, ledger.row().protected) == ([("update", Answer.PATCH)], True)


INHERITED = "defaults: {labels: {a: b}, owner: it}\n"


def test_inherited_labels_need_not_be_written() -> None:
    ledger, found = undone(("", FULL), ("    labels: {a: x}\n", FULL), INHERITED)
    assert (found, ledger.texts[FILE].endswith("labels: {}\n")) == ([("update", Answer.PATCH)], True)
    ledger = Ledger()
    ledger.apply(INHERITED + spec(""))
    ledger.apply(INHERITED.replace("a: b", "a: x") + spec(""))
    ledger.texts[FILE] = INHERITED + spec("")
    assert answers(ledger.undo()) == [("update", Answer.ASKED)]


def test_an_inherited_label_that_was_not_there_cannot_be_taken_out() -> None:
    ledger = Ledger()
    ledger.apply(spec("    labels: {a: b}\n"))
    ledger.apply(f"defaults: {{labels: {{c: d}}}}\n{spec('    labels: {a: b}' + chr(10))}")
    reply = ledger.undo().replies[0]
    assert (reply.answer, reply.why) == (Answer.NONE, "the next plan would not take it back")


def test_what_had_no_value_before_stays_and_the_rest_goes_back() -> None:
    ledger = Ledger()
    ledger.apply(spec("", facts=FULL.replace(", price: 5.00 EUR", "")))
    ledger.apply(spec("    owner: it\n", facts=FULL.replace("seats: 5", "seats: 7")))
    found = ledger.undo()
    assert [(reply.answer, reply.fields) for reply in found.replies] == [
        (Answer.PATCH, ("seats",)),
        (Answer.NONE, ("price", "owner")),
    ]
    assert found.replies[1].why == "it had none before, and no spec can say that again"
    assert not found.whole


def test_fields_that_others_have_moved_since_are_theirs() -> None:
    ledger = Ledger()
    ledger.apply(spec("    owner: a\n", facts=FULL))
    ledger.apply(spec("    owner: b\n    protect: true\n", facts=FULL.replace("5,", "6,").replace("5.00", "6.00")))
    ledger.apply(spec("    owner: a\n    protect: true\n", facts=FULL.replace("5,", "7,").replace("5.00", "6.00")))
    ledger.rows[KEY] = replace(ledger.rows[KEY], price=Money(1, "EUR"))
    said = {reply.fields: (reply.answer, reply.why, reply.instead) for reply in ledger.undo("run-2").replies}
    assert said == {
        ("protected",): (Answer.PATCH, "", ""),
        ("seats",): (Answer.NONE, "the run run-3 has moved it since", "reconcile undo run-3"),
        ("owner",): (Answer.BACK, "the run run-3 took it back", ""),
        ("price",): (Answer.NONE, "it is no longer as that run left it", ""),
    }


def test_a_start_that_terms_do_not_count_from_is_left() -> None:
    ledger = Ledger()
    ledger.apply(spec("    recurring: off\n", facts=FULL))
    ledger.pass_by(days=120)
    ledger.apply(spec("    recurring: on\n", facts=FULL))
    ledger.apply(spec("    recurring: on\n", facts=FULL.replace("03-01", "04-01")))
    (reply,) = ledger.undo().replies
    assert (reply.answer, reply.why[:40]) == (Answer.NONE, "its terms counted from another day than ")
    ledger = Ledger()
    ledger.apply(spec("", facts=FULL))
    ledger.apply(spec("", facts=FULL.replace("03-01", "04-01")))
    ledger.rows[KEY] = replace(ledger.rows[KEY], anchor=date(2026, 5, 1))
    assert answers(ledger.undo()) == [("correct", Answer.NONE)]


class TestARename:
    def test_it_gets_its_former_name_and_says_which_it_had(self) -> None:
        ledger = Ledger()
        ledger.apply(spec("    owner: it # x\n"))
        ledger.apply(spec("    previously: visio\n    owner: it # x\n", "teams"))
        found = ledger.undo()
        assert answers(found) == [("rename", Answer.PATCH)]
        ledger.patch(found)
        assert ledger.texts[FILE] == spec("    previously: teams\n    owner: it # x\n")
        ledger.apply()
        assert [str(key) for key in ledger.rows] == ["contoso/visio"]

    def test_with_all_else_that_the_run_moved(self) -> None:
        ledger = Ledger()
        ledger.apply(spec("    owner: a\n", facts=FULL))
        before = ledger.row()
        ledger.apply(
            spec("    owner: b\n    previously: visio\n    recurring: off\n", "teams", FULL.replace("SPB", "X"))
        )
        ledger.apply(spec("    owner: b\n    recurring: off\n", "teams", FULL.replace("SPB", "X")))
        found = ledger.undo("run-2")
        assert {reply.answer for reply in found.replies} == {Answer.PATCH}
        ledger.patch(found)
        ledger.apply()
        assert ledger.row() == before

    def test_another_rename_since_is_the_one_to_be_undone(self) -> None:
        ledger = Ledger()
        ledger.apply(spec(""))
        ledger.apply(spec("    previously: visio\n", "teams"))
        ledger.apply(spec("    previously: teams\n", "calls"))
        assert [(r.answer, r.instead) for r in ledger.undo("run-2").replies] == [(Answer.NONE, "reconcile undo run-3")]
        ledger.apply(spec("    previously: calls\n", "visio"))
        assert answers(ledger.undo("run-2")) == [("rename", Answer.BACK)]

    def test_a_former_name_that_is_taken_stays_taken(self) -> None:
        ledger = Ledger()
        ledger.apply(spec(""))
        ledger.apply(spec("    previously: visio\n", "teams"))
        ledger.apply(f"{spec('', 'teams')}  visio:\n{FACTS}")
        (reply,) = ledger.undo("run-2").replies
        assert (reply.answer, reply.why[:24]) == (Answer.NONE, "its spec would be wrong:")

    def test_one_that_the_specs_rename_once_more_goes_back_all_the_same(self) -> None:
        ledger = Ledger()
        ledger.apply(spec(""))
        ledger.apply(spec("    previously: visio\n", "teams"))
        ledger.texts[FILE] = spec("    previously: teams\n", "calls")
        ledger.patch(ledger.undo())
        assert ledger.texts[FILE] == spec("    previously: teams\n")

    def test_one_that_the_specs_take_back_already_is_asked_for(self) -> None:
        ledger = Ledger()
        ledger.apply(spec("    owner: a\n"))
        ledger.apply(spec("    previously: visio\n    owner: b\n", "teams"))
        ledger.texts[FILE] = spec("    previously: teams\n    owner: b\n")
        found = ledger.undo()
        assert answers(found) == [("rename", Answer.ASKED), ("update", Answer.PATCH)]
        ledger.patch(found)
        ledger.apply()
        assert ledger.row().owner == "a"


def test_stored_values_are_in_the_words_of_a_change() -> None:
    row = a_stored(seats=2, price=Money(500, "EUR"), last_charge=Money(5, "JPY"), labels={"a": "b"}, protected=True)
    found = stored_values(row)
    assert (found["price"], found["last_charge"], found["start"]) == ("5.00 EUR", "5 JPY", "2026-03-01")
    assert (found["labels"], found["protected"], found["term"], found["id"]) == ({"a": "b"}, True, "annual", None)

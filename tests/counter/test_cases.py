"""What is said alike of every change on a record that is there."""

from __future__ import annotations

from reconciler.counter.replies import Answer
from reconciler.model import SubscriptionKey
from tests.counter.ledger import FILE, HEAD, Ledger, spec


def test_what_no_file_declares_any_more_is_declared_by_hand() -> None:
    ledger = Ledger()
    ledger.apply(spec("    recurring: off\n"))
    ledger.apply(spec("    cancel: at-renewal\n"))
    ledger.apply(spec("", "other"))
    (reply,) = ledger.undo("run-2").replies
    assert (reply.answer, reply.why) == (Answer.NONE, "no file declares it any more")
    assert reply.instead == "declare it again, with `recurring: off` and `cancel: none`"


def test_former_labels_of_what_no_file_declares_are_told_whole() -> None:
    ledger = Ledger()
    ledger.apply(spec("    labels: {a: b}\n"))
    ledger.apply(spec("    labels: {}\n"))
    ledger.apply(spec("", "other"))
    (reply,) = ledger.undo("run-2").replies
    assert (reply.fields, reply.instead) == (("labels",), "declare it again, with `labels: {a: b}`")


def test_a_record_is_found_under_the_name_that_it_has_now_and_that_the_specs_give_it() -> None:
    ledger = Ledger()
    ledger.apply(spec("    recurring: on\n"))
    ledger.apply(spec("    recurring: off\n"))
    ledger.apply(spec("    previously: visio\n    recurring: off\n", "teams"))
    ledger.texts[FILE] = spec("    previously: teams\n    recurring: off\n", "calls")
    found = ledger.undo("run-2")
    assert [(str(reply.key), reply.answer) for reply in found.replies] == [("contoso/teams", Answer.PATCH)]
    ledger.patch(found)
    assert ledger.texts[FILE] == spec("    previously: teams\n    recurring: on\n", "calls")
    ledger.apply()
    assert ledger.rows[SubscriptionKey("contoso", "calls")].recurring.value == "on"


def test_each_place_is_that_of_the_subscription() -> None:
    ledger = Ledger()
    ledger.apply(spec("    recurring: on\n"))
    ledger.apply(spec("    recurring: off\n"))
    place = ledger.undo().replies[0].place
    assert place is not None
    assert str(place.location) == f"{FILE}:{HEAD.count(chr(10)) + 1}:3"

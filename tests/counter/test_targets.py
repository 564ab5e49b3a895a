"""What is to be said of each kind of change."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from reconciler.changes import Kind
from reconciler.counter.cases import Surroundings
from reconciler.counter.replies import Answer, Candidate
from reconciler.counter.targets import replies
from reconciler.counter.trail import Trace
from reconciler.journal import OutcomeKind
from reconciler.rulebook import Rulebook
from tests.builders import NOW, a_change, a_key, a_stored
from tests.counter.ledger import Ledger, answers, journaled, spec

AROUND = Surroundings(NOW, {a_key("contoso/visio"): a_stored("contoso/visio")}, {}, Rulebook())
CONFIRM = "contoso/visio@2026-03-01"


def test_a_record_is_dropped_by_its_name() -> None:
    ledger = Ledger()
    ledger.apply(spec("    protect: true\n"))
    (reply,) = ledger.undo().replies
    assert (reply.answer, reply.why) == (Answer.NONE, "only by its name a record is dropped, never by a spec")
    assert reply.instead == "lift its protection; remove it from the specs, then `reconcile forget contoso/visio`"


def test_a_registered_record_that_was_dropped_is_gone_as_before() -> None:
    ledger = Ledger()
    ledger.apply(spec(""))
    ledger.forget("visio")
    assert answers(ledger.undo("run-1")) == [("register", Answer.BACK)]
    assert ledger.undo("run-1").replies[0].why == "its record was dropped by the run run-2"
    assert answers(ledger.undo("last")) == [("forget", Answer.NONE)]
    assert "registered anew" in ledger.undo("last").replies[0].why


def test_a_change_of_a_dropped_record_has_nowhere_to_go_back_to() -> None:
    ledger = Ledger()
    ledger.apply(spec("    recurring: on\n"))
    ledger.apply(spec("    recurring: off\n"))
    ledger.forget("visio")
    (reply,) = ledger.undo("run-2").replies
    assert (reply.answer, reply.why) == (Answer.NONE, "its record was dropped by the run run-3")


def test_a_record_that_is_not_there_for_no_known_reason_is_told_alike() -> None:
    ledger = Ledger()
    ledger.apply(spec("    recurring: on\n"))
    ledger.apply(spec("    recurring: off\n"))
    ledger.rows.clear()
    assert ledger.undo().replies[0].why == "its record was dropped"


def test_a_cancellation_at_once_is_final() -> None:
    ledger = Ledger()
    ledger.apply(spec("    recurring: on\n"))
    ledger.apply(spec(f"    cancel: {{when: immediately, reason: x, confirm: {CONFIRM}}}\n"))
    (reply,) = ledger.undo().replies
    assert (reply.entry.kind, reply.answer) == ("cancel-now", Answer.NONE)
    assert reply.why.startswith("a cancellation at once is final")


def test_a_reactivation_has_begun_a_term() -> None:
    ledger = Ledger()
    ledger.apply(spec("    recurring: off\n"))
    ledger.now += timedelta(days=120)
    ledger.apply(spec("    recurring: on\n"))
    (reply,) = ledger.undo().replies
    assert (reply.entry.kind, reply.answer) == ("reactivate", Answer.NONE)
    assert reply.why == "a new term has begun; `recurring: off` ends it with that term"


def test_what_is_still_under_way_is_not_taken_back() -> None:
    ledger = Ledger()
    ledger.apply(spec("    recurring: on\n"))
    ledger.apply(spec("    recurring: off\n"))
    ledger.history[-1] = replace(ledger.history[-1], outcome=OutcomeKind.ACCEPTED)
    (reply,) = ledger.undo("run-2").replies
    assert (reply.answer, reply.why) == (
        Answer.NONE,
        "it was begun and is not done yet, by its provider or by hand",
    )


@pytest.mark.parametrize("outcome", [OutcomeKind.UNKNOWN, OutcomeKind.INTENDED])
def test_what_nobody_knows_to_have_happened_is_not_taken_back(outcome: OutcomeKind) -> None:
    ledger = Ledger()
    ledger.apply(spec("    recurring: on\n"))
    ledger.apply(spec("    recurring: off\n"))
    ledger.history[-1] = replace(ledger.history[-1], outcome=outcome)
    (reply,) = ledger.undo("run-2").replies
    assert (reply.answer, reply.why) == (Answer.NONE, "its outcome is not known")


@pytest.mark.parametrize("kind", Kind)
def test_every_verb_has_an_answer(kind: Kind) -> None:
    before, after = (
        {"recurring": "off", "cancellation": "none", "name": "x"},
        {"recurring": "on", "cancellation": "none"},
    )
    change = a_change(kind, "contoso/visio", before={} if kind in (Kind.UPDATE, Kind.CORRECT) else before, after=after)
    found = list(replies(Trace(journaled("a", change), change.key), AROUND))
    assert [reply for reply in found if isinstance(reply, Candidate)] == []
    assert len(found) == (0 if kind in (Kind.UPDATE, Kind.CORRECT) else 1)

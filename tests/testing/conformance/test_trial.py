from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from reconciler.answers import Accepted, Done, Rejected
from reconciler.changes import INTENTS, Kind
from reconciler.errors import Throttled, Unreachable
from reconciler.model import Cancel, Recurring
from reconciler.observed import Capabilities, Obstacle
from reconciler.testing.conformance import Case, Mishap, NotOffered, Requests, Who
from reconciler.testing.conformance.trial import (
    KINDS,
    STANDS,
    Trial,
    end_of,
    is_offered,
    must,
    number,
    offered,
    sent,
    shown,
    troubled,
)
from tests.testing.conformance.acme import a_bench
from tests.testing.conformance.acme_provider import URL
from tests.testing.conformance.broken import Wrong, answering, raising


def test_every_verb_of_the_pair_has_a_subscription_that_it_is_for() -> None:
    assert set(KINDS) == set(STANDS) == INTENTS


def test_must_fails_with_the_words_it_was_given() -> None:
    must(1, "fine")
    with pytest.raises(AssertionError, match="it is not"):
        must("", "it is not")


def test_what_is_not_offered_skips_with_the_reason() -> None:
    def nothing() -> None:
        raise NotOffered("the vendor locks nothing")

    with pytest.raises(pytest.skip.Exception, match="not offered: the vendor locks nothing"):
        offered(nothing)


def test_the_trouble_that_was_meant_is_handed_back() -> None:
    trouble = Unreachable("unreachable", "nobody")

    def ask() -> None:
        raise trouble

    assert troubled(ask, Throttled, Unreachable, doing="asking") is trouble


def test_what_is_shown_of_an_answer_is_short() -> None:
    assert shown("a") == "'a'"
    assert len(shown("a" * 1000)) == 200


def test_an_operation_id_has_32_digits() -> None:
    assert (len(number(4711)), int(number(4711), 16)) == (32, 4711)


def test_whoever_may_only_read_is_whom_planning_gets() -> None:
    trial = Trial(a_bench())
    assert trial.reader().opening.account.plan_as == "reader"  # type: ignore[attr-defined]
    secrets = {who: given for who, given in trial.bench.secrets.items() if who is not Who.READER}  # type: ignore[attr-defined]
    other = Trial(a_bench(secrets=secrets))
    assert other.reader().opening.account.plan_as == "writer"  # type: ignore[attr-defined]


def test_a_verb_is_offered_unless_barred_or_no_way_to_end() -> None:
    trial = Trial(a_bench())
    seen = trial.get(trial.reader(), trial.seed(Case.RENEWING))
    held = Capabilities(frozenset({Kind.TURN_OFF}), {Kind.CANCEL_NOW: Obstacle("unsupported", "no")})
    seen = replace(seen, capabilities=held)
    assert {kind for kind in KINDS if is_offered(kind, seen)} == INTENTS - {Kind.CANCEL_NOW, Kind.CANCEL_AT_RENEWAL}
    assert end_of(seen) is Kind.TURN_OFF


def test_an_order_is_as_a_plan_would_give_it() -> None:
    trial = Trial(a_bench())
    seen = trial.get(trial.reader(), trial.seed(Case.ENDED))
    order = trial.order(Kind.REACTIVATE, seen)
    assert order.change.before == {"recurring": "off", "cancellation": "none", "status": "expired"}
    assert order.change.after == {"recurring": Recurring.ON.value, "cancellation": Cancel.NONE.value}
    assert (order.change.external_id, order.now) == (seen.id, trial.bench.now())
    assert trial.order(Kind.REACTIVATE, seen).operation_id != order.operation_id


def test_what_was_accepted_is_followed_to_its_end() -> None:
    trial = Trial(a_bench())
    writer = trial.writer()
    answer = trial.send(writer, trial.order(Kind.CANCEL_NOW, trial.get(writer, trial.seed(Case.RENEWING))))
    before = trial.bench.now()
    assert isinstance(answer, Accepted)
    assert trial.finish(writer, answer) == Done()
    assert trial.bench.now() - before == timedelta(seconds=3)


def test_the_trouble_that_a_verb_raises_is_told_and_fails_where_an_answer_is_needed() -> None:
    trial = Trial(a_bench(Wrong("", "", writing={"ordered": raising(Unreachable("unreachable", "no"))}).provider()))
    writer = trial.writer()
    order = trial.order(Kind.TURN_OFF, trial.get(writer, trial.seed(Case.RENEWING)))
    assert isinstance(sent(writer, order), Unreachable)
    with pytest.raises(AssertionError, match="turn-off-recurring raised Unreachable"):
        trial.send(writer, order)


def test_get_must_answer_with_the_one_that_was_asked_for() -> None:
    trial = Trial(a_bench())
    one, other = trial.seed(Case.RENEWING), trial.seed(Case.RENEWING)
    wrong = trial.get(trial.reader(), other)
    mixed = Trial(a_bench(Wrong("", "", {"get": answering(wrong)}).provider()))
    with pytest.raises(AssertionError, match=f"asked for {one}, get answers with {other}"):
        mixed.get(mixed.reader(), one)
    absent = Trial(a_bench(Wrong("", "", {"get": answering(None)}).provider()))
    with pytest.raises(AssertionError, match="which is there"):
        absent.get(absent.reader(), one)


def test_closing_lets_go_of_all_that_was_opened_whatever_that_raises() -> None:
    trial = Trial(a_bench(Wrong("", "", {"close": raising(ValueError())}).provider()))
    trial.meet(Mishap.BUSY, Requests.WRITE)
    trial.reader()
    trial.close()
    assert trial.bench.emulator.faults.on() == []  # type: ignore[attr-defined]


def test_the_same_opening_may_lead_to_another_address() -> None:
    trial = Trial(a_bench())
    opening = trial.opening(Who.WRITER)
    assert (opening.endpoint, trial.elsewhere(opening, "http://127.0.0.1:9").endpoint) == (URL, "http://127.0.0.1:9")


def test_a_rejection_is_an_answer() -> None:
    trial = Trial(a_bench())
    writer = trial.writer()
    seen = trial.get(writer, trial.seed(Case.RENEWING))
    assert isinstance(trial.carry_out(writer, Kind.REACTIVATE, seen.id), Rejected)

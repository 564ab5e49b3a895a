from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from reconciler.answers import Accepted, Ambiguous, Done, Rejected
from reconciler.changes import Kind
from reconciler.errors import Unreachable
from reconciler.model import Term
from reconciler.observed import Capabilities, Obstacle
from reconciler.testing.conformance import Case
from reconciler.testing.conformance.writing import Writing
from tests.builders import NOW
from tests.testing.conformance.acme import START
from tests.testing.conformance.acme_provider import AcmeReader, AcmeWriter
from tests.testing.conformance.broken import Wrong, answering, raising, sighted, unbroken

VERB = "test_a_verb_does_what_it_says_or_is_barred_and_refused"
GENTLE = "test_no_verb_but_cancel_now_ends_anything_before_its_term"
ENDED = "test_an_order_for_what_has_ended_is_answered_and_harmless"
GONE = "test_an_order_for_what_is_not_there_is_refused"
NO_ID = "test_an_order_for_what_can_be_no_id_is_refused"
TWICE = "test_the_same_order_sent_twice_has_one_effect"
THRICE = "test_off_on_and_off_again_is_off"
MOVED = "test_an_order_on_what_was_changed_meanwhile_is_refused"
TOKEN = "test_what_was_accepted_is_told_by_its_token_to_another_writer"
MIXED = "test_orders_of_several_threads_do_not_mix"
TOLD = "test_a_verb_that_is_no_way_to_end_is_told_by_the_capabilities"
OFF = {"kind": Kind.TURN_OFF}
STOP = {"kind": Kind.CANCEL_AT_RENEWAL}


def ending(self: Any, order: Any) -> Any:
    """Ends at once what was to end with its term."""
    return self.ordered(order, Kind.CANCEL_AT_RENEWAL, "end")


def lapsing(self: Any, order: Any) -> Any:
    return self.ordered(order, Kind.CANCEL_AT_RENEWAL, "lapse")


def one_for_two(self: Any, order: Any) -> Any:
    """Two requests with keys of their own."""
    self.post(replace(order, operation_id=f"{order.operation_id}-first"), "lapse")
    fresh = self.get(order.seen.id)
    return self.ordered(replace(order, seen=fresh), Kind.CANCEL_AT_RENEWAL, "stop")


def neighbour(self: Any, order: Any) -> Any:
    for raw in AcmeReader.observe(self, None).items:
        if raw.id != order.seen.id:
            self.send("POST", f"/v1/subscriptions/{raw.id}/lapse", idempotency_key=f"{order.operation_id}-n")
    return AcmeWriter.turn_off_recurring(self, order)


def sent_anyway(self: Any, order: Any, kind: Kind, verb: str) -> Any:
    return self.told(self.post(order, verb))


def fresh_key(self: Any, order: Any) -> str:
    self.orders = getattr(self, "orders", 0) + 1
    return f"{order.operation_id}-{self.orders}"


def key_of_the_wish(self: Any, order: Any) -> str:
    return f"{order.seen.id}-{order.change.kind}"


def without_condition(self: Any, order: Any, verb: str) -> Any:
    return self.send("POST", f"/v1/subscriptions/{order.seen.id}/{verb}", idempotency_key=self.key(order))


def moved_is_refused(self: Any, answer: Any) -> Any:
    return Rejected("provider-refused", "no") if answer.status == 412 else AcmeWriter.told(self, answer)


def kept_in_memory(self: Any, answer: Any) -> Any:
    told = AcmeWriter.succeeded(self, answer)
    if isinstance(told, Accepted):
        self.jobs = {"job": told.token}
        return Accepted("job")
    return told


def polled_from_memory(self: Any, token: str) -> Any:
    held = getattr(self, "jobs", {}).get(token)
    return Ambiguous("never heard of it") if held is None else AcmeWriter.poll(self, held)


def never_done(self: Any, token: str) -> Any:
    return Accepted(token)


def done_at_once(self: Any, token: str) -> Any:
    return Done()


def last_asked(self: Any, order: Any) -> Any:
    """One order for all threads."""
    self.last = getattr(self, "last", order)
    return AcmeWriter.cancel_at_renewal(self, self.last)


def last_read(self: Any, id: str) -> Any:
    self.last = getattr(self, "last", id)
    return AcmeReader.get(self, self.last)


def shorter_term(self: Any, raw: Any) -> Any:
    seen = sighted(self, raw)
    return seen if raw["version"] == "v1" else replace(seen, term=Term(START, NOW))


def at_once(self: Any, raw: Any) -> Any:
    seen = sighted(self, raw)
    return seen if raw["version"] == "v1" else replace(seen, effective_at=NOW)


def odd_ends(self: Any, raw: Any) -> Any:
    return replace(sighted(self, raw), capabilities=Capabilities(frozenset({Kind.CANCEL_NOW, Kind.TURN_OFF})))


WRONGS = [
    Wrong(VERB, "cancel-at-renewal ends with Ambiguous", writing={"told": answering(Ambiguous("perhaps"))}, given=STOP),
    Wrong(VERB, "cancel-at-renewal had 0 effects", writing={"cancel_at_renewal": answering(Done())}, given=STOP),
    Wrong(VERB, "cancel-at-renewal had 2 effects", writing={"cancel_at_renewal": one_for_two}, given=STOP),
    Wrong(
        VERB, "after cancel-at-renewal it shows .*cancellation none", writing={"cancel_at_renewal": lapsing}, given=STOP
    ),
    Wrong(VERB, "another subscription was changed", writing={"turn_off_recurring": neighbour}, given=OFF),
    Wrong(VERB, "turn-off-recurring raised KeyError", writing={"ordered": raising(KeyError("id"))}, given=OFF),
    Wrong(
        VERB, "turn-off-recurring raised Unreachable", writing={"ordered": raising(Unreachable("a", "b"))}, given=OFF
    ),
    Wrong(VERB, "turn-off-recurring answered None", writing={"ordered": answering(None)}, given=OFF),
    Wrong(
        VERB,
        "turn-off-recurring is barred, and sent all the same it answers Done",
        {"barred": answering({Kind.TURN_OFF: Obstacle("unsupported", "no")})},
        {"ordered": sent_anyway},
        given=OFF,
    ),
    Wrong(
        GENTLE,
        "it is expired at once",
        writing={"cancel_at_renewal": ending},
        given={**STOP, "case": Case.RENEWING},
    ),
    Wrong(GENTLE, "moved its term", {"converted": shorter_term}, given={**STOP, "case": Case.RENEWING}),
    Wrong(GENTLE, "before its term does", {"converted": at_once}, given={**STOP, "case": Case.RENEWING}),
    Wrong(GENTLE, "several effects", writing={"cancel_at_renewal": one_for_two}, given={**STOP, "case": Case.RENEWING}),
    Wrong(
        ENDED,
        "is barred on what has ended, and answers Ambiguous",
        writing={"turn_on_recurring": answering(Ambiguous("perhaps"))},
        given={"kind": Kind.TURN_ON},
    ),
    Wrong(
        ENDED,
        "turn-on-recurring raised ValueError",
        writing={"ordered": raising(ValueError())},
        given={"kind": Kind.TURN_ON},
    ),
    Wrong(GONE, "for what nobody has answers Done", writing={"ordered": answering(Done())}),
    Wrong(NO_ID, r"for '\.\./x' answers Ambiguous", writing={"ordered": answering(Ambiguous("perhaps"))}),
    Wrong(
        TWICE,
        "sent twice, cancel-at-renewal had 2 effects",
        writing={"key": fresh_key, "post": without_condition},
        given=STOP,
    ),
    Wrong(THRICE, "is done, and does not stand", writing={"key": key_of_the_wish}),
    Wrong(MOVED, "on an old revision answers Done", writing={"post": without_condition}),
    Wrong(MOVED, "rejected as provider-refused", writing={"told": moved_is_refused}),
    Wrong(TOKEN, "by its token, is not done", writing={"succeeded": kept_in_memory, "poll": polled_from_memory}),
    Wrong(TOKEN, "after 60 polls", writing={"poll": never_done}),
    Wrong(TOKEN, "cancel-now does not stand", writing={"poll": done_at_once}),
    Wrong(MIXED, "15 of 16 had none or several", writing={"cancel_at_renewal": last_asked}),
    Wrong(MIXED, "among the answers: Rejected", writing={"cancel_at_renewal": answering(Rejected("busy", "no"))}),
    Wrong("test_reads_of_several_threads_do_not_mix", "another's subscription", {"get": last_read}),
    Wrong(TOLD, "`ends` is .*cancel-now", {"converted": odd_ends}),
    Wrong(TOLD, "without a word why", {"barred": answering({Kind.REACTIVATE: Obstacle("", "")})}),
]


@pytest.mark.parametrize("wrong", WRONGS, ids=str)
def test_the_suite_catches_what_is_wrong(wrong: Wrong) -> None:
    wrong.is_caught(Writing)


def test_every_fact_can_fail() -> None:
    assert unbroken(Writing, WRONGS) == set()

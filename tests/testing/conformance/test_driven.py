from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from reconciler.answers import Done, Rejected
from reconciler.model import Cancel, Recurring, Status
from reconciler.testing.conformance import Mishap
from reconciler.testing.conformance.driven import Driven
from tests.testing.conformance.acme_provider import AcmeReader, AcmeWriter, Dropped
from tests.testing.conformance.broken import Wrong, answering, unbroken

PLAIN = "test_a_run_ends_what_it_is_to_end"
NOTHING = "test_nothing_is_lost_and_nothing_is_doubled"
LIE = "test_a_yes_that_changes_nothing_is_told"
LATE = "test_a_read_that_shows_the_past_is_waited_for"
BUSY = "test_what_is_busy_is_left_for_later"
UNKNOWN = "test_what_is_of_unknown_status_is_never_written_to"
ONE = {"mishap": Mishap.DROP_AFTER_COMMIT, "times": 1}


def without_condition(self: Any, order: Any, verb: str) -> Any:
    return self.send("POST", f"/v1/subscriptions/{order.seen.id}/{verb}", idempotency_key=self.key(order))


def fresh_key(self: Any, order: Any) -> str:
    self.orders = getattr(self, "orders", 0) + 1
    return f"{order.operation_id}-{self.orders}"


def trying_again(self: Any, order: Any, verb: str) -> Any:
    try:
        return without_condition(self, order, verb)
    except Dropped:
        return without_condition(self, order, verb)


def believing(self: Any, id: str) -> Any:
    """Shows what it asked for, whatever is so."""
    seen = AcmeReader.get(self, id)
    if seen is None or id not in vars(self).get("asked_for", ()):
        return seen
    return replace(seen, recurring=Recurring.OFF, cancellation=Cancel.AT_RENEWAL)


def stale(self: Any, id: str) -> Any:
    """What it read first, for ever."""
    self.read = {id: AcmeReader.get(self, id), **getattr(self, "read", {})}
    return self.read[id]


def asking(self: Any, order: Any) -> Any:
    self.asked_for = {*getattr(self, "asked_for", set()), order.seen.id}
    return AcmeWriter.cancel_at_renewal(self, order)


def in_two_steps(self: Any, order: Any, verb: str) -> Any:
    self.send("POST", f"/v1/subscriptions/{order.seen.id}/lapse", idempotency_key=f"{order.operation_id} first")
    return without_condition(self, order, verb)


WRONGS = [
    Wrong(PLAIN, "failed .still-differs", writing={"cancel_at_renewal": answering(Done())}),
    Wrong(PLAIN, "had 2 effects", writing={"post": in_two_steps}),
    Wrong(
        NOTHING,
        "reported as failed, and it was carried out",
        writing={"lost": answering(Rejected("a", "b"))},
        given=ONE,
    ),
    Wrong(NOTHING, "doubled", writing={"post": trying_again, "key": fresh_key}, given=ONE),
    Wrong(
        NOTHING,
        "reported as done, and it is not",
        writing={"get": believing, "cancel_at_renewal": asking},
        given={"mishap": Mishap.DROP_BEFORE_COMMIT, "times": 1},
    ),
    Wrong(
        NOTHING,
        "after 4 more runs it has not come to its end",
        writing={"ordered": answering(Rejected("provider-refused", "never"))},
        given=ONE,
    ),
    Wrong(LIE, "the run says: succeeded", writing={"get": believing, "cancel_at_renewal": asking}),
    Wrong(
        LIE,
        "the run says: failed .provider-refused",
        writing={"succeeded": answering(Rejected("provider-refused", "no"))},
    ),
    Wrong(LATE, "a read was late, and the run says: failed", writing={"get": stale}),
    Wrong(BUSY, "it is busy, and the run says: failed", {"busy": answering(None)}),
    Wrong(UNKNOWN, "its status is unknown, and the run says: failed .busy", {"status": answering(Status.ACTIVE)}),
]


@pytest.mark.parametrize("wrong", WRONGS, ids=str)
def test_the_suite_catches_what_is_wrong(wrong: Wrong) -> None:
    wrong.is_caught(Driven)


def test_every_fact_can_fail() -> None:
    assert unbroken(Driven, WRONGS) == set()

from __future__ import annotations

import contextlib
import urllib.request
from typing import Any

import pytest

from reconciler.answers import Accepted, Ambiguous, Done, Rejected
from reconciler.errors import Throttled, Unreachable
from reconciler.testing.conformance import Mishap
from reconciler.testing.conformance.broken_writing import BrokenWriting
from reconciler.testing.conformance.trial import Trial
from tests.testing.conformance.acme import a_bench
from tests.testing.conformance.acme_provider import AcmeProvider, AcmeWriter, Dropped, Refused
from tests.testing.conformance.broken import Wrong, answering, raising, unbroken

LOST = "test_an_order_without_an_answer_is_ambiguous"
ONCE = "test_an_order_is_sent_once"
AGAIN = "test_an_order_that_was_lost_is_sent_again_without_harm"
THROTTLED = "test_a_throttled_order_says_when_to_come_back"
BUSY = "test_an_order_for_what_is_locked_is_busy"
NO_TOKEN = "test_a_token_that_is_none_is_answered"
DROPPED = {"mishap": Mishap.DROP_AFTER_COMMIT}
TERM = {**DROPPED, "ending": "with its term"}


def trying_again(self: Any, order: Any, verb: str) -> Any:
    """What a library with retries of its own does, without a key."""
    for attempt in range(2):
        with contextlib.suppress(Dropped):
            return self.send("POST", f"/v1/subscriptions/{order.seen.id}/{verb}", idempotency_key=str(attempt))
    raise Dropped


def after_500(self: Any, order: Any, verb: str) -> Any:
    answer = AcmeWriter.post(self, order, verb)
    return self.send("POST", f"/v1/subscriptions/{order.seen.id}/{verb}") if answer.status >= 500 else answer


def fresh_key(self: Any, order: Any) -> str:
    self.orders = getattr(self, "orders", 0) + 1
    return f"{order.operation_id}-{self.orders}"


def unsure_when_refused(self: Any, order: Any, kind: Any, verb: str) -> Any:
    try:
        return self.told(self.post(order, verb))
    except (Dropped, Refused):
        return Ambiguous("no answer came")


def with_answer(**changed: Any) -> Any:
    """`told` with another answer for a status."""

    def told(self: Any, answer: Any) -> Any:
        return changed.get(f"s{answer.status}") or AcmeWriter.told(self, answer)

    return told


def following(self: Any, token: str) -> Any:
    """Asks wherever the token says."""
    if token.startswith("http"):
        urllib.request.urlopen(token, timeout=5).read()
    return Ambiguous("nothing is known")


def trusting(self: Any, token: str) -> Any:
    return Done() if token.startswith("http") else AcmeWriter.poll(self, token)


WRONGS = [
    Wrong(LOST, "drop-after-commit: Rejected", writing={"lost": answering(Rejected("a", "b"))}, given=TERM),
    Wrong(LOST, "drop-after-commit: Done", writing={"lost": answering(Done())}, given={**DROPPED, "ending": "at once"}),
    Wrong(LOST, "raised Dropped", writing={"lost": raising(Dropped())}, given=TERM),
    Wrong(
        LOST,
        "drop-before-commit: Unreachable",
        writing={"lost": raising(Unreachable("unreachable", "no"))},
        given={"mishap": Mishap.DROP_BEFORE_COMMIT, "ending": "with its term"},
    ),
    Wrong(
        LOST,
        "invalid-json: Rejected",
        writing={"succeeded": answering(Rejected("a", "b"))},
        given={"mishap": Mishap.INVALID_JSON, "ending": "with its term"},
    ),
    Wrong(
        LOST,
        "status-after-commit: Rejected",
        writing={"told": with_answer(s500=Rejected("provider-refused", "500"))},
        given={"mishap": Mishap.STATUS_AFTER_COMMIT, "ending": "with its term"},
    ),
    Wrong(
        LOST, "one order had 2 effects", writing={"post": trying_again, "told": answering(Ambiguous("x"))}, given=TERM
    ),
    Wrong(ONCE, "and 2 were carried out", writing={"post": trying_again}, given=DROPPED),
    Wrong(
        ONCE,
        "met unavailable once, and 1 were carried out",
        writing={"post": after_500},
        given={"mishap": Mishap.UNAVAILABLE},
    ),
    Wrong(AGAIN, "it was carried out 2 times", writing={"key": fresh_key}, given=DROPPED),
    Wrong(
        AGAIN,
        "sent again, cancel-at-renewal answers Ambiguous",
        writing={"told": answering(Ambiguous("x"))},
        given={"mishap": Mishap.DROP_BEFORE_COMMIT},
    ),
    Wrong(
        "test_an_order_that_could_not_be_sent_is_not_ambiguous",
        "nobody there: Ambiguous",
        writing={"ordered": unsure_when_refused},
    ),
    Wrong(THROTTLED, "throttled: Ambiguous", writing={"told": with_answer(s429=Ambiguous("429"))}),
    Wrong(THROTTLED, "retry_after is None", writing={"told": with_answer(s429=Rejected("rate-limited", "429"))}),
    Wrong(
        THROTTLED, "retry_after is 7000", writing={"told": with_answer(s429=Rejected("rate-limited", "", "", 7000.0))}
    ),
    Wrong(BUSY, "at work on it: Rejected", writing={"told": with_answer(s409=Rejected("provider-refused", "409"))}),
    Wrong(
        "test_expired_credentials_do_not_write",
        "with expired credentials: Ambiguous",
        writing={"told": with_answer(s401=Ambiguous("401"))},
    ),
    Wrong(NO_TOKEN, "that is none answers Done", writing={"poll": answering(Done())}, given={"token": "null"}),
    Wrong(NO_TOKEN, "that is none answers Accepted", writing={"poll": answering(Accepted("x"))}, given={"token": ""}),
    Wrong(
        NO_TOKEN, "poll raised ValueError for 'null'", writing={"poll": raising(ValueError())}, given={"token": "null"}
    ),
    Wrong("test_a_token_leads_to_no_other_address", "led to another address: .*GET", writing={"poll": following}),
    Wrong("test_a_token_leads_to_no_other_address", "of another host answers Done", writing={"poll": trusting}),
]


@pytest.mark.parametrize("wrong", WRONGS, ids=str)
def test_the_suite_catches_what_is_wrong(wrong: Wrong) -> None:
    wrong.is_caught(BrokenWriting)


def test_every_fact_can_fail() -> None:
    assert unbroken(BrokenWriting, WRONGS) == set()


def test_a_throttle_that_is_raised_is_as_good_as_one_that_is_answered() -> None:
    told = {"ordered": raising(Throttled("rate-limited", "too much", "", 7.0))}
    provider = Wrong(THROTTLED, "", writing=told).provider()
    BrokenWriting().test_a_throttled_order_says_when_to_come_back(Trial(a_bench(provider)))


def test_what_is_not_offered_is_skipped_by_its_reason() -> None:
    class Careful(AcmeWriter):
        idempotent = False

    class Provider(AcmeProvider):
        writer_type = Careful

    with pytest.raises(pytest.skip.Exception, match="a repeat may have a second effect"):
        BrokenWriting().test_an_order_that_was_lost_is_sent_again_without_harm(
            Trial(a_bench(Provider())), Mishap.DROP_AFTER_COMMIT
        )

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from reconciler.testing.emulators import stripe_updating as updating
from reconciler.testing.emulators.stripe_wire import Plan, Refusal, Terms, epoch, subscription_body
from tests.testing.emulators.toy import NOW

END = NOW + timedelta(days=20)


def one(**values: Any) -> Any:
    terms = Terms("sub_1", (Plan("prod_1", "A", "price_1"),), NOW, (NOW, END), values=values)
    return subscription_body(terms)


def test_what_was_is_left_as_it_was() -> None:
    before = one()
    after = updating.updated(before, {"cancel_at_period_end": "true", "metadata": {"a": "b"}}, epoch(NOW))
    assert (before["cancel_at_period_end"], before["metadata"]) == (False, {})
    assert (after["cancel_at"], after["metadata"]) == (epoch(END), {"a": "b"})


def test_the_same_twice_is_the_same_but_for_when_it_was_asked() -> None:
    first = updating.updated(one(), {"cancel_at_period_end": "true"}, epoch(NOW))
    second = updating.updated(first, {"cancel_at_period_end": "true"}, epoch(NOW) + 60)
    assert {**second, "canceled_at": first["canceled_at"]} == first


@pytest.mark.parametrize("status", ["canceled", "incomplete_expired"])
def test_what_ended_is_found_no_more_by_a_cancellation(status: str) -> None:
    with pytest.raises(Refusal) as caught:
        updating.cancelled(one(status=status), {}, epoch(NOW))
    assert (caught.value.response.status, caught.value.executed) == (404, True)


def test_a_cancellation_tells_why() -> None:
    after = updating.cancelled(one(), {"cancellation_details": {"comment": "dear", "feedback": ""}}, epoch(NOW))
    assert after["cancellation_details"] == {"comment": "dear", "feedback": None, "reason": "cancellation_requested"}


def test_a_pause_is_no_end() -> None:
    after = updating.updated(one(), {"pause_collection": {"behavior": "void", "resumes_at": "9"}}, epoch(NOW))
    assert (after["pause_collection"], after["status"], after["cancel_at"]) == (
        {"behavior": "void", "resumes_at": 9},
        "active",
        None,
    )

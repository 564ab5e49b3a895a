"""What a request without a usable answer means: nothing that may have been done is ever called refused."""

from __future__ import annotations

from typing import Any

import pytest

from reconciler.answers import Ambiguous, Rejected
from reconciler.errors import Malformed, RoleTooWeak, SignInFailed, Throttled, Unreachable
from reconciler.providers.stripe.failures import Failure, answer, owner_told, told, trouble

SCHEDULE = (
    "The subscription is managed by the subscription schedule `sub_sched_1`, and updating any cancelation behavior "
    "directly is not allowed. Please update the schedule instead."
)
REFUSED = "invalid_request_error"


@pytest.mark.parametrize(
    ("fields", "code", "again"),
    [
        pytest.param({"status": 400, "message": "Unknown parameter"}, "provider-refused", None, id="a parameter"),
        pytest.param({"status": 400, "message": SCHEDULE}, "managed-elsewhere", None, id="a schedule"),
        pytest.param(
            {"status": 400, "message": "A canceled subscription can only update its metadata."},
            "terminal", None, id="ended",
        ),
        pytest.param(
            {"status": 400, "message": "You cannot update a subscription that is `canceled` or `incomplete_expired`."},
            "terminal", None, id="ended, in older words",
        ),
        pytest.param({"status": 400, "reason": "rate_limit"}, "rate-limited", 1.0, id="too many, in an older code"),
        pytest.param({"status": 401}, "sign-in-failed", None, id="no key"),
        pytest.param({"status": 403}, "role-too-weak", None, id="no permission"),
        pytest.param({"status": 404, "kind": REFUSED}, "not-found", None, id="none"),
        pytest.param({"status": 429}, "rate-limited", 1.0, id="too many"),
        pytest.param({"status": 429, "retry_after": 7.0}, "rate-limited", 7.0, id="too many, with a time"),
        pytest.param({"status": 429, "again": False}, "rate-limited", None, id="too many, and never again"),
        pytest.param({"status": 429, "reason": "lock_timeout"}, "busy", 1.0, id="locked"),
        pytest.param({"status": 409, "reason": "lock_timeout"}, "busy", 1.0, id="locked, as a conflict"),
    ],
)  # fmt: skip
def test_what_was_surely_not_carried_out_is_refused(fields: dict[str, Any], code: str, again: float | None) -> None:
    found = answer(Failure(**fields))
    assert isinstance(found, Rejected)
    assert (found.code, found.retry_after) == (code, again)
    assert found.detail
    assert found.hint


@pytest.mark.parametrize(
    "fields",
    [
        pytest.param({"status": None, "reason": "ReadTimeout"}, id="no answer"),
        pytest.param({"status": 200, "reason": "invalid-json"}, id="an answer that is none"),
        pytest.param({"status": 302}, id="sent elsewhere"),
        pytest.param({"status": 402, "kind": "card_error", "reason": "card_declined"}, id="a payment failed"),
        pytest.param({"status": 404}, id="none, says somebody who is not Stripe"),
        pytest.param({"status": 409, "kind": REFUSED}, id="a conflict"),
        pytest.param({"status": 409, "reason": "idempotency_key_in_use"}, id="the same change is under way"),
        pytest.param({"status": 400, "kind": "idempotency_error"}, id="the key was used for something else"),
        pytest.param({"status": 500}, id="a failure of Stripe's"),
        pytest.param({"status": 500, "replayed": True}, id="a stored failure"),
        pytest.param({"status": 503, "again": True}, id="a failure that may be repeated"),
    ],
)
def test_what_may_have_been_carried_out_is_not_sure(fields: dict[str, Any]) -> None:
    assert isinstance(answer(Failure(**fields)), Ambiguous)


def test_a_stored_answer_is_told_from_a_new_one() -> None:
    assert "stored from an earlier request" in answer(Failure(500, replayed=True)).detail
    assert "stored" not in answer(Failure(500)).detail


@pytest.mark.parametrize(
    ("fields", "kind", "code"),
    [
        ({"status": None, "reason": "ReadTimeout"}, Unreachable, "unreachable"),
        ({"status": 401}, SignInFailed, "sign-in-failed"),
        ({"status": 403}, RoleTooWeak, "role-too-weak"),
        ({"status": 409}, Unreachable, "unreachable"),
        ({"status": 429}, Throttled, "rate-limited"),
        ({"status": 500}, Unreachable, "unreachable"),
        ({"status": 503}, Unreachable, "unreachable"),
        ({"status": 200, "reason": "invalid-json"}, Malformed, "malformed-answer"),
        ({"status": 302}, Malformed, "malformed-answer"),
        ({"status": 400}, Malformed, "malformed-answer"),
        ({"status": 404}, Malformed, "malformed-answer"),
    ],
)
def test_a_read_that_fails_says_what_kind_of_trouble_it_is(fields: dict[str, Any], kind: type, code: str) -> None:
    found = trouble(Failure(**fields))
    assert type(found) is kind
    assert (found.code, bool(found.hint)) == (code, True)


def test_throttled_says_when_to_come_back_where_stripe_does() -> None:
    for after in (None, 3.5):
        found = trouble(Failure(429, retry_after=after))
        assert isinstance(found, Throttled)
        assert found.retry_after == after


@pytest.mark.parametrize(
    "text",
    [
        "Invalid API Key provided: sk_live_51HqL8eKDzX",
        "Expired API Key provided: rk_test_****KDzX",
        "Authorization: Bearer abc",
        "x" * 64,
        "whsec_abcdef and pk_live_abcdef",
    ],
)
def test_what_looks_like_a_key_is_cut_out(text: str) -> None:
    for secret in ("51HqL8eKDzX", "KDzX", "abc", "x" * 40):
        assert secret not in told(text)
    assert "***" in told(text)


def test_ids_stay_readable() -> None:
    text = "No such subscription: 'sub_1Pgc6rB7WZ01zgkWNy0Cn5nw' on acct_1AF6F5BDknbCVWX2"
    assert told(text) == text


def test_what_stripe_says_is_told_short_and_on_one_line() -> None:
    assert told("one\ntwo\x1b[31m\u202ethree") == "one two [31m three"
    assert len(told("word " * 1000)) == 200
    assert told("") == ""
    found = answer(Failure(400, reason="parameter_unknown", message="Received\nunknown parameter"))
    assert found.detail == "Stripe refuses it (parameter_unknown: Received unknown parameter)"
    assert answer(Failure(400, message="No")).detail == "Stripe refuses it (No)"
    assert answer(Failure(400, reason="no")).detail == "Stripe refuses it (no)"


def test_a_refusal_names_whose_key_it_is() -> None:
    said = "The provided key 'rk_test_***Gd' does not have the required permissions for this endpoint on account "
    assert owner_told(Failure(403, message=f"{said}'acct_1PJBLEBBLEfV'. Having the ...")) == "acct_1PJBLEBBLEfV"
    assert owner_told(Failure(403, message=said)) is None
    assert owner_told(Failure(401, message=f"{said}'acct_1PJBLEBBLEfV'.")) is None

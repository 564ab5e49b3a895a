"""What an answer of Partner Center's means, to an update and for a question."""

from __future__ import annotations

import pytest

from reconciler.answers import Accepted, Ambiguous, Done, Rejected
from reconciler.errors import Malformed, ProviderTrouble, RoleTooWeak, SignInFailed, Throttled, Unreachable, WrongTenant
from reconciler.providers.partner_center.api import Reply
from reconciler.providers.partner_center.failures import A_MINUTE, answer, malformed, trouble
from tests.providers.partner_center.partner import published


def refusal(number: str, description: str = "No") -> dict[str, str]:
    return {"code": number, "description": description, "source": "PartnerFD"}


def test_a_success_with_the_subscription_is_done() -> None:
    assert answer(Reply(200, {"id": "x"}), "token") == Done()
    assert answer(Reply(204, None, "it is empty"), "token") == Done()


def test_a_success_that_cannot_be_read_is_ambiguous() -> None:
    told = answer(Reply(200, None, "it is no JSON"), "token")
    assert isinstance(told, Ambiguous)
    assert "it is no JSON" in told.detail


def test_an_accepted_update_is_asked_after_by_its_token() -> None:
    assert answer(Reply(202, None, "it is empty", retry_after=10.0), "token") == Accepted("token", 10.0)


def test_a_throttled_update_was_not_carried_out_and_may_be_sent_again() -> None:
    told = answer(Reply(429, published("throttled"), retry_after=57.0), "token")
    assert isinstance(told, Rejected)
    assert (told.code, told.retry_after) == ("rate-limited", 57.0)
    unsaid = answer(Reply(429, None), "token")
    assert isinstance(unsaid, Rejected)
    assert unsaid.retry_after == A_MINUTE


@pytest.mark.parametrize("status", [100, 302, 307, 408, 500, 502, 503, 504])
def test_what_may_have_been_carried_out_is_ambiguous(status: int) -> None:
    assert isinstance(answer(Reply(status, None), "token"), Ambiguous)


def test_a_lock_says_itself_when_it_passes() -> None:
    told = answer(Reply(409, refusal("800082"), retry_after=7.0), "")
    assert isinstance(told, Rejected)
    assert told.retry_after == 7.0
    for_a_day = answer(Reply(409, refusal("900278"), retry_after=7.0), "")
    assert isinstance(for_a_day, Rejected)
    assert (for_a_day.code, for_a_day.retry_after) == ("busy", None)


@pytest.mark.parametrize(
    ("reply", "kind", "code"),
    [
        pytest.param(Reply(401, None), SignInFailed, "sign-in-failed", id="expired"),
        pytest.param(Reply(401, refusal("900421")), SignInFailed, "sign-in-failed", id="no second factor"),
        pytest.param(Reply(403, refusal("900150")), RoleTooWeak, "role-too-weak", id="role"),
        pytest.param(Reply(403, refusal("20002")), WrongTenant, "wrong-tenant", id="no relationship"),
        pytest.param(Reply(404, refusal("60003")), WrongTenant, "wrong-tenant", id="no such tenant"),
        pytest.param(Reply(404, refusal("1000")), ProviderTrouble, "provider-refused", id="not found"),
        pytest.param(Reply(503, None), Unreachable, "unreachable", id="unavailable"),
        pytest.param(Reply(302, None), Malformed, "malformed-answer", id="redirect"),
    ],
)
def test_a_question_that_is_not_answered_says_why(reply: Reply, kind: type[ProviderTrouble], code: str) -> None:
    told = trouble(reply, "x")
    assert (type(told), told.code) == (kind, code)
    assert told.hint


def test_a_throttled_question_says_when_to_come_back() -> None:
    told = trouble(Reply(429, published("throttled"), retry_after=57.0), "x")
    assert isinstance(told, Throttled)
    assert told.retry_after == 57.0


def test_malformed_says_what_is_wrong() -> None:
    assert malformed("it is empty").message == "Partner Center's answer cannot be used: it is empty"

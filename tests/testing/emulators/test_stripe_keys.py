from __future__ import annotations

import pytest

from reconciler.testing.emulators import stripe_keys as keys
from reconciler.testing.emulators.stripe_wire import Refusal
from reconciler.testing.emulators.wire import Request, Response

ASKED = Request("POST", "/v1/subscriptions/sub_1", headers={"idempotency-key": "k"}, body=b"a=1")


def test_the_first_answer_is_given_again_until_a_day_is_over() -> None:
    kept = keys.kept(ASKED, Response(200, {"a": 1}), 1000)
    again = keys.replayed(ASKED, "k", kept, 1000 + keys.KEPT_SECONDS - 1)
    assert again is not None
    assert (again.status, again.data(), again.headers["Idempotent-Replayed"]) == (200, b'{"a":1}', "true")
    assert keys.replayed(ASKED, "k", kept, 1000 + keys.KEPT_SECONDS) is None
    assert keys.replayed(ASKED, "k", None, 0) is None


@pytest.mark.parametrize(
    "other",
    [
        Request("POST", ASKED.path, body=b"a=2"),
        Request("POST", "/v1/subscriptions/sub_2", body=b"a=1"),
    ],
)
def test_another_request_under_the_key_is_refused(other: Request) -> None:
    with pytest.raises(Refusal) as caught:
        keys.replayed(other, "k", keys.kept(ASKED, Response(200, {}), 0), 1)
    assert caught.value.response.body["error"]["type"] == "idempotency_error"


def test_only_a_post_has_a_key() -> None:
    assert keys.idempotency_key(ASKED) == "k"
    assert keys.idempotency_key(Request("DELETE", "/", headers={"idempotency-key": "k"})) is None


def test_a_key_is_never_quoted_whole() -> None:
    with pytest.raises(Refusal) as caught:
        keys.api_key(Request("GET", "/", headers={"authorization": "Bearer sk_live_verysecretindeed"}), "acct_1")
    assert "verysecret" not in caught.value.response.data().decode()

from __future__ import annotations

from typing import Any

import pytest

from reconciler.testing.emulators.microsoft_orders import accepted, progress, result
from reconciler.testing.emulators.wire import Request

ASKED = Request("GET", "/x", headers={"host": "127.0.0.1:1"}, target="/x?y=1")
FAILED = {"code": "A", "message": "B.", "status": 409, "asynchronous": False}


def order(left: int, failure: Any = None) -> dict[str, Any]:
    return {"left": left, "failure": failure}


def test_an_accepted_order_says_where_to_ask() -> None:
    response = accepted(ASKED, "1", "o", order(1), 10)
    assert (response.status, response.headers["Retry-After"]) == (202, "10")
    where = "http://127.0.0.1:1/providers/Microsoft.Billing/billingAccounts/1/operationResults/o?api-version=2024-04-01"
    assert response.headers["Location"] == where
    asynchronous = accepted(ASKED, "1", "o", order(1, {**FAILED, "asynchronous": True}), 10)
    assert asynchronous.headers["Azure-AsyncOperation"] == where.replace("operationResults", "operationStatus")


@pytest.mark.parametrize(
    ("left", "failure", "shown", "status"),
    [
        (1, None, None, 202),
        (0, None, None, 204),
        (0, None, {"name": "s"}, 200),
        (0, FAILED, None, 409),
        (1, FAILED, None, 202),
    ],
)
def test_a_poll_tells_its_result(left: int, failure: Any, shown: Any, status: int) -> None:
    response = result(ASKED, order(left, failure), shown, 3)
    assert response.status == status
    if status == 202:
        assert response.headers == {"Location": "http://127.0.0.1:1/x?y=1", "Retry-After": "3"}


@pytest.mark.parametrize(
    ("left", "failure", "word"), [(1, None, "InProgress"), (0, None, "Succeeded"), (0, FAILED, "Failed")]
)
def test_the_other_protocol_tells_it_in_a_word(left: int, failure: Any, word: str) -> None:
    body = progress(order(left, failure), "o").body
    assert (body["status"], "error" in body) == (word, word == "Failed")

from __future__ import annotations

import pytest

from reconciler.testing.emulators.bending import bend
from reconciler.testing.emulators.faults import Fault
from reconciler.testing.emulators.wire import Request, Response
from tests.testing.emulators.toy import Toy

ASKED = Request("GET", "/notes", headers={"host": "127.0.0.1:1"}, target="/notes?page=1")


@pytest.mark.parametrize("kind", ["half-page", "duplicate-id", "cursor-loop", "empty-list"])
@pytest.mark.parametrize(
    "response",
    [
        pytest.param(Response(404, {"value": [1, 2]}), id="an error"),
        pytest.param(Response(200, {"id": "a"}), id="one object"),
        pytest.param(Response(200, b"[]"), id="bytes"),
        pytest.param(Response(204), id="nothing"),
    ],
)
def test_only_lists_are_bent(kind: str, response: Response) -> None:
    assert bend(Toy(), Fault(kind), ASKED, response) == response


def test_other_faults_leave_an_answer_whole() -> None:
    response = Response(200, {"value": [1, 2]})
    assert bend(Toy(), None, ASKED, response) is response
    assert bend(Toy(), Fault("drop-after-commit"), ASKED, response) == response


def test_a_loop_leads_to_the_request_itself() -> None:
    bent = bend(Toy(), Fault("cursor-loop"), ASKED, Response(200, {"value": [1]}))
    assert bent.body["nextLink"] == "http://127.0.0.1:1/notes?page=1"


@pytest.mark.parametrize("kind", ["invalid-json", "huge-body"])
def test_an_answer_without_a_body_is_broken_too(kind: str) -> None:
    bent = bend(Toy(), Fault(kind, value=10 if kind == "huge-body" else None), ASKED, Response(202))
    assert bent.data() == (b"{" if kind == "invalid-json" else b'{"padding":"xxxxxxxx"}')

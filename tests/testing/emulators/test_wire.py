from __future__ import annotations

import pytest

from reconciler.testing.emulators.wire import Request, Response


@pytest.mark.parametrize(
    ("header", "token"),
    [("Bearer sandbox", "sandbox"), ("bearer  a ", "a"), ("Basic abc", None), ("Bearer ", None), ("", None)],
)
def test_a_bearer_token_is_read(header: str, token: str | None) -> None:
    assert Request("GET", "/", headers={"authorization": header}).bearer == token


def test_links_lead_to_where_the_client_reached_us() -> None:
    assert Request("GET", "/", headers={"host": "localhost:8080"}).origin == "http://localhost:8080"
    assert Request("GET", "/").origin == "http://127.0.0.1"


def test_a_request_is_named_by_its_target() -> None:
    assert Request("GET", "/a b", target="/a%20b?c=1").line() == "GET /a%20b?c=1"
    assert Request("GET", "/a").line() == "GET /a"
    assert [Request(method, "/").reads for method in ("GET", "HEAD", "POST")] == [True, True, False]


def test_a_body_is_json_bytes_or_nothing() -> None:
    assert Response(200, {"a": 1}).data() == b'{"a":1}'
    assert Response(200, b"raw").data() == b"raw"
    assert Response(204).data() == b""
    assert Response(200, None, {"a": "1"}).with_headers({"a": "2", "b": "3"}).headers == {"a": "1", "b": "3"}

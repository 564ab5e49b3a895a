from __future__ import annotations

import http.client
import socket
import threading
import time
import urllib.request
from contextlib import suppress

import pytest

from reconciler.testing.emulators.faults import Fault
from reconciler.testing.emulators.server import BODY_AT_MOST, serve
from tests.testing.emulators.asking import asking
from tests.testing.emulators.toy import Toy


def test_it_listens_on_loopback_alone_and_stops_with_the_block() -> None:
    before = threading.active_count()
    with serve(Toy()) as url:
        host, _, port = url.removeprefix("http://").partition(":")
        assert host == "127.0.0.1"
        kept = http.client.HTTPConnection(host, int(port))
        kept.request("GET", "/notes")
        assert kept.getresponse().read()
    assert threading.active_count() == before
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((host, int(port)), timeout=1)
    kept.close()


def test_one_connection_serves_many_requests() -> None:
    with asking(Toy()) as client:
        client.ask("GET", "/notes")
        first = client.http.sock
        for _ in range(20):
            client.ask("GET", "/notes")
        assert client.http.sock is first


def test_a_plain_client_can_ask() -> None:
    with serve(Toy(), latency_ms=1) as url, urllib.request.urlopen(f"{url}/notes") as answer:
        assert answer.status == 200


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        pytest.param({"Host": "emulator.example"}, 421, id="a host that is not this machine"),
        pytest.param({"Content-Length": str(BODY_AT_MOST + 1)}, 413, id="a body that is too long"),
        pytest.param({"Content-Length": "-1"}, 400, id="a length below nothing"),
        pytest.param({"Content-Length": "many"}, 400, id="a length in words"),
        pytest.param({"Transfer-Encoding": "chunked"}, 411, id="a body without a length"),
    ],
)
def test_what_cannot_be_served_is_refused_and_the_connection_ends(headers: dict[str, str], status: int) -> None:
    toy = Toy()
    with serve(toy) as url:
        raw = http.client.HTTPConnection(url.removeprefix("http://"), timeout=5)
        raw.putrequest("PUT", "/notes/a", skip_host="Host" in headers)
        for name, value in headers.items():
            raw.putheader(name, value)
        raw.endheaders()
        answer = raw.getresponse()
        assert answer.status == status
        assert answer.getheader("Connection") == "close"
        answer.read()
        raw.close()
    assert not toy.requests


def test_a_client_that_goes_away_harms_nobody() -> None:
    with asking(Toy()) as client:
        host, _, port = client.url.removeprefix("http://").partition(":")
        gone = socket.create_connection((host, int(port)))
        gone.sendall(b"PUT /notes/a HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 100\r\n\r\n{")
        gone.close()
        assert client.ask("GET", "/notes").status == 200


def test_a_head_has_no_body() -> None:
    with asking(Toy()) as client:
        answer = client.ask("HEAD", "/notes")
        assert answer.data == b""
        assert int(answer.headers["content-length"]) > 2
        assert client.ask("GET", "/notes").status == 200


def test_a_query_and_a_path_are_decoded() -> None:
    toy = Toy()
    with asking(toy) as client:
        client.ask("PUT", "/notes/a%3Ab?x=1&x=2&y=%20", {})
    assert list(toy.table("notes")) == ["a:b"]
    assert list(toy.asked) == ["PUT /notes/a%3Ab?x=1&x=2&y=%20"]


def test_what_comes_during_a_hang_does_not_end_it_early() -> None:
    toy = Toy()
    toy.faults.add(Fault("hang", value=0.1))
    with asking(toy) as client:
        host, _, port = client.url.removeprefix("http://").partition(":")
        begun = time.monotonic()
        with socket.create_connection((host, int(port)), timeout=5) as eager:
            eager.sendall(b"GET /notes HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
            while not toy.faults.met:
                threading.Event().wait(0.005)
            eager.sendall(b"GET /notes HTTP/1.1\r\n")
            with suppress(ConnectionResetError):  # what it never read was lost
                assert eager.recv(1) == b""
        assert time.monotonic() - begun >= 0.1

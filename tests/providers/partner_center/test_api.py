"""The HTTP of Partner Center: what came back, what was lost, and what was surely never sent."""

from __future__ import annotations

import socket
import ssl
import sys
import threading
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from uuid import UUID

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from reconciler.errors import ExtraMissing, Unreachable
from reconciler.providers.entra import credential
from reconciler.providers.partner_center import api
from reconciler.providers.partner_center.api import BASE, SCOPE, Link, Lost, Reply, quoted
from reconciler.secret import Secret
from reconciler.testing.emulators.base import Emulator
from reconciler.testing.emulators.faults import Fault
from reconciler.testing.emulators.server import serve
from reconciler.testing.emulators.wire import Request, Response
from tests.providers.partner_center.partner import an_opening

CANARY = "canary-" + "k" * 40


class Echo(Emulator):
    """Answers what it is told to, and keeps what it was asked."""

    NAME = "echo"

    def __init__(self, *answers: Response) -> None:
        super().__init__()
        self.answers = list(answers)
        self.got: list[Request] = []

    def handle(self, request: Request) -> Response:
        """The next of its answers."""
        self.got.append(request)
        return self.answers.pop(0) if self.answers else Response(200, {"id": "x"})


class Tokens:
    """Always the same token."""

    closed = False

    def token(self, scope: str) -> Secret:
        """For Partner Center alone."""
        assert scope == SCOPE
        return Secret(CANARY)

    def close(self) -> None:
        """Is remembered."""
        self.closed = True


@pytest.fixture
def echo() -> Iterator[tuple[Echo, Link]]:
    emulator = Echo()
    with serve(emulator) as url:
        link = Link(Tokens(), url, read_seconds=5.0)
        yield emulator, link
        link.close()


def test_a_request_carries_the_token_and_new_ids_each_time(echo: tuple[Echo, Link]) -> None:
    emulator, link = echo
    assert link.exchange("GET", "/customers/x") == Reply(200, {"id": "x"})
    link.exchange("GET", "/customers/x")
    first, second = (request.headers for request in emulator.got)
    assert emulator.got[0].path == "/v1/customers/x"
    assert first["authorization"] == f"Bearer {CANARY}"
    assert (first["accept"], first["ms-contract-version"]) == ("application/json", "v1")
    ids = [headers[name] for headers in (first, second) for name in ("ms-requestid", "ms-correlationid")]
    assert len({UUID(id) for id in ids}) == 4


def test_a_body_goes_out_as_json_with_the_headers_of_the_call(echo: tuple[Echo, Link]) -> None:
    emulator, link = echo
    link.exchange("PATCH", "/x", body={"a": 1}, headers={"MS-RequestId": "own", "If-Match": '"e"'})
    (request,) = emulator.got
    assert (request.body, request.headers["content-type"]) == (b'{"a":1}', "application/json")
    assert (request.headers["ms-requestid"], request.headers["if-match"]) == ("own", '"e"')


def test_an_address_may_have_a_path_of_its_own() -> None:
    emulator = Echo()
    with serve(emulator) as url:
        Link(Tokens(), f"{url}/behind/").exchange("GET", "/customers")
    assert emulator.got[0].path == "/behind/v1/customers"


def test_without_an_address_it_is_the_vendors_own() -> None:
    link = Link(Tokens())
    assert link._base.geturl() == BASE
    assert link._pool.scheme == "https"
    link.close()


def test_closing_lets_go_of_the_sign_in() -> None:
    tokens = Tokens()
    Link(tokens, "http://127.0.0.1:9").close()
    assert tokens.closed


def test_the_etag_of_the_header_is_read_without_its_quotes(echo: tuple[Echo, Link]) -> None:
    emulator, link = echo
    emulator.answers = [Response(200, {}, {"ETag": 'W/"abc"'}), Response(200, {}, {"ETag": '""'})]
    assert [link.exchange("GET", "/x") for _ in range(2)] == [Reply(200, {}, etag="abc"), Reply(200, {})]


@pytest.mark.parametrize(("text", "seconds"), [("57", 57.0), ("soon", None), ("Mon, 23 Nov 2026 12:00:00", None)])
def test_retry_after_is_read_in_seconds(echo: tuple[Echo, Link], text: str, seconds: float | None) -> None:
    emulator, link = echo
    emulator.answers = [Response(429, {}, {"Retry-After": text})]
    reply = link.exchange("GET", "/x")
    assert isinstance(reply, Reply)
    assert reply.retry_after == seconds


def test_retry_after_may_be_a_date(echo: tuple[Echo, Link]) -> None:
    emulator, link = echo
    until = datetime.now(UTC) + timedelta(seconds=100)
    emulator.answers = [Response(429, {}, {"Retry-After": format_datetime(until, usegmt=True)})]
    reply = link.exchange("GET", "/x")
    assert isinstance(reply, Reply)
    assert 80 < (reply.retry_after or 0) <= 100


@pytest.mark.parametrize(
    ("body", "flaw"),
    [(b"", "it is empty"), (b"{", "it is no JSON"), (b"<html>", "it is no JSON"), (b"[]", "it is no JSON object")],
)
def test_a_body_that_is_no_object_is_told_as_such(echo: tuple[Echo, Link], body: bytes, flaw: str) -> None:
    emulator, link = echo
    emulator.answers = [Response(200, body)]
    assert link.exchange("GET", "/x") == Reply(200, None, flaw)


def test_a_huge_body_is_not_read_to_its_end(echo: tuple[Echo, Link], monkeypatch: pytest.MonkeyPatch) -> None:
    emulator, link = echo
    monkeypatch.setattr(api, "BODY_AT_MOST", 1 << 20)
    emulator.faults.add(Fault("huge-body", value=4 << 20))
    assert link.exchange("GET", "/x") == Reply(200, None, "it is longer than 1 MiB")
    assert link.exchange("GET", "/x") == Reply(200, {"id": "x"})


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirect_is_not_followed(echo: tuple[Echo, Link], status: int) -> None:
    emulator, link = echo
    emulator.answers = [Response(status, None, {"Location": "http://127.0.0.1:9/stolen"})]
    reply = link.exchange("PATCH", "/x", body={})
    assert isinstance(reply, Reply)
    assert (reply.status, len(emulator.got)) == (status, 1)


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
@pytest.mark.parametrize("method", ["GET", "PATCH"])
def test_nothing_is_tried_again(echo: tuple[Echo, Link], status: int, method: str) -> None:
    emulator, link = echo
    emulator.answers = [Response(status, {}, {"Retry-After": "0"})]
    reply = link.exchange(method, "/x")
    assert isinstance(reply, Reply)
    assert (reply.status, len(emulator.got)) == (status, 1)


@pytest.mark.parametrize(
    ("kind", "why"),
    [
        ("drop-before-commit", "the connection broke before an answer came"),
        ("drop-after-commit", "the connection broke before an answer came"),
        ("reset-mid-body", "the connection broke within an answer of status 200"),
    ],
)
def test_a_broken_connection_is_lost_and_never_called_unsent(echo: tuple[Echo, Link], kind: str, why: str) -> None:
    emulator, link = echo
    emulator.faults.add(Fault(kind))
    assert link.exchange("PATCH", "/x", body={"a": "b" * 1000}) == Lost(why)
    assert link.exchange("GET", "/x") == Reply(200, {"id": "x"})


def test_silence_is_lost_when_its_time_is_over() -> None:
    emulator = Echo()
    emulator.faults.add(Fault("hang"))
    with serve(emulator) as url:
        assert Link(Tokens(), url, read_seconds=0.2).exchange("PATCH", "/x") == Lost("no answer within 0.2 seconds")


def test_where_nobody_listens_nothing_was_sent() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}"
        with pytest.raises(Unreachable) as caught:
            Link(Tokens(), url).exchange("PATCH", "/x")
    assert (caught.value.code, CANARY in str(caught.value)) == ("unreachable", False)


def test_a_connection_that_is_not_encrypted_as_it_should_be_is_not_called_refused() -> None:
    with serve(Echo()) as url:
        answer = Link(Tokens(), url.replace("http://", "https://")).exchange("PATCH", "/x")
    assert answer == Lost("the encrypted connection broke")


@pytest.fixture
def encrypted(tmp_path: Path) -> Iterator[str]:
    """The address of somebody with a certificate of its own making, for one connection."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    today = datetime.now(UTC)
    built = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    built = built.serial_number(1).not_valid_before(today).not_valid_after(today + timedelta(days=1))
    certificate = built.sign(key, hashes.SHA256())
    pem = tmp_path / "own.pem"
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    pem.write_bytes(private + certificate.public_bytes(Encoding.PEM))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    with socket.create_server(("127.0.0.1", 0)) as server:

        def shake_hands() -> None:
            connection, _ = server.accept()
            with connection, suppress(OSError), context.wrap_socket(connection, server_side=True):
                pass

        thread = threading.Thread(target=shake_hands)
        thread.start()
        yield f"https://127.0.0.1:{server.getsockname()[1]}"
        thread.join(5)


def test_to_somebody_with_a_certificate_of_its_own_making_nothing_is_sent(encrypted: str) -> None:
    with pytest.raises(Unreachable) as caught:
        Link(Tokens(), encrypted).exchange("PATCH", "/x")
    assert "certificate" in caught.value.message


def test_without_its_library_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "urllib3", None)
    with pytest.raises(ExtraMissing) as caught:
        Link(Tokens())
    assert caught.value.code == "extra-missing"
    assert "subscription-reconciler[partner-center]" in caught.value.hint


def test_the_sandbox_is_signed_in_at_with_its_own_token() -> None:
    tokens = credential(an_opening("http://127.0.0.1:9"), "any")
    assert tokens.token(SCOPE).reveal() == "sandbox"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Subscription a4c1340d-6911-4758-bba3-0c4c6007d161 not found", None),
        ("bad token eyJhbGciOiJ.eyJzdWIi.c2ln", "bad token …"),
        ("sent: Bearer abc.def", "sent: …"),
        (f"key {CANARY}", "key …"),
        ("one\nline\x1b[31m", "one line [31m"),
    ],
)
def test_a_vendors_words_are_shown_without_tokens_and_controls(text: str, shown: str | None) -> None:
    assert quoted(text) == (shown or text)


def test_a_vendors_words_are_cut_short() -> None:
    assert len(quoted("word " * 1000)) == 201


@pytest.mark.parametrize(
    ("fields", "number", "told"),
    [
        ({"code": "2055", "description": "Etag is no longer valid"}, "2055", "Etag is no longer valid"),
        ({"code": 2055, "message": "by the gateway"}, "2055", "by the gateway"),
        ({"code": "x" * 50, "description": 5}, None, ""),
        ({}, None, ""),
        (None, None, ""),
    ],
)
def test_an_error_is_read_as_far_as_it_is_one(fields: dict[str, object] | None, number: str | None, told: str) -> None:
    reply = Reply(400, fields)
    assert (reply.number, reply.told) == (number, told)

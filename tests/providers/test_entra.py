"""Signing in at Microsoft Entra: which slots lead to what, the whole chain against a stub of the token service over
TLS, and that nothing secret is ever told.
"""

from __future__ import annotations

import base64
import json
import logging
import ssl
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

from reconciler.errors import ExtraMissing, SignInFailed, Unreachable
from reconciler.ports import Opening
from reconciler.providers.entra import Claims, _Entra, claims_of, credential, is_loopback
from reconciler.secret import Secret
from reconciler.settings import AccountSettings

TENANT = "20000000-0000-0000-0000-000000000001"
SCOPE = "https://management.azure.com/.default"
SECRET = "canary-client-secret"
APP = {"client_id": "app-1", "client_secret": SECRET}


def an_opening(
    secrets: dict[str, str] | None = None, endpoint: str | None = None, sign_in: str | None = None
) -> Opening:
    """An opening with these slots."""
    held = {slot: Secret(text) for slot, text in (secrets or {}).items()}
    return Opening(AccountSettings("contoso", "microsoft", tenant=TENANT), held.get, endpoint, sign_in)


def a_token(**claims: object) -> str:
    """An unsigned token with these claims."""
    parts = ({"alg": "none"}, {"tid": TENANT, **claims})
    coded = (base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode() for part in parts)
    return ".".join((*coded, "signature"))


@dataclass
class Service:
    """A stub of the token service, over TLS on loopback."""

    authority: str = ""
    certificate: Path = Path()
    pem: Path = Path()
    """The same with its key."""
    asked: list[tuple[str, dict[str, list[str]]]] = field(default_factory=list)
    """Paths and forms of the POSTs."""
    answer: tuple[int, dict[str, Any]] = (200, {})
    """To a POST for a token."""


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """One for all tests: keys take long to make."""
    service = _with_certificate(Service(), tmp_path_factory.mktemp("tls"))
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(service))
    server.daemon_threads = True
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(service.pem)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    service.authority = f"https://127.0.0.1:{server.server_port}"
    yield service
    server.shutdown()
    thread.join(5)
    server.server_close()


@pytest.fixture
def service(made: Service, monkeypatch: pytest.MonkeyPatch) -> Service:
    """The stub, fresh, and named by the operator's environment."""
    made.asked.clear()
    made.answer = (200, {"access_token": a_token(appid="app-1"), "expires_in": 3600, "token_type": "Bearer"})
    for name in ("AZURE_CLIENT_ID", "AZURE_TENANT_ID", "AZURE_CLIENT_SECRET", "AZURE_FEDERATED_TOKEN_FILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AZURE_AUTHORITY_HOST", made.authority)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(made.certificate))
    return made


def _with_certificate(service: Service, folder: Path) -> Service:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    names = x509.SubjectAlternativeName([x509.DNSName("localhost"), x509.IPAddress(ip_address("127.0.0.1"))])
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    builder = (
        builder.serial_number(1).not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=1))
    )
    builder = builder.add_extension(names, critical=False)
    signed = builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
    plain = serialization.NoEncryption()
    hidden = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
    service.certificate, service.pem = folder / "cert.pem", folder / "both.pem"
    service.certificate.write_bytes(signed)
    service.pem.write_bytes(hidden + signed)
    return service


def _handler(service: Service) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the base class's name
            """Nothing."""

        def do_GET(self) -> None:
            base = f"{service.authority}/{self.path.split('/')[1]}"
            metadata = {
                "token_endpoint": f"{base}/oauth2/v2.0/token",
                "authorization_endpoint": f"{base}/oauth2/v2.0/authorize",
                "device_authorization_endpoint": f"{base}/oauth2/v2.0/devicecode",
                "issuer": f"{base}/v2.0",
            }
            self._send(200, metadata)

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
            service.asked.append((self.path, parse_qs(body.decode())))
            if self.path.endswith("/devicecode"):
                code = {"device_code": "d", "user_code": "CODE-1", "verification_uri": "https://example/device"}
                self._send(200, {**code, "expires_in": 900, "interval": 1, "message": "go"})
            else:
                self._send(*service.answer)

        def _send(self, status: int, answer: dict[str, Any]) -> None:
            data = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

    return Handler


# Which slots lead to what


@pytest.mark.parametrize("endpoint", ["http://127.0.0.1:8080", "https://localhost:1", "http://[::1]:7"])
def test_loopback_gets_the_sandboxes_token_and_never_a_real_one(endpoint: str) -> None:
    assert credential(an_opening(APP, endpoint), TENANT).token(SCOPE).reveal() == "sandbox"
    ready = credential(an_opening({"token": "sandbox-reader"}, endpoint), TENANT)
    assert ready.token(SCOPE).reveal() == "sandbox-reader"
    ready.close()


@pytest.mark.parametrize("endpoint", [None, "https://management.usgovcloudapi.net"])
def test_a_ready_token_is_refused_elsewhere_and_not_quoted(endpoint: str | None) -> None:
    with pytest.raises(SignInFailed, match="loopback only") as refused:
        credential(an_opening({"token": "canary-token"}, endpoint), TENANT)
    assert "canary-token" not in refused.value.message + refused.value.hint


@pytest.mark.parametrize(
    ("secrets", "sign_in", "why"),
    [
        ({"client_secret": SECRET}, None, "no client_id"),
        ({"certificate_file": "/x.pem"}, None, "no client_id"),
        ({**APP, "certificate_file": "/x.pem"}, None, "both"),
        ({}, "telepathy", "telepathy"),
    ],
    ids=["a secret alone", "a certificate alone", "a secret and a certificate", "a way that there is not"],
)
def test_slots_that_make_no_sense_are_refused(secrets: dict[str, str], sign_in: str | None, why: str) -> None:
    with pytest.raises(SignInFailed, match=why) as refused:
        credential(an_opening(secrets, sign_in=sign_in), TENANT)
    assert refused.value.code == "credentials-missing"
    assert SECRET not in refused.value.message + refused.value.hint


def test_a_tenant_that_is_none_is_refused() -> None:
    with pytest.raises(SignInFailed, match="cannot be used"):
        credential(an_opening(APP), "no tenant!")


def test_a_certificate_that_is_not_there_is_told_without_its_path() -> None:
    slots = {"client_id": "app-1", "certificate_file": "/canary-path.pem"}
    with pytest.raises(SignInFailed, match="No such file") as refused:
        credential(an_opening(slots), TENANT)
    assert "canary-path" not in refused.value.message


def test_a_certificate_that_is_none_is_refused(tmp_path: Path) -> None:
    broken = tmp_path / "broken.pem"
    broken.write_text("nothing of the kind")
    with pytest.raises(SignInFailed, match="cannot be used"):
        credential(an_opening({"client_id": "app-1", "certificate_file": str(broken)}), TENANT)


def test_a_missing_library_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "azure", None)
    with pytest.raises(ExtraMissing) as missing:
        credential(an_opening(APP), TENANT)
    assert missing.value.hint == "pip install 'subscription-reconciler[microsoft]'"


# The whole chain


def test_an_application_signs_in_with_its_secret_at_the_accounts_tenant(service: Service) -> None:
    source = credential(an_opening(APP), TENANT)
    token = source.token(SCOPE)
    assert claims_of(token) == Claims(TENANT, "app-1")
    [(path, form)] = service.asked
    assert path == f"/{TENANT}/oauth2/v2.0/token"
    assert form["client_secret"] == [SECRET]
    assert form["scope"] == [SCOPE]
    source.close()


def test_an_application_signs_in_with_its_certificate(service: Service) -> None:
    source = credential(an_opening({"client_id": "app-1", "certificate_file": str(service.pem)}), TENANT)
    assert source.token(SCOPE).reveal()
    [(_, form)] = service.asked
    assert form["client_assertion_type"] == ["urn:ietf:params:oauth:client-assertion-type:jwt-bearer"]


def test_the_default_chain_takes_a_workload_identity(
    service: Service, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    federated = tmp_path / "federated"
    federated.write_text("a.federated.token")
    monkeypatch.setenv("AZURE_CLIENT_ID", "app-1")
    monkeypatch.setenv("AZURE_FEDERATED_TOKEN_FILE", str(federated))
    assert credential(an_opening(), TENANT).token(SCOPE).reveal()
    [(path, form)] = service.asked
    assert path == f"/{TENANT}/oauth2/v2.0/token"
    assert form["client_assertion"] == ["a.federated.token"]


def test_the_default_chain_signs_in_at_the_accounts_tenant_and_not_at_the_environments(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AZURE_CLIENT_ID", "app-1")
    monkeypatch.setenv("AZURE_CLIENT_SECRET", SECRET)
    monkeypatch.setenv("AZURE_TENANT_ID", "20000000-0000-0000-0000-00000000000f")
    assert credential(an_opening(), TENANT).token(SCOPE).reveal()
    assert service.asked[0][0] == f"/{TENANT}/oauth2/v2.0/token"


def test_two_tenants_are_signed_in_at_once(service: Service) -> None:
    other = "20000000-0000-0000-0000-00000000000f"
    for tenant in (TENANT, other):
        credential(an_opening(APP), tenant).token(SCOPE)
    assert [path.split("/")[1] for path, _ in service.asked] == [TENANT, other]


def test_a_person_signs_in_by_a_code_that_stands_on_stderr(
    service: Service, capsys: pytest.CaptureFixture[str]
) -> None:
    person = {"aud": "04b07795-8ddb-461a-bbee-02f9e1bf7b46", "iss": f"{service.authority}/v2.0", "sub": "ada"}
    named = a_token(**person, preferred_username="ada@contoso.example", exp=2**31, iat=0)
    info = base64.urlsafe_b64encode(json.dumps({"uid": "u", "utid": TENANT}).encode()).decode()
    answer = {"id_token": named, "client_info": info, "refresh_token": "r"}
    service.answer = (200, {**service.answer[1], **answer})
    source = credential(an_opening(sign_in="device-code"), TENANT)
    assert source.token(SCOPE).reveal()
    said = capsys.readouterr()
    assert "open https://example/device and enter the code CODE-1" in said.err
    assert said.out == ""


def test_a_browser_is_another_way(monkeypatch: pytest.MonkeyPatch) -> None:
    given: dict[str, Any] = {}
    monkeypatch.setattr("azure.identity.InteractiveBrowserCredential", lambda **options: given.update(options))
    credential(an_opening({"client_id": "app-1"}, sign_in="browser"), TENANT)
    assert (given["tenant_id"], given["client_id"], given["timeout"]) == (TENANT, "app-1", 300)


@pytest.mark.parametrize(
    ("error", "hint"),
    [
        ("AADSTS7000215: Invalid client secret provided for canary-client-secret.", "the client secret is wrong"),
        ("AADSTS90002: Tenant not found.", "no such tenant"),
        ("AADSTS1234567: Something new.", "error?code=1234567"),
    ],
    ids=["a wrong secret", "a wrong tenant", "a number that we have no advice for"],
)
def test_a_refused_sign_in_tells_the_vendors_number_alone(service: Service, error: str, hint: str) -> None:
    service.answer = (401, {"error": "invalid_client", "error_description": error})
    with pytest.raises(SignInFailed) as refused:
        credential(an_opening(APP), TENANT).token(SCOPE)
    told = refused.value
    assert (told.code, error.partition(":")[0] in told.message) == ("sign-in-failed", True)
    assert hint in told.hint
    assert SECRET not in told.message + told.hint
    assert told.__cause__ is None


def test_a_refusal_without_a_number_is_one_all_the_same(service: Service) -> None:
    service.answer = (400, {"error": "invalid_request"})
    with pytest.raises(SignInFailed, match="signing in failed"):
        credential(an_opening(APP), TENANT).token(SCOPE)


def test_a_token_service_that_cannot_be_reached_is_no_wrong_password(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AZURE_AUTHORITY_HOST", "https://127.0.0.1:9")
    with pytest.raises(Unreachable) as trouble:
        credential(an_opening(APP), TENANT).token(SCOPE)
    assert trouble.value.code == "unreachable"


def test_a_token_service_over_plain_http_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AZURE_AUTHORITY_HOST", "http://127.0.0.1:9")
    with pytest.raises(SignInFailed, match="cannot be used"):
        credential(an_opening(APP), TENANT)


def test_a_certificate_that_nobody_trusts_is_no_token_service(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("REQUESTS_CA_BUNDLE")
    with pytest.raises(Unreachable):
        credential(an_opening(APP), TENANT).token(SCOPE)
    assert service.asked == []


def test_nobody_signed_in_says_how_to(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AZURE_TOKEN_CREDENTIALS", "EnvironmentCredential")
    with pytest.raises(SignInFailed, match="nobody is signed in") as refused:
        credential(an_opening(), TENANT).token(SCOPE)
    assert refused.value.code == "credentials-missing"
    assert "az login" in refused.value.hint


def test_nothing_secret_is_logged_or_shown(service: Service, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        source = credential(an_opening(APP), TENANT)
        token = source.token(SCOPE)
        service.answer = (401, {"error": "invalid_client", "error_description": "AADSTS7000215: no"})
        with pytest.raises(SignInFailed):
            credential(an_opening(APP), TENANT).token(SCOPE)
    assert caplog.records
    assert SECRET not in caplog.text
    assert token.reveal() not in caplog.text
    assert SECRET not in repr(source) + str(token) + f"{token}"


def test_a_failed_sign_in_prints_nothing(service: Service, capfd: pytest.CaptureFixture[str]) -> None:
    service.answer = (401, {"error": "invalid_client", "error_description": "AADSTS7000215: no"})
    with pytest.raises(SignInFailed):
        credential(an_opening(APP), TENANT).token(SCOPE)
    said = capfd.readouterr()
    assert (said.out, said.err) == ("", "")


# Keeping tokens


@dataclass
class Counting:
    """A credential that counts how often it is asked."""

    lasts: float = 3600.0
    now: float = 0.0
    asked: int = 0

    def get_token(self, *scopes: str, **options: Any) -> Any:
        """As azure-core has it."""
        from azure.core.credentials import AccessToken

        self.asked += 1
        assert options == {"tenant_id": TENANT}
        return AccessToken(f"{scopes[0]} {self.asked}", int(self.now + self.lasts))


def kept(counting: Counting) -> _Entra:
    """Tokens of it, by its own clock."""
    return _Entra(counting, TENANT, lambda: counting.now)


def test_a_token_is_asked_for_once_for_each_scope() -> None:
    counting = Counting()
    source = kept(counting)
    assert {source.token("a").reveal() for _ in range(3)} == {"a 1"}
    assert source.token("b").reveal() == "b 2"


@pytest.mark.parametrize(("now", "asked"), [(3299.0, 1), (3300.0, 2), (4000.0, 2)])
def test_a_token_is_renewed_five_minutes_before_it_expires(now: float, asked: int) -> None:
    counting = Counting()
    source = kept(counting)
    source.token("a")
    counting.now = now
    source.token("a")
    assert counting.asked == asked


def test_threads_do_not_sign_in_side_by_side() -> None:
    counting = Counting()
    source = kept(counting)
    threads = [threading.Thread(target=source.token, args=("a",)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(5)
    assert counting.asked == 1


def test_what_has_nothing_open_is_closed_all_the_same() -> None:
    kept(Counting()).close()


def test_a_credential_that_takes_no_such_tenant_is_a_failed_sign_in() -> None:
    class Picky:
        def get_token(self, *scopes: str, **options: Any) -> Any:
            raise ValueError("canary")

    with pytest.raises(SignInFailed) as refused:
        _Entra(Picky(), TENANT).token(SCOPE)
    assert "canary" not in refused.value.message


# What a token tells


@pytest.mark.parametrize(
    ("token", "claims"),
    [
        (a_token(upn="ada@contoso.example", oid="o"), Claims(TENANT, "ada@contoso.example", "o")),
        (a_token(unique_name="ada"), Claims(TENANT, "ada")),
        (a_token(appid="app-1", oid="o"), Claims(TENANT, "app-1", "o")),
        (a_token(azp="app-2"), Claims(TENANT, "app-2")),
        (a_token(tid=3, upn=""), Claims()),
        ("sandbox", Claims()),
        ("a.b.c", Claims()),
        ("a.!!!.c", Claims()),
        ("a.WzFd.c", Claims()),
        ("a.__4.c", Claims()),
        ("", Claims()),
    ],
    ids=[
        "a person",
        "a person by another name",
        "an application",
        "an application by version two",
        "claims of the wrong kind",
        "no such token",
        "no JSON",
        "no base64",
        "no object",
        "no text",
        "nothing",
    ],
)
def test_a_token_tells_what_it_tells(token: str, claims: Claims) -> None:
    assert claims_of(Secret(token)) == claims


@pytest.mark.parametrize(
    ("url", "stays"),
    [
        ("http://127.0.0.1:8080", True),
        ("https://localhost", True),
        ("http://[::1]", True),
        ("http://127.9.9.9", True),
        ("http://127.0.0.1.evil.example", False),
        ("http://localhost.evil.example", False),
        ("http://127.0.0.1@evil.example", False),
        ("https://management.azure.com", False),
        ("http://0.0.0.0", False),
        ("not a url", False),
        ("", False),
    ],
)
def test_loopback_is_this_machine_alone(url: str, stays: bool) -> None:
    assert is_loopback(url) is stays

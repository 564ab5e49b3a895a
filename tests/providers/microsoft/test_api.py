"""What stands between us and the SDK: links, what counts as never sent, and what the SDK may not do by itself."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from typing import Any

import pytest
import requests
from azure.core.exceptions import ServiceRequestError, ServiceResponseError
from azure.core.pipeline.policies import RedirectPolicy, RetryPolicy
from urllib3.exceptions import ConnectTimeoutError, NewConnectionError, ProtocolError, SSLError

from reconciler.errors import SignInFailed
from reconciler.providers.entra import TokenSource
from reconciler.providers.microsoft import api
from reconciler.providers.microsoft.failures import Lost, NotSent
from reconciler.secret import Secret


class Tokens:
    """Hands out one token."""

    def token(self, scope: str) -> Secret:
        """As TokenSource has it."""
        return Secret(f"token for {scope}")

    def close(self) -> None:
        """As TokenSource has it."""


@pytest.fixture
def billing() -> Iterator[api.Billing]:
    """Opened at the vendor's own address, which no test asks."""
    tokens: TokenSource = Tokens()
    made = api.Billing(api.PUBLIC, tokens)
    yield made
    made.close()


@pytest.mark.parametrize(
    ("link", "within"),
    [
        (f"{api.PUBLIC}/providers/Microsoft.Billing/x?skip=50", "/providers/Microsoft.Billing/x?skip=50"),
        ("/providers/microsoft.billing/x", "/providers/microsoft.billing/x"),
        ("HTTPS://MANAGEMENT.azure.com/providers/Microsoft.Billing/x", "/providers/Microsoft.Billing/x"),
        ("https://management.azure.com.evil.example/providers/Microsoft.Billing/x", None),
        ("https://management.azure.com:8443/providers/Microsoft.Billing/x", None),
        ("http://management.azure.com/providers/Microsoft.Billing/x", None),
        ("https://management.azure.com/providers/Microsoft.Billing/x\r\nHost: evil", None),
        ("https://management.azure.com/providers/Microsoft.Billing/" + "x" * 5000, None),
        ("https://management.azure.com/providers/Microsoft.Billing/..", None),
        ("https://[::1/providers/Microsoft.Billing/x", None),
        (None, None),
    ],
    ids=lambda value: str(value)[:60],
)
def test_a_link_is_followed_within_the_endpoint_only(billing: api.Billing, link: Any, within: str | None) -> None:
    assert billing.within(link) == within


def test_the_token_is_for_the_endpoint_that_it_is_sent_to(billing: api.Billing) -> None:
    assert billing.scope == "https://management.azure.com/.default"


def test_a_credential_of_the_sdk_hands_out_the_same_token(billing: api.Billing) -> None:
    given = billing._client._config.credential.get_token("whatever the SDK asks for")
    assert given.token == "token for https://management.azure.com/.default"


def test_the_sdk_neither_retries_nor_follows_redirects(billing: api.Billing) -> None:
    pipeline = billing._client._client._pipeline
    policies = [getattr(policy, "_policy", policy) for policy in pipeline._impl_policies]
    names = [type(policy).__name__ for policy in policies]
    assert not any(isinstance(policy, (RetryPolicy, RedirectPolicy)) for policy in policies)
    assert not any("Logging" in name or "Registration" in name for name in names)
    adapter = pipeline._transport.session.get_adapter(api.PUBLIC)  # type: ignore[attr-defined]
    assert adapter.max_retries.total is False


def test_a_netrc_cannot_take_the_place_of_the_token(billing: api.Billing) -> None:
    session = billing._client._client._pipeline._transport.session  # type: ignore[attr-defined]
    sent = session.prepare_request(requests.Request("GET", api.PUBLIC, headers={"Authorization": "Bearer x"}))
    assert sent.headers["Authorization"] == "Bearer x"


def test_no_proxy_stands_before_loopback() -> None:
    assert api._session("http://127.0.0.1:9").trust_env is False
    assert api._session(api.PUBLIC).trust_env is True


def test_no_token_goes_over_plain_http_beyond_this_machine() -> None:
    billing = api.Billing("http://example.invalid", Tokens())
    with pytest.raises(SignInFailed, match="https only"):
        billing.accounts()
    billing.close()


@pytest.mark.parametrize(
    "inner",
    [
        NewConnectionError(None, "refused"),  # type: ignore[arg-type]
        ConnectTimeoutError(),
        requests.ConnectTimeout(ConnectTimeoutError()),
        requests.exceptions.SSLError(SSLError(ssl.SSLCertVerificationError("self-signed"))),
    ],
    ids=["no connection", "no connection in time", "as requests has it", "a certificate that is not trusted"],
)
def test_without_a_connection_nothing_was_sent(inner: Exception) -> None:
    with pytest.raises(NotSent), api._Told():
        raise ServiceRequestError("x", error=inner)


@pytest.mark.parametrize(
    "error",
    [
        ServiceRequestError("x", error=requests.exceptions.SSLError(SSLError(ssl.SSLError("bad record")))),
        ServiceResponseError("x", error=ProtocolError("reset", ConnectionResetError())),
        ServiceRequestError("x"),
    ],
    ids=["TLS broke", "reset", "no reason"],
)
def test_whatever_else_broke_may_have_arrived(error: Exception) -> None:
    with pytest.raises(Lost), api._Told():
        raise error


def test_errors_that_refer_to_each_other_are_judged_once() -> None:
    first, second = ServiceRequestError("x"), ServiceRequestError("y")
    first.inner_exception = second
    second.inner_exception = first
    with pytest.raises(Lost), api._Told():
        raise first


def test_what_is_no_trouble_of_the_wire_is_left_as_it_is() -> None:
    with pytest.raises(KeyError), api._Told():
        raise KeyError("ours")


@pytest.mark.parametrize(
    ("text", "good"),
    [("90000000-0000-0000-0000-000000000000", True), ("a:b_2019-05-31", True), ("a..b", False), (".", False)],
)
def test_an_id_is_what_a_path_can_hold(text: str, good: bool) -> None:
    assert api.is_id(text) is good

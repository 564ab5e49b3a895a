"""Microsoft.Billing over the official SDK: the one module that imports it, and that opens a connection.

Each function sends one request, once: no policy of the SDK retries, follows a redirect, registers a provider, polls or
logs. Answers come back as JSON. A link that the service hands out is followed within the endpoint only.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterator
from functools import partial
from ssl import SSLCertVerificationError
from typing import Any
from urllib.parse import quote, urljoin, urlsplit
from uuid import UUID

import requests
from azure.core.credentials import AccessToken
from azure.core.exceptions import AzureError, HttpResponseError
from azure.core.pipeline import PipelineRequest, PipelineResponse
from azure.core.pipeline.policies import HeadersPolicy, RequestIdPolicy, SansIOHTTPPolicy, UserAgentPolicy
from azure.core.pipeline.transport import RequestsTransport
from azure.core.rest import HttpRequest
from azure.mgmt.billing import BillingManagementClient
from requests.adapters import HTTPAdapter
from urllib3 import HTTPResponse
from urllib3.exceptions import ConnectTimeoutError, NewConnectionError, ProxyError
from urllib3.util import Retry

from reconciler.errors import SignInFailed
from reconciler.providers.entra import TokenSource, is_loopback
from reconciler.providers.microsoft.failures import Lost, NotSent, Reply

PUBLIC = "https://management.azure.com"
API_VERSION = "2024-04-01"
PAGE = 50
"""The most that `top` may ask for."""
LARGEST = 64 * 1024 * 1024
"""Bytes of one answer, unpacked; a page of 50 has about 100,000."""
LONGEST = 120.0
"""Seconds that one answer may take from its first byte to its last."""
CONNECT, READ = 10, 60
_NEVER_LEFT = (NewConnectionError, ConnectTimeoutError, ProxyError, SSLCertVerificationError)
"""What goes wrong before there is a connection that a request could be sent over."""
_ROOT = "/providers/Microsoft.Billing/billingAccounts"
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:-]{0,199}")
_LINK = re.compile(r"/providers/Microsoft\.Billing/[!-~]{1,4000}", re.IGNORECASE)


def is_id(text: str) -> bool:
    """Whether that can be the name of an account, a subscription or a product: it becomes part of a path."""
    return _ID.fullmatch(text) is not None and ".." not in text


class Billing:
    """The calls that we make. Safe to use from several threads at once."""

    def __init__(self, endpoint: str, tokens: TokenSource) -> None:
        self._endpoint = endpoint.rstrip("/")
        self._tokens = tokens
        bearer = _Bearer(tokens, f"{self._endpoint}/.default")
        policies = [RequestIdPolicy(), HeadersPolicy(), UserAgentPolicy("reconcile"), bearer]
        self._client = BillingManagementClient(
            bearer,
            "unused",  # the SDK asks for a subscription; no path of ours has one
            base_url=self._endpoint,
            authentication_policy=bearer,
            policies=policies,
            transport=RequestsTransport(
                session=_session(self._endpoint), connection_timeout=CONNECT, read_timeout=READ
            ),
        )

    @property
    def scope(self) -> str:
        """What a token must be for."""
        return f"{self._endpoint}/.default"

    def accounts(self) -> Reply:
        """The billing accounts that are seen: the first page."""
        return self._get(_ROOT)

    def account(self, account: str) -> Reply:
        """One billing account."""
        return self._get(f"{_ROOT}/{quote(account, safe='')}")

    def listing(self, account: str, what: str, **parameters: str) -> Reply:
        """The first page of what a billing account has, such as `products`."""
        return self._get(f"{_ROOT}/{quote(account, safe='')}/{what}", **parameters)

    def subscription(self, account: str, name: str) -> Reply:
        """One billing subscription."""
        return self._get(f"{_ROOT}/{quote(account, safe='')}/billingSubscriptions/{quote(name, safe='')}")

    def follow(self, link: str) -> Reply:
        """What stands behind a link of `within`."""
        return self._send(HttpRequest("GET", self._endpoint + link))

    def within(self, link: object) -> str | None:
        """A link that the service handed out, without its host; None for one that leads elsewhere, or is none."""
        if not isinstance(link, str):
            return None
        home = urlsplit(self._endpoint)
        try:
            whole = urlsplit(urljoin(self._endpoint + "/", link))
            same = (whole.scheme, whole.hostname, whole.port) == (home.scheme, home.hostname, home.port)
        except ValueError:  # a host or a port that is none
            return None
        found = whole.path + (f"?{whole.query}" if whole.query else "")
        fits = same and whole.username is None and _LINK.fullmatch(found) is not None
        return found if fits and "/../" not in whole.path and not whole.path.endswith("/..") else None

    def set_auto_renew(self, account: str, product: str, value: str, operation_id: str) -> Reply:
        """Turn a product's auto-renewal `On` or `Off`: the documented call."""
        body = {"properties": {"autoRenew": value}}
        call = partial(self._client.products.update, account, product, body, content_type="application/json")
        return _answered(call, operation_id)

    def delete_subscription(self, account: str, name: str, operation_id: str) -> Reply:
        """Cancel a billing subscription at once; nobody polls."""
        call = partial(self._client.billing_subscriptions.begin_delete, account, name, polling=False)
        return _answered(lambda **given: call(**given).result(), operation_id)

    def close(self) -> None:
        """Let go of connections."""
        self._client.close()
        self._tokens.close()

    def _get(self, path: str, **parameters: str) -> Reply:
        request = HttpRequest("GET", path, params={"api-version": API_VERSION, **parameters})
        request.url = self._endpoint + request.url
        return self._send(request)

    def _send(self, request: HttpRequest) -> Reply:
        with _Told():
            return _reply(self._client.send_request(request))


def _answered(call: Callable[..., Any], operation_id: str) -> Reply:
    """What the service answered to a write, success or not. Its logs know the write by our operation id."""
    headers = {"x-ms-client-request-id": str(UUID(operation_id))}
    with _Told():
        try:
            answer = call(headers=headers, cls=_whole)
        except HttpResponseError as error:
            # Only an answer that was read to its end is one; the SDK raises the same for a body that breaks off.
            if error.response is None or error.status_code is None:
                raise
            return _reply(error.response)
        return _reply(answer.http_response)


def _whole(answer: PipelineResponse[Any, Any], _model: object, _headers: object) -> PipelineResponse[Any, Any]:
    """What the SDK hands back in place of its model: the answer itself, verbatim."""
    return answer


def _reply(answer: Any) -> Reply:
    headers = {str(name).lower(): str(value) for name, value in answer.headers.items()}
    content = answer.content
    try:
        body, readable = (json.loads(content) if content.strip() else None), True
    except (ValueError, RecursionError):
        body, readable = None, False
    return Reply(answer.status_code, headers, body, readable)


class _Told:
    """Turns whatever goes wrong on the way into NotSent or Lost. Texts of the SDK are not told: they may quote a URL or
    a body.
    """

    def __enter__(self) -> None: ...

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        match error:
            case _TooMuch():
                raise Lost(str(error)) from None
            case AzureError() if _never_left(error):
                raise NotSent("Microsoft cannot be reached") from None
            case AzureError():
                raise Lost("the connection broke off before the answer was complete") from None
            case ValueError() | RecursionError():  # what the SDK raises for a body that is no JSON, or none of sense
                raise Lost("the answer is no JSON") from None
            case _:
                pass


def _never_left(error: BaseException) -> bool:
    """Whether there never was a connection. The SDK's own word for it is too wide: a broken TLS record counts."""
    seen: set[int] = set()
    left: list[BaseException] = [error]
    while left:
        one = left.pop()
        if id(one) in seen:
            continue
        seen.add(id(one))
        if isinstance(one, _NEVER_LEFT):
            return True
        inner = (getattr(one, "inner_exception", None), getattr(one, "reason", None), one.__cause__, *one.args)
        left += [item for item in inner if isinstance(item, BaseException)]
    return False


class _Bearer(SansIOHTTPPolicy[Any, Any]):
    """Signs each request, over TLS or on loopback only."""

    def __init__(self, tokens: TokenSource, scope: str) -> None:
        super().__init__()
        self._tokens = tokens
        self._scope = scope

    def on_request(self, request: PipelineRequest[Any]) -> None:
        url = request.http_request.url
        if urlsplit(url).scheme != "https" and not is_loopback(url):
            detail = "a token is sent over https only, or to this machine"
            raise SignInFailed("sign-in-failed", detail, "give RECONCILE_MICROSOFT_ENDPOINT an https address")
        request.http_request.headers["Authorization"] = f"Bearer {self._tokens.token(self._scope).reveal()}"

    def get_token(self, *scopes: str, **_: Any) -> AccessToken:
        """The SDK wants a credential beside the policy, and never asks it."""
        return AccessToken(self._tokens.token(self._scope).reveal(), int(time.time()) + 300)


class _TooMuch(Exception):  # named after the fact, as all of ours
    """An answer that is larger, or takes longer, than any real one."""


class _Bounded(HTTPAdapter):
    """Reads no more of an answer than an answer can have."""

    def build_response(self, req: requests.PreparedRequest, resp: Any) -> requests.Response:
        setattr(resp, "stream", partial(_bounded, resp, resp.stream))  # noqa: B010  # a method, as types have it
        return super().build_response(req, resp)


def _bounded(
    answer: HTTPResponse, stream: Callable[..., Iterator[bytes]], *given: Any, **named: Any
) -> Iterator[bytes]:
    begun, read = time.monotonic(), 0
    for chunk in stream(*given, **named):
        read += len(chunk)
        if read > LARGEST or time.monotonic() - begun > LONGEST:
            answer.close()
            much = "has more than 64 MiB" if read > LARGEST else "takes longer than two minutes"
            raise _TooMuch(f"the answer {much}")
        yield chunk


def _session(endpoint: str) -> requests.Session:
    session = requests.Session()
    session.trust_env = not is_loopback(endpoint) or endpoint.startswith("https:")  # no proxy stands before loopback
    session.auth = _signed  # or else a ~/.netrc would take the place of our token
    adapter = _Bounded(pool_maxsize=16, max_retries=Retry(total=False, redirect=False, raise_on_status=False))
    for scheme in ("https://", "http://"):
        session.mount(scheme, adapter)
    return session


def _signed(request: requests.PreparedRequest) -> requests.PreparedRequest:
    return request

"""The one module that speaks to Stripe, through its SDK: one request at a time, bounded in time and in size.

Must not retry, sleep or log, nor decide what an answer means. Importing it imports the SDK: only opening an account
does (start-up).
"""

from __future__ import annotations

import json
import re
import ssl
import time
from collections.abc import Mapping
from contextlib import closing
from functools import cached_property
from ipaddress import ip_address
from typing import Any, Final
from urllib.parse import urlsplit

import requests
import stripe
from requests.adapters import HTTPAdapter
from urllib3 import BaseHTTPResponse, HTTPConnectionPool, Timeout
from urllib3.exceptions import ConnectTimeoutError, HTTPError, NewConnectionError, ReadTimeoutError

from reconciler.providers.stripe.failures import Failed, Failure
from reconciler.secret import Secret

VERSION: Final = "2026-10-28.endive"
"""The version of the API whose answers `convert` reads; asked for by name, whatever the SDK would ask for."""
SDK_VERSION: Final = stripe.VERSION
CONNECT_SECONDS: Final = 10.0
READ_SECONDS: Final = 40.0
"""Without a byte."""
WHOLE_SECONDS: Final = 80.0
"""For one answer."""
MOST_BYTES: Final = 16 * 1024 * 1024
"""Of one answer, unpacked; a page of a hundred subscriptions has some 400 kB."""
_CHUNK: Final = 64 * 1024
_HEADERS: Final = {"Accept-Encoding": "gzip, deflate"}
_SECONDS: Final = re.compile(r"\d{1,5}(\.\d{1,3})?")

Json = Mapping[str, Any]

# The SDK's one switch for it is global. Left on, it writes an identity of this machine into the home directory, and
# sends it.
stripe.enable_telemetry = False


class StripeApi:
    """One account's connection. Several threads may use it at once."""

    def __init__(self, key: Secret, endpoint: str | None, *, loopback: bool, threads: int) -> None:
        self._http = _Http(key, endpoint or stripe.DEFAULT_API_BASE, loopback=loopback, threads=threads)
        self._client = stripe.StripeClient(
            key.reveal(),
            base_addresses={"api": endpoint.rstrip("/")} if endpoint else {},
            http_client=self._http,
            max_network_retries=0,
            stripe_version=VERSION,
        )

    def get(self, path: str, **params: object) -> Json:
        """What stands at that path; raises Failed."""
        return self._ask("get", path, params)

    def post(self, path: str, key: str, **params: object) -> Json:
        """Change it, under that idempotency key; raises Failed."""
        return self._ask("post", path, {**params, "idempotency_key": key})

    def delete(self, path: str, **params: object) -> Json:
        """End it. Stripe takes no idempotency key here; raises Failed."""
        return self._ask("delete", path, params)

    def close(self) -> None:
        """Let go of the connections."""
        self._http.close()

    def _ask(self, method: str, path: str, params: Mapping[str, object]) -> Json:
        # Not its services: those make an object of every value, which takes longer than the request.
        try:
            response = self._client.raw_request(method, path, **params)
        except stripe.StripeError as error:  # its text may quote a whole body
            raise Failed(Failure(error.http_status or 200, reason="no JSON")) from None
        if not isinstance(response.data, dict):
            raise Failed(Failure(response.code, reason="no object"))
        return response.data


class _Http(stripe.HTTPClient):
    """What the SDK sends through. A Failed that is raised here passes through the SDK as it is."""

    name = "requests"

    def __init__(self, key: Secret, address: str, *, loopback: bool, threads: int) -> None:
        super().__init__()
        self._key = key
        self._address = address.rstrip("/")
        self._loopback = loopback
        self._adapter = HTTPAdapter(pool_maxsize=threads, max_retries=0)

    @cached_property
    def _way(self) -> tuple[HTTPConnectionPool, str]:
        """The connections, and what stands before a path: proxies and certificates as the environment has them.

        Asked once. A session of requests asks, merges and prepares for each request, which costs more than the request;
        it would keep cookies and follow redirects, too.
        """
        first = requests.PreparedRequest()
        first.prepare("GET", self._address)
        with requests.Session() as session:
            session.trust_env = not self._loopback  # a key for this machine is no proxy's to see
            found = session.merge_environment_settings(self._address, {}, True, None, None)
        verify, proxies, cert = found["verify"], found["proxies"], found["cert"]
        pool = self._adapter.get_connection_with_tls_context(first, verify, proxies=proxies, cert=cert)
        self._adapter.cert_verify(pool, self._address, verify, cert)
        return pool, self._adapter.request_url(first, proxies).rstrip("/")

    def request(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str] | None,
        post_data: Any = None,
        *,
        _usage: list[str] | None = None,
    ) -> tuple[str, int, Mapping[str, str]]:
        """One request and its whole answer; raises Failed for any that is no 2xx."""
        status: int | None = None
        try:
            pool, before = self._way
            response = pool.urlopen(
                method.upper(),
                before + url.removeprefix(self._address),
                body=post_data.encode() if isinstance(post_data, str) else post_data,
                headers={**_HEADERS, **(headers or {})},
                timeout=Timeout(connect=CONNECT_SECONDS, read=READ_SECONDS),
                retries=False,
                redirect=False,
                assert_same_host=False,  # a proxy is another
                preload_content=False,
            )
            status = response.status
            with closing(response):
                body = _read(response)
            about = {name.lower(): text for name, text in response.headers.items()}
        except (requests.RequestException, HTTPError, OSError, ValueError) as error:
            # Half an answer is none, whatever its status was.
            sent = status is not None or _sent(error)
            raise Failed(Failure(None, sent=sent, reason=_broke(error) if sent else "no connection")) from None
        # Whatever the server echoes, no log and no message after this line can hold the key.
        text = body.decode("utf-8", "replace").replace(self._key.reveal(), "***")
        if not 200 <= status < 300:
            raise Failed(_failure(status, text, about))
        return text, status, {}

    def close(self) -> None:
        """Let go of the connections."""
        self._adapter.close()


def is_loopback(endpoint: str | None) -> bool:
    """Whether it is this machine itself."""
    host = urlsplit(endpoint or "").hostname or ""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _read(response: BaseHTTPResponse) -> bytes:
    until = time.monotonic() + WHOLE_SECONDS
    body = bytearray()
    while part := response.read1(_CHUNK, decode_content=True):
        body += part
        if len(body) > MOST_BYTES:
            raise Failed(Failure(response.status, reason="the answer is too large"))
        if time.monotonic() > until:
            raise Failed(Failure(None, reason="the answer takes too long"))
    return bytes(body)


def _sent(error: BaseException) -> bool:
    """Whether it may have reached the server: False only where no connection was made, or no request could be."""
    never = NewConnectionError | ConnectTimeoutError | ssl.SSLCertVerificationError | ValueError
    reasons, known = [error], set[int]()
    while reasons:
        reason = reasons.pop()
        if isinstance(reason, never):
            return False
        if id(reason) not in known:
            known.add(id(reason))
            inner = (reason.__cause__, reason.__context__, getattr(reason, "reason", None), *reason.args)
            reasons += [item for item in inner if isinstance(item, BaseException)]
    return True


def _broke(error: BaseException) -> str:
    late = isinstance(error, requests.Timeout | ReadTimeoutError | TimeoutError)
    return "no answer in time" if late else "the connection broke"


def _failure(status: int, text: str, headers: Mapping[str, str]) -> Failure:
    try:
        error = json.loads(text)["error"]
        kind, reason, message = (error.get(name) or "" for name in ("type", "code", "message"))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        kind = reason = message = ""
    after = headers.get("retry-after", "")
    return Failure(
        status,
        kind=str(kind),
        reason=str(reason),
        message=str(message),
        retry_after=float(after) if _SECONDS.fullmatch(after) else None,
        again={"true": True, "false": False}.get(headers.get("stripe-should-retry", "")),
        replayed=headers.get("idempotent-replayed") == "true",
    )

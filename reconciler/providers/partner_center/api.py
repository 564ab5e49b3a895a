"""Partner Center's REST API: one request, one answer, or the word that none came. The only place of its HTTP client.

Never retries, follows no redirect, reads no more of a body than fits, and keeps apart what was surely not sent from
what may have arrived. Must not know what a subscription is.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from uuid import UUID, uuid4

import orjson

from reconciler.errors import ExtraMissing, Unreachable
from reconciler.providers.entra import TokenSource

if TYPE_CHECKING:
    from urllib3 import BaseHTTPResponse, HTTPConnectionPool
    from urllib3.exceptions import HTTPError

BASE = "https://api.partnercenter.microsoft.com"
SCOPE = "https://api.partnercenter.microsoft.com/.default"
BODY_AT_MOST = 32 * 1024 * 1024
CONNECT_SECONDS = 10.0
READ_SECONDS = 100.0
CONNECTIONS = 8
_SECRETIVE = re.compile(r"eyJ[\w.+/=-]+|Bearer\s+\S+|[\w+/=-]{37,}", re.IGNORECASE)
"""What looks like a token; an id, which is 36 long, does not."""
_NUMBER = re.compile(r"\w{1,20}", re.ASCII)
_TOLD_AT_MOST = 200


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer that came."""

    status: int
    fields: dict[str, Any] | None
    """The body, where it is the JSON object that it should be."""
    flaw: str = ""
    """Why it is not, in words."""
    etag: str | None = None
    """Of the header, without its quotes."""
    retry_after: float | None = None
    """Seconds."""

    @property
    def number(self) -> str | None:
        """The vendor's error code."""
        told = str((self.fields or {}).get("code", ""))
        return told if _NUMBER.fullmatch(told) else None

    @property
    def told(self) -> str:
        """The vendor's own words, short, harmless, and with what looks like a token cut out; empty: none."""
        fields = self.fields or {}
        text = fields.get("description") or fields.get("message")
        return quoted(text) if isinstance(text, str) else ""


@dataclass(frozen=True, slots=True)
class Lost:
    """It may have arrived, and no answer did."""

    why: str


def quoted(text: str) -> str:
    """A vendor's text as a message may hold it."""
    shown = "".join(letter if letter.isprintable() else " " for letter in _SECRETIVE.sub("…", text))
    return shown if len(shown) <= _TOLD_AT_MOST else f"{shown[:_TOLD_AT_MOST]}…"


class Link:
    """One sign-in at one address, with its connections; many accounts and threads share it.

    Opening it asks nobody, and raises ExtraMissing where the HTTP client is not installed.
    """

    def __init__(
        self,
        tokens: TokenSource,
        endpoint: str | None = None,
        *,
        read_seconds: float = READ_SECONDS,
        fresh_id: Callable[[], UUID] = uuid4,
    ) -> None:
        self.tokens = tokens
        self._base = urlsplit((endpoint or BASE).rstrip("/"))
        self._read_seconds = read_seconds
        self._fresh_id = fresh_id
        self._pool = self._connections()

    def exchange(
        self,
        method: str,
        path: str,
        *,
        body: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Reply | Lost:
        """Send one request and read its answer; `path` begins behind the version (`/customers/…`).

        Raises ProviderTrouble only where nothing was sent.
        """
        import urllib3.exceptions as trouble  # start-up: no other account needs it

        sent = self._headers() | dict(headers or {})
        data = None
        if body is not None:
            data = orjson.dumps(body)
            sent["Content-Type"] = "application/json"
        try:
            response = self._pool.urlopen(
                method,
                f"{self._base.path}/v1{path}",
                body=data,
                headers=sent,
                retries=False,
                redirect=False,
                assert_same_host=False,
                preload_content=False,
            )
        except trouble.HTTPError as error:
            return self._failed(error)
        return _read(response)

    def close(self) -> None:
        """Let go of the connections and of the sign-in."""
        self._pool.close()
        self.tokens.close()

    def _failed(self, error: HTTPError) -> Lost:
        """What became of a request that no answer came to; raises Unreachable where it was surely not sent."""
        import urllib3.exceptions as trouble  # start-up

        match error:
            case trouble.ConnectTimeoutError() | trouble.NewConnectionError() | trouble.LocationValueError():
                raise self._unreachable(type(error).__name__)
            case trouble.SSLError() if "CERTIFICATE_VERIFY_FAILED" in str(error):
                raise self._unreachable("its certificate is not one that this machine trusts")
            case trouble.SSLError():
                return Lost("the encrypted connection broke")
            case trouble.ReadTimeoutError():
                return Lost(f"no answer within {self._read_seconds:g} seconds")
            case _:
                return Lost("the connection broke before an answer came")

    def _headers(self) -> dict[str, str]:
        return {
            "Authorization": f"Bearer {self.tokens.token(SCOPE).reveal()}",
            "Accept": "application/json",
            "MS-Contract-Version": "v1",
            "MS-RequestId": str(self._fresh_id()),
            "MS-CorrelationId": str(self._fresh_id()),
            "MS-PartnerCenter-Application": "subscription-reconciler",
            "X-Locale": "en-US",
        }

    def _connections(self) -> HTTPConnectionPool:
        try:
            import urllib3  # start-up, and an extra
        except ImportError as error:
            hint = "pip install 'subscription-reconciler[partner-center]'"
            raise ExtraMissing("extra-missing", "Partner Center needs urllib3", hint) from error
        return urllib3.connection_from_url(
            f"{self._base.scheme}://{self._base.netloc}",
            maxsize=CONNECTIONS,
            timeout=urllib3.Timeout(connect=CONNECT_SECONDS, read=self._read_seconds),
        )

    def _unreachable(self, why: str) -> Unreachable:
        return Unreachable(
            "unreachable",
            f"Partner Center cannot be reached at {self._base.hostname}: {why}",
            "check the network; run again",
        )


def _read(response: BaseHTTPResponse) -> Reply | Lost:
    import urllib3.exceptions as trouble  # start-up

    try:
        data = response.read(BODY_AT_MOST + 1, decode_content=True)
    except (trouble.HTTPError, OSError):
        response.close()
        return Lost(f"the connection broke within an answer of status {response.status}")
    whole = len(data) <= BODY_AT_MOST
    if whole:
        response.release_conn()
    else:
        response.close()
    fields, flaw = _parsed(data) if whole else (None, f"it is longer than {BODY_AT_MOST >> 20} MiB")
    return Reply(
        response.status,
        fields,
        flaw,
        (response.headers.get("ETag") or "").removeprefix("W/").strip('"') or None,
        _seconds(response.headers.get("Retry-After")),
    )


def _parsed(data: bytes) -> tuple[dict[str, Any] | None, str]:
    try:
        fields = orjson.loads(data)
    except orjson.JSONDecodeError:
        return None, "it is empty" if not data else "it is no JSON"
    return (fields, "") if isinstance(fields, dict) else (None, "it is no JSON object")


def _seconds(text: str | None) -> float | None:
    """What Retry-After says: seconds, or a date, which is compared with this machine's clock."""
    if text is None:
        return None
    if text.strip().isdecimal():
        return float(text)
    try:
        until = parsedate_to_datetime(text)
    except ValueError:
        return None
    return max(0.0, (until - datetime.now(UTC)).total_seconds()) if until.tzinfo else None

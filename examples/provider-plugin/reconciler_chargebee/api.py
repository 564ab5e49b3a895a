"""Chargebee over HTTP: one request, one answer, or the word that none came. The only place of the HTTP client.

Never retries, follows no redirect, and reads no more of a body than fits. Importing it imports urllib3, so only opening
an account does.
"""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlencode

import urllib3
from urllib3.exceptions import ConnectTimeoutError, HTTPError, NewConnectionError

from reconciler.secret import Secret

LARGEST: Final = 16 * 1024 * 1024
"""Bytes of an answer; a page of a hundred subscriptions has some 300 kB."""
_NEVER_SENT: Final = (NewConnectionError, ConnectTimeoutError)


class NotSent(Exception):
    """There was no connection: surely nothing has arrived."""


class Lost(Exception):
    """It may have arrived, and no whole answer came."""


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer that came, whole."""

    status: int
    body: Any
    """JSON; None where it is none."""
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def code(self) -> str:
        """Chargebee's own `api_error_code`; empty: the answer is not in its form."""
        return str(self.body.get("api_error_code") or "") if isinstance(self.body, dict) else ""


class Api:
    """One site's connections. Several threads may use it at once."""

    def __init__(self, address: str, key: Secret, threads: int) -> None:
        self._root = f"{address.rstrip('/')}/api/v2"
        self._authorization = Secret("Basic " + b64encode(f"{key.reveal()}:".encode()).decode())
        self._pool = urllib3.PoolManager(
            maxsize=threads, retries=False, timeout=urllib3.Timeout(connect=10.0, read=40.0), block=False
        )

    def get(self, path: str, **query: str) -> Reply:
        """What stands there; raises NotSent and Lost."""
        return self._sent("GET", f"{path}?{urlencode(query)}" if query else path)

    def post(self, path: str, key: str, **values: str) -> Reply:
        """Change it, under that idempotency key; raises NotSent and Lost."""
        headers = {"Content-Type": "application/x-www-form-urlencoded", "chargebee-idempotency-key": key}
        return self._sent("POST", path, urlencode(values).encode(), headers)

    def close(self) -> None:
        """Let go of the connections."""
        self._pool.clear()

    def _sent(self, method: str, path: str, data: bytes | None = None, more: Mapping[str, str] | None = None) -> Reply:
        headers = {"Authorization": self._authorization.reveal(), "Accept": "application/json", **(more or {})}
        try:
            answer = self._pool.request(
                method, f"{self._root}{path}", body=data, headers=headers, redirect=False, preload_content=False
            )
            try:
                text = answer.read(LARGEST + 1)
            finally:
                answer.release_conn() if answer.length_remaining == 0 else answer.close()
        except _NEVER_SENT:
            raise NotSent from None
        except (HTTPError, OSError):  # their texts may quote an address or a header
            raise Lost from None
        return Reply(answer.status, _parsed(text), {name.lower(): value for name, value in answer.headers.items()})


def _parsed(text: bytes) -> Any:
    if len(text) > LARGEST:
        return None
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None

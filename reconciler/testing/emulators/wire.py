"""What goes over the wire of an emulator, as values: a request, an answer, and what is to be done with it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

OWNER, READER, EXPIRED = "sandbox", "sandbox-reader", "sandbox-expired"
"""Bearer tokens of the emulators that take bearer tokens: may do all, may only read, is no longer valid."""


@dataclass(frozen=True, slots=True)
class Request:
    """One request as it came in."""

    method: str
    path: str
    """Without the query, percent-decoded."""
    query: Mapping[str, str] = field(default_factory=dict)
    """Of a name that comes twice, the last."""
    headers: Mapping[str, str] = field(default_factory=dict)
    """Names in lower case."""
    body: bytes = b""
    target: str = ""
    """Path and query as they were sent; made of the path where it is empty."""
    pairs: tuple[tuple[str, str], ...] = ()
    """The query with names that come twice, in order."""

    @property
    def origin(self) -> str:
        """Where the client reached us, for links: `http://127.0.0.1:PORT`."""
        return f"http://{self.headers.get('host', '127.0.0.1')}"

    @property
    def reads(self) -> bool:
        """Whether it can change nothing."""
        return self.method in ("GET", "HEAD")

    @property
    def bearer(self) -> str | None:
        """The bearer token, if there is one."""
        scheme, _, token = self.headers.get("authorization", "").partition(" ")
        return token.strip() if scheme.lower() == "bearer" and token.strip() else None

    def line(self) -> str:
        """What a fault's `match` is searched in."""
        return f"{self.method} {self.target or self.path}"


@dataclass(frozen=True, slots=True)
class Response:
    """One answer."""

    status: int = 200
    body: Any = None
    """JSON, or bytes to be sent as they are; None: no body."""
    headers: Mapping[str, str] = field(default_factory=dict)

    def data(self) -> bytes:
        """The body as it is sent."""
        if self.body is None:
            return b""
        return self.body if isinstance(self.body, bytes) else orjson.dumps(self.body)

    def with_headers(self, more: Mapping[str, str]) -> Response:
        """The same, with these where it does not say otherwise."""
        return Response(self.status, self.body, {**more, **self.headers})


@dataclass(frozen=True, slots=True)
class Delivery:
    """What is to be done on the wire."""

    response: Response | None
    """None: the connection is closed without an answer."""
    reset: bool = False
    """The connection is reset in the middle of the body."""

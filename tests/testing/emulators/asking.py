"""A client of emulators for tests, made of nothing but the standard library: one connection, no retries."""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from reconciler.testing.emulators import Emulator, serve


@dataclass(frozen=True)
class Answer:
    """Status, headers in lower case, and the body as it came."""

    status: int
    headers: Mapping[str, str]
    data: bytes

    @property
    def body(self) -> Any:
        """The body's JSON."""
        return json.loads(self.data)

    @property
    def code(self) -> str:
        """An error's code."""
        return str(self.body["error"]["code"])


class Client:
    """Asks one emulator over one connection, which it opens again when it was closed."""

    def __init__(self, url: str, headers: Mapping[str, str]) -> None:
        self.url = url
        self.headers = dict(headers)
        self.http = http.client.HTTPConnection(url.removeprefix("http://"), timeout=10)

    def ask(
        self, method: str, path: str, body: Any = None, headers: Mapping[str, str] | None = None, /, **query: object
    ) -> Answer:
        """One request; JSON where the body is no text."""
        sent = {name: value for name, value in {**self.headers, **(headers or {})}.items() if value}
        data = body if isinstance(body, bytes) else None
        if body is not None and data is None:
            data = json.dumps(body).encode()
            sent.setdefault("Content-Type", "application/json")
        target = path.removeprefix(self.url) + (f"?{urlencode(query)}" if query else "")
        try:
            self.http.request(method, target, data, sent)
            response = self.http.getresponse()
            read = response.read()
        except BaseException:
            self.http.close()
            raise
        return Answer(response.status, {name.lower(): value for name, value in response.getheaders()}, read)

    def form(self, method: str, path: str, headers: Mapping[str, str] | None = None, /, **values: object) -> Answer:
        """One request with a form, as Stripe takes them."""
        kind = {"Content-Type": "application/x-www-form-urlencoded"}
        return self.ask(method, path, urlencode(values).encode(), {**kind, **(headers or {})})

    def control(self, method: str, name: str, body: Any = None) -> Answer:
        """One request to the control endpoints."""
        return self.ask(method, f"/_control/{name}", body)


@contextmanager
def asking(emulator: Emulator, **headers: str) -> Iterator[Client]:
    """An emulator that is served, and a client of it."""
    with serve(emulator) as url:
        client = Client(url, headers)
        try:
            yield client
        finally:
            client.http.close()

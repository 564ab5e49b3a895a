"""A server that says what a test tells it to, and keeps what it was sent: the wire itself is the matter here."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from urllib.parse import parse_qsl

from reconciler.testing.emulators.base import Emulator, Request, Response
from reconciler.testing.emulators.server import serve


class Stub(Emulator):
    """Answers in the order in which it was told; what it was not told is a 500."""

    NAME = "stub"
    ITEMS = "data"

    def __init__(self, *answers: Response | Mapping[str, Any]) -> None:
        super().__init__()
        self.answers = [item if isinstance(item, Response) else Response(200, dict(item)) for item in answers]
        self.sent: list[Request] = []

    def handle(self, request: Request) -> Response:
        """The next answer."""
        self.sent.append(request)
        return self.answers.pop(0) if self.answers else Response(500, {"error": {"message": "nothing was told"}})

    @property
    def last(self) -> Request:
        """What was sent last."""
        return self.sent[-1]

    @property
    def form(self) -> dict[str, str]:
        """The body of what was sent last."""
        return dict(parse_qsl(self.last.body.decode(), keep_blank_values=True))


@contextmanager
def told(*answers: Response | Mapping[str, Any]) -> Iterator[tuple[Stub, str]]:
    """A server with these answers, and its URL."""
    stub = Stub(*answers)
    with serve(stub) as url:
        yield stub, url


def refused(
    status: int, kind: str = "invalid_request_error", code: str = "", message: str = "", **headers: str
) -> Response:
    """An error in Stripe's form."""
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    return Response(status, {"error": {"type": kind, "code": code or None, "message": message}}, names)


def missing(id: str) -> Response:
    """What Stripe answers for an id that it does not have."""
    return refused(404, code="resource_missing", message=f"No such subscription: '{id}'")


def a_list(*items: Mapping[str, Any], more: bool = False, url: str = "/v1/subscriptions") -> dict[str, Any]:
    """A page."""
    return {"object": "list", "data": list(items), "has_more": more, "url": url}


def the_products(*pairs: tuple[str, str]) -> dict[str, Any]:
    """A page of products, each an id and a name."""
    return a_list(*({"object": "product", "id": id, "name": name} for id, name in pairs), url="/v1/products")

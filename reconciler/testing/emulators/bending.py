"""How a fault bends an answer that was made right: a list with holes or a loop, a body that is cut or endless.

Pure; whether anything was committed is settled elsewhere.
"""

from __future__ import annotations

from typing import Any, ClassVar, Protocol

from reconciler.testing.emulators.faults import Fault
from reconciler.testing.emulators.wire import Request, Response


class Lister(Protocol):
    """What an emulator knows of its vendor's lists."""

    ITEMS: ClassVar[str]

    def looped(self, request: Request, body: dict[str, Any]) -> dict[str, Any]:
        """A list's body, with a cursor that leads back to it."""
        ...

    def emptied(self, body: dict[str, Any]) -> dict[str, Any]:
        """A list's body without items or a cursor."""
        ...


def bend(emulator: Lister, fault: Fault | None, request: Request, response: Response) -> Response:
    """The answer as the fault leaves it; whole where the fault does not concern answers, or not this one."""
    if fault is None:
        return response
    if fault.kind in ("invalid-json", "huge-body"):
        return _broken(fault, response)
    body = response.body
    if response.status != 200 or not isinstance(body, dict) or not isinstance(body.get(emulator.ITEMS), list):
        return response
    bent = _listed(emulator, fault, request, body)
    return Response(response.status, bent, response.headers)


def _listed(emulator: Lister, fault: Fault, request: Request, body: dict[str, Any]) -> dict[str, Any]:
    items = body[emulator.ITEMS]
    match fault.kind:
        case "half-page":
            return {**body, emulator.ITEMS: items[: len(items) // 2]}
        case "duplicate-id":
            return {**body, emulator.ITEMS: [*items, *items[:1]]}
        case "cursor-loop":
            return emulator.looped(request, body)
        case "empty-list":
            return emulator.emptied(body)
        case _:
            return body


def _broken(fault: Fault, response: Response) -> Response:
    data = response.data() or b"{}"
    headers = {"Content-Type": "application/json", **response.headers}
    if fault.kind == "invalid-json":
        return Response(response.status, data[: max(1, len(data) // 2)], headers)
    padding = b"x" * max(0, fault.size - len(data))
    joint = b"" if data == b"{}" else b","
    return Response(response.status, data[:-1] + joint + b'"padding":"' + padding + b'"}', headers)

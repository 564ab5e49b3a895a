"""Long-running work of Microsoft.Billing: accepted with 202 and a Location, asked for at `operationResults`, then done.

Bodies and headers only; when an order is begun or carried out is the emulator's business.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from reconciler.testing.emulators.ledger import Document
from reconciler.testing.emulators.microsoft_wire import ACCOUNTS, API_VERSION, error
from reconciler.testing.emulators.wire import Request, Response


@dataclass(frozen=True, slots=True)
class OrderFailure:
    """How the next long-running order ends, after it was accepted."""

    code: str = "InternalServerError"
    message: str = "The request could not be completed."
    status: int = 400
    """Of the poll that tells it, where the Location is polled."""
    asynchronous: bool = False
    """Told as ARM's other protocol does: `Azure-AsyncOperation`, status 200, `{"status": "Failed"}`."""


def accepted(request: Request, account: str, id: str, order: Mapping[str, Any], retry_after: int) -> Response:
    """202, with where to ask."""
    where = f"{request.origin}{ACCOUNTS}/{account}/operationResults/{id}?api-version={API_VERSION}"
    headers = {"Location": where, "Retry-After": f"{retry_after}"}
    if order["failure"] and order["failure"]["asynchronous"]:
        headers["Azure-AsyncOperation"] = where.replace("operationResults", "operationStatus")
    return Response(202, None, headers)


def result(request: Request, order: Mapping[str, Any], shown: Document | None, retry_after: int) -> Response:
    """What a poll of the Location answers."""
    if order["left"] > 0:
        headers = {"Location": f"{request.origin}{request.target}", "Retry-After": f"{retry_after}"}
        return Response(202, None, headers)
    if failure := order["failure"]:
        return error(failure["status"], failure["code"], failure["message"])
    return Response(204) if shown is None else Response(200, shown)


def progress(order: Mapping[str, Any], id: str) -> Response:
    """What a poll of the Azure-AsyncOperation answers."""
    if order["left"] > 0:
        return Response(200, {"id": id, "name": id, "status": "InProgress"})
    if failure := order["failure"]:
        detail = {"code": failure["code"], "message": failure["message"]}
        return Response(200, {"id": id, "name": id, "status": "Failed", "error": detail})
    return Response(200, {"id": id, "name": id, "status": "Succeeded"})

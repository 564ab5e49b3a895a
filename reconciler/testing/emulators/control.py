"""The control endpoints of a running emulator, below `/_control/`: faults, clock, latency, documents and effects.

No vendor has them, and no fault meets them.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson

from reconciler.testing.emulators.base import Emulator, Request, Response
from reconciler.testing.emulators.faults import Fault, WrongFault

ROOT = "/_control/"
LATENCY_AT_MOST = 10_000.0
"""Milliseconds."""


class _Wrong(ValueError):
    pass


def answer(emulator: Emulator, request: Request) -> Response:
    """What a control request does and shows; 404, 405 or 400 for what makes no sense."""
    name = request.path.removeprefix(ROOT)
    handlers: dict[str, Callable[[Emulator, Request], Any]] = {
        "faults": _faults,
        "clock": _clock,
        "latency": _latency,
        "effects": _effects,
        "state": _tables,
        "requests": _requests,
    }
    if name not in handlers:
        return Response(404, {"error": f"there are: {', '.join(ROOT + known for known in handlers)}"})
    if request.method != "GET" and name not in ("faults", "clock", "latency"):
        return Response(405, {"error": "it can only be read"}, {"Allow": "GET"})
    if request.method not in ("GET", "POST", "DELETE"):
        return Response(405, {"error": "GET, POST or DELETE"}, {"Allow": "GET, POST, DELETE"})
    try:
        return Response(200, handlers[name](emulator, request))
    except (WrongFault, _Wrong, OverflowError) as error:
        return Response(400, {"error": str(error)})


def _body(request: Request) -> Any:
    try:
        return orjson.loads(request.body)
    except orjson.JSONDecodeError as error:
        raise _Wrong(f"the body is not JSON: {error}") from error


def _faults(emulator: Emulator, request: Request) -> Any:
    if request.method == "DELETE":
        emulator.faults.clear()
    if request.method == "POST":
        body = _body(request)
        emulator.faults.add(*map(Fault.of, body if isinstance(body, list) else [body]))
    met = [{"kind": kind, "request": line} for kind, line in emulator.faults.met]
    return {"faults": [fault.shown() for fault in emulator.faults.on()], "met": met}


def _clock(emulator: Emulator, request: Request) -> Any:
    if request.method == "DELETE":
        emulator.clock = None
    if request.method == "POST":
        match _body(request):
            case {"now": str(text), **rest} if not rest:
                emulator.clock = _moment(text)
            case {"advance": int() | float() as seconds, **rest} if not rest and not isinstance(seconds, bool):
                emulator.advance(timedelta(seconds=seconds))
            case _:
                raise _Wrong('write {"now": "2026-11-23T00:00:00Z"} or {"advance": SECONDS}')
    return {"now": emulator.now().isoformat(), "set": emulator.clock is not None}


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise _Wrong(f"now is no date and time: {text[:40]!r}") from error
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _latency(emulator: Emulator, request: Request) -> Any:
    if request.method == "DELETE":
        emulator.latency = 0.0
    if request.method == "POST":
        match _body(request):
            case {"ms": int() | float() as value, **rest} if (
                not rest and not isinstance(value, bool) and 0 <= value <= LATENCY_AT_MOST
            ):
                emulator.latency = float(value)
            case _:
                raise _Wrong(f'write {{"ms": N}} with 0 to {LATENCY_AT_MOST:g}')
    return {"ms": emulator.latency}


def _effects(emulator: Emulator, request: Request) -> Any:
    return {"effects": [effect.shown() for effect in emulator.effects]}


def _tables(emulator: Emulator, request: Request) -> Any:
    """All documents, or those of `?table=`."""
    with emulator.changing():
        tables = {name: dict(documents) for name, documents in emulator.ledger.tables.items()}
    wanted = request.query.get("table")
    return {"tables": tables if wanted is None else {wanted: tables.get(wanted, {})}}


def _requests(emulator: Emulator, request: Request) -> Any:
    return {"requests": dict(emulator.requests), "asked": list(emulator.asked)[-1000:]}

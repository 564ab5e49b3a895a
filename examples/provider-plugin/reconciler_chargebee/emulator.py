"""Chargebee on loopback, as far as its provider speaks to it: to be tried without an account, and by the tests.

What its documents leave open is said where it is decided. `python -m reconciler_chargebee.emulator` serves a few
subscriptions, until it is interrupted.
"""

from __future__ import annotations

import signal
import sys
import threading
from base64 import b64decode
from binascii import Error
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar
from urllib.parse import parse_qsl

from reconciler.terms import add_months
from reconciler.testing.emulators.base import Document, Emulator, Request, Response
from reconciler.testing.emulators.server import serve

OWNER, READER, EXPIRED = "test_sandboxowner", "test_sandboxreader", "test_sandboxexpired"
SITE = "acme-test"
KEPT = timedelta(minutes=30)
"""How long the answer to an idempotency key is given again."""


class ChargebeeEmulator(Emulator):
    """One site. Documents are the bodies of its subscriptions, by id."""

    NAME: ClassVar[str] = "chargebee"
    ITEMS: ClassVar[str] = "list"
    RECORDS: ClassVar[frozenset[str]] = frozenset({"subscriptions"})

    def add(self, id: str, start: datetime, months: int = 1, **values: Any) -> str:
        """A subscription that is active since its term began; any other value by name. Returns its id."""
        body: Document = {
            "id": id,
            "object": "subscription",
            "status": "active",
            "billing_period": months,
            "billing_period_unit": "month",
            "started_at": _seconds(start),
            "current_term_start": _seconds(start),
            "current_term_end": _seconds(_later(start, months)),
            "currency_code": "EUR",
            "has_scheduled_changes": False,
            "resource_version": 1,
            "subscription_items": [{"item_price_id": "analytics-EUR-monthly", "item_type": "plan", "quantity": 1}],
        }
        self.put("subscriptions", id, {name: value for name, value in {**body, **values}.items() if value is not None})
        return id

    def handle(self, request: Request) -> Response:
        """Who asks, then what for."""
        key = _key(request)
        if key not in (OWNER, READER):
            return _wrong(401, "api_authentication_failed")
        if key == READER and not request.reads:
            return _wrong(403, "api_authorization_failed")
        match request.method, request.path.removeprefix("/api/v2/").split("/"):
            case "GET", ["configurations"]:
                return Response(200, {"configurations": [{"domain": SITE, "product_catalog_version": "v2"}]})
            case "GET", ["subscriptions"]:
                return self._list(request)
            case "GET", ["subscriptions", id]:
                found = self.table("subscriptions").get(id)
                return Response(200, {"subscription": found}) if found else _wrong(404, "resource_not_found")
            case "POST", ["subscriptions", id, verb]:
                return self._replayed(request, id, verb)
            case _:
                return _wrong(404, "site_not_found")

    def _list(self, request: Request) -> Response:
        found = list(self.table("subscriptions").values())
        start, size = int(request.query.get("offset", "0")), min(100, int(request.query.get("limit", "10")))
        body: Document = {"list": [{"subscription": one} for one in found[start : start + size]]}
        if start + size < len(found):
            body["next_offset"] = str(start + size)
        return Response(200, body)

    def _replayed(self, request: Request, id: str, verb: str) -> Response:
        """The first answer once more, within half an hour. It is kept with its errors; of which, is not published."""
        key = request.headers.get("chargebee-idempotency-key", "")
        kept = self.table("keys").get(key)
        if kept is not None and self.now() < datetime.fromisoformat(kept["until"]):
            return Response(kept["status"], kept["body"], {"chargebee-idempotency-replayed": "true"})
        answer = self._carried_out(request, id, verb)
        if key:
            until = (self.now() + KEPT).isoformat()
            self.put("keys", key, {"status": answer.status, "body": answer.body, "until": until})
        return answer

    def _carried_out(self, request: Request, id: str, verb: str) -> Response:
        found = self.table("subscriptions").get(id)
        if found is None:
            return _wrong(404, "resource_not_found")
        values = dict(parse_qsl(request.body.decode()))
        changes = self._changes(found, verb, values)
        if changes is None:
            return _wrong(409, "invalid_state_for_request")
        self.effect(verb, id, values, request.headers.get("chargebee-idempotency-key"))
        fresh = {**found, **changes, "resource_version": found["resource_version"] + 1}
        self.put("subscriptions", id, {name: value for name, value in fresh.items() if value is not None})
        return Response(200, {"subscription": self.table("subscriptions")[id]})

    def _changes(self, found: Document, verb: str, values: Mapping[str, str]) -> Mapping[str, Any] | None:
        """What it comes to; None: not as it stands."""
        now, over = _seconds(self.now()), found["status"] in ("cancelled", "transferred")
        option = values.get("cancel_option", "immediately")  # the default that a client must never lean on
        match verb, option:
            case "cancel_for_items", "end_of_term" if not over:
                ends = {"cancelled_at": found["current_term_end"], "cancel_schedule_created_at": now}
                return {"status": "non_renewing" if found["status"] == "active" else found["status"], **ends}
            case "cancel_for_items", "immediately" if not over:
                return {"status": "cancelled", "cancelled_at": now, "cancel_schedule_created_at": None}
            case "remove_scheduled_cancellation", _ if not over and "cancelled_at" in found:
                back = "active" if found["status"] == "non_renewing" else found["status"]
                return {"status": back, "cancelled_at": None, "cancel_schedule_created_at": None}
            case "reactivate", _ if found["status"] == "cancelled":
                end = _seconds(_later(self.now(), found["billing_period"]))
                term = {"current_term_start": now, "current_term_end": end}
                return {"status": "active", "cancelled_at": None, "cancel_schedule_created_at": None, **term}
            case _:
                return None

    def due(self, table: str, document: Document) -> datetime | None:
        """The end of its term."""
        living = table == "subscriptions" and document["status"] in ("active", "non_renewing")
        return datetime.fromtimestamp(document["current_term_end"], UTC) if living else None

    def elapse(self, table: str, document: Document) -> Document:
        """It renews, or it is cancelled."""
        if document["status"] == "non_renewing":
            return {**document, "status": "cancelled"}
        start = datetime.fromtimestamp(document["current_term_end"], UTC)
        end = _seconds(_later(start, document["billing_period"]))
        return {**document, "current_term_start": _seconds(start), "current_term_end": end}

    def looped(self, request: Request, body: Document) -> Document:
        """With an offset that leads back to it."""
        return {**body, "next_offset": request.query.get("offset", "0")}

    def emptied(self, body: Document) -> Document:
        """Without subscriptions and an offset."""
        return {"list": []}

    def trouble(self, status: int, message: str, headers: Mapping[str, str]) -> Response:
        """Chargebee's error body."""
        codes = {429: "api_request_limit_exceeded", 503: "site_read_only_mode"}
        return _wrong(status, codes.get(status, "internal_error"), headers)

    def busy(self, request: Request) -> Response:
        """As while another request has its lock."""
        return _wrong(409, "lock_timeout")


def _wrong(status: int, code: str, headers: Mapping[str, str] | None = None) -> Response:
    return Response(status, {"message": "Sorry.", "type": "invalid_request", "api_error_code": code}, headers or {})


def _key(request: Request) -> str:
    """The user name of its basic authentication; there is no password."""
    try:
        return b64decode(request.headers.get("authorization", "").removeprefix("Basic ")).decode().removesuffix(":")
    except (Error, UnicodeDecodeError):
        return ""


def _seconds(moment: datetime) -> int:
    return int(moment.timestamp())


def _later(start: datetime, months: int) -> datetime:
    return datetime.combine(add_months(start.date(), months), start.timetz())


def sample(now: datetime | None = None) -> ChargebeeEmulator:
    """A site with a few subscriptions."""
    emulator = ChargebeeEmulator(now=now)
    start = emulator.now().replace(hour=9, minute=0, second=0, microsecond=0) - timedelta(days=10)
    emulator.add("AzqYLaTk8Example1", start)
    emulator.add("AzqYLaTk8Example2", start, 12)
    ends = _seconds(_later(start, 1))
    emulator.add("AzqYLaTk8Example3", start, status="non_renewing", cancelled_at=ends)
    return emulator


def main() -> None:
    """Serve it, and say where."""
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    with serve(sample()) as url:
        sys.stdout.write(f"{url}\n")
        sys.stdout.flush()
        stop.wait()


if __name__ == "__main__":
    main()

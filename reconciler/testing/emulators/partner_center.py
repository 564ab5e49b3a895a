"""Partner Center (v1) on loopback: customers and their subscriptions, read and updated as its documentation says.

An update is the whole subscription; a field that is left out of a body loses what stood there. Etags, the memory of
MS-RequestId, the window to cancel, the day of the renewal and the states that nothing leaves are enforced.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar
from uuid import UUID

import orjson

from reconciler.testing.emulators import partner_center_estate as estate
from reconciler.testing.emulators import partner_center_life as life
from reconciler.testing.emulators import partner_center_wire as wire
from reconciler.testing.emulators.base import EXPIRED, OWNER, READER, Emulator
from reconciler.testing.emulators.ledger import Document
from reconciler.testing.emulators.limits import Bucket
from reconciler.testing.emulators.partner_center_rules import updated
from reconciler.testing.emulators.partner_center_wire import TurnedAway
from reconciler.testing.emulators.wire import Request, Response

REMEMBERED = timedelta(hours=24)
"""How long an answer is given again to the same MS-RequestId. Nothing is published: a client must not count on it."""
A_MINUTE = 500
"""Requests, for each partner."""
_PATH = re.compile(r"/v1/customers(?:/(?P<customer>[^/]+)(?P<list>/subscriptions(?:/(?P<id>[^/]+))?)?)?", re.IGNORECASE)


class PartnerCenterEmulator(Emulator):
    """Customers of one partner."""

    NAME: ClassVar[str] = "partner-center"
    ITEMS: ClassVar[str] = "items"
    RECORDS: ClassVar[frozenset[str]] = frozenset({"customers", "subscriptions"})

    def __init__(self, *, ledger: Path | None = None, now: datetime | None = None) -> None:
        self.page_size: int | None = None
        """Lists have pages of so many; None: one page, as documented."""
        self.slow: timedelta | None = None
        """Updates take so long, and are answered with 202; None: at once."""
        self.updates_at_most = 200
        """So often is one subscription updated, and no more."""
        super().__init__(ledger=ledger, now=now)

    def limit(self, a_minute: int = A_MINUTE) -> None:
        """Enforces the published limit, reads and writes together."""
        self.reading = self.writing = Bucket(a_minute, a_minute / 60)

    def add_customer(self, id: str, name: str, relation: str = "reseller") -> None:
        """A customer without subscriptions."""
        self.put("customers", id, wire.customer(id, name, relation))

    def add(self, customer: str, fields: Mapping[str, Any]) -> None:
        """A subscription of a customer."""
        document = {"customer": customer, "fields": dict(fields), "version": 1, "updates": 0}
        self.put("subscriptions", fields["id"].lower(), document)

    def alter(self, id: str, **fields: Any) -> None:
        """Changes a subscription as somebody in the portal would: it is another version then, and no effect."""
        with self.changing():
            self.put("subscriptions", id.lower(), life.changed(self.table("subscriptions")[id.lower()], fields))

    def shown(self, id: str) -> Document:
        """A subscription as it would be shown now."""
        document = self.table("subscriptions")[id.lower()]
        return wire.shown(document["customer"], id.lower(), document)

    def due(self, table: str, document: Document) -> datetime | None:
        """A term's end, a renewal's completion, the end of a stage."""
        return life.due(document) if table == "subscriptions" else None

    def elapse(self, table: str, document: Document) -> Document:
        """The next stage."""
        return life.elapse(document)

    def handle(self, request: Request) -> Response:
        """Customers, their subscriptions, and updates of these; every refusal has its number."""
        try:
            return self._answered(request)
        except TurnedAway as away:
            return away.response

    def trouble(self, status: int, message: str, headers: Mapping[str, str]) -> Response:
        """An error body, or that of the gateway, which throttles."""
        if status == 429:
            return wire.throttled(int(headers.get("Retry-After", "57")))
        numbers = {401: 400, 403: 900150, 404: 1000, 409: 800082}
        return wire.error(status, numbers.get(status, 800003), message, headers)

    def busy(self, request: Request) -> Response:
        """800082."""
        return wire.error(409, 800082, "Subscription is not ready to be updated. Try again after sometime")

    def first_page(self, request: Request) -> Request:
        """Without the header that leads on."""
        headers = {name: value for name, value in request.headers.items() if name != wire.TOKEN.lower()}
        return Request(request.method, request.path, {}, headers, request.body, request.path)

    def looped(self, request: Request, body: Document) -> Document:
        """With a link to itself as the next one."""
        uri = request.path.removeprefix("/v1")
        again = wire.link(uri, **{wire.TOKEN: "again"})
        return {**body, "links": {**body.get("links", {}), "next": again}}

    def emptied(self, body: Document) -> Document:
        """Without items, a count or a next link."""
        links = {name: link for name, link in body.get("links", {}).items() if name != "next"}
        return {**body, "totalCount": 0, "items": [], "links": links}

    def standing_headers(self, request: Request) -> Mapping[str, str]:
        """The ids of the request, echoed."""
        echoed = {name: request.headers.get(name.lower(), "") for name in ("MS-RequestId", "MS-CorrelationId")}
        return {name: value for name, value in echoed.items() if value}

    def _answered(self, request: Request) -> Response:
        self._admit(request)
        place = _PATH.fullmatch(request.path)
        if place is None:
            raise TurnedAway(404, 1000, "Not found")
        if place["customer"] is None:
            return self._listed(request, list(self.table("customers").values()), "/customers")
        customer = place["customer"].lower()
        if customer not in self.table("customers"):
            message = f"The partner ID has no commerce relationship with the customer ID {customer}."
            raise TurnedAway(403, 20002, message)
        if place["list"] is None:
            self._only(request, "GET")
            return Response(200, self.table("customers")[customer])
        if place["id"] is None:
            own = [
                wire.shown(customer, id, each)
                for id, each in self.table("subscriptions").items()
                if each["customer"] == customer
            ]
            return self._listed(request, own, f"/customers/{customer}/subscriptions")
        return self._one(request, customer, place["id"].lower())

    def _one(self, request: Request, customer: str, id: str) -> Response:
        self._only(request, "GET", "PATCH")
        document = self.table("subscriptions").get(id)
        if document is None or document["customer"] != customer:
            raise TurnedAway(404, 20003, f"Subscription with ID {id} not found.")
        if request.reads:
            return Response(200, wire.shown(customer, id, document))
        return self._patched(request, id, document)

    def _admit(self, request: Request) -> None:
        if request.bearer not in (OWNER, READER):
            said = "The token has expired" if request.bearer == EXPIRED else "Access denied"
            raise TurnedAway(401, 400, said)
        if request.headers.get("ms-contract-version", "v1") != "v1":
            raise TurnedAway(400, 800002, "Invalid request input: MS-Contract-Version")
        for name in ("ms-requestid", "ms-correlationid"):
            if name in request.headers and not _is_guid(request.headers[name]):
                raise TurnedAway(400, 800002, f"Invalid request input: {name}")

    def _only(self, request: Request, *methods: str) -> None:
        if request.method not in methods:
            raise TurnedAway(405, 1000, "Method not allowed")

    def _listed(self, request: Request, found: list[Document], path: str) -> Response:
        self._only(request, "GET")
        size = _number(request.query.get("size")) or self.page_size or len(found)
        start = _number(request.headers.get(wire.TOKEN.lower()))
        links = {"self": wire.link(path)}
        if start + size < len(found):
            links["next"] = wire.link(path, **{wire.TOKEN: str(start + size)})
        body = {"totalCount": len(found), "items": found[start : start + size], "links": links}
        return Response(200, {**body, "attributes": {"objectType": "Collection"}})

    def _patched(self, request: Request, id: str, document: Document) -> Response:
        if request.bearer != OWNER:
            raise TurnedAway(
                403, 900150, "The supplied role doesn't have the rights to perform the requested operation"
            )
        if "ms-correlationid" not in request.headers:
            raise TurnedAway(400, 800002, "Invalid request input: MS-CorrelationId")
        key = request.headers.get("ms-requestid", "").lower()
        remembered = self.table("answers").get(key)
        if remembered is not None and wire.moment(remembered["until"]) > self.now():
            return Response(remembered["status"], remembered["body"], remembered["headers"])
        try:
            answer = self._carried_out(request, id, document)
        except TurnedAway as away:
            answer = away.response
        if key:
            until = wire.stamp(self.now() + REMEMBERED)
            kept = {"status": answer.status, "body": answer.body, "headers": dict(answer.headers), "until": until}
            self.put("answers", key, kept)
        return answer

    def _carried_out(self, request: Request, id: str, document: Document) -> Response:
        body = _object(request.body)
        expected = request.headers.get("if-match", "").strip('"')
        if expected and expected != wire.etag(id, document["version"]):
            raise TurnedAway(400, 2055, "Etag is no longer valid")
        if str(body.get("id", id)).lower() != id:
            raise TurnedAway(400, 3000, "Invalid property: id")
        if document["updates"] >= self.updates_at_most:
            message = "This subscription has been updated too many times. Please contact partner support."
            raise TurnedAway(400, 900311, message)
        values = updated(document, body, self.now())
        counted = {**document, "updates": document["updates"] + 1}
        self.effect("PATCH", id, values, request.headers.get("ms-requestid"))
        if self.slow is not None:
            coming = {"at": wire.stamp(self.now() + self.slow), "fields": values}
            self.put("subscriptions", id, {**counted, "coming": coming})
            return Response(202, None, {"Location": f"/customers/{document['customer']}/subscriptions/{id}"})
        document = life.changed(counted, values)
        self.put("subscriptions", id, document)
        return Response(200, wire.shown(document["customer"], id, document))


def sample_estate(
    size: int = 40, seed: int = 1, *, ledger: Path | None = None, now: datetime | None = None
) -> PartnerCenterEmulator:
    """Several customers with so many subscriptions together; a ledger that holds some already is taken as it is."""
    emulator = PartnerCenterEmulator(ledger=ledger, now=now)
    if not emulator.table("customers"):
        with emulator.changing():
            for id, name, subscriptions in estate.customers(size, seed, emulator.now()):
                emulator.add_customer(id, name)
                for fields in subscriptions:
                    emulator.add(id, fields)
    return emulator


def _object(data: bytes) -> dict[str, Any]:
    try:
        body = orjson.loads(data)
    except orjson.JSONDecodeError:
        body = None
    if not isinstance(body, dict):
        raise TurnedAway(400, 800002, "Invalid request input: the body is no JSON object")
    return body


def _number(text: str | None) -> int:
    if text is not None and not (text.isascii() and text.isdigit()):
        raise TurnedAway(400, 800002, "Invalid request input: no number")
    return int(text or 0)


def _is_guid(text: str) -> bool:
    try:
        return str(UUID(text)) == text.lower()
    except ValueError:
        return False

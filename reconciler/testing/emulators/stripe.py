"""An emulator of Stripe, API 2026-10-28.endive, as far as a reconciler of subscriptions needs it.

Bodies have the keys of Stripe's published fixtures; what its documents leave open is said where it is decided, in
`stripe_updating`. Its time is the emulator's clock, which does what Stripe's test clocks do.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import datetime
from pathlib import Path
from typing import Any, ClassVar

from reconciler.testing.emulators import stripe_keys as keys
from reconciler.testing.emulators import stripe_life as life
from reconciler.testing.emulators import stripe_parameters as parameters
from reconciler.testing.emulators import stripe_updating as updating
from reconciler.testing.emulators import stripe_wire as wire
from reconciler.testing.emulators.base import Document, Emulator, Request, Response
from reconciler.testing.emulators.limits import Bucket
from reconciler.testing.emulators.stripe_parameters import Values
from reconciler.testing.emulators.stripe_wire import Plan, Refusal, Terms

__all__ = ["ACCOUNT", "LIMIT", "Plan", "StripeEmulator", "Terms"]

ACCOUNT = "acct_1SandboxContoso0"
LIMIT = 25.0
"""Requests a second that Stripe lets a sandbox make."""
STATUSES = frozenset("active canceled incomplete incomplete_expired past_due paused trialing unpaid all ended".split())
_ROUTE = re.compile(r"/v1/(account|subscriptions|subscription_items|products|prices)(?:/([^/]+))?")
_KINDS = {"subscriptions": "subscription", "products": "product", "prices": "price", "items": "subscription_item"}
_EXPANDABLE = "items.data.price.product"


class StripeEmulator(Emulator):
    """One account with its subscriptions, products and prices; the documents are the bodies, by their ids."""

    NAME: ClassVar[str] = "stripe"
    ITEMS: ClassVar[str] = "data"
    RECORDS: ClassVar[frozenset[str]] = frozenset({"account", "subscriptions", "products", "prices"})

    def __init__(self, *, ledger: Path | None = None, now: datetime | None = None) -> None:
        self._in_use: set[str] = set()
        self._using = threading.Lock()
        self._executed = False
        self._sorted: tuple[int, str, list[Document], dict[str, int]] = (-1, "", [], {})
        super().__init__(ledger=ledger, now=now)

    # Preparing it

    def add_account(self, id: str = ACCOUNT, name: str = "Contoso") -> str:
        """The account whose keys these are; returns its id."""
        self.put("account", id, wire.account_body(id, name))
        return id

    def add_subscription(self, terms: Terms) -> str:
        """A subscription, with its products and prices; returns its id."""
        created = wire.epoch(terms.started)
        with self.changing():
            for plan in terms.plans:
                if plan.product not in self.table("products"):
                    self.put("products", plan.product, wire.product_body(plan, created))
                if plan.price not in self.table("prices"):
                    self.put("prices", plan.price, wire.price_body(plan, created))
            self.put("subscriptions", terms.id, wire.subscription_body(terms))
        return terms.id

    def change(self, id: str, **values: Any) -> None:
        """Other values for fields of a subscription: somebody outside did it. No effect."""
        self.edit("subscriptions", id, **values)

    def remove(self, id: str) -> None:
        """A subscription vanishes."""
        self.put("subscriptions", id, None)

    def enforce_limits(self, per_second: float = LIMIT) -> None:
        """Answers 429 beyond so many requests a second, reads and writes together."""
        self.reading = self.writing = Bucket(max(1.0, per_second), per_second)

    # Time

    def due(self, table: str, document: Document) -> datetime | None:
        """Of a subscription, what its life says."""
        return life.due(document) if table == "subscriptions" else None

    def elapse(self, table: str, document: Document) -> Document:
        """One step."""
        return life.elapse(document)

    def seconds(self) -> int:
        """Now, as Stripe counts."""
        return wire.epoch(self.now())

    # Requests

    def handle(self, request: Request) -> Response:
        """Checks in this order: who asks, the version, the idempotency key, the parameters, the object."""
        self._executed = False
        try:
            keys.api_key(request, next(iter(self.table("account")), ACCOUNT))
            self._check_version(request)
            key = keys.idempotency_key(request)
            if key is not None:
                again = keys.replayed(request, key, self.table("keys").get(key), self.seconds())
                if again is not None:
                    return again
            return self._routed(request)
        except Refusal as refusal:
            self._executed = refusal.executed
            return refusal.response

    def _check_version(self, request: Request) -> None:
        version = request.headers.get("stripe-version", wire.API_VERSION)
        if version != wire.API_VERSION:
            raise wire.wrong(f"Invalid Stripe API version: {version}. This emulator speaks {wire.API_VERSION}.")
        if len(request.headers.get("idempotency-key", "")) > keys.KEY_AT_MOST:
            raise wire.wrong(f"Idempotency keys are at most {keys.KEY_AT_MOST} characters long.")

    def _routed(self, request: Request) -> Response:
        found = _ROUTE.fullmatch(request.path)
        handlers: Mapping[tuple[str, str, bool], Callable[[Request, str], Response]] = {
            ("GET", "account", False): self._account,
            ("GET", "subscriptions", False): self._list_subscriptions,
            ("GET", "subscriptions", True): self._retrieve,
            ("POST", "subscriptions", True): self._update,
            ("DELETE", "subscriptions", True): self._cancel,
            ("GET", "subscription_items", False): self._list_items,
            ("GET", "products", False): self._list_products,
            ("GET", "products", True): self._product,
            ("GET", "prices", False): self._list_prices,
            ("GET", "prices", True): self._price,
        }
        handler = handlers.get((request.method, found[1], found[2] is not None)) if found is not None else None
        if found is None or handler is None:
            message = f"Unrecognized request URL ({request.method}: {request.path})."
            raise Refusal(wire.error(404, f"{message} Please see https://stripe.com/docs."))
        return handler(request, found[2] or "")

    def _account(self, request: Request, _id: str) -> Response:
        parameters.read(request, parameters.RETRIEVE)
        return Response(200, next(iter(self.table("account").values()), wire.account_body(ACCOUNT, "Contoso")))

    def _found(self, table: str, id: str) -> Document:
        document = self.table(table).get(id)
        if document is None:
            raise wire.missing(_KINDS[table], id)
        return document

    def _retrieve(self, request: Request, id: str) -> Response:
        values = parameters.read(request, parameters.RETRIEVE)
        expand = self._expansion(values, "")
        return Response(200, self._expanded(self._found("subscriptions", id), expand))

    def _product(self, request: Request, id: str) -> Response:
        parameters.read(request, parameters.RETRIEVE)
        return Response(200, self._found("products", id))

    def _price(self, request: Request, id: str) -> Response:
        values = parameters.read(request, parameters.RETRIEVE)
        price = self._found("prices", id)
        if self._expansion(values, "", "product"):
            price = {**price, "product": self.table("products").get(price["product"], price["product"])}
        return Response(200, price)

    # Lists

    def _list_subscriptions(self, request: Request, _id: str) -> Response:
        values = parameters.read(request, parameters.LIST_SUBSCRIPTIONS, parameters.LIST_SUBSCRIPTIONS_UNDONE)
        expand = self._expansion(values, "data.")
        status = parameters.choice(values, "status", STATUSES)
        kept = {name: parameters.text(values, name) for name in ("customer", "price", "collection_method")}
        page = self._page(values, f"subscriptions {status} {kept}", lambda: self._chosen(status, kept))
        page["data"] = [self._expanded(body, expand) for body in page["data"]]
        return Response(200, {"object": "list", "url": "/v1/subscriptions", **page})

    def _chosen(self, status: str | None, kept: Mapping[str, str | None]) -> list[Document]:
        wanted: Callable[[str], bool]
        match status:
            case None:
                wanted = lambda found: found != "canceled"  # noqa: E731
            case "all":
                wanted = lambda found: True  # noqa: E731
            case "ended":
                wanted = lambda found: found in life.TERMINAL  # noqa: E731
            case _:
                wanted = lambda found: found == status  # noqa: E731
        return [
            body
            for body in self.table("subscriptions").values()
            if wanted(body["status"])
            and kept["customer"] in (None, body["customer"])
            and kept["collection_method"] in (None, body["collection_method"])
            and (kept["price"] is None or kept["price"] in {item["price"]["id"] for item in body["items"]["data"]})
        ]

    def _list_items(self, request: Request, _id: str) -> Response:
        values = parameters.read(request, parameters.LIST_ITEMS)
        id = parameters.text(values, "subscription")
        if id is None:
            raise wire.wrong("Missing required param: subscription.", "subscription", "parameter_missing")
        items = self._found("subscriptions", id)["items"]["data"]
        page = self._page(values, f"items {id}", lambda: list(items))
        return Response(200, {"object": "list", "url": "/v1/subscription_items", **page})

    def _list_products(self, request: Request, _id: str) -> Response:
        values = parameters.read(request, parameters.LIST_PRODUCTS)
        ids = frozenset(map(str, parameters.many(values, "ids")))
        active = parameters.flag(values, "active")
        return self._list_of(
            "products", values, lambda body: (not ids or body["id"] in ids) and active in (None, body["active"])
        )

    def _list_prices(self, request: Request, _id: str) -> Response:
        values = parameters.read(request, parameters.LIST_PRICES)
        product, active = parameters.text(values, "product"), parameters.flag(values, "active")
        return self._list_of(
            "prices", values, lambda body: product in (None, body["product"]) and active in (None, body["active"])
        )

    def _list_of(self, table: str, values: Values, wanted: Callable[[Document], bool]) -> Response:
        name = f"{table} {sorted((name, str(value)) for name, value in values.items() if name not in parameters.LIST)}"
        page = self._page(values, name, lambda: [body for body in self.table(table).values() if wanted(body)])
        return Response(200, {"object": "list", "url": f"/v1/{table}", **page})

    def _page(self, values: Values, name: str, found: Callable[[], list[Document]]) -> Document:
        """One page, the newest first. The order is kept until a document changes, for reading page by page."""
        size = parameters.limit(values)
        serial, kept, bodies, places = self._sorted
        if (serial, kept) != (self.ledger.serial, name):
            bodies = sorted(found(), key=lambda body: (-body["created"], body["id"]))
            places = {body["id"]: place for place, body in enumerate(bodies)}
            self._sorted = (self.ledger.serial, name, bodies, places)
        first = 0
        after, before = parameters.text(values, "starting_after"), parameters.text(values, "ending_before")
        if after is not None and before is not None:
            raise wire.wrong(
                "You may only specify one of these parameters: ending_before, starting_after.", "ending_before"
            )
        if (cursor := after or before) is not None and cursor not in places:
            raise wire.missing(name.split(" ", 1)[0][:-1], cursor, "starting_after" if after else "ending_before", 400)
        if after is not None:
            first = places[after] + 1
        if before is not None:
            last = places[before]
            return {"data": bodies[max(0, last - size) : last], "has_more": last > size}
        return {"data": bodies[first : first + size], "has_more": first + size < len(bodies)}

    def _expansion(self, values: Values, prefix: str, path: str = _EXPANDABLE) -> bool:
        """Whether the product of prices is asked for in full; refuses other paths."""
        asked = [str(value) for value in parameters.many(values, "expand")]
        for value in asked:
            if value != prefix + path:
                raise wire.wrong(f"This property cannot be expanded ({value}).", "expand[0]")
        return bool(asked)

    def _expanded(self, body: Document, expand: bool) -> Document:
        if not expand:
            return body
        products = self.table("products")
        items = []
        for item in body["items"]["data"]:
            price = item["price"]
            items.append({**item, "price": {**price, "product": products.get(price["product"], price["product"])}})
        return {**body, "items": {**body["items"], "data": items}}

    # Writes

    def _update(self, request: Request, id: str) -> Response:
        values = parameters.read(request, parameters.UPDATE, parameters.UPDATE_UNDONE)
        expand = self._expansion(values, "")
        updating.checked_update(values)
        fresh = updating.updated(self._found("subscriptions", id), values, self.seconds())
        return self._committed("POST", id, fresh, values, keys.idempotency_key(request), expand)

    def _cancel(self, request: Request, id: str) -> Response:
        values = parameters.read(request, parameters.CANCEL)
        expand = self._expansion(values, "")
        updating.checked_cancel(values)
        fresh = updating.cancelled(self._found("subscriptions", id), values, self.seconds())
        return self._committed("DELETE", id, fresh, values, None, expand)

    def _committed(
        self, verb: str, id: str, fresh: Document, values: Values, key: str | None, expand: bool
    ) -> Response:
        self._executed = True
        self.ledger.put("subscriptions", id, fresh)
        self.effect(verb, id, {name: value for name, value in values.items() if name != "expand"}, key)
        return Response(200, self._expanded(fresh, expand))

    # What base asks of it

    def underway(self, request: Request) -> AbstractContextManager[Response | None]:
        """A key that is in use keeps others out."""
        key = keys.idempotency_key(request)
        return nullcontext() if key is None else self._used(key)

    @contextmanager
    def _used(self, key: str) -> Iterator[Response | None]:
        with self._using:
            taken = key in self._in_use
            self._in_use.add(key)
        try:
            yield keys.in_use() if taken else None
        finally:
            if not taken:
                with self._using:
                    self._in_use.discard(key)

    def remember(self, request: Request, response: Response) -> None:
        """Under its key, where the endpoint had begun. A 500 says that it had."""
        key = keys.idempotency_key(request)
        if key is not None and (self._executed or response.status == 500):
            self.ledger.put("keys", key, keys.kept(request, response, self.seconds()))
        self._executed = False

    def first_page(self, request: Request) -> Request:
        """The same list from its start."""
        pairs = tuple((name, value) for name, value in request.pairs if name != "starting_after")
        return Request(request.method, request.path, dict(pairs), request.headers, request.body, request.target, pairs)

    def looped(self, request: Request, body: Document) -> Document:
        """More of it, again and again: a cursor is the last id, so the same page leads to itself."""
        return {**body, "has_more": True}

    def emptied(self, body: Document) -> Document:
        """Nothing, and no more of it."""
        return {**body, "data": [], "has_more": False}

    def standing_headers(self, request: Request) -> Mapping[str, str]:
        """The request's id, the version, and the idempotency key that it came with."""
        headers = {"Request-Id": f"req_{sum(self.requests.values()):014d}", "Stripe-Version": wire.API_VERSION}
        key = request.headers.get("idempotency-key")
        return headers | ({"Idempotency-Key": key} if key and key.isascii() and key.isprintable() else {})

    def trouble(self, status: int, message: str, headers: Mapping[str, str]) -> Response:
        """Stripe's error body."""
        if status == 429:
            reason = {"Stripe-Rate-Limited-Reason": "global-rate", **headers}
            return wire.error(429, "Request rate limit exceeded.", code="rate_limit", headers=reason)
        if status >= 500:
            return wire.error(status, message, type="api_error", headers=headers)
        return wire.error(status, message, headers=headers)

    def busy(self, request: Request) -> Response:
        """429, though it is no limit: another request holds the object."""
        message = "This object cannot be accessed right now because another API request is currently accessing it."
        return wire.error(429, message, code="lock_timeout")

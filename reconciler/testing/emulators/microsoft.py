"""An emulator of Microsoft.Billing, api-version 2024-04-01, as far as a reconciler needs it: what it answers.

Follows the published OpenAPI, its examples and descriptions. Where those are silent (error codes of a refused
cancellation, the word for what was cancelled, the link of product and subscription) the choice is said where it is
made; only a live account can show more.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from uuid import uuid5

from reconciler.testing.emulators import microsoft_life as life
from reconciler.testing.emulators import microsoft_listing as listing
from reconciler.testing.emulators import microsoft_orders as orders
from reconciler.testing.emulators import microsoft_roles as roles
from reconciler.testing.emulators import microsoft_wire as wire
from reconciler.testing.emulators import microsoft_writing as writing
from reconciler.testing.emulators.base import Document, Request, Response
from reconciler.testing.emulators.microsoft_books import ACCOUNT_NAME, IDS, READS, WRITES, MicrosoftBooks
from reconciler.testing.emulators.microsoft_orders import OrderFailure
from reconciler.testing.emulators.microsoft_roles import Principal
from reconciler.testing.emulators.microsoft_wire import Refusal, Seats

__all__ = ["MicrosoftEmulator", "OrderFailure", "Principal", "Seats"]

_ROUTE = re.compile(r"/providers/Microsoft\.Billing/billingAccounts(?:/([^/]+)(?:/(\w+)(?:/([^/]+)(/cancel)?)?)?)?/?")


@dataclass(frozen=True, slots=True)
class _Call:
    """A request below a billing account: who asks, and for what."""

    request: Request
    who: Principal
    account: Document
    kind: str
    name: str


class MicrosoftEmulator(MicrosoftBooks):
    """Answers as the vendor would. How it is prepared stands in `MicrosoftBooks`."""

    def __init__(self, *, ledger: Path | None = None, now: datetime | None = None) -> None:
        self._found: tuple[int, str, list[Document]] = (-1, "", [])
        super().__init__(ledger=ledger, now=now)

    def handle(self, request: Request) -> Response:
        """Checks in the order of the real one: who asks, the version, the address, the right, the request itself."""
        try:
            who = roles.principal(request, self.principals)
            self._check_version(request)
            return self._routed(request, who)
        except Refusal as refusal:
            return refusal.response

    def _check_version(self, request: Request) -> None:
        version = request.query.get("api-version")
        if version is None:
            raise Refusal(
                400, "MissingApiVersionParameter", "The api-version query parameter (?api-version=) is required."
            )
        if version != wire.API_VERSION:
            raise Refusal(
                400,
                "InvalidApiVersionParameter",
                f"The api-version is invalid. The supported versions are '{wire.API_VERSION}'.",
            )

    def _routed(self, request: Request, who: Principal) -> Response:
        found = _ROUTE.fullmatch(request.path)
        if found is None:
            raise Refusal(404, "InvalidResourceType", "The resource type could not be found.")
        account, kind, name, cancel = found.groups()
        if account is None:
            return self._accounts(request, who)
        call = _Call(request, who, self._account(account, who), kind or "", name or "")
        if kind is None:
            self._only(request, "GET")
            listing.check(request, listing.COMMON)
            return Response(200, call.account)
        handlers: Mapping[tuple[str, bool], Callable[[_Call], Response]] = {
            ("billingSubscriptions", False): self._list,
            ("billingSubscriptions", True): self._subscription,
            ("products", False): self._list,
            ("products", True): self._product,
            ("operationResults", True): self._poll,
            ("operationStatus", True): self._poll,
            ("billingRoleAssignments", False): self._roles,
            ("billingRoleDefinitions", False): self._roles,
            ("billingPermissions", False): self._roles,
        }
        handler = handlers.get((kind, name is not None))
        if cancel:
            handler = self._cancel if kind == "billingSubscriptions" else None
        if handler is None:
            raise Refusal(404, "InvalidResourceType", f"The resource type '{kind}' could not be found.")
        if not request.reads and not who.writes:
            raise roles.unauthorized(who, f"{wire.ACCOUNTS}/{account}")
        return handler(call)

    def _only(self, request: Request, *methods: str) -> None:
        if request.method not in methods:
            raise Refusal(405, "HttpMethodNotAllowed", f"The method '{request.method}' is not allowed here.")

    def _accounts(self, request: Request, who: Principal) -> Response:
        self._only(request, "GET")
        listing.check(request, listing.ACCOUNTS)
        seen = [body for body in self.table("accounts").values() if self._sees(who, body)]
        return Response(200, listing.body(request, listing.chosen(request, seen)))

    def _sees(self, who: Principal, account: Document) -> bool:
        return who.tenant is None or who.tenant == account["properties"]["primaryBillingTenantId"]

    def _account(self, name: str, who: Principal) -> Document:
        if not ACCOUNT_NAME.fullmatch(name):
            raise Refusal(400, "BadRequest", "The billing account name is not valid.", "billingAccountName")
        body = self.table("accounts").get(name)
        if body is None:
            raise Refusal(404, "NotFound", f"The billing account '{name}' could not be found.")
        if not self._sees(who, body):
            raise Refusal(403, "AuthorizationFailed", f"'{who.name}' has no access to the billing account '{name}'.")
        return body

    def _list(self, call: _Call) -> Response:
        request, account, kind = call.request, call.account, call.kind
        self._only(request, "GET")
        products = kind == "products"
        listing.check(request, listing.COMMON if products else listing.SUBSCRIPTIONS)
        if products:
            self._agreed(account, wire.CUSTOMER_AGREEMENT, wire.PARTNER_AGREEMENT)
        # A page needs the whole list in its order: kept until a document changes, for reading page by page.
        key = f"{account['name']} {kind} " + repr(
            sorted((name, value) for name, value in request.query.items() if name not in ("skip", "top", "count"))
        )
        serial, kept, found = self._found
        if (serial, kept) != (self.ledger.serial, key):
            found = listing.chosen(request, self._of(account["name"], kind, request))
            self._found = (self.ledger.serial, key, found)
        return Response(200, listing.body(request, found))

    def _of(self, account: str, kind: str, request: Request) -> list[Document]:
        table = "products" if kind == "products" else "subscriptions"
        hidden = set()
        if table == "subscriptions":
            hidden = {"Deleted"} - ({"Deleted"} if listing.flag(request, "includeDeleted") else set())
            hidden |= {"Failed"} - ({"Failed"} if listing.flag(request, "includeFailed") else set())
        mine = f"{account}/"
        return [
            body
            for id, body in self.table(table).items()
            if id.startswith(mine) and body["properties"].get("status") not in hidden
        ]

    def _roles(self, call: _Call) -> Response:
        request, account = call.request, call.account
        self._only(request, "GET")
        listing.check(request, listing.ROLES)
        tenant = account["properties"]["primaryBillingTenantId"]
        found = {
            "billingRoleAssignments": lambda: roles.assignments(account["name"], self.principals, tenant),
            "billingRoleDefinitions": lambda: roles.definitions(account["name"]),
            "billingPermissions": lambda: roles.permissions(call.who),
        }[call.kind]()
        return Response(200, listing.body(request, found))

    def _agreed(self, account: Document, *agreements: str) -> None:
        """Refuses an account of another agreement. The OpenAPI says which calls support which, and no error code."""
        agreement = account["properties"]["agreementType"]
        if agreement not in agreements:
            raise Refusal(
                400,
                "BadRequest",
                f"The operation is not supported for billing accounts with agreement type {agreement}.",
                "agreementType",
            )

    def _found_one(self, table: str, account: Document, name: str) -> tuple[str, Document]:
        id = f"{account['name']}/{name}"
        body = self.table(table).get(id)
        if body is None:
            raise Refusal(404, "NotFound", f"The {table[:-1]} '{name}' could not be found.")
        return id, body

    def _subscription(self, call: _Call) -> Response:
        request, account, name = call.request, call.account, call.name
        self._only(request, "GET", "PATCH", "DELETE")
        listing.check(request, frozenset({"api-version", "expand"} if request.reads else {"api-version"}))
        if request.reads:
            self._agreed(account, wire.CUSTOMER_AGREEMENT, wire.PARTNER_AGREEMENT, wire.ENTERPRISE_AGREEMENT)
            id, body = self._found_one("subscriptions", account, name)
            self.attend(id)
            return Response(200, body)
        self._agreed(account, wire.CUSTOMER_AGREEMENT, wire.PARTNER_AGREEMENT)
        id, body = self._found_one("subscriptions", account, name)
        if request.method == "PATCH":
            values = writing.subscription_patch(request)
            writing.check_unlocked(body)
            return self.begin(request, account, id, "manage", "PATCH billingSubscriptions", values)
        if body["properties"].get("status") in (*life.INACTIVE, "Deleted"):
            return Response(204)
        writing.check_unlocked(body)
        writing.check_window(body, self.now())
        return self.begin(request, account, id, "cancel", "DELETE billingSubscriptions", {})

    def _cancel(self, call: _Call) -> Response:
        request, account, name = call.request, call.account, call.name
        self._only(request, "POST")
        listing.check(request, frozenset({"api-version"}))
        self._agreed(account, wire.PARTNER_AGREEMENT)
        id, body = self._found_one("subscriptions", account, name)
        values = writing.cancel_request(request)
        if body["properties"].get("productCategory") != "UsageBased":
            raise Refusal(400, "BadRequest", "Only usage-based subscriptions can be cancelled with this operation.")
        writing.check_unlocked(body)
        return self.begin(request, account, id, "cancel", "POST cancel", values)

    def _product(self, call: _Call) -> Response:
        request, account, name = call.request, call.account, call.name
        self._only(request, "GET", "PATCH")
        listing.check(request, frozenset({"api-version"}))
        if request.reads:
            self._agreed(account, wire.CUSTOMER_AGREEMENT, wire.PARTNER_AGREEMENT)
            return Response(200, self._found_one("products", account, name)[1])
        self._agreed(account, wire.CUSTOMER_AGREEMENT)
        id, product = self._found_one("products", account, name)
        values = writing.product_patch(request)
        subscription = self.table("subscriptions").get(id)
        if subscription is not None:
            writing.check_unlocked(subscription)
        if (subscription or product)["properties"].get("status") not in life.LIVING:
            raise Refusal(400, "BadRequest", "Auto renew can only be changed while the product is active.")
        self.effect("PATCH products", name, values)
        if subscription is None:  # one that is no subscription, such as software
            self.ledger.put("products", id, {**product, "properties": {**product["properties"], **values}})
        else:
            self.put_both(id, self._with_auto_renew(subscription, values["autoRenew"]))
        return Response(200, self.table("products")[id])

    def _with_auto_renew(self, subscription: Document, value: str) -> Document:
        properties = subscription["properties"]
        on = value == "On"
        details = (
            {"billingFrequency": properties["billingFrequency"]} if on and "billingFrequency" in properties else None
        )
        renewal = wire.renewal(properties) if on else None
        return life.changed(
            subscription, self.now(), autoRenew=value, nextBillingCycleDetails=details, renewalTermDetails=renewal
        )

    def _poll(self, call: _Call) -> Response:
        request, account, name = call.request, call.account, call.name
        self._only(request, "GET")
        order = self.table("orders").get(f"{account['name']}/{name}")
        if order is None:
            raise Refusal(404, "NotFound", f"The operation '{name}' could not be found.")
        order = self.attended(order)
        if call.kind == "operationStatus":
            return orders.progress(order, name)
        shown = self.table("subscriptions").get(order["subscription"]) if order["verb"] == "manage" else None
        return orders.result(request, order, shown, self.retry_after)

    # What base asks of it

    def delayable(self, request: Request) -> bool:
        """Polls show the present."""
        return "/operation" not in request.path

    def standing_headers(self, request: Request) -> Mapping[str, str]:
        """The request's id, and how much of ARM's limits is left."""
        id = str(uuid5(IDS, f"request {sum(self.requests.values())}"))
        left = self.reading.left if self.reading else READS[0] - 1
        name = "x-ms-ratelimit-remaining-tenant-reads"
        if not request.reads:
            left = self.writing.left if self.writing else WRITES[0] - 1
            name = f"x-ms-ratelimit-remaining-tenant-{'deletes' if request.method == 'DELETE' else 'writes'}"
        return {"x-ms-request-id": id, "x-ms-correlation-request-id": id, name: str(left), "Cache-Control": "no-cache"}

    def trouble(self, status: int, message: str, headers: Mapping[str, str]) -> Response:
        """ARM's error body."""
        codes = {429: "TooManyRequests", 500: "InternalServerError", 503: "ServiceUnavailable", 504: "GatewayTimeout"}
        return wire.error(status, codes.get(status, "Error"), message, headers)

    def busy(self, request: Request) -> Response:
        """As while another order is carried out."""
        return writing.LOCKED

"""What the emulator of Microsoft.Billing holds, and what time and long-running orders make of it.

Which requests may do what is not said here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar
from uuid import UUID, uuid5

from reconciler.testing.emulators import microsoft_life as life
from reconciler.testing.emulators import microsoft_orders as orders
from reconciler.testing.emulators import microsoft_roles as roles
from reconciler.testing.emulators import microsoft_wire as wire
from reconciler.testing.emulators.base import Document, Emulator, Request, Response
from reconciler.testing.emulators.limits import Bucket
from reconciler.testing.emulators.microsoft_orders import OrderFailure
from reconciler.testing.emulators.microsoft_roles import Principal
from reconciler.testing.emulators.microsoft_wire import Seats

READS, WRITES = (250, 25), (200, 10)
"""Azure Resource Manager's token buckets at tenant scope: so many at once, so many more a second."""
TENANT = "20000000-0000-0000-0000-000000000001"
IDS = UUID("6d1c7a52-0000-4000-8000-000000000000")
"""What made-up ids are made of."""
ACCOUNT_NAME = re.compile(
    r"[0-9]+|[Pp][Cc][Nn]\.[A-Za-z0-9]+|[0-9A-Fa-f]{8}-([0-9A-Fa-f]{4}-){3}[0-9A-Fa-f]{12}"
    r"(:[0-9A-Fa-f]{8}-([0-9A-Fa-f]{4}-){3}[0-9A-Fa-f]{12}_[0-9]{4}(-[0-9]{2}){2})?"
)
"""The OpenAPI's pattern of a billing account's name."""
_UNATTENDED = timedelta(minutes=1)
"""After which an order is carried out though nobody asks for it."""


class MicrosoftBooks(Emulator):
    """Billing accounts with their subscriptions and products; ids of documents are `ACCOUNT/NAME`."""

    NAME: ClassVar[str] = "microsoft"
    ITEMS: ClassVar[str] = "value"
    RECORDS: ClassVar[frozenset[str]] = frozenset({"accounts", "subscriptions", "products"})

    def __init__(self, *, ledger: Path | None = None, now: datetime | None = None) -> None:
        self.principals: dict[str, Principal] = dict(roles.PRINCIPALS)
        """Who signs in with which token; more may be added."""
        self.polls = 1
        """Polls of an order that answer 202 before the one that tells its result."""
        self.retry_after = 1
        """Whole seconds, of the answers to long-running orders. The published examples say 10."""
        self.order_failure: OrderFailure | None = None
        """How orders end that are accepted from now on; None: well."""
        self.cancelled_as = "Disabled"
        """The status after DELETE: `Disabled`, as the admin center shows it, or `Cancelled`, which the API also has."""
        super().__init__(ledger=ledger, now=now)

    # Preparing it

    def add_account(
        self,
        name: str,
        agreement: str = wire.CUSTOMER_AGREEMENT,
        *,
        tenant: str = TENANT,
        display_name: str = "Contoso",
    ) -> str:
        """A billing account; returns its name."""
        if not ACCOUNT_NAME.fullmatch(name):
            raise ValueError(f"not the name of a billing account: {name!r}")
        self.put("accounts", name, wire.account_body(name, agreement, tenant, display_name))
        return name

    def add_seats(self, account: str, seats: Seats) -> str:
        """A seat subscription and its product, under one name; returns the name."""
        tenant = self.table("accounts")[account]["properties"]["primaryBillingTenantId"]
        body = wire.subscription_body(account, tenant, seats, self.now())
        with self.changing():
            self.put("subscriptions", f"{account}/{seats.name}", body)
            self.put("products", f"{account}/{seats.name}", wire.product_body(account, body, seats.charge))
        return seats.name

    def add_enterprise(self, account: str, name: str, display_name: str) -> str:
        """An Azure subscription of an enterprise agreement; returns its name."""
        self.put("subscriptions", f"{account}/{name}", wire.enterprise_body(account, name, display_name))
        return name

    def change(self, account: str, name: str, **properties: Any) -> None:
        """Other values for a subscription's properties (None: takes one away) and for its product's: somebody
        outside did it. No effect.
        """
        with self.changing():
            id = f"{account}/{name}"
            self.put_both(id, life.changed(self.table("subscriptions")[id], self.now(), **properties))

    def remove(self, account: str, name: str) -> None:
        """A subscription and its product vanish."""
        with self.changing():
            self.put("subscriptions", f"{account}/{name}", None)
            self.put("products", f"{account}/{name}", None)

    def enforce_limits(self, reads: tuple[float, float] = READS, writes: tuple[float, float] = WRITES) -> None:
        """Answers 429 beyond these, each as (at once, more a second)."""
        self.reading, self.writing = Bucket(*reads), Bucket(*writes)

    # Time

    def due(self, table: str, document: Document) -> datetime | None:
        """Of a subscription what its life says; of an order the moment when it is carried out unattended."""
        if table == "subscriptions":
            return life.due(document)
        if table == "orders" and document["left"] > 0:
            return wire.moment(document["unattended"])
        return None

    def elapse(self, table: str, document: Document) -> Document:
        """One step; a subscription takes its product along."""
        if table == "orders":
            return self._carried_out({**document, "left": 0})
        fresh = life.elapse(document)
        account, name = fresh["id"].split("/")[4], fresh["name"]
        product = self.table("products").get(f"{account}/{name}")
        if product is not None:
            mirrored = wire.mirrored(product, fresh)
            if fresh["properties"]["termStartDate"] != document["properties"]["termStartDate"]:
                charged = {"lastChargeDate": fresh["properties"]["termStartDate"]}
                mirrored = {**mirrored, "properties": {**mirrored["properties"], **charged}}
            self.ledger.put("products", f"{account}/{name}", mirrored)
        return fresh

    def put_both(self, id: str, subscription: Document) -> None:
        """A subscription, and its product after it."""
        self.ledger.put("subscriptions", id, subscription)
        product = self.table("products").get(id)
        if product is not None:
            self.ledger.put("products", id, wire.mirrored(product, subscription))

    def begin(
        self, request: Request, account: Document, id: str, verb: str, effect: str, values: Mapping[str, Any]
    ) -> Response:
        """Takes an order: locks its subscription until it is carried out. The effect is noted here, as it is from
        here on that the order is carried out whatever becomes of the caller; one that will fail has none.
        """
        subscription = self.table("subscriptions")[id]
        name = subscription["name"]
        number = len(self.table("orders")) + 1
        order = f"{verb}BillingSubscription_{name}:{uuid5(IDS, f'{name} {number}')}"
        failure = self.order_failure
        body: Document = {
            "id": f"{account['name']}/{order}",
            "subscription": id,
            "verb": verb,
            "values": dict(values),
            "left": self.polls + 1,
            "lie": self.lying,
            "unattended": wire.stamp(self.now() + _UNATTENDED),
            "failure": None if failure is None else asdict(failure),
        }
        if failure is None:
            self.effect(effect, name, values)
        self.ledger.put("orders", body["id"], body)
        self.ledger.put("subscriptions", id, life.changed(subscription, self.now(), operationStatus="LockedForUpdate"))
        return orders.accepted(request, account["name"], order, body, self.retry_after)

    def attend(self, id: str) -> None:
        """Reading a subscription brings its order on like a poll does, so that it ends though nobody polls."""
        if self.table("subscriptions")[id]["properties"].get("operationStatus") == "LockedForUpdate":
            for order in [one for one in self.table("orders").values() if one["subscription"] == id]:
                self.attended(order)

    def attended(self, order: Document) -> Document:
        """An order after it was asked for once more."""
        if order["left"] > 0:
            order = {**order, "left": order["left"] - 1}
            if order["left"] == 0:
                order = self._carried_out(order)
            self.ledger.put("orders", order["id"], order)
        return order

    def _carried_out(self, order: Document) -> Document:
        id = order["subscription"]
        subscription = self.table("subscriptions").get(id)
        if subscription is None:
            return order
        subscription = life.changed(subscription, self.now(), operationStatus="None")
        if not order["failure"] and not order["lie"]:
            if order["verb"] == "cancel":
                subscription = life.ended(subscription, self.now(), self.cancelled_as, "Cancelled")
            else:
                subscription = life.changed(subscription, self.now(), **order["values"])
        self.put_both(id, subscription)
        return order

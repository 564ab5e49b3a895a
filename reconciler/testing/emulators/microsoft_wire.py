"""How Microsoft.Billing (api-version 2024-04-01) spells things: dates, ARM errors, and the bodies of what it lists.

Bodies follow the published OpenAPI and its examples. What links a billing subscription with its product is stated
nowhere: neither model has a field for it. In the published examples both lists show the same names (`90000000-…`)
with the same product type and SKU, so here the product of a seat subscription has the subscription's name.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from reconciler.terms import add_months
from reconciler.testing.emulators.ledger import Document
from reconciler.testing.emulators.wire import Response

API_VERSION = "2024-04-01"
CUSTOMER_AGREEMENT = "MicrosoftCustomerAgreement"
PARTNER_AGREEMENT = "MicrosoftPartnerAgreement"
ENTERPRISE_AGREEMENT = "EnterpriseAgreement"
ONLINE_SERVICES = "MicrosoftOnlineServicesProgram"
AGREEMENTS = (CUSTOMER_AGREEMENT, PARTNER_AGREEMENT, ENTERPRISE_AGREEMENT, ONLINE_SERVICES, "Other")
ACCOUNTS = "/providers/Microsoft.Billing/billingAccounts"


class Refusal(Exception):
    """A request that is answered with an ARM error."""

    def __init__(self, status: int, code: str, message: str, target: str | None = None) -> None:
        super().__init__(message)
        self.response = error(status, code, message, target=target)


def error(
    status: int, code: str, message: str, headers: Mapping[str, str] | None = None, target: str | None = None
) -> Response:
    """An error body of the common types' version 5, `ErrorResponse`."""
    detail = {"code": code, "message": message} | ({"target": target} if target else {})
    return Response(status, {"error": detail}, headers or {})


def stamp(moment: datetime) -> str:
    """As the published examples write a date: seven digits of a second."""
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%S}.{moment.microsecond:06}0Z"


def moment(text: str) -> datetime:
    """From `stamp`."""
    return datetime.fromisoformat(text)


def months(duration: str) -> int:
    """The months of an ISO 8601 duration of months or years."""
    found = re.fullmatch(r"P(\d+)([MY])", duration)
    if found is None:
        raise ValueError(f"a duration such as P1M or P1Y: {duration!r}")
    return int(found[1]) * (12 if found[2] == "Y" else 1)


def later(anchor: datetime, count: int) -> datetime:
    """So many months after the anchor, at its time of day, clamped to the month's end."""
    day = add_months(anchor.date(), count)
    return datetime.combine(day, anchor.timetz())


@dataclass(frozen=True, slots=True)
class Seats:
    """What one seat subscription is made of."""

    name: str
    display_name: str
    start: datetime
    """Of its current term, which need not be its first."""
    product_type: str = "CFQ7TTC0LDPB"
    """Its productTypeId."""
    sku: str = "0001"
    product_name: str = "Microsoft 365 Business Basic"
    length: str = "P1Y"
    billing: str = "P1M"
    quantity: int = 10
    auto_renew: str = "On"
    status: str = "Active"
    purchased: datetime | None = None
    """None: at the start of this term."""
    window_days: int = 7
    charge: float = 60.0
    properties: Mapping[str, Any] = field(default_factory=dict)
    """More properties of the subscription, or others than these."""


def account_body(name: str, agreement: str, tenant: str, display_name: str) -> Document:
    """A billing account."""
    enterprise = agreement == ENTERPRISE_AGREEMENT
    return {
        "id": f"{ACCOUNTS}/{name}",
        "name": name,
        "type": "Microsoft.Billing/billingAccounts",
        "properties": {
            "accountStatus": "Active",
            "accountType": "Partner" if agreement == PARTNER_AGREEMENT else "Enterprise" if enterprise else "Business",
            "agreementType": agreement,
            "displayName": display_name,
            "hasReadAccess": True,
            "primaryBillingTenantId": tenant,
        },
    }


def subscription_body(account: str, tenant: str, seats: Seats, now: datetime) -> Document:
    """A seat subscription of a customer or partner agreement."""
    properties: Document = {
        **_billed(account),
        **_term(seats),
        "autoRenew": seats.auto_renew,
        "beneficiaryTenantId": tenant,
        "displayName": seats.display_name,
        "operationStatus": "None",
        "productCategory": "SeatBased",
        "productType": seats.product_name,
        "productTypeId": seats.product_type,
        "provisioningState": "Succeeded",
        "provisioningTenantId": tenant,
        "quantity": seats.quantity,
        "resourceUri": f"{ACCOUNTS}/{account}/billingSubscriptions/{seats.name}",
        "skuId": seats.sku,
        "skuDescription": seats.product_name,
        "status": seats.status,
        **seats.properties,
    }
    if properties["autoRenew"] == "On":
        properties.setdefault("nextBillingCycleDetails", {"billingFrequency": seats.billing})
        properties.setdefault("renewalTermDetails", renewal(properties))
    return {
        "id": f"{ACCOUNTS}/{account}/billingSubscriptions/{seats.name}",
        "name": seats.name,
        "type": "Microsoft.Billing/billingAccounts/billingSubscriptions",
        "properties": properties,
        "systemData": {"createdAt": properties["purchaseDate"], "lastModifiedAt": stamp(now)},
    }


def _billed(account: str) -> Document:
    """To which profile and section it is billed."""
    profile = f"{ACCOUNTS}/{account}/billingProfiles/CONT-OSO1-BG7-PGB"
    return {
        "billingProfileId": profile,
        "billingProfileDisplayName": "Contoso Billing Profile",
        "billingProfileName": "CONT-OSO1-BG7-PGB",
        "invoiceSectionId": f"{profile}/invoiceSections/SH3V-APQF-PJA-TGB",
        "invoiceSectionDisplayName": "Contoso Invoice Section",
        "invoiceSectionName": "SH3V-APQF-PJA-TGB",
    }


def _term(seats: Seats) -> Document:
    """Its dates, and until when it can be cancelled at once."""
    closes = stamp(seats.start + timedelta(days=seats.window_days))
    return {
        "billingFrequency": seats.billing,
        "purchaseDate": stamp(seats.purchased or seats.start),
        "systemOverrides": {"cancellation": "Allowed", "cancellationAllowedEndDate": closes},
        "termDuration": seats.length,
        "termStartDate": stamp(seats.start),
        "termEndDate": stamp(later(seats.start, months(seats.length))),
    }


def renewal(properties: Mapping[str, Any]) -> Document:
    """The next term of a subscription that renews, on the terms of this one."""
    end = later(moment(properties["termEndDate"]), months(properties["termDuration"]))
    return {
        "billingFrequency": properties.get("billingFrequency", properties["termDuration"]),
        "productTypeId": properties["productTypeId"],
        "quantity": properties["quantity"],
        "skuId": properties["skuId"],
        "termDuration": properties["termDuration"],
        "termEndDate": stamp(end),
    }


def product_body(account: str, subscription: Document, charge: float) -> Document:
    """The product of a seat subscription, under the same name."""
    properties = subscription["properties"]
    shared = (
        "autoRenew billingFrequency billingProfileId billingProfileDisplayName displayName invoiceSectionId "
        "invoiceSectionDisplayName productType productTypeId purchaseDate quantity skuId skuDescription"
    ).split()
    return {
        "id": f"{ACCOUNTS}/{account}/products/{subscription['name']}",
        "name": subscription["name"],
        "type": "Microsoft.Billing/billingAccounts/products",
        "properties": {
            **{name: properties[name] for name in shared},
            "endDate": properties["termEndDate"],
            "lastCharge": {"currency": "USD", "value": charge},
            "lastChargeDate": properties["termStartDate"],
            "status": PRODUCT_STATUS.get(properties["status"], properties["status"]),
            "tenantId": properties["beneficiaryTenantId"],
        },
    }


PRODUCT_STATUS: Mapping[str, str] = {
    "Cancelled": "Canceled",
    "Unknown": "Other",
    "Warned": "PastDue",
    "Failed": "Other",
}
"""A product's word for a subscription's status, where it is another one."""


def mirrored(product: Document, subscription: Document) -> Document:
    """A product after its subscription changed."""
    properties = subscription["properties"]
    shared = {name: properties[name] for name in ("autoRenew", "displayName", "quantity") if name in properties}
    if "status" in properties:
        shared["status"] = PRODUCT_STATUS.get(properties["status"], properties["status"])
    if "termEndDate" in properties:
        shared["endDate"] = properties["termEndDate"]
    return {**product, "properties": {**product["properties"], **shared}}


def enterprise_body(account: str, name: str, display_name: str) -> Document:
    """An Azure subscription of an enterprise agreement, with the fields that the published examples show there."""
    return {
        "id": f"{ACCOUNTS}/{account}/billingSubscriptions/{name}",
        "name": name,
        "type": "Microsoft.Billing/billingAccounts/billingSubscriptions",
        "properties": {
            "billingProfileId": f"{ACCOUNTS}/{account}/billingProfiles/6478903",
            "billingProfileName": "6478903",
            "displayName": display_name,
            "enrollmentAccountId": "172988",
            "enrollmentAccountDisplayName": "billing@contoso.example",
            "offerId": "MS-AZR-0017P",
            "subscriptionId": name,
        },
    }

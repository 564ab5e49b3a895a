"""A sample estate for the emulator of Partner Center: some customers, and one of each special case among the rest.

Pure, and the same for the same numbers.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from reconciler.terms import add_months, midnight
from reconciler.testing.emulators.partner_center_life import WINDOW
from reconciler.testing.emulators.partner_center_wire import NO_END, stamp, term

PARTNER = "7d1f0c34-5f0e-4f5a-9d0c-2b7f4f3f9a01"
"""The partner's own tenant."""
_COMPANIES = ("Contoso", "Fabrikam", "Northwind Traders", "Tailspin Toys", "Litware", "Proseware", "Adatum", "Wingtip")
_PRODUCTS = (
    ("CFQ7TTC0LH18:0001:CFQ7TTC0K971", "Microsoft 365 Business Basic"),
    ("CFQ7TTC0LDPB:0001:CFQ7TTC0K5DM", "Microsoft 365 Business Standard"),
    ("CFQ7TTC0LCHC:0002:CFQ7TTC0K8MZ", "Microsoft 365 Business Premium"),
    ("CFQ7TTC0HD32:0002:CFQ7TTC0K7BD", "Visio Plan 2"),
    ("CFQ7TTC0HDB1:0001:CFQ7TTC0K6VR", "Project Plan 3"),
    ("CFQ7TTC0MM8R:0002:CFQ7TTC0KTV2", "Microsoft 365 Copilot"),
)
EACH = 10
"""Subscriptions of a customer, about."""


def customers(size: int, seed: int, now: datetime) -> Iterator[tuple[str, str, list[dict[str, Any]]]]:
    """Each customer's id, name and subscriptions."""
    chance = random.Random(seed)  # noqa: S311  # a sample, and no secret
    special = iter(specials(now))
    for start in range(0, max(size, 1), EACH):
        number = start // EACH
        name = _COMPANIES[number % len(_COMPANIES)] + ("" if number < len(_COMPANIES) else f" {number}")
        found = []
        for _ in range(min(EACH, size - start)):
            fields = next(special, None) or _usual(chance, now)
            found.append({"id": _guid(chance), **fields})
        yield _guid(chance), name, found


def seats(now: datetime, *, days: int = 100, length: str = "P1Y", product: int = 0, **fields: Any) -> dict[str, Any]:
    """A seat subscription of new commerce, whose term began so many days ago; any field by name, None for none."""
    offer, name = _PRODUCTS[product]
    began = midnight((now - timedelta(days=days)).date()) + timedelta(hours=9, minutes=30)
    months = {"P1M": 1, "P1Y": 12, "P3Y": 36}[length]
    closes = began + WINDOW
    values: dict[str, Any] = {
        "offerId": offer,
        "offerName": name,
        "friendlyName": name,
        "productType": {"id": "OnlineServicesNCE", "displayName": "OnlineServicesNCE"},
        "quantity": 25,
        "unitType": "Licenses",
        "hasPurchasableAddons": False,
        "creationDate": stamp(began),
        **term(began, months),
        "status": "active",
        "autoRenewEnabled": True,
        "isTrial": False,
        "billingType": "license",
        "billingCycle": "monthly",
        "termDuration": length,
        "renewalTermDuration": "",
        "cancellationAllowedUntilDate": stamp(closes),
        "isMicrosoftProduct": True,
        "partnerId": "",
        "attentionNeeded": False,
        "actionTaken": False,
        "contractType": "subscription",
        "publisherName": "Microsoft Corporation",
        "orderId": "34b37d7340cc",
    }
    return {name: value for name, value in (values | fields).items() if value is not None}


def usage(now: datetime) -> dict[str, Any]:
    """An Azure plan: billed by its use, without a term."""
    began = now - timedelta(days=500)
    return {
        "offerId": "MS-AZR-0145P",
        "offerName": "Microsoft Azure",
        "friendlyName": "Microsoft Azure",
        "quantity": 1,
        "unitType": "Usage-based",
        "creationDate": stamp(began),
        "effectiveStartDate": stamp(began),
        "commitmentEndDate": NO_END,
        "status": "active",
        "autoRenewEnabled": False,
        "billingType": "usage",
        "contractType": "subscription",
        "orderId": "B23FDEDD-D6BD-415A-8B71-3624C81C9644",
    }


def legacy(now: datetime) -> dict[str, Any]:
    """A licence of the old kind, whose end is an instant."""
    began = midnight((now - timedelta(days=200)).date())
    return {
        "offerId": "2828BE95-46BA-4F91-B2FD-0BEF192ECF60",
        "offerName": "Exchange Online Archiving for Exchange Online",
        "friendlyName": "Archive of the legal department",
        "quantity": 2,
        "unitType": "Licenses",
        "creationDate": stamp(began),
        **term(began, 12, inclusive=False),
        "status": "active",
        "autoRenewEnabled": True,
        "billingType": "license",
        "contractType": "subscription",
        "orderId": "CF3B0E37-BE0B-4CDD-B584-D1A97D98A922",
    }


def specials(now: datetime) -> Iterator[dict[str, Any]]:
    """One of each special case."""
    cancel = [{"scheduleType": "TermEnd", "actionType": "Cancel"}]
    extend = [{"scheduleType": "TermEnd", "actionType": "RenewToExtendedServiceTerm"}]
    next_term = {"product": {"productId": "CFQ7TTC0LH18", "skuId": "0001", "termDuration": "P1Y"}, "quantity": 20}
    closed = stamp(now - timedelta(days=100))
    yield seats(now, days=3)
    yield seats(now, days=60, product=1, autoRenewEnabled=False)
    yield seats(now, days=60, product=3, autoRenewEnabled=False, scheduledActions=cancel)
    yield seats(now, days=60, product=3, autoRenewEnabled=False, scheduledActions=extend)
    yield seats(now, days=90, scheduledNextTermInstructions=next_term)
    yield seats(now, days=12, length="P1M", product=4)
    yield usage(now)
    yield legacy(now)
    yield seats(now, days=5, length="P1M", product=5, isTrial=True, cancellationAllowedUntilDate=None)
    yield seats(now, days=80, status="suspended", autoRenewEnabled=False, suspensionReasons=["partnerInitiated"])
    yield seats(now, days=50, status="deleted", autoRenewEnabled=False, cancellationAllowedUntilDate=None)
    ended = midnight(add_months(now.date(), -12)) - timedelta(days=9)
    gone = (now - ended).days
    yield seats(now, days=gone, status="expired", autoRenewEnabled=False, cancellationAllowedUntilDate=closed)


def _usual(chance: random.Random, now: datetime) -> dict[str, Any]:
    length = chance.choice(["P1M", "P1Y", "P1Y", "P1Y"])
    days = chance.randrange(8, 27 if length == "P1M" else 300)
    product, quantity = chance.randrange(len(_PRODUCTS)), chance.randrange(1, 200)
    return seats(now, days=days, length=length, product=product, quantity=quantity)


def _guid(chance: random.Random) -> str:
    return str(UUID(int=chance.getrandbits(128), version=4))

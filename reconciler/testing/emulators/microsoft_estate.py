"""A realistic estate for the emulator of Microsoft.Billing: real product names, and one of each special case.

Deterministic: the same size, seed and day give the same estate.
"""

from __future__ import annotations

import csv
from dataclasses import replace
from datetime import datetime, timedelta
from hashlib import sha256
from importlib.resources import files
from pathlib import Path
from random import Random
from typing import Any
from uuid import UUID

from reconciler.testing.emulators import microsoft_wire as wire
from reconciler.testing.emulators.microsoft import MicrosoftEmulator
from reconciler.testing.emulators.microsoft_wire import Seats, later, months, stamp

CONTOSO = "30000000-0000-0000-0000-000000000001:40000000-0000-0000-0000-000000000001_2019-05-31"
"""The billing account with the estate: a customer agreement."""
FABRIKAM = "30000000-0000-0000-0000-000000000002"
"""One of the online services program: it can be listed, and nothing in it can be written."""
NORTHWIND = "6564892"
"""One of an enterprise agreement."""
TENANT = "20000000-0000-0000-0000-000000000001"
FABRIKAM_TENANT = "20000000-0000-0000-0000-000000000002"

_TEAMS = "Sales Finance Legal Support Research Warehouse Marketing Design Payroll Facilities Board Training".split()
_DAY = timedelta(days=1)


def sample_estate(
    size: int = 40, seed: int = 1, *, ledger: Path | None = None, now: datetime | None = None
) -> MicrosoftEmulator:
    """An emulator with so many seat subscriptions in `CONTOSO`, the special cases among them, and a few elsewhere."""
    emulator = MicrosoftEmulator(ledger=ledger, now=now)
    if not emulator.table("accounts"):
        with emulator.changing():
            _fill(emulator, size, Random(seed))  # noqa: S311  an estate, not a secret
    return emulator


def _fill(emulator: MicrosoftEmulator, size: int, chance: Random) -> None:
    emulator.add_account(CONTOSO, wire.CUSTOMER_AGREEMENT, tenant=TENANT, display_name="Contoso Ltd")
    emulator.add_account(FABRIKAM, wire.ONLINE_SERVICES, tenant=FABRIKAM_TENANT, display_name="Fabrikam Inc")
    emulator.add_account(NORTHWIND, wire.ENTERPRISE_AGREEMENT, tenant=TENANT, display_name="Northwind Traders")
    today = emulator.now().replace(minute=0, second=0, microsecond=0)
    products = _products()
    special = _special(today)
    for index in range(size):
        seats = _seats(chance, products, index, today)
        if index < len(special):
            seats = _with(seats, today, **special[index])
        emulator.add_seats(CONTOSO, seats)
    seats = _seats(chance, products, size, today)
    emulator.add_seats(FABRIKAM, _with(seats, today, display_name="Fabrikam Office"))
    emulator.add_enterprise(NORTHWIND, _guid(chance), "Microsoft Azure Enterprise")


def _special(today: datetime) -> list[dict[str, Any]]:
    """What stands first in the estate, one of each."""
    fresh, old, year = today - 2 * _DAY, today - 100 * _DAY, later(today, -12)
    locked = {"operationStatus": "LockedForUpdate"}
    unpaid = {"effectiveDate": stamp(today - 3 * _DAY), "reason": "PastDue"}
    suspended = {"suspensionReasons": ["PastDue"], "suspensionReasonDetails": [unpaid]}
    return [
        _one("In the window to cancel", fresh),
        _one("Past the window to cancel", old),
        _one("Ends at its term", old, auto_renew="Off"),
        _one("Locked by an operation", fresh, properties=locked),
        _one("Suspended, unpaid", old, status="Suspended", properties=suspended),
        _one("Expired", year - 5 * _DAY, auto_renew="Off", status="Expired"),
        _ended("Disabled after it expired", "Disabled", "Expired", today, 10),
        _ended("Cancelled at once", "Disabled", "Cancelled", today, 3),
        _ended("Cancelled, and said so", "Cancelled", "Cancelled", today, 4),
        _ended("Deleted", "Deleted", "Expired", today, 100),
        _one("Renews each month", fresh, length="P1M"),
        _one("Three years, billed yearly", old, length="P3Y", billing="P1Y"),
        _one("Warned of its payment", old, status="Warned"),
        _one("Expiring soon", year + 6 * _DAY, auto_renew="Off", status="Expiring"),
        _one("No self-serve cancellation", fresh, properties=_shut(fresh)),
    ]


def _one(name: str, start: datetime, **values: Any) -> dict[str, Any]:
    return {"display_name": name, "start": start, "length": "P1Y", **values}


def _ended(name: str, status: str, reason: str, today: datetime, days: int) -> dict[str, Any]:
    at = today - days * _DAY
    start = later(at, -12) - 30 * _DAY if reason == "Expired" else at - 2 * _DAY
    why = {"suspensionReasons": [reason], "suspensionReasonDetails": [{"effectiveDate": stamp(at), "reason": reason}]}
    recurring = "Off" if reason == "Expired" else "On"
    return _one(name, start, auto_renew=recurring, status=status, properties={**why, **_shut(start)})


def _shut(start: datetime) -> dict[str, Any]:
    closed = stamp(start + 7 * _DAY)
    return {"systemOverrides": {"cancellation": "NotAllowed", "cancellationAllowedEndDate": closed}}


def _seats(chance: Random, products: list[tuple[str, str]], index: int, today: datetime) -> Seats:
    """One that is active, somewhere within its term."""
    name, code = chance.choice(products)
    length = chance.choice(("P1Y", "P1Y", "P1M"))
    first = today - timedelta(days=chance.randrange(1, 700), hours=chance.randrange(24))
    step, count = months(length), 0
    while later(first, (count + 1) * step) <= today:
        count += 1
    start = later(first, count * step)
    open_until = start + 7 * _DAY
    team = _TEAMS[index % len(_TEAMS)]
    seats = chance.choice((1, 3, 5, 10, 25, 50, 120, 300))
    return Seats(
        name=_guid(chance),
        display_name=f"{name} for {team}",
        start=start,
        product_type=_type_id(code),
        product_name=name,
        length=length,
        billing="P1M",
        quantity=seats,
        auto_renew="Off" if chance.random() < 0.15 else "On",
        purchased=first,
        charge=round(seats * chance.choice((5.0, 12.5, 22.0, 36.0, 57.0)), 2),
        properties={} if open_until > today else _shut(start),
    )


def _with(seats: Seats, today: datetime, **values: Any) -> Seats:
    made = replace(seats, **{"purchased": None, "properties": {}, "auto_renew": "On", **values})
    if made.start + 7 * _DAY <= today and "systemOverrides" not in made.properties:
        made = replace(made, properties={**made.properties, **_shut(made.start)})
    return made


def _products() -> list[tuple[str, str]]:
    """Names and string ids of the table that ships with the package."""
    rows = (files("reconciler") / "data" / "microsoft-products.csv").read_text("utf-8").splitlines()
    return [(row["display_name"], row["string_id"]) for row in csv.DictReader(rows)]


def _type_id(code: str) -> str:
    """A productTypeId in the shape of the real ones; which product has which is not published as a table."""
    letters = "0123456789BCDFGHJKLMNPQRSTVWXZ"
    digest = sha256(code.encode()).digest()
    return "CFQ7TTC0" + "".join(letters[byte % len(letters)] for byte in digest[:4])


def _guid(chance: Random) -> str:
    return str(UUID(int=chance.getrandbits(128), version=4))

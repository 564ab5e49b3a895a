"""One customer in the emulator of Partner Center, and how its provider is opened and ordered: every default once."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from reconciler.answers import Order
from reconciler.changes import JsonValue, Kind
from reconciler.observed import ObservedSubscription
from reconciler.ports import Opening
from reconciler.providers.partner_center.provider import PartnerCenterProvider, PartnerCenterReader, PartnerCenterWriter
from reconciler.secret import Secret
from reconciler.settings import AccountSettings
from reconciler.testing.emulators.partner_center import PartnerCenterEmulator
from reconciler.testing.emulators.partner_center_estate import PARTNER, seats
from reconciler.testing.emulators.server import serve
from tests.builders import NOW, a_change

PUBLISHED = Path(__file__).resolve().parents[2] / "data" / "partner-center"
TENANT = "5f0c7c3e-8a51-4c62-9f1b-0d8f5f2f7a10"
ID = "a4c1340d-6911-4758-bba3-0c4c6007d161"
OPERATION = "0123456789abcdef0123456789abcdef"


def published(name: str) -> Any:
    """The body that the documentation prints."""
    return json.loads((PUBLISHED / f"{name}.json").read_text("utf-8"))


def an_opening(
    url: str | None,
    tenant: str | None = TENANT,
    *,
    token: str | None = None,
    plan_as: str | None = None,
    apply_as: str | None = None,
    partner: str = PARTNER,
) -> Opening:
    """What an account of that customer is opened with."""
    account = AccountSettings(
        "contoso",
        provider="partner-center",
        tenant=tenant,
        options={"partner_tenant": partner},
        plan_as=plan_as,
        apply_as=apply_as,
    )
    return Opening(account, lambda slot: Secret(token) if slot == "token" and token else None, url)


@dataclass
class Customer:
    """One customer with one subscription, and its provider."""

    emulator: PartnerCenterEmulator
    url: str
    provider: PartnerCenterProvider

    def reader(self, **opening: Any) -> PartnerCenterReader:
        """The reading half."""
        return self.provider.reader(an_opening(self.url, **opening))

    def writer(self, **opening: Any) -> PartnerCenterWriter:
        """Both halves."""
        return self.provider.writer(an_opening(self.url, **opening))

    def fields(self) -> dict[str, Any]:
        """The subscription as it would be shown now."""
        return self.emulator.shown(ID)


@contextmanager
def a_customer(now: datetime = NOW, *, read_seconds: float = 5.0, **fields: Any) -> Iterator[Customer]:
    """One customer whose subscription has these fields, None for one that it does not have."""
    emulator = PartnerCenterEmulator(now=now)
    emulator.add_customer(TENANT, "Contoso")
    emulator.add(TENANT, {"id": ID, **seats(now, **fields)})
    with serve(emulator) as url:
        yield Customer(emulator, url, PartnerCenterProvider(read_seconds=read_seconds, now=emulator.now))


def an_order(
    seen: ObservedSubscription | None,
    kind: Kind,
    after: Mapping[str, JsonValue] | None = None,
    operation_id: str = OPERATION,
    now: datetime = NOW,
) -> Order:
    """An order of that verb on what was just read."""
    assert seen is not None
    change = a_change(kind, external_id=seen.id)
    change = change if after is None else replace(change, after=after)
    return Order(change, seen, operation_id, now)

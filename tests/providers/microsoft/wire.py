"""One billing account in the emulator of Microsoft.Billing, and the provider opened for it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from reconciler.answers import Order
from reconciler.changes import Kind
from reconciler.observed import ObservedSubscription, Unreadable
from reconciler.ports import Opening
from reconciler.providers.microsoft import MicrosoftProvider
from reconciler.providers.microsoft.reading import MicrosoftReader
from reconciler.providers.microsoft.writing import MicrosoftWriter
from reconciler.secret import Secret
from reconciler.settings import AccountSettings
from reconciler.testing.emulators import Fault, serve
from reconciler.testing.emulators.microsoft import MicrosoftEmulator, Seats
from tests.builders import a_change

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
TENANT = "20000000-0000-0000-0000-000000000001"
ACCOUNT = "30000000-0000-0000-0000-000000000001:40000000-0000-0000-0000-000000000001_2019-05-31"
OPERATION = "0123456789abcdef0123456789abcdef"


def an_id(number: int = 1) -> str:
    """The id of one of its subscriptions."""
    return f"90000000-0000-0000-0000-{number:012}"


def an_opening(url: str | None, secrets: dict[str, str] | None = None, **settings: Any) -> Opening:
    """What the provider is opened with; `options`, `tenant` and the like may be others."""
    options = {"billing_account": ACCOUNT}
    given = {"provider": "microsoft", "tenant": TENANT, "options": options, **settings}
    held = {slot: Secret(text) for slot, text in (secrets or {}).items()}
    return Opening(AccountSettings("contoso", **given), held.get, url)


@dataclass
class Wire:
    """The emulator, its address, and what was opened at it."""

    emulator: MicrosoftEmulator
    url: str
    opened: list[MicrosoftReader] = field(default_factory=list)

    def reader(self, token: str = "sandbox", **settings: Any) -> MicrosoftReader:
        """A reader with that token."""
        reader = MicrosoftProvider().reader(an_opening(self.url, {"token": token}, **settings))
        self.opened.append(reader)
        return reader

    def writer(self, token: str = "sandbox", **settings: Any) -> MicrosoftWriter:
        """A writer with that token, which does not wait for anything to settle."""
        writer = MicrosoftProvider(settles_within=0.0).writer(an_opening(self.url, {"token": token}, **settings))
        self.opened.append(writer)
        return writer

    def fault(self, kind: str, match: str = "", times: int | None = 1, value: Any = None) -> None:
        """Switch a fault on."""
        self.emulator.faults.add(Fault(kind, match, times, value))

    def effects(self) -> list[tuple[str, str, dict[str, Any]]]:
        """What was carried out: verb, subscription and values."""
        return [(effect.verb, effect.subscription, dict(effect.values)) for effect in self.emulator.effects]

    def order(self, writer: MicrosoftWriter, kind: Kind, number: int = 1) -> Order:
        """An order on one of its subscriptions, as it is just now."""
        seen = writer.get(an_id(number))
        assert seen is not None
        change = a_change(kind=kind, external_id=an_id(number))
        return Order(change, seen, OPERATION, NOW)


def everything(reader: MicrosoftReader) -> list[ObservedSubscription | Unreadable]:
    """Every item of every page."""
    items: list[ObservedSubscription | Unreadable] = []
    cursor: str | None = None
    for _ in range(1000):
        page = reader.observe(cursor)
        items += page.items
        cursor = page.cursor
        if cursor is None:
            return items
    raise AssertionError("the list never ends")


@contextmanager
def a_wire(count: int = 1, agreement: str = "MicrosoftCustomerAgreement", **seats: Any) -> Iterator[Wire]:
    """An account with so many seat subscriptions, all bought two days ago unless told."""
    emulator = MicrosoftEmulator(now=NOW)
    emulator.add_account(ACCOUNT, agreement, tenant=TENANT)
    for number in range(1, count + 1):
        given = {"name": an_id(number), "display_name": f"Number {number}", "start": NOW - timedelta(days=2), **seats}
        emulator.add_seats(ACCOUNT, Seats(**given))
    with serve(emulator) as url:
        wire = Wire(emulator, url)
        yield wire
        for opened in wire.opened:
            opened.close()

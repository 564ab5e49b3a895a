"""The provider for Microsoft.Billing passes the suite that other authors run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import count
from typing import Any, ClassVar

import pytest

from reconciler.providers.microsoft import MicrosoftProvider
from reconciler.settings import AccountSettings
from reconciler.testing.conformance import Case, EmulatorBench, NotOffered, ProviderConformance, Requests, Who
from reconciler.testing.emulators import serve
from reconciler.testing.emulators.microsoft import MicrosoftEmulator, Seats
from reconciler.testing.emulators.microsoft_books import TENANT
from reconciler.testing.emulators.microsoft_estate import CONTOSO
from reconciler.testing.emulators.wire import EXPIRED, OWNER, READER
from tests.builders import NOW

DIRECT = AccountSettings(
    "contoso", "microsoft", "microsoft-customer-agreement", tenant=TENANT, options={"billing_account": CONTOSO}
)


@dataclass
class MicrosoftBench(EmulatorBench):
    """Seats of one customer agreement, bought two days ago."""

    PATTERNS: ClassVar[Mapping[Requests, str]] = {
        Requests.LIST: r"^GET .*/billingSubscriptions\?",
        Requests.GET: r"^GET .*/billingSubscriptions/",
        Requests.WRITE: r"^(PATCH|DELETE|POST) ",
    }
    emulator: MicrosoftEmulator

    def __post_init__(self) -> None:
        self._numbers = count(1)

    def seed(self, case: Case) -> str:
        id = f"90000000-0000-0000-0000-{next(self._numbers):012}"
        self.emulator.add_seats(CONTOSO, Seats(id, "Conformance", NOW - timedelta(days=2), **self._fields(case)))
        if case is Case.UNREADABLE:
            self.emulator.change(CONTOSO, id, autoRenew="Perhaps")
        return id

    def _fields(self, case: Case) -> dict[str, Any]:
        match case:
            case Case.RENEWING | Case.UNREADABLE:
                return {}
            case Case.OFF:
                return {"auto_renew": "Off"}
            case Case.ENDED:
                return {"status": "Deleted", "auto_renew": "Off", "properties": {"suspensionReasons": ["Expired"]}}
            case Case.SUSPENDED:
                return {"status": "Suspended", "properties": {"suspensionReasons": ["PastDue"]}}
            case Case.BUSY:
                return {"properties": {"operationStatus": "LockedForUpdate"}}
            case Case.ELSEWHERE:
                return {"properties": {"reseller": {"resellerId": "1", "description": "Fabrikam"}}}
            case Case.UNKNOWN:
                return {"status": "Hibernating"}
            case Case.STOPPING:
                raise NotOffered("Microsoft.Billing knows no cancellation at the renewal, beside recurring billing off")

    def change_outside(self, id: str) -> None:
        self.emulator.change(CONTOSO, id, displayName="renamed")


class TestMicrosoft(ProviderConformance):
    @pytest.fixture
    def bench(self) -> Iterator[MicrosoftBench]:
        emulator = MicrosoftEmulator(now=NOW)
        emulator.add_account(CONTOSO)
        tokens = ((Who.WRITER, OWNER), (Who.READER, READER), (Who.EXPIRED, EXPIRED))
        with serve(emulator) as url:
            yield MicrosoftBench(
                emulator,
                url,
                MicrosoftProvider(),
                DIRECT,
                "90000000-0000-0000-0000-999999999999",
                {who: {"token": token} for who, token in tokens},
                replace(DIRECT, tenant="20000000-0000-0000-0000-000000000009"),
            )

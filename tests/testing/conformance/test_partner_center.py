"""The provider for Partner Center passes the suite that other authors run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import count
from typing import Any, ClassVar

import pytest

from reconciler.providers.partner_center import PartnerCenterProvider
from reconciler.settings import AccountSettings
from reconciler.testing.conformance import Case, EmulatorBench, NotOffered, ProviderConformance, Requests, Who
from reconciler.testing.conformance.driven import Driven
from reconciler.testing.conformance.suite import Benched
from reconciler.testing.conformance.writing import Writing
from reconciler.testing.emulators import serve
from reconciler.testing.emulators.partner_center import PartnerCenterEmulator
from reconciler.testing.emulators.partner_center_estate import PARTNER, seats
from reconciler.testing.emulators.partner_center_wire import stamp
from reconciler.testing.emulators.wire import EXPIRED, OWNER, READER
from tests.builders import NOW

CUSTOMER = "5f0c7c3e-8a51-4c62-9f1b-0d8f5f2f7a10"
CONTOSO = AccountSettings(
    "contoso", "partner-center", "microsoft-partner", tenant=CUSTOMER, options={"partner_tenant": PARTNER}
)
CANCEL = [{"scheduleType": "TermEnd", "actionType": "Cancel"}]


@dataclass
class PartnerCenterBench(EmulatorBench):
    """Seats of new commerce of one customer, bought three days ago."""

    PATTERNS: ClassVar[Mapping[Requests, str]] = {
        Requests.LIST: r"^GET /v1/customers/[^/]+/subscriptions(\?|$)",
        Requests.GET: r"^GET /v1/customers/[^/]+/subscriptions/",
        Requests.WRITE: r"^PATCH ",
    }
    emulator: PartnerCenterEmulator

    def __post_init__(self) -> None:
        self._numbers = count(1)

    def seed(self, case: Case) -> str:
        id = f"a4c1340d-6911-4758-bba3-{next(self._numbers):012}"
        self.emulator.add(CUSTOMER, {"id": id, **self._fields(case)})
        if case is Case.BUSY:  # its term ended at midnight, and the renewal waits in its queue
            self.emulator.edit("subscriptions", id, renewing=stamp(NOW + timedelta(hours=3)))
        return id

    def _fields(self, case: Case) -> dict[str, Any]:
        match case:
            case Case.RENEWING:
                return seats(NOW, days=3)
            case Case.OFF:
                return seats(NOW, days=3, autoRenewEnabled=False)
            case Case.STOPPING:
                return seats(NOW, days=3, autoRenewEnabled=False, scheduledActions=CANCEL)
            case Case.ENDED:
                return seats(NOW, days=3, status="deleted", autoRenewEnabled=False)
            case Case.SUSPENDED:
                return seats(NOW, days=3, status="suspended", autoRenewEnabled=False)
            case Case.BUSY:
                return seats(NOW, days=365)
            case Case.UNKNOWN:
                return seats(NOW, days=3, status="hibernating")
            case Case.UNREADABLE:
                return seats(NOW, days=3, autoRenewEnabled="perhaps")
            case Case.ELSEWHERE:
                raise NotOffered("Partner Center tells that somebody else decides only when it refuses an update")

    def change_outside(self, id: str) -> None:
        self.emulator.alter(id, friendlyName="renamed")


@contextmanager
def a_bench() -> Iterator[PartnerCenterBench]:
    emulator = PartnerCenterEmulator(now=NOW)
    emulator.page_size = 100
    emulator.add_customer(CUSTOMER, "Contoso")
    tokens = ((Who.WRITER, OWNER), (Who.READER, READER), (Who.EXPIRED, EXPIRED))
    with serve(emulator) as url:
        yield PartnerCenterBench(
            emulator,
            url,
            PartnerCenterProvider(read_seconds=5.0, now=emulator.now),
            CONTOSO,
            "a4c1340d-6911-4758-bba3-999999999999",
            {who: {"token": token} for who, token in tokens},
            replace(CONTOSO, tenant="5f0c7c3e-8a51-4c62-9f1b-0d8f5f2f7a19"),
        )


class TestPartnerCenter(ProviderConformance):
    @pytest.fixture
    def bench(self) -> Iterator[PartnerCenterBench]:
        with a_bench() as bench:
            yield bench


class TestPartnerCenterThatTakesItsTime(Writing, Driven, Benched):
    """Updates are answered with 202, and carried out half a minute later."""

    @pytest.fixture
    def bench(self) -> Iterator[PartnerCenterBench]:
        with a_bench() as bench:
            bench.emulator.slow = timedelta(seconds=30)
            yield bench

"""The provider for Chargebee passes the suite of the product."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any, ClassVar

import pytest
from reconciler_chargebee import ChargebeeProvider
from reconciler_chargebee.emulator import EXPIRED, OWNER, READER, SITE, ChargebeeEmulator

from reconciler.settings import AccountSettings
from reconciler.testing.conformance import Case, EmulatorBench, NotOffered, ProviderConformance, Requests, Who
from reconciler.testing.emulators import serve

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
START, END = datetime(2026, 11, 13, 9, tzinfo=UTC), datetime(2026, 12, 13, 9, tzinfo=UTC)
SHOP = AccountSettings("shop", "chargebee", "plain", tenant=SITE, options={"requests_a_minute": "3500"})


@dataclass
class ChargebeeBench(EmulatorBench):
    """Subscriptions of one site, all monthly."""

    emulator: ChargebeeEmulator
    PATTERNS: ClassVar[Mapping[Requests, str]] = {
        Requests.LIST: r"^GET /api/v2/subscriptions(\?|$)",
        Requests.GET: r"^GET /api/v2/subscriptions/",
        Requests.WRITE: r"^POST ",
    }

    def __post_init__(self) -> None:
        self._numbers = count(1)

    def seed(self, case: Case) -> str:
        return self.emulator.add(f"sub-{next(self._numbers)}", START, **self._values(case))

    def _values(self, case: Case) -> dict[str, Any]:
        match case:
            case Case.RENEWING:
                return {}
            case Case.STOPPING:
                return {"status": "non_renewing", "cancelled_at": int(END.timestamp())}
            case Case.ENDED:
                return {"status": "cancelled", "cancelled_at": int((NOW - timedelta(days=1)).timestamp())}
            case Case.SUSPENDED:
                return {"status": "paused"}
            case Case.ELSEWHERE:
                return {"contract_term": {"status": "active"}}
            case Case.UNKNOWN:
                return {"status": "hibernating"}
            case Case.UNREADABLE:
                return {"current_term_start": "soon"}
            case Case.OFF:
                raise NotOffered("Chargebee has one way to end at term")
            case Case.BUSY:
                raise NotOffered("Chargebee shows no subscription as locked; a write is told")


class TestChargebee(ProviderConformance):
    @pytest.fixture
    def bench(self) -> Iterator[ChargebeeBench]:
        emulator = ChargebeeEmulator(now=NOW)
        keys = {Who.WRITER: OWNER, Who.READER: READER, Who.EXPIRED: EXPIRED}
        secrets: dict[Who, dict[str, str]] = {who: {"key": key} for who, key in keys.items()}
        with serve(emulator) as url:
            yield ChargebeeBench(
                emulator,
                url,
                ChargebeeProvider(),
                SHOP,
                absent="sub-99999",
                secrets={**secrets, Who.NOBODY: {}},
                pinned_elsewhere=replace(SHOP, tenant="another-site"),
            )

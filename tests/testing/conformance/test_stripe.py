"""The provider for Stripe passes the suite that other authors run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import count
from typing import Any, ClassVar

import pytest

from reconciler.providers.stripe import StripeProvider
from reconciler.settings import AccountSettings
from reconciler.testing.conformance import Case, EmulatorBench, NotOffered, ProviderConformance, Requests, Who
from reconciler.testing.emulators import serve
from reconciler.testing.emulators.stripe import ACCOUNT, Plan, StripeEmulator, Terms
from reconciler.testing.emulators.stripe_keys import EXPIRED, OWNER, READER
from reconciler.testing.emulators.stripe_wire import epoch
from tests.builders import NOW

START, END = NOW - timedelta(days=10), datetime(2026, 12, 13, 12, tzinfo=NOW.tzinfo)
PLAN = Plan("prod_Conformance", "Analytics", "price_Conformance")
SHOP = AccountSettings("shop", "stripe", "plain", tenant=ACCOUNT)


@dataclass
class StripeBench(EmulatorBench):
    """Subscriptions of one account, all monthly."""

    PATTERNS: ClassVar[Mapping[Requests, str]] = {
        Requests.LIST: r"^GET /v1/subscriptions(\?|$)",
        Requests.GET: r"^GET /v1/subscriptions/",
        Requests.WRITE: r"^(POST|DELETE) /v1/subscriptions/",
    }
    emulator: StripeEmulator

    def __post_init__(self) -> None:
        self._numbers = count(1)

    def marked(self, slot: str, mark: str) -> str:
        return f"sk_test_{mark}"

    def seed(self, case: Case) -> str:
        id = f"sub_1Conformance{next(self._numbers):05}"
        values = self._values(case)
        status = values.pop("status", "active")
        return self.emulator.add_subscription(Terms(id, (PLAN,), START, (START, END), status=status, values=values))

    def _values(self, case: Case) -> dict[str, Any]:
        match case:
            case Case.RENEWING:
                return {}
            case Case.STOPPING:
                return {"cancel_at_period_end": True, "cancel_at": epoch(END), "canceled_at": epoch(START)}
            case Case.ENDED:
                return {"status": "canceled", "canceled_at": epoch(START), "ended_at": epoch(NOW - timedelta(days=1))}
            case Case.SUSPENDED:
                return {"status": "unpaid"}
            case Case.ELSEWHERE:
                return {"schedule": "sub_sched_1Conformance"}
            case Case.UNKNOWN:
                return {"status": "hibernating"}
            case Case.UNREADABLE:
                return {"cancel_at_period_end": "perhaps"}
            case Case.OFF:
                raise NotOffered(
                    "Stripe has one way to end at term: not to renew and to be cancelled then are the same"
                )
            case Case.BUSY:
                raise NotOffered("Stripe shows no subscription as locked; a write is told by lock_timeout")

    def change_outside(self, id: str) -> None:
        self.emulator.change(id, description="renamed")


class TestStripe(ProviderConformance):
    @pytest.fixture
    def bench(self) -> Iterator[StripeBench]:
        emulator = StripeEmulator(now=NOW)
        emulator.add_account()
        secrets = {
            who: {"key": key} for who, key in ((Who.WRITER, OWNER), (Who.READER, READER), (Who.EXPIRED, EXPIRED))
        }
        with serve(emulator) as url:
            yield StripeBench(
                emulator,
                url,
                StripeProvider(),
                SHOP,
                "sub_1Nobody",
                secrets,
                replace(SHOP, tenant="acct_1Somebody"),
            )

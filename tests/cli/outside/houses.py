"""Three billing systems with three subscriptions each, and how an account of each is written down and signed in to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import ClassVar

from reconciler.testing.emulators import Emulator
from reconciler.testing.emulators.microsoft import MicrosoftEmulator, Seats
from reconciler.testing.emulators.partner_center import PartnerCenterEmulator
from reconciler.testing.emulators.partner_center_estate import PARTNER, seats
from reconciler.testing.emulators.stripe import ACCOUNT, Plan, StripeEmulator, Terms
from tests.builders import NOW

COUNT = 3
DAY = timedelta(days=1)


@dataclass
class House:
    """One billing system, prepared; subscriptions are numbered from 1, and all of them renew."""

    provider: ClassVar[str]
    account: ClassVar[str]
    """As `reconcile.yaml` has it, after the provider's name."""
    others: ClassVar[str]
    """The same, pinned to somebody else's tenant."""
    slot: ClassVar[str]
    """Of the credential that signs in at a loopback endpoint."""
    owner: ClassVar[str]
    reader: ClassVar[str]
    expired: ClassVar[str]
    wrong: ClassVar[str]
    ending: ClassVar[str]
    """What a spec says to end one at its term."""
    listing: ClassVar[str]
    """What the requests for its list look like."""
    reading: ClassVar[str]
    """The requests for one subscription."""
    writing: ClassVar[str]
    """The requests that end one at its term."""
    killing: ClassVar[str]
    """The requests that end one at once."""

    emulator: Emulator = field(init=False)
    ledger: Path | None = None
    now: datetime = NOW

    def __post_init__(self) -> None:
        self.emulator = self.made()

    def made(self) -> Emulator:
        """The emulator, with its estate unless its ledger has one."""
        raise NotImplementedError

    def id(self, number: int) -> str:
        """The provider's own id."""
        raise NotImplementedError

    def began(self, number: int) -> datetime:
        """When its term did."""
        return self.now - 2 * DAY

    def renews(self, number: int) -> bool:
        """What stands there, whoever asks."""
        raise NotImplementedError

    def alive(self, number: int) -> bool:
        """Whether it has not ended."""
        raise NotImplementedError

    def turn(self, number: int, *, on: bool) -> None:
        """Somebody in the vendor's own portal turns it on or off."""
        raise NotImplementedError

    def vanish(self, number: int) -> None:
        """It is gone, without a trace."""
        raise NotImplementedError

    def end(self, number: int) -> None:
        """It ended meanwhile."""
        raise NotImplementedError

    def variable(self, identity: str | None = None) -> str:
        """The environment variable of the slot."""
        who = (identity or self.provider).upper().replace("-", "_")
        return f"RECONCILE_{who}_{self.slot.upper()}"

    @property
    def endpoint(self) -> str:
        """The environment variable of the endpoint."""
        return f"RECONCILE_{self.provider.upper().replace('-', '_')}_ENDPOINT"


class Stripe(House):
    """Stripe: one account."""

    provider = "stripe"
    account = f"tenant: {ACCOUNT}"
    others = "tenant: acct_1SomebodyElse"
    slot = "key"
    owner, reader, expired, wrong = "sk_test_sandbox", "rk_test_reader", "sk_test_expired", "sk_test_nobodys"
    ending = "cancel: at-renewal"
    listing = r"GET /v1/subscriptions\?"
    reading = r"GET /v1/subscriptions/"
    writing = r"POST /v1/subscriptions/"
    killing = r"DELETE /v1/subscriptions/"
    emulator: StripeEmulator

    def made(self) -> StripeEmulator:
        made = StripeEmulator(ledger=self.ledger, now=self.now)
        if not made.table("account"):
            made.add_account()
            plan = Plan("prod_Team0001", "Analytics Team", "price_Team0001", 4900)
            for number in range(1, COUNT + 1):
                started = self.began(number)
                made.add_subscription(Terms(self.id(number), (plan,), started, (started, started + 30 * DAY)))
        return made

    def id(self, number: int) -> str:
        return f"sub_1Number{number:016}"

    def began(self, number: int) -> datetime:
        return super().began(number) - timedelta(minutes=number)

    def renews(self, number: int) -> bool:
        return not self.emulator.table("subscriptions")[self.id(number)]["cancel_at_period_end"]

    def alive(self, number: int) -> bool:
        return bool(self.emulator.table("subscriptions")[self.id(number)]["status"] == "active")

    def turn(self, number: int, *, on: bool) -> None:
        ends = self.emulator.table("subscriptions")[self.id(number)]["items"]["data"][0]["current_period_end"]
        self.emulator.change(self.id(number), cancel_at_period_end=not on, cancel_at=None if on else ends)

    def vanish(self, number: int) -> None:
        self.emulator.remove(self.id(number))

    def end(self, number: int) -> None:
        at = int(self.emulator.now().timestamp())
        self.emulator.change(self.id(number), status="canceled", canceled_at=at, ended_at=at)


class Microsoft(House):
    """Microsoft: one billing account of a customer agreement."""

    TENANT = "20000000-0000-0000-0000-000000000001"
    BILLING = "30000000-0000-0000-0000-000000000001:40000000-0000-0000-0000-000000000001_2019-05-31"
    provider = "microsoft"
    account = f'tenant: {TENANT}, options: {{billing_account: "{BILLING}"}}'
    others = f'tenant: 29999999-0000-0000-0000-000000000009, options: {{billing_account: "{BILLING}"}}'
    slot = "token"
    owner, reader, expired, wrong = "sandbox", "sandbox-reader", "sandbox-expired", "sandbox-nobodys"
    ending = "recurring: off"
    listing = r"GET .*/billingSubscriptions\?"
    reading = r"GET .*/billingSubscriptions/"
    writing = r"PATCH .*/products/"
    killing = r"DELETE .*/billingSubscriptions/"
    emulator: MicrosoftEmulator

    def made(self) -> MicrosoftEmulator:
        made = MicrosoftEmulator(ledger=self.ledger, now=self.now)
        if not made.table("accounts"):
            made.add_account(self.BILLING, tenant=self.TENANT)
            for number in range(1, COUNT + 1):
                made.add_seats(self.BILLING, Seats(self.id(number), f"Number {number}", self.began(number)))
        return made

    def id(self, number: int) -> str:
        return f"90000000-0000-0000-0000-{number:012}"

    def _properties(self, number: int) -> Mapping[str, object]:
        found: Mapping[str, object] = self.emulator.table("subscriptions")[f"{self.BILLING}/{self.id(number)}"][
            "properties"
        ]
        return found

    def renews(self, number: int) -> bool:
        return self._properties(number)["autoRenew"] == "On"

    def alive(self, number: int) -> bool:
        return self._properties(number)["status"] == "Active"

    def turn(self, number: int, *, on: bool) -> None:
        self.emulator.change(self.BILLING, self.id(number), autoRenew="On" if on else "Off")

    def vanish(self, number: int) -> None:
        self.emulator.remove(self.BILLING, self.id(number))

    def end(self, number: int) -> None:
        self.emulator.change(self.BILLING, self.id(number), status="Deleted")


class PartnerCenter(House):
    """Partner Center: one customer of one partner."""

    TENANT = "5f0c7c3e-8a51-4c62-9f1b-0d8f5f2f7a10"
    provider = "partner-center"
    account = f"tenant: {TENANT}, options: {{partner_tenant: {PARTNER}}}"
    others = f"tenant: 29999999-0000-0000-0000-000000000009, options: {{partner_tenant: {PARTNER}}}"
    slot = "token"
    owner, reader, expired, wrong = "sandbox", "sandbox-reader", "sandbox-expired", "sandbox-nobodys"
    ending = "cancel: at-renewal"
    listing = r"GET .*/subscriptions$"
    reading = r"GET .*/subscriptions/"
    writing = r"PATCH .*/subscriptions/"
    killing = writing
    emulator: PartnerCenterEmulator

    def made(self) -> PartnerCenterEmulator:
        made = PartnerCenterEmulator(ledger=self.ledger, now=self.now)
        if not made.table("customers"):
            made.add_customer(self.TENANT, "Contoso")
            for number in range(1, COUNT + 1):
                made.add(self.TENANT, {"id": self.id(number), **seats(self.now, days=2)})
        return made

    def id(self, number: int) -> str:
        return f"a4c1340d-6911-4758-bba3-{number:012}"

    def renews(self, number: int) -> bool:
        return bool(self.emulator.shown(self.id(number))["autoRenewEnabled"])

    def alive(self, number: int) -> bool:
        return bool(self.emulator.shown(self.id(number))["status"] == "active")

    def turn(self, number: int, *, on: bool) -> None:
        cancel = None if on else [{"scheduleType": "TermEnd", "actionType": "Cancel"}]
        self.emulator.alter(self.id(number), autoRenewEnabled=on, scheduledActions=cancel)

    def vanish(self, number: int) -> None:
        self.emulator.put("subscriptions", self.id(number), None)

    def end(self, number: int) -> None:
        self.emulator.alter(self.id(number), status="deleted", autoRenewEnabled=False)


HOUSES: Mapping[str, type[House]] = {kind.provider: kind for kind in (Stripe, Microsoft, PartnerCenter)}

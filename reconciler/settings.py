"""The settings as values: accounts, limits, overrides, and which of two sets of brakes is the stricter.

Frozen vocabulary: reading `reconcile.yaml` into these is the spec package's work, the environment the runtime's.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

from reconciler.diagnostics import Place
from reconciler.model import Money
from reconciler.policy import Lifecycle


class LimitName(StrEnum):
    """The brakes, as messages and `--allow` name them; `reconcile.yaml` writes them with underscores."""

    MAX_CHANGES = "max-changes"
    MAX_ENDINGS = "max-endings"
    MAX_CANCEL_NOW = "max-cancel-now"
    MAX_SPENDING = "max-spending"
    MAX_CANCELLED_VALUE = "max-cancelled-value"
    MAX_SPENT_VALUE = "max-spent-value"

    @property
    def setting(self) -> str:
        """The key in `reconcile.yaml`."""
        return self.value.replace("-", "_")


IN_NUMBERS = (LimitName.MAX_CHANGES, LimitName.MAX_ENDINGS, LimitName.MAX_CANCEL_NOW, LimitName.MAX_SPENDING)
"""The limits that count changes; each always holds."""
IN_MONEY = (LimitName.MAX_CANCELLED_VALUE, LimitName.MAX_SPENT_VALUE)
"""The limits that count what changes are worth; each holds only where somebody has set it."""


@dataclass(frozen=True, slots=True)
class Limit:
    """How many changes may pass: the greater of `at_least` and the lesser of `count` and `percent` of the not ended."""

    count: int
    percent: int
    at_least: int
    days: int | None = None
    """It counts what was recorded in so many days of real time before the plan as well; None: the plan alone."""

    def allowed(self, not_ended: int) -> int:
        """The number that may pass where `not_ended` subscriptions are stored; a part of one does not count."""
        return max(self.at_least, min(self.count, self.percent * not_ended // 100))


Amounts = tuple[Money, ...]
"""An amount for each currency that it names, sorted by these: of another currency it is nothing."""


def amount_of(amounts: Amounts, currency: str) -> int:
    """The minor units of that currency; 0 where it is not named."""
    return next((money.minor for money in amounts if money.currency == currency), 0)


@dataclass(frozen=True, slots=True)
class ValueLimit:
    """How much money may pass: the charges of one whole term of every change that it counts."""

    amounts: Amounts
    days: int | None = None
    """As of a `Limit`."""


@dataclass(frozen=True, slots=True)
class Override:
    """A reviewed, scoped and expiring exception: matching changes leave the limit's count, as far as it goes."""

    limit: LimitName
    match: str
    """A glob over subscription keys."""
    count: int
    """Up to so many changes; 0 for a limit in money."""
    until: date
    """The last UTC day on which it holds."""
    reason: str
    amounts: Amounts = ()
    """Of a limit in money: up to so much."""
    place: Place | None = field(default=None, compare=False)


DEFAULT_LIMITS: Mapping[LimitName, Limit] = {
    LimitName.MAX_CHANGES: Limit(100, 30, 10),
    LimitName.MAX_ENDINGS: Limit(20, 10, 5),
    LimitName.MAX_CANCEL_NOW: Limit(2, 5, 1),
    LimitName.MAX_SPENDING: Limit(20, 10, 5),
}


@dataclass(frozen=True, slots=True)
class Safety:
    """Every brake that holds for a run."""

    limits: Mapping[LimitName, Limit] = field(default_factory=lambda: dict(DEFAULT_LIMITS))
    allow_empty: bool = False
    overrides: tuple[Override, ...] = ()
    caps: Mapping[LimitName, int] = field(default_factory=dict)
    """From the environment: an absolute ceiling, which can only tighten."""
    values: Mapping[LimitName, ValueLimit] = field(default_factory=dict)
    """The limits in money that are set."""
    value_caps: Mapping[LimitName, Amounts] = field(default_factory=dict)
    """From the environment: ceilings in money."""


LEDGER = "ledger"
"""The provider whose records live in our own store, and in our time."""
MANUAL = "manual"
"""The provider whose records are ours as well, and whose changes people make."""
OURS = frozenset({LEDGER, MANUAL})
"""Accounts of these are made of their facts, and time moves them by their lifecycle. All others are outside: they tell
their own state and dates, and their subscriptions need the provider's id."""


PINNING = ("billing_account", "mode", "partner_tenant")
"""Options that say whose account it is."""


class OnDrift(StrEnum):
    """What becomes of a change that would only undo what somebody did outside."""

    HOLD = "hold"
    """A person decides: accept it into the spec, or correct it."""
    CORRECT = "correct"
    """It is made, like any other change."""


@dataclass(frozen=True, slots=True)
class AccountSettings:
    """One account: which provider serves it, and under which of its names."""

    name: str
    provider: str = "ledger"
    lifecycle: str = "classic"
    """The policy that it names, or else its provider's own."""
    tenant: str | None = None
    catalogue: str | None = None
    """`microsoft`: product codes come from that catalogue, and an unknown one is a warning; `none`: show no names."""
    currency: str | None = None
    """What a price list is asked for where the subscription itself declares no price."""
    options: Mapping[str, str] = field(default_factory=dict)
    """What its provider needs beside the tenant, such as `billing_account`; never a secret."""
    plan_as: str | None = None
    """The identity that planning signs in with: a name, by which the environment finds its secrets."""
    apply_as: str | None = None
    """The one that an apply writes with; without it, the same."""
    on_drift: OnDrift = OnDrift.HOLD
    shared: str = ""
    """The account of `reconcile.yaml` whose sign-in and pace it shares; its own name for one of those."""
    place: Place | None = field(default=None, compare=False)

    @property
    def pin(self) -> str | None:
        """Whose account it is: the tenant, with what of the options narrows that. Recorded, and never to be another."""
        narrowed = [f"{name} {self.options[name]}" for name in PINNING if name in self.options]
        return ", ".join(filter(None, (self.tenant, *narrowed))) or None

    @property
    def outside(self) -> bool:
        """Whether the truth is with a provider, and not with us."""
        return self.provider not in OURS

    @property
    def group(self) -> str:
        """Accounts of one group share a sign-in and its limits."""
        return self.shared or self.name


@dataclass(frozen=True, slots=True)
class Settings:
    """`reconcile.yaml`, checked."""

    specs: str = "specs"
    """The folder of the specs, relative to the settings file."""
    store_url: str = "sqlite:///.reconcile/state.db"
    lineage: str | None = None
    accounts: Mapping[str, AccountSettings] = field(default_factory=dict)
    safety: Safety = field(default_factory=Safety)
    lifecycles: Mapping[str, Lifecycle] = field(default_factory=dict)
    """The policies that the accounts name: the shipped ones and those of `lifecycles:`."""
    prices: str | None = None
    """The price list, relative to the settings file."""
    timezone: str | None = None
    """The admin's time zone, an IANA name; dates are shown in it beside UTC."""

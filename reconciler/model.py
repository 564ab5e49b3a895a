"""The values this program speaks of: subscriptions as desired and as stored, terms, money, keys.

Frozen vocabulary: no I/O, no clock. Every instant is an aware UTC datetime; every amount is in minor units.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import NamedTuple

from reconciler.diagnostics import Place
from reconciler.remake import Remake


class SubscriptionKey(NamedTuple):
    """Our identity for a subscription, `account/name`, chosen in the spec; never the provider's id."""

    account: str
    name: str

    def __str__(self) -> str:
        return f"{self.account}/{self.name}"


class Status(StrEnum):
    """The lifecycle stage: moved by time, the provider and unpaid bills, never by a wish."""

    SCHEDULED = "scheduled"
    ACTIVE = "active"
    EXPIRED = "expired"
    DISABLED = "disabled"
    DELETED = "deleted"
    SUSPENDED = "suspended"
    UNKNOWN = "unknown"

    @property
    def ended(self) -> bool:
        """Expired, disabled or deleted."""
        return self in _ENDED


_ENDED = frozenset({Status.EXPIRED, Status.DISABLED, Status.DELETED})


class Recurring(StrEnum):
    """Recurring billing: does it renew by itself when the term ends."""

    ON = "on"
    OFF = "off"


class Cancel(StrEnum):
    """A cancellation: wished in a spec, or standing on a record."""

    NONE = "none"
    AT_RENEWAL = "at-renewal"
    IMMEDIATELY = "immediately"


class TermLength(StrEnum):
    """How long a term or a billing cycle is, in the words of the specs."""

    MONTHLY = "monthly"
    ANNUAL = "annual"
    TRIENNIAL = "triennial"

    @property
    def months(self) -> int:
        """The length in calendar months."""
        return _MONTHS[self._value_]  # an enumeration's own hash is slow before Python 3.12

    @property
    def iso(self) -> str:
        """The length as an ISO 8601 duration: P1M, P1Y or P3Y."""
        return _ISO[self._value_]


_MONTHS = {"monthly": 1, "annual": 12, "triennial": 36}
_ISO = {"monthly": "P1M", "annual": "P1Y", "triennial": "P3Y"}


@dataclass(frozen=True, slots=True)
class Term:
    """A half-open UTC period [start, end)."""

    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class Money:
    """An exact amount: minor units of an ISO 4217 currency (2060 EUR is 20.60 EUR, 2060 JPY is 2060 JPY)."""

    minor: int
    currency: str


@dataclass(frozen=True, slots=True)
class Facts:
    """What was bought, as a spec states it; None is not stated. `start` is a UTC calendar day."""

    product: str | None = None
    term: TermLength | None = None
    billing: TermLength | None = None
    start: date | None = None
    seats: int | None = None
    price: Money | None = None
    last_charge: Money | None = None
    """What one billing period cost the last time, for all seats together; counts where no price is known."""


@dataclass(frozen=True, slots=True)
class Intent:
    """The pair of `recurring` and `cancel` that holds, from the one layer that set it; never both None."""

    recurring: Recurring | None
    cancel: Cancel | None
    place: Place
    """Where the deciding value stands."""
    reason: str | None = None
    confirm: str | None = None
    """For `immediately`: `account/name@start of the current term`, as written."""
    own: bool = True
    """Set by the subscription's own keys, not inherited."""
    on_blocked: Cancel | None = None
    """For `immediately`: `at-renewal` where the vendor's rules bar it, chosen beforehand and in writing."""


@dataclass(frozen=True, slots=True)
class ScheduledIntent:
    """A pair that is to hold from a day on: stronger than the own keys once that day has come."""

    day: date
    """It holds from 00:00 UTC of this day."""
    intent: Intent


@dataclass(frozen=True, slots=True)
class Decision:
    """Somebody's word that one renewal is meant to happen."""

    day: date
    """The renewal that it is for: the UTC day on which the next term starts."""
    by: str
    note: str | None
    place: Place


@dataclass(frozen=True, slots=True)
class DesiredSubscription:
    """One subscription as the specs, all layers resolved, want it."""

    key: SubscriptionKey
    place: Place
    """Where its name stands."""
    facts: Facts = Facts()
    intent: Intent | None = None
    """None: no layer declares a pair, so it is released."""
    id: str | None = None
    """The provider's own id."""
    previously: str | None = None
    """The name it had before, in the same account."""
    owner: str | None = None
    labels: Mapping[str, str] | None = None
    """None: no layer declares labels, so they stay as stored."""
    protect: bool | None = None
    protect_own: bool = False
    """`protect` stands among the subscription's own keys: only then may False lift a stored protection."""
    schedule: tuple[ScheduledIntent, ...] = ()
    """By day, each day once."""
    decided: Decision | None = None
    fields: Mapping[str, Place] = field(default_factory=dict)
    """Where `owner`, `labels`, `protect`, `previously` and each fact were set, as far as known."""


@dataclass(frozen=True, slots=True)
class StoredSubscription:
    """One subscription as the store last recorded it."""

    key: SubscriptionKey
    product: str
    length: TermLength
    billing: TermLength
    start: date
    """The declared first day (UTC); a reactivation leaves it."""
    anchor: date
    """The day all term arithmetic counts from: the start, or the day of the last reactivation."""
    term: Term
    """The current term when this was recorded; `lifecycle.at` brings it to now."""
    status: Status = Status.ACTIVE
    recurring: Recurring = Recurring.ON
    cancellation: Cancel = Cancel.NONE
    requested_at: datetime | None = None
    effective_at: datetime | None = None
    id: str | None = None
    provider_status: str | None = None
    """The provider's own word for the status, verbatim, for people to read."""
    seats: int | None = None
    price: Money | None = None
    owner: str | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    protected: bool = False
    declared: bool = False
    """The last apply saw a pair declared for it; once no layer declares one any more, it is listed as released."""
    extended: bool = False
    """It is in a paid extension: its terms are months, whatever its length says."""
    last_charge: Money | None = None
    """What one billing period cost the last time, for all seats together."""


stored_with = Remake(StoredSubscription)
"""Of a record with these fields changed."""


# ISO 4217, list one (maintenance agency SIX): the currencies whose minor unit is no hundredth, and all others in use.
_DIGITS = {
    **dict.fromkeys("BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF".split(), 0),
    **dict.fromkeys("BHD IQD JOD KWD LYD OMR TND".split(), 3),
    **dict.fromkeys("CLF UYW".split(), 4),
}
_TWO_DIGITS = frozenset(
    "AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BOV BRL BSD BTN BWP BYN BZD CAD CDF CHE CHF CHW "
    "CNY COP COU CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF "
    "IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK "
    "MXN MXV MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP "
    "SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD USN UYU UZS VED VES WST XCD XCG YER "
    "ZAR ZMW ZWG".split()
)


def currency_digits(currency: str) -> int | None:
    """How many decimals the currency's minor unit has (ISO 4217), or None for a code that is no currency in use."""
    if currency in _TWO_DIGITS:
        return 2
    return _DIGITS.get(currency)


def currencies() -> list[str]:
    """Every currency code that is known, sorted."""
    return sorted(_TWO_DIGITS | _DIGITS.keys())


def money_text(money: Money) -> str:
    """The amount as people write it, `20.60 EUR`, with exactly the currency's decimals."""
    digits = currency_digits(money.currency) or 0
    if not digits:
        return f"{money.minor} {money.currency}"
    whole, part = divmod(money.minor, 10**digits)
    return f"{whole}.{part:0{digits}d} {money.currency}"


def money_from_text(text: str) -> Money | None:
    """The amount that `20.60 EUR` says, or None for what is no non-negative decimal with a currency's decimals."""
    number, separator, currency = text.partition(" ")
    digits = currency_digits(currency)
    whole, point, part = number.partition(".")
    if not separator or digits is None or len(part) > digits or len(whole) > 12 or bool(point) != bool(part):
        return None
    if not (whole.isascii() and whole.isdigit() and (not part or (part.isascii() and part.isdigit()))):
        return None
    return Money(int(whole + part.ljust(digits, "0")), currency)

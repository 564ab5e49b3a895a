"""The words of Microsoft.Billing, api-version 2024-04-01, that decide something, and what each means in ours.

Values and pure functions only. The service may send words that stand in none of its documents: those are told apart
from the known ones here, and nowhere else.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import assert_never

from reconciler.model import Status, TermLength


class Agreement(StrEnum):
    """`agreementType` of a billing account."""

    CUSTOMER = "MicrosoftCustomerAgreement"
    ENTERPRISE = "EnterpriseAgreement"
    ONLINE_SERVICES = "MicrosoftOnlineServicesProgram"
    PARTNER = "MicrosoftPartnerAgreement"
    OTHER = "Other"


class Word(StrEnum):
    """`status` of a billing subscription."""

    OTHER = "Other"
    UNKNOWN = "Unknown"
    ACTIVE = "Active"
    DISABLED = "Disabled"
    DELETED = "Deleted"
    WARNED = "Warned"
    EXPIRING = "Expiring"
    EXPIRED = "Expired"
    AUTO_RENEW = "AutoRenew"
    CANCELLED = "Cancelled"
    SUSPENDED = "Suspended"
    FAILED = "Failed"


class Reason(StrEnum):
    """Why a billing subscription is suspended."""

    NONE = "None"
    CANCELLED = "Cancelled"
    PAST_DUE = "PastDue"
    SUSPICIOUS = "SuspiciousActivity"
    OTHER = "Other"
    TRANSFERRED = "Transferred"
    POLICY = "PolicyViolation"
    SPENDING_LIMIT = "SpendingLimitReached"
    EXPIRED = "Expired"

    @property
    def in_words(self) -> str:
        """What people are told."""
        return _IN_WORDS.get(self.value, "for a reason that is not told")


_IN_WORDS = {
    "Cancelled": "it was cancelled",
    "PastDue": "a bill was not paid",
    "SuspiciousActivity": "of suspicious activity",
    "Transferred": "it was transferred to somebody else",
    "PolicyViolation": "of a breach of Microsoft's terms",
    "SpendingLimitReached": "its spending limit was reached",
    "Expired": "its term is over",
}

UNRENEWED = frozenset({"UsageBased", "ReservationOrder", "SavingsPlanOrder", "Hardware"})
"""`productCategory` of what is none of ours: billed by use, renewed by an API of its own, or delivered once."""

_LENGTHS = {
    "P1M": TermLength.MONTHLY,
    "P1Y": TermLength.ANNUAL,
    "P12M": TermLength.ANNUAL,
    "P3Y": TermLength.TRIENNIAL,
    "P36M": TermLength.TRIENNIAL,
}


def agreement_of(word: object) -> Agreement:
    """The agreement of a billing account; one that we do not know is `Other`, under which nothing is written."""
    try:
        return Agreement(str(word))
    except ValueError:
        return Agreement.OTHER


def reasons_of(words: Iterable[object]) -> tuple[Reason, ...]:
    """Why it is suspended, each reason once; one that we do not know is `Other`."""
    found: list[Reason] = []
    for word in words:
        try:
            reason = Reason(str(word))
        except ValueError:
            reason = Reason.OTHER
        if reason is not Reason.NONE and reason not in found:
            found.append(reason)
    return tuple(found)


def status_of(word: object, reasons: tuple[Reason, ...]) -> Status:
    """The stage that a status means; UNKNOWN for a word that no document explains, so that nothing is written.

    `AutoRenew` and `Expiring` are in their term, and say what follows it. `Warned` is told of subscriptions that are
    past due, cancelled or expired, so that its reasons decide, as they do for `Suspended`; with neither a cancellation
    nor an expiry among them it is suspended. `Cancelled` is what people see as disabled until the data is deleted.
    """
    try:
        known = Word(str(word))
    except ValueError:
        return Status.UNKNOWN
    match known:
        case Word.ACTIVE | Word.AUTO_RENEW | Word.EXPIRING:
            return Status.ACTIVE
        case Word.SUSPENDED | Word.WARNED:
            over = Reason.CANCELLED in reasons or Reason.EXPIRED in reasons
            return Status.DISABLED if over else Status.SUSPENDED
        case Word.EXPIRED:
            return Status.EXPIRED
        case Word.DISABLED | Word.CANCELLED:
            return Status.DISABLED
        case Word.DELETED:
            return Status.DELETED
        case Word.OTHER | Word.UNKNOWN | Word.FAILED:
            return Status.UNKNOWN
        case _:  # pragma: no cover - mypy proves it unreachable
            assert_never(known)


def length_of(duration: object) -> TermLength | None:
    """The length that an ISO 8601 duration says; None where we have no word for it."""
    return _LENGTHS.get(duration) if isinstance(duration, str) else None

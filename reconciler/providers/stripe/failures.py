"""What a request to Stripe that brought no usable answer means, for a read and for a write.

Pure. What happened to a request is `api`'s to tell; a write that may have been carried out is never called refused.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from reconciler.answers import Ambiguous, Rejected
from reconciler.errors import Malformed, ProviderTrouble, RoleTooWeak, SignInFailed, Throttled, Unreachable

KEY_VARIABLES = "look at RECONCILE_STRIPE_KEY, or at the variable of the identity that plan_as or apply_as names"
_SECRETS = re.compile(r"(?i)\b(?:sk|rk|pk|ek|whsec)_[\w*]+|\bbearer\s+\S+|[\w+/=*-]{40,}")
_WHOSE = re.compile(r"on account '(acct_\w{1,255})'")
_SOON = 1.0
"""Seconds: what Stripe sends no Retry-After for passes quickly."""


@dataclass(frozen=True, slots=True)
class Failure:
    """One request that brought no usable answer."""

    status: int | None
    """The HTTP status; None: no answer came."""
    sent: bool = True
    """Whether it may have reached Stripe; False: surely not."""
    kind: str = ""
    """Stripe's `error.type`, such as `invalid_request_error`; empty: the answer is not in Stripe's form."""
    reason: str = ""
    """Stripe's `error.code`, such as `resource_missing`; without a usable answer of Stripe's, what stood in the way."""
    message: str = ""
    """Stripe's `error.message`, verbatim: never to be shown but through `told`."""
    retry_after: float | None = None
    """Seconds, of its Retry-After."""
    again: bool | None = None
    """Its Stripe-Should-Retry, where it says."""
    replayed: bool = False
    """It is the stored answer to an earlier request with the same idempotency key."""

    @property
    def missing(self) -> bool:
        """Stripe itself says that it has no such object; a 404 of anything in between does not say so."""
        return self.status == 404 and self.kind == "invalid_request_error"


class Failed(Exception):
    """Carries a failure from `api` to whoever asked; it never leaves this package."""

    def __init__(self, failure: Failure) -> None:
        super().__init__()
        self.failure = failure


def told(text: str, at_most: int = 200) -> str:
    """A text of Stripe's as it may be shown: short, on one line, without anything that looks like a key."""
    line = " ".join("".join(char if char.isprintable() else " " for char in text[: at_most * 4]).split())
    clean = _SECRETS.sub("***", line)
    return clean if len(clean) <= at_most else clean[: at_most - 1] + "…"


def owner_told(failure: Failure) -> str | None:
    """The account that a refusal for want of permission names: whose the key is, where it may not ask for that."""
    found = _WHOSE.search(failure.message) if failure.status == 403 else None
    return found[1] if found else None


def trouble(failure: Failure) -> ProviderTrouble:
    """What it means for a read."""
    said = _said(failure)
    match failure.status:
        case None:
            return Unreachable("unreachable", f"Stripe cannot be reached: {failure.reason}", "try again later")
        case 401:
            return SignInFailed("sign-in-failed", f"Stripe does not take the key{said}", KEY_VARIABLES)
        case 403:
            hint = "give the key that permission in Stripe's dashboard, under Developers, API keys"
            return RoleTooWeak("role-too-weak", f"the key may not do this{said}", hint)
        case 429:
            hint = "run again later; other programs with keys of this account count, too"
            return Throttled("rate-limited", f"Stripe has had too many requests{said}", hint, failure.retry_after)
        case status if status >= 500 or status == 409:
            return Unreachable("unreachable", f"Stripe answered {status}{said}", "try again later")
        case status:
            hint = "if an endpoint of your own is set, look there first"
            return Malformed("malformed-answer", f"Stripe answered {status} with what nobody can use{said}", hint)


def answer(failure: Failure) -> Rejected | Ambiguous:
    """What it means for a write that was sent, or may have been."""
    said = _said(failure)
    if failure.kind == "idempotency_error" or failure.reason == "idempotency_key_in_use":
        return Ambiguous(f"an earlier request of the same change is with Stripe{said}")
    match failure.status:
        case 400:
            return _refused(failure, said)
        case 401:
            return Rejected("sign-in-failed", f"Stripe does not take the key{said}", KEY_VARIABLES)
        case 403:
            hint = "give the key write permission for subscriptions, or set apply_as to an identity that has it"
            return Rejected("role-too-weak", f"the key may not change subscriptions{said}", hint)
        case 404 if failure.missing:
            return Rejected("not-found", f"Stripe has no such subscription{said}", "run again: it is read anew")
        case 409 | 429 if failure.reason == "lock_timeout":
            return Rejected("busy", f"Stripe is at work on it{said}", "run again", _later(failure))
        case 429:
            hint = "run again later; other programs with keys of this account count, too"
            return Rejected("rate-limited", f"Stripe has had too many requests{said}", hint, _later(failure))
        case None:
            return Ambiguous(f"no answer came: {failure.reason}")
        case status:
            replayed = ", stored from an earlier request of the same change" if failure.replayed else ""
            return Ambiguous(f"Stripe answered {status}{replayed}{said}")


def _refused(failure: Failure, said: str) -> Rejected:
    """A 400; Stripe has no codes for most of these, so its words decide, and unknown ones are refused all the same."""
    words = failure.message.lower()
    if "subscription schedule" in words:
        return Rejected("managed-elsewhere", f"a subscription schedule decides{said}", "change the schedule in Stripe")
    if "canceled subscription" in words or "`canceled`" in words:
        return Rejected("terminal", f"it has ended meanwhile{said}", "nothing brings it back; declare a new one")
    if failure.reason == "rate_limit":
        return Rejected("rate-limited", f"Stripe has had too many requests{said}", "run again later", _later(failure))
    return Rejected("provider-refused", f"Stripe refuses it{said}", "look at the subscription in Stripe's dashboard")


def _later(failure: Failure) -> float | None:
    """When to send it again; None where Stripe says that this is of no use."""
    if failure.again is False:
        return None
    return _SOON if failure.retry_after is None else failure.retry_after


def _said(failure: Failure) -> str:
    reason, message = told(failure.reason, 60), told(failure.message)
    words = f"{reason}: {message}" if reason and message else reason or message
    return f" ({words})" if words else ""

"""What an answer of Chargebee's that is no success means, for a question and for an order.

Pure. An order that may have been carried out is never called refused. Sources: apidocs.chargebee.com/docs/api/
error-handling and /idempotency.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.answers import Ambiguous, Answer, Done, Rejected
from reconciler.errors import Malformed, ProviderTrouble, RoleTooWeak, SignInFailed, Throttled, Unreachable

if TYPE_CHECKING:
    from reconciler_chargebee.api import Reply

KEY = "look at RECONCILE_CHARGEBEE_KEY, or at the variable of the identity that plan_as or apply_as names"
A_MINUTE = 60.0
"""The published limits count by the minute."""


def trouble(reply: Reply) -> ProviderTrouble:
    """Why a question was not answered."""
    said = _said(reply)
    match reply.status:
        case 401:
            return SignInFailed("sign-in-failed", f"Chargebee does not take the key ({said})", KEY)
        case 403:
            return RoleTooWeak("role-too-weak", f"the key may not do this ({said})", "use a key that may read")
        case 429:
            return Throttled(
                "rate-limited", "Chargebee has had too many requests", "run again later", retry_after(reply)
            )
        case status if status >= 500:
            return Unreachable("unreachable", f"Chargebee answered {said}", "run again later")
        case _:
            return Malformed(
                "malformed-answer", f"Chargebee answered {said}, which nobody can use", "check the endpoint"
            )


def answer(reply: Reply) -> Answer:
    """What became of an order that was answered."""
    said = _said(reply)
    match reply.status:
        case 200 if isinstance(reply.body, dict) and "subscription" in reply.body:
            return Done()
        case 401:
            return Rejected("sign-in-failed", f"Chargebee does not take the key ({said})", KEY)
        case 403:
            return Rejected("role-too-weak", f"the key may not write ({said})", "set apply_as to one that may")
        case 404 if reply.code == "resource_not_found":
            return Rejected("not-found", "Chargebee has no such subscription", "check its `id`")
        case 409 if reply.code == "lock_timeout":
            return Rejected("busy", "Chargebee is at work on it", "run again", retry_after(reply) or 1.0)
        case 429:
            wait = retry_after(reply)
            return Rejected("rate-limited", "too many requests", "run again", A_MINUTE if wait is None else wait)
        case status if 400 <= status < 500 and reply.code:
            return Rejected("provider-refused", f"Chargebee refuses it ({said})", "look at it in Chargebee")
        case _:  # a 5xx, a success that cannot be read, or the answer of somebody in between
            return Ambiguous(f"Chargebee answered {said}")


def retry_after(reply: Reply) -> float | None:
    """Seconds, where it says so."""
    text = reply.headers.get("retry-after", "")
    return float(text) if text.isascii() and text.isdecimal() and len(text) < 6 else None


def _said(reply: Reply) -> str:
    """Its status and code. Its message is for developers, and may quote what was sent: it is not shown."""
    code = reply.code if reply.code.replace("_", "").isalnum() and len(reply.code) <= 60 else ""
    return f"{reply.status} {code}".rstrip()

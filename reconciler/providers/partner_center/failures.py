"""What an answer of Partner Center's means: to an update, and for a question that it did not answer.

Pure. What may have been carried out is never called refused.
"""

from __future__ import annotations

from reconciler.answers import Accepted, Ambiguous, Answer, Done, Rejected
from reconciler.errors import Malformed, ProviderTrouble, RoleTooWeak, SignInFailed, Throttled, Unreachable, WrongTenant
from reconciler.providers.partner_center import codes
from reconciler.providers.partner_center.api import Reply

A_MINUTE = 60.0
"""The published limits count by the minute: what is throttled without a word may be sent again then."""
_THROTTLED = "Partner Center has had too many requests"
_OTHERS = "run again later; every other program that signs in at this partner counts, too"


def answer(reply: Reply, token: str) -> Answer:
    """What the answer to an update says of it; `token` is what it can be asked by, where it is only accepted."""
    match reply.status:
        case 200 if reply.fields is None:
            return Ambiguous(f"Partner Center answered with a success that cannot be read: {reply.flaw}")
        case 200 | 204:
            return Done()
        case 202:
            return Accepted(token, reply.retry_after)
        case 429:
            wait = A_MINUTE if reply.retry_after is None else reply.retry_after
            return Rejected("rate-limited", _THROTTLED, _OTHERS, wait)
        case status if not 400 <= status < 500 or status == 408:
            return Ambiguous(f"Partner Center answered {_said(reply)}")
        case status:
            means = codes.ruling(status, reply.number)
            again = means.retry_after
            wait_for = again if again is None or reply.retry_after is None else reply.retry_after
            return Rejected(means.code, f"{means.means} ({_said(reply)})", means.hint, wait_for)


def trouble(reply: Reply, customer: str) -> ProviderTrouble:
    """Why a question was not answered, of an answer that is none."""
    match reply.status:
        case 429:
            return Throttled("rate-limited", _THROTTLED, _OTHERS, reply.retry_after)
        case status if status >= 500 or status == 408:
            return Unreachable("unreachable", f"Partner Center answered {_said(reply)}", "run again later")
        case status if status < 400:
            return malformed(f"it is of status {status}")
        case status:
            means = codes.ruling(status, reply.number)
            detail = f"customer {customer}: {means.means} ({_said(reply)})"
            if reply.number in codes.NO_RELATION:
                return WrongTenant("wrong-tenant", detail, means.hint)
            if means.code == "sign-in-failed":
                return SignInFailed("sign-in-failed", detail, means.hint)
            if means.code == "role-too-weak":
                return RoleTooWeak("role-too-weak", detail, means.hint)
            return ProviderTrouble("provider-refused", detail, means.hint)


def malformed(why: str) -> Malformed:
    """An answer that nobody can use."""
    hint = "run again; if it stays so, look whether Partner Center's API has changed"
    return Malformed("malformed-answer", f"Partner Center's answer cannot be used: {why}", hint)


def _said(reply: Reply) -> str:
    number = f", code {reply.number}" if reply.number else ""
    told = f": {reply.told}" if reply.told else ""
    return f"{reply.status}{number}{told}"

"""What an answer of Azure Resource Manager that is no success means: to a read, and to a write.

Pure. The one rule behind it: a write was surely not carried out only where the service says so in an answer of the
400s, or where nothing was sent; everything else is ambiguous. Of the vendor's text little is told, and no token in it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from reconciler.answers import Ambiguous, Rejected
from reconciler.errors import Malformed, ProviderTrouble, RoleTooWeak, SignInFailed, Throttled, Unreachable

BUSY_FOR = 30.0
"""Seconds until a locked subscription is worth another try, where the answer does not say."""
WRITING_ROLE = "it takes the role owner or contributor on the billing account or the billing profile"
_READING_ROLE = "it takes at least the role reader on the billing account"
_SIGN_IN = "check the credentials of the identity, or sign in anew"
_LONG = re.compile(r"[A-Za-z0-9_\-+/=.%~]{40,}")
_NOT_SHOWN = re.compile(r"[^\x20-\x7e\u00a0-\u024f]+")


class NotSent(Exception):  # named after the fact, as all of ours
    """Nothing left this machine; the message says why."""


class Lost(Exception):  # named after the fact, as all of ours
    """The request may have arrived, and its answer did not, or cannot be read; the message says how."""


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer over HTTP, read to its end."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    """Names in lower case."""
    body: object = None
    """What its JSON holds; None where it has none, or none that can be read."""
    readable: bool = True
    """The body is JSON, or there is none."""

    @property
    def retry_after(self) -> float | None:
        """Seconds that it asks us to wait; None where it does not say."""
        return seconds(self.headers.get("retry-after"), self.headers.get("date"))

    @property
    def error_code(self) -> str | None:
        """The vendor's code, from an error body as the common types of ARM have it."""
        error = self.body.get("error") if isinstance(self.body, Mapping) else None
        code = error.get("code") if isinstance(error, Mapping) else None
        return quoted(code) if isinstance(code, str) and code else None

    @property
    def told(self) -> str:
        """The status with the vendor's code and message, cut short and fit to be shown."""
        error = self.body.get("error") if isinstance(self.body, Mapping) else None
        message = error.get("message") if isinstance(error, Mapping) else None
        said = [self.error_code or "", quoted(message) if isinstance(message, str) else ""]
        text = ": ".join(part for part in said if part)
        return f"{self.status} ({text})" if text else str(self.status)


def quoted(text: str) -> str:
    """A vendor's text, at most 160 characters of it, with nothing in it that could be a token or move a cursor."""
    plain = " ".join(_NOT_SHOWN.sub(" ", text).split())
    plain = _LONG.sub("…", plain)
    return plain if len(plain) <= 160 else plain[:159] + "…"


def seconds(value: str | None, now: str | None = None) -> float | None:
    """A `Retry-After` in seconds: a number, or a date, which counts from the answer's own `Date`."""
    if value is None:
        return None
    text = value.strip()
    if text.isascii() and text.replace(".", "", 1).isdigit() and len(text) <= 9:
        return float(text)
    try:
        until = parsedate_to_datetime(text)
        start = parsedate_to_datetime(now) if now is not None else None
    except ValueError:
        return None
    if start is None:
        return None
    return max(0.0, (_aware(until) - _aware(start)).total_seconds())


def _aware(instant: datetime) -> datetime:
    return instant if instant.tzinfo is not None else instant.replace(tzinfo=UTC)


def read_trouble(reply: Reply, doing: str) -> ProviderTrouble:
    """Why a question was not answered."""
    what = f"{doing}: Microsoft answered {reply.told}"
    match reply.status:
        case 401:
            return SignInFailed("sign-in-failed", what, _SIGN_IN)
        case 403:
            return RoleTooWeak("role-too-weak", what, _READING_ROLE)
        case 429:
            return Throttled("rate-limited", what, "wait, or plan fewer accounts at once", reply.retry_after)
        case status if status == 408 or status >= 500:
            return Unreachable("unreachable", what, "run again later")
        case _:
            return Malformed("malformed-answer", what, "check `billing_account` in the settings, and the endpoint")


def read_unanswered(error: NotSent | Lost, doing: str) -> Unreachable:
    """A question that got no answer."""
    return Unreachable("unreachable", f"{doing}: {error}", "check the network, and a proxy if there is one")


def write_refused(reply: Reply) -> Rejected | Ambiguous:
    """What an answer to a write that is no success says of it."""
    what = f"Microsoft answered {reply.told}"
    match reply.status:
        case 401:
            return Rejected("sign-in-failed", what, _SIGN_IN)
        case 403:
            return Rejected("role-too-weak", what, WRITING_ROLE)
        case 404:
            return Rejected("not-found", what, "plan again: it may have ended, or have moved to another account")
        case 409 | 423:
            wait = BUSY_FOR if reply.retry_after is None else reply.retry_after
            return Rejected("busy", what, "something else is at work on it: apply again later", wait)
        case 412:
            return Rejected("revision-moved", what, "plan again")
        case 429:
            wait = BUSY_FOR if reply.retry_after is None else reply.retry_after
            return Rejected("rate-limited", what, "apply again later", wait)
        case status if 400 <= status < 500 and status != 408:
            return Rejected("provider-refused", what, "make the change in the admin center, which says more")
        case _:
            return Ambiguous(what)

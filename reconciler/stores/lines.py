"""Records as lines (see `gist`), made where they lie: a million are compared without becoming a million values.

Statements only, for whatever dialect: what differs between them is handed in. Must not know a driver.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from reconciler.model import SubscriptionKey
from reconciler.sift import MOVED
from reconciler.stores.statements import Statements
from reconciler.stores.tables import instant, instant_text

_COLUMNS = (
    "account", "name", "product", "length", "billing", "owner", "labels", "protected", "declared", "recurring",
    "cancellation", "start", "seats", "price_minor", "price_currency", "last_charge_minor", "last_charge_currency",
    "id",
)  # fmt: skip
_SHAPE = "\x1f".join(("%s/%s", *("%s",) * 11, "%s %s", "%s %s", "%s"))
"""What is NULL leaves nothing, in either dialect."""
_FLAG = (
    f"CASE WHEN status <> 'active' OR cancellation = 'immediately' OR extended = 1 OR term_end <= ? THEN '{MOVED}'"
    " WHEN recurring = 'on' AND length <> 'monthly' AND term_end <= ? THEN term_end ELSE '' END"
)
Within = tuple[SubscriptionKey | None, SubscriptionKey | None]
"""From the first key on, and before the second."""
MIDDLE = (
    "SELECT account, name FROM subscriptions ORDER BY account, name"
    " LIMIT 1 OFFSET (SELECT count(*) / 2 FROM subscriptions)"
)
ONE = "SELECT 1 FROM subscriptions LIMIT 1"
_MARGIN = timedelta(seconds=1)
"""Instants with a part of a second sort before the whole one as text: what lies that near is looked at."""


def selected(function: str) -> str:
    """What to select of `subscriptions`: the flag, whose values `bounds` has, and the line.

    `function` is the dialect's own that fills `%s` in a text. One may end a value at a NUL, which no spec can say.
    """
    return f"{_FLAG}, {function}('{_SHAPE}', {', '.join(_COLUMNS)})"


def where(within: Within) -> tuple[str, tuple[str, ...]]:
    """The condition for the records between two keys, and its values."""
    first, end = within
    parts = [("(account, name) >= (?, ?)", first), ("(account, name) < (?, ?)", end)]
    asked = [(text, key) for text, key in parts if key is not None]
    return "".join(f" AND {text}" for text, _ in asked), tuple(word for _, key in asked for word in key)


def bounds(now: datetime, horizon: datetime) -> tuple[str, str]:
    """The values of the flag (see `ports.StateReader.lines`)."""
    return instant_text(now + _MARGIN), instant_text(horizon + _MARGIN)


def next_ends(statements: Statements, after: Sequence[datetime]) -> tuple[datetime | None, ...]:
    """For each instant the first end of a term after it; an end within the same second may count as after it."""
    one = "min(CASE WHEN term_end > ? OR substr(term_end, 1, 20) = ? THEN term_end END)"
    columns = ", ".join(one for _ in after)
    values = [value for item in after for value in (instant_text(item), f"{item:%Y-%m-%dT%H:%M:%S}.")]
    found = statements.execute(f"SELECT {columns} FROM subscriptions", values).fetchone()  # noqa: S608
    return tuple(None if text is None else instant(text) for text in found)

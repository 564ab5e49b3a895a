"""Records as lines (see `gist`), made where they lie: a million are compared without becoming a million values.

Statements only, for whatever dialect: what differs between them is handed in. Must not know a driver.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from reconciler.gist import (
    CANCELLATION,
    ID,
    LABELS,
    LAST_CHARGE,
    OWNER,
    PRICE,
    PROTECTED,
    RECURRING,
    SEATS,
    SEPARATOR,
    UNSAID,
)
from reconciler.model import Cancel, SubscriptionKey
from reconciler.sift import MOVED
from reconciler.stored import WHOLE, Silence
from reconciler.stores.statements import Statements
from reconciler.stores.tables import instant, instant_text

_COLUMNS: Final[tuple[tuple[int, tuple[str, ...], str], ...]] = (
    (0, ("account", "name"), ""),
    (0, ("product",), ""),
    (0, ("length",), ""),
    (0, ("billing",), ""),
    (OWNER, ("owner",), "nullif(owner, '')"),
    (LABELS, ("labels",), "nullif(labels, '{}')"),
    (PROTECTED, ("protected",), "CASE WHEN protected = 1 THEN '1' END"),
    (0, ("declared",), ""),
    (RECURRING, ("recurring",), f"CASE WHEN declared = 1 AND cancellation <> '{Cancel.AT_RENEWAL}' THEN recurring END"),
    (CANCELLATION, ("cancellation",), "CASE WHEN declared = 1 THEN cancellation END"),
    (0, ("start",), ""),
    (SEATS, ("seats",), "CAST(seats AS text)"),
    (PRICE, ("price_minor", "price_currency"), "price_minor || ' ' || price_currency"),
    (LAST_CHARGE, ("last_charge_minor", "last_charge_currency"), "last_charge_minor || ' ' || last_charge_currency"),
    (ID, ("id",), "nullif(id, '')"),
)
"""Of a line: its bit, what stands there, and the same with NULL for nothing."""
_FLAG = (
    # Most records are at rest, which the first line tells.
    "CASE WHEN term_end > ? AND status = 'active' AND cancellation <> 'immediately' AND extended <> 1 THEN ''"
    f" WHEN status <> 'active' OR cancellation = 'immediately' OR extended = 1 OR term_end <= ? THEN '{MOVED}'"
    " WHEN recurring = 'on' AND length <> 'monthly' AND term_end <= ? THEN term_end ELSE '' END"
)
Within = tuple[SubscriptionKey | None, SubscriptionKey | None]
"""From the first key on, and before the second."""
ONE = "SELECT 1 FROM subscriptions LIMIT 1"
_MARGIN = timedelta(seconds=1)
"""Instants with a part of a second sort before the whole one as text: what lies that near is looked at."""


def selected(function: str, silence: Silence) -> str:
    """What selects the flag, whose values `bounds` has, and the line (see `ports`); a condition may follow.

    `function` is the dialect's own that fills `%s` in a text. One may end a value at a NUL, which no spec can say.
    """
    whole, spoken = _line(function, WHOLE), _line(function, silence)
    line = whole if whole == spoken else f"CASE WHEN flag = '' THEN {spoken} ELSE {whole} END"
    return f"SELECT flag, {line} FROM (SELECT *, {_FLAG} AS flag FROM subscriptions) AS told"  # noqa: S608


def _line(function: str, silence: Silence) -> str:
    """The expression for a line. What is NULL leaves nothing, in either dialect."""
    shape, values = [], []
    for bit, names, known in _COLUMNS:
        if bit & silence.always:
            shape.append(UNSAID)
        elif bit & silence.sometimes and known:
            shape.append("%s")
            values.append(f"coalesce({known}, '{UNSAID}')")
        else:
            shape.append(("/" if "name" in names else " ").join("%s" for _ in names))
            values += names
    return f"{function}('{SEPARATOR.join(shape)}', {', '.join(values)})"


def where(within: Within) -> tuple[str, tuple[str, ...]]:
    """The condition for the records between two keys, and its values."""
    first, end = within
    parts = [("(account, name) >= (?, ?)", first), ("(account, name) < (?, ?)", end)]
    asked = [(text, key) for text, key in parts if key is not None]
    return "".join(f" AND {text}" for text, _ in asked), tuple(word for _, key in asked for word in key)


def bounds(now: datetime, horizon: datetime) -> tuple[str, str, str]:
    """The values of the flag (see `ports.StateReader.lines`)."""
    soon = instant_text(horizon + _MARGIN)
    return soon, instant_text(now + _MARGIN), soon


def next_ends(statements: Statements, after: Sequence[datetime]) -> tuple[datetime | None, ...]:
    """For each instant the first end of a term after it; an end within the same second may count as after it."""
    one = "min(CASE WHEN term_end > ? OR substr(term_end, 1, 20) = ? THEN term_end END)"
    columns = ", ".join(one for _ in after)
    values = [value for item in after for value in (instant_text(item), f"{item:%Y-%m-%dT%H:%M:%S}.")]
    found = statements.execute(f"SELECT {columns} FROM subscriptions", values).fetchone()  # noqa: S608
    return tuple(None if text is None else instant(text) for text in found)

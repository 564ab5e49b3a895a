"""Records as lines (see `gist`), made where they lie: a million are compared without becoming a million values.

Statements only, for whatever dialect: what differs between them is handed in. Must not know a driver.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from reconciler.stores.statements import Statements
from reconciler.stores.tables import instant, instant_text

_COLUMNS = (
    "account || '/' || name",
    "product",
    "length",
    "billing",
    "coalesce(owner, '')",
    "labels",
    "CAST(protected AS TEXT)",
    "CAST(declared AS TEXT)",
    "recurring",
    "cancellation",
    "start",
    "coalesce(CAST(seats AS TEXT), '')",
    "coalesce(CAST(price_minor AS TEXT) || ' ' || price_currency, '')",
    "coalesce(CAST(last_charge_minor AS TEXT) || ' ' || last_charge_currency, '')",
    "coalesce(id, '')",
)

_FLAG = (
    "CASE WHEN status <> 'active' OR cancellation = 'immediately' OR extended = 1 OR term_end <= ? THEN 2"
    " WHEN recurring = 'on' AND length <> 'monthly' AND term_end <= ? THEN 1 ELSE 0 END"
)
_MARGIN = timedelta(seconds=1)
"""Instants with a part of a second sort before the whole one as text: what lies that near is looked at."""


def selected(character: str) -> str:
    """What to select of `subscriptions`: the flag, whose values `bounds` has, and the line.

    `character` is the dialect's function from a number to a character.
    """
    return f"{_FLAG}, {f' || {character}(31) || '.join(_COLUMNS)}"


def bounds(now: datetime, horizon: datetime) -> tuple[str, str]:
    """The values of the flag: 2 for what time may have moved, 1 for what renews by then, 0 for what is at rest."""
    return instant_text(now + _MARGIN), instant_text(horizon + _MARGIN)


def next_ends(statements: Statements, after: Sequence[datetime]) -> tuple[datetime | None, ...]:
    """For each instant the first end of a term after it; an end within the same second may count as after it."""
    one = "min(CASE WHEN term_end > ? OR substr(term_end, 1, 20) = ? THEN term_end END)"
    columns = ", ".join(one for _ in after)
    values = [value for item in after for value in (instant_text(item), f"{item:%Y-%m-%dT%H:%M:%S}.")]
    found = statements.execute(f"SELECT {columns} FROM subscriptions", values).fetchone()  # noqa: S608
    return tuple(None if text is None else instant(text) for text in found)

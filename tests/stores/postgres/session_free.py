"""What PgBouncer in transaction mode would break."""

from __future__ import annotations

import re

_FEATURES = re.compile(
    r"\bLISTEN\b|\bNOTIFY\b|\bPREPARE\b|\bSET (?!LOCAL|CONSTRAINTS|\w+ =)|pg_(?:try_)?advisory_lock|WITH HOLD"
)


def session_features(text: str) -> list[str]:
    """Every use of something that outlives its transaction."""
    return _FEATURES.findall(text) + re.findall(r'"SET (?!LOCAL|CONSTRAINTS)', text)

"""The whole subscription as it is sent back, with just that changed which an order is about.

Pure. A body with less than everything would turn recurring billing off and delete what is scheduled ("Update a
subscription by ID"), so every field goes back as it came, those that we do not know too.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_TERM_END = "TermEnd"
_CANCEL, _RENEW, _EXTEND = "Cancel", "RenewToNewTerm", "RenewToExtendedServiceTerm"
"""What may be scheduled for the end of the term as to whether it goes on: one of them at a time."""


def renewing(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Recurring billing on; a cancellation or an extension at the end of the term is taken back."""
    return _scheduling({**fields, "autoRenewEnabled": True}, None, instead_of=(_CANCEL, _EXTEND))


def ending(fields: Mapping[str, Any], *, extending: bool) -> dict[str, Any]:
    """Recurring billing off, and no cancellation; `extending`: the paid extended service term is what is wanted."""
    return _scheduling({**fields, "autoRenewEnabled": False}, _EXTEND if extending else None)


def cancelled_at_term_end(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Recurring billing off, and a cancellation when the term ends."""
    return _scheduling({**fields, "autoRenewEnabled": False}, _CANCEL)


def cancelled(fields: Mapping[str, Any]) -> dict[str, Any]:
    """At an end at once; nothing else may be sent with it."""
    return {**fields, "status": "deleted"}


def _scheduling(
    body: dict[str, Any], what: str | None, instead_of: tuple[str, ...] = (_CANCEL, _RENEW, _EXTEND)
) -> dict[str, Any]:
    """With that scheduled for the end of the term, in the place of what was; whatever else is scheduled stays."""
    before = body.get("scheduledActions") or ()
    barring = [entry for entry in before if _is(entry, instead_of)]
    if not barring and what is None:
        return body
    if len(barring) == 1 and what is not None and _is(barring[0], (what,)):
        return body  # it stands already, perhaps with more fields than we would send
    kept = [entry for entry in before if entry not in barring]
    body["scheduledActions"] = kept if what is None else [*kept, {"scheduleType": _TERM_END, "actionType": what}]
    return body


def _is(entry: Mapping[str, Any], kinds: tuple[str, ...]) -> bool:
    when, kind = str(entry.get("scheduleType")).lower(), str(entry.get("actionType")).lower()
    return when == _TERM_END.lower() and kind in {name.lower() for name in kinds}

"""What can be done to a billing subscription through Microsoft.Billing, as it stands: by agreement, kind and window.

Pure. The documents are the operations' own descriptions in api-version 2024-04-01: `products.update` and auto-renewal
are for a Customer Agreement, deleting a billing subscription for a Customer or a Partner Agreement, and for the others
there is nothing that ends one. What is not documented is barred.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import assert_never

from reconciler.changes import INTENTS, Kind
from reconciler.observed import Capabilities, Obstacle
from reconciler.providers.microsoft.words import UNRENEWED, Agreement

MANUAL = "change it in the Microsoft 365 admin center, or use `provider: manual` for it"
RENEWAL = frozenset({Kind.TURN_ON, Kind.TURN_OFF, Kind.CANCEL_AT_RENEWAL, Kind.UNDO_CANCEL})
"""Verbs that move what happens at the end of the term: with one end that can be told apart, one switch for all."""
ENDS = frozenset({Kind.TURN_OFF})
"""No field and no operation cancels at renewal: auto-renewal on or off is all there is."""


@dataclass(frozen=True, slots=True)
class Standing:
    """What of a billing subscription decides what can be done to it."""

    agreement: Agreement
    category: str | None
    renews: bool
    """It shows whether it renews."""
    resold: str | None
    """Who sold it, where that was not Microsoft."""
    transferred: bool
    product: bool | None
    """Whether there is a product of its id; None: that was not looked for."""
    cancellation: str | None
    """`systemOverrides.cancellation`, verbatim."""
    cancel_now_until: datetime | None


def capabilities(standing: Standing) -> Capabilities:
    """What can be done, and for the rest why not."""
    return Capabilities(ENDS, _barred(standing))


def _barred(standing: Standing) -> Mapping[Kind, Obstacle]:
    whole = _whole(standing)
    if whole is not None:
        return dict.fromkeys(INTENTS, whole)
    barred = {Kind.REACTIVATE: _REACTIVATE}
    if (renewal := _renewal(standing)) is not None:
        barred |= dict.fromkeys(RENEWAL, renewal)
    if (now := _now(standing)) is not None:
        barred[Kind.CANCEL_NOW] = now
    return barred


_REACTIVATE = Obstacle("unsupported", "Microsoft.Billing has no call that brings an ended subscription back", MANUAL)


def _whole(standing: Standing) -> Obstacle | None:
    """Why nothing at all can be done to it."""
    match standing.agreement:
        case Agreement.CUSTOMER | Agreement.PARTNER:
            pass
        case Agreement.ENTERPRISE:
            return _no_call("an Enterprise Agreement")
        case Agreement.ONLINE_SERVICES:
            return _no_call("the Microsoft Online Services Program")
        case Agreement.OTHER:
            return _no_call("an agreement of this type")
        case _:  # pragma: no cover - mypy proves it unreachable
            assert_never(standing.agreement)
    if standing.transferred:
        return Obstacle("managed-elsewhere", "it was transferred to another billing account", "change it there")
    if standing.resold is not None:
        detail = f"it was sold by {standing.resold}, who alone can change it"
        return Obstacle("managed-elsewhere", detail, "ask them, or use `provider: manual` for it")
    if standing.category in UNRENEWED or not standing.renews:
        what = standing.category or "billed by use"
        detail = f"it has no term that recurring billing renews ({what})"
        return Obstacle("unsupported", detail, "change it in the Azure portal; remove it from the specs")
    return None


def _no_call(agreement: str) -> Obstacle:
    return Obstacle("unsupported", f"Microsoft.Billing changes no subscription under {agreement}", MANUAL)


def _renewal(standing: Standing) -> Obstacle | None:
    if standing.agreement is Agreement.PARTNER:
        detail = "Microsoft.Billing turns recurring billing on or off under a Microsoft Customer Agreement only"
        return Obstacle("unsupported", detail, "use `provider: partner-center` for it")
    if standing.product is False:
        detail = "no product of its id is listed, so that which one renews it cannot be told"
        return Obstacle("unsupported", detail, MANUAL)
    return None


def _now(standing: Standing) -> Obstacle | None:
    until = standing.cancel_now_until
    hint = "write `cancel: at-renewal` instead"
    match standing.cancellation:
        case "NotAllowed":
            since = "" if until is None else f"; it was until {until:%Y-%m-%d %H:%M} UTC"
            return Obstacle("past-cancellation-window", f"it cannot be cancelled at once any more{since}", hint)
        case "Allowed":
            return None
        case _ if until is not None:  # the published example has the date alone
            return None
        case _:
            return Obstacle("unsupported", "Microsoft does not say until when it can be cancelled at once", hint)

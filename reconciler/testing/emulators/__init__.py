"""Billing systems to try against, on loopback, without an account: who there is, and a sample estate for each.

Importing it loads none of them. They follow the published API documents; what no document says is said in each.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from importlib import import_module
from pathlib import Path
from typing import Protocol, cast

from reconciler.testing.emulators.base import Emulator
from reconciler.testing.emulators.faults import Fault
from reconciler.testing.emulators.ledger import Effect
from reconciler.testing.emulators.server import serve

__all__ = ["EMULATORS", "Effect", "Emulator", "Fault", "UnknownEmulator", "sample_estate", "serve"]

EMULATORS: Mapping[str, str] = {
    "microsoft": "reconciler.testing.emulators.microsoft_estate",
    "partner-center": "reconciler.testing.emulators.partner_center",
    "stripe": "reconciler.testing.emulators.stripe_estate",
}
"""Where each one's `sample_estate(size, seed, *, ledger, now) -> Emulator` stands."""

SIZE = 40
"""Subscriptions of a sample estate, unless told."""


class UnknownEmulator(LookupError):
    """No emulator has that name."""


class _Estate(Protocol):
    def sample_estate(self, size: int, seed: int, *, ledger: Path | None, now: datetime | None) -> Emulator: ...


def sample_estate(
    name: str, size: int = SIZE, seed: int = 1, *, ledger: Path | None = None, now: datetime | None = None
) -> Emulator:
    """An emulator with a realistic estate: the same for the same size, seed and now, with one of each special case.

    A ledger file that already holds an estate is taken as it is. `now` is where its clock stands still; without it
    the estate is laid out around this day, and real time passes. Raises UnknownEmulator.
    """
    if name not in EMULATORS:
        raise UnknownEmulator(f"there is no emulator called {name}; there are: {', '.join(EMULATORS)}")
    estate = cast("_Estate", import_module(EMULATORS[name]))
    return estate.sample_estate(size, seed, ledger=ledger, now=now)

"""The suite that a provider's author runs against an emulator of the vendor; the guide is docs/writing-providers.md.

Needs pytest: `pip install 'subscription-reconciler[testing]'`. Nothing else of the product imports it.
"""

from reconciler.testing.conformance.bench import (
    RETRY_AFTER,
    Bench,
    Case,
    Effect,
    Mishap,
    NotOffered,
    Requests,
    Who,
)
from reconciler.testing.conformance.emulated import EmulatorBench
from reconciler.testing.conformance.suite import ProviderConformance

__all__ = [
    "RETRY_AFTER",
    "Bench",
    "Case",
    "Effect",
    "EmulatorBench",
    "Mishap",
    "NotOffered",
    "ProviderConformance",
    "Requests",
    "Who",
]

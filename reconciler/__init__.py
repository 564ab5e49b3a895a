"""Subscriptions as code: their desired state in Git, compared with the stored state, applied idempotently.

The names below are the public API; they are loaded when first asked for, so that importing this package costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

__version__ = "0.1.0"

if TYPE_CHECKING:
    from reconciler.changes import Change as Change
    from reconciler.changes import Kind as Kind
    from reconciler.diagnostics import Diagnostic as Diagnostic
    from reconciler.errors import ReconcilerError as ReconcilerError
    from reconciler.journal import ApplyReport as ApplyReport
    from reconciler.journal import Outcome as Outcome
    from reconciler.model import DesiredSubscription as DesiredSubscription
    from reconciler.model import Money as Money
    from reconciler.model import StoredSubscription as StoredSubscription
    from reconciler.model import SubscriptionKey as SubscriptionKey
    from reconciler.model import Term as Term
    from reconciler.plan import Plan as Plan
    from reconciler.plan import Verdict as Verdict
    from reconciler.ports import Provider as Provider
    from reconciler.runtime import Options as Options
    from reconciler.runtime import Runtime as Runtime

_HOMES = {
    "ApplyReport": "journal",
    "Change": "changes",
    "DesiredSubscription": "model",
    "Diagnostic": "diagnostics",
    "Kind": "changes",
    "Money": "model",
    "Options": "runtime",
    "Outcome": "journal",
    "Plan": "plan",
    "Provider": "ports",
    "ReconcilerError": "errors",
    "Runtime": "runtime",
    "StoredSubscription": "model",
    "SubscriptionKey": "model",
    "Term": "model",
    "Verdict": "plan",
}

__all__ = sorted(_HOMES)  # noqa: PLE0605 - one list of names, not two


def __getattr__(name: str) -> object:
    """A public name, from the module that it lives in."""
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module 'reconciler' has no attribute {name!r}")
    return getattr(import_module(f"reconciler.{home}"), name)

"""What the specs, taken together, want: the result of reading and resolving every file.

Frozen values; made by the spec package, read by planning.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from reconciler.diagnostics import Diagnostic, Place, Severity
from reconciler.model import DesiredSubscription, SubscriptionKey
from reconciler.settings import AccountSettings


@dataclass(frozen=True, slots=True)
class SpecText:
    """One spec file: its path as shown to people (relative, with `/`), and its text without a byte order mark."""

    origin: str
    text: str


@dataclass(frozen=True, slots=True)
class SpecTexts:
    """Everything a source holds: the files in path order, what could not be read, and a digest of it all."""

    files: tuple[SpecText, ...]
    diagnostics: tuple[Diagnostic, ...]
    digest: str


@dataclass(frozen=True, slots=True)
class RuleUse:
    """One rule and how many subscriptions it matched, with the product codes among them."""

    place: Place
    matched: int
    products: tuple[str, ...] = ()
    """Codes of the matched subscriptions, sorted, each once."""
    summary: str = ""
    """The rule in one line, for people: what it matches and sets."""


@dataclass(frozen=True, slots=True)
class DesiredState:
    """Every declared subscription with its layers resolved, and everything found on the way."""

    subscriptions: Mapping[SubscriptionKey, DesiredSubscription] = field(default_factory=dict)
    accounts: Mapping[str, AccountSettings] = field(default_factory=dict)
    """Of `reconcile.yaml` and of every `_account.yaml`."""
    rules: tuple[RuleUse, ...] = ()
    digest: str = ""
    """Of the files' paths and bytes."""
    diagnostics: tuple[Diagnostic, ...] = ()

    @property
    def has_errors(self) -> bool:
        """Whether anything in the specs forbids planning."""
        return any(item.severity is Severity.ERROR for item in self.diagnostics)

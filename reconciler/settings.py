"""The settings as values: accounts, limits, overrides, and which of two sets of brakes is the stricter.

Frozen vocabulary: reading `reconcile.yaml` into these is the spec package's work, the environment the runtime's.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

from reconciler.diagnostics import Place


class LimitName(StrEnum):
    """The brakes, as messages and `--allow` name them; `reconcile.yaml` writes them with underscores."""

    MAX_CHANGES = "max-changes"
    MAX_ENDINGS = "max-endings"
    MAX_CANCEL_NOW = "max-cancel-now"
    MAX_SPENDING = "max-spending"

    @property
    def setting(self) -> str:
        """The key in `reconcile.yaml`."""
        return self.value.replace("-", "_")


@dataclass(frozen=True, slots=True)
class Limit:
    """How many changes may pass: the greater of `at_least` and the lesser of `count` and `percent` of the not ended."""

    count: int
    percent: int
    at_least: int

    def allowed(self, not_ended: int) -> int:
        """The number that may pass where `not_ended` subscriptions are stored; a part of one does not count."""
        return max(self.at_least, min(self.count, self.percent * not_ended // 100))


@dataclass(frozen=True, slots=True)
class Override:
    """A reviewed, scoped and expiring exception: up to `count` matching changes leave the limit's count."""

    limit: LimitName
    match: str
    """A glob over subscription keys."""
    count: int
    until: date
    """The last UTC day on which it holds."""
    reason: str
    place: Place | None = field(default=None, compare=False)


DEFAULT_LIMITS: Mapping[LimitName, Limit] = {
    LimitName.MAX_CHANGES: Limit(100, 30, 10),
    LimitName.MAX_ENDINGS: Limit(20, 10, 5),
    LimitName.MAX_CANCEL_NOW: Limit(2, 5, 1),
    LimitName.MAX_SPENDING: Limit(20, 10, 5),
}


@dataclass(frozen=True, slots=True)
class Safety:
    """Every brake that holds for a run."""

    limits: Mapping[LimitName, Limit] = field(default_factory=lambda: dict(DEFAULT_LIMITS))
    allow_empty: bool = False
    overrides: tuple[Override, ...] = ()
    caps: Mapping[LimitName, int] = field(default_factory=dict)
    """From the environment: an absolute ceiling, which can only tighten."""


@dataclass(frozen=True, slots=True)
class AccountSettings:
    """One account: which provider serves it, and under which of its names."""

    name: str
    provider: str = "ledger"
    lifecycle: str = "classic"
    tenant: str | None = None
    catalogue: str | None = None
    """`microsoft`: product codes come from that catalogue, and an unknown one is a warning; `none`: show no names."""
    place: Place | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Settings:
    """`reconcile.yaml`, checked."""

    specs: str = "specs"
    """The folder of the specs, relative to the settings file."""
    store_url: str = "sqlite:///.reconcile/state.db"
    lineage: str | None = None
    accounts: Mapping[str, AccountSettings] = field(default_factory=dict)
    safety: Safety = field(default_factory=Safety)

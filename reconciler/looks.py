"""Looks at outside accounts as values: what is to be looked at, and what a refresh says of each account afterwards.

Pure. Who looks, and where what was seen is kept, is not said here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from reconciler.observed import ObservedAccount, Obstacle
from reconciler.settings import AccountSettings


@dataclass(frozen=True, slots=True)
class Look:
    """One account that is to be looked at anew."""

    account: AccountSettings
    ids: frozenset[str]
    """What it declares and what is stored of it: each is known afterwards, or why it is not."""
    before: datetime | None = None
    """When it was last looked at before; None: never."""


@dataclass(frozen=True, slots=True)
class TakenLook:
    """A look that a worker has taken."""

    shard: int
    fence: int
    look: Look


@dataclass(frozen=True, slots=True)
class Looked:
    """What came of the look at one account."""

    account: str
    provider: str
    at: datetime
    before: datetime | None = None
    complete: bool = True
    """The list was read to its end."""
    seen: int = 0
    """Subscriptions."""
    undeclared: int = 0
    """Of those that have not ended: so many that no file declares and no record names."""
    unreadable: Mapping[str, Obstacle] = field(default_factory=dict)
    """By the provider's id."""
    unread: Obstacle | None = None
    """Why nothing of it could be read."""
    broken_off: Obstacle | None = None
    """Why it was not wholly read."""

    @property
    def trouble(self) -> Obstacle | None:
        """Why it was not, or not wholly, read."""
        return self.unread or self.broken_off


def looked(look: Look, found: ObservedAccount) -> Looked:
    """What is said of an account as it was found."""
    return Looked(
        found.account,
        look.account.provider,
        found.at,
        look.before,
        found.complete,
        len(found.subscriptions),
        found.undeclared(look.ids),
        found.unreadable,
        found.trouble,
        found.broken_off,
    )


def another(account: AccountSettings, recorded: Mapping[str, tuple[str, str | None]]) -> Obstacle | None:
    """Why what the account shows must not be kept under this name: it was recorded as another one."""
    known = recorded.get(account.name)
    if known is None or known == (account.provider, account.pin):
        return None
    detail = f"it was recorded as {known[0]}, tenant {known[1] or 'none'}; the settings say otherwise"
    return Obstacle("wrong-account", detail, "put the settings back; nothing overrides this")


def not_looked_at(look: Look, why: Obstacle, now: datetime) -> Looked:
    """What is said of an account that was not even asked, or whose answer does not count."""
    return looked(look, ObservedAccount(look.account.name, now, trouble=why))

"""A bench over an emulator that is made of ours: all of it but who signs in, and how subscriptions are seeded.

Whoever has an emulator of another make writes `Bench` in full.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import ClassVar

from reconciler.ports import Opening, Provider
from reconciler.secret import Secret
from reconciler.settings import AccountSettings
from reconciler.testing.conformance.bench import RETRY_AFTER, Case, Effect, Mishap, NotOffered, Requests, Who
from reconciler.testing.emulators import Emulator, Fault

_VALUES: Mapping[Mishap, object] = {
    Mishap.UNAVAILABLE: 503,
    Mishap.STATUS_AFTER_COMMIT: 500,
    Mishap.THROTTLE: RETRY_AFTER,
    Mishap.DELAYED_READS: 1,
    Mishap.HUGE_BODY: 100 * 1024 * 1024,
    Mishap.FOREIGN_404: {"status": 404, "body": "<html>not here</html>", "headers": {"Content-Type": "text/html"}},
}
_KINDS: Mapping[Mishap, str] = {Mishap.UNAVAILABLE: "status", Mishap.FOREIGN_404: "status"}
"""Where our emulators have another name for it."""


@dataclass
class EmulatorBench:
    """All of `Bench` but `seed`; a subclass says that, its `PATTERNS`, and more where its vendor has more."""

    emulator: Emulator
    url: str
    """Where the emulator is served."""
    provider: Provider
    account: AccountSettings
    absent: str
    secrets: Mapping[Who, Mapping[str, str]] = field(default_factory=dict)
    """By who signs in: slot and secret. Who is not here is not offered."""
    pinned_elsewhere: AccountSettings | None = None
    """The account as it would be with another tenant pinned: whoever may write is a stranger to that."""
    PATTERNS: ClassVar[Mapping[Requests, str]] = {}
    """Regular expressions, searched in `METHOD /path?query`."""

    def opening(self, who: Who) -> Opening:
        """With the secrets of that one, and an identity of its own: what shares a sign-in goes by that name."""
        strange = who is Who.STRANGER and self.pinned_elsewhere is not None
        found = self.secrets.get(Who.WRITER if strange else who)
        if found is None:
            raise NotOffered(f"the bench names no secrets for {who}")
        given = {slot: Secret(text) for slot, text in found.items()}
        account = self.pinned_elsewhere if strange and self.pinned_elsewhere is not None else self.account
        return Opening(replace(account, plan_as=who.value, apply_as=who.value), given.get, self.url)

    def marked(self, slot: str, mark: str) -> str:
        """The mark itself."""
        return mark

    def seed(self, case: Case) -> str:
        """One subscription more."""
        raise NotImplementedError

    def seed_many(self, count: int) -> Collection[str]:
        """One by one."""
        with self.emulator.changing():
            return frozenset(self.seed(Case.RENEWING) for _ in range(count))

    def change_outside(self, id: str) -> None:
        """Not offered, unless a subclass says how."""
        raise NotOffered("the bench does not say how somebody outside changes a subscription")

    def effects(self) -> Sequence[Effect]:
        """The emulator's own ledger."""
        return [Effect(item.subscription, f"{item.verb} {dict(item.values)}") for item in self.emulator.effects]

    def meet(self, mishap: Mishap, requests: Requests, times: int | None = 1) -> None:
        """As a fault of the emulator."""
        kind = _KINDS.get(mishap, mishap.value)
        self.emulator.faults.add(Fault(kind, self.PATTERNS[requests], times, _VALUES.get(mishap)))

    def clear(self) -> None:
        """Every fault off."""
        self.emulator.faults.clear()

    def now(self) -> datetime:
        """The emulator's clock."""
        return self.emulator.now()

    def advance(self, span: timedelta) -> None:
        """Moves the emulator's clock on."""
        self.emulator.advance(span)

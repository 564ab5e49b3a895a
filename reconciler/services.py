"""Who serves each account of a run: whoever records, people at their desk, and outside providers, signed in.

The one place that hands a provider its secrets: planning's identity to what reads, the other to what writes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property, partial

from reconciler.apply import Hand, Ordered, Served
from reconciler.changes import Change
from reconciler.desired import DesiredState
from reconciler.environment import Environment
from reconciler.errors import ProviderTrouble, ReconcilerError
from reconciler.journal import ChangeReport, Entry, OpenIntent, Run
from reconciler.observed import ObservedAccount, ObservedSubscription
from reconciler.observing import Eyes
from reconciler.outside.pacing import Pacers
from reconciler.outside.settling import Settled, Unsettled, settle
from reconciler.outside.timing import Timing, never
from reconciler.outside.writing import Step, carry_out
from reconciler.ports import Bookkeeping, Clock, Reader, Store, Writer
from reconciler.registry import Registry, reader_for, writer_for
from reconciler.settings import LEDGER, MANUAL, AccountSettings
from reconciler.stored import StoredState


def timing_of(clock: Clock) -> Timing:
    """Real time and threads, and the clock that the command has."""
    return Timing(clock.now)


@dataclass
class Services:
    """The providers of one command, each loaded once an account needs it."""

    registry: Registry
    environment: Environment
    timing: Timing

    @cached_property
    def pacers(self) -> Pacers:
        """One pace for all that a run reads and writes."""
        return Pacers(self.timing)

    def reader(self, account: AccountSettings) -> Reader:
        """The reading half, without any credential that may write where the account names two identities."""
        with _as_trouble():
            return reader_for(account, self.environment, self.registry)

    def writer(self, account: AccountSettings) -> Writer:
        """Both halves."""
        with _as_trouble():
            return writer_for(account, self.environment, self.registry)

    def eyes(self, stop: Callable[[], bool] = never) -> Eyes:
        """What a plan looks with."""
        return Eyes(self.reader, self.timing, self.pacers, stop)

    def served(
        self, accounts: Mapping[str, AccountSettings], stop: Callable[[], bool], begun: Sequence[OpenIntent] = ()
    ) -> Served:
        """Who carries a plan out. `begun` are intents that may be repeated under their operation ids."""
        recorder = self.registry.recorder(LEDGER)
        by_hand = [name for name, account in accounts.items() if account.provider == MANUAL]
        desk = self.registry.desk(MANUAL) if by_hand else None
        known = {intent.operation_id: intent for intent in begun}

        def outside(orders: Sequence[Ordered], hand: Hand) -> Sequence[ChangeReport]:
            steps = [self._step(order, accounts, known) for order in orders]
            done = len(hand.reports)
            return carry_out(steps, hand, self.timing, stop, lambda count, total: hand.told(done + count), self.pacers)

        return Served(
            recorders=dict.fromkeys(accounts, recorder),
            desks={} if desk is None else {name: partial(desk.issue, accounts[name]) for name in by_hand},
            outside=outside,
            abroad=frozenset(name for name, account in accounts.items() if account.outside),
        )

    def _step(self, order: Ordered, accounts: Mapping[str, AccountSettings], begun: Mapping[str, OpenIntent]) -> Step:
        change = order.entry.change
        if not isinstance(change, Change):
            raise TypeError("an event is nothing to carry out")
        account = accounts[change.key.account]
        number = order.entry.operation_id
        return Step(change, number, account, order.row, lambda: self.writer(account), begun.get(number))

    def settle(
        self, opened: Iterable[OpenIntent], desired: DesiredState, stored: StoredState, store: Store, run: Run
    ) -> Settled:
        """Close what an earlier run left open, as far as its provider tells, in a run of its own."""
        accounts = desired.accounts
        unsettled = [
            Unsettled(
                intent, accounts[intent.key.account], stored.subscriptions.get(intent.key),
                lambda account=accounts[intent.key.account]: self.writer(account),  # type: ignore[misc]
            )
            for intent in opened
        ]  # fmt: skip
        store.begin(run)
        journal = _Settling(store, run, self.timing)
        found = settle(unsettled, journal, self.timing, pacers=self.pacers)
        store.keep_observations(journal.looked())
        store.finish(run.id, self.timing.now(), Bookkeeping())
        return found


@contextmanager
def _as_trouble() -> Iterator[None]:
    """What is wrong with one account's credentials or options is its own trouble, and stops no other."""
    try:
        yield
    except ProviderTrouble:
        raise
    except ReconcilerError as error:
        raise ProviderTrouble(error.code, error.message, error.hint) from error


@dataclass(frozen=True, slots=True)
class _Settling:
    """Journals what settling finds out."""

    store: Store
    run: Run
    timing: Timing
    seen: dict[str, dict[str, ObservedSubscription]] = field(default_factory=dict)

    def intend(self, entries: Sequence[Entry]) -> None:
        """Nothing is begun here."""
        raise RuntimeError("settling sends nothing")

    def accept(self, entries: Sequence[Entry]) -> None:
        """A token that has moved on."""
        self.store.accept(self.run.id, entries, self.timing.now())

    def record(self, entries: Sequence[Entry]) -> None:
        """What became of them."""
        self.store.record(self.run.id, entries, self.timing.now())
        for entry in entries:
            if entry.outcome.seen is not None:
                self.seen.setdefault(entry.change.key.account, {})[entry.outcome.seen.id] = entry.outcome.seen

    def looked(self) -> list[ObservedAccount]:
        """What was read of those that it is known of now."""
        now = self.timing.now()
        return [ObservedAccount(name, now, seen, complete=False) for name, seen in sorted(self.seen.items())]

    def halted(self) -> bool:
        """A question more does no harm."""
        return False

"""Every effect that this program can have, on one page: the Protocols that the engine speaks through.

Planning is handed a SpecSource, a StateReader and a Clock, and can therefore not write. Only `apply` sees a Store.
A provider opens its reading half for planning; an apply gets the writing half as well. Adapters live in `sources`,
`stores` and `providers`, are unaware of each other, and pass a contract suite each.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from types import TracebackType
from typing import TYPE_CHECKING, Protocol, Self

from reconciler.changes import Change
from reconciler.desired import SpecTexts
from reconciler.diagnostics import Diagnostic
from reconciler.journal import Entry, Freeze, FreezeEntry, HistoryEntry, Holder, Outcome, Run
from reconciler.model import StoredSubscription, SubscriptionKey
from reconciler.observed import ObservedAccount, ObservedSubscription, Page
from reconciler.settings import AccountSettings
from reconciler.stored import WHOLE, RecentChange, Silence, StoredState

if TYPE_CHECKING:  # start-up: only outside accounts are answered for
    from reconciler.answers import Accepted, Answer, Identity, Order, Pace
    from reconciler.secret import Secret


class Clock(Protocol):
    """Where now comes from; `--as-of` and tests put another behind it."""

    def now(self) -> datetime:
        """The present instant, aware and in UTC."""
        ...


class SpecSource(Protocol):
    """Where specs come from: a folder, a commit."""

    def read(self) -> SpecTexts:
        """All files; one that cannot be read is a diagnostic and hides no other."""
        ...


class StateReader(Protocol):
    """The reading half of a store: all that planning gets."""

    def snapshot(self) -> StoredState:
        """Everything, from one read transaction."""
        ...

    def another(self) -> StateReader | None:
        """One more reader of the same store, for another process; None where there can be none."""
        ...

    def empty(self) -> bool:
        """Whether there is no record at all; looks at one."""
        ...

    def lines(
        self,
        accounts: Collection[str],
        now: datetime,
        horizon: datetime,
        within: tuple[SubscriptionKey | None, SubscriptionKey | None] = (None, None),
        silence: Silence = WHOLE,
    ) -> Iterator[tuple[str, str]]:
        """The records of these accounts, each as a flag and its line, in no order.

        `within`: only from the first key on, and before the second, in the order of the code points.

        The line is that of `gist.line_of`, and where there is no flag what `gist.said` makes of it. The flag is `moved`
        for what time may have moved by now, or what is no plain active record; the end of its term, as ISO 8601, for
        what renews after that and by the horizon or in the second after it, monthly terms left out; empty for what is
        at rest.
        """
        ...

    def some(
        self, keys: Collection[SubscriptionKey], settled: Collection[str], ids: Collection[str] = ()
    ) -> StoredState:
        """As a snapshot, with just the records of these keys and ids, and all of accounts that are not `settled`."""
        ...

    def next_ends(self, *after: datetime) -> tuple[datetime | None, ...]:
        """For each instant the first end of a term after it, of all records; None where there is none."""
        ...

    def has_twins(self) -> bool:
        """Whether two records have the same id of a provider; looks at all of them."""
        ...

    def history(self, key: SubscriptionKey | None = None) -> Iterator[HistoryEntry]:
        """The journal, oldest first; of one key, including the names it had before, where one is given."""
        ...

    def freezes(self) -> Iterator[FreezeEntry]:
        """Every freeze and thaw that there was, oldest first."""
        ...

    def recent(self, since: datetime) -> Iterator[RecentChange]:
        """The changes that some limit counts, recorded (real time) at that instant or later, oldest first.

        Those that succeeded, and those that a person or a provider was given and that are not over yet.
        """
        ...

    def observations(self, accounts: Collection[str] | None = None) -> dict[str, ObservedAccount]:
        """What was last observed of these accounts (None: of all), each with when; an account never observed is not
        there.
        """
        ...

    def close(self) -> None:
        """Let go of it; afterwards it cannot be used."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


class Store(StateReader, Protocol):
    """The writing half. Each method is one durable transaction, or nothing at all."""

    def begin(self, run: Run) -> None:
        """Journal that a run starts, before its first change."""
        ...

    def intend(self, run_id: str, entries: Sequence[Entry], at: datetime) -> None:
        """Journal intents durably, before the calls that carry them out (not for a ledger: see `record`)."""
        ...

    def accept(self, run_id: str, entries: Sequence[Entry], at: datetime) -> None:
        """Journal durably that a provider works on what was intended, with the token of each; they stay open."""
        ...

    def keep_observations(self, observed: Sequence[ObservedAccount], began: datetime | None = None) -> None:
        """Keep what was observed, instead of what was kept of those accounts before; the serial does not move.

        Of an incomplete one just what was read is replaced; one in trouble leaves what is kept as it is. With the
        instant at which the look `began`, whatever somebody read later than that stays: it is newer.
        """
        ...

    def record(self, run_id: str, entries: Sequence[Entry], at: datetime) -> int:
        """Rows, serial and outcomes in one transaction; answers the new serial. Closes the operations' open intents."""
        ...

    def finish(self, run_id: str, at: datetime, bookkeeping: Bookkeeping) -> None:
        """The run is over; what it is to leave behind is kept, with accounts written to and pairs declared."""
        ...

    def set_freeze(self, run: Run, freeze: Freeze | None) -> None:
        """Freeze, or thaw with None; journaled with the run that did it."""
        ...

    def freeze(self) -> Freeze | None:
        """The freeze in force or past, read anew."""
        ...

    def describe_holder(self, holder: Holder | None) -> None:
        """Write down who holds the lease, for others to be told; None once it is let go."""
        ...


@dataclass(frozen=True, slots=True)
class Bookkeeping:
    """What a finished run leaves beside its rows; everything empty changes nothing."""

    safety: Mapping[str, object] | None = None
    """Record these limits and overrides; None leaves the recorded ones."""
    accounts: Mapping[str, tuple[str, str | None]] = field(default_factory=dict)
    """Accounts to record with provider and tenant where they are not recorded yet."""
    declared: frozenset[SubscriptionKey] = frozenset()
    """Records to mark as having a declared pair."""
    as_of: datetime | None = None


class Lease(Protocol):
    """The exclusive right to write to a store, for the life of a run; the kernel frees it when the process dies."""

    def hold(self) -> AbstractContextManager[None]:
        """Take it, waiting as long as the lock timeout says; raises LeaseHeld naming who has it."""
        ...


class Recorder(Protocol):
    """Whoever keeps an account's records as our own rows: intent, effect and outcome are one transaction."""

    @property
    def name(self) -> str:
        """What `provider:` in the settings calls it."""
        ...

    def execute(self, change: Change, row: StoredSubscription | None, operation_id: str, now: datetime) -> Outcome:
        """The record that the change leaves. An expected failure is an Outcome, never raised."""
        ...


class Desk(Protocol):
    """Whoever has people make an account's changes: it issues a task for each, and never calls one done."""

    @property
    def name(self) -> str:
        """What `provider:` in the settings calls it."""
        ...

    def issue(self, account: AccountSettings, change: Change, row: StoredSubscription, run: Run) -> Accepted:
        """The task, as the token of what was accepted."""
        ...


class Reader(Protocol):
    """The reading half of an outside provider, signed in for one account: all that planning gets.

    Each method makes one request, or as few as its page says, never retries, sleeps or paces itself, and raises
    ProviderTrouble where it cannot answer: Throttled and Unreachable are asked again by the engine.
    """

    @property
    def pace(self) -> Pace:
        """The provider's published limits."""
        ...

    def check(self) -> None:
        """Raise WrongTenant, SignInFailed or RoleTooWeak unless who is signed in is who the account pins."""
        ...

    def observe(self, cursor: str | None) -> Page:
        """One page of everything there is, from the first (None) on. Half a page is Malformed, never a short one."""
        ...

    def get(self, id: str) -> ObservedSubscription | None:
        """One subscription as it is now; None only where the provider says that it has none of that id."""
        ...

    def whoami(self) -> Identity:
        """Who is signed in, and what they may and may not do; asks for nothing else."""
        ...

    def close(self) -> None:
        """Let go of connections."""
        ...


class Writer(Reader, Protocol):
    """Both halves. A verb is a method of its own, so that none can be carried out as another; none of them retries.

    Each sends one order at most once. What was surely refused is Rejected, what is not sure is Ambiguous, and neither
    is raised; ProviderTrouble may be raised only where nothing was sent.
    """

    @property
    def idempotent(self) -> bool:
        """Whether an order that is sent again with its operation id has no second effect, whatever became of it."""
        ...

    @property
    def settles_within(self) -> float:
        """Seconds after which a read shows what became of any order."""
        ...

    def turn_on_recurring(self, order: Order) -> Answer:
        """Recurring billing on."""
        ...

    def turn_off_recurring(self, order: Order) -> Answer:
        """Recurring billing off; nothing is cancelled."""
        ...

    def cancel_at_renewal(self, order: Order) -> Answer:
        """It ends with its term. Can never end it before."""
        ...

    def undo_cancel(self, order: Order) -> Answer:
        """The pending cancellation is taken back; recurring as the order's change has it."""
        ...

    def cancel_now(self, order: Order) -> Answer:
        """It ends at once. Nothing else may do that."""
        ...

    def reactivate(self, order: Order) -> Answer:
        """An ended one is brought back."""
        ...

    def poll(self, token: str) -> Answer:
        """What became of what was accepted; Accepted as long as it is under way."""
        ...


@dataclass(frozen=True, slots=True)
class Opening:
    """What an outside provider is opened with for one account."""

    account: AccountSettings
    secret: Callable[[str], Secret | None]
    """The secret of that slot, from the environment or a file; None where there is none."""
    endpoint: str | None = None
    """Where to ask instead of the vendor's own address, from the operator's environment: https, or loopback."""
    sign_in: str | None = None
    """How a person signs in, from the environment: `device-code` or `browser`; None: by the default chain."""


class Provider(Protocol):
    """An outside provider, as the entry-point group `reconciler.providers` names it: opens its two halves.

    Loading it must not import its SDK: opening does, and raises ExtraMissing where that is not installed.
    """

    api_version: int
    """Of these ports: 1."""
    name: str
    """What `provider:` in the settings calls it."""
    lifecycle: str
    """The policy that says what follows the end of a term, where the account names none."""
    options: Mapping[str, str]
    """Every key that `options:` of an account may have, and what it means."""
    required: tuple[str, ...]
    """Those of them that it cannot do without; `tenant` may be among them."""
    secrets: tuple[str, ...]
    """The slots of the secrets that it may ask for."""

    def reader(self, opening: Opening) -> Reader:
        """The reading half."""
        ...

    def writer(self, opening: Opening) -> Writer:
        """Both halves, signed in with the identity that may write."""
        ...


class StorePlace(Protocol):
    """Where a store is kept: a file, a server. Nothing is opened before it is asked for."""

    @property
    def name(self) -> str:
        """As messages name it; no secret."""
        ...

    @property
    def file(self) -> str | None:
        """The path of the file that it is; None where it is none."""
        ...

    def there(self) -> bool:
        """Whether anything stands where the store should; what cannot be looked at is an error, never absence."""
        ...

    def reader(self) -> StateReader | None:
        """The store, read-only by construction; None where there is none yet."""
        ...

    def store(self) -> Store | None:
        """The store for writing, under a lease that is held; None where there is none."""
        ...

    def create(self, lineage: str) -> Store:
        """A store where none is yet, to be called under the lease."""
        ...

    def lease(self, timeout: float) -> Lease:
        """The exclusive right to write to it, waiting that many seconds for another run to end."""
        ...

    def check(self, pinned: str | None) -> list[Diagnostic]:
        """Everything that is wrong with the store; writes nothing. `pinned` is the lineage it should have, if any."""
        ...

    def export(self) -> Iterator[bytes]:
        """The whole store as deterministic JSON lines, a consistent picture; StoreError `no-store` where there is none.

        The same store makes the same bytes wherever it is kept.
        """
        ...

    def take_in(self, lines: Iterable[bytes], digest: str | None = None) -> None:
        """A store made of exported lines, where none is yet: all of it, or nothing. To be called under the lease.

        With `digest`, the SHA-256 of all lines, what was stored is read back and compared before it counts.
        """
        ...

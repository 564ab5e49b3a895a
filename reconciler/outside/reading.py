"""Looks at outside accounts: lists, page by page, and what is on no page one by one; what cannot be read is a value.

Only reads. One account's trouble never stops another's, and a failed read is never absence.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, Future
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from queue import SimpleQueue
from threading import Event

from reconciler.errors import (
    ExtraMissing,
    Malformed,
    ProviderTrouble,
    RoleTooWeak,
    SignInFailed,
    Throttled,
    WrongTenant,
)
from reconciler.observed import ObservedAccount, ObservedSubscription, Obstacle, Page, Unreadable
from reconciler.outside.asking import Asker, anything, broken, legible, nonsense, obstacle
from reconciler.outside.pacing import Pacers, interrupted
from reconciler.outside.timing import Timing
from reconciler.ports import Reader
from reconciler.settings import AccountSettings

ITEMS = 1_000_000
"""More subscriptions than that in one account are no estate, but a list that never ends."""
GROUPS = 16
"""So many sign-ins are used at once, at most."""
LOST = 3
"""After so many questions in a row without an answer, no more are asked of an account."""

_HOPELESS = (SignInFailed, RoleTooWeak, WrongTenant, ExtraMissing, Throttled)
"""After these, asking one by one can only fail the same way."""


_Get = Callable[[], None]
"""Asks for one subscription."""
_Job = Callable[[], list[_Get]]
"""Something done in the pool, and what is to be done after it."""


@dataclass(frozen=True, slots=True)
class Ask:
    """One account to be looked at."""

    account: AccountSettings
    ids: frozenset[str]
    """The declared and the stored ones: each is known afterwards, or why it is not."""
    open: Callable[[], Reader]
    """Signed in for planning. Called once; its methods are called from several threads at once."""
    listing: bool = True
    """Ask for everything there is; False: for the ids alone."""


def observe_accounts(
    asks: Sequence[Ask],
    timing: Timing,
    stop: Callable[[], bool] = lambda: False,
    progress: Callable[[int, int], None] = lambda done, total: None,
    pacers: Pacers | None = None,
) -> dict[str, ObservedAccount]:
    """What each account shows, by its name and in the order asked for.

    `stop` is asked from several threads; `progress` is told in the calling one how many accounts are behind us, of how
    many. Hand in the `pacers` of a later write, so that both keep one pace. Raises Interrupted.
    """
    groups: dict[str, list[Ask]] = {}
    for ask in asks:
        groups.setdefault(ask.account.group, []).append(ask)
    if not groups:
        return {}
    stopping = Event()
    means = _Means(timing, pacers or Pacers(timing), lambda: stopping.is_set() or stop())
    seen: dict[str, ObservedAccount] = {}
    done: SimpleQueue[ObservedAccount | None] = SimpleQueue()
    with timing.pool(min(GROUPS, len(groups))) as pool:
        leaders = [pool.submit(_look_at_group, members, means, done) for members in groups.values()]
        try:
            for account in _each(done, len(leaders)):
                seen[account.account] = account
                progress(len(seen), len(asks))
        except BaseException:
            stopping.set()  # Ctrl-C in a dry run: nobody is waited for longer than one question
            raise
    for leader in leaders:
        leader.result()
    return {ask.account.name: seen[ask.account.name] for ask in asks}


@dataclass(frozen=True, slots=True)
class _Means:
    timing: Timing
    pacers: Pacers
    stop: Callable[[], bool]


def _each(done: SimpleQueue[ObservedAccount | None], leaders: int) -> Iterator[ObservedAccount]:
    """Every account as it is done; a leader that has come to its end says None."""
    while leaders:
        account = done.get()
        if account is None:
            leaders -= 1
        else:
            yield account


def _look_at_group(asks: Sequence[Ask], means: _Means, done: SimpleQueue[ObservedAccount | None]) -> None:
    try:
        _Group(asks, means, done.put).look()
    finally:
        done.put(None)


@dataclass(slots=True)
class _Look:
    """One account while it is looked at: by one job, and then by one for each id that is on no page."""

    ask: Ask
    means: _Means
    reader: Reader | None = None
    asker: Asker | None = None
    items: dict[str, ObservedSubscription | Obstacle] = field(default_factory=dict)
    absent: set[str] = field(default_factory=set)
    trouble: Obstacle | None = None
    broken_off: ProviderTrouble | None = None
    listed: bool = False
    unanswered: int = 0
    """So many questions in a row, one by one, without an answer."""

    def open(self) -> None:
        """Sign in, unless that was tried before."""
        if self.reader is not None or self.trouble is not None:
            return
        try:
            self.reader = self.ask.open()
            pacer = self.means.pacers.of(self.ask.account.group, self.reader.pace)
            self.asker = Asker(pacer, self.means.timing, self.means.stop)
        except ProviderTrouble as trouble:
            self.trouble = obstacle(trouble)
        except Exception as error:  # noqa: BLE001 - whatever a provider raises is its trouble, and not our crash
            self.trouble = obstacle(broken(error, "being opened"))

    def begin(self) -> list[_Get]:
        """Check who is signed in, then read the list; a job for each id that is still to be asked for."""
        self.open()
        if self.reader is None or self.asker is None:
            return []
        reader = self.reader
        try:
            self.asker.read(reader.check, anything, "asked who is signed in")
        except ProviderTrouble as trouble:
            self.trouble = obstacle(trouble)
            return []
        if self.ask.listing:
            try:
                self._list(self.asker, reader)
                self.listed = True
            except ProviderTrouble as trouble:
                self.broken_off = trouble
        missing = sorted(self.ask.ids - self.items.keys())
        if not isinstance(self.broken_off, _HOPELESS):
            return [partial(self._get, self.asker, reader, id) for id in missing]
        self.items |= dict.fromkeys(missing, obstacle(self.broken_off))
        return []

    def _list(self, asker: Asker, reader: Reader) -> None:
        cursor: str | None = None
        cursors: set[str] = set()
        count = 0
        while True:
            page = asker.read(partial(reader.observe, cursor), _is_page, "asked for its list")
            for item in page.items:
                self._take(item)
            count += len(page.items)
            cursor = page.cursor
            if cursor is None:
                return
            if cursor in cursors or count > ITEMS:
                said = "the pages of its list lead in a circle" if cursor in cursors else "its list does not end"
                raise Malformed("malformed-answer", said, "run again; if it stays so, report it to the provider")
            cursors.add(cursor)

    def _take(self, item: object) -> None:
        match item:
            case ObservedSubscription(id=id):
                found: ObservedSubscription | Obstacle = legible(item)
            case Unreadable(id=id, why=found):
                pass
            case _:
                raise nonsense(item, "in its list")
        known = self.items.setdefault(id, found)
        if known is not found and known != found:
            said = "its provider's list shows it twice, and not alike"
            self.items[id] = Obstacle("duplicate-id", said, "run again; if it stays so, report it to the provider")

    def _get(self, asker: Asker, reader: Reader, id: str) -> None:
        """Ask for one that is on no page: that proves nothing yet."""
        if self.unanswered >= LOST:
            self.items[id] = Obstacle("unreachable", "its provider has stopped answering", "run again later")
            return
        seen = asker.get(reader, id)
        if seen is None:
            self.absent.add(id)
        else:
            self.items[id] = seen
        lost = isinstance(seen, Obstacle) and seen.code == "unreachable"
        self.unanswered = self.unanswered + 1 if lost else 0

    def close(self) -> None:
        """Let go of the reader, once; what that raises changes nothing of what was seen."""
        reader, self.reader = self.reader, None
        if reader is not None:
            with suppress(Exception):
                reader.close()

    def result(self) -> ObservedAccount:
        """What is known of it now."""
        seen = {id: item for id, item in self.items.items() if isinstance(item, ObservedSubscription)}
        unreadable = {id: item for id, item in self.items.items() if isinstance(item, Obstacle)}
        broken_off = obstacle(self.broken_off) if self.broken_off is not None else None
        nothing = not (seen or self.absent or unreadable.keys() - self.ask.ids)
        return ObservedAccount(
            self.ask.account.name,
            self.means.timing.now(),
            subscriptions=seen,
            unreadable=unreadable,
            absent=frozenset(self.absent),
            complete=self.listed,
            trouble=self.trouble or (broken_off if nothing else None),
            broken_off=broken_off,
        )


@dataclass(slots=True)
class _Group:
    """The accounts of one sign-in, some at a time: each is opened, listed, asked for the rest, and closed."""

    asks: Sequence[Ask]
    means: _Means
    tell: Callable[[ObservedAccount], None]
    jobs: dict[Future[list[_Get]], _Look] = field(default_factory=dict)
    finished: SimpleQueue[Future[list[_Get]]] = field(default_factory=SimpleQueue)
    left: dict[str, int] = field(default_factory=dict)
    """By account: so many of its jobs are under way or waiting."""

    def look(self) -> None:
        """All of them, until told to stop; raises Interrupted then."""
        looks = iter([_Look(ask, self.means) for ask in self.asks])
        first = self._first(looks)
        if first is None or first.asker is None:
            return
        threads = max(1, first.asker.pacer.pace.threads)
        try:
            with self.means.timing.pool(threads) as pool:
                self._start(pool, first, first.begin)
                try:
                    self._work(pool, looks, threads)
                finally:
                    for job in self.jobs:
                        job.cancel()
        finally:
            for look in self.jobs.values():
                look.close()

    def _first(self, looks: Iterator[_Look]) -> _Look | None:
        """The first that can be opened, and so tells the pace; those before it are done."""
        for look in looks:
            if self.means.stop():
                raise interrupted()
            look.open()
            if look.reader is not None and look.asker is not None:
                return look
            look.close()
            self.tell(look.result())
        return None

    def _work(self, pool: Executor, looks: Iterator[_Look], threads: int) -> None:
        while self.jobs:
            self._finish(pool, self.finished.get())
            while len(self.left) < threads and (look := next(looks, None)) is not None:
                self._start(pool, look, look.begin)

    def _start(self, pool: Executor, look: _Look, job: _Job) -> None:
        name = look.ask.account.name
        self.left[name] = self.left.get(name, 0) + 1
        future = pool.submit(job)
        self.jobs[future] = look
        future.add_done_callback(self.finished.put)

    def _finish(self, pool: Executor, job: Future[list[_Get]]) -> None:
        missing = job.result()
        look = self.jobs.pop(job)
        for get in missing:
            self._start(pool, look, partial(_alone, get))
        name = look.ask.account.name
        self.left[name] -= 1
        if not self.left[name]:
            del self.left[name]
            look.close()
            self.tell(look.result())


def _alone(get: _Get) -> list[_Get]:
    get()
    return []


def _is_page(answer: object) -> bool:
    return isinstance(answer, Page)

"""Drives many changes at once: worker threads ask, and the calling thread alone journals, many changes in one commit.

It decides who starts when: accounts and subscriptions in the order given, no more under way than a group's pace can
carry, one at a time for each subscription. Must not know what a change is about.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor
from contextlib import suppress
from dataclasses import dataclass, field, replace
from math import ceil
from queue import Empty, SimpleQueue
from typing import assert_never

from reconciler.answers import Pace
from reconciler.errors import ProviderTrouble, StoreError
from reconciler.journal import Entry, Outcome, OutcomeKind
from reconciler.observed import Obstacle
from reconciler.outside.asking import Asker, anything, broken, obstacle
from reconciler.outside.ending import Ending, Making, failed, skipped, unknown
from reconciler.outside.errands import Errand, Scribe
from reconciler.outside.pacing import Pacers
from reconciler.outside.timing import Timing
from reconciler.ports import Writer
from reconciler.settings import AccountSettings

THREADS = 256
"""At most so many in all."""
EARLIER_FAILED = "an earlier change of this subscription failed"


@dataclass(slots=True)
class _Account:
    """One account: its writer once it is open, or why it is of no use."""

    open: Callable[[], Writer]
    unfinished: int = 0
    opening: bool = False
    writer: Writer | None = None
    asker: Asker | None = None
    stopped: Obstacle | None = None
    waiting: list[int] = field(default_factory=list)
    """Errands that wait for it to be opened."""


@dataclass(slots=True)
class _Group:
    """Accounts of one sign-in, and how many of their errands may be under way."""

    waiting: deque[int] = field(default_factory=deque)
    nearing: int = 0
    """Before their order, or right after it."""
    sent: int = 0
    """Those that now only take their time."""
    pace: Pace | None = None

    @property
    def room(self) -> bool:
        """Whether one more may start. What was read before a write must not grow old while that waits for its turn."""
        if self.pace is None:
            return self.nearing == 0
        threads = max(1, self.pace.threads)
        return self.nearing < min(2 * threads, max(2, ceil(self.pace.writes))) and self.sent < 8 * threads


@dataclass(frozen=True, slots=True)
class _Opened:
    name: str
    writer: Writer | None
    asker: Asker | None
    trouble: Obstacle | None


@dataclass(frozen=True, slots=True)
class _Yielded:
    index: int
    entry: Entry | None


@dataclass(frozen=True, slots=True)
class _Ended:
    index: int
    ending: Ending


_Event = _Opened | _Yielded | _Ended | BaseException


@dataclass(slots=True)
class Drive:
    """One run over all errands: `run` once."""

    errands: Sequence[Errand]
    scribe: Scribe
    timing: Timing
    stop: Callable[[], bool]
    progress: Callable[[int, int], None]
    pacers: Pacers
    endings: dict[int, Ending] = field(default_factory=dict)
    events: SimpleQueue[_Event] = field(default_factory=SimpleQueue)
    makings: dict[int, Making] = field(default_factory=dict)
    intended: set[int] = field(default_factory=set)
    sent: set[int] = field(default_factory=set)
    under_way: int = 0
    """Jobs in the pool whose event has not come yet."""
    accounts: dict[str, _Account] = field(default_factory=dict)
    groups: dict[str, _Group] = field(default_factory=dict)
    chains: dict[tuple[str, str], deque[int]] = field(default_factory=dict)
    """By subscription: the errands that are still to come, the first of them under way or about to be."""
    halted: bool = False
    broken: StoreError | None = None

    def run(self) -> Mapping[int, Ending]:
        """What became of each, by its place among the errands."""
        self._line_up()
        if not self.errands:
            return self.endings
        with self.timing.pool(min(THREADS, 32 * len(self.groups))) as pool:
            while len(self.endings) < len(self.errands):
                self._start(pool)
                if self.under_way:
                    self._handle(pool, self._ready())
        return self.endings

    def _line_up(self) -> None:
        for index, errand in enumerate(self.errands):
            account = self.accounts.setdefault(errand.account.name, _Account(errand.open))
            account.unfinished += 1
            if errand.begun:
                self.intended.add(index)
            chain = self.chains.setdefault((errand.account.name, errand.subject), deque())
            chain.append(index)
            if len(chain) == 1:
                self.groups.setdefault(errand.account.group, _Group()).waiting.append(index)

    def _group(self, index: int) -> _Group:
        return self.groups[self.errands[index].account.group]

    def _account(self, index: int) -> _Account:
        return self.accounts[self.errands[index].account.name]

    def _may_begin(self) -> bool:
        """Ask once more whether to go on; once halted, it stays so."""
        if not self.halted:
            try:
                self.halted = self.scribe.halted()
            except StoreError as error:
                self._break(error)
        return not self.halted

    def _hurried(self) -> bool:
        """Asked in every long wait, by any thread; what a broken store cannot take down is not worth a long one."""
        return self.broken is not None or self.stop()

    def _break(self, error: StoreError) -> None:
        self.broken, self.halted = error, True

    def _halt_ending(self) -> Ending:
        return skipped(None, self.broken.message if self.broken is not None else None)

    def _start(self, pool: Executor) -> None:
        """Start what there is room for; of those halted, all that has not begun is over."""
        ready = [group for group in self.groups.values() if group.waiting and (self.halted or group.room)]
        if ready:
            self._may_begin()
        for group in ready:
            while group.waiting and (self.halted or group.room):
                index = group.waiting.popleft()
                account = self._account(index)
                if self.halted:
                    self._end(index, self._halt_ending(), counted=False)
                elif (why := account.stopped) is not None:
                    self._end(index, skipped(why.code, why.detail, hint=why.hint), counted=False)
                else:
                    group.nearing += 1
                    self._begin(pool, index, account)

    def _begin(self, pool: Executor, index: int, account: _Account) -> None:
        if account.writer is not None and account.asker is not None:
            self.makings[index] = self.errands[index].begin(account.writer, account.asker)
            self._go_on(pool, index)
            return
        account.waiting.append(index)
        if not account.opening:
            account.opening = True
            self._submit(pool, lambda: self._open(self.errands[index].account, account))

    def _submit(self, pool: Executor, job: Callable[[], _Event]) -> None:
        self.under_way += 1
        pool.submit(lambda: self.events.put(_caught(job)))

    def _go_on(self, pool: Executor, index: int) -> None:
        making = self.makings[index]

        def job() -> _Event:
            try:
                return _Yielded(index, next(making))
            except StopIteration as over:
                return _Ended(index, over.value)

        self._submit(pool, job)

    def _open(self, settings: AccountSettings, account: _Account) -> _Opened:
        """Sign in and check who that is, before anything else."""
        writer = None
        try:
            writer = account.open()
            asker = Asker(self.pacers.of(settings.group, writer.pace), self.timing, self._hurried)
            asker.finishing().read(writer.check, anything, "asked who is signed in")
        except ProviderTrouble as trouble:
            return _Opened(settings.name, writer, None, obstacle(trouble))
        except Exception as error:  # noqa: BLE001 - whatever a provider raises is its trouble, and not our crash
            return _Opened(settings.name, writer, None, obstacle(broken(error, "being opened")))
        return _Opened(settings.name, writer, asker, None)

    def _ready(self) -> list[_Event]:
        """All that has happened, at least one thing."""
        found = [self.events.get()]
        with suppress(Empty):
            while True:
                found.append(self.events.get_nowait())
        self.under_way -= len(found)
        return found

    def _handle(self, pool: Executor, events: Sequence[_Event]) -> None:
        entries: dict[OutcomeKind, dict[int, Entry]] = {OutcomeKind.INTENDED: {}, OutcomeKind.ACCEPTED: {}}
        over: dict[int, Ending] = {}
        for event in events:
            match event:
                case BaseException():
                    raise event
                case _Opened():
                    self._opened(pool, event)
                case _Ended(index, ending):
                    over[index] = ending
                case _Yielded(index, entry):
                    if entry is not None:
                        entries[entry.outcome.kind][index] = entry
                    else:
                        self._take_time(index)
                        self._go_on(pool, index)
                case _:  # pragma: no cover - mypy proves it unreachable
                    assert_never(event)
        self._record(over)
        self._intend(pool, entries[OutcomeKind.INTENDED])
        self._accept(pool, entries[OutcomeKind.ACCEPTED])

    def _opened(self, pool: Executor, event: _Opened) -> None:
        account = self.accounts[event.name]
        waiting, account.waiting = account.waiting, []
        if event.trouble is None and event.writer is not None:
            account.writer, account.asker = event.writer, event.asker
            group = self._group(waiting[0])
            group.pace = group.pace or event.writer.pace
            for index in waiting:
                self._begin(pool, index, account)
            return
        if event.writer is not None:
            _close(event.writer)
        why = account.stopped = event.trouble or Obstacle("provider-broken", "it could not be opened")
        for number, index in enumerate(waiting):
            end = failed if number == 0 else skipped
            ending = end(why.code, why.detail, hint=why.hint)
            if ending.journaled and not self.errands[index].begun:
                self._record({index: ending})
            else:
                self._end(index, replace(ending, journaled=False))

    def _take_time(self, index: int) -> None:
        """It was sent: others may come near, while it is waited for."""
        if index not in self.sent:
            self.sent.add(index)
            group = self._group(index)
            group.nearing -= 1
            group.sent += 1

    def _intend(self, pool: Executor, entries: Mapping[int, Entry]) -> None:
        """One commit for all that are about to be sent; of those halted, none is."""
        if not entries:
            return
        ending = None
        if not self._may_begin():
            ending = self._halt_ending()
        else:
            try:
                self.scribe.intend(list(entries.values()))
            except StoreError as error:
                self._break(error)
                ending = replace(failed(error.code, error.message), journaled=False)
        for index in entries:
            if ending is not None:
                self._end(index, ending)
            else:
                self.intended.add(index)
                self._go_on(pool, index)

    def _accept(self, pool: Executor, entries: Mapping[int, Entry]) -> None:
        if not entries:
            return
        self.intended |= entries.keys()
        if self.broken is None:
            try:
                self.scribe.accept(list(entries.values()))
            except StoreError as error:
                self._break(error)
        for index, entry in entries.items():
            if self.broken is not None:
                self._end(index, unknown("outcome-unknown", self.broken.message, entry.outcome.token, ""))
            else:
                self._take_time(index)
                self._go_on(pool, index)

    def _record(self, over: Mapping[int, Ending]) -> None:
        """One commit for all that is over; what the store cannot take down stays as unknown as it was."""
        entries = [
            replace(self.errands[index].entry, outcome=ending.outcome)
            for index, ending in over.items()
            if ending.journaled
        ]
        if entries and self.broken is None:
            try:
                self.scribe.record(entries)
            except StoreError as error:
                self._break(error)
        for index, ending in over.items():
            self._end(index, ending if self.broken is None else self._untold(index, ending, self.broken))

    def _untold(self, index: int, ending: Ending, error: StoreError) -> Ending:
        """What is left of an ending that the store did not take down."""
        if not ending.journaled:
            untried = ending.outcome.kind is OutcomeKind.SKIPPED and ending.outcome.error is None
            return self._halt_ending() if untried else ending
        if index in self.intended:
            return replace(unknown("outcome-unknown", error.message, hint=""), stops=ending.stops)
        if ending.outcome.kind is OutcomeKind.SUCCEEDED:
            return replace(failed(error.code, error.message), journaled=False)
        return replace(ending, journaled=False)

    def _end(self, index: int, ending: Ending, *, counted: bool = True) -> None:
        """It is over: others of its subscription come next, or are skipped with it."""
        self.endings[index] = ending
        errand, account, group = self.errands[index], self._account(index), self._group(index)
        making = self.makings.pop(index, None)
        if making is not None:
            making.close()
        if index in self.sent:
            group.sent -= 1
        elif counted:
            group.nearing -= 1
        account.stopped = account.stopped or ending.stops
        account.unfinished -= 1
        if not account.unfinished and account.writer is not None:
            _close(account.writer)
        self.progress(len(self.endings), len(self.errands))
        chain = self.chains[(errand.account.name, errand.subject)]
        chain.popleft()
        if chain and ending.outcome.kind is OutcomeKind.SUCCEEDED:
            group.waiting.appendleft(chain[0])
        elif chain:
            self._end(chain[0], Ending(Outcome(OutcomeKind.SKIPPED, error=EARLIER_FAILED), False), counted=False)


def _caught(job: Callable[[], _Event]) -> _Event:
    """Our own bug in a worker is raised where the engine was called."""
    try:
        return job()
    except BaseException as error:  # noqa: BLE001 - raised again there
        return error


def _close(writer: Writer) -> None:
    with suppress(Exception):
        writer.close()

"""A discrete simulation of workers that carry out changes at providers: rate limits, latency, processors, kills.

It speaks to nobody, and the same setting gives the same figures on every machine. What it takes for granted is in
`Cost` and `Setting`; what it leaves out: the network between worker and store, and answers that never come.
"""

from __future__ import annotations

import heapq
from collections import Counter, deque
from collections.abc import Generator, Iterator
from dataclasses import dataclass, field
from math import ceil, inf
from random import Random
from typing import Final

from reconciler.shards import LARGEST, SMALLEST

Course = Generator[float, None, None]
"""Something that goes on: it yields the seconds until its next step; `inf` until somebody wakes it."""
SEED: Final = 20261123


@dataclass(frozen=True, slots=True)
class Cost:
    """Processor seconds of one change, and what else it waits for; see docs/scaling.md for where each is from."""

    worker: float = 0.0046
    """In the worker, under one interpreter lock."""
    server: float = 0.0039
    """In PostgreSQL, of two commits."""
    vendor: float = 0.0015
    """At the vendor, where that runs on the same machine."""
    commit: float = 0.0007
    """Seconds until one commit is on the disk."""
    turn: float = 0.0025
    """Of each commit of outcomes, the seconds for which it keeps all others out: they count up one number."""
    start: float = 1.0
    """Of the processor, to start a worker."""


@dataclass(frozen=True, slots=True)
class Setting:
    """What is to be carried out, by whom, and where."""

    changes: int
    workers: int = 1
    sign_ins: int = 1
    reads: float = 1000.0
    """A second, for each sign-in; each change is two reads and one write."""
    writes: float = 1000.0
    threads: int = 2
    """Requests at once, of each worker."""
    latency: float = 0.02
    cores: int = 2
    """Of the one machine that all of it runs on; 0: each has enough of its own."""
    others: float = 0.0
    """Of these, what other programs kept busy: everything takes so much longer."""
    cost: Cost = Cost()
    shard: int = 0
    """Changes in a shard; 0: as many as `reconciler.shards.cut` puts there."""
    in_turns: bool = True
    """Whether the shards of the sign-ins are handed out in turns, or one sign-in after the other."""
    killed_every: float = inf
    """Seconds between two workers' ends by kill -9, the oldest first; another one is started at once."""
    recovery: float = 3.0
    """Seconds after which the shard of a dead worker is handed out again."""
    settles: bool = True
    """What a dead worker had begun is read before it is sent again. False: as a queue without a journal would do."""


@dataclass(frozen=True, slots=True)
class Found:
    """What came of it, as the vendor's ledger tells."""

    seconds: float
    """From the first effect to the last."""
    effects: int
    lost: int
    doubled: int
    kills: int
    steady: float
    """Outcomes a second, between a tenth and seven tenths of them: a sample's ends are no part of it."""

    @property
    def rate(self) -> float:
        """Changes a second."""
        return self.effects / self.seconds if self.seconds else inf


class Clock:
    """Time, and what is to happen: the steps of courses, in the order of their instants."""

    def __init__(self) -> None:
        self.now = 0.0
        self._due: list[tuple[float, int, Course, Life | None]] = []
        self._count = 0

    def begin(self, course: Course, life: Life | None = None, after: float = 0.0) -> None:
        """Let a course go on after so many seconds, unless the life that it belongs to has ended by then."""
        self._count += 1
        heapq.heappush(self._due, (self.now + after, self._count, course, life))

    def run(self) -> None:
        """Until nothing is left to happen."""
        while self._due:
            self.now, _, course, life = heapq.heappop(self._due)
            if life is None or life.alive:
                rest = next(course, None)
                if rest is not None and rest != inf:
                    self.begin(course, life, rest)


@dataclass(slots=True)
class Life:
    """Of one worker: with it ends all that it was doing."""

    alive: bool = True


class Line:
    """Turns of a rate, or the servers of a queue: each comes in the order in which it was asked for."""

    def __init__(self, clock: Clock, places: int = 1) -> None:
        self._clock = clock
        self._free = [0.0] * places

    def take(self, seconds: float) -> tuple[float, float]:
        """How long from now until it begins, and until it ends."""
        begin = max(self._clock.now, heapq.heappop(self._free))
        heapq.heappush(self._free, begin + seconds)
        return begin - self._clock.now, begin + seconds - self._clock.now


class World:
    """All that the workers share: vendor, store, machine, and the shards that are left."""

    def __init__(self, setting: Setting) -> None:
        self.setting = setting
        self.clock = Clock()
        self.cores = Line(self.clock, setting.cores) if setting.cores else None
        self.journal = Line(self.clock)
        """Who commits outcomes, one at a time."""
        self.lines = [(Line(self.clock), Line(self.clock)) for _ in range(setting.sign_ins)]
        self.effects: Counter[int] = Counter()
        self.at: list[float] = []
        self.over: dict[int, float] = {}
        """When the journal had the outcome of each change."""
        self.begun: set[int] = set()
        """The journal has an intent."""
        self.shards = deque(_shards(setting))
        self.workers: list[Worker] = []
        """Those that were not killed, the oldest first."""
        self.kills = 0

    def busy(self, seconds: float) -> float:
        """How long until so much processor time was had."""
        setting = self.setting
        if self.cores is None:
            return seconds
        return self.cores.take(seconds * setting.cores / (setting.cores - setting.others))[1]

    def effect(self, change: int) -> Course:
        """The vendor carries an order out; whoever sent it may be dead by then."""
        self.effects[change] += 1
        self.at.append(self.clock.now)
        yield from ()


def _shards(setting: Setting) -> Iterator[tuple[int, list[int]]]:
    """With the sign-in of each."""
    heaps = [range(number, setting.changes, setting.sign_ins) for number in range(setting.sign_ins)]
    size = setting.shard or min(LARGEST, max(SMALLEST, ceil(len(heaps[0]) / 64)))
    found = [
        (first if setting.in_turns else 0, number, first)
        for number, heap in enumerate(heaps)
        for first in range(0, len(heap), size)
    ]
    for _, number, first in sorted(found):
        yield number, list(heaps[number][first : first + size])


@dataclass
class Worker:
    """A process: one shard at a time, several changes of it at once, and one thread that journals for them all."""

    world: World
    life: Life = field(default_factory=Life)
    ready: bool = False
    shard: tuple[int, list[int]] | None = None
    left: deque[int] = field(default_factory=deque)
    under_way: int = 0
    free: int = 0
    """Requests that may be begun."""
    waiting: deque[Course] = field(default_factory=deque)
    """For one of them."""
    entries: list[tuple[bool, int, Course | None]] = field(default_factory=list)
    """To be journaled: whether it is an outcome, of which change, and who waits for that."""
    writing: bool = False

    def __post_init__(self) -> None:
        self.free = self.world.setting.threads
        self.lock = Line(self.world.clock)

    def born(self) -> Course:
        """Start, in slices of a processor's time."""
        for _ in range(100):
            yield self.world.busy(self.world.setting.cost.start / 100)
        self.ready = True
        self.next_shard()

    def next_shard(self) -> None:
        """Take what is left, if anything is; without, wait for what comes back from the dead."""
        if not self.ready or self.under_way:
            return
        self.shard = None
        while self.world.shards and not self.under_way:
            self.shard = self.world.shards.popleft()
            self.left = deque(change for change in self.shard[1] if change not in self.world.over)
            self._fill()

    def _fill(self) -> None:
        """As many changes under way as the pace is worth: the engine's own rule."""
        setting = self.world.setting
        room = min(2 * setting.threads, max(2, ceil(setting.writes)))
        while self.left and self.under_way < room:
            self.under_way += 1
            change = self.left.popleft()
            held: list[Course] = []
            held.append(self._change(change, held))
            self.world.clock.begin(held[0], self.life)

    def _change(self, change: int, own: list[Course]) -> Course:
        """Its turn to write, a look, the intent, the order, a look, the outcome; what was begun is read first."""
        world = self.world
        assert self.shard is not None
        reads, writes = world.lines[self.shard[0]]
        gap_read, gap_write = 1 / world.setting.reads, 1 / world.setting.writes
        carried_out = False
        if change in world.begun and world.setting.settles:
            yield reads.take(gap_read)[0]
            yield from self._request(own[0])
            carried_out = bool(world.effects[change])
        if not carried_out:
            yield writes.take(gap_write)[0]
            yield reads.take(gap_read)[0]
            yield from self._request(own[0])
            yield from self._journal(False, change, own[0])
            yield from self._request(own[0], change)
            yield reads.take(gap_read)[0]
            yield from self._request(own[0])
        yield from self._journal(True, change, own[0])
        self.under_way -= 1
        self._fill()
        self.next_shard()

    def _request(self, own: Course, order: int | None = None) -> Course:
        """One of `threads` at once: a third of the change's processor time on both sides, and the latency."""
        world, cost = self.world, self.world.setting.cost
        if self.free:
            self.free -= 1
        else:
            self.waiting.append(own)
            yield inf  # until the place of another one is handed over
        yield from self._work(cost.worker / 5)
        if order is not None:
            world.clock.begin(world.effect(order), after=world.setting.latency)
        yield world.setting.latency
        yield world.busy(cost.vendor / 3) if world.cores else 0.0
        if self.waiting:
            world.clock.begin(self.waiting.popleft(), self.life)
        else:
            self.free += 1

    def _work(self, seconds: float) -> Course:
        """Processor time of this process: one thread at a time has it."""
        yield self.lock.take(seconds)[0]
        yield self.world.busy(seconds)

    def _journal(self, outcome: bool, change: int, own: Course) -> Course:
        """Wait until it is on the disk."""
        self.entries.append((outcome, change, own))
        if not self.writing:
            self.writing = True
            self.world.clock.begin(self._write(), self.life)
        yield inf

    def _write(self) -> Course:
        """All that has come together in one commit for each sort."""
        world, cost = self.world, self.world.setting.cost
        while self.entries:
            taken, self.entries = self.entries, []
            for outcome in (True, False):
                some = [entry for entry in taken if entry[0] is outcome]
                if not some:
                    continue
                yield from self._work(cost.worker / 5 * len(some))
                yield world.busy(cost.server / 2 * len(some))
                yield max(cost.commit, world.journal.take(cost.turn)[1]) if outcome else cost.commit
                for _, change, course in some:
                    if outcome:
                        world.over[change] = world.clock.now
                    else:
                        world.begun.add(change)
                    if course is not None:
                        world.clock.begin(course, self.life)
        self.writing = False


def simulated(setting: Setting, seed: int = SEED) -> Found:
    """Carry everything out, and ask the vendor's ledger what came of it."""
    world = World(setting)
    for _ in range(setting.workers):
        _start(world)
    if setting.killed_every < inf:
        world.clock.begin(_killing(world, Random(seed)))
    world.clock.run()
    doubled = sum(count - 1 for count in world.effects.values())
    lost = setting.changes - len(world.effects)
    over = list(world.over.values())
    low, high = len(over) // 10, len(over) * 7 // 10
    middle = over[high] - over[low]
    steady = (high - low) / middle if middle else inf
    return Found(world.at[-1] - world.at[0], len(world.effects), lost, doubled, world.kills, steady)


def _start(world: World) -> None:
    worker = Worker(world)
    world.workers.append(worker)
    world.clock.begin(worker.born(), worker.life)


def _killing(world: World, random: Random) -> Course:
    """The oldest one ends in the middle of what it does, and its shard comes back after a while."""
    while True:
        yield world.setting.killed_every * random.uniform(0.95, 1.05)
        if len(world.over) >= world.setting.changes * 0.9:
            return
        victim = world.workers.pop(0)
        victim.life.alive = False
        world.kills += 1
        if victim.shard is not None:
            world.clock.begin(_given_back(world, victim.shard), after=world.setting.recovery)
        _start(world)


def _given_back(world: World, shard: tuple[int, list[int]]) -> Course:
    world.shards.append(shard)
    for worker in world.workers:
        worker.next_shard()
    yield from ()

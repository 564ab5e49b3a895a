"""Carries a shard out: what a worker does between taking it from the book and ending it there (looks: `looking`).

The engine for outside providers does the work; here is what makes it one worker among many: the fence under which
everything is journaled, the heartbeat, and what becomes of the changes of a worker that died.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any, Final, cast

from reconciler.answers import Rejected
from reconciler.errors import StoreError
from reconciler.journal import Entry, OpenIntent, OutcomeKind
from reconciler.looking import See, look_at
from reconciler.looks import TakenLook
from reconciler.observed import ObservedAccount, ObservedSubscription
from reconciler.outside.making import SENT_WITHIN
from reconciler.outside.pacing import Pacers
from reconciler.outside.settling import Unsettled, settle
from reconciler.outside.timing import Timing
from reconciler.outside.writing import Step, carry_out
from reconciler.ports import Writer
from reconciler.queueing import ShardBook
from reconciler.settings import AccountSettings
from reconciler.shards import NOT_CARRIED_OUT, Piece, Taken, begun_anew

VERBS: Final = frozenset(
    {"turn_on_recurring", "turn_off_recurring", "cancel_at_renewal", "undo_cancel", "cancel_now", "reactivate"}
)
"""The methods of a Writer that send an order."""
_LOST = "lease-lost"
_ASK_AGAIN: Final = 3.0
"""Seconds until a shard is looked at again of which something is not known yet."""
_PAUSED: Final = 5.0
"""Seconds until it is looked at again where a freeze holds, or the store does not answer."""
_PATIENCE: Final = timedelta(minutes=15)
"""What is not known for longer is left open, and settled by the next apply."""
_MARGIN: Final = 2.0
"""Seconds for what was on its way when the shard was lost."""
_LOOK: Final = 1.0
"""Seconds for which it is believed that nothing is frozen, before something new is looked at; each intent asks."""


@dataclass(frozen=True, slots=True)
class Tenure:
    """How long a shard is its worker's own."""

    lasts: float = 20.0
    """Seconds from the last heartbeat, or the last thing written."""
    beat: float = 5.0
    """Seconds between two heartbeats."""


@dataclass
class Heart:
    """Keeps what this process has taken, and knows until when each shard is surely its own."""

    books: Callable[[], ShardBook]
    tenure: Tenure
    monotonic: Callable[[], float]
    _until: dict[int, float] = field(default_factory=dict)
    _fences: dict[int, int] = field(default_factory=dict)
    _lock: Any = field(default_factory=threading.Lock)
    _ended: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def start(self) -> None:
        """Beats from now on, in a thread of its own."""
        self._thread = threading.Thread(target=self._beats, name="heart", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Beats no more."""
        self._ended.set()
        if self._thread is not None:
            self._thread.join()

    def hold(self, taken: Taken | TakenLook, since: float) -> None:
        """It is ours, for as long as it lasts from then on."""
        with self._lock:
            self._fences[taken.shard] = taken.fence
            self._until[taken.shard] = since + self.tenure.lasts

    def let_go(self, shard: int) -> None:
        """It is no longer ours."""
        with self._lock:
            self._fences.pop(shard, None)
            self._until.pop(shard, None)

    def alive(self, shard: int) -> bool:
        """Whether nobody can have taken it from us: by our own clock, which counts from before we asked."""
        with self._lock:
            return self.monotonic() < self._until.get(shard, 0.0)

    def beat(self, book: ShardBook) -> None:
        """One heartbeat for all of them."""
        with self._lock:
            fences, since = dict(self._fences), self.monotonic()
        if not fences:
            return
        still = book.beat(fences, self.tenure.lasts)
        with self._lock:
            for shard, fence in fences.items():
                if self._fences.get(shard) != fence:
                    continue
                if shard in still:
                    self._until[shard] = max(self._until[shard], since + self.tenure.lasts)
                else:
                    self._until[shard] = 0.0

    def _beats(self) -> None:
        with closing(self.books()) as book:
            while not self._ended.wait(self.tenure.beat):
                with suppress(StoreError):
                    self.beat(book)


class Guarded:
    """A Writer that sends nothing once its shard may be somebody else's; everything else is the writer's own."""

    def __init__(self, writer: Writer, alive: Callable[[], bool]) -> None:
        self._writer = writer
        self._alive = alive

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._writer, name)
        return self._guarded(found) if name in VERBS else found

    def _guarded(self, send: Callable[[Any], Any]) -> Callable[[Any], Any]:
        def sent(order: Any) -> Any:
            if not self._alive():
                return Rejected(_LOST, "the worker was held up, and the shard may be somebody else's by now")
            return send(order)

        return sent


@dataclass
class Carrier:
    """One worker process: `work` is called in as many threads as it has."""

    books: Callable[[], ShardBook]
    """A book of its own for each thread."""
    open: Callable[[AccountSettings], Writer]
    timing: Timing
    pacers: Pacers
    name: str
    """Of the worker, for people."""
    stop: Callable[[], bool]
    heart: Heart
    see: See
    """Looks at one account, as a refresh does."""

    def work(self, shard: int) -> float | None:
        """Carry a shard out (see `queueing.Work`). Raises nothing that a provider or a store may raise."""
        try:
            with closing(self.books()) as book:
                return self._work(book, shard)
        except StoreError:
            return _PAUSED  # whoever takes it next finds in the journal what was done

    def _work(self, book: ShardBook, shard: int) -> float | None:
        if self.stop():
            return 0.0
        since = self.timing.monotonic()
        taken = book.take(shard, self.name, self.heart.tenure.lasts)
        if not isinstance(taken, (Taken, TakenLook)):
            return taken
        self.heart.hold(taken, since)
        try:
            if isinstance(taken, TakenLook):
                return look_at(taken, book, self.see, self._halted_at(shard), self.timing.now)
            return _Shift(self, book, taken).run()
        finally:
            self.heart.let_go(shard)

    def _halted_at(self, shard: int) -> Callable[[], bool]:
        return lambda: self.stop() or not self.heart.alive(shard)


@dataclass
class _Scribe:
    """Journals for the engine under the shard's fence."""

    carrier: Carrier
    book: ShardBook
    taken: Taken
    broken: StoreError | None = None
    halt: bool = False
    intended: bool = False
    """Something may have been sent."""
    seen: dict[str, dict[str, ObservedSubscription]] = field(default_factory=dict)
    _believed: float = -1.0

    @property
    def _lasts(self) -> float:
        return self.carrier.heart.tenure.lasts

    def intend(self, entries: Sequence[Entry]) -> None:
        """Intents; none where the shard is not ours any more, or a freeze holds."""
        self.intended = True
        self._write(lambda: self.book.intend(self.taken, entries, self._now(), self._lasts))

    def accept(self, entries: Sequence[Entry]) -> None:
        """What the provider works on."""
        self._write(lambda: self.book.accept(self.taken, entries, self._now(), self._lasts))

    def record(self, entries: Sequence[Entry]) -> None:
        """Outcomes. That it was held up is none: the intent stays open, for whoever has the shard."""
        if any(entry.outcome.code == _LOST for entry in entries):
            self.broken = StoreError(_LOST, "the shard may be somebody else's by now", "")
            entries = [entry for entry in entries if entry.outcome.code != _LOST]
        if entries:
            self._write(lambda: self.book.record(self.taken, entries, self._now(), self._lasts))
        for entry in entries:
            if entry.outcome.seen is not None:
                self.seen.setdefault(entry.change.key.account, {})[entry.outcome.seen.id] = entry.outcome.seen
        if self.broken is not None:
            raise self.broken

    def halted(self) -> bool:
        """Whether to begin nothing more."""
        if not (self.halt or self.broken is not None):
            self.halt = self.carrier.stop() or not self.carrier.heart.alive(self.taken.shard) or self._frozen()
        return self.halt or self.broken is not None

    def _frozen(self) -> bool:
        monotonic = self.carrier.timing.monotonic()
        if monotonic < self._believed:
            return False
        freeze = self.book.freeze()
        if freeze is not None and freeze.holds(self._now()):
            return True
        self._believed = monotonic + _LOOK
        return False

    def _write(self, write: Callable[[], None]) -> None:
        since = self.carrier.timing.monotonic()
        try:
            write()
        except StoreError as error:
            self.broken = error
            raise
        self.carrier.heart.hold(self.taken, since)

    def _now(self) -> Any:
        return self.carrier.timing.now()


@dataclass
class _Shift:
    """One turn at one shard."""

    carrier: Carrier
    book: ShardBook
    taken: Taken
    outcomes: dict[str, OutcomeKind] = field(default_factory=dict)
    """By operation id: what is over."""
    open: dict[str, Any] = field(default_factory=dict)
    """By operation id: since when it is not known."""
    sent: bool = False

    def run(self) -> float | None:
        """In how many seconds it wants another turn; None: it is over."""
        scribe = _Scribe(self.carrier, self.book, self.taken)
        self.outcomes.update(self.taken.over)
        pieces, resumed = self._settle(scribe)
        if not scribe.halted():
            self._carry_out(scribe, pieces, resumed)
        self.sent = scribe.intended
        self._keep(scribe)
        if scribe.broken is not None or (scribe.halted() and not self._all_known()):
            return self._give_back(0.0 if self.carrier.stop() else _PAUSED)
        if self._worth_asking():
            return self._give_back(_ASK_AGAIN)
        kinds = Counter(self.outcomes.values())
        kinds[OutcomeKind.UNKNOWN] += len(self.open)
        kinds[OutcomeKind.SKIPPED] += len(self.taken.pieces) - sum(kinds.values())
        self.book.end(self.taken, kinds, self.carrier.timing.now())
        return None

    def _all_known(self) -> bool:
        """Whether nothing is left to be done or to be asked for."""
        tried = sum(kind is not OutcomeKind.SKIPPED for kind in self.outcomes.values())
        return not self.open and tried == len(self.taken.pieces)

    def _worth_asking(self) -> bool:
        """Whether what is not known is young enough to be asked for again."""
        now = self.carrier.timing.now()
        return any(now - since < _PATIENCE for since in self.open.values())

    def _settle(self, scribe: _Scribe) -> tuple[list[Piece], dict[str, Any]]:
        """The changes that are left, once what an earlier worker began is settled; and those to be sent once more."""
        pieces = {piece.operation_id: piece for piece in self.taken.pieces}
        unsettled = [
            Unsettled(self._aged(intent), pieces[id].account, pieces[id].row, self._opener(pieces[id].account))
            for id, intent in self.taken.begun.items()
        ]
        if not unsettled:
            return [piece for piece in pieces.values() if piece.operation_id not in self.outcomes], {}
        carrier = self.carrier
        found = settle(unsettled, scribe, carrier.timing, carrier.stop, pacers=carrier.pacers)
        anew: dict[str, str] = {}
        for entry in found.closed:
            id, outcome = entry.operation_id, entry.outcome
            if outcome.error == NOT_CARRIED_OUT:
                anew[id] = begun_anew(id)
            else:
                self.outcomes[id] = outcome.kind
        resumed = {intent.operation_id: intent for intent in found.repeatable}
        over = {entry.operation_id for entry in found.closed} | resumed.keys()
        self.open = {id: intent.at for id, intent in self.taken.begun.items() if id not in over}
        left = []
        for piece in pieces.values():
            id = piece.operation_id
            if id not in self.outcomes and id not in self.open:
                left.append(Piece(piece.account, piece.change, anew.get(id, id), piece.row))
        return left, resumed

    def _aged(self, intent: OpenIntent) -> OpenIntent:
        """As old as it counts: whoever began it could send for as long as the shard was its own, and no longer."""
        quiet = timedelta(seconds=SENT_WITHIN + self.taken.quiet_for - _MARGIN)
        return replace(intent, at=min(intent.at, self.carrier.timing.now() - quiet))

    def _carry_out(self, scribe: _Scribe, pieces: Sequence[Piece], resumed: Mapping[str, Any]) -> None:
        barred = {
            piece.subject
            for piece in self.taken.pieces
            if piece.operation_id in self.open
            or self.outcomes.get(piece.operation_id, OutcomeKind.SUCCEEDED) is not OutcomeKind.SUCCEEDED
        }
        steps = [
            Step(
                piece.change, piece.operation_id, piece.account, piece.row, self._opener(piece.account),
                resumed.get(piece.operation_id),
            )
            for piece in pieces
            if piece.subject not in barred
        ]  # fmt: skip
        carrier = self.carrier
        reports = carry_out(steps, scribe, carrier.timing, carrier.stop, pacers=carrier.pacers)
        now = carrier.timing.now()
        for step, report in zip(steps, reports, strict=True):
            if report.outcome is OutcomeKind.UNKNOWN:
                self.open[step.operation_id] = now
            else:
                self.outcomes[step.operation_id] = report.outcome

    def _opener(self, account: AccountSettings) -> Callable[[], Writer]:
        shard, heart = self.taken.shard, self.carrier.heart
        return lambda: cast("Writer", Guarded(self.carrier.open(account), lambda: heart.alive(shard)))

    def _keep(self, scribe: _Scribe) -> None:
        now = self.carrier.timing.now()
        looked = [ObservedAccount(name, now, seen, complete=False) for name, seen in sorted(scribe.seen.items())]
        if looked and scribe.broken is None:
            self.book.keep(looked)

    def _give_back(self, again: float) -> float:
        with suppress(StoreError):
            self.book.give_back(self.taken, sent=self.sent)
        return again

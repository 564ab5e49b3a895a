"""What every emulator is made of: requests, answers, a clock, a ledger, and faults in the right place around a commit.

An emulator answers one request at a time, from its documents alone; sockets are `server`'s business.
"""

from __future__ import annotations

import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import UTC, datetime, timedelta
from heapq import heappop, heappush
from pathlib import Path
from typing import Any, ClassVar

from reconciler.testing.emulators import bending
from reconciler.testing.emulators.faults import Fault, Faults
from reconciler.testing.emulators.ledger import Document, Effect, Ledger
from reconciler.testing.emulators.limits import Bucket
from reconciler.testing.emulators.wire import EXPIRED, OWNER, READER, Delivery, Request, Response

__all__ = ["EXPIRED", "OWNER", "READER", "Delivery", "Document", "Effect", "Emulator", "Request", "Response"]

_ELAPSED_AT_MOST = 1000
"""Steps that time may take with one document when the clock moves: a safety against a due date that stands still."""


class Emulator:
    """One vendor's billing system. Subclasses say how requests are answered, what time does, and how a list looks."""

    NAME: ClassVar[str]
    """As the command line names it."""
    ITEMS: ClassVar[str] = "value"
    """Where a list's body has its items."""
    RECORDS: ClassVar[frozenset[str]] = frozenset()
    """The tables that a lie leaves untouched: the truth. All others are book-keeping."""

    def __init__(self, *, ledger: Path | None = None, now: datetime | None = None) -> None:
        self.faults = Faults()
        self.latency = 0.0
        """Milliseconds that every request takes longer."""
        self.reading: Bucket | None = None
        """The limit of reads, if one is enforced."""
        self.writing: Bucket | None = None
        """The limit of writes, if one is enforced."""
        self.requests: Counter[str] = Counter()
        """Requests by method; the emulator's own `/_control` does not count."""
        self.asked: deque[str] = deque(maxlen=100_000)
        """The requests, each as METHOD and target, in order."""
        self.lying = False
        """While a write is answered that will not be carried out."""
        self._lock = threading.RLock()
        self._depth = 0
        self._number = 0
        self._due: list[tuple[datetime, str, str]] = []
        self.ledger = Ledger(self.NAME, ledger)
        for table, documents in self.ledger.tables.items():
            for id, document in documents.items():
                self._watch(table, id, document)
        self.ledger.watch = self._watch
        if self.ledger.clock is None and now is not None:
            self.ledger.clock = now.astimezone(UTC)

    # What an emulator is made of

    def handle(self, request: Request) -> Response:
        """Answers one request from the documents; writes with `put` and `effect`. Called by one thread at a time."""
        raise NotImplementedError

    def due(self, table: str, document: Document) -> datetime | None:
        """When time changes a document next; None: never."""
        return None

    def elapse(self, table: str, document: Document) -> Document:
        """A document as time leaves it at the moment when it is due: one step."""
        return document

    def underway(self, request: Request) -> AbstractContextManager[Response | None]:
        """Held from a request's arrival to its answer; an answer that it yields is given instead of handling it."""
        return nullcontext()

    def remember(self, request: Request, response: Response) -> None:
        """Is told the answer that goes out to a request that was handled, just before the commit."""

    def trouble(self, status: int, message: str, headers: Mapping[str, str]) -> Response:
        """The vendor's error body of a status that a fault asked for."""
        return Response(status, {"error": {"code": str(status), "message": message}}, headers)

    def busy(self, request: Request) -> Response:
        """The vendor's answer while something else is at work on the object."""
        return self.trouble(409, "The object is locked.", {})

    def delayable(self, request: Request) -> bool:
        """Whether a read may show the past; the progress of something that was begun is no such read."""
        return True

    def first_page(self, request: Request) -> Request:
        """The same list from its start, for a cursor that leads nowhere; the same where a body says where to go on."""
        return request

    def looped(self, request: Request, body: Document) -> Document:
        """A list's body, with a cursor that leads back to it."""
        return {**body, "nextLink": f"{request.origin}{request.target or request.path}"}

    def emptied(self, body: Document) -> Document:
        """A list's body without items or a cursor."""
        return {key: value for key, value in {**body, self.ITEMS: []}.items() if key != "nextLink"}

    def standing_headers(self, request: Request) -> Mapping[str, str]:
        """Headers of every answer."""
        return {}

    # Its documents, for it and for whoever prepares it

    def table(self, name: str) -> Mapping[str, Document]:
        """A table's documents by id. They are values: `put` changes them."""
        return self.ledger.table(name)

    def put(self, table: str, id: str, document: Document | None) -> None:
        """Puts a document, or takes it away. Outside a request it holds at once, and is no effect."""
        with self.changing():
            self.ledger.put(table, id, document)

    def edit(self, table: str, id: str, **values: Any) -> None:
        """Replaces fields of a document, as somebody outside would; no effect."""
        with self.changing():
            self.ledger.put(table, id, {**self.ledger.table(table)[id], **values})

    def effect(self, verb: str, subscription: str, values: Mapping[str, Any], key: str | None = None) -> None:
        """Notes a client's write, once, where it is committed; while lying there is none."""
        if not self.lying:
            self.ledger.effect(Effect(self.now(), verb, subscription, values, key))

    @contextmanager
    def changing(self) -> Iterator[None]:
        """Several puts that hold together, or none of them."""
        with self._lock:
            self._depth += 1
            try:
                yield
            except BaseException:
                if self._depth == 1:
                    self.ledger.roll_back()
                raise
            else:
                if self._depth == 1:
                    self.ledger.commit(self._number)
            finally:
                self._depth -= 1

    @property
    def effects(self) -> list[Effect]:
        """Every committed write of a client, in order."""
        with self._lock:
            return list(self.ledger.effects)

    def close(self) -> None:
        """Lets go of the ledger's file."""
        with self._lock:
            self.ledger.close()

    # Its clock

    def now(self) -> datetime:
        """The emulator's time: what was set, and real time otherwise."""
        return self.ledger.clock or datetime.now(UTC)

    @property
    def clock(self) -> datetime | None:
        """The time that was set, or None for real time. Setting it lets time do all that it does until then."""
        return self.ledger.clock

    @clock.setter
    def clock(self, moment: datetime | None) -> None:
        """Sets it, or lets it go with None."""
        with self._lock:
            self.ledger.set_clock(moment.astimezone(UTC) if moment is not None else None)
            self._pass_time()

    def advance(self, span: timedelta) -> datetime:
        """Moves the clock on, which stands still from then on."""
        with self._lock:
            self.clock = self.now() + span
            return self.now()

    def _watch(self, table: str, id: str, document: Document) -> None:
        moment = self.due(table, document)
        if moment is not None:
            heappush(self._due, (moment, table, id))

    def _pass_time(self) -> None:
        """Under the lock: all that is due by now, in the order of time."""
        now, steps = self.now(), Counter[str]()
        if not self._due or self._due[0][0] > now:
            return
        with self.changing():
            while self._due and self._due[0][0] <= now:
                moment, table, id = heappop(self._due)
                document = self.ledger.table(table).get(id)
                if document is None or self.due(table, document) != moment:
                    continue  # it was put again since, and is in the queue under its new moment
                steps[id] += 1
                if steps[id] > _ELAPSED_AT_MOST:
                    raise RuntimeError(f"time stands still for {id}")
                self.ledger.put(table, id, self.elapse(table, document))

    # One request, from its arrival to the wire

    def answer(self, request: Request, wait: Callable[[float], None] = lambda seconds: None) -> Delivery:
        """Handles a request, with the faults that are on. `wait` is called to hang: it returns when the client has
        given up, or after so many seconds.
        """
        with self._lock:
            self.requests[request.method] += 1
            self.asked.append(request.line())
            self._number += 1
            number = self._number
        fault = self.faults.take(request.line(), read=request.reads and self.delayable(request))
        with self.underway(request) as refusal:
            if self.latency:
                time.sleep(self.latency / 1000)
            refused = refusal or self._limited(request)
            if refused is not None:
                return Delivery(refused.with_headers(self.standing_headers(request)))
            early = self._before(fault, request, wait)
            if early is not None:
                return early
            with self._lock:
                response = self._handled(fault, request, number)
            return self._after(fault, response, wait)

    def _limited(self, request: Request) -> Response | None:
        bucket = self.reading if request.reads else self.writing
        seconds = bucket.take() if bucket is not None else 0.0
        return self.throttled(seconds) if seconds else None

    def throttled(self, seconds: float) -> Response:
        """429 with Retry-After, in whole seconds and never too few."""
        return self.trouble(429, "Too many requests.", {"Retry-After": str(-int(-seconds // 1))})

    def _before(self, fault: Fault | None, request: Request, wait: Callable[[float], None]) -> Delivery | None:
        """What a fault does in the place of handling."""
        match fault:
            case Fault(kind="drop-before-commit"):
                return Delivery(None)
            case Fault(kind="hang"):
                wait(fault.seconds)
                return Delivery(None)
            case Fault(kind="throttle"):
                answer = self.throttled(float(1 if fault.value is None else fault.value))
            case Fault(kind="busy"):
                answer = self.busy(request)
            case Fault(kind="status"):
                answer = self._told(fault)
                if answer.status == 500 and not request.reads:
                    with self._lock, self.changing():
                        self.remember(request, answer)
            case _:
                return None
        return Delivery(answer.with_headers(self.standing_headers(request)))

    def _told(self, fault: Fault) -> Response:
        fields = fault.value if isinstance(fault.value, Mapping) else {}
        headers = {str(name): str(value) for name, value in fields.get("headers", {}).items()}
        if "body" in fields:
            body = fields["body"]
            return Response(fault.status, body.encode() if isinstance(body, str) else body, headers)
        return self.trouble(fault.status, "Something went wrong on our side.", headers)

    def _handled(self, fault: Fault | None, request: Request, number: int) -> Response:
        """Under the lock: the answer, with what it changed committed; or taken back, where that is the fault."""
        self._pass_time()
        kind = fault.kind if fault is not None else ""
        asked = self.first_page(request) if kind == "cursor-loop" else request
        if fault is not None and kind == "delayed-reads":
            response = self._delayed(fault, request, number)
            return response.with_headers(self.standing_headers(request))
        with self.changing():
            self.lying = kind == "lie"
            try:
                response = self.handle(asked)
                if fault is not None and kind == "status-after-commit":
                    response = self._told(fault)
                response = bending.bend(self, fault, request, response)
                self.remember(request, response)
            finally:
                if self.lying:
                    self.lying = False
                    self.ledger.roll_back(frozenset(self.ledger.tables) - self.RECORDS)
        return response.with_headers(self.standing_headers(request))

    def _delayed(self, fault: Fault, request: Request, number: int) -> Response:
        seconds = fault.value["seconds"] if isinstance(fault.value, Mapping) else None
        if seconds is not None:
            view = self.ledger.as_of(moment=time.monotonic() - seconds)
        else:
            view = self.ledger.as_of(request=number - 1 - int(1 if fault.value is None else fault.value))
        with view:
            self._depth += 1  # whatever it puts is taken back with the view
            try:
                return self.handle(request)
            finally:
                self._depth -= 1

    def _after(self, fault: Fault | None, response: Response, wait: Callable[[float], None]) -> Delivery:
        match fault:
            case Fault(kind="drop-after-commit"):
                return Delivery(None)
            case Fault(kind="hang-after-commit"):
                wait(fault.seconds)
                return Delivery(None)
            case Fault(kind="reset-mid-body"):
                return Delivery(response, reset=True)
            case _:
                return Delivery(response)

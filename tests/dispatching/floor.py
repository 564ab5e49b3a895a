"""A vendor in a process of its own, with a ledger that it syncs before it answers; and workers, also as processes.

python -m tests.dispatching.floor vendor LEDGER COUNT LATENCY [ADDRESS]
python -m tests.dispatching.floor worker URL ADDRESS [TENURE BEAT STALLED] [--until-idle]
"""

from __future__ import annotations

import json
import os
import signal
import socket
import socketserver
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from reconciler.answers import Ambiguous, Answer, Done, Identity, Order, Pace
from reconciler.carrying import Tenure
from reconciler.dispatching.queue import Beats
from reconciler.distributing import Shift, work
from reconciler.errors import Unreachable
from reconciler.model import Recurring
from reconciler.observed import ObservedSubscription, Page
from reconciler.options import SystemClock
from reconciler.outside.timing import Timing
from reconciler.settings import AccountSettings, Settings
from reconciler.stores.postgres.place import PostgresPlace
from reconciler.stores.postgres.session import Limits
from tests.outside.vendor import shown

PAGES = 25
"""Of the list of an account, with one subscription each."""
PACE = Pace(reads=1000.0, writes=1000.0, threads=2)


class Floor:
    """What a vendor does: its subscriptions are on until somebody turns them off, each order an effect of its own."""

    def __init__(self, ledger: Path, latency: float) -> None:
        self.latency = latency
        self.off: set[str] = set()
        self.lock = threading.Lock()
        self.file = ledger.open("ab", buffering=0)
        if ledger.exists():
            self.off = {json.loads(line)["id"] for line in ledger.read_bytes().splitlines()}

    def answer(self, asked: dict[str, Any]) -> dict[str, Any]:
        time.sleep(self.latency)
        with self.lock:
            if asked["do"] == "off":
                line = {"id": asked["id"], "op": asked["op"], "pid": asked["pid"], "at": time.time()}
                self.file.write(json.dumps(line).encode() + b"\n")
                os.fsync(self.file.fileno())
                self.off.add(asked["id"])
            return {"off": asked["id"] in self.off}


def serve(ledger: Path, latency: float) -> None:
    """Answers until it is killed; says its port first."""
    floor = Floor(ledger, latency)

    class Handler(socketserver.StreamRequestHandler):
        disable_nagle_algorithm = True

        def handle(self) -> None:
            for line in self.rfile:
                self.wfile.write(json.dumps(floor.answer(json.loads(line))).encode() + b"\n")

    class Server(socketserver.ThreadingTCPServer):
        daemon_threads = True
        request_queue_size = 128

        def handle_error(self, request: Any, client_address: Any) -> None:
            """A worker that was killed is no news."""

    with Server(("127.0.0.1", 0), Handler) as server:
        sys.stdout.write(f"{server.server_address[1]}\n")
        sys.stdout.flush()
        server.serve_forever()


class FloorWriter:
    """ports.Writer of that vendor; a connection for each thread."""

    idempotent = False
    settles_within = 0.0
    pace = PACE

    def __init__(self, port: int, pace: Pace = PACE) -> None:
        self._port = port
        self.pace = pace
        self._local = threading.local()

    def _ask(self, **asked: Any) -> dict[str, Any]:
        try:
            if not hasattr(self._local, "file"):
                line = socket.create_connection(("127.0.0.1", self._port), timeout=10)
                line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                self._local.line, self._local.file = line, line.makefile("rwb", buffering=0)
            self._local.file.write(json.dumps(asked).encode() + b"\n")
            found: dict[str, Any] = json.loads(self._local.file.readline())
        except (OSError, ValueError) as error:
            raise Unreachable("unreachable", "no answer") from error
        return found

    def check(self) -> None:
        """Everybody is let in."""

    def observe(self, cursor: str | None) -> Page:
        number = int(cursor or 0)
        seen = self.get(f"s-{number:05d}")
        assert seen is not None
        return Page((seen,), str(number + 1) if number + 1 < PAGES else None)

    def get(self, id: str) -> ObservedSubscription | None:
        off = self._ask(do="get", id=id)["off"]
        return shown(id, recurring=Recurring.OFF if off else Recurring.ON)

    def turn_off_recurring(self, order: Order) -> Answer:
        try:
            self._ask(do="off", id=order.seen.id, op=order.operation_id, pid=os.getpid())
        except Unreachable:
            return Ambiguous("no answer")
        return Done()

    def whoami(self) -> Identity:
        return Identity("floor")

    def close(self) -> None:
        """Connections end with their threads."""


def runtime(url: str, port: int, pace: Pace = PACE) -> Any:
    """As much of a runtime as a worker needs."""
    timing = Timing(SystemClock().now)
    opened = lambda account: FloorWriter(port, pace)  # noqa: E731 - for both halves
    services = SimpleNamespace(timing=timing, writer=opened, reader=opened)
    return SimpleNamespace(
        place=PostgresPlace(url, 5.0, Limits(5.0, 20.0)),
        services=services,
        environment=SimpleNamespace(host="floor"),
        settings=Settings(),
        clock=SystemClock(),
    )


def be_worker(url: str, port: int, shift: Shift, pace: Pace) -> None:
    """Until it is told to end, or there is nothing left."""
    asked = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: asked.set())
    work(runtime(url, port, pace), shift, asked.is_set)


@dataclass
class Vendor:
    """A vendor that runs, and what it did."""

    port: int
    ledger: Path

    def effects(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.ledger.read_bytes().splitlines()] if self.ledger.exists() else []

    def reached(self, count: int) -> bool:
        """Whether it has had so many effects."""
        return len(self.effects()) >= count

    def counts(self) -> Counter[str]:
        return Counter(item["id"] for item in self.effects())


@contextmanager
def vendor(folder: Path, latency: float = 0.02) -> Iterator[Vendor]:
    """In a process of its own."""
    ledger = folder / "ledger.jsonl"
    words = (sys.executable, "-m", "tests.dispatching.floor", "vendor", str(ledger), str(latency))
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield Vendor(int(process.stdout.readline()), ledger)
        finally:
            process.kill()


def start_worker(
    url: str, port: int, *, lasts: float = 20.0, until_idle: bool = True, concurrency: int = 1, pace: Pace = PACE,
    run: str | None = None,
) -> subprocess.Popen[str]:  # fmt: skip
    """A worker as a process."""
    said = json.dumps(
        {"url": url, "port": port, "lasts": lasts, "until_idle": until_idle, "concurrency": concurrency, "run": run,
         "pace": [pace.reads, pace.writes, pace.threads]}
    )  # fmt: skip
    words = (sys.executable, "-m", "tests.dispatching.floor", "worker", said)
    return subprocess.Popen(words, stdout=subprocess.PIPE, text=True)


def account(name: str = "fabrikam") -> AccountSettings:
    return AccountSettings(name, provider="floor")


def main() -> None:
    if sys.argv[1] == "vendor":
        serve(Path(sys.argv[2]), float(sys.argv[3]))
        return
    given = json.loads(sys.argv[2])
    lasts = given["lasts"]
    beats = Beats(lasts / 4, lasts, "* * * * * *")
    shift = Shift(given["concurrency"], given["until_idle"], given["run"], Tenure(lasts, lasts / 4), beats)
    reads, writes, threads = given["pace"]
    be_worker(given["url"], given["port"], shift, Pace(reads, writes, threads))


if __name__ == "__main__":
    main()

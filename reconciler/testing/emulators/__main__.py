"""Runs one emulator as a process of its own: prints its URL first, and ends with an interrupt or a SIGTERM."""

from __future__ import annotations

import argparse
import signal
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

from reconciler.testing.emulators import EMULATORS, SIZE, sample_estate
from reconciler.testing.emulators.ledger import WrongLedger
from reconciler.testing.emulators.server import serve

WRONG = 2
"""Exit code: it could not start."""


def main(words: Sequence[str] | None = None, *, until: threading.Event | None = None) -> int:
    """Serves until it is told to stop; returns the exit code."""
    options = _parser().parse_args(words)
    stop = until or _signals()
    try:
        emulator = sample_estate(options.name, options.size, options.seed, ledger=options.ledger)
        with serve(emulator, port=options.port, latency_ms=options.latency) as url:
            print(url, flush=True)  # noqa: T201  this is what whoever started it waits for
            while not stop.wait(1.0):
                pass
    except (WrongLedger, OSError) as error:
        sys.stderr.write(f"the emulator cannot start: {error}\n")
        return WRONG
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m reconciler.testing.emulators",
        description="A billing system on loopback, with a sample estate. For tests and first tries; it costs nothing.",
    )
    parser.add_argument("name", choices=list(EMULATORS))
    parser.add_argument("--port", type=int, default=0, help="0: any free one")
    parser.add_argument("--ledger", type=Path, help="a file in which it keeps all that happened")
    parser.add_argument("--latency", type=float, default=0.0, metavar="MS", help="milliseconds for every request")
    parser.add_argument("--size", type=int, default=SIZE, help="subscriptions of the estate")
    parser.add_argument("--seed", type=int, default=1, help="another number, another estate")
    return parser


def _signals() -> threading.Event:
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    return stop


if __name__ == "__main__":
    sys.exit(main())

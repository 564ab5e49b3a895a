"""Shares work out to processes that are forked for it. What comes back are bytes, never values.

What a process was handed before the fork it has without a copy. Nothing is left behind: whoever asked stays until every
process has ended, or ends them.
"""

from __future__ import annotations

import gc
import multiprocessing
import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from multiprocessing.connection import Connection, wait
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from reconciler.surveying import Made

_DIGEST: Final = 32
_TOGETHER: Final = 16
"""Files in one message: so that neither side waits for the other at each."""


def shared_out(
    make: Callable[[str], Made], files: Sequence[str], processes: int, told: Callable[[int], None]
) -> Iterator[tuple[str, Made]]:
    """What `make` makes of each file, in no order. A process that dies leaves its files out."""
    from reconciler.surveying import Made

    context = multiprocessing.get_context("fork")
    gc.freeze()
    workers = []
    ears: list[Connection] = []
    for number in range(processes):
        ear, mouth = context.Pipe(duplex=False)
        # Neighbours lie below the same defaults: what is learned of one serves the next.
        begin, end = (len(files) * at // processes for at in (number, number + 1))
        worker = context.Process(target=_work, args=(make, files[begin:end], begin, mouth), daemon=True)
        worker.start()
        mouth.close()
        workers.append(worker)
        ears.append(ear)
    try:
        while ears:
            ready = wait(ears)
            for ear in [one for one in ears if one in ready]:
                message = _heard(ear)
                if message is None:
                    ears.remove(ear)
                    continue
                count = 0
                for index, digest, sketch in _opened(message):
                    count += 1
                    yield files[index], Made(digest, sketch)
                told(count)
    finally:
        gc.unfreeze()
        for worker in workers:
            worker.terminate()
            worker.join()


def _work(make: Callable[[str], Made], mine: Sequence[str], begin: int, mouth: Connection) -> None:
    """One process: makes its share, and says so from time to time."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # whoever asked hears it, and ends us
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    gc.disable()
    parts: list[bytes] = []
    with suppress(BrokenPipeError):
        for at, file in enumerate(mine, begin):
            made = make(file)
            parts += (
                at.to_bytes(4, "big"), len(made.sketch).to_bytes(4, "big"),
                made.digest.ljust(_DIGEST, b"\0"), made.sketch,
            )  # fmt: skip
            if len(parts) >= 4 * _TOGETHER:
                mouth.send_bytes(b"".join(parts))
                parts.clear()
        if parts:
            mouth.send_bytes(b"".join(parts))
    mouth.close()


def _heard(ear: Connection) -> bytes | None:
    """The next message of a process; None once there are no more."""
    try:
        return ear.recv_bytes()
    except (EOFError, OSError):
        ear.close()
        return None


def _opened(message: bytes) -> Iterator[tuple[int, bytes, bytes]]:
    """The files in a message, by their number."""
    at = 0
    while at < len(message):
        index, length = int.from_bytes(message[at : at + 4], "big"), int.from_bytes(message[at + 4 : at + 8], "big")
        begin = at + 8 + _DIGEST
        yield index, message[at + 8 : begin], message[begin : begin + length]
        at = begin + length

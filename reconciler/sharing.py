"""Shares work out to processes that are forked for it. What comes back are bytes, never values.

What a process needs it has from before the fork, without a copy. Nothing is left behind: whoever asked stays until
every process has ended, or ends them.
"""

from __future__ import annotations

import gc
import multiprocessing
import signal
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from multiprocessing.connection import Connection, wait
from typing import Final

Task = Callable[[], Iterable[bytes]]
"""What one process does: its messages, none of them empty."""
_DONE: Final = b""


def shared_out(tasks: Sequence[Task]) -> Iterator[tuple[int, bytes | None]]:
    """The messages of all tasks as they come, each with its task's number; None once a task is done.

    A task whose process dies is never done.
    """
    context = multiprocessing.get_context("fork")
    gc.freeze()
    workers = []
    ears: dict[Connection, int] = {}
    try:
        for number, task in enumerate(tasks):
            ear, mouth = context.Pipe(duplex=False)
            workers.append(context.Process(target=_work, args=(task, mouth), daemon=True))
            workers[-1].start()
            mouth.close()
            ears[ear] = number
        while ears:
            for ear in [one for one in wait(list(ears)) if isinstance(one, Connection)]:
                message = _heard(ear)
                if message:
                    yield ears[ear], message
                    continue
                number = ears.pop(ear)
                ear.close()
                if message == _DONE:
                    yield number, None
    finally:
        gc.unfreeze()
        for worker in workers:
            worker.terminate()
            worker.join()


def _work(task: Task, mouth: Connection) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # whoever asked hears it, and ends us
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    gc.disable()
    with suppress(BrokenPipeError):
        for message in task():
            mouth.send_bytes(message)
        mouth.send_bytes(_DONE)
    mouth.close()


def _heard(ear: Connection) -> bytes | None:
    """The next message of a process; None where it has died."""
    try:
        return ear.recv_bytes()
    except (EOFError, OSError):
        return None

"""Progress for long work: on stderr, on a terminal, and only once it is worth a look."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from reconciler.cli.app import Given

_WORTH_A_LOOK = 2.0
"""Seconds of work before anything is shown."""


@contextmanager
def progress_on(given: Given) -> Iterator[Callable[[int], None]]:
    """Tells how many changes are behind us; silent off a terminal, with `--quiet`, and for short work."""
    if given.quiet or not sys.stderr.isatty():
        yield lambda done: None
        return
    began = time.monotonic()
    shown = False

    def tell(done: int) -> None:
        nonlocal shown
        if time.monotonic() - began >= _WORTH_A_LOOK:
            shown = True
            print(f"\r{done} changes applied", end="", file=sys.stderr, flush=True)

    try:
        yield tell
    finally:
        if shown:
            print(file=sys.stderr)

"""Wakes a watch when something moves in a folder: by the operating system's events, or by polling where it has none.

An adapter around watchfiles. It watches folders, never single files: editors and mounted volumes replace files whole.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Event

_TICK = 1_000
"""Milliseconds after which a tick comes although nothing moved."""
_SETTLE = 400
"""Milliseconds within which further events belong to the same edit."""


def folder_ticks(folder: Path, stop: Event, warn: Callable[[str], None]) -> Iterator[bool]:
    """True for each settled burst of events below the folder, False for each tick without one; ends once `stop` is set.

    Falls back to polling where events cannot be had, and waits for a folder that is not there (yet, or any more).
    """
    polling = False
    while not stop.is_set():
        try:
            yield from _watched(folder, stop, polling=polling)
        except FileNotFoundError:
            warn(f"{folder} is not there; waiting for it")
            stop.wait(_TICK / 1000)
            yield True
        except (OSError, RuntimeError) as error:
            if polling:
                raise
            warn(f"file events cannot be had ({error}); polling instead")
            polling = True


def _watched(folder: Path, stop: Event, *, polling: bool) -> Iterator[bool]:
    from watchfiles import watch  # only `reconcile watch` needs it

    if not folder.is_dir():
        raise FileNotFoundError(folder)
    watched = folder.stat().st_ino
    yield True
    for changes in watch(
        folder,
        watch_filter=None,
        debounce=_SETTLE,
        step=50,
        stop_event=stop,
        rust_timeout=_TICK,
        yield_on_timeout=True,
        raise_interrupt=True,
        force_polling=polling or None,
        ignore_permission_denied=True,
    ):
        yield bool(changes)
        if not folder.is_dir():
            raise FileNotFoundError(folder)
        if folder.stat().st_ino != watched:
            return  # another folder was moved in its place: that one is watched from now on

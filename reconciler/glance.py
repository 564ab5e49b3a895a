"""Looks at a large estate in part, for a runtime: which files there are, what is kept of them, what a plan must see.

Imported only where an estate is large. Where it answers None the estate is read whole, with the same result.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from reconciler.keep.tree import Stamp
from reconciler.model import SubscriptionKey
from reconciler.partial import Part, looked_at
from reconciler.ports import StateReader
from reconciler.program import program
from reconciler.progress import Progress
from reconciler.reconcile import Inputs, with_recent
from reconciler.sharing import shared_out
from reconciler.stored import StoredState
from reconciler.surveying import Surveyor


@dataclass(frozen=True, slots=True)
class Folder:
    """The spec files of an estate, as a walk found them."""

    root: str
    """Its real path."""
    shown_as: str
    stamps: dict[str, Stamp]
    began: int
    """Nanoseconds: just before the walk."""
    place: Path | None
    """The folder of the keep; None: nothing is kept."""
    verify: bool = False
    """Look into every file, however it looks from outside."""
    whole: bool = False
    """Believe of the files behind a change only what they say now: it is to be applied."""


@dataclass(frozen=True, slots=True)
class Glance:
    """What a plan is made of, and who can keep what was read for it."""

    inputs: Inputs
    part: Part
    surveyor: Surveyor

    def keep(self, stored: StoredState | None = None, changed: Iterable[SubscriptionKey] = ()) -> bool:
        """Keep what was read for the next run; whether that could be done. A run goes on without.

        `stored`: the store by now. All that the run since changed is among what the next one looks at anyway, but for
        the records that it made: these are among `changed`.
        """
        if stored is not None:
            self.part.balance.branch, self.part.balance.serial = stored.branch, stored.serial
        self.part.balance.look_at(changed)
        return self.surveyor.save(self.part.balance.packed())


def glance(folder: Folder, inputs: Inputs, prices: str, reader: StateReader, progress: Progress) -> Glance | None:
    """The part of the estate that a plan must look at. The inputs hold no texts yet; `prices` is that list's digest."""
    surveyor = Surveyor(
        folder.root,
        folder.shown_as,
        inputs.settings,
        inputs.providers,
        b" ".join((program(), inputs.settings_digest.encode(), prices.encode())),
        folder.place,
        processes(),
        folder.verify,
        folder.whole,
        progress,
    )
    survey = surveyor.survey(folder.stamps, folder.began)
    if survey is None:
        return None
    part = looked_at(inputs, survey, reader, shared_out if processes() > 1 else None, progress)
    if part is None:
        return None
    return Glance(inputs, replace(part, stored=with_recent(inputs, part.stored, reader)), surveyor)


def processes() -> int:
    """How many processes may read at once."""
    if sys.platform != "linux":
        return 1  # elsewhere a fork may not be survived by what the system's own libraries hold
    return len(os.sched_getaffinity(0))

"""Looks at a large estate in part, for a runtime: which files there are, what is kept of them, what a plan must see.

Imported only where an estate is large. Where it answers None the estate is read whole, with the same result.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

from reconciler.balance import Balance
from reconciler.gathering import AT_ONCE, Gathering
from reconciler.keep.tree import Stamp
from reconciler.model import SubscriptionKey
from reconciler.partial import MUCH, Part, looked_at
from reconciler.portions import Portions
from reconciler.ports import StateReader
from reconciler.program import program
from reconciler.progress import Progress
from reconciler.reconcile import Inputs, Pass, with_recent
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
    balance: Balance
    looked: Part | Pass
    """What a plan is to be made of; or the pass already, made portion by portion, for it was much."""
    surveyor: Surveyor

    def keep(self, stored: StoredState | None = None, changed: Iterable[SubscriptionKey] = ()) -> bool:
        """Keep what was read for the next run; whether that could be done. A run goes on without.

        `stored`: the store by now. All that the run since changed is among what the next one looks at anyway, but for
        the records that it made: these are among `changed`. Of what differed much, only what was read is kept.
        """
        if isinstance(self.looked, Pass):
            return self.surveyor.save(b"")
        if stored is not None:
            self.balance.branch, self.balance.serial = stored.branch, stored.serial
        self.balance.look_at(changed)
        return self.surveyor.save(self.balance.packed())


class Sizes(NamedTuple):
    """From how many subscriptions on a plan is made portion by portion, and of how many each."""

    much: int = MUCH
    at_once: int = AT_ONCE


def glance(
    folder: Folder, inputs: Inputs, prices: str, reader: StateReader, progress: Progress, sizes: Sizes | None = None
) -> Glance | None:
    """The part of the estate that a plan must look at. The inputs hold no texts yet; `prices` is that list's digest."""
    sizes = sizes or Sizes()
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
    found = looked_at(inputs, survey, reader, shared_out if processes() > 1 else None, progress, sizes.much)
    if isinstance(found, Portions):
        head = with_recent(inputs, replace(found.head, settled=found.settled), reader)
        planned = _planned(found, inputs, head, progress, sizes.at_once, located=folder.whole)
        return None if planned is None else Glance(inputs, found.balance, planned, surveyor)
    if found is None:
        return None
    part = replace(found, stored=with_recent(inputs, found.stored, reader))
    return Glance(inputs, part.balance, part, surveyor)


def _planned(
    found: Portions, inputs: Inputs, head: StoredState, progress: Progress, at_once: int, *, located: bool
) -> Pass | None:
    """The pass over all of the portions; None where there is a doubt."""
    progress.phase("Planning", len(found.narrowed.files), "files")
    head = replace(head, subscriptions={}, apart=True)
    gathering = Gathering(inputs, head, found.groups.accounts, found.library, located=located)
    gathering.run(found.read(at_once, progress.advance))
    desired = found.whole()
    progress.done()
    return None if desired is None else gathering.made(desired)


def processes() -> int:
    """How many processes may read at once."""
    if sys.platform != "linux":
        return 1  # elsewhere a fork may not be survived by what the system's own libraries hold
    return len(os.sched_getaffinity(0))

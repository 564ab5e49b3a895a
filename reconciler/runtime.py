"""Builds what a command needs from its options, the environment and `reconcile.yaml`; the one that names adapters.

Decides nothing about subscriptions: it opens, hands over, and closes again. Adapters are imported where they are used,
for the sake of start-up time.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cached_property
from pathlib import PurePosixPath
from time import time_ns
from typing import TYPE_CHECKING

from reconciler.changes import Change
from reconciler.desired import DesiredState, SpecTexts
from reconciler.errors import ReconcilerError, StoreError
from reconciler.journal import ApplyReport, Run
from reconciler.observed import ObservedState
from reconciler.options import Options, SystemClock, new_lineage, parse_duration
from reconciler.plan import Plan
from reconciler.ports import StateReader, Store
from reconciler.progress import Progress, Untold, telling
from reconciler.reconcile import (
    Hands,
    Inputs,
    Pass,
    apply_pass,
    check_instant,
    picture,
    plan_pass,
    read_specs,
    told_after,
    with_recent,
)
from reconciler.settings import LEDGER, AccountSettings
from reconciler.stored import NOTHING_SETTLED, StoredState
from reconciler.world import Session, World

if TYPE_CHECKING:
    from reconciler.apply import Outside
    from reconciler.begun import Begun
    from reconciler.glance import Folder, Glance
    from reconciler.keep.tree import Stamp
    from reconciler.services import Services


LARGE = 1 << 20
"""Bytes of specs: some thousands of subscriptions, which are read whole in less than a second."""
IN_GROUPS = 8 << 20
"""Bytes of specs from which on a first plan is made group by group: as values, so many would need half a gigabyte."""
NO_TEXTS = SpecTexts((), (), "")
UNTOLD = Untold()


@dataclass
class Runtime(World):
    """One command's world, with what plans in it and applies."""

    hand_over: Callable[[Store, Mapping[str, AccountSettings]], Outside] | None = None
    """Who gets the orders for outside accounts instead of this process: workers."""
    large: int = LARGE
    """Bytes of specs from which on an estate is looked at in part."""
    in_groups: int = IN_GROUPS
    """Bytes of specs from which on the plan of an estate without records is made group by group."""
    group: int | None = None
    """Subscriptions of one group or portion; None: as many as usual."""
    much: int | None = None
    """Subscriptions to be looked at from which on that is done in portions; None: as many as usual."""
    _until: datetime | None = None
    """Before when time moves nothing of what was last looked at in part."""
    _began: datetime | None = None
    """What the clock said for that look."""
    _looked: datetime | None = None
    """When outside accounts were last looked at for a plan."""

    @cached_property
    def _large(self) -> Folder | None:
        """The specs of a large estate, as they look from outside; None where it is small, or anything is odd."""
        if self._loaded[2] or self._priced[1]:
            return None  # what is to be said of the settings is said with the specs
        from reconciler.keep.tree import walk  # start-up, as those below

        began, root = time_ns(), self._specs_folder
        stamps = walk(root)
        if stamps is None or sum(stamp[0] for stamp in stamps.values()) < self.large:
            return None
        from reconciler.glance import Folder
        from reconciler.keep.places import place

        return Folder(
            os.path.realpath(root), str(PurePosixPath(self.settings.specs)), stamps, began,
            place(self.environ, self.root), self.options.verify_content,
        )  # fmt: skip

    def _glance(
        self, reader: StateReader | None, *, commit: bool, progress: Progress, apply: bool = False
    ) -> Glance | None:
        """What of a large estate a plan must look at; None where it is to be read whole."""
        if reader is None or self._large is None:
            return None
        from reconciler.glance import Sizes, glance  # start-up: only a large estate is looked at in part

        folder, usual = replace(self._large, whole=apply), Sizes()
        sizes = Sizes(usual.much if self.much is None else self.much, self.group or usual.at_once)
        inputs = self.inputs(commit=commit, texts=NO_TEXTS)
        return glance(folder, inputs, self.price_digest, reader, progress, sizes)

    def _first(
        self, reader: StateReader | None, *, commit: bool, progress: Progress, apply: bool = False
    ) -> tuple[Inputs, Pass] | None:
        """The plan of a large estate of which nothing is recorded yet; None where something is, or any doubt."""
        large = self._large
        if large is None or sum(stamp[0] for stamp in large.stamps.values()) < self.in_groups:
            return None
        if reader is not None and not reader.empty():
            return None
        inputs = self.inputs(commit=commit, texts=NO_TEXTS)
        stored = picture(inputs, None) if reader is None else with_recent(inputs, reader.some((), ()), reader)
        if stored.subscriptions or stored.open_intents:
            return None
        from reconciler.first import first_plan  # start-up: only a large estate is planned in groups
        from reconciler.gathering import AT_ONCE

        found = first_plan(replace(large, whole=apply), inputs, stored, progress, self.group or AT_ONCE)
        return None if found is None else (inputs, found)

    @cached_property
    def services(self) -> Services:
        """Who serves the accounts."""
        from reconciler.services import Services, timing_of  # start-up: the engine for outside accounts

        return Services(self.registry, self.environment, timing_of(self.clock))

    def observed(
        self,
        inputs: Inputs,
        desired: DesiredState,
        stored: StoredState,
        reader: StateReader | None,
        anew: Collection[str] = (),
    ) -> ObservedState:
        """What outside accounts show, looked at now or kept of an earlier look, as far as `--refresh` says.

        Those of `anew` are looked at whatever it says.
        """
        if not any(account.outside for account in desired.accounts.values()):
            return ObservedState()
        from reconciler.observing import observe  # start-up, as above

        kept = reader.observations if reader is not None else dict
        self._looked = self.services.timing.now()
        return observe(inputs, desired, stored, kept, self.services.eyes(), self.options.refresh, anew)

    def dry_run(self, *, commit: bool, progress: Progress = UNTOLD) -> Pass:
        """Read, plan and review; opens nothing for writing."""
        if self._large is not None:
            with self.reading() as reader:
                first = self._first(reader, commit=commit, progress=progress)
                if first is not None:
                    return first[1]
                seen = self._glance(reader, commit=commit, progress=progress)
                if seen is not None:
                    return self._planned(seen, reader)
        inputs = self.inputs(commit=commit)
        desired = read_specs(inputs)
        with self.reading() as reader:
            stored = picture(inputs, reader)
            observed = self.observed(inputs, desired, stored, reader)
        return plan_pass(inputs, desired, stored, observed)

    def scene(self, found: Pass) -> tuple[str, str, str, Mapping[str, Stamp]] | None:
        """The paths that a dry run depends on, where the same files and store come to the same words for a while, and
        how the spec files looked.

        That is where nothing is to be done at all, and all of it is ours. Links in the paths stand as they are: they
        may lead elsewhere by the next run.
        """
        plan, large = found.plan, self._large
        odd = (plan.changes, plan.blocked, plan.pending, plan.held, plan.elapsed, found.verdict.refused)
        ours = all(account.provider == LEDGER for account in found.desired.accounts.values())
        file = self.place.file
        if large is None or file is None or any(odd) or not ours or found.stored.settled == NOTHING_SETTLED:
            return None
        prices = self.settings.prices
        prices_file = "" if prices is None else str(self.root / prices)
        return str(self._specs_folder), file, prices_file, large.stamps

    def rests_until(self, found: Pass) -> int:
        """Nanoseconds: before when time alone changes nothing of what that dry run says."""
        began = self._began or self.clock.now()
        ends = (began + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
        if self.options.as_of is None:
            if self._until is not None:
                ends = min(ends, self._until)
            if found.plan.as_of > began:
                ends = min(ends, found.plan.as_of)  # until then it is said that the clock is behind
        return int(ends.timestamp()) * 1_000_000_000

    def _planned(self, seen: Glance, reader: StateReader | None) -> Pass:
        """The plan of what was looked at; what was read for it is kept."""
        self._until, self._began = seen.balance.until, seen.inputs.circumstances.now
        found = seen.looked
        if not isinstance(found, Pass):
            desired, stored = found.desired, found.stored
            found = plan_pass(seen.inputs, desired, stored, self.observed(seen.inputs, desired, stored, reader))
        seen.keep()
        return found

    def apply(
        self,
        agree: Callable[[Pass], bool],
        stop: Callable[[], bool],
        progress: Progress,
        approved: Callable[[Change], bool] = lambda change: True,
    ) -> tuple[Pass, ApplyReport | None]:
        """One whole pass under the lease. `agree` sees the plan before anything is written; it says no: no report.

        What an earlier run had begun is planned once more only where it is `approved`; else it is just settled.
        """
        whole = None if self._large is not None else self._whole()
        self._store_there()  # before the lease, whose lock file would be tried at a place that cannot be
        with self.leased():
            with self.reading_or_writing() as store:
                first = self._first(store, commit=True, progress=progress, apply=True)
                seen = None if first else self._glance(store, commit=True, progress=progress, apply=True)
                if seen is not None and store is not None and not seen.looked.stored.open_intents:
                    return self._apply_part(seen, store, agree, stop, progress)
                inputs, found, begun = (*first, None) if first else self._planned_whole(whole, store, approved)
                check_instant(inputs, found)
                if not agree(found):
                    return found, None
                if store is not None:
                    report = self._carry_out(inputs, found, store, stop, progress, begun)
                    return replace(found, plan=told_after(found.plan, report)), report
            return self._first_apply(inputs, found, stop, progress)

    def _planned_whole(
        self, whole: tuple[Inputs, DesiredState] | None, store: Store | None, approved: Callable[[Change], bool]
    ) -> tuple[Inputs, Pass, Begun | None]:
        """The plan of all there is, once what an earlier run had begun is settled."""
        from reconciler.begun import with_open  # start-up, as below

        inputs, desired = whole or self._whole()
        stored, begun = self._settled(inputs, desired, store)
        anew = {intent.key.account for intent in begun.asked}
        observed = self.observed(inputs, desired, stored, store, anew)
        found = plan_pass(inputs, desired, stored, observed)
        if back := (*begun.unlike(found.plan, stored), *begun.beyond(found.plan, approved)):
            found = plan_pass(inputs, desired, with_open(stored, back), observed)
        return inputs, found, begun

    def _whole(self) -> tuple[Inputs, DesiredState]:
        """Every spec, read in full."""
        inputs = self.inputs(commit=True)
        return inputs, read_specs(inputs)

    def _apply_part(
        self, seen: Glance, store: Store, agree: Callable[[Pass], bool], stop: Callable[[], bool], progress: Progress
    ) -> tuple[Pass, ApplyReport | None]:
        """The same for the part of a large estate that a plan must look at."""
        found = self._planned(seen, store)
        check_instant(seen.inputs, found)
        if not agree(found):
            return found, None
        report = self._carry_out(seen.inputs, found, store, stop, progress)
        with suppress(StoreError):  # what was done must be told, and who looks next can do without
            by_now = store.some((), tuple(found.desired.accounts))
            seen.keep(by_now, (change.key for change in found.verdict.allowed))
        return replace(found, plan=told_after(found.plan, report)), report

    def _first_apply(
        self, inputs: Inputs, found: Pass, stop: Callable[[], bool], progress: Progress
    ) -> tuple[Pass, ApplyReport]:
        """No store yet: a run that may write creates it; one that was refused leaves no trace."""
        if found.verdict.refused and not found.verdict.allowed:
            return found, ApplyReport(run=None, refused=found.verdict.refused)
        lineage = found.stored.lineage or new_lineage()
        with self.new_store(lineage) as store:
            created = replace(found, stored=replace(found.stored, lineage=lineage))
            report = self._carry_out(inputs, created, store, stop, progress)
        report = replace(report, lineage=lineage, created_store=True)
        return replace(found, plan=told_after(found.plan, report)), report

    def _settled(self, inputs: Inputs, desired: DesiredState, store: Store | None) -> tuple[StoredState, Begun]:
        """What is stored once every intent that an earlier run left open is settled, as far as its provider tells.

        And the intents that a plan may ask for once more.
        """
        from reconciler.begun import NOTHING_BEGUN, Begun, ours_to_ask  # start-up: a dry run settles nothing

        stored = picture(inputs, store)
        theirs = ours_to_ask(inputs.circumstances, inputs.as_of, desired, stored)
        opened = [intent for key, intent in stored.open_intents.items() if key.account in theirs and not intent.queued]
        if store is None or not opened:
            return stored, NOTHING_BEGUN
        found = self.services.settle(opened, desired, stored, store, self.run("settle"))
        left = picture(inputs, store)
        keys = {intent.key for intent in found.repeatable}
        why = {key: obstacle.detail for key, obstacle in found.still_open.items()}
        still_open = {
            key: replace(intent, why=why.get(key, "")) for key, intent in left.open_intents.items() if key not in keys
        }
        # The runs that were cut off are told of, and carried on, by the run that follows.
        told = (*left.diagnostics, *found.notes)
        left = replace(left, open_intents=still_open, unfinished=stored.unfinished, diagnostics=told)
        return left, Begun(found.repeatable, tuple(opened))

    def _carry_out(
        self,
        inputs: Inputs,
        found: Pass,
        store: Store,
        stop: Callable[[], bool],
        progress: Progress,
        begun: Begun | None = None,
    ) -> ApplyReport:
        from reconciler.apply import Served  # start-up: a dry run carries nothing out

        accounts = found.desired.accounts
        if all(account.provider == LEDGER for account in accounts.values()):
            served = Served(dict.fromkeys(accounts, self.registry.recorder(LEDGER)))
        else:
            served = self.services.served(accounts, stop, () if begun is None else begun.late)
        if self.hand_over is not None:
            served = replace(served, outside=self.hand_over(store, accounts))
        run, told = self.run("apply", as_of=found.plan.as_of, plan=found.plan), telling(progress, "Applying", "changes")
        stopped = {refusal.scope for refusal in found.verdict.refused}
        looked = found.observed.accounts.values()
        fresh = [item for item in looked if item.fresh and item.trouble is None and item.account not in stopped]
        if fresh and "run" not in stopped:
            store.keep_observations(fresh, self._looked)
        return apply_pass(inputs, found, run, Hands(store, served, self.clock, stop, told), begun)

    def run(
        self, command: str, *, as_of: datetime | None = None, plan: Plan | None = None, reason: str | None = None
    ) -> Run:
        """A new run of this process: who applies, and on whose decision."""
        now, around = self.clock.now(), self.environment
        return Run(
            id=f"{now:%Y%m%dT%H%M%SZ}-{secrets.token_hex(4)}",
            command=command,
            started_at=now,
            as_of=as_of or now,
            actor=around.actor,
            host=around.host,
            pid=os.getpid(),
            ci_run=around.ci_run,
            commit=self.revision.commit if self.revision else None,
            commit_author=self.revision.author if self.revision else None,
            fingerprint=plan.fingerprint if plan else None,
            specs_digest=plan.bindings.specs_digest if plan else None,
            planned=len(plan.changes) if plan else 0,
            reason=reason,
            allowed=tuple(map(str, self.options.allow)),
        )


__all__ = ["Options", "ReconcilerError", "Runtime", "Session", "SystemClock", "new_lineage", "parse_duration"]

"""`reconcile import --from-provider`: what an outside account shows, as specs that ask for nothing, and their records.

New spec files come first, are read back, and only then is anything recorded: whatever cuts it off, running it again
carries on. Never asks the provider for a change. Decides nothing itself: `reconciler.importing.from_provider` does.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from reconciler.apply import execute
from reconciler.cli.adopt_report import adopt_code, adopt_renders
from reconciler.cli.app import Given
from reconciler.cli.new_specs import NewSpecs
from reconciler.cli.output import emit
from reconciler.cli.progress import progress_on
from reconciler.cli.session import Signals, named_account, runtime_for
from reconciler.desired import DesiredState
from reconciler.errors import UsageError
from reconciler.hand import Instruction, Served
from reconciler.importing.from_provider import Adoption, Request, prepared
from reconciler.journal import ApplyReport
from reconciler.observed import ObservedAccount
from reconciler.observing import look
from reconciler.outside.timing import never
from reconciler.plan import Bindings, Verdict
from reconciler.ports import Bookkeeping, Store
from reconciler.reconcile import Inputs, instant_of, picture, read_specs, rulebook_of
from reconciler.refresh import concerns
from reconciler.runtime import Runtime, new_lineage
from reconciler.safety import review
from reconciler.selection import EVERYTHING
from reconciler.settings import LEDGER, AccountSettings
from reconciler.stored import StoredState


def import_from_provider(given: Given, account: str, output: Path | None, *, dry_run: bool) -> int:
    """Bring an outside account in; the exit code."""
    if given.select or given.exclude:
        raise UsageError("narrowed-import", "an import takes the whole account", "take out of the new file instead")
    desk = _desk(given, account)
    out = None if output is None else desk.specs.shown(given.directory, output)
    if dry_run:
        with desk.runtime.reading() as reader:
            stored = picture(desk.inputs, reader)
        decided, verdict = desk.decide(desk.look(stored, never), stored, out)
        emit(given, adopt_renders(decided, verdict, None, desk.account))
        return adopt_code(decided, verdict, None, detailed=given.detailed_exitcode)
    if desk.inputs.as_of is not None:
        hint = "only a ledger lives in our time; leave --as-of out"
        raise UsageError("as-of-outside", f"--as-of cannot be applied to {account}", hint)
    with Signals() as signals, progress_on(given) as progress:
        signals.finish_batches()
        decided, verdict, report = desk.take(out, lambda: runtime_for(given), signals.asked, progress)
    emit(given, adopt_renders(decided, verdict, report, desk.account))
    return adopt_code(decided, verdict, report, detailed=False)


def _desk(given: Given, name: str) -> _Desk:
    runtime = runtime_for(given)
    inputs = runtime.inputs(commit=True)
    declared = read_specs(inputs)
    account = named_account(name, declared.accounts)
    if not account.outside:
        hint = f"its records are ours: bring them in from CSV, reconcile import FILE.csv --account {name}"
        raise UsageError("not-outside", f"{name} is served by no outside provider: it is {account.provider}", hint)
    return _Desk(runtime, inputs, declared, account, NewSpecs(runtime, inputs, account))


@dataclass(frozen=True, slots=True)
class _Desk:
    """One outside account of one repository, with its specs as they are."""

    runtime: Runtime
    inputs: Inputs
    declared: DesiredState
    account: AccountSettings
    specs: NewSpecs

    def look(self, stored: StoredState, stop: Callable[[], bool]) -> ObservedAccount:
        """All that its provider shows now."""
        name = self.account.name
        about = concerns(self.declared, stored, EVERYTHING)
        ids = about[name].ids if name in about else frozenset[str]()
        return look({name: ids}, self.declared.accounts, self.runtime.services.eyes(stop))[name]

    def decide(self, known: ObservedAccount, stored: StoredState, out: str | None) -> tuple[Adoption, Verdict]:
        """The import, and what the brakes say of it."""
        inputs, name = self.inputs, self.account.name
        bindings = Bindings(
            self.declared.digest,
            inputs.settings_digest,
            stored.lineage,
            stored.serial,
            inputs.commit,
            # The brakes are asked about this account alone: another one's troubles are not this import's.
            select=(f"{name}/*",),
        )
        request = Request(
            account=self.account,
            folder=self.specs.folder,
            schema=self.specs.schema(out),
            now=instant_of(inputs, stored),
            bindings=bindings,
            rulebook=rulebook_of(inputs, self.declared),
            out=out,
        )
        decided = prepared(known, request, stored, self.declared, self.specs.existing(out), self.specs.load)
        alone = replace(decided.desired, accounts={name: self.account})
        verdict = review(decided.plan, alone, stored, inputs.circumstances)
        if decided.files:
            return decided, verdict
        # That there is nothing to bring in says nothing about specs that were lost.
        return decided, replace(verdict, refused=tuple(item for item in verdict.refused if item.limit != "empty"))

    def take(
        self,
        out: str | None,
        anew: Callable[[], Runtime],
        stop: Callable[[], bool],
        progress: Callable[[int, int], None],
    ) -> tuple[Adoption, Verdict, ApplyReport]:
        """Look, write the specs, read them back, and record, all under the lease; what is refused does neither."""
        runtime = self.runtime
        with runtime.leased(), runtime.reading_or_writing() as there:
            stored = picture(self.inputs, there)
            known = self.look(stored, stop)
            decided, verdict = self.decide(known, stored, out)
            if not verdict.clear:
                return decided, verdict, ApplyReport(run=None, refused=verdict.refused)
            if there is None and not decided.plan.changes:
                return decided, verdict, ApplyReport(run=None)
            if there is not None:
                with self.specs.written(decided.files, anew):
                    there.keep_observations([known])
                return decided, verdict, self._record(decided, stored, there, stop, progress)
            lineage = stored.lineage or new_lineage()
            with self.specs.written(decided.files, anew):
                made = runtime.new_store(lineage)
            with made:
                made.keep_observations([known])
                report = self._record(decided, replace(stored, lineage=lineage), made, stop, progress)
            return decided, verdict, replace(report, lineage=lineage, created_store=True)

    def _record(
        self,
        decided: Adoption,
        stored: StoredState,
        store: Store,
        stop: Callable[[], bool],
        progress: Callable[[int, int], None],
    ) -> ApplyReport:
        plan, account = decided.plan, self.account
        kept = Bookkeeping()
        if plan.changes or plan.elapsed:
            known = {} if account.name in stored.accounts else {account.name: (account.provider, account.pin)}
            kept = Bookkeeping(accounts=known, declared=plan.declared, as_of=plan.as_of)
        run = self.runtime.run("import", as_of=plan.as_of, plan=plan)
        instruction = Instruction(
            run, plan.changes, kept, stored.lineage or "", stored.serial, elapsed=plan.elapsed, settled=plan.settled
        )
        # Whoever records what is ours also records what is adopted: the provider is asked for nothing.
        served = Served({account.name: self.runtime.registry.recorder(LEDGER)})
        return execute(instruction, stored.subscriptions, store, served, self.runtime.clock, stop, progress)

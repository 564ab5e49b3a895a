"""`reconcile import`: an estate from CSV into a ledger account, with its specs.

New spec files come first, are read back, and only then is anything recorded: whatever cuts it off, running it again
carries on. Decides nothing itself: `reconciler.importing` does.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import click

from reconciler.apply import execute
from reconciler.catalogue import Catalogue
from reconciler.cli.app import Given, shared
from reconciler.cli.import_report import import_code, import_renders
from reconciler.cli.new_specs import NewSpecs
from reconciler.cli.output import emit
from reconciler.cli.progress import progress_on
from reconciler.cli.session import Signals, named_account, runtime_for
from reconciler.deeds import Witness
from reconciler.desired import DesiredState
from reconciler.diagnostics import Diagnostic
from reconciler.elapsed import elapse
from reconciler.errors import InputError, ReconcilerError, UsageError
from reconciler.events import Event
from reconciler.hand import Instruction, Served
from reconciler.importing.estate import Import, Request, prepared
from reconciler.importing.header import mapping_of
from reconciler.importing.read import read_csv
from reconciler.importing.records import BYTES_AT_MOST
from reconciler.importing.rows import ImportedRow
from reconciler.importing.tasks import ByHand, Showing
from reconciler.importing.write import Writing
from reconciler.journal import ApplyReport
from reconciler.operation_ids import operation_id
from reconciler.plan import Bindings, Verdict
from reconciler.ports import Bookkeeping, StateReader, Store
from reconciler.reconcile import Inputs, instant_of, picture, read_specs, rulebook_of
from reconciler.rulebook import Rulebook
from reconciler.runtime import Runtime, new_lineage
from reconciler.safety import review
from reconciler.settings import LEDGER, MANUAL, AccountSettings
from reconciler.stored import StoredState


class CsvErrors(InputError):
    """The file holds errors; all of them, from one pass, are in `diagnostics`."""

    def __init__(self, diagnostics: Sequence[Diagnostic]) -> None:
        count = f"{len(diagnostics):,} {'error' if len(diagnostics) == 1 else 'errors'}"
        super().__init__("csv-errors", f"{count}; nothing was imported")
        self.diagnostics = tuple(diagnostics)


@click.command("import")
@click.argument("file", metavar="[FILE.csv]", required=False, type=click.Path(path_type=Path))
@click.option("--account", metavar="ACCOUNT", required=True, help="The account that the estate belongs to.")
@click.option("--from-provider", is_flag=True, help="Take what the account's own provider shows, instead of a file.")
@click.option(
    "--map",
    "maps",
    metavar="THEIR=OURS",
    multiple=True,
    help="Read their header as our column; with nothing behind the = it is left out; repeatable.",
)
@click.option(
    "--declare",
    type=click.Choice(["recurring", "cancel"]),
    multiple=True,
    help="Write it as a declaration instead of a comment; repeatable.",
)
@click.option(
    "-o", "--output", metavar="FILE", type=click.Path(path_type=Path), help="The new spec file, within the specs."
)
@click.option("--update", is_flag=True, help="Record also what differs from before.")
@click.option("--dry-run", is_flag=True, help="Report what would be written and recorded, and do neither.")
@shared
def import_csv(  # noqa: PLR0913, PLR0917 - one for each option
    given: Given,
    file: Path | None,
    account: str,
    from_provider: bool,
    maps: tuple[str, ...],
    declare: tuple[str, ...],
    output: Path | None,
    update: bool,
    dry_run: bool,
) -> int:
    """Bring an existing estate in, from CSV or its provider, and write its specs."""
    if from_provider:
        if file is not None or maps or declare or update:
            hint = "leave out the file, --map, --declare and --update: all is taken as the provider shows it"
            raise UsageError("no-file-needed", "--from-provider reads no file", hint)
        from reconciler.cli.adopting import import_from_provider  # start-up: it brings the engine for outside accounts

        return import_from_provider(given, account, output, dry_run=dry_run)
    if file is None:
        hint = "name it, or for an outside account let its provider tell: --from-provider"
        raise UsageError("no-file-named", "there is no CSV file to import", hint)
    if given.select or given.exclude:
        raise UsageError("narrowed-import", "an import takes the whole file", "take rows out of the file instead")
    rows = _rows(given.directory / file, str(file), mapping_of(maps))
    desk = _desk(given, account)
    asked = _Asked(
        str(file), frozenset(declare), None if output is None else desk.specs.shown(given.directory, output), update
    )
    if dry_run:
        with desk.runtime.reading() as reader:
            stored, elapsed = desk.standing(reader)
            decided, verdict = desk.decide(rows, asked, stored, desk.by_hand(stored, elapsed, reader))
        emit(given, import_renders(decided, verdict, None, account, update=update))
        return import_code(decided, verdict, None, detailed=given.detailed_exitcode)
    with Signals() as signals, progress_on(given) as progress:
        signals.finish_batches()
        decided, verdict, report = desk.take(rows, asked, lambda: runtime_for(given), signals.asked, progress)
    emit(given, import_renders(decided, verdict, report, account, update=update))
    return import_code(decided, verdict, report, detailed=False)


def _rows(path: Path, shown_as: str, mapping: dict[str, str]) -> tuple[ImportedRow, ...]:
    try:
        with path.open("rb") as file:
            data = file.read(BYTES_AT_MOST + 1)
    except OSError as error:
        raise InputError("no-csv-file", f"{shown_as} could not be read: {error.strerror}", "name a CSV file") from error
    rows, found = read_csv(data, shown_as, mapping)
    if found:
        raise CsvErrors(found)
    return rows


def _desk(given: Given, name: str) -> _Desk:
    runtime = runtime_for(given)
    inputs = runtime.inputs(commit=True)
    declared = read_specs(inputs)
    account = named_account(name, declared.accounts)
    if account.outside:
        hint = f"let its provider tell: reconcile import --account {name} --from-provider"
        raise UsageError("not-a-ledger", f"{name} is no ledger: {account.provider} keeps its records", hint)
    return _Desk(runtime, inputs, declared, account, NewSpecs(runtime, inputs, account))


@dataclass(frozen=True, slots=True)
class _Asked:
    """What the command line asks of this import."""

    source: str
    declare: frozenset[str]
    out: str | None
    update: bool


@dataclass(frozen=True, slots=True)
class _Desk:
    """One account of one repository, with its specs as they are."""

    runtime: Runtime
    inputs: Inputs
    declared: DesiredState
    account: AccountSettings
    specs: NewSpecs

    def standing(self, reader: StateReader | None) -> tuple[StoredState, tuple[Event, ...]]:
        """What is stored, as it stands at the instant of the import, and what time did to the account's records."""
        stored = picture(self.inputs, reader)
        now = instant_of(self.inputs, stored)
        rules = rulebook_of(self.inputs, self.declared)
        return elapse(stored, rules, now, lambda key: key.account == self.account.name)

    def by_hand(self, stored: StoredState, elapsed: tuple[Event, ...], reader: StateReader | None) -> ByHand | None:
        """What people have been asked, and what they have said, where they make the account's changes."""
        if self.account.provider != MANUAL:
            return None
        tasks = {key: task for key, task in stored.open_intents.items() if key.account == self.account.name}
        lifecycle = rulebook_of(self.inputs, self.declared).ruling(self.account.name)
        return ByHand(tasks, lambda key: [] if reader is None else list(reader.history(key)), elapsed, lifecycle)

    def decide(
        self, rows: Sequence[ImportedRow], asked: _Asked, stored: StoredState, by_hand: ByHand | None
    ) -> tuple[Import, Verdict]:
        """The import, and what the brakes say of it."""
        self._check_instant(stored)
        request = replace(self._request(asked, stored), by_hand=by_hand)
        decided = prepared(rows, request, stored, self.declared, self.specs.existing(asked.out), self.specs.load)
        # The brakes are asked about this account alone: another one's troubles are not this import's.
        desired = replace(decided.desired, accounts={self.account.name: self.account})
        return decided, review(decided.plan, desired, stored, self.inputs.circumstances)

    def take(
        self,
        rows: Sequence[ImportedRow],
        asked: _Asked,
        anew: Callable[[], Runtime],
        stop: Callable[[], bool],
        progress: Callable[[int, int], None],
    ) -> tuple[Import, Verdict, ApplyReport]:
        """Write the specs, read them back, and record, all under the lease; a refused import does neither."""
        runtime = self.runtime
        with runtime.leased(), runtime.reading_or_writing() as there:
            stored, elapsed = self.standing(there)
            decided, verdict = self.decide(rows, asked, stored, self.by_hand(stored, elapsed, there))
            if not verdict.clear:
                return decided, verdict, ApplyReport(run=None, refused=verdict.refused)
            if there is not None:
                with self.specs.written(decided.files, anew):
                    pass
                return decided, verdict, self._record(decided, stored, elapsed, there, stop, progress)
            lineage = stored.lineage or new_lineage()
            with self.specs.written(decided.files, anew):
                made = runtime.new_store(lineage)
            with made:
                report = self._record(decided, replace(stored, lineage=lineage), (), made, stop, progress)
            return decided, verdict, replace(report, lineage=lineage, created_store=True)

    def _request(self, asked: _Asked, stored: StoredState) -> Request:
        names = Catalogue().names_for(self.declared.accounts)

        def product_name(code: str) -> str | None:
            name = names(self.account.name, code)
            return None if name == code else name

        return Request(
            account=self.account.name,
            folder=self.specs.folder,
            writing=Writing(asked.source, asked.declare, self.specs.schema(asked.out), product_name),
            now=instant_of(self.inputs, stored),
            bindings=Bindings(
                self.declared.digest, self.inputs.settings_digest, stored.lineage, stored.serial, self.inputs.commit
            ),
            # An import records what is: no vendor's rule bars a fact. The next plan judges what the specs wish of it.
            rulebook=Rulebook(),
            out=asked.out,
            update=asked.update,
        )

    def _check_instant(self, stored: StoredState) -> None:
        last, as_of = stored.last_as_of, self.inputs.as_of
        if as_of is not None and last is not None and as_of < last:
            raise ReconcilerError(
                "as-of-before-last",
                f"--as-of lies before the last recorded run, {last:%Y-%m-%dT%H:%M:%SZ}",
                "time does not go backwards in a ledger: take that instant or a later one",
            )

    def _record(
        self,
        decided: Import,
        stored: StoredState,
        elapsed: tuple[Event, ...],
        store: Store,
        stop: Callable[[], bool],
        progress: Callable[[int, int], None],
    ) -> ApplyReport:
        told = [(item, item.change) for item in decided.told if item.change is not None]
        changes = (*decided.plan.changes, *(change for _, change in told))
        account = self.account
        kept = Bookkeeping()
        if changes:
            known = {} if account.name in stored.accounts else {account.name: (account.provider, account.pin)}
            kept = Bookkeeping(accounts=known, as_of=decided.plan.as_of)
        run = self.runtime.run("import", as_of=decided.plan.as_of, plan=decided.plan)
        # What time did to a record that goes back, it did not do.
        undone = {item.key for item, _ in told if item.showing is Showing.CONTRADICTED}
        touched = {change.key for change in changes} - undone
        events = tuple(event for event in elapsed if event.key in touched)
        lineage, serial = stored.lineage or "", stored.serial
        closes = {operation_id(lineage, serial, change): item.operation_id for item, change in told}
        repeated = {number: task for number, task in closes.items() if task is not None}
        instruction = Instruction(run, changes, kept, lineage, serial, elapsed=events, repeated=repeated)
        witness = Witness({item.key: item.proof for item, _ in told if item.proof is not None})
        served = Served({account.name: witness if told else self.runtime.registry.recorder(LEDGER)})
        return execute(instruction, stored.subscriptions, store, served, self.runtime.clock, stop, progress)

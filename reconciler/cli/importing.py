"""`reconcile import`: an estate from CSV into a ledger account, with its specs.

New spec files come first, are read back, and only then is anything recorded: whatever cuts it off, running it again
carries on. Decides nothing itself: `reconciler.importing` does.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

import click

from reconciler.apply import Instruction, execute
from reconciler.catalogue import Catalogue
from reconciler.cli.app import Given, shared
from reconciler.cli.import_report import import_code, import_renders
from reconciler.cli.output import emit, make_folder, write_file
from reconciler.cli.progress import progress_on
from reconciler.cli.session import Signals, runtime_for
from reconciler.desired import DesiredState, SpecText
from reconciler.diagnostics import Diagnostic, did_you_mean
from reconciler.elapsed import elapse
from reconciler.errors import InputError, ReconcilerError, UsageError
from reconciler.events import Event
from reconciler.importing.estate import Import, Request, prepared
from reconciler.importing.header import mapping_of
from reconciler.importing.proof import WrittenWrongly
from reconciler.importing.read import read_csv
from reconciler.importing.records import BYTES_AT_MOST
from reconciler.importing.rows import ImportedRow
from reconciler.importing.write import Writing, WrittenSpec
from reconciler.journal import ApplyReport
from reconciler.plan import Bindings, Verdict
from reconciler.ports import Bookkeeping, StateReader, Store
from reconciler.reconcile import Inputs, instant_of, picture, read_specs, rulebook_of
from reconciler.rulebook import Rulebook
from reconciler.runtime import Runtime, new_lineage
from reconciler.safety import review
from reconciler.settings import AccountSettings
from reconciler.spec import load_specs
from reconciler.stored import StoredState

_SCHEMA = "schemas/specs.v1.schema.json"
"""Where a repository keeps the schema that editors are pointed to, relative to its root."""


class CsvErrors(InputError):
    """The file holds errors; all of them, from one pass, are in `diagnostics`."""

    def __init__(self, diagnostics: Sequence[Diagnostic]) -> None:
        count = f"{len(diagnostics):,} {'error' if len(diagnostics) == 1 else 'errors'}"
        super().__init__("csv-errors", f"{count}; nothing was imported")
        self.diagnostics = tuple(diagnostics)


@click.command("import")
@click.argument("file", metavar="FILE.csv", type=click.Path(path_type=Path))
@click.option("--account", metavar="ACCOUNT", required=True, help="The ledger account that the rows belong to.")
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
    file: Path,
    account: str,
    maps: tuple[str, ...],
    declare: tuple[str, ...],
    output: Path | None,
    update: bool,
    dry_run: bool,
) -> int:
    """Bring an existing estate into a ledger, and write its specs."""
    if given.select or given.exclude:
        raise UsageError("narrowed-import", "an import takes the whole file", "take rows out of the file instead")
    rows = _rows(given.directory / file, str(file), mapping_of(maps))
    desk = _desk(given, account)
    asked = _Asked(str(file), frozenset(declare), None if output is None else desk.shown(given, output), update)
    if dry_run:
        with desk.runtime.reading() as reader:
            stored, _ = desk.standing(reader)
        decided, verdict = desk.decide(rows, asked, stored)
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
    account = declared.accounts.get(name)
    if account is None:
        hint = did_you_mean(name, declared.accounts) or "define it under `accounts` in reconcile.yaml"
        raise UsageError("no-such-account", f"there is no account '{name}'", hint)
    if not runtime.registry.make(account.provider).atomic:
        hint = "declare its subscriptions in specs; the first apply adopts them"
        raise UsageError("not-a-ledger", f"{name} is no ledger: {account.provider} keeps its records", hint)
    return _Desk(runtime, inputs, declared, account)


@dataclass(frozen=True, slots=True)
class _Asked:
    """What the command line asks of this import."""

    source: str
    declare: frozenset[str]
    out: str | None
    update: bool

    @property
    def folder(self) -> str | None:
        """The folder of the file that was asked for."""
        return None if self.out is None else self.out.rpartition("/")[0]


@dataclass(frozen=True, slots=True)
class _Desk:
    """One account of one repository, with its specs as they are."""

    runtime: Runtime
    inputs: Inputs
    declared: DesiredState
    account: AccountSettings

    def standing(self, reader: StateReader | None) -> tuple[StoredState, tuple[Event, ...]]:
        """What is stored, as it stands at the instant of the import, and what time did to the account's records."""
        stored = picture(self.inputs, reader)
        now = instant_of(self.inputs, stored)
        rules = rulebook_of(self.inputs, self.declared)
        return elapse(stored, rules, now, lambda key: key.account == self.account.name)

    def shown(self, given: Given, output: Path) -> str:
        """The file asked for as specs are shown; raises UsageError for one that would not be read as a spec."""
        path = Path(os.path.abspath(given.directory / output))
        specs = Path(os.path.abspath(self.runtime.root / self.runtime.settings.specs))
        if not path.is_relative_to(specs):
            raise UsageError(
                "path-outside", f"{output} is outside the specs", f"the specs are in {self.runtime.settings.specs}/"
            )
        if path.suffix not in (".yaml", ".yml") or path.name.startswith(("_", ".")):
            raise UsageError("no-spec-name", f"{output} would not be read as a spec", "name it like contoso.yaml")
        return path.relative_to(self.runtime.root).as_posix()

    def decide(self, rows: Sequence[ImportedRow], asked: _Asked, stored: StoredState) -> tuple[Import, Verdict]:
        """The import, and what the brakes say of it."""
        self._check_instant(stored)
        decided = prepared(rows, self._request(asked, stored), stored, self.declared, self._existing(asked), self._load)
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
            decided, verdict = self.decide(rows, asked, stored)
            if not verdict.clear:
                return decided, verdict, ApplyReport(run=None, refused=verdict.refused)
            if there is not None:
                with self._written(decided.files, anew):
                    pass
                return decided, verdict, self._record(decided, stored, elapsed, there, stop, progress)
            lineage = stored.lineage or new_lineage()
            with self._written(decided.files, anew):
                made = runtime.new_store(lineage)
            with made:
                report = self._record(decided, replace(stored, lineage=lineage), (), made, stop, progress)
            return decided, verdict, replace(report, lineage=lineage, created_store=True)

    def _request(self, asked: _Asked, stored: StoredState) -> Request:
        folder = self._folder()
        names = Catalogue().names_for(self.declared.accounts)

        def product_name(code: str) -> str | None:
            name = names(self.account.name, code)
            return None if name == code else name

        schema = PurePosixPath(os.path.relpath(_SCHEMA, asked.folder or folder))
        return Request(
            account=self.account.name,
            folder=folder,
            writing=Writing(asked.source, asked.declare, schema.as_posix(), product_name),
            now=instant_of(self.inputs, stored),
            bindings=Bindings(
                self.declared.digest, self.inputs.settings_digest, stored.lineage, stored.serial, self.inputs.commit
            ),
            # An import records what is: no vendor's rule bars a fact. The next plan judges what the specs wish of it.
            rulebook=Rulebook(),
            out=asked.out,
            update=asked.update,
        )

    def _folder(self) -> str:
        """Where the account's new specs belong: below its `_account.yaml`, else at the root of the specs."""
        place = self.account.place
        if place is not None and place.file.rpartition("/")[2] == "_account.yaml":
            return place.file.rpartition("/")[0]
        return PurePosixPath(self.runtime.settings.specs).as_posix()

    def _existing(self, asked: _Asked) -> set[str]:
        """Every file that a new one could meet, whether it is read as a spec or not."""
        found = {text.origin for text in self.inputs.texts.files}
        for folder in {self._folder(), asked.folder or self._folder()}:
            with suppress(FileNotFoundError, NotADirectoryError):
                found |= {f"{folder}/{path.name}" for path in (self.runtime.root / folder).iterdir()}
        return found

    def _load(self, new: Sequence[WrittenSpec]) -> DesiredState:
        texts = self.inputs.texts
        files = (*texts.files, *(SpecText(item.file, item.text) for item in new))
        ordered = replace(texts, files=tuple(sorted(files, key=lambda text: text.origin)))
        return load_specs(ordered, self.inputs.settings, self.runtime.registry)

    def _check_instant(self, stored: StoredState) -> None:
        last, as_of = stored.last_as_of, self.inputs.as_of
        if as_of is not None and last is not None and as_of < last:
            raise ReconcilerError(
                "as-of-before-last",
                f"--as-of lies before the last recorded run, {last:%Y-%m-%dT%H:%M:%SZ}",
                "time does not go backwards in a ledger: take that instant or a later one",
            )

    @contextmanager
    def _written(self, files: Sequence[WrittenSpec], anew: Callable[[], Runtime]) -> Iterator[None]:
        """Puts the new files in place and reads them back; if that or the block fails, none of them stays behind."""
        made: list[Path] = []
        try:
            for item in files:
                path = self.runtime.root / item.file
                make_folder(path.parent)
                write_file(path, item.text, exclusive=True)
                made.append(path)
            if files:
                _check(files, anew())
            yield
        except BaseException:
            for path in made:
                with suppress(OSError):
                    path.unlink()
            raise

    def _record(
        self,
        decided: Import,
        stored: StoredState,
        elapsed: tuple[Event, ...],
        store: Store,
        stop: Callable[[], bool],
        progress: Callable[[int, int], None],
    ) -> ApplyReport:
        changes = decided.plan.changes
        account = self.account
        kept = Bookkeeping()
        if changes:
            known = {} if account.name in stored.accounts else {account.name: (account.provider, account.tenant)}
            kept = Bookkeeping(accounts=known, as_of=decided.plan.as_of)
        run = self.runtime.run("import", as_of=decided.plan.as_of, plan=decided.plan)
        touched = {change.key for change in changes}
        events = tuple(event for event in elapsed if event.key in touched)
        instruction = Instruction(run, changes, kept, stored.lineage or "", stored.serial, elapsed=events)
        providers = {account.name: self.runtime.registry.make(account.provider)}
        return execute(instruction, stored.subscriptions, store, providers, self.runtime.clock, stop, progress)


def _check(files: Sequence[WrittenSpec], anew: Runtime) -> None:
    """What every later run will read is what was proved."""
    found = {text.origin: text.text for text in anew.texts.files}
    for item in files:
        if found.get(item.file) != item.text:
            raise WrittenWrongly(f"{item.file} is not read as it was written")

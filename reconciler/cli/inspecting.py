"""Looking without touching: `status`, `show`, `explain` and `history`. The store is opened read-only throughout."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

import click

from reconciler.catalogue import Catalogue, Names
from reconciler.cli.app import Given, shared, tabular
from reconciler.cli.narrowing import chosen_columns, matching, sorting
from reconciler.cli.output import emit, say, terminal_columns
from reconciler.cli.rendering import explain_renders, history_renders, show_renders, status_renders
from reconciler.cli.session import parse_key, runtime_for, warn_of_clock, whole
from reconciler.desired import DesiredState
from reconciler.errors import InputError, StoreError, UsageError
from reconciler.journal import HistoryEntry
from reconciler.lifecycle import at
from reconciler.model import StoredSubscription, SubscriptionKey
from reconciler.ports import StateReader
from reconciler.reconcile import about_time, declared, instant_of, rulebook_of
from reconciler.rulebook import Rulebook
from reconciler.runtime import Runtime
from reconciler.selection import Selection, glob
from reconciler.stored import StoredState
from reconciler.views.show import shown
from reconciler.views.status import StatusRow, status_row
from reconciler.views.status_columns import ordered
from reconciler.views.status_table import Asked


@dataclass(frozen=True, slots=True)
class _Estate:
    """What is stored and what is declared, side by side."""

    stored: StoredState
    desired: DesiredState
    now: datetime
    names: Names
    rulebook: Rulebook
    observed: Mapping[SubscriptionKey, datetime] = field(default_factory=dict)
    """When the provider of an outside one was last looked at."""

    def standing(self, record: StoredSubscription) -> StoredSubscription:
        """The record as time has left it by now."""
        return at(record, self.rulebook.ruling(record.key.account), self.now)

    def row(self, record: StoredSubscription) -> StatusRow:
        """One record as it stands now."""
        managed = record.key in self.desired.subscriptions
        standing, seen = self.standing(record), self.observed
        return status_row(standing, self.names, managed=managed, now=self.now, rulebook=self.rulebook, observed=seen)


@click.command()
@click.argument("keys", nargs=-1, metavar="[KEY]...")
@click.option("--where", metavar="FIELD=VALUE", multiple=True, help="Only those; VALUE may be a pattern; repeatable.")
@click.option("--sort", metavar="COLUMNS", help="By these columns, such as -cost,name; - is downwards.")
@click.option("--columns", metavar="COLUMNS", help="Just these, such as name,status,cost.")
@tabular
def status(given: Given, keys: tuple[str, ...], where: tuple[str, ...], sort: str | None, columns: str | None) -> int:
    """The estate at a glance."""
    matches, by, named = matching(where), sorting(sort), chosen_columns(columns)
    runtime = runtime_for(given)
    with runtime.looking() as reader:
        stored = StoredState(exists=False) if reader is None else reader.snapshot()
        estate = _estate(given, runtime, stored, reader)
    records = estate.stored.subscriptions
    chosen = Selection(given.select, given.exclude).keys()
    wanted = _wanted(keys, records)
    rows = [estate.row(record) for key, record in records.items() if chosen(key) and wanted(str(key))]
    if records and not rows:
        narrowed = " ".join([*given.select, *(f"not {item}" for item in given.exclude)])
        raise UsageError(
            "nothing-selected", f"no stored subscription is selected by: {narrowed}", "keys look like account/name"
        )
    asked = Asked(named, len(rows), where)
    rows = ordered((row for row in rows if matches(row)), by)
    emit(given, status_renders(rows, asked, as_of=estate.now, room=terminal_columns()))
    return 0


def _wanted(keys: tuple[str, ...], records: Mapping[SubscriptionKey, StoredSubscription]) -> Callable[[str], bool]:
    """Keys or globs; one that names nothing stored is a slip of the pen."""
    for key in keys:
        matches = glob([key])
        if not any(matches(str(known)) for known in records):
            raise UsageError("not-stored", f"{key} is not stored", "reconcile status lists what is")
    return glob(keys or ("*",))


def _estate(given: Given, runtime: Runtime, stored: StoredState, reader: StateReader | None) -> _Estate:
    """Both sides; specs with errors hide nothing that is stored, but who is managed may then be told wrong."""
    inputs = runtime.inputs(commit=False)
    desired = declared(inputs)
    if desired.has_errors:
        say(given, "warning: the specs have errors (see reconcile validate): what is unmanaged may be told wrong")
    warn_of_clock(given, about_time(inputs, stored))
    outside = [name for name, account in desired.accounts.items() if account.outside]
    observed = reader.observations(outside) if reader is not None and outside else {}
    seen = {
        key: observed[key.account].at
        for key, row in stored.subscriptions.items()
        if key.account in observed and row.id in observed[key.account].subscriptions
    }
    names = Catalogue().names_for(desired.accounts, observed)
    return _Estate(stored, desired, instant_of(inputs, stored), names, rulebook_of(inputs, desired), seen)


@click.command()
@click.argument("key")
@shared
def show(given: Given, key: str) -> int:
    """One subscription with its history."""
    whole(given)
    runtime = runtime_for(given)
    wanted = parse_key(key)
    with runtime.looking() as found:
        reader = _required(found, runtime)
        estate = _estate(given, runtime, reader.snapshot(), reader)
        entries = list(reader.history(wanted))
    record = estate.stored.subscriptions.get(wanted)
    if record is None:
        raise _not_stored(wanted, estate, entries)
    spec = estate.desired.subscriptions.get(wanted)
    lifecycle = estate.rulebook.lifecycles.get(wanted.account)
    whole_picture = shown(estate.row(record), spec, lifecycle, estate.now)
    emit(given, show_renders(whole_picture, entries, as_of=estate.now))
    return 0


def _not_stored(key: SubscriptionKey, estate: _Estate, entries: list[HistoryEntry]) -> InputError:
    if entries:
        return InputError("not-stored", f"{key} is not stored any more", f"what became of it: reconcile history {key}")
    spec = estate.desired.subscriptions.get(key)
    if spec is not None:
        where = spec.place.location
        return InputError("not-stored", f"{key} is declared at {where} and not recorded yet", "apply first: reconcile")
    return InputError("not-stored", f"{key} is neither stored nor declared", "reconcile status lists what is stored")


def _required(reader: StateReader | None, runtime: Runtime) -> StateReader:
    if reader is None:
        raise StoreError("no-store", f"there is no store at {runtime.place.name}", "the first apply creates it")
    return reader


@click.command()
@click.argument("key")
@shared
def explain(given: Given, key: str) -> int:
    """Where each effective value of a subscription comes from."""
    from reconciler.spec import explain as explanation_of

    whole(given)
    runtime = runtime_for(given)
    wanted = parse_key(key)
    now = runtime.options.as_of or runtime.clock.now()
    found = explanation_of(runtime.texts, runtime.settings, wanted, now)
    if found is None:
        raise InputError("not-declared", f"no file declares {wanted}", "reconcile validate tells of specs with errors")
    emit(given, explain_renders(found, as_of=now))
    return 0


@click.command()
@click.argument("key", required=False)
@shared
def history(given: Given, key: str | None) -> int:
    """Who decided and who applied what, when and why."""
    runtime = runtime_for(given)
    wanted = None if key is None else parse_key(key)
    whole_story = wanted is None and not (given.select or given.exclude)
    with runtime.looking() as reader:
        entries = [] if reader is None else list(reader.history(wanted))
        freezes = list(reader.freezes()) if reader is not None and whole_story else []
    if wanted is not None and not entries:
        raise InputError("not-stored", f"{wanted} has no history", "reconcile history tells of everything that has")
    chosen = Selection(given.select, given.exclude).keys()
    entries = [item for item in entries if chosen(parse_key(item.subscription))]
    emit(given, history_renders(entries, freezes, as_of=runtime.clock.now()))
    return 0

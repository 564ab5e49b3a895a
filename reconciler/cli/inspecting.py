"""Looking without touching: `status`, `show`, `explain` and `history`. The store is opened read-only throughout."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

import click

from reconciler.catalogue import Catalogue, Names
from reconciler.cli.app import Given, shared
from reconciler.cli.output import emit, say
from reconciler.cli.rendering import explain_renders, history_renders, show_renders, status_renders
from reconciler.cli.session import parse_key, runtime_for, whole
from reconciler.desired import DesiredState
from reconciler.errors import InputError, StoreError, UsageError
from reconciler.journal import HistoryEntry
from reconciler.lifecycle import at
from reconciler.model import StoredSubscription, SubscriptionKey
from reconciler.ports import StateReader
from reconciler.runtime import Runtime
from reconciler.selection import Selection, glob
from reconciler.stored import StoredState
from reconciler.views.status import StatusRow, status_row


@dataclass(frozen=True, slots=True)
class _Estate:
    """What is stored and what is declared, side by side."""

    stored: StoredState
    desired: DesiredState
    now: datetime
    names: Names

    def row(self, record: StoredSubscription) -> StatusRow:
        """One record as it stands now."""
        return status_row(at(record, self.now), self.names, managed=record.key in self.desired.subscriptions)


@click.command()
@click.argument("keys", nargs=-1, metavar="[KEY]...")
@shared
def status(given: Given, keys: tuple[str, ...]) -> int:
    """The estate at a glance."""
    runtime = runtime_for(given)
    with runtime.looking() as reader:
        estate = _estate(given, runtime, StoredState(exists=False) if reader is None else reader.snapshot())
    records = estate.stored.subscriptions
    chosen = Selection(given.select, given.exclude).keys()
    wanted = _wanted(keys, records)
    rows = [estate.row(record) for key, record in records.items() if chosen(key) and wanted(str(key))]
    if records and not rows:
        narrowed = " ".join([*given.select, *(f"not {item}" for item in given.exclude)])
        raise UsageError(
            "nothing-selected", f"no stored subscription is selected by: {narrowed}", "keys look like account/name"
        )
    emit(given, status_renders(rows, as_of=estate.now))
    return 0


def _wanted(keys: tuple[str, ...], records: Mapping[SubscriptionKey, StoredSubscription]) -> Callable[[str], bool]:
    """Keys or globs; one that names nothing stored is a slip of the pen."""
    for key in keys:
        matches = glob([key])
        if not any(matches(str(known)) for known in records):
            raise UsageError("not-stored", f"{key} is not stored", "reconcile status lists what is")
    return glob(keys or ("*",))


def _estate(given: Given, runtime: Runtime, stored: StoredState) -> _Estate:
    """Both sides; specs with errors hide nothing that is stored, but who is managed may then be told wrong."""
    from reconciler.spec import load_specs  # pydantic and yaml: only once there are specs to read

    desired = load_specs(runtime.texts, runtime.settings, runtime.registry)
    if desired.has_errors:
        say(given, "warning: the specs have errors (see reconcile validate): what is unmanaged may be told wrong")
    now = runtime.options.as_of or runtime.clock.now()
    return _Estate(stored, desired, now, Catalogue().names_for(desired.accounts))


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
        estate = _estate(given, runtime, reader.snapshot())
        entries = list(reader.history(wanted))
    record = estate.stored.subscriptions.get(wanted)
    if record is None:
        raise _not_stored(wanted, estate, entries)
    declared = estate.desired.subscriptions.get(wanted)
    place = declared.place if declared is not None else None
    stored = at(record, estate.now)
    emit(given, show_renders(estate.row(record), entries, stored, place, as_of=estate.now))
    return 0


def _not_stored(key: SubscriptionKey, estate: _Estate, entries: list[HistoryEntry]) -> InputError:
    if entries:
        return InputError("not-stored", f"{key} is not stored any more", f"what became of it: reconcile history {key}")
    declared = estate.desired.subscriptions.get(key)
    if declared is not None:
        where = declared.place.location
        return InputError("not-stored", f"{key} is declared at {where} and not recorded yet", "apply first: reconcile")
    return InputError("not-stored", f"{key} is neither stored nor declared", "reconcile status lists what is stored")


def _required(reader: StateReader | None, runtime: Runtime) -> StateReader:
    if reader is None:
        raise StoreError("no-store", f"there is no store at {runtime.store_path}", "the first apply creates it")
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
    found = explanation_of(runtime.texts, runtime.settings, wanted)
    if found is None:
        raise InputError("not-declared", f"no file declares {wanted}", "reconcile validate tells of specs with errors")
    emit(given, explain_renders(found, as_of=runtime.options.as_of or runtime.clock.now()))
    return 0


@click.command()
@click.argument("key", required=False)
@shared
def history(given: Given, key: str | None) -> int:
    """Who decided and who applied what, when and why."""
    runtime = runtime_for(given)
    wanted = None if key is None else parse_key(key)
    with runtime.looking() as reader:
        entries = [] if reader is None else list(reader.history(wanted))
    if wanted is not None and not entries:
        raise InputError("not-stored", f"{wanted} has no history", "reconcile history tells of everything that has")
    chosen = Selection(given.select, given.exclude).keys()
    entries = [item for item in entries if chosen(parse_key(item.subscription))]
    emit(given, history_renders(entries, as_of=runtime.clock.now()))
    return 0

"""The store as a whole: out to deterministic JSON lines, back in, and checked."""

from __future__ import annotations

import json
from pathlib import Path

import click

from reconciler.cli.app import Given, shared
from reconciler.cli.output import emit, put, say, write_file
from reconciler.cli.rendering import findings_renders, note_renders
from reconciler.cli.session import runtime_for, whole
from reconciler.diagnostics import Severity
from reconciler.errors import InputError, StoreError
from reconciler.views.words import counted


@click.group(no_args_is_help=False)
def store() -> None:
    """Export, import and check the store."""


@store.command("export")
@click.argument("file", type=click.Path(path_type=Path))
@shared
def export_store(given: Given, file: Path) -> int:
    """Write the whole store to FILE as deterministic JSON lines; `-` is stdout."""
    from reconciler.stores.export import export_lines
    from reconciler.stores.sqlite import open_reader

    whole(given)
    file = given.directory / file
    runtime = runtime_for(given)
    reader = open_reader(runtime.store_path, runtime.lock_timeout)
    if reader is None:
        raise StoreError("no-store", f"there is no store at {runtime.store_path}", "the first apply creates it")
    with reader:
        data = b"".join(export_lines(reader))
    if file.name == "-":
        put(data)
        return 0
    write_file(file, data)
    say(given, f"Exported: {data.count(bytes([10]))} lines to {file}")
    return 0


@store.command("import")
@click.argument("file", type=click.Path(path_type=Path))
@shared
def import_store(given: Given, file: Path) -> int:
    """Make a store from FILE, where none is yet."""
    from reconciler.stores.export import import_store as take_in
    from reconciler.stores.lease import FileLease

    whole(given)
    file = given.directory / file
    runtime = runtime_for(given)
    try:
        lines = file.read_bytes().splitlines(keepends=True)
    except OSError as error:
        raise InputError(
            "no-export-file", f"{file} could not be read: {error.strerror}", "reconcile store export FILE"
        ) from error
    _check_pin(lines[0] if lines else b"", runtime.settings.lineage, file)
    with FileLease(runtime.store_path, runtime.lock_timeout).hold():
        summary = take_in(runtime.store_path, lines, runtime.lock_timeout)
    holds = counted(summary.subscriptions, "subscription")
    line = f"Imported: the store {summary.lineage}, serial {summary.serial}, {holds}."
    fields = {"lineage": summary.lineage, "serial": summary.serial, "subscriptions": summary.subscriptions}
    emit(given, note_renders("store-import", [line], fields))
    return 0


def _check_pin(header: bytes, pinned: str | None, file: Path) -> None:
    """An export of a store that the settings do not pin would be refused by every later run."""
    try:
        lineage = json.loads(header).get("lineage")
    except (ValueError, AttributeError):
        return  # no export at all: taking it in says what it is instead
    if pinned is not None and isinstance(lineage, str) and lineage != pinned:
        hint = "take the export of the pinned store, or pin this one"
        raise InputError("other-store", f"{file} is of the store {lineage}, the settings pin {pinned}", hint)


@store.command("check")
@shared
def check_store(given: Given) -> int:
    """Check the store's integrity; writes nothing."""
    from reconciler.stores.check import check_store as examine

    whole(given)
    runtime = runtime_for(given)
    found = examine(runtime.store_path, runtime.lock_timeout, runtime.settings.lineage)
    wrong = {item.code for item in found if item.severity is Severity.ERROR}
    sound = not wrong
    other = "This is another store than the settings pin." if wrong == {"other-store"} else "The store is damaged."
    emit(given, findings_renders("store-check", found, "The store is sound." if sound else other))
    return 0 if sound else 1

"""The store as a whole: out to deterministic JSON lines, back in, checked, and copied to another place."""

from __future__ import annotations

import json
from pathlib import Path

import click

from reconciler.cli.app import Given, shared
from reconciler.cli.output import emit, put, say, write_file
from reconciler.cli.rendering import findings_renders, note_renders
from reconciler.cli.session import runtime_for, whole
from reconciler.diagnostics import Severity
from reconciler.errors import InputError
from reconciler.views.words import counted


@click.group(no_args_is_help=False)
def store() -> None:
    """Export, import and check the store."""


@store.command("export")
@click.argument("file", type=click.Path(path_type=Path))
@shared
def export_store(given: Given, file: Path) -> int:
    """Write the whole store to FILE as deterministic JSON lines; `-` is stdout."""
    whole(given)
    file = given.directory / file
    data = runtime_for(given).exported()
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
    stored = runtime.taken_in(lines)
    count = len(stored.subscriptions)
    line = f"Imported: the store {stored.lineage}, serial {stored.serial}, {counted(count, 'subscription')}."
    fields = {"lineage": stored.lineage, "serial": stored.serial, "subscriptions": count}
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
    whole(given)
    found = runtime_for(given).examined()
    wrong = {item.code for item in found if item.severity is Severity.ERROR}
    sound = not wrong
    other = "This is another store than the settings pin." if wrong == {"other-store"} else "The store is damaged."
    emit(given, findings_renders("store-check", found, "The store is sound." if sound else other))
    return 0 if sound else 1


@store.command("copy")
@click.argument("source", metavar="SRC")
@click.argument("target", metavar="DST")
@shared
def copy_store(given: Given, source: str, target: str) -> int:
    """Copy the store at the URL SRC to DST, where none is yet; proven equal."""
    whole(given)
    copied = runtime_for(given).copied(source, target)
    line = f"Copied: the store {copied.lineage}, serial {copied.serial}, {counted(copied.lines, 'line')}."
    proof = f"SHA-256 of either export: {copied.digest}"
    pin = "To use it, say so in `store.url`, or with --store or RECONCILE_STORE."
    fields = {"lineage": copied.lineage, "serial": copied.serial, "lines": copied.lines, "sha256": copied.digest}
    emit(given, note_renders("store-copy", [line, proof, pin], fields))
    return 0

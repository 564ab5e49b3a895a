"""Starting a repository, and the schemas for editors."""

from __future__ import annotations

import json
from pathlib import Path

import click

from reconciler.cli.app import Given, shared
from reconciler.cli.output import emit, put, write_file
from reconciler.cli.rendering import note_renders
from reconciler.cli.scaffold import scaffold
from reconciler.errors import InputError, UsageError
from reconciler.runtime import new_lineage


@click.command()
@click.option("--account", default="example", show_default=True, help="The name of the first account.")
@shared
def init(given: Given, account: str) -> int:
    """Scaffold a repository and pin its store."""
    root = given.directory
    files = scaffold(account, new_lineage())
    taken = [name for name in files if (root / name).exists()]
    if "reconcile.yaml" in taken:
        raise InputError("already-there", f"there is a reconcile.yaml in {root.resolve()}", "it is never overwritten")
    written = [name for name in files if name not in taken]
    for name in written:
        try:
            (root / name).parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise InputError("cannot-write", f"{(root / name).parent} could not be made: {error.strerror}") from error
        write_file(root / name, files[name], exclusive=True)
    lines = [f"  {name}" for name in written]
    kept = [f"Left as they are: {', '.join(taken)}"] if taken else []
    closing = "Started. Edit the specs, then: reconcile --dry-run --allow new-store"
    emit(given, note_renders("init", ["Written:", *lines, *kept, closing], {"written": written, "kept": taken}))
    return 0


@click.command()
@click.argument("name", required=False)
@click.option("-o", "--output", metavar="FOLDER", type=click.Path(path_type=Path), help="Write them all there.")
@shared
def schema(given: Given, name: str | None, output: Path | None) -> int:
    """Print the JSON Schemas of every file format."""
    from reconciler.schemas import schemas

    known = {file.partition(".")[0]: (file, document) for file, document in schemas().items()}
    if name is not None and name not in known:
        raise UsageError("no-such-schema", f"there is no schema {name}", f"known are: {', '.join(sorted(known))}")
    if output is not None:
        output.mkdir(parents=True, exist_ok=True)
        for file, document in known.values():
            write_file(output / file, json.dumps(document, indent=2, ensure_ascii=False) + "\n")
        return 0
    if name is None:
        put("".join(f"{word}\t{file}\n" for word, (file, _) in sorted(known.items())))
        return 0
    put(json.dumps(known[name][1], indent=2, ensure_ascii=False))
    return 0

"""Starting a repository, and the schemas for editors."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from reconciler.cli.app import Given, shared
from reconciler.cli.output import emit, make_folder, put, write_file
from reconciler.cli.rendering import findings_renders, note_renders
from reconciler.cli.scaffold import scaffold
from reconciler.diagnostics import Location, error
from reconciler.errors import InputError, UsageError
from reconciler.runtime import new_lineage


@click.command()
@click.option("--account", default="example", show_default=True, help="The name of the first account.")
@shared
def init(given: Given, account: str) -> int:
    """Scaffold a repository and pin its store."""
    root = given.directory
    from reconciler.schemas import schemas  # slow to make, and only needed where they are written

    files = scaffold(account, new_lineage())
    files |= {
        f"schemas/{file}": json.dumps(document, indent=2, ensure_ascii=False) + "\n"
        for file, document in schemas().items()
    }
    taken = [name for name in files if (root / name).exists()]
    if "reconcile.yaml" in taken:
        raise InputError("already-there", f"there is a reconcile.yaml in {root.resolve()}", "it is never overwritten")
    written = [name for name in files if name not in taken]
    for name in written:
        make_folder((root / name).parent)
        write_file(root / name, files[name], exclusive=True)
    lines = [f"  {name}" for name in written]
    kept = [f"Left as they are: {', '.join(taken)}"] if taken else []
    closing = "Started. Edit the specs, then: reconcile --dry-run --allow new-store"
    emit(given, note_renders("init", ["Written:", *lines, *kept, closing], {"written": written, "kept": taken}))
    return 0


@click.command()
@click.argument("name", required=False)
@click.option("-o", "--output", metavar="FOLDER", type=click.Path(path_type=Path), help="Write them all there.")
@click.option(
    "--check", metavar="FILE", type=click.Path(path_type=Path), help="Judge a JSON document by the schema NAME."
)
@shared
def schema(given: Given, name: str | None, output: Path | None, check: Path | None) -> int:
    """Print the JSON Schemas of every file format."""
    from reconciler.schemas import schemas  # slow to make, and only needed here

    known = {file.partition(".")[0]: (file, document) for file, document in schemas().items()}
    if name is not None and name not in known:
        raise UsageError("no-such-schema", f"there is no schema {name}", f"known are: {', '.join(sorted(known))}")
    if check is not None:
        if name is None:
            raise UsageError(
                "no-schema-named", "--check needs the NAME of a schema", f"known are: {', '.join(sorted(known))}"
            )
        return _judge(given, check, known[name][1])
    if output is not None:
        make_folder(output)
        for file, document in known.values():
            write_file(output / file, json.dumps(document, indent=2, ensure_ascii=False) + "\n")
        return 0
    if name is None:
        put("".join(f"{word}\t{file}\n" for word, (file, _) in sorted(known.items())))
        return 0
    put(json.dumps(known[name][1], indent=2, ensure_ascii=False))
    return 0


def _judge(given: Given, file: Path, document: dict[str, Any]) -> int:
    """Whether a JSON file is as its schema says: for those whose own programs make or read our documents."""
    from jsonschema import Draft202012Validator  # slow to import, and only needed here

    try:
        value = json.loads(file.read_bytes())
    except OSError as failure:
        raise InputError(
            "no-such-file", f"{file} could not be read: {failure.strerror}", "name a JSON file"
        ) from failure
    except ValueError as failure:
        raise InputError("not-json", f"{file} is no JSON: {failure}", "the schemas judge JSON documents") from failure
    found = sorted(Draft202012Validator(document).iter_errors(value), key=lambda item: item.json_path)
    findings = [
        error(
            "schema-mismatch",
            "the document is not as its schema says",
            Location(str(file)),
            detail=f"{item.json_path}: {item.message}",
        )
        for item in found
    ]
    summary = (
        "As its schema says."
        if not found
        else f"{len(found)} {'place differs' if len(found) == 1 else 'places differ'}."
    )
    emit(given, findings_renders("schema", findings, summary))
    return 1 if found else 0

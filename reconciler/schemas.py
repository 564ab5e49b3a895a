"""The published JSON Schemas: one for each kind of file that people write, and for the documents that we print.

`python -m reconciler.schemas FOLDER` writes them, with `--check` it tells what differs from them and writes nothing.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any


def schemas() -> dict[str, dict[str, Any]]:
    """Every schema by its file name."""
    # start-up: pydantic is needed only where schemas are made
    from reconciler.documents import schema
    from reconciler.documents.lines import schema as schema_of_a_line
    from reconciler.future_documents import NAMES
    from reconciler.future_documents import schema as schema_of_future
    from reconciler.spec.schema import FILES, spec_schema

    of_files = {f"{kind}.v1.schema.json": spec_schema(kind) for kind in FILES}
    ahead = {f"{name}.v1.schema.json": schema_of_future(name) for name in NAMES}
    of_plans = {"plan.v1.schema.json": schema("plan"), "plan-line.v1.schema.json": schema_of_a_line()}
    return {**of_files, **of_plans, **ahead}


def schema_text(schema: dict[str, Any]) -> str:
    """A schema as its file holds it."""
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def stale(folder: Path) -> list[str]:
    """Names of schema files that are missing from a folder, differ, or are there for no kind of file."""
    wanted = {name: schema_text(schema) for name, schema in schemas().items()}
    there = {path.name: path.read_text("utf-8") for path in folder.glob("*.schema.json")}
    return sorted(name for name in wanted.keys() | there.keys() if wanted.get(name) != there.get(name))


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the schemas, or check them; 1 where those of the folder are not these."""
    parser = argparse.ArgumentParser(prog="python -m reconciler.schemas", description=__doc__)
    parser.add_argument("folder", type=Path, help="where the schema files are")
    parser.add_argument("--check", action="store_true", help="write nothing, and exit with 1 where they differ")
    given = parser.parse_args(arguments)
    if given.check:
        names = stale(given.folder)
        for name in names:
            sys.stderr.write(f"{given.folder / name} is not what the models say: make schemas\n")
        return 1 if names else 0
    given.folder.mkdir(parents=True, exist_ok=True)
    for name, schema in schemas().items():
        (given.folder / name).write_text(schema_text(schema), "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""Plans from end to end: specs before and after, and the plan that a dry run prints, in every format, to the letter.

A case holds `before/` (applied first, if there is anything in it) and `after/` (dry run). GOLDEN=rewrite rewrites the
expected output.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from tests.cli.world import World

CASES = Path(__file__).resolve().parents[1] / "golden" / "plans"
FORMATS = {"text": "plan.txt", "json": "plan.json", "markdown": "plan.md", "github": "plan.github"}


def _put(world: World, specs: Path) -> None:
    shutil.rmtree(world.root / "specs")
    shutil.copytree(specs, world.root / "specs")


@pytest.mark.parametrize("case", sorted(path.name for path in CASES.iterdir()))
def test_golden_plans(world: World, case: str) -> None:
    folder = CASES / case
    shutil.copy(folder / "reconcile.yaml", world.root)
    if (folder / "before").is_dir() and any((folder / "before").iterdir()):
        _put(world, folder / "before")
        assert world.apply("--allow", "new-store", as_of="2026-11-22").code == 0
    _put(world, folder / "after")
    for format_name, file in FORMATS.items():
        done = world.run("--dry-run", "--detailed-exitcode", "--format", format_name)
        printed = f"{done.out}{done.err}[exit {done.code}]\n"
        if os.environ.get("GOLDEN") == "rewrite":
            (folder / file).write_text(printed, encoding="utf-8")
        assert printed == (folder / file).read_text(encoding="utf-8"), f"{case}/{file}: make golden rewrites it"

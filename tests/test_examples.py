"""Every example does what its page says: the commands of each README are run, and what they print is compared.

GOLDEN=rewrite writes the pages anew from what is printed now; read the diff before you commit it.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime
from difflib import unified_diff
from pathlib import Path
from typing import Final

import pytest

from reconciler.environment import variable
from reconciler.testing.emulators import Emulator, sample_estate, serve
from tests.console import CLOCK, Shell, commands_of, played

EXAMPLES: Final = Path(__file__).resolve().parents[1] / "examples"
PAGES: Final = sorted(path.parent.name for path in EXAMPLES.glob("*/README.md"))
PROGRAMS: Final = {"cat", "cp", "diff", "git", "mv", "python3", "reconcile", "rm"}
"""What a page may use: nothing that a reader's machine may lack."""
SANDBOXES: Final = {"five-providers": {"microsoft": 4, "partner-center": 14, "stripe": 4}}
"""The sandboxes that a page has its reader start, with their sizes."""
SENT: Final = {
    "five-providers": {
        "microsoft": {
            "DELETE billingSubscriptions 78e51061-7311-48a3-82ce-6f447ed4d57b",
            "PATCH products 008a05a6-c464-4159-8324-c9859b810e76",
        },
        "partner-center": {
            "PATCH 9b810e76-6ec9-4286-a3ca-828dd5f4b3b2",
            "PATCH f3c64af7-75a8-4294-82cd-789a380208a9",
        },
        "stripe": {"POST sub_1BBskA7auPdxBjQzehmQYQuQ", "POST sub_1SHhzegsa1PGhB84adpz0Ave"},
    }
}
"""What we changed at each vendor, once each, as its own ledger has it."""
REWRITE: Final = os.environ.get("GOLDEN") == "rewrite"


def copied(name: str, to: Path) -> Path:
    """An example's folder, without its page: a reader has that open beside it."""
    return Path(shutil.copytree(EXAMPLES / name, to / name, ignore=shutil.ignore_patterns("README.md", ".reconcile")))


@contextmanager
def sandboxes(name: str, shell: Shell) -> Iterator[dict[str, Emulator]]:
    """Those of an example, as they are on the day on which the shell's clock stands; the shell knows where they are."""
    with ExitStack() as held:
        started = {}
        for vendor, size in SANDBOXES.get(name, {}).items():
            started[vendor] = sample_estate(vendor, size, now=datetime.fromisoformat(CLOCK))
            shell.environment[variable(vendor, "endpoint")] = held.enter_context(serve(started[vendor]))
        yield started


@pytest.mark.needs("git")
@pytest.mark.parametrize("name", PAGES)
def test_an_example_prints_what_its_golden_page_says(name: str, tmp_path: Path) -> None:
    page = EXAMPLES / name / "README.md"
    text = page.read_text("utf-8")
    around = tmp_path / "around"
    around.mkdir()
    shell = Shell(copied(name, tmp_path), around)
    with sandboxes(name, shell) as vendors:
        now = played(text, shell)
        sent = {vendor: by_us(emulator) for vendor, emulator in vendors.items()}
    if REWRITE:
        page.write_text(now, encoding="utf-8")
        return
    differing = list(unified_diff(text.splitlines(), now.splitlines(), str(page), "as printed now", lineterm=""))
    if differing:
        pytest.fail("\n".join(differing), pytrace=False)
    assert {vendor: set(orders) for vendor, orders in sent.items()} == SENT.get(name, {})
    assert all(len(orders) == len(set(orders)) for orders in sent.values())


def by_us(emulator: Emulator) -> list[str]:
    """What the emulator was told to change, but by a click in a dashboard, which has no idempotency key."""
    return [
        f"{effect.verb} {effect.subscription}"
        for effect in emulator.effects
        if effect.key is not None or emulator.NAME == "microsoft"
    ]


@pytest.mark.parametrize("name", PAGES)
def test_a_page_uses_plain_commands_alone(name: str) -> None:
    commands = commands_of((EXAMPLES / name / "README.md").read_text("utf-8"))
    assert commands
    assert {command.program for command in commands} <= PROGRAMS


def test_every_example_is_listed() -> None:
    listed = (EXAMPLES / "README.md").read_text("utf-8")
    assert [name for name in PAGES if f"({name}/)" not in listed] == []
    assert sorted(path.name for path in EXAMPLES.iterdir() if path.is_dir()) == PAGES


def test_the_customers_of_the_partner_are_as_generated(tmp_path: Path) -> None:
    script = Path(shutil.copy(EXAMPLES / "partner" / "generate.py", tmp_path))
    subprocess.run([sys.executable, "-P", script], check=True, timeout=30)
    assert contents(tmp_path / "specs") == contents(EXAMPLES / "partner" / "specs")


def test_editors_find_the_schema_of_every_file() -> None:
    files = [
        path
        for name in PAGES
        for path in [EXAMPLES / name / "reconcile.yaml", *(EXAMPLES / name).glob("specs/**/*.yaml")]
    ]
    wrong = []
    for file in files:
        first = file.read_text("utf-8").partition("\n")[0]
        schema = file.parent / first.removeprefix("# yaml-language-server: $schema=")
        if not schema.is_file():
            wrong.append(f"{file}: {first}")
    assert len(files) > len(PAGES)
    assert wrong == []


def contents(folder: Path) -> dict[str, bytes]:
    """Every file below a folder, by its path there."""
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}

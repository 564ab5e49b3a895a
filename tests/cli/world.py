"""A repository in a temporary folder and the command in this very process: what a user has, without starting one."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

from reconciler.cli.entry import run

SETTINGS = """
version: 1
accounts:
  contoso: {provider: ledger}
"""

NOW = "2026-11-23"
"""The instant of every command that is not told another."""


@dataclass(frozen=True, slots=True)
class Done:
    """What a command left: its exit code and what it printed."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> dict[str, Any]:
        """The one JSON document on stdout."""
        found: dict[str, Any] = json.loads(self.out)
        return found

    @property
    def last(self) -> str:
        """The last line of stdout: the summary."""
        return self.out.rstrip("\n").rpartition("\n")[2]


@dataclass
class World:
    """Writes specs and runs commands on them."""

    root: Path
    capture: pytest.CaptureFixture[str]
    environ: Mapping[str, str] = field(default_factory=dict)

    def write(self, path: str, text: str) -> Path:
        """A file of the repository, its indentation taken off."""
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(dedent(text).lstrip("\n"), encoding="utf-8")
        return file

    def specs(
        self, subscriptions: str, *, file: str = "specs/contoso.yaml", account: str = "contoso", more: str = ""
    ) -> None:
        """One spec file of one account."""
        body = dedent(subscriptions).strip("\n").replace("\n", "\n  ")
        self.write(file, f"version: 1\naccount: {account}\n{dedent(more)}subscriptions:\n  {body}\n")

    def run(self, *words: str, as_of: str | None = NOW) -> Done:
        """Run a command at the root of the repository."""
        instant = () if as_of is None else ("--as-of", as_of)
        self.capture.readouterr()
        code = run([*words, "-C", str(self.root), *instant])
        printed = self.capture.readouterr()
        return Done(code, printed.out, printed.err)

    def apply(self, *words: str, as_of: str | None = NOW) -> Done:
        """Run the main job."""
        return self.run(*words, as_of=as_of)

    def dry_run(self, *words: str, as_of: str | None = NOW) -> Done:
        """The dry run as a document."""
        return self.run("--dry-run", "--format", "json", *words, as_of=as_of)

    @property
    def store(self) -> Path:
        """The embedded store's file."""
        return self.root / ".reconcile" / "state.db"


def kinds(document: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Each change of a document as (subscription, kind)."""
    return [(change["subscription"], change["kind"]) for change in document["changes"]]


def codes(document: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Each blocked wish of a document as (subscription, code)."""
    return [(item["subscription"], item["code"]) for item in document["blocked"]]

"""What a start costs: which modules are imported before any work is done. Each is paid for on every run and every Tab.

Times are measured by `make bench`; here the cause is held, which no busy machine can blur.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

HELP_NEEDS = frozenset({"atexit", "gc", "reconciler", "reconciler.cli", "reconciler.cli.app", "reconciler.cli.entry"})
"""All that `--help` and `--version` may import beyond what a bare Click program with data classes and paths does; the
first two are built into the interpreter."""

HEAVY = frozenset(
    "asyncio difflib email icalendar importlib.metadata jinja2 jsonschema multiprocessing orjson pydantic reportlab "
    "rich sqlite3 tempfile urllib.request watchfiles yaml zipfile".split()
)
"""Packages that cost from some milliseconds to a multiple of all the rest."""

# pydantic loads these to look for plugins, wherever a model is built.
_BY_PYDANTIC = {"email", "importlib.metadata", "zipfile"}
ONLY_WHEN_NEEDED = HEAVY - _BY_PYDANTIC - {"orjson", "pydantic", "sqlite3", "tempfile", "yaml"}
"""Of these, what a small dry run that goes well on no terminal has no use for."""

BARE_CLICK = """
import click
import dataclasses, pathlib  # the command line's own values need them, and Click costs more than both

@click.command()
@click.version_option("1")
def main():
    pass
"""

REPORT = """
import json, sys
known = set(sys.modules)
sys.argv = json.loads(sys.argv[1])
try:
    {start}
except SystemExit as done:
    code = done.code
print(json.dumps([code or 0, sorted(set(sys.modules) - known)]), file=sys.stderr)
"""


def imported(start: str, *arguments: str, cwd: Path | None = None) -> frozenset[str]:
    """The modules that a fresh interpreter imports for this start; the command must end with exit code 0."""
    code = REPORT.format(start=start)
    words = [sys.executable, "-c", code, json.dumps(["reconcile", *arguments])]
    done = subprocess.run(words, capture_output=True, check=False, cwd=cwd, text=True)
    assert done.returncode == 0, done.stderr
    *said, told = done.stderr.splitlines()
    exit_code, modules = json.loads(told)
    assert exit_code == 0, said
    return frozenset(modules)


def of_reconcile(*arguments: str, cwd: Path | None = None) -> frozenset[str]:
    """The modules that a `reconcile` with these arguments imports."""
    return imported("from reconciler.cli.entry import run; sys.exit(run(sys.argv[1:]))", *arguments, cwd=cwd)


def of_bare_click(argument: str) -> frozenset[str]:
    """The modules that the smallest Click program imports."""
    return imported(f"exec({BARE_CLICK!r}); main()", argument)


def heavy(modules: frozenset[str], weights: frozenset[str] = HEAVY) -> set[str]:
    """Those of the heavy packages that are among these modules."""
    return {name for name in weights if name in modules}


@pytest.mark.parametrize("argument", ["--help", "--version"])
def test_help_and_version_import_little_more_than_click(argument: str) -> None:
    modules = of_reconcile(argument)
    assert "click" in modules
    assert modules - of_bare_click(argument) <= HELP_NEEDS
    assert heavy(modules) == set()


@pytest.mark.parametrize(
    "vocabulary", ["errors", "model", "settings", "changes", "desired", "plan", "journal", "ports"]
)
def test_the_vocabulary_is_light(vocabulary: str) -> None:
    modules = imported(f"import reconciler.{vocabulary}; raise SystemExit")
    assert f"reconciler.{vocabulary}" in modules
    assert heavy(modules) == set()


def test_a_small_dry_run_imports_only_what_it_needs(tmp_path: Path) -> None:
    (tmp_path / "specs").mkdir()
    (tmp_path / "reconcile.yaml").write_text("version: 1\naccounts:\n  contoso: {provider: ledger}\n")
    (tmp_path / "specs" / "contoso.yaml").write_text(
        "version: 1\naccount: contoso\nsubscriptions:\n"
        "  visio:\n    facts: {product: VISIOCLIENT, term: annual, start: 2026-03-31}\n"
    )
    modules = of_reconcile("--dry-run", "--as-of", "2026-11-23", cwd=tmp_path)
    assert "yaml" in modules
    assert heavy(modules, ONLY_WHEN_NEEDED) == set()


def test_a_heavy_import_is_noticed() -> None:
    assert heavy(imported("import sqlite3; raise SystemExit")) == {"sqlite3"}


SDKS = frozenset("azure cryptography httpx msal requests stripe urllib3 pyrate_limiter reconciler.testing".split())
"""What only an account that is asked has a use for, and what has no use outside of tests and sandboxes."""
OUTSIDE = """\
version: 1
accounts:
  contoso: {provider: ledger}
  direct: {provider: microsoft, tenant: t, options: {billing_account: "1"}}
  partner: {provider: partner-center, tenant: t, options: {partner_tenant: p}}
  shop: {provider: stripe, tenant: acct_1}
"""


def test_a_ledgers_run_imports_no_other_provider_and_asks_for_no_plugins(tmp_path: Path) -> None:
    (tmp_path / "specs").mkdir()
    (tmp_path / "reconcile.yaml").write_text("version: 1\naccounts:\n  contoso: {provider: ledger}\n")
    (tmp_path / "specs" / "contoso.yaml").write_text(
        "version: 1\naccount: contoso\nsubscriptions:\n"
        "  visio:\n    facts: {product: VISIOCLIENT, term: annual, start: 2026-03-31}\n"
    )
    for command in ("validate", "--dry-run"):
        modules = of_reconcile(command, cwd=tmp_path)
        assert heavy(modules, SDKS) == set()
        found = {name for name in modules if name.startswith("reconciler.providers.")}
        assert found <= {"reconciler.providers.ledger"}, command
        assert not any(name.startswith("reconciler.outside") for name in modules)


def test_to_validate_outside_accounts_no_sdk_is_imported(tmp_path: Path) -> None:
    (tmp_path / "specs").mkdir()
    (tmp_path / "reconcile.yaml").write_text(OUTSIDE)
    (tmp_path / "specs" / "shop.yaml").write_text("version: 1\naccount: shop\nsubscriptions: {a: {id: sub_1}}\n")
    modules = of_reconcile("validate", cwd=tmp_path)
    assert {f"reconciler.providers.{name}" for name in ("microsoft", "partner_center", "stripe")} <= modules
    assert heavy(modules, SDKS) == set()

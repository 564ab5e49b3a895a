"""The example of a provider of one's own: its page shows its files, and installed, it passes its suite and is used.

Installed means into a folder of the test, from this tree alone, as `pip` does it.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

from reconciler.documents import PlanDocument
from tests.conftest import REPOSITORY
from tests.pages import Fence, fences

EXAMPLE = REPOSITORY / "examples" / "provider-plugin"
PAGE = "docs/writing-providers.md"
BLOCKS = [fence for fence in fences(PAGE) if fence.name and (EXAMPLE / fence.name).is_file()]
SECONDS = 240


@pytest.mark.parametrize("fence", BLOCKS, ids=str)
def test_a_block_of_the_page_stands_in_its_file(fence: Fence) -> None:
    assert f"\n{fence.text}" in f"\n{(EXAMPLE / fence.name).read_text('utf-8')}"


def test_the_page_shows_something_of_every_file() -> None:
    files = {path.relative_to(EXAMPLE).as_posix() for path in (EXAMPLE / "reconciler_chargebee").glob("*.py")}
    shown = {fence.name for fence in BLOCKS}
    assert files - shown == {"reconciler_chargebee/__init__.py"}
    assert {"pyproject.toml", "reconcile.yaml", "tests/test_conformance.py"} <= shown


def test_the_page_shows_no_code_that_is_in_no_file() -> None:
    unnamed = [str(fence) for fence in fences(PAGE) if fence.language in ("python", "toml") and fence not in BLOCKS]
    assert unnamed == []


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a copy of the example, and the package installed beside it, in `site`."""
    folder = tmp_path_factory.mktemp("plugin")
    ignored = shutil.ignore_patterns("__pycache__", ".*_cache", ".reconcile", "build")
    shutil.copytree(EXAMPLE, folder / "example", ignore=ignored)
    offline = ("--no-index", "--no-build-isolation", "--no-deps", "--disable-pip-version-check", "--no-cache-dir")
    words = [sys.executable, "-m", "pip", "install", "--quiet", *offline, "--target", str(folder / "site"), "."]
    done = subprocess.run(
        words,
        cwd=folder / "example",
        env={**os.environ, "HOME": str(folder)},  # pip asks for compilers, and they leave settings in the home
        capture_output=True,
        check=False,
        text=True,
        timeout=SECONDS,
    )
    assert done.returncode == 0, done.stderr
    return folder


def surroundings(folder: Path, **more: str) -> Mapping[str, str]:
    """An environment in which the installed package is found; the source of it is not."""
    path = os.pathsep.join((str(folder / "site"), str(REPOSITORY)))
    return {**os.environ, "HOME": str(folder), "PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1", **more}


def outcome_of(folder: Path, file: str) -> str:
    """What pytest says of one file of the example's tests."""
    words = [sys.executable, "-P", "-m", "pytest", "-q", "-p", "no:cacheprovider", f"tests/{file}"]
    done = subprocess.run(
        words,
        cwd=folder / "example",
        env=surroundings(folder),
        capture_output=True,
        check=False,
        text=True,
        timeout=SECONDS,
    )
    assert done.returncode == 0, done.stdout[-3000:]
    return done.stdout


def test_it_passes_the_suite_as_the_page_says(installed: Path) -> None:
    (told,) = [fence.text.strip() for fence in fences(PAGE) if fence.name == "suite"]
    assert outcome_of(installed, "test_conformance.py").splitlines()[-1].startswith(f"{told} in ")


def test_its_own_tests_pass(installed: Path) -> None:
    assert " passed" in outcome_of(installed, "test_convert.py")


@contextmanager
def emulator(folder: Path) -> Iterator[str]:
    """Its emulator as a process, and where it is."""
    words = [sys.executable, "-P", "-m", "reconciler_chargebee.emulator"]
    with subprocess.Popen(words, env=surroundings(folder), stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield process.stdout.readline().strip()
        finally:
            process.terminate()


def reconcile(folder: Path, *words: str, **more: str) -> subprocess.CompletedProcess[str]:
    """One command in the example's folder."""
    return subprocess.run(
        [sys.executable, "-P", "-m", "reconciler", *words],
        cwd=folder / "example",
        env=surroundings(folder, **more),
        capture_output=True,
        check=False,
        text=True,
        timeout=SECONDS,
    )


def test_it_is_planned_and_applied_with(installed: Path) -> None:
    with emulator(installed) as url:
        secrets = {"RECONCILE_CHARGEBEE_ENDPOINT": url, "RECONCILE_CHARGEBEE_KEY": "test_sandboxowner"}
        planned = reconcile(installed, "--dry-run", "--format", "json", **secrets)
        assert planned.returncode == 0, planned.stderr
        plan = PlanDocument.model_validate_json(planned.stdout)
        kinds = {change.kind for change in plan.changes}
        assert kinds >= {"adopt", "cancel-at-renewal", "undo-cancel"}
        applied = reconcile(installed, "--yes", **secrets)
        assert applied.returncode == 0, applied.stderr
        assert "Applied: 1 cancelled at renewal, 1 cancel undone at shop" in applied.stdout
        again = reconcile(installed, "--dry-run", "--detailed-exitcode", **secrets)
        assert again.returncode == 0, again.stdout
        assert "test_sandboxowner" not in f"{planned.stdout}{applied.stdout}{planned.stderr}{applied.stderr}"


def test_without_a_library_that_it_needs_it_says_what_to_install(installed: Path, tmp_path: Path) -> None:
    (tmp_path / "urllib3.py").write_text("raise ImportError('not here', name='urllib3')\n")
    path = os.pathsep.join(map(str, (tmp_path, installed / "site", REPOSITORY)))
    secrets = {"RECONCILE_CHARGEBEE_KEY": "test_sandboxowner", "RECONCILE_CHARGEBEE_ENDPOINT": "http://127.0.0.1:9"}
    done = reconcile(installed, "whoami", PYTHONPATH=path, **secrets)
    assert "the provider chargebee needs urllib3" in done.stdout + done.stderr
    assert re.search(r"pip install urllib3", done.stdout + done.stderr)


def test_uninstalled_nobody_knows_it(tmp_path: Path) -> None:
    words = [sys.executable, "-P", "-m", "reconciler", "validate"]
    env = {**os.environ, "HOME": str(tmp_path), "PYTHONPATH": str(REPOSITORY)}
    done = subprocess.run(words, cwd=EXAMPLE, env=env, capture_output=True, check=False, text=True, timeout=SECONDS)
    assert done.returncode == 1
    assert "unknown provider 'chargebee'" in done.stderr

"""What is handed to others: locked requirements that fit pyproject.toml and name no place, and complete packages."""

from __future__ import annotations

import re
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from importlib.metadata import PackageNotFoundError, requires
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
RUNTIME = tuple(PROJECT["project"]["dependencies"])
DEVELOPMENT = tuple(PROJECT["dependency-groups"]["dev"])
LOCKS = {"requirements.txt": RUNTIME, "requirements-dev.txt": RUNTIME + DEVELOPMENT}

PIN = re.compile(
    r"^(?P<name>[a-z0-9-]+)(?:\[(?P<extras>[a-z0-9, -]+)\])?==(?P<version>\S+)"
    r"(?: ; .+)? \\\n(?P<hashes>(?:    --hash=sha256:[0-9a-f]{64}.*\n)+)",
    re.MULTILINE,
)


def pins(file: str) -> dict[str, str]:
    """The version of each locked package; only what has a hash counts."""
    return {pin["name"]: pin["version"] for pin in PIN.finditer((ROOT / file).read_text("utf-8"))}


@pytest.mark.parametrize("file", LOCKS)
def test_every_dependency_is_locked_at_a_version_that_fits(file: str) -> None:
    locked = pins(file)
    for wanted in map(Requirement, LOCKS[file]):
        assert wanted.specifier.contains(locked[canonicalize_name(wanted.name)]), wanted


@pytest.mark.parametrize("file", LOCKS)
def test_every_locked_package_has_a_hash(file: str) -> None:
    named = re.findall(r"^([a-z0-9-]+)(?:\[.+\])?==", (ROOT / file).read_text("utf-8"), re.MULTILINE)
    assert set(named) == set(pins(file))
    assert len(named) >= len(LOCKS[file])


def test_an_extra_that_a_package_asks_for_is_locked_with_it() -> None:
    """Else pip takes the extra's package at its newest release, finds it without a hash, and installs nothing."""
    text = (ROOT / "requirements-dev.txt").read_text("utf-8")
    extras = {pin["name"]: set(re.split(", ?", pin["extras"] or "")) for pin in PIN.finditer(text)}
    wanted = [Requirement(said) for name in extras for said in _asks_for(name)]
    asked = [item for item in wanted if item.extras and (item.marker is None or item.marker.evaluate({"extra": ""}))]
    assert asked
    for item in asked:
        assert item.extras <= extras[canonicalize_name(item.name)], item


def _asks_for(name: str) -> list[str]:
    try:
        return requires(name) or []
    except PackageNotFoundError:  # of another platform
        return []


@pytest.mark.parametrize("file", LOCKS)
def test_a_lock_names_no_address_and_no_path(file: str) -> None:
    assert re.findall(r"^-.*|.*//.*|.* @ .*|.*file:.*", (ROOT / file).read_text("utf-8"), re.MULTILINE) == []


def test_tests_run_with_the_versions_that_users_get() -> None:
    assert pins("requirements.txt").items() <= pins("requirements-dev.txt").items()


def build(target: str, folder: Path) -> Path:
    """The one file that hatchling makes of this tree for a target, `wheel` or `sdist`."""
    words = [sys.executable, "-m", "hatchling", "build", "--target", target, "--directory", str(folder)]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, check=False, text=True)
    assert done.returncode == 0, done.stderr
    (made,) = folder.iterdir()
    return made


def test_a_wheel_holds_the_package_its_data_and_nothing_else(tmp_path: Path) -> None:
    with zipfile.ZipFile(build("wheel", tmp_path)) as wheel:
        names = set(wheel.namelist())
        (entry_points,) = (wheel.read(name).decode() for name in names if name.endswith("entry_points.txt"))
    in_tree = {str(path.relative_to(ROOT)) for path in (ROOT / "reconciler").rglob("*.py")}
    data = {
        "reconciler/py.typed",
        "reconciler/data/microsoft-products.csv",
        "reconciler/data/lifecycles/classic.yaml",
        "reconciler/views/report/templates/report.css",
    }
    assert in_tree | data <= names
    assert {name.split("/")[0].partition("-")[0] for name in names} == {"reconciler", "subscription_reconciler"}
    assert "reconcile = reconciler.cli.entry:main" in entry_points
    assert "ledger = reconciler.providers.ledger:LedgerProvider" in entry_points


def test_a_source_package_holds_what_a_wheel_is_built_from(tmp_path: Path) -> None:
    with tarfile.open(build("sdist", tmp_path)) as sources:
        names = {name.partition("/")[2] for name in sources.getnames()}
    assert {"LICENSE", "README.md", "pyproject.toml", "reconciler/__init__.py", "reconciler/py.typed"} <= names
    assert not [name for name in names if name.startswith(("tests", "examples", "docs"))]

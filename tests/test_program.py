"""What stands for this program's version: another one after every change of its code."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from reconciler import __version__
from reconciler.program import program


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package with a module in a folder of its own, which `program` takes for ours."""
    (tmp_path / "spec").mkdir()
    for name in ("program.py", "spec/parse.py"):
        (tmp_path / name).write_text("")
        os.utime(tmp_path / name, ns=(1, 1_000))
    monkeypatch.setattr("reconciler.program.__file__", str(tmp_path / "program.py"))
    return tmp_path


def test_it_stays_as_long_as_nothing_changes(package: Path) -> None:
    before = program()
    assert program() == before
    assert __version__.encode() in before


def test_a_module_that_changes_makes_another_one_in_whichever_folder(package: Path) -> None:
    found = {program()}
    for at, name in enumerate(("program.py", "spec/parse.py"), 2):
        os.utime(package / name, ns=(1, at * 1_000))
        found.add(program())
    assert len(found) == 3


def test_a_module_that_comes_or_goes_makes_another_one(package: Path) -> None:
    before = program()
    new = package / "spec" / "new.py"
    new.write_text("")
    os.utime(new, ns=(1, 500))
    assert program() != before
    new.unlink()
    assert program() == before


def test_what_is_no_module_of_ours_counts_for_nothing(package: Path) -> None:
    before = program()
    (package / "notes.txt").write_text("x")
    (package / "__pycache__").mkdir()
    (package / "__pycache__" / "parse.py").write_text("x")
    (package / "linked").symlink_to(package.parent, target_is_directory=True)
    assert program() == before


def test_another_version_and_another_python_make_another_one(package: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = {program()}
    monkeypatch.setattr("reconciler.__version__", "99.0")
    found.add(program())
    monkeypatch.setattr("sys.version", "3.99 (of a test)")
    found.add(program())
    assert len(found) == 3

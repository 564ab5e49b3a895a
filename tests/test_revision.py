"""Who decided: the commit and its author, from a real repository."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from reconciler.revision import Revision, revision_of

AUTHOR = "Ada Author <ada@contoso.example>"
PATHS = ("specs", "reconcile.yaml")

pytestmark = pytest.mark.needs("git")


def git(root: Path, *arguments: str) -> str:
    done = subprocess.run(["git", "-C", str(root), *arguments], capture_output=True, text=True, check=True)
    return done.stdout.strip()


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """One commit with a spec, the settings, and a file beside them."""
    git(tmp_path, "init", "--quiet")
    (tmp_path / "specs").mkdir()
    for name in ("specs/a.yaml", "reconcile.yaml", "README.md"):
        (tmp_path / name).write_text("version: 1\n")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "--quiet", "--message", "Start")
    return tmp_path


def test_a_clean_tree_is_at_its_commit(repository: Path) -> None:
    assert revision_of(repository, PATHS) == Revision(git(repository, "rev-parse", "HEAD"), AUTHOR)


def change_a_spec(root: Path) -> None:
    (root / "specs/a.yaml").write_text("version: 2\n")


def change_the_settings(root: Path) -> None:
    (root / "reconcile.yaml").unlink()


def add_a_spec(root: Path) -> None:
    (root / "specs/new").mkdir()
    (root / "specs/new/b.yaml").write_text("version: 1\n")


def stage_a_spec(root: Path) -> None:
    add_a_spec(root)
    git(root, "add", "specs")


@pytest.mark.parametrize("edit", [change_a_spec, change_the_settings, add_a_spec, stage_a_spec])
def test_uncommitted_edits_are_marked(repository: Path, edit: Callable[[Path], None]) -> None:
    edit(repository)
    found = revision_of(repository, PATHS)
    assert found == Revision(f"{git(repository, 'rev-parse', 'HEAD')}+", AUTHOR)


def test_edits_beside_the_specs_are_not(repository: Path) -> None:
    (repository / "README.md").write_text("another\n")
    (repository / "notes.txt").write_text("mine\n")
    found = revision_of(repository, PATHS)
    assert found is not None
    assert not found.commit.endswith("+")


def test_a_folder_below_the_top_counts_paths_from_itself(repository: Path) -> None:
    below = repository / "estate"
    (below / "specs").mkdir(parents=True)
    (below / "specs/a.yaml").write_text("version: 1\n")
    git(repository, "add", ".")
    git(repository, "commit", "--quiet", "--message", "More")
    change_a_spec(repository)
    found = revision_of(below, PATHS)
    assert found is not None
    assert not found.commit.endswith("+")


def test_paths_that_git_cannot_judge_count_as_edited(repository: Path) -> None:
    found = revision_of(repository, ("../outside",))
    assert found is not None
    assert found.commit.endswith("+")


def test_no_repository_and_no_commit_tell_nothing(tmp_path: Path) -> None:
    assert revision_of(tmp_path, PATHS) is None
    git(tmp_path, "init", "--quiet")
    assert revision_of(tmp_path, PATHS) is None


def test_without_git_nothing_is_told(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", os.devnull)
    assert revision_of(repository, PATHS) is None


def test_a_git_that_hangs_tells_nothing(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def hang(command: list[str], **options: object) -> None:
        raise subprocess.TimeoutExpired(command, 20)

    monkeypatch.setattr(subprocess, "run", hang)
    assert revision_of(repository, PATHS) is None


def test_an_author_in_another_script_is_read(repository: Path) -> None:
    name = "J\u00f6rg \u4e2d <jorg@contoso.example>"
    git(repository, "commit", "--quiet", "--allow-empty", "--author", name, "--message", "Next")
    found = revision_of(repository, PATHS)
    assert found is not None
    assert found.author == name

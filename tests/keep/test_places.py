"""Where a keep may be, and how its folder is made."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from reconciler.keep import places
from reconciler.keep.places import TAG, make, place


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Specs in a folder of a repository."""
    root = tmp_path / "repository" / "infra"
    root.mkdir(parents=True)
    (tmp_path / "repository" / ".git").mkdir()
    return root


def test_it_is_below_the_home_by_default(tmp_path: Path, root: Path) -> None:
    found = place({"HOME": str(tmp_path / "home")}, root)
    assert found is not None
    assert found.parent == tmp_path / "home" / ".cache" / "reconcile"
    assert len(found.name) == 16
    assert set(found.name) <= set("0123456789abcdef")


def test_it_is_below_the_folder_for_caches_where_one_is_said(tmp_path: Path, root: Path) -> None:
    found = place({"HOME": "/home/ada", "XDG_CACHE_HOME": str(tmp_path / "caches")}, root)
    assert found is not None
    assert found.parent == tmp_path / "caches" / "reconcile"


def test_a_relative_folder_for_caches_is_passed_by(root: Path) -> None:
    assert place({"HOME": "/home/ada", "XDG_CACHE_HOME": "caches"}, root) == place({"HOME": "/home/ada"}, root)


def test_each_root_has_its_own_whichever_way_it_is_written(tmp_path: Path, root: Path) -> None:
    (tmp_path / "link").symlink_to(root)
    (tmp_path / "other").mkdir()
    home = {"HOME": "/home/ada"}
    assert place(home, tmp_path / "link") == place(home, root / ".." / "infra") == place(home, root)
    assert place(home, tmp_path / "other") != place(home, root)


def test_it_is_where_somebody_says(tmp_path: Path, root: Path) -> None:
    assert place({places.VARIABLE: str(tmp_path / "there"), "HOME": "/home/ada"}, root) == tmp_path / "there"


@pytest.mark.parametrize(
    "environ",
    [
        pytest.param({places.VARIABLE: "off", "HOME": "/home/ada"}, id="off"),
        pytest.param({places.VARIABLE: "OFF", "HOME": "/home/ada"}, id="off, shouted"),
        pytest.param({places.VARIABLE: "", "HOME": "/home/ada"}, id="nothing"),
        pytest.param({places.VARIABLE: "relative/path", "HOME": "/home/ada"}, id="a relative path"),
        pytest.param({places.VARIABLE: "/a\0b"}, id="no path at all"),
        pytest.param({}, id="no home"),
        pytest.param({"HOME": "relative"}, id="a relative home"),
        pytest.param({"HOME": "", "XDG_CACHE_HOME": ""}, id="an empty home"),
    ],
)
def test_there_is_none(root: Path, environ: dict[str, str]) -> None:
    assert place(environ, root) is None


@pytest.mark.parametrize("inside", [".", "infra", "infra/.cache", "cache", "infra/../cache", ".git/cache"])
def test_there_is_none_inside_of_the_repository(tmp_path: Path, root: Path, inside: str) -> None:
    assert place({places.VARIABLE: str(tmp_path / "repository" / inside)}, root) is None


def test_there_is_none_behind_a_link_into_the_repository(tmp_path: Path, root: Path) -> None:
    (tmp_path / "caches").symlink_to(root)
    assert place({"XDG_CACHE_HOME": str(tmp_path / "caches")}, root) is None
    assert place({places.VARIABLE: str(tmp_path / "caches" / "deep" / "er")}, root) is None


def test_there_is_none_where_the_specs_are_the_home(tmp_path: Path) -> None:
    assert place({"HOME": str(tmp_path)}, tmp_path) is None


def test_without_git_only_the_specs_own_folder_counts(tmp_path: Path) -> None:
    (tmp_path / "specs").mkdir()
    assert place({places.VARIABLE: str(tmp_path / "cache")}, tmp_path / "specs") == tmp_path / "cache"
    assert place({places.VARIABLE: str(tmp_path / "specs-cache")}, tmp_path / "specs") == tmp_path / "specs-cache"
    assert place({places.VARIABLE: str(tmp_path / "specs" / "cache")}, tmp_path / "specs") is None


def test_every_folder_that_is_made_is_private(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        assert make(tmp_path / "a" / "b")
    finally:
        os.umask(before)
    assert [stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "a", tmp_path / "a" / "b")] == [0o700, 0o700]


def test_it_is_marked_as_a_cache_that_git_and_backups_pass_by(tmp_path: Path) -> None:
    assert make(tmp_path / "keep")
    assert (tmp_path / "keep" / "CACHEDIR.TAG").read_bytes() == TAG
    assert TAG.startswith(b"Signature: 8a477f597d28d172789f06886806bc55\n")
    assert (tmp_path / "keep" / ".gitignore").read_bytes() == b"*\n"


def test_making_it_again_changes_nothing(tmp_path: Path) -> None:
    assert make(tmp_path)
    (tmp_path / "index").write_bytes(b"kept")
    (tmp_path / ".gitignore").write_bytes(b"mine\n")
    assert make(tmp_path)
    assert (tmp_path / "index").read_bytes() == b"kept"
    assert (tmp_path / ".gitignore").read_bytes() == b"mine\n"


@pytest.mark.parametrize("torn", [b"", TAG[:20]])
def test_a_torn_tag_is_mended(tmp_path: Path, torn: bytes) -> None:
    (tmp_path / "CACHEDIR.TAG").write_bytes(torn)
    assert make(tmp_path)
    assert (tmp_path / "CACHEDIR.TAG").read_bytes() == TAG


def test_a_folder_that_holds_other_things_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "letter.txt").write_bytes(b"Dear Ada")
    assert not make(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["letter.txt"]


def test_the_tag_of_another_program_or_a_link_is_none_of_ours(tmp_path: Path) -> None:
    (tmp_path / "CACHEDIR.TAG").write_bytes(TAG[:50] + b"# This is of another program\n")
    assert not make(tmp_path)
    (tmp_path / "CACHEDIR.TAG").unlink()
    (tmp_path / "CACHEDIR.TAG").symlink_to("/dev/null")
    assert not make(tmp_path)


@pytest.mark.parametrize("mode", [0o777, 0o770, 0o1777])
def test_nothing_is_written_where_others_may_write(tmp_path: Path, mode: int) -> None:
    (tmp_path / "keep").mkdir()
    (tmp_path / "keep").chmod(mode)
    assert not make(tmp_path / "keep")
    (tmp_path / "link").symlink_to(tmp_path / "real", target_is_directory=True)
    (tmp_path / "real").mkdir(mode=0o700)
    assert not make(tmp_path / "link")
    assert list((tmp_path / "keep").iterdir()) == list((tmp_path / "real").iterdir()) == []


def test_a_file_in_its_place_or_above_it_is_a_no(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    assert not make(tmp_path / "file")
    assert not make(tmp_path / "file" / "keep")
    assert not make(Path("a\0b"))

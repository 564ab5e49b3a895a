"""The quick walk: equal to what sources reads wherever it answers, and no slower to doubt than it must be."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler import sources
from reconciler.keep import tree
from reconciler.keep.tree import Stamp, changed, walk
from reconciler.sources import DirectorySource
from reconciler.spec.characters import UNSAFE_IN_NAMES

OLD, NEW = 1_000, 2_000


def a_file(path: Path) -> None:
    """A plain spec file."""
    path.write_bytes(b"version: 1\n")


def a_folder(path: Path) -> None:
    """A folder with a spec file in it."""
    path.mkdir()
    a_file(path / "inner.yaml")


def a_link_to(target: str) -> Callable[[Path], None]:
    """A symbolic link."""
    return lambda path: path.symlink_to(target)


def a_large_file(path: Path) -> None:
    """One byte more than is read, and all of it sparse."""
    with path.open("wb") as file:
        file.truncate(sources.MAX_BYTES + 1)


MAKERS = {
    "file": a_file,
    "folder": a_folder,
    "link to a folder": a_link_to("."),
    "link to a file": a_link_to("/etc/passwd"),
    "link to nothing": a_link_to("nowhere"),
    "pipe": os.mkfifo,
    "too large": a_large_file,
}
STEMS = st.sampled_from(
    ["a", "b-c", "_account", "_defaults", "_x", ".x", "münchen", "x\u00a0y", "x\u202ey", "x\ny", "x\udcff", "é\u200d"]
)
NAMES = st.tuples(STEMS, st.sampled_from([".yaml", ".YML", ".txt", "", ".yaml.bak"])).map("".join)
ENTRIES = st.lists(st.tuples(st.booleans(), NAMES, st.sampled_from(sorted(MAKERS) + ["file"] * 9)), max_size=6)


def read(root: Path) -> tuple[set[str], bool]:
    """What sources reads there, and whether it has nothing to say."""
    found = DirectorySource(root, "specs").read()
    return {text.origin.removeprefix("specs/") for text in found.files}, not found.diagnostics


@given(ENTRIES)
def test_what_it_finds_is_what_sources_reads_without_a_finding(entries: list[tuple[bool, str, str]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        (root / "sub").mkdir()
        for is_below, name, maker in entries:
            path = root / "sub" / name if is_below else root / name
            if not os.path.lexists(path):
                MAKERS[maker](path)
        found = walk(root)
        files, is_fine = read(root)
        plain = all(maker in ("file", "folder") and name.isprintable() for _, name, maker in entries)
        assert found is not None or not (is_fine and plain), "it doubts what is fine"
        if found is not None:
            assert is_fine
            assert found.keys() == files


def test_a_stamp_is_size_times_and_inode(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    a_file(tmp_path / "sub" / "a.yaml")
    status = (tmp_path / "sub" / "a.yaml").stat()
    assert walk(tmp_path) == {"sub/a.yaml": (11, status.st_mtime_ns, status.st_ctime_ns, status.st_ino)}


@pytest.mark.parametrize(
    "root",
    [
        pytest.param("missing", id="no such folder"),
        pytest.param("a.yaml", id="no folder"),
        pytest.param("a\0b", id="no path at all"),
    ],
)
def test_a_root_that_cannot_be_read_is_a_doubt(tmp_path: Path, root: str) -> None:
    a_file(tmp_path / "a.yaml")
    assert walk(tmp_path / root) is None


def test_a_folder_that_cannot_be_read_is_a_doubt(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    a_folder(tmp_path / "sub")
    real = os.open

    def denied(path: str, flags: int) -> int:
        if path.endswith("sub"):
            raise PermissionError(path)
        return real(path, flags)

    monkeypatch.setattr(os, "open", denied)
    assert walk(tmp_path) is None


def test_a_linked_root_is_followed_as_sources_does(tmp_path: Path) -> None:
    a_folder(tmp_path / "specs")
    (tmp_path / "link").symlink_to("specs")
    assert walk(tmp_path / "link") == walk(tmp_path / "specs")


def test_the_whole_file_system_may_be_the_root(monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[str] = []

    def denied(path: str, flags: int) -> int:
        opened.append(path)
        raise PermissionError(path)

    monkeypatch.setattr(os, "open", denied)
    assert walk(Path("/")) is None
    assert opened == ["/"]


@pytest.mark.parametrize(
    ("name", "make"),
    [
        pytest.param("_drafts", a_folder, id="a folder with an underscore"),
        pytest.param("a\u202eb", a_folder, id="a folder with a character that reorders"),
        pytest.param("a\u00a0b", a_folder, id="a folder whose name sources must judge"),
        pytest.param("a.yaml", a_folder, id="a folder named as a file"),
        pytest.param("_x.yaml", a_file, id="a file with an underscore"),
        pytest.param("a\udcff.yaml", a_file, id="a file whose name is no text"),
        pytest.param("a.yaml", os.mkfifo, id="a pipe"),
        pytest.param("a.yaml", a_large_file, id="a file that is too large"),
        pytest.param("a.yaml", a_link_to("good.yaml"), id="a link to a good file"),
        pytest.param("a.yaml", a_link_to("nowhere"), id="a link to nothing"),
        pytest.param("a", a_link_to("."), id="a link to a folder"),
    ],
)
def test_what_is_odd_is_a_doubt(tmp_path: Path, name: str, make: Callable[[Path], None]) -> None:
    for folder in (tmp_path, tmp_path / "sub"):
        folder.mkdir(exist_ok=True)
        a_file(folder / "good.yaml")
        assert walk(tmp_path) is not None
        make(folder / name)
        assert walk(tmp_path) is None
        if not (folder / name).is_dir() or (folder / name).is_symlink():
            (folder / name).unlink()
        else:
            shutil.rmtree(folder / name)


@pytest.mark.parametrize(
    ("name", "make"),
    [
        pytest.param(".a.yaml", a_link_to("."), id="a link whose name has a dot first"),
        pytest.param("a\u202eb.txt", a_file, id="a file of another kind, whatever its name"),
        pytest.param("pipe", os.mkfifo, id="a pipe of another kind"),
        pytest.param("a", a_link_to("nowhere"), id="a link to nothing of another kind"),
        pytest.param("_notes.txt", a_file, id="an underscore of another kind"),
    ],
)
def test_what_is_none_of_ours_is_passed_by(tmp_path: Path, name: str, make: Callable[[Path], None]) -> None:
    a_file(tmp_path / "good.YAML")
    make(tmp_path / name)
    assert list(walk(tmp_path) or ()) == ["good.YAML"]


def test_a_folder_that_turns_into_a_link_meanwhile_is_a_doubt(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    a_folder(tmp_path / "sub")
    real = os.open

    def swapped(path: str, flags: int) -> int:
        if path.endswith("sub") and not (tmp_path / "sub").is_symlink():
            (tmp_path / "sub").rename(tmp_path / ".elsewhere")
            (tmp_path / "sub").symlink_to(".elsewhere")
        return real(path, flags)

    monkeypatch.setattr(os, "open", swapped)
    assert walk(tmp_path) is None


def test_the_rules_are_those_of_sources() -> None:
    assert (tree.SUFFIXES, tree.RESERVED, tree.LARGEST) == (sources.SUFFIXES, sources.RESERVED, sources.MAX_BYTES)


def test_no_unsafe_character_is_printable() -> None:
    unsafe = UNSAFE_IN_NAMES.findall("".join(map(chr, range(sys.maxunicode + 1))))
    assert len(unsafe) > 2_000
    assert not any(character.isprintable() for character in unsafe)


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        pytest.param({"a": (1, OLD, OLD, 7)}, (set(), set()), id="nothing"),
        pytest.param({}, (set(), {"a"}), id="removed"),
        pytest.param({"a": (1, OLD, OLD, 7), "b": (1, OLD, OLD, 8)}, ({"b"}, set()), id="added"),
        pytest.param({"b": (1, OLD, OLD, 7)}, ({"b"}, {"a"}), id="renamed"),
        pytest.param({"a": (2, OLD, OLD, 7)}, ({"a"}, set()), id="another size"),
        pytest.param({"a": (1, OLD + 1, OLD, 7)}, ({"a"}, set()), id="another mtime"),
        pytest.param({"a": (1, OLD, OLD - 1, 7)}, ({"a"}, set()), id="another ctime, earlier even"),
        pytest.param({"a": (1, OLD, OLD, 8)}, ({"a"}, set()), id="another inode"),
    ],
)
def test_what_differs_has_changed(now: dict[str, Stamp], expected: tuple[set[str], set[str]]) -> None:
    assert changed({"a": (1, OLD, OLD, 7)}, now, NEW) == expected


@pytest.mark.parametrize("stamp", [(1, NEW, OLD, 7), (1, OLD, NEW, 7), (1, NEW + 1, NEW + 1, 7)])
def test_what_was_fresh_when_it_was_kept_is_not_trusted(stamp: Stamp) -> None:
    assert changed({"a": stamp}, {"a": stamp}, NEW) == ({"a"}, set())
    assert changed({"a": stamp}, {"a": stamp}, NEW + 2) == (set(), set())

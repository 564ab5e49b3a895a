"""What stands in the folder of a keep counts only where it is ours alone; writing is whole, or not at all."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from reconciler.keep import folder as folders
from reconciler.keep.folder import Foreign, Handle


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A folder of ours with a file in it."""
    path = tmp_path / "keep"
    path.mkdir(mode=0o700)
    (path / "file").write_bytes(b"0123456789")
    return path


def a_link(path: Path) -> None:
    """The same file, behind a link."""
    path.rename(path.with_name("elsewhere"))
    path.symlink_to("elsewhere")


def a_folder(path: Path) -> None:
    """A folder."""
    path.unlink()
    path.mkdir()


def a_pipe(path: Path) -> None:
    """A FIFO, which would block whoever opens it."""
    path.unlink()
    os.mkfifo(path)


@pytest.mark.parametrize(
    "spoil",
    [
        pytest.param(a_link, id="a link"),
        pytest.param(a_folder, id="a folder"),
        pytest.param(a_pipe, id="a pipe"),
        pytest.param(Path.unlink, id="nothing"),
        pytest.param(lambda path: path.chmod(0o620), id="others of the group may write to it"),
        pytest.param(lambda path: path.chmod(0o602), id="anybody may write to it"),
    ],
)
def test_a_file_that_is_not_ours_alone_is_refused(place: Path, spoil: Callable[[Path], None]) -> None:
    folder = folders.opened(place)
    folders.file_of(folder, "file")
    spoil(place / "file")
    with pytest.raises(OSError):  # noqa: PT011 - each says it in its own words
        folders.file_of(folder, "file")


@pytest.mark.parametrize("mode", [0o770, 0o707, 0o1777])
def test_a_folder_that_others_may_write_to_is_refused(place: Path, mode: int) -> None:
    place.chmod(mode)
    with pytest.raises(Foreign):
        folders.opened(place)


def test_a_folder_behind_a_link_or_that_is_none_is_refused(place: Path) -> None:
    (place.parent / "link").symlink_to(place)
    for path in (place.parent / "link", place / "file", place / "missing"):
        with pytest.raises(OSError):  # noqa: PT011 - each says it in its own words
            folders.opened(path)


def test_what_somebody_else_owns_is_refused(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = folders.opened(place)
    monkeypatch.setattr(os, "geteuid", lambda: place.stat().st_uid + 1)
    with pytest.raises(Foreign):
        folders.opened(place)
    with pytest.raises(Foreign):
        folders.file_of(folder, "file")


def test_no_more_is_read_than_there_is(place: Path) -> None:
    file = folders.file_of(folders.opened(place), "file")
    assert folders.read(file, 2, 3) == b"234"
    assert folders.read(file, 8, 10**12) == b"89"
    assert folders.read(file, 100, 5) == b""
    assert folders.size_of(file) == 10


def test_what_comes_in_pieces_is_put_together(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = folders.file_of(folders.opened(place), "file", os.O_RDWR)
    read, write = os.pread, os.pwrite
    monkeypatch.setattr(os, "pread", lambda number, length, offset: read(number, min(length, 3), offset))
    monkeypatch.setattr(os, "pwrite", lambda number, data, offset: write(number, data[:3], offset))
    assert folders.write(file, 5, [b"abc", b"", b"defgh"]) == 13
    assert folders.read(file, 0, 100) == b"01234abcdefgh"


def test_many_parts_are_written_one_after_the_other(place: Path) -> None:
    file = folders.file_of(folders.opened(place), "file", os.O_RDWR)
    parts = [bytes([number]) * 700_000 for number in range(4)]
    assert folders.write(file, 0, iter(parts)) == 2_800_000
    assert folders.read(file, 0, 3_000_000) == b"".join(parts)


def test_a_file_is_put_in_place_private_and_whole(place: Path) -> None:
    folder = folders.opened(place)
    (place / "file.new").write_bytes(b"left by a crash")
    folders.put(folder, "file", b"new")
    assert (place / "file").read_bytes() == b"new"
    assert stat.S_IMODE((place / "file").stat().st_mode) == 0o600
    assert folders.names(folder) == ["file"]


def test_a_file_that_cannot_be_put_in_place_leaves_the_old_one(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> int:
        raise OSError("no space left")

    monkeypatch.setattr(os, "pwrite", full)
    with pytest.raises(OSError, match="no space"):
        folders.put(folders.opened(place), "file", b"new")
    assert (place / "file").read_bytes() == b"0123456789"
    assert [path.name for path in place.iterdir()] == ["file"]


def test_one_at_a_time_may_write(place: Path) -> None:
    with folders.locked(folders.opened(place)):
        with pytest.raises(BlockingIOError), folders.locked(folders.opened(place)):
            pass
        folders.remove(folders.opened(place), "nothing of that name")
    with folders.locked(folders.opened(place)):
        pass


def test_a_handle_is_closed_with_the_last_that_knows_it() -> None:
    number = os.open(os.devnull, os.O_RDONLY)
    handle = Handle(number)
    os.fstat(handle.number)
    del handle
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(number)

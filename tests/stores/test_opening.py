"""A store file is looked at before SQLite gets hold of it, and a new one appears whole or not at all."""

from __future__ import annotations

import os
import re
import shlex
import sqlite3
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from reconciler.errors import StoreCorrupt, StoreError
from reconciler.stores.opening import connect, inspect, make_folder, placed
from tests.stores.contract import LINEAGE, recorded, registered, seen
from tests.stores.places import SqlitePlace, everything_in, place

__all__ = ["place"]


def other_database(path: Path) -> None:
    """A database of somebody else."""
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE holidays (day TEXT)")
    connection.close()


@pytest.mark.parametrize(
    ("make", "code"),
    [
        pytest.param(lambda path: path.write_bytes(b""), "not-a-store", id="an empty file"),
        pytest.param(lambda path: path.write_text("version: 1\n" * 20), "not-a-store", id="a text"),
        pytest.param(lambda path: path.write_bytes(b"SQLite format 3\0"), "not-a-store", id="a header cut short"),
        pytest.param(other_database, "not-a-store", id="a database of another program"),
        pytest.param(lambda path: path.mkdir(), "store-not-a-file", id="a folder"),
        pytest.param(os.mkfifo, "store-not-a-file", id="a pipe that nobody writes to"),
        pytest.param(lambda path: path.symlink_to("/dev/zero"), "store-is-a-link", id="a link to a device"),
        pytest.param(lambda path: path.symlink_to("nowhere"), "store-is-a-link", id="a link to nothing"),
    ],
)
def test_what_is_no_store_is_refused_and_left_alone(tmp_path: Path, make: Callable[[Path], None], code: str) -> None:
    path = tmp_path / "state.db"
    make(path)
    before = everything_in(tmp_path) if path.is_file() else {}
    found = SqlitePlace(path)
    for use in (found.read, found.open, found.make):
        with pytest.raises(StoreError) as refused:
            use()
        assert refused.value.code == code
        assert str(path) in refused.value.message
        assert refused.value.hint
    assert (everything_in(tmp_path) if path.is_file() else {}) == before
    assert list(tmp_path.iterdir()) == [path]


def test_something_else_than_a_store_counts_as_damage(tmp_path: Path) -> None:
    (tmp_path / "state.db").write_bytes(b"")
    with pytest.raises(StoreCorrupt):
        inspect(tmp_path / "state.db")


@pytest.mark.parametrize("name", ["missing.db", "no-folder/state.db"])
def test_a_missing_store_is_no_error(tmp_path: Path, name: str) -> None:
    assert inspect(tmp_path / name) is False


def test_a_file_where_a_folder_should_be_is_not_a_missing_store(tmp_path: Path) -> None:
    (tmp_path / "a-file").write_text("x")
    with pytest.raises(StoreError) as refused:
        inspect(tmp_path / "a-file" / "state.db")
    assert refused.value.code == "unreadable-store"


def test_a_path_that_is_too_long_is_an_error_of_ours(tmp_path: Path) -> None:
    with pytest.raises(StoreError) as refused:
        inspect(tmp_path / ("x" * 300))
    assert refused.value.code == "unreadable-store"


def test_a_file_that_became_a_pipe_since_it_was_looked_at_does_not_stop_us(
    place: SqlitePlace, monkeypatch: pytest.MonkeyPatch
) -> None:
    place.make().close()
    before = place.path.lstat()
    place.path.unlink()
    os.mkfifo(place.path)
    monkeypatch.setattr(Path, "lstat", lambda path: before)
    with pytest.raises(StoreError) as refused:
        inspect(place.path)
    assert refused.value.code == "store-not-a-file"


def test_a_store_in_wal_mode_is_refused_with_the_command_that_converts_it(tmp_path: Path) -> None:
    found = SqlitePlace(tmp_path / "it's a $HOME; store" / "state.db")
    recorded(found, registered("contoso/a")).close()
    connection = sqlite3.connect(found.path)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.close()
    before = everything_in(found.path.parent)
    hints = set()
    for use in (found.read, found.open):
        with pytest.raises(StoreError) as refused:
            use()
        assert refused.value.code == "wal-store"
        hints.add(refused.value.hint)
    assert everything_in(found.path.parent) == before
    (command,) = (hint.partition("run: ")[2] for hint in hints)
    assert shlex.split(command)[0] == "python3"
    done = subprocess.run(command, shell=True, capture_output=True, text=True, check=True)
    assert done.stdout == "delete\n"
    assert list(map(str, seen(found).subscriptions)) == ["contoso/a"]


ODD_NAMES = ["100% sure?.db", "a#b&mode=rwc.db", "ü漢.db", "with space.db", os.fsdecode(b"\xff.db")]


@pytest.mark.parametrize("name", ODD_NAMES)
def test_odd_paths_are_opened_as_they_are(tmp_path: Path, name: str) -> None:
    found = SqlitePlace(tmp_path / "100% folder?mode=memory" / name)
    recorded(found, registered("contoso/a")).close()
    assert seen(found).serial == 1
    assert [path.name for path in found.path.parent.iterdir()] == [name]


def test_a_relative_path_is_taken_from_the_working_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    found = SqlitePlace(Path("state.db"))
    found.make().close()
    assert seen(found).lineage == LINEAGE
    found.close()


def test_a_new_store_is_private_and_alone_in_its_new_folder(place: SqlitePlace) -> None:
    place.make()
    assert place.path.stat().st_mode & 0o777 == 0o600
    assert [path.name for path in place.path.parent.iterdir()] == ["state.db"]


def test_a_file_that_is_made_in_vain_leaves_nothing(tmp_path: Path) -> None:
    class OhNoError(Exception):
        pass

    def fill() -> None:
        with placed(tmp_path / "new") as new:
            new.write_text("half")
            raise OhNoError

    with pytest.raises(OhNoError):
        fill()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("links", [True, False], ids=["with links", "on a file system without them"])
def test_a_file_that_stands_in_the_place_meanwhile_is_kept(
    tmp_path: Path, links: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not links:
        monkeypatch.setattr(os, "link", no_links)

    def fill() -> None:
        with placed(tmp_path / "new") as new:
            new.write_text("mine")
            (tmp_path / "new").write_text("theirs")

    with pytest.raises(FileExistsError):
        fill()
    assert [path.read_text() for path in tmp_path.iterdir()] == ["theirs"]


def no_links(*_: object) -> None:
    """A file system that knows no second name for a file."""
    raise PermissionError(1, "Operation not permitted")


def test_a_store_can_be_made_where_files_cannot_be_linked(place: SqlitePlace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "link", no_links)
    place.make().close()
    assert seen(place).lineage == LINEAGE
    assert [path.name for path in place.path.parent.iterdir()] == ["state.db"]


def test_folders_are_made_as_deep_as_needed_and_again_without_error(tmp_path: Path) -> None:
    for _ in range(2):
        make_folder(tmp_path / "a" / "b" / "c")
    assert (tmp_path / "a" / "b" / "c").is_dir()


def test_nothing_that_a_foreign_schema_says_is_run(place: SqlitePlace) -> None:
    place.make().close()
    connection = connect(place.path, "ro", 0.0)
    found = {name: connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("trusted_schema", "cell_size_check")}
    connection.close()
    assert found == {"trusted_schema": 0, "cell_size_check": 1}


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE TRIGGER t AFTER INSERT ON journal BEGIN DELETE FROM subscriptions; END",
        "CREATE VIEW v AS SELECT * FROM subscriptions",
    ],
)
def test_a_store_with_a_trigger_or_a_view_is_refused(place: SqlitePlace, statement: str) -> None:
    place.make().close()
    connection = sqlite3.connect(place.path)
    connection.execute(statement)
    connection.close()
    for use in (place.read, place.open):
        with pytest.raises(StoreCorrupt, match="triggers or views"):
            use()


def test_a_newer_store_is_refused_by_readers_and_writers(place: SqlitePlace) -> None:
    place.make().close()
    connection = sqlite3.connect(place.path)
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    for use in (place.read, place.open):
        with pytest.raises(StoreError, match=re.escape("schema version 99; this reconcile knows up to 3")) as refused:
            use()
        assert refused.value.code == "newer-store"

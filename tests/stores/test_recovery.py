"""After a crash nothing is lost: a reader reads a copy that was put right, and a writer rolls the store itself back."""

from __future__ import annotations

import errno
import fcntl
import os
import shutil
import sqlite3
import tempfile
import threading
from pathlib import Path

import pytest

from reconciler.changes import Kind
from reconciler.diagnostics import Severity
from reconciler.errors import StoreBusy, StoreError
from reconciler.observed import ObservedAccount
from reconciler.stored import StoredState
from reconciler.stores import recovery
from reconciler.stores.check import check_store
from reconciler.stores.lease import FileLease
from reconciler.stores.migrations import STEPS, Step
from reconciler.stores.sqlite import open_reader, open_store
from tests.builders import NOW, a_change, a_run, a_seen, an_entry
from tests.stores.contract import recorded, registered, seen
from tests.stores.crashes import AFTER_STEPS, AT_COMMIT, WHILE_ACCEPTING, WHILE_KEEPING, WHILE_MAKING
from tests.stores.outside_contract import an_account
from tests.stores.places import PATIENCE, SqlitePlace, everything_in, place, run_until_killed
from tests.stores.test_migrations import LATEST, LONGER

__all__ = ["place"]


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder for temporary files, empty."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    monkeypatch.setenv("SQLITE_TMPDIR", str(folder))
    return folder


def a_store(place: SqlitePlace) -> StoredState:
    """A store with 400 records, closed; and what it holds."""
    with recorded(place, *(registered(f"contoso/s-{number:04d}") for number in range(400))) as store:
        return store.snapshot()


def a_crashed_store(place: SqlitePlace) -> StoredState:
    """The same after an apply was killed with its batch half in the file; and what must be read from it."""
    before = a_store(place)
    assert run_until_killed(AT_COMMIT, place.path)
    assert {path.name for path in place.path.parent.iterdir()} == {"state.db", "state.db-journal", "state.db.lock"}
    return before


def what_was_recorded(found: StoredState) -> tuple[object, ...]:
    """Everything that the cut-off batch would have changed."""
    return found.serial, found.subscriptions, found.last_as_of


def test_a_store_that_a_crash_left_half_written_really_is_half_written(place: SqlitePlace) -> None:
    a_crashed_store(place)
    place.path.with_name("state.db-journal").unlink()
    assert check_store(place.path, 0.0) != []


def test_a_crashed_store_is_read_as_last_committed_with_a_warning(place: SqlitePlace, temporary: Path) -> None:
    before = a_crashed_store(place)
    found = seen(place)
    assert what_was_recorded(found) == what_was_recorded(before)
    assert found.unfinished == {"run-2": None}
    (warning,) = found.diagnostics
    assert (warning.severity, warning.code) == (Severity.WARNING, "recovered-copy")
    assert str(place.path) in warning.detail


def test_reading_a_crashed_store_changes_no_byte_and_leaves_no_copy(place: SqlitePlace, temporary: Path) -> None:
    a_crashed_store(place)
    before = everything_in(place.path.parent)
    reader = place.read()
    assert reader is not None
    with reader:
        assert len(list(reader.history())) == 400
        assert list(temporary.iterdir()) == []
    assert everything_in(place.path.parent) == before
    assert check_store(place.path, 0.0) == []
    assert everything_in(place.path.parent) == before


def test_the_copy_of_a_crashed_store_is_private(
    place: SqlitePlace, temporary: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    a_crashed_store(place)
    modes = []
    copyfile = shutil.copyfile

    def look(source: Path, copy: Path) -> None:
        modes.append(copy.parent.stat().st_mode & 0o777)
        copyfile(source, copy)

    monkeypatch.setattr(shutil, "copyfile", look)
    seen(place)
    assert modes == [0o700, 0o700]


def test_opening_a_crashed_store_for_writing_rolls_it_back_by_itself(place: SqlitePlace) -> None:
    before = a_crashed_store(place)
    with open_store(place.path, 0.0) as store:
        assert what_was_recorded(store.snapshot()) == what_was_recorded(before)
        store.begin(a_run("run-3"))
        assert store.record("run-3", [an_entry(a_change(Kind.UPDATE, "contoso/s-0000"))], NOW) == 2
    assert not place.path.with_name("state.db-journal").exists()
    assert check_store(place.path, 0.0) == []
    assert seen(place).diagnostics == ()


def test_killed_at_any_step_a_batch_is_wholly_there_or_not_at_all(place: SqlitePlace) -> None:
    before = what_was_recorded(a_store(place))
    crashes = 0
    steps = 300
    while run_until_killed(AFTER_STEPS, place.path, steps):
        crashes += 1
        steps *= 3
        assert what_was_recorded(seen(place)) == before
        assert check_store(place.path, 0.0) == []
    assert crashes >= 3
    after = seen(place)
    assert (after.serial, {row.owner for row in after.subscriptions.values()}) == (2, {"o" * 400})


def what_is_kept(place: SqlitePlace) -> dict[str, ObservedAccount]:
    """All observations, as somebody else reads them now."""
    reader = place.read()
    assert reader is not None
    with reader:
        return reader.observations()


def test_killed_at_any_step_the_observations_of_before_are_kept_or_all_the_new_ones(place: SqlitePlace) -> None:
    with place.make() as store:
        store.keep_observations([an_account(*(a_seen(f"id-{number:04d}") for number in range(300)))])
    before = what_is_kept(place)
    crashes = 0
    steps = 300
    while run_until_killed(WHILE_KEEPING, place.path, steps):
        crashes += 1
        steps *= 3
        assert what_is_kept(place) == before
        assert check_store(place.path, 0.0) == []
    assert crashes >= 3
    after = what_is_kept(place)
    assert {name: len(account.subscriptions) for name, account in after.items()} == {"contoso": 400, "fabrikam": 0}
    assert {one.busy for one in after["contoso"].subscriptions.values()} == {"b" * 400}


def test_killed_at_any_step_all_is_accepted_or_nothing(place: SqlitePlace) -> None:
    a_store(place)
    with place.open() as store:
        store.begin(a_run("run-2"))
        changes = [a_change(Kind.UPDATE, f"contoso/s-{number:04d}") for number in range(400)]
        entries = [an_entry(one, operation_id=f"update-{number}") for number, one in enumerate(changes)]
        store.intend("run-2", entries, NOW)
    crashes = 0
    steps = 300
    while run_until_killed(WHILE_ACCEPTING, place.path, steps):
        crashes += 1
        steps *= 3
        assert {intent.token for intent in seen(place).open_intents.values()} == {None}
        assert check_store(place.path, 0.0) == []
    assert crashes >= 3
    found = seen(place).open_intents
    assert (len(found), {intent.token for intent in found.values()}) == (400, {"t" * 400})
    assert check_store(place.path, 0.0) == []


def test_killed_while_making_a_store_there_is_none(place: SqlitePlace) -> None:
    assert run_until_killed(WHILE_MAKING, place.path)
    assert place.read() is None
    with pytest.raises(StoreError, match="there is no store"):
        place.open()
    assert len(list(place.path.parent.iterdir())) > 1
    assert place.make().snapshot().serial == 0
    assert {path.name for path in place.path.parent.iterdir()} == {"state.db", "state.db.lock"}


def test_a_crash_while_a_reader_is_open_does_not_stop_it(place: SqlitePlace) -> None:
    before = a_store(place)
    reader = place.read()
    assert reader is not None
    assert run_until_killed(AT_COMMIT, place.path)
    with reader:
        after = reader.snapshot()
    assert what_was_recorded(after) == what_was_recorded(before)
    assert [found.code for found in after.diagnostics] == ["recovered-copy"]


def test_a_crashed_store_is_not_copied_while_an_applier_puts_it_right(place: SqlitePlace, temporary: Path) -> None:
    a_crashed_store(place)
    with FileLease(place.path, 0.0).hold(), pytest.raises(StoreBusy):
        open_reader(place.path, 0.05)
    assert list(temporary.iterdir()) == []


def test_a_crashed_store_is_read_once_the_applier_has_put_it_right(place: SqlitePlace) -> None:
    before = a_crashed_store(place)
    with FileLease(place.path, 0.0).hold():
        applier = threading.Timer(0.1, lambda: open_store(place.path, 0.0).close())
        applier.start()
        reader = open_reader(place.path, PATIENCE)
        applier.join()
    assert reader is not None
    with reader:
        after = reader.snapshot()
    assert what_was_recorded(after) == what_was_recorded(before)
    assert after.diagnostics == ()


def test_while_a_crashed_store_is_copied_no_applier_gets_in(
    place: SqlitePlace, monkeypatch: pytest.MonkeyPatch
) -> None:
    a_crashed_store(place)
    refused = []
    copyfile = shutil.copyfile

    def meanwhile(source: Path, copy: Path) -> None:
        with place.path.with_name("state.db.lock").open("rb") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                refused.append(source.name)
        copyfile(source, copy)

    monkeypatch.setattr(shutil, "copyfile", meanwhile)
    seen(place)
    assert refused == ["state.db", "state.db-journal"]


def test_a_crashed_store_without_its_lock_file_is_read_all_the_same(place: SqlitePlace) -> None:
    before = a_crashed_store(place)
    place.path.with_name("state.db.lock").unlink()
    assert what_was_recorded(seen(place)) == what_was_recorded(before)


def test_a_store_that_moves_while_it_is_copied_is_not_trusted(
    place: SqlitePlace, monkeypatch: pytest.MonkeyPatch
) -> None:
    a_crashed_store(place)
    copyfile = shutil.copyfile

    def touching(source: Path, copy: Path) -> None:
        copyfile(source, copy)
        os.utime(source, ns=(0, next(moments)))

    moments = iter(range(1, 1_000_000))
    monkeypatch.setattr(shutil, "copyfile", touching)
    with pytest.raises(StoreBusy):
        open_reader(place.path, 0.05)


def test_a_journal_that_is_gone_by_now_was_no_crash(place: SqlitePlace, monkeypatch: pytest.MonkeyPatch) -> None:
    a_store(place)
    real, calls = recovery.begin, []

    def mistaken(connection: sqlite3.Connection) -> None:
        calls.append(connection)
        if len(calls) == 1:
            error = sqlite3.OperationalError("attempt to write a readonly database")
            error.sqlite_errorcode = sqlite3.SQLITE_READONLY_ROLLBACK
            raise error
        real(connection)

    monkeypatch.setattr(recovery, "begin", mistaken)
    reader = open_reader(place.path, PATIENCE)
    assert reader is not None
    with reader:
        assert reader.snapshot().diagnostics == ()


@pytest.mark.parametrize("where", ["no folder", "no space"])
def test_where_no_copy_can_be_made_the_way_out_is_told(
    place: SqlitePlace, temporary: Path, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    a_crashed_store(place)
    if where == "no folder":
        temporary.rmdir()
    else:
        monkeypatch.setattr(shutil, "copyfile", no_space)
    with pytest.raises(StoreError) as refused:
        open_reader(place.path, 0.0)
    assert refused.value.code == "no-temporary-copy"
    assert "TMPDIR" in refused.value.hint


def no_space(*_: object) -> None:
    """A full disk."""
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_a_damaged_crashed_store_is_an_error_of_ours_and_leaves_no_copy(place: SqlitePlace, temporary: Path) -> None:
    a_crashed_store(place)
    data = bytearray(place.path.read_bytes())
    data[100:4096] = bytes(3996)
    place.path.write_bytes(data)
    journal = place.path.with_name("state.db-journal")
    journal.write_bytes(journal.read_bytes()[:512] + bytes(4096))
    with pytest.raises(StoreError):
        seen(place)
    assert list(temporary.iterdir()) == []


def test_an_older_store_is_read_from_a_copy_that_was_brought_up_to_date(place: SqlitePlace, temporary: Path) -> None:
    before = a_store(place)
    files = everything_in(place.path.parent)
    reader = open_reader(place.path, 0.0, steps=LONGER)
    assert reader is not None
    with reader:
        after = reader.snapshot()
        with reader.reading() as connection:
            assert connection.execute("SELECT count(*) FROM seconds").fetchone() == (400,)
        assert len(list(reader.history())) == 400
    assert after.subscriptions == before.subscriptions
    assert [found.code for found in after.diagnostics] == ["migrated-copy"]
    assert everything_in(place.path.parent) == files
    assert list(temporary.iterdir()) == []


def test_a_copy_that_cannot_be_brought_up_to_date_is_closed(place: SqlitePlace) -> None:
    a_store(place)
    broken = Step(LATEST + 1, "a slip", ("CREATE TABLE store (x)",))
    with pytest.raises(StoreError, match="table store already exists"):
        open_reader(place.path, 0.0, steps=(*STEPS, broken))

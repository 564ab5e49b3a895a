"""One run at a time writes to a store; the kernel sees to it, also when a run dies."""

from __future__ import annotations

import errno
import fcntl
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from reconciler.errors import LeaseHeld, StoreError
from reconciler.journal import Holder
from reconciler.stores.lease import FileLease
from tests.builders import NOW
from tests.stores.crashes import HOLD, PREPARE
from tests.stores.places import PATIENCE, ROOT, SqlitePlace, another_process, everything_in, open_folder, place
from tests.stores.places import without_rights as without_rights_to_it

__all__ = ["place"]

RACE = f"""{PREPARE}
from reconciler.errors import LeaseHeld
print("ready", flush=True)
sys.stdin.readline()
try:
    with FileLease(path, 0.0).hold():
        print("won", flush=True)
        sys.stdin.read()
except LeaseHeld:
    print("lost", flush=True)
"""


def take(lease: FileLease) -> None:
    """Take it and let it go."""
    with lease.hold():
        pass


def test_of_two_processes_that_race_exactly_one_wins(place: SqlitePlace) -> None:
    place.make()
    with another_process(RACE, place.path) as one, another_process(RACE, place.path) as other:
        for process in (one, other):
            assert process.stdin is not None
            process.stdin.write("go\n")
            process.stdin.flush()
        found = [process.stdout.readline() for process in (one, other) if process.stdout is not None]
    assert sorted(found) == ["lost\n", "won\n"]


def test_the_kernel_frees_the_lease_of_a_run_that_is_killed(place: SqlitePlace) -> None:
    place.make()
    with another_process(HOLD, place.path) as winner:
        with pytest.raises(LeaseHeld, match=rf"unknown, pid {winner.pid}$"):
            take(place.lease())
        winner.send_signal(signal.SIGKILL)
        winner.wait(PATIENCE)
        take(place.lease())


def test_the_lease_is_waited_for(place: SqlitePlace) -> None:
    place.make()
    with another_process(HOLD, place.path) as winner:
        assert winner.stdin is not None
        threading.Timer(0.1, winner.stdin.close).start()
        take(FileLease(place.path, PATIENCE))


def test_the_lease_is_waited_for_no_longer_than_was_said(place: SqlitePlace) -> None:
    place.make()
    with place.lease().hold():
        begin = time.monotonic()
        with pytest.raises(LeaseHeld):
            take(FileLease(place.path, 0.12))
        assert 0.12 <= time.monotonic() - begin < PATIENCE


def test_a_run_that_does_not_get_the_lease_writes_nothing(place: SqlitePlace) -> None:
    place.make().close()
    with place.lease().hold():
        before = everything_in(place.path.parent)
        with pytest.raises(LeaseHeld):
            take(place.lease())
        assert everything_in(place.path.parent) == before


def test_a_program_that_is_started_meanwhile_does_not_inherit_the_lease(place: SqlitePlace) -> None:
    place.make()
    with place.lease().hold():
        child = subprocess.Popen([sys.executable, "-c", "input()"], cwd=ROOT, stdin=subprocess.PIPE, close_fds=False)
    with child:
        take(place.lease())
        child.kill()


def test_the_lease_can_be_taken_before_there_is_a_store(place: SqlitePlace) -> None:
    with place.lease().hold():
        assert [path.name for path in place.path.parent.iterdir()] == ["state.db.lock"]
        assert (place.path.parent / "state.db.lock").stat().st_mode & 0o777 == 0o600
        with pytest.raises(LeaseHeld):
            take(place.lease())


def test_the_lease_is_let_go_when_the_run_fails(place: SqlitePlace) -> None:
    def fail() -> None:
        with place.lease().hold():
            raise RuntimeError("our bug")

    with pytest.raises(RuntimeError, match="our bug"):
        fail()
    take(place.lease())


def test_a_row_that_a_dead_run_left_is_not_taken_for_the_holder(place: SqlitePlace) -> None:
    place.make().describe_holder(Holder(1, "build-6", NOW, "grace"))
    with place.lease().hold(), pytest.raises(LeaseHeld) as refused:
        take(place.lease())
    assert "grace" not in refused.value.message
    assert f"unknown, pid {os.getpid()}" in refused.value.message


@pytest.mark.parametrize(
    "spoil",
    [
        pytest.param(lambda path: path.unlink(), id="a store that is gone"),
        pytest.param(lambda path: path.write_bytes(b"not a store"), id="a store that is none"),
        pytest.param(lambda path: path.with_name("state.db.lock").write_text("no number"), id="a spoilt lock file"),
        pytest.param(lambda path: path.with_name("state.db.lock").write_bytes(b"\xff"), id="odd bytes in it"),
    ],
)
def test_who_holds_the_lease_is_told_as_far_as_it_is_known(place: SqlitePlace, spoil: Callable[[Path], None]) -> None:
    place.make().close()
    with place.lease().hold():
        spoil(place.path)
        with pytest.raises(LeaseHeld, match="another run is applying to this store: unknown"):
            take(place.lease())


@pytest.mark.parametrize(
    "make",
    [
        pytest.param(lambda path: path.mkdir(), id="a folder"),
        pytest.param(lambda path: path.symlink_to("elsewhere"), id="a link"),
        pytest.param(os.mkfifo, id="a pipe"),
    ],
)
def test_what_stands_in_place_of_the_lock_file_is_refused(place: SqlitePlace, make: Callable[[Path], None]) -> None:
    place.make()
    make(place.path.with_name("state.db.lock"))
    with pytest.raises(StoreError) as refused:
        take(place.lease())
    assert refused.value.code == "unusable-lock"
    assert not (place.path.parent / "elsewhere").exists()


def test_without_the_right_to_write_there_is_no_lease(place: SqlitePlace) -> None:
    take(place.lease())
    with open_folder() as folder:
        folder.chmod(0o555)
        with without_rights_to_it(), pytest.raises(StoreError) as refused:
            take(FileLease(folder / "new" / "state.db", 0.0))
        assert refused.value.code == "read-only-store"
        with without_rights_to_it(), pytest.raises(StoreError) as refused:
            take(FileLease(folder / "state.db", 0.0))
        assert refused.value.code == "read-only-store"
        folder.chmod(0o755)


def test_a_file_system_that_cannot_lock_is_told(place: SqlitePlace, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_locks(*_: object) -> None:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    place.make()
    monkeypatch.setattr(fcntl, "flock", no_locks)
    with pytest.raises(StoreError, match="No locks available") as refused:
        take(place.lease())
    assert refused.value.code == "unusable-lock"


def test_a_lock_file_that_was_removed_meanwhile_locks_nobody_out(
    place: SqlitePlace, monkeypatch: pytest.MonkeyPatch
) -> None:
    place.make()
    lock = place.path.with_name("state.db.lock")
    real, calls = fcntl.flock, []

    def removed_just_before(handle: int, how: int) -> None:
        calls.append(how)
        if len(calls) == 1:
            lock.unlink()
        real(handle, how)

    monkeypatch.setattr(fcntl, "flock", removed_just_before)
    with FileLease(place.path, PATIENCE).hold():
        monkeypatch.undo()
        assert len(calls) == 2
        with pytest.raises(LeaseHeld):
            take(place.lease())


def test_a_full_disk_is_no_reason_not_to_hold_the_lease(place: SqlitePlace, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_space(*_: object) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    place.make()
    monkeypatch.setattr(os, "pwrite", no_space)
    take(place.lease())

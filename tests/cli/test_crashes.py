"""kill -9 at every hop of an apply, with a real process and a real file: nothing is lost, nothing is doubled, and the
next run carries on by itself. The hops are those of docs/life-of-a-spec.md.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.cli.world import NOW, World

_DRIVER = """
import functools, os, signal, sys
import reconciler.apply as engine
from reconciler.cli.entry import run
from reconciler.stores.lease import FileLease
from reconciler.stores.sqlite import SqliteStore

name, when, nth = sys.argv[1], sys.argv[2], int(sys.argv[3])
engine.Instruction = functools.partial(engine.Instruction, batch=3)
owner = FileLease if name == "hold" else SqliteStore
calls, how = 0, ""


def die():
    print(how or ("in groups" if "reconciler.first" in sys.modules else "whole"), flush=True)
    os.kill(os.getpid(), signal.SIGKILL)


def wrapped(function):
    @functools.wraps(function)
    def call(*args, **kwargs):
        global calls
        calls += 1
        if calls == nth and when == "before":
            die()
        result = function(*args, **kwargs)
        if calls == nth and when == "after":
            die()
        return result
    return call


setattr(owner, name, wrapped(getattr(owner, name)))
sys.exit(run(sys.argv[4:]))
"""

_GROUPS = """
from reconciler.runtime import Runtime

usual = Runtime.__init__


def in_groups(*args, **kwargs):
    usual(*args, **kwargs, large=0, in_groups=0, group=4)


Runtime.__init__ = in_groups
"""
"""Each estate is planned and applied in groups, as a large one is."""

_PORTIONS = """
from reconciler.portions import Portions
from reconciler.runtime import Runtime

usual, read = Runtime.__init__, Portions.read


def in_portions(*args, **kwargs):
    usual(*args, **kwargs, large=0, much=0, group=4)


def reading(*args):
    global how
    how = "in portions"
    return read(*args)


Runtime.__init__, Portions.read = in_portions, reading
"""
"""What differs of an estate is planned and applied in portions, as where it is much."""

_SUBSCRIPTION = """
s{number}:
  facts: {{product: SPB, term: annual, start: 2026-0{month}-15, seats: {number}}}
"""

HOPS = [
    pytest.param("hold", "before", 1, id="hop 10: before the lease"),
    pytest.param("snapshot", "after", 1, id="hop 10: the lease held, nothing begun"),
    pytest.param("begin", "before", 1, id="hop 11: before the run is journaled"),
    pytest.param("begin", "after", 1, id="hop 11: the run journaled, no change yet"),
    pytest.param("record", "before", 1, id="hop 12: before the first batch"),
    pytest.param("record", "after", 1, id="hop 13: the first batch recorded"),
    pytest.param("record", "before", 3, id="hop 12: before the third batch"),
    pytest.param("record", "after", 4, id="hop 13: every batch recorded, the run not finished"),
    pytest.param("finish", "before", 1, id="hop 14: before the run is finished"),
    pytest.param("finish", "after", 1, id="hop 14: the run finished, nothing reported"),
]


def _estate(world: World, *, off: bool) -> None:
    more = "  recurring: off\n" if off else ""
    world.specs("".join(_SUBSCRIPTION.format(number=n, month=n % 9 + 1) + more for n in range(10)))


def _driven(root: Path, name: str, when: str, nth: int, *, before: str = "") -> subprocess.CompletedProcess[bytes]:
    """An apply in a process of its own, which dies at that hop where it comes there."""
    words = ["-C", str(root), "--as-of", NOW, "--allow", "max-endings"]
    program = [sys.executable, "-c", before + _DRIVER, name, when, str(nth), *words]
    environ = {**os.environ, "RECONCILE_CACHE": "off"}
    return subprocess.run(program, env=environ, capture_output=True, check=False, timeout=60)


def _killed(root: Path, name: str, when: str, nth: int) -> None:
    done = _driven(root, name, when, nth)
    assert done.returncode == -signal.SIGKILL, done.stderr.decode()


def _state(world: World) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = world.run("status", "--format", "json").document["subscriptions"]
    return found


def _succeeded(world: World) -> list[tuple[str, str]]:
    entries = world.run("history", "--format", "json").document["entries"]
    return sorted((entry["subscription"], entry["kind"]) for entry in entries if entry["outcome"] == "succeeded")


@pytest.mark.parametrize(("name", "when", "nth"), HOPS)
@pytest.mark.parametrize("off", [False, True], ids=["a first apply", "a later apply"])
def test_a_killed_apply_loses_and_doubles_nothing(world: World, name: str, when: str, nth: int, off: bool) -> None:
    if off:
        _estate(world, off=False)
        world.apply()
    elif name == "snapshot":
        name = "begin"  # a first apply has no store to take a snapshot of
    _estate(world, off=off)
    _killed(world.root, name, when, nth)
    before = {path: path.read_bytes() for path in world.root.rglob("*") if path.is_file()}
    looked = world.dry_run()
    assert looked.code == 0
    assert {path: path.read_bytes() for path in world.root.rglob("*") if path.is_file()} == before
    carried_on = world.apply("--allow", "max-endings")
    assert carried_on.code == 0, carried_on.err
    assert len(_state(world)) == 10
    assert all(row["recurring"] == ("off" if off else "on") for row in _state(world))
    expected = [(f"contoso/s{n}", "register") for n in range(10)]
    expected += [(f"contoso/s{n}", "turn-off-recurring") for n in range(10)] if off else []
    assert _succeeded(world) == sorted(expected)
    again = world.apply()
    assert again.last == "No changes. 10 subscriptions match their specs."
    assert world.dry_run().document["diagnostics"] == []


@pytest.mark.parametrize(("name", "when", "nth"), [hop for hop in HOPS if hop.values[0] != "snapshot"])
@pytest.mark.parametrize("again", ["", _GROUPS], ids=["carried on whole", "carried on as a large one"])
def test_a_killed_first_apply_in_groups_loses_and_doubles_nothing(
    world: World, name: str, when: str, nth: int, again: str
) -> None:
    for n in range(10):
        world.specs(_SUBSCRIPTION.format(number=n, month=n % 9 + 1), file=f"specs/part-{n}.yaml")
    died = _driven(world.root, name, when, nth, before=_GROUPS)
    assert died.returncode == -signal.SIGKILL, died.stderr.decode()
    assert died.stdout.decode().endswith("whole\n" if name == "hold" else "in groups\n")
    before = {path: path.read_bytes() for path in world.root.rglob("*") if path.is_file()}
    assert world.dry_run().code == 0
    assert {path: path.read_bytes() for path in world.root.rglob("*") if path.is_file()} == before
    carried_on = _driven(world.root, "record", "before", 99, before=again)
    assert carried_on.returncode == 0, carried_on.stderr.decode()
    assert [row["seats"] for row in _state(world)] == list(range(10))
    assert _succeeded(world) == [(f"contoso/s{n}", "register") for n in range(10)]
    assert world.apply().last == "No changes. 10 subscriptions match their specs."
    assert world.dry_run().document["diagnostics"] == []


@pytest.mark.parametrize(("name", "when", "nth"), [hop for hop in HOPS if hop.values[0] != "snapshot"])
@pytest.mark.parametrize("again", ["", _PORTIONS], ids=["carried on whole", "carried on in portions"])
def test_a_killed_apply_in_portions_loses_and_doubles_nothing(
    world: World, name: str, when: str, nth: int, again: str
) -> None:
    for more in ("", "  recurring: off\n"):
        for n in range(10):
            world.specs(_SUBSCRIPTION.format(number=n, month=n % 9 + 1) + more, file=f"specs/part-{n}.yaml")
        if not more:
            world.apply()
    died = _driven(world.root, name, when, nth, before=_PORTIONS)
    assert died.returncode == -signal.SIGKILL, died.stderr.decode()
    assert died.stdout.decode().endswith("whole\n" if name == "hold" else "in portions\n")
    before = {path: path.read_bytes() for path in world.root.rglob("*") if path.is_file()}
    assert world.dry_run().code == 0
    assert {path: path.read_bytes() for path in world.root.rglob("*") if path.is_file()} == before
    carried_on = _driven(world.root, "record", "before", 99, before=again)
    assert carried_on.returncode == 0, carried_on.stderr.decode()
    assert {row["recurring"] for row in _state(world)} == {"off"}
    both = [(f"contoso/s{n}", kind) for n in range(10) for kind in ("register", "turn-off-recurring")]
    assert _succeeded(world) == sorted(both)
    assert world.apply().last == "No changes. 10 subscriptions match their specs."
    assert world.dry_run().document["diagnostics"] == []


def test_the_line_to_pin_a_store_is_not_lost_with_the_run_that_created_it(world: World) -> None:
    _estate(world, off=False)
    _killed(world.root, "record", "before", 1)
    lineage = world.dry_run().document["bindings"]["store_lineage"]
    said = f"the store is new and holds nothing yet; pin it in reconcile.yaml: store.lineage {lineage}"
    assert world.dry_run().document["headlines"] == [said]
    assert said in world.apply().out
    assert world.dry_run().document["headlines"] == []


def test_a_dry_run_beside_a_crash_in_the_middle_of_a_commit_reads_a_recovered_copy(world: World) -> None:
    _estate(world, off=False)
    world.apply()
    script = """
import os, signal, sqlite3, sys
db = sqlite3.connect(sys.argv[1], isolation_level=None)
db.execute("PRAGMA journal_mode=DELETE"); db.execute("PRAGMA cache_size=1"); db.execute("PRAGMA cache_spill=1")
db.execute("BEGIN IMMEDIATE")
db.execute("UPDATE subscriptions SET seats = 999, owner = printf('%5000s', 'x')")
os.kill(os.getpid(), signal.SIGKILL)
"""
    done = subprocess.run([sys.executable, "-c", script, str(world.store)], check=False, timeout=60)
    assert done.returncode == -signal.SIGKILL
    journal = world.store.with_name(world.store.name + "-journal")
    assert journal.stat().st_size > 0
    before = (world.store.read_bytes(), journal.read_bytes())
    looked = world.dry_run()
    assert (looked.code, looked.document["changes"]) == (0, [])
    assert [item["code"] for item in looked.document["diagnostics"]] == ["recovered-copy"]
    assert (world.store.read_bytes(), journal.read_bytes()) == before
    assert world.apply().last == "No changes. 10 subscriptions match their specs."
    assert not journal.exists() or journal.stat().st_size == 0


def test_of_two_appliers_one_waits_and_both_end_well(world: World) -> None:
    _estate(world, off=False)
    command = [sys.executable, "-m", "reconciler", "-C", str(world.root), "--as-of", NOW, "--format", "json"]
    both = [subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) for _ in range(2)]
    ends = [process.communicate(timeout=60) for process in both]
    assert [process.returncode for process in both] == [0, 0], ends
    assert _succeeded(world) == [(f"contoso/s{n}", "register") for n in range(10)]


def test_an_applier_that_may_not_wait_is_told_who_holds_the_store(world: World) -> None:
    _estate(world, off=False)
    world.apply()
    holder = """
import sys, time
from pathlib import Path
from reconciler.apply import _described
from reconciler.runtime import Options, Runtime
runtime = Runtime(Options(directory=Path(sys.argv[1])))
with runtime.writing() as session, _described(session.store, runtime.run("apply")):
    print("held", flush=True)
    sys.stdin.read()
"""
    child = subprocess.Popen(
        [sys.executable, "-c", holder, str(world.root)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "RECONCILE_ACTOR": "mara", "RECONCILE_CI_RUN": "run 4711"},
    )
    assert child.stdout is not None
    assert child.stdin is not None
    assert child.stdout.readline() == b"held\n"
    done = world.apply("--lock-timeout", "0s")
    looked = world.dry_run()
    child.stdin.close()
    assert child.wait(timeout=30) == 0
    child.stdout.close()
    assert done.code == 4
    for word in ("mara", f"pid {child.pid}", "run 4711"):
        assert word in done.err
    assert looked.code == 0, "a dry run goes on beside an apply"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_finishes_the_batch_and_exits_130(world: World, number: signal.Signals) -> None:
    _estate(world, off=False)
    script = """
import functools, os, sys
import reconciler.apply as engine
from reconciler.cli.entry import run
from reconciler.stores.sqlite import SqliteStore
engine.Instruction = functools.partial(engine.Instruction, batch=3)
inner = SqliteStore.record
def record(*args, **kwargs):
    os.kill(os.getpid(), int(sys.argv[1]))
    return inner(*args, **kwargs)
SqliteStore.record = record
sys.exit(run(sys.argv[2:]))
"""
    words = ["-C", str(world.root), "--as-of", NOW]
    done = subprocess.run(
        [sys.executable, "-c", script, str(int(number)), *words], capture_output=True, check=False, timeout=60
    )
    assert done.returncode == 130, done.stderr.decode()
    assert "Interrupted" in done.stdout.decode()
    assert len(_succeeded(world)) == 3
    assert world.apply().code == 0
    assert _succeeded(world) == [(f"contoso/s{n}", "register") for n in range(10)]

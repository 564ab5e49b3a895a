"""What a worker needs before it begins; a whole distributed apply is in cli/test_working.py."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from reconciler import distributing
from reconciler.distributing import Shift, hand_over_to_workers, progress_of, take_back, work
from reconciler.errors import ReconcilerError
from reconciler.options import Options
from reconciler.runtime import Runtime
from tests.builders import a_run
from tests.stores.postgres.places import Room, empty, server

__all__ = ["empty", "server"]


def a_runtime(folder: Path, url: str, more: str = "") -> Runtime:
    (folder / "specs").mkdir(exist_ok=True)
    (folder / "reconcile.yaml").write_text(
        f"version: 1\n{more}accounts:\n  contoso: {{provider: ledger}}\n", encoding="utf-8"
    )
    return Runtime(Options(directory=folder, store=url, lock_timeout=0.5), environ={})


def refused(runtime: Runtime, shift: Shift | None = None) -> str:
    with pytest.raises(ReconcilerError) as found:
        work(runtime, shift or Shift(until_idle=True), lambda: False)
    return found.value.code


def test_a_worker_makes_no_store(empty: Room, tmp_path: Path) -> None:
    runtime = a_runtime(tmp_path, empty.url)
    assert refused(runtime) == "no-store"
    with pytest.raises(ReconcilerError, match="there is no store"):
        progress_of(runtime)
    assert empty.read() is None


def test_a_worker_works_for_the_pinned_store_alone(empty: Room, tmp_path: Path) -> None:
    empty.make()
    pinned = "store: {lineage: 6f1f5ac4-7b0e-4a0e-9d2e-0d4d1f0c9b11}\n"
    assert refused(a_runtime(tmp_path, empty.url, pinned)) == "other-store"


def test_without_procrastinate_it_says_what_to_install(
    empty: Room, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    empty.make()
    monkeypatch.setitem(sys.modules, "reconciler.dispatching.queue", None)
    runtime = a_runtime(tmp_path, empty.url)
    assert refused(runtime) == "extra-missing"
    with pytest.raises(ReconcilerError) as found:
        hand_over_to_workers(runtime)
    assert "subscription-reconciler[workers]" in found.value.hint


def test_with_nothing_to_do_a_worker_ends_where_it_may(empty: Room, tmp_path: Path) -> None:
    empty.make()
    work(a_runtime(tmp_path, empty.url), Shift(until_idle=True), lambda: False)
    work(a_runtime(tmp_path, empty.url), Shift(), lambda: True)


def test_a_run_without_shards_is_not_taken_back(empty: Room, tmp_path: Path) -> None:
    store = empty.make()
    store.begin(a_run())
    with pytest.raises(ReconcilerError) as found:
        take_back(a_runtime(tmp_path, empty.url), "run-1")
    assert found.value.code == "no-such-run"
    assert distributing.progress_of(a_runtime(tmp_path, empty.url))[0].run == "run-1"

"""The first apply of a large estate, made in groups and carried out in batches, is the apply of the whole."""

from __future__ import annotations

import functools
import gc
import json
import random
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import reconciler.apply as engine
from reconciler.changes import Change
from reconciler.cli.rendering import pass_renders
from reconciler.cli.session import apply_code
from reconciler.errors import ReconcilerError, StoreError
from reconciler.fates import Fates
from reconciler.hand import Instruction
from reconciler.journal import ApplyReport, Freeze, Outcome, OutcomeKind
from reconciler.packed import Packed
from reconciler.progress import Untold
from reconciler.providers.ledger import LedgerProvider
from reconciler.reconcile import Pass
from reconciler.stores.sqlite import SqliteStore
from tests.test_partial import EDITS, NOW, SETTINGS, WHOLE, Estate, an_estate, edit

LINEAGE = "0b9a3f2e-6c3e-4f3f-9d0e-0f3a3f0b9a3f"
Applied = tuple[bytes, dict[str, str | bytes], int]
"""The store as exported, every view of what was done, and the exit code."""


@pytest.fixture(autouse=True)
def _same_names(monkeypatch: pytest.MonkeyPatch) -> None:
    """Runs and stores are named alike, and a batch is a few changes."""
    monkeypatch.setattr("reconciler.runtime.new_lineage", lambda: LINEAGE)
    monkeypatch.setattr("reconciler.runtime.secrets.token_hex", lambda size: "0" * 2 * size)
    monkeypatch.setattr(engine, "Instruction", functools.partial(Instruction, batch=4))


@pytest.fixture
def two(tmp_path: Path) -> tuple[Estate, Estate]:
    """The same estate twice."""
    return an_estate(tmp_path / "one"), an_estate(tmp_path / "two")


def applied(
    estate: Estate,
    *,
    groups: int | None,
    stop: Callable[[], bool] = lambda: False,
    agree: Callable[[Pass], bool] = lambda found: True,
    **options: Any,
) -> tuple[Pass, ApplyReport | None]:
    """An apply in groups of so many, or of the whole."""
    runtime = estate.runtime(large=WHOLE if groups is None else 0, **options)
    runtime.in_groups, runtime.group = 0, groups
    return runtime.apply(agree, stop, Untold())


def told(estate: Estate, found: Pass, report: ApplyReport) -> Applied:
    """What an apply left and says."""
    runtime = estate.runtime(large=WHOLE)
    store = runtime.exported() if runtime._store_there() else b""
    shown: dict[str, str | bytes] = {}
    for brief in (False, True):
        renders = pass_renders(
            found.plan, found.verdict, report, found.desired.accounts, found.rulebook.lifecycles, brief=brief
        )
        for name, render in renders.items():
            parts = render(False)
            shown[f"{name} {brief}"] = parts if isinstance(parts, str | bytes) else b"".join(parts)  # type: ignore[arg-type]
    return store, shown, apply_code(found, report)


def compared(two: tuple[Estate, Estate], size: int, **options: Any) -> tuple[Pass, ApplyReport]:
    """The apply in groups, which says and leaves what that of the whole does."""
    whole, whole_report = applied(two[0], groups=None, **options)
    found, report = applied(two[1], groups=size, **options)
    assert isinstance(whole.plan.changes, tuple)
    assert isinstance(found.plan.changes, Packed)
    assert report is not None
    assert whole_report is not None
    assert told(two[1], found, report) == told(two[0], whole, whole_report)
    return found, report


@pytest.mark.parametrize("size", [1, 3, 9, 1_000])
def test_groups_of_any_size_come_to_the_apply_of_the_whole(two: tuple[Estate, Estate], size: int) -> None:
    _, report = compared(two, size)
    assert isinstance(report.changes, Fates)
    assert report.counts == {OutcomeKind.SUCCEEDED: 49}


@pytest.mark.parametrize(
    "options",
    [{"select": ("contoso/sub-1*",)}, {"exclude": ("*/sub-2*",)}, {"paths": ("specs/north",)}],
    ids=str,
)
def test_a_narrowed_one_does_the_same(two: tuple[Estate, Estate], options: dict[str, Any]) -> None:
    for estate in two:
        estate.root = estate.root.resolve()
    compared(two, 3, **options)


@pytest.mark.parametrize("seed", range(6))
def test_whatever_is_edited_groups_do_what_the_whole_does(two: tuple[Estate, Estate], seed: int) -> None:
    settings = SETTINGS.replace("LIFECYCLE", ("classic", "microsoft-customer-agreement")[seed % 2])
    for estate in two:
        chance = random.Random(seed)
        (estate.root / "reconcile.yaml").write_text(settings)
        for _ in range(4):
            before = {path: path.read_bytes() for path in (estate.root / "specs").rglob("*.yaml")}
            chance.choice(EDITS)(estate.root, chance)
            if isinstance(estate.plan(large=WHOLE), tuple):
                _restore(estate.root, before)
    compared(two, 5)


def _restore(root: Path, before: dict[Path, bytes]) -> None:
    for path in (root / "specs").rglob("*.yaml"):
        path.unlink()
    for path, text in before.items():
        path.write_bytes(text)


def test_an_empty_store_makes_no_difference(two: tuple[Estate, Estate]) -> None:
    for estate in two:
        estate.runtime(large=WHOLE).new_store(LINEAGE).close()
    found, _ = compared(two, 3)
    assert found.stored.exists


def test_a_pinned_store_that_is_not_there_is_refused_alike(two: tuple[Estate, Estate]) -> None:
    for estate in two:
        edit(estate.root / "reconcile.yaml", "safety:", f"store: {{lineage: {LINEAGE}}}\nsafety:")
    found, report = compared(two, 3)
    assert [refusal.limit for refusal in report.refused] == ["new-store"]
    assert not (two[1].root / ".reconcile" / "state.db").exists()
    assert len(found.plan.changes) == 49


def test_whoever_disagrees_has_applied_nothing(two: tuple[Estate, Estate]) -> None:
    found, report = applied(two[0], groups=3, agree=lambda found: False)
    assert report is None
    assert len(found.plan.changes) == 49
    assert not (two[0].root / ".reconcile" / "state.db").exists()


def test_an_instant_of_its_own_is_refused_where_people_do_the_work(two: tuple[Estate, Estate]) -> None:
    with pytest.raises(ReconcilerError) as refused:
        applied(two[0], groups=3, as_of=NOW)
    assert refused.value.code == "as-of-outside"


def test_an_instant_of_its_own_is_recorded_in_a_ledger(two: tuple[Estate, Estate]) -> None:
    for estate in two:
        edit(estate.root / "reconcile.yaml", "  northwind: {provider: manual}\n", "")
        (estate.root / "specs" / "by-hand.yaml").unlink()
    found, _ = compared(two, 3, as_of=NOW)
    assert found.plan.as_of == NOW


class TestHalfDone:
    """One that did not come to its end says and leaves what that of the whole would."""

    def test_stopped_between_batches(self, two: tuple[Estate, Estate]) -> None:
        seen = []
        for estate, groups in zip(two, (None, 3), strict=True):
            found, report = applied(estate, groups=groups, stop=functools.partial(_over, iter(range(99))))
            assert report is not None
            assert report.interrupted
            assert report.counts == {OutcomeKind.SUCCEEDED: 12, OutcomeKind.SKIPPED: 37}
            seen.append(told(estate, found, report))
        assert seen[0] == seen[1]

    def test_frozen_meanwhile(self, two: tuple[Estate, Estate], monkeypatch: pytest.MonkeyPatch) -> None:
        asked: Counter[str] = Counter()

        def freeze(store: SqliteStore) -> Freeze | None:
            asked["freeze"] += 1
            return Freeze("stocktaking", NOW, "ada") if asked["freeze"] % 4 == 0 else None

        monkeypatch.setattr(SqliteStore, "freeze", freeze)
        monkeypatch.setattr("reconciler.hand.Hand.told", lambda hand, done=None: None)
        whole, whole_report = applied(two[0], groups=None)
        asked.clear()
        found, report = applied(two[1], groups=3)
        monkeypatch.undo()
        assert report is not None
        assert whole_report is not None
        assert report.frozen is not None
        assert told(two[1], found, report) == told(two[0], whole, whole_report)

    def test_the_disk_is_full(self, two: tuple[Estate, Estate], monkeypatch: pytest.MonkeyPatch) -> None:
        full = functools.partial(_failing, StoreError("store-failed", "no space left"), 3)
        reports = []
        for estate, groups in zip(two, (None, 3), strict=True):
            with monkeypatch.context() as patched:
                patched.setattr(SqliteStore, "record", full(SqliteStore.record))
                found, report = applied(estate, groups=groups)
            assert report is not None
            assert report.counts == {OutcomeKind.SUCCEEDED: 8, OutcomeKind.FAILED: 4, OutcomeKind.SKIPPED: 37}
            reports.append(told(estate, found, report))
        assert reports[0] == reports[1]

    def test_some_cannot_be_recorded(self, two: tuple[Estate, Estate], monkeypatch: pytest.MonkeyPatch) -> None:
        execute = LedgerProvider.execute

        def picky(recorder: LedgerProvider, change: Change, *rest: Any) -> Outcome:
            if change.key.name.endswith("3"):
                return Outcome(OutcomeKind.FAILED, error=f"{change.key.name} is odd", code="odd")
            return execute(recorder, change, *rest)

        monkeypatch.setattr(LedgerProvider, "execute", picky)
        _, report = compared(two, 3)
        assert report.counts == {OutcomeKind.SUCCEEDED: 44, OutcomeKind.FAILED: 5}


def _over(asked: Iterator[int]) -> bool:
    """Whether it was asked three times before."""
    return next(asked) >= 3


class Crash(BaseException):
    """Nobody catches it."""


def _failing(error: BaseException, nth: int, record: Callable[..., Any]) -> Callable[..., Any]:
    """The same, but for the call of that number: it fails before anything is written."""
    calls: list[None] = []

    def call(*args: Any, **kwargs: Any) -> Any:
        calls.append(None)
        if len(calls) == nth:
            raise error
        return record(*args, **kwargs)

    return call


@pytest.mark.parametrize("nth", [1, 2, 5, 13])
@pytest.mark.parametrize("groups", [3, None], ids=["carried on in part", "carried on whole"])
def test_after_a_crash_the_next_apply_finishes_it(
    two: tuple[Estate, Estate], nth: int, groups: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    applied(two[0], groups=None)
    with monkeypatch.context() as patched:
        patched.setattr(SqliteStore, "record", _failing(Crash(), nth, SqliteStore.record))
        with pytest.raises(Crash):
            applied(two[1], groups=3)
    found, report = applied(two[1], groups=groups)
    assert [item.code for item in found.plan.diagnostics if item.code == "run-cut-off"]
    assert report is not None
    assert len(report.changes) == 49 - 4 * (nth - 1)
    with two[0].runtime(large=WHOLE).reading() as whole, two[1].runtime(large=WHOLE).reading() as mended:
        assert whole is not None
        assert mended is not None
        assert mended.snapshot().subscriptions == whole.snapshot().subscriptions
        done = Counter((item.subscription, item.kind, item.outcome) for item in mended.history())
        assert done == Counter((item.subscription, item.kind, item.outcome) for item in whole.history())
        assert set(done.values()) == {1}


def _moved(root: Path) -> None:
    """Every file says something else, and on other lines."""
    for path in (root / "specs").rglob("part-*.yaml"):
        path.write_text(path.read_text().replace("subscriptions:\n", "subscriptions:\n\n\n").replace("SPB", "VISIO"))


def test_a_file_that_changes_once_the_plan_was_shown_changes_nothing_of_it(two: tuple[Estate, Estate]) -> None:
    """Where renewals stand, which the apply is not about, is looked up as the files are when it is told."""

    def meanwhile(found: Pass) -> bool:
        _moved(two[1].root)
        return True

    stores, shown = [], []
    for estate, groups, agree in ((two[0], None, lambda found: True), (two[1], 3, meanwhile)):
        found, report = applied(estate, groups=groups, agree=agree)
        assert report is not None
        store, views, code = told(estate, found, report)
        document = json.loads(views["json False"])
        stores.append((store, views["text False"], code))
        shown.append({name: item for name, item in document.items() if name != "due"})
    assert stores[0] == stores[1]
    assert shown[0] == shown[1]


def test_a_file_that_changes_while_it_is_applied_changes_nothing_of_it(
    two: tuple[Estate, Estate], monkeypatch: pytest.MonkeyPatch
) -> None:
    applied(two[0], groups=None)
    record = SqliteStore.record

    def meanwhile(*args: Any) -> Any:
        _moved(two[1].root)
        return record(*args)

    monkeypatch.setattr(SqliteStore, "record", meanwhile)
    applied(two[1], groups=3)
    assert two[1].runtime(large=WHOLE).exported() == two[0].runtime(large=WHOLE).exported()


def test_no_more_than_two_batches_are_ever_alive(two: tuple[Estate, Estate], monkeypatch: pytest.MonkeyPatch) -> None:
    record, alive = SqliteStore.record, list[int]()

    def counted(*args: Any) -> Any:
        alive.append(sum(isinstance(item, Change) for item in gc.get_objects()))
        return record(*args)

    before = sum(isinstance(item, Change) for item in gc.get_objects())
    monkeypatch.setattr(SqliteStore, "record", counted)
    _, report = applied(two[0], groups=3)
    assert report is not None
    assert len(report.changes) == 49
    assert max(alive) - before <= 9

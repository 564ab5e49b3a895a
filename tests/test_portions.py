"""A recorded estate of which much differs, planned in portions of a few subscriptions, is planned as the whole is."""

from __future__ import annotations

import random
from datetime import timedelta
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from reconciler.errors import StoreError
from reconciler.hand import Instruction
from reconciler.journal import ApplyReport, OutcomeKind, Run
from reconciler.model import SubscriptionKey
from reconciler.packed import Packed
from reconciler.progress import Untold
from reconciler.reconcile import Pass
from reconciler.runtime import Runtime
from reconciler.stored import StoredState
from reconciler.stores.sqlite import SqliteStore
from tests.test_first import rendered, told
from tests.test_partial import EDITS, NOW, SETTINGS, WHOLE, Estate, age, an_estate, edit, restore


@pytest.fixture
def estate(tmp_path: Path) -> Estate:
    found = an_estate(tmp_path)
    found.apply()
    return found


def in_portions(estate: Estate, size: int, **options: Any) -> Runtime:
    """A runtime that plans whatever differs in portions of so many subscriptions."""
    runtime = estate.runtime(large=0, **options)
    runtime.much, runtime.group = 0, size
    return runtime


def planned(estate: Estate, size: int, **options: Any) -> Pass | None:
    """The plan made in portions; None: it was made of all there is, or there is nothing to look at."""
    runtime = in_portions(estate, size, **options)
    with runtime.reading() as reader:
        seen = runtime._glance(reader, commit=False, progress=Untold())
        return seen.looked if seen is not None and isinstance(seen.looked, Pass) else None


def compared(estate: Estate, size: int, **options: Any) -> Pass | None:
    """The plan in portions, which says what the whole says; None where there is none."""
    found, whole = planned(estate, size, **options), estate.plan(large=WHOLE, **options)
    if found is None or not isinstance(whole, Pass):
        assert found is None, whole
        return None
    assert isinstance(found.plan.changes, Packed)
    assert told(found) == told(whole)
    assert rendered(found) == rendered(whole)
    return found


def off(estate: Estate) -> None:
    """Everything that renews unless it says otherwise is not to renew any more."""
    edit(estate.root / "specs" / "_defaults.yaml", "recurring: on", "recurring: off")


@pytest.mark.parametrize("size", [1, 3, 9, 1_000])
def test_portions_of_any_size_come_to_the_plan_of_the_whole(estate: Estate, size: int) -> None:
    off(estate)
    found = compared(estate, size)
    assert found is not None
    assert len(found.plan.changes) > 10


@pytest.mark.parametrize(
    "options",
    [
        {"select": ("contoso/sub-1*",)},
        {"select": ("contoso/sub-12", "fabrikam/*")},
        {"exclude": ("*/sub-2*",)},
        {"paths": ("specs/north",)},
        {"paths": ("specs/part-0.yaml",), "select": ("*5",)},
    ],
    ids=str,
)
def test_a_narrowed_plan_says_the_same(estate: Estate, options: dict[str, Any]) -> None:
    off(estate)
    assert compared(estate, 3, **options) is not None


def test_a_selection_of_nothing_is_told_by_a_whole_pass(estate: Estate) -> None:
    off(estate)
    assert compared(estate, 3, select=("nobody/*",)) is None


def test_what_no_file_declares_any_more_is_among_them(estate: Estate) -> None:
    (estate.root / "specs" / "part-0.yaml").unlink()
    (estate.root / "specs" / "by-hand.yaml").unlink()
    found = compared(estate, 3)
    assert found is not None
    assert SubscriptionKey("northwind", "printers") in found.plan.unmanaged
    assert len(found.plan.unmanaged) == 9


def test_time_moves_records_in_portions_as_it_moves_all(estate: Estate) -> None:
    off(estate)
    found = [compared(estate, 3)]
    for days in (1, 31, 400):
        estate.clock.at = NOW + timedelta(days=days)
        found.append(compared(estate, 3))
    assert any(one is not None and one.plan.elapsed for one in found)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("  sub-1:", "  sub-9:"),
        ("  sub-1:", "  sub-1:\n    previously: sub-9"),
        ("id: 7f3a-3", "id: 7f3a-10"),
        ("  sub-1:", "  sub-1:\n    id: 7f3a-31"),
        ("start: 2021", "start: 20x1"),
    ],
    ids=["a name twice", "a former name still declared", "an id twice", "an id of another record", "no date"],
)
def test_what_touches_something_else_is_told_by_a_whole_pass(estate: Estate, old: str, new: str) -> None:
    off(estate)
    edit(estate.root / "specs" / "part-0.yaml", old, new)
    assert planned(estate, 3) is None


def test_a_rename_is_planned_beside_the_record_that_it_takes(estate: Estate) -> None:
    off(estate)
    edit(estate.root / "specs" / "part-0.yaml", "  sub-1:", "  sub-100:\n    previously: sub-1")
    found = compared(estate, 3)
    assert found is not None
    assert found.plan.counts["rename"] == 1


def test_a_store_that_moved_meanwhile_is_looked_at_as_a_whole(estate: Estate, monkeypatch: pytest.MonkeyPatch) -> None:
    off(estate)
    monkeypatch.setattr("reconciler.portions.Portions._some", lambda *_: None)
    assert planned(estate, 3) is None


def test_a_file_that_moved_meanwhile_is_looked_at_as_a_whole(estate: Estate, monkeypatch: pytest.MonkeyPatch) -> None:
    off(estate)

    def nothing(relative: str) -> None:
        return None

    monkeypatch.setattr("reconciler.surveying.Surveyor._text_of", lambda *_: nothing)
    assert planned(estate, 3) is None


@pytest.mark.parametrize("lifecycle", ["classic", "microsoft-customer-agreement"])
@pytest.mark.parametrize("seed", range(10))
def test_whatever_is_edited_portions_say_what_the_whole_says(
    tmp_path: Path, seed: int, lifecycle: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    chance, estate, seen = random.Random(seed), an_estate(tmp_path), 0
    if seed % 2:  # as large estates are read: in blocks
        monkeypatch.setattr("reconciler.spec.parts.SWIFT_FROM", 0)
    (estate.root / "reconcile.yaml").write_text(SETTINGS.replace("LIFECYCLE", lifecycle))
    estate.apply()
    for _ in range(12):
        before = {path: path.read_bytes() for path in (estate.root / "specs").rglob("*.yaml")}
        chance.choice(EDITS)(estate.root, chance)
        age(estate.root)
        found = compared(estate, chance.choice((1, 3, 20)))
        seen += found is not None
        if found is None and isinstance(estate.plan(large=WHOLE), tuple):
            restore(estate.root, before)
        elif chance.random() < 0.3:
            applied(estate, 3)
        if chance.random() < 0.2:
            estate.clock.at += timedelta(days=chance.choice((1, 9, 40)))
    assert seen


def applied(estate: Estate, size: int) -> ApplyReport:
    """Apply in portions."""
    _, report = in_portions(estate, size).apply(lambda found: True, lambda: False, Untold())
    assert report is not None
    return report


def recorded(estate: Estate) -> list[object]:
    """All that the store holds of subscriptions."""
    with estate.runtime(large=WHOLE).reading() as reader:
        assert reader is not None
        return list(reader.snapshot().subscriptions.items())


@pytest.fixture
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("reconciler.apply.Instruction", partial(Instruction, batch=2))


@pytest.fixture
def twice(tmp_path: Path) -> tuple[Estate, Estate]:
    """The same estate two times: much is to be done, some of it on records that time has moved."""
    estates = an_estate(tmp_path / "whole"), an_estate(tmp_path / "portions")
    for estate in estates:
        settings = estate.root / "reconcile.yaml"
        settings.write_text(settings.read_text().replace("count: 500", "count: 500, percent: 100"))
        estate.apply()
        off(estate)
        estate.clock.at += timedelta(days=40)
        edit(estate.root / "specs" / "part-0.yaml", "  sub-1:", "  sub-100:\n    previously: sub-1\n    protect: true")
    return estates


@pytest.mark.usefixtures("small_batches")
def test_an_apply_in_portions_records_what_an_apply_of_the_whole_does(twice: tuple[Estate, Estate]) -> None:
    whole, portions = twice
    whole.apply()
    report = applied(portions, 3)
    assert not report.refused
    assert len(report.changes) > 10
    assert report.elapsed
    assert recorded(portions) == recorded(whole)
    again = portions.plan(large=WHOLE)
    assert isinstance(again, Pass)
    assert not again.plan.changes


@pytest.mark.usefixtures("small_batches")
@pytest.mark.parametrize("done", range(1, 9))
def test_an_apply_that_is_stopped_between_batches_is_carried_on(twice: tuple[Estate, Estate], done: int) -> None:
    whole, portions = twice
    whole.apply()
    asked = count()
    _, report = in_portions(portions, 3).apply(lambda found: True, lambda: next(asked) >= done, Untold())
    assert report is not None
    assert report.interrupted
    applied(portions, 3)
    assert recorded(portions) == recorded(whole)


@pytest.mark.usefixtures("small_batches")
@pytest.mark.parametrize("nth", range(12))
def test_a_store_that_cannot_be_read_any_more_ends_the_run_with_what_is_done(
    twice: tuple[Estate, Estate], nth: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, portions = twice
    whole.apply()
    begun, usual, begin = list[int](), SqliteStore.some, SqliteStore.begin

    def beginning(self: SqliteStore, run: Run) -> None:
        begin(self, run)
        begun.append(0)

    def some(self: SqliteStore, *given: Any) -> StoredState:
        if begun:
            begun.append(0)
        if len(begun) > nth + 1:
            raise StoreError("store-unreadable", "the disk has gone", "look for it")
        return usual(self, *given)

    with monkeypatch.context() as broken:
        broken.setattr(SqliteStore, "begin", beginning)
        broken.setattr(SqliteStore, "some", some)
        if nth == 0:  # nothing was done yet
            with pytest.raises(StoreError, match="the disk has gone"):
                applied(portions, 3)
        else:
            report = applied(portions, 3)
            assert report.counts[OutcomeKind.SKIPPED] > 0
            assert {item.error for item in report.changes} >= {"the disk has gone"}
    applied(portions, 3)
    assert recorded(portions) == recorded(whole)

"""A large estate at the runtime: when it is looked at in part, and how long what a dry run said stands."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

import pytest
from orjson import OPT_APPEND_NEWLINE, OPT_SORT_KEYS, dumps, loads

from reconciler.keep.tree import walk
from reconciler.progress import Untold
from reconciler.reconcile import Pass
from reconciler.runtime import Runtime
from tests.test_partial import NOW, WHOLE, Estate, edit, estate

__all__ = ["estate"]
MIDNIGHT = datetime(2026, 11, 24, tzinfo=UTC)


@pytest.fixture
def ours(estate: Estate) -> Estate:
    """All of it kept by us, and applied."""
    edit(estate.root / "reconcile.yaml", "  northwind: {provider: manual}\n", "")
    (estate.root / "specs" / "by-hand.yaml").unlink()
    estate.apply()
    return estate


def looked(estate: Estate, **options: Any) -> tuple[Runtime, Pass]:
    """A dry run, and who made it."""
    runtime = estate.runtime(large=0, **options)
    return runtime, runtime.dry_run(commit=False)


def nanoseconds(instant: datetime) -> int:
    """Of an instant of whole seconds."""
    return int(instant.timestamp()) * 10**9


def test_what_a_dry_run_with_nothing_to_do_depends_on_is_told(ours: Estate) -> None:
    runtime, found = looked(ours)
    assert runtime.scene(found) == (
        str(ours.root / "specs"),
        str(ours.root / ".reconcile" / "state.db"),
        "",
        walk(ours.root / "specs"),
    )


def test_the_price_list_is_part_of_it(ours: Estate) -> None:
    text = (ours.root / "reconcile.yaml").read_text()
    (ours.root / "reconcile.yaml").write_text(f"{text}prices: prices.csv\n")
    (ours.root / "prices.csv").write_text("product,term,billing,currency,price\nSPB,annual,annual,EUR,10.00\n")
    runtime, found = looked(ours)
    scene = runtime.scene(found)
    assert scene is not None
    assert scene[2] == str(ours.root / "prices.csv")


def test_a_link_in_the_way_stands_as_it_is(ours: Estate) -> None:
    (ours.root / "specs").rename(ours.root / "specs-1")
    (ours.root / "specs").symlink_to("specs-1", target_is_directory=True)
    runtime, found = looked(ours)
    scene = runtime.scene(found)
    assert scene is not None
    assert scene[0] == str(ours.root / "specs")


def _something_to_do(estate: Estate) -> None:
    edit(estate.root / "specs" / "part-0.yaml", "seats: 1,", "seats: 4,")


def _time_went_on(estate: Estate) -> None:
    estate.clock.at += timedelta(days=40)


def _by_hand(estate: Estate) -> None:
    edit(estate.root / "reconcile.yaml", "safety:", "  northwind: {provider: manual}\nsafety:")


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(_something_to_do, id="something to do"),
        pytest.param(_time_went_on, id="what time did"),
        pytest.param(_by_hand, id="an account that is not ours"),
    ],
)
def test_of_any_other_dry_run_nothing_is_told(ours: Estate, change: Callable[[Estate], None]) -> None:
    change(ours)
    runtime, found = looked(ours)
    assert runtime.scene(found) is None


def test_of_an_estate_that_was_read_whole_nothing_is_told(ours: Estate) -> None:
    runtime = ours.runtime(large=WHOLE)
    assert runtime.scene(runtime.dry_run(commit=False)) is None


def test_it_stands_until_midnight_in_utc_at_most(ours: Estate) -> None:
    runtime, found = looked(ours)
    ends = runtime.rests_until(found)
    assert nanoseconds(NOW) < ends <= nanoseconds(MIDNIGHT)


def test_a_midnight_that_passed_while_it_was_planned_is_not_forgotten(ours: Estate) -> None:
    runtime, found = looked(ours)
    before = runtime.rests_until(found)
    ours.clock.at += timedelta(days=1)
    assert runtime.rests_until(found) == before


def test_it_stands_no_longer_than_until_time_moves_a_record(ours: Estate) -> None:
    """One that ends at an hour of the day: here it is the clock that is an hour before."""
    runtime, found = looked(ours)
    until = runtime._until
    assert until is not None
    assert until > NOW
    ours.clock.at = until - timedelta(hours=1)
    runtime, found = looked(ours)
    assert runtime.rests_until(found) <= nanoseconds(until)


def test_a_dated_look_stands_until_midnight_whatever_moves_before(ours: Estate) -> None:
    runtime, found = looked(ours, as_of=NOW + timedelta(days=1))
    assert runtime.rests_until(found) == nanoseconds(MIDNIGHT)


def test_while_the_clock_is_behind_it_stands_no_longer_than_that_is_said(ours: Estate) -> None:
    ours.clock.at = NOW - timedelta(minutes=5)
    runtime, found = looked(ours)
    assert found.plan.as_of == NOW
    assert runtime.rests_until(found) <= nanoseconds(NOW)


@pytest.mark.parametrize("large", [0, WHOLE])
def test_an_apply_of_a_part_and_of_the_whole_leave_the_same(ours: Estate, large: int) -> None:
    _something_to_do(ours)
    ours.apply(large=large)
    found = ours.both_ways()
    assert isinstance(found, Pass)
    assert found.plan.changes == ()
    with ours.runtime(large=WHOLE).reading() as reader:
        assert reader is not None
        assert [item.kind for item in reader.history()][-1] == "update"


def test_whoever_disagrees_with_a_part_has_applied_nothing(ours: Estate) -> None:
    _something_to_do(ours)
    found, report = ours.runtime(large=0).apply(lambda found: False, lambda: False, Untold())
    assert report is None
    assert [str(change.kind) for change in found.plan.changes] == ["update"]
    again = ours.both_ways()
    assert isinstance(again, Pass)
    assert len(again.plan.changes) == 1


def test_an_edited_export_of_the_same_serial_is_another_store(ours: Estate) -> None:
    runtime, found = looked(ours)
    assert found.plan.changes == ()
    *lines, _ = runtime.place.export()
    at, row = next((at, row) for at, line in enumerate(lines) if "seats" in (row := loads(line)) and row["seats"])
    lines[at] = line_of({**row, "seats": 4711})
    digest = sha256(b"".join(lines)).hexdigest()
    (ours.root / ".reconcile" / "state.db").unlink()
    with runtime.place.lease(0.0).hold():
        runtime.place.take_in([*lines, line_of({"lines": len(lines), "sha256": digest})])
    assert [change.key.name for change in looked(ours)[1].plan.changes] == [row["name"]]


def line_of(values: dict[str, object]) -> bytes:
    """As an export has it."""
    return dumps(values, option=OPT_SORT_KEYS | OPT_APPEND_NEWLINE)

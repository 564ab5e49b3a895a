"""Carrying out: intents first, failures apart, stopping, freezing, batches, and a store that breaks midway."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import accumulate
from typing import Any

import pytest

from reconciler.answers import Accepted
from reconciler.apply import (
    BATCH,
    Hand,
    Instruction,
    Ordered,
    Served,
    batched_by_key,
    execute,
)
from reconciler.changes import Change, Kind
from reconciler.errors import StoreBusy, StoreError
from reconciler.events import Event, EventKind
from reconciler.fates import Fates
from reconciler.journal import ApplyReport, ChangeReport, Freeze, Holder, Outcome, OutcomeKind, Run
from reconciler.model import Recurring, StoredSubscription
from reconciler.packed import Packed, Unpacking
from reconciler.packed import Run as PackedRun
from reconciler.ports import Bookkeeping
from reconciler.providers.ledger import LedgerProvider
from reconciler.spec.positions import Document
from tests.builders import NOW, a_change, a_key, a_run, a_stored
from tests.fakes import FixedClock, MemoryStore

LINEAGE = "0b9e4a54"
SUCCEEDED, FAILED, UNKNOWN, SKIPPED = (
    OutcomeKind.SUCCEEDED,
    OutcomeKind.FAILED,
    OutcomeKind.UNKNOWN,
    OutcomeKind.SKIPPED,
)
FAILURE = Outcome(FAILED, error="refused by the vendor")


def off(*names: str) -> list[Change]:
    return [a_change(Kind.TURN_OFF, name) for name in names]


class OneByOne:
    """Carries out what outside providers are to do, one after the other, and answers as told."""

    def __init__(self, log: list[str]) -> None:
        self.log = log
        self.answers: dict[str, Outcome] = {}
        self.before: Callable[[], None] = lambda: None
        self.seen: list[StoredSubscription] = []

    def __call__(self, orders: Sequence[Ordered], hand: Hand) -> list[ChangeReport]:
        return [self.one(order, hand) for order in orders]

    def one(self, order: Ordered, hand: Hand) -> ChangeReport:
        change = order.entry.change
        assert isinstance(change, Change)
        if hand.halted():
            return ChangeReport(change, SKIPPED)
        try:
            hand.intend([order.entry])
        except StoreError as error:
            return ChangeReport(change, FAILED, error.message)
        self.before()
        self.seen.append(order.row)
        self.log.append(f"execute {change.key} {change.kind}")
        after = replace(order.row, recurring=Recurring.OFF)
        outcome = self.answers.get(str(change.key)) or Outcome(SUCCEEDED, after)
        try:
            hand.record([replace(order.entry, outcome=outcome)])
        except StoreError as error:
            return ChangeReport(change, UNKNOWN, error.message)
        return ChangeReport(change, outcome.kind, outcome.error)


def on_paper(change: Change, row: StoredSubscription, run: Run) -> Accepted:
    """A task that says nothing."""
    return Accepted(f"task of {change.key}")


class World:
    """An instruction, the store it is carried out in, and who serves which account."""

    def __init__(self, changes: Iterable[Change], rows: Iterable[str | StoredSubscription] = (), **fields: Any) -> None:
        stored = [a_stored(row) if isinstance(row, str) else row for row in rows]
        self.store = MemoryStore({row.key: row for row in stored})
        self.outside = OneByOne(self.store.log)
        self.served = Served(
            {"contoso": LedgerProvider(), "outside": LedgerProvider(), "desk": LedgerProvider()},
            {"desk": on_paper},
            self.outside,
            frozenset({"outside"}),
        )
        fields.setdefault("bookkeeping", Bookkeeping())
        self.instruction = Instruction(a_run(), tuple(changes), lineage=LINEAGE, serial=7, **fields)
        self.progress: list[tuple[int, int]] = []

    def execute(self, stop: Callable[[], bool] = lambda: False) -> ApplyReport:
        return execute(
            self.instruction,
            dict(self.store.rows),
            self.store,
            self.served,
            FixedClock(),
            stop,
            lambda done, total: self.progress.append((done, total)),
        )


def outcomes(report: ApplyReport) -> list[OutcomeKind]:
    return [item.outcome for item in report.changes]


class TestNothing:
    def test_nothing_to_write_leaves_no_trace(self) -> None:
        world = World([])
        assert world.execute() == ApplyReport(run=None)
        assert world.store.log == []

    def test_settings_alone_are_a_run(self) -> None:
        kept = Bookkeeping(safety={"limits": {}}, as_of=NOW)
        world = World([], bookkeeping=kept)
        assert world.execute() == ApplyReport(run="run-1", settings_recorded=True)
        assert (world.store.log, world.store.kept) == (["begin run-1", "finish run-1"], kept)

    def test_a_run_that_was_cut_off_is_closed_by_one_that_does_nothing(self) -> None:
        world = World([], closes=True)
        assert world.execute().run == "run-1"
        assert world.store.log == ["begin run-1", "finish run-1"]


class TestLedger:
    def test_a_batch_is_one_transaction_between_begin_and_finish(self) -> None:
        world = World(off("contoso/a", "contoso/b"), ["contoso/a", "contoso/b"])
        report = world.execute()
        assert world.store.log == [
            "begin run-1",
            "freeze?",
            "record contoso/a:succeeded contoso/b:succeeded",
            "finish run-1",
        ]
        assert (report.run, outcomes(report), report.counts) == ("run-1", [SUCCEEDED, SUCCEEDED], {SUCCEEDED: 2})
        assert {row.recurring for row in world.store.rows.values()} == {Recurring.OFF}

    def test_effects_happen_at_the_plans_instant(self) -> None:
        world = World([a_change(Kind.CANCEL_NOW, "contoso/a")], ["contoso/a"])
        then = NOW + timedelta(days=30)
        world.instruction = replace(world.instruction, run=a_run(as_of=then))
        world.execute()
        assert world.store.rows[a_key("contoso/a")].effective_at == then

    def test_each_change_finds_what_the_ones_before_it_left(self) -> None:
        rename = a_change(Kind.RENAME, "contoso/b", before={"name": "a"}, after={"name": "b"})
        update = a_change(Kind.UPDATE, "contoso/b", after={"seats": 7})
        world = World([rename, update, *off("contoso/b")], ["contoso/a"], batch=1)
        assert outcomes(world.execute()) == [SUCCEEDED, SUCCEEDED, SUCCEEDED]
        (row,) = world.store.rows.values()
        assert (row.key, row.seats, row.recurring) == (a_key("contoso/b"), 7, Recurring.OFF)
        assert [entry.previous for entry in world.store.journal] == [a_key("contoso/a"), None, None]

    def test_a_date_past_the_calendar_fails_alone(self) -> None:
        late = a_change(Kind.CORRECT, "contoso/a", after={"start": "9999-06-01"})
        world = World([late, *off("contoso/a", "contoso/b")], ["contoso/a", "contoso/b"])
        report = world.execute()
        assert outcomes(report) == [FAILED, SKIPPED, SUCCEEDED]
        assert [item.error for item in report.changes] == [
            "a term ends after the year 9999",
            "an earlier change of this subscription failed",
            None,
        ]

    def test_a_batch_of_a_ledger_is_up_to_ten_thousand(self) -> None:
        assert World([]).instruction.batch == BATCH == 10_000

    @pytest.mark.parametrize(
        ("size", "recorded"), [(1, [1, 1, 1, 1, 1]), (2, [2, 2, 1]), (4, [4, 1]), (5, [5]), (BATCH, [5])]
    )
    def test_a_batch_holds_no_more_than_it_may(self, size: int, recorded: list[int]) -> None:
        names = [f"contoso/{letter}" for letter in "abcde"]
        world = World(off(*names), names, batch=size)
        world.execute()
        batches = [len(line.split()) - 1 for line in world.store.log if line.startswith("record")]
        assert batches == recorded
        assert world.progress == [(done, 5) for done in accumulate(recorded)]


class TestStopping:
    NAMES = ("contoso/a", "contoso/b", "contoso/c")

    def test_what_was_begun_is_finished_and_the_rest_skipped(self) -> None:
        kept = Bookkeeping(safety={"limits": {}}, declared=frozenset({a_key("contoso/c")}), as_of=NOW)
        world = World(off(*self.NAMES), self.NAMES, batch=1, bookkeeping=kept)
        report = world.execute(lambda: len(world.store.journal) == 1)
        assert (outcomes(report), report.interrupted, report.frozen) == ([SUCCEEDED, SKIPPED, SKIPPED], True, None)
        assert [item.error for item in report.changes] == [None, None, None]
        assert world.progress == [(1, 3), (2, 3), (3, 3)]
        assert world.store.log[-1] == "finish run-1"
        assert len(world.store.journal) == 1

    def test_a_run_that_was_stopped_records_no_settings(self) -> None:
        kept = Bookkeeping(safety={"limits": {}}, declared=frozenset({a_key("contoso/c")}), as_of=NOW)
        world = World(off(*self.NAMES), self.NAMES, bookkeeping=kept)
        world.execute(lambda: True)
        assert world.store.kept == replace(kept, safety=None)

    def test_once_stopped_it_is_not_asked_again(self) -> None:
        asked: list[bool] = []

        def stop() -> bool:
            asked.append(True)
            return len(asked) == 1

        world = World(off(*self.NAMES), self.NAMES, batch=1)
        assert outcomes(world.execute(stop)) == [SKIPPED, SKIPPED, SKIPPED]

    def test_a_freeze_that_comes_meanwhile_skips_the_rest(self) -> None:
        kept = Bookkeeping(safety={"limits": {}}, as_of=NOW)
        world = World(off("outside/a", "outside/b"), ["outside/a", "outside/b"], bookkeeping=kept)
        freeze = Freeze("stop it", NOW, "bob")
        world.outside.before = lambda: world.store.set_freeze(a_run(), freeze)
        report = world.execute()
        assert (outcomes(report), report.interrupted, report.frozen) == ([SUCCEEDED, SKIPPED], False, freeze)
        assert world.store.kept == replace(kept, safety=None)

    def test_a_thaw_meanwhile_does_not_let_it_go_on(self) -> None:
        world = World(off(*self.NAMES), self.NAMES, batch=1)
        world.store.frozen = Freeze("stop it", NOW, "bob")

        def stop() -> bool:
            if world.progress:
                world.store.frozen = None
            return False

        assert outcomes(world.execute(stop)) == [SKIPPED] * 3

    def test_a_freeze_that_is_over_is_none(self) -> None:
        world = World(off(*self.NAMES), self.NAMES)
        world.store.frozen = Freeze("over", NOW - timedelta(days=2), "bob", NOW)
        report = world.execute()
        assert (outcomes(report), report.frozen) == ([SUCCEEDED] * 3, None)


class TestHolder:
    """The store says who holds it while a run lasts."""

    def test_it_is_told_before_the_run_and_forgotten_after_it(self) -> None:
        world = World(off("contoso/a"), ["contoso/a"])
        world.execute()
        run = world.instruction.run
        assert world.store.holders == [Holder(run.pid, run.host, run.started_at, run.actor, run.ci_run), None]

    def test_it_is_forgotten_when_the_run_breaks(self) -> None:
        world = World(off("contoso/a"), ["contoso/a"])
        world.store.fails = {"begin": 0}
        with pytest.raises(StoreError):
            world.execute()
        assert world.store.holders[-1] is None

    def test_a_store_that_cannot_forget_it_does_not_hide_what_was_done(self) -> None:
        world = World(off("contoso/a"), ["contoso/a"])
        world.store.fails = {"forget holder": 0}
        assert outcomes(world.execute()) == [SUCCEEDED]


class TestBreakingStore:
    NAMES = ("contoso/a", "contoso/b", "contoso/c")
    OUTSIDE = ("outside/a", "outside/b", "outside/c")

    @pytest.mark.parametrize("method", ["begin", "freeze?", "record"])
    def test_before_anything_was_recorded_its_error_is_the_runs(self, method: str) -> None:
        world = World(off(*self.NAMES), self.NAMES, batch=1)
        world.store.fails = {method: 0}
        with pytest.raises(StoreError) as caught:
            world.execute()
        assert caught.value is world.store.error

    def test_what_cannot_be_journaled_is_never_ordered(self) -> None:
        world = World(off(*self.OUTSIDE), self.OUTSIDE)
        world.store.fails = {"intend": 0}
        assert outcomes(world.execute()) == [FAILED, SKIPPED, SKIPPED]
        assert not [line for line in world.store.log if line.startswith("execute")]

    def test_after_that_the_batch_has_failed_and_the_rest_is_skipped(self) -> None:
        world = World(off(*self.NAMES), self.NAMES, batch=1)
        world.store.fails = {"record": 1}
        report = world.execute()
        assert outcomes(report) == [SUCCEEDED, FAILED, SKIPPED]
        assert [item.error for item in report.changes] == [None, "no space left", "no space left"]
        assert "finish run-1" not in world.store.log
        assert [row.recurring for row in world.store.rows.values()].count(Recurring.OFF) == 1

    def test_a_freeze_that_cannot_be_read_skips_the_rest(self) -> None:
        world = World(off(*self.NAMES), self.NAMES, batch=1)
        world.store.fails = {"freeze?": 1}
        report = world.execute()
        assert outcomes(report) == [SUCCEEDED, SKIPPED, SKIPPED]
        assert {item.error for item in report.changes[1:]} == {"no space left"}

    def test_an_intent_that_cannot_be_journaled_is_not_carried_out(self) -> None:
        world = World(off(*self.OUTSIDE), self.OUTSIDE)
        world.store.fails = {"intend": 1}
        assert outcomes(world.execute()) == [SUCCEEDED, FAILED, SKIPPED]
        assert len([line for line in world.store.log if line.startswith("execute")]) == 1

    @pytest.mark.parametrize("before", [0, 1])
    def test_an_outside_effect_that_cannot_be_recorded_is_unknown(self, before: int) -> None:
        world = World(off(*self.OUTSIDE), self.OUTSIDE)
        world.store.fails = {"record": before}
        report = world.execute()
        assert outcomes(report) == [SUCCEEDED] * before + [UNKNOWN] + [SKIPPED] * (2 - before)
        assert report.changes[before].error == "no space left"
        assert report.counts[UNKNOWN] == 1

    def test_where_only_the_end_fails_it_says_that_the_rest_is_recorded(self) -> None:
        world = World(off(*self.NAMES), self.NAMES)
        world.store.error = StoreBusy("store-busy", "another program has it", "try again")
        world.store.fails = {"finish": 0}
        with pytest.raises(StoreBusy) as caught:
            world.execute()
        assert (caught.value.code, caught.value.hint) == ("store-busy", "try again")
        assert caught.value.message == (
            "another program has it; what this run did is recorded, and the next run closes it"
        )  # fmt: skip

    def test_where_nothing_was_done_the_end_fails_as_it_is(self) -> None:
        world = World([], closes=True)
        world.store.fails = {"finish": 0}
        with pytest.raises(StoreError) as caught:
            world.execute()
        assert caught.value is world.store.error


def renewals(name: str, *days: str) -> list[Event]:
    """The events of a record that renewed on these days."""
    return [
        Event(a_key(name), EventKind.RENEWED, datetime.fromisoformat(f"{text}T00:00:00Z"), {"term_end": text}, {})
        for text in days
    ]


class TestWhatTimeDid:
    def test_it_is_journaled_before_the_changes_that_stand_on_it(self) -> None:
        events = renewals("contoso/a", "2026-10-01", "2026-11-01")
        world = World(off("contoso/a"), ["contoso/a"], elapsed=tuple(events))
        report = world.execute()
        assert [entry.change for entry in world.store.journal] == [*events, *off("contoso/a")]
        assert report.elapsed == tuple(events)
        assert outcomes(report) == [SUCCEEDED]

    def test_alone_it_is_a_run(self) -> None:
        events = renewals("contoso/a", "2026-11-01")
        world = World([], ["contoso/a"], elapsed=tuple(events))
        assert (world.execute().elapsed, world.store.log[0]) == (tuple(events), "begin run-1")

    def test_every_event_leaves_the_record_as_it_stands_after_all_of_them(self) -> None:
        world = World([], ["contoso/a"], elapsed=tuple(renewals("contoso/a", "2026-10-01", "2026-11-01")))
        world.execute()
        left = world.store.rows[a_key("contoso/a")]
        assert [entry.outcome.row for entry in world.store.journal] == [left, left]

    def test_the_events_of_a_record_are_never_apart(self) -> None:
        events = [
            *renewals("contoso/a", "2026-09-01", "2026-10-01", "2026-11-01"),
            *renewals("contoso/b", "2026-11-01"),
        ]
        found = [[event.key.name for event in batch] for batch in batched_by_key(events, 2)]
        assert found == [["a", "a", "a"], ["b"]]
        assert list(batched_by_key((), 2)) == []

    def test_a_run_that_is_stopped_takes_no_more_of_it_down(self) -> None:
        events = [*renewals("contoso/a", "2026-11-01"), *renewals("contoso/b", "2026-11-01")]
        world = World(off("contoso/a"), ["contoso/a", "contoso/b"], elapsed=tuple(events), batch=1)
        asked = iter([False, True, True, True])
        report = world.execute(lambda: next(asked))
        assert (report.elapsed, report.interrupted) == (tuple(events[:1]), True)
        assert outcomes(report) == [SKIPPED]

    def test_a_store_that_breaks_there_ends_the_run_before_any_change(self) -> None:
        events = [*renewals("contoso/a", "2026-11-01"), *renewals("contoso/b", "2026-11-01")]
        world = World(off("contoso/a"), ["contoso/a", "contoso/b"], elapsed=tuple(events), batch=1)
        inner = world.store.record
        calls = []

        def record(*words: Any) -> int:
            calls.append(words)
            if len(calls) == 2:
                raise StoreBusy("busy", "locked", "wait")
            return inner(*words)

        world.store.record = record  # type: ignore[method-assign,assignment]
        report = world.execute()
        assert (report.elapsed, outcomes(report)) == (tuple(events[:1]), [SKIPPED])


class TestVeryMany:
    """Packed changes come to what the same values come to, whoever carries them out."""

    @staticmethod
    def both(changes: list[Change], rows: Iterable[str] = ()) -> tuple[ApplyReport, World]:
        plain, many = World(changes, rows, batch=2), World(changes, rows, batch=2)
        packed = Packed([PackedRun.of(changes)], Unpacking(lambda file: Document(file, "")))
        many.instruction = replace(many.instruction, changes=packed)
        expected, report = plain.execute(), many.execute()
        assert (many.store.log, many.store.rows, many.progress) == (plain.store.log, plain.store.rows, plain.progress)
        assert replace(report, changes=tuple(report.changes)) == expected
        return report, many

    def test_without_a_record_before(self) -> None:
        report, _ = self.both([a_change(Kind.REGISTER, f"contoso/n{number}") for number in range(5)])
        assert isinstance(report.changes, Fates)
        assert report.counts == {SUCCEEDED: 5}

    def test_standing_on_records(self) -> None:
        names = [f"contoso/n{number}" for number in range(5)]
        report, _ = self.both(off(*names), names)
        assert report.counts == {SUCCEEDED: 5}

    def test_several_changes_of_one_subscription_across_batches(self) -> None:
        names = [f"contoso/n{number}" for number in range(3)]
        changes = [one for name in names for one in (a_change(Kind.REGISTER, name), *off(name))]
        report, world = self.both(changes)
        assert isinstance(report.changes, Fates)
        assert report.counts == {SUCCEEDED: 6}
        assert {row.recurring for row in world.store.rows.values()} == {Recurring.OFF}

    def test_with_tasks_for_people_among_them(self) -> None:
        names = ["contoso/a", "desk/a", "outside/a"]
        changes = [one for name in names for one in (a_change(Kind.REGISTER, name), *off(name))]
        report, _ = self.both(changes)
        assert report.counts == {SUCCEEDED: 5, OutcomeKind.ACCEPTED: 1}


def test_within_a_run_each_change_has_an_id_of_its_own() -> None:
    world = World([a_change(Kind.UPDATE, "contoso/a"), *off("contoso/a", "contoso/b")], ["contoso/a", "contoso/b"])
    world.execute()
    assert len({entry.operation_id for entry in world.store.journal}) == 3

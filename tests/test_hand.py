"""The hand of a run: what is ours recorded, tasks issued, orders journaled before and after, and what a run leaves."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import pytest

from reconciler.changes import Change, Kind
from reconciler.events import Event, EventKind
from reconciler.hand import Closing
from reconciler.journal import Outcome, OutcomeKind
from reconciler.model import Recurring, StoredSubscription
from reconciler.operation_ids import operation_id
from reconciler.ports import Bookkeeping
from reconciler.providers.ledger import LedgerProvider
from tests.builders import NOW, a_change, a_key, a_seen, a_stored, an_open_intent
from tests.test_apply import FAILED, FAILURE, LINEAGE, SKIPPED, SUCCEEDED, World, off, outcomes


class TestOutside:
    def test_the_intent_is_journaled_before_the_call_and_the_outcome_after_it(self) -> None:
        world = World(off("outside/a", "outside/b"), ["outside/a", "outside/b"])
        world.execute()
        assert world.store.log == [
            "begin run-1",
            "freeze?",
            "intend outside/a",
            "execute outside/a turn-off-recurring",
            "record outside/a:succeeded",
            "freeze?",
            "intend outside/b",
            "execute outside/b turn-off-recurring",
            "record outside/b:succeeded",
            "finish run-1",
        ]
        intent, outcome, *_ = world.store.journal
        assert (intent.outcome, intent.operation_id) == (Outcome(OutcomeKind.INTENDED), outcome.operation_id)

    def test_what_is_ours_goes_first_and_is_told_in_plan_order(self) -> None:
        names = ["contoso/a", "contoso/b", "outside/a", "contoso/c"]
        world = World(off(*names), names)
        report = world.execute()
        assert [str(item.change.key) for item in report.changes] == names
        assert [line for line in world.store.log if line.startswith("record")] == [
            "record contoso/a:succeeded contoso/b:succeeded contoso/c:succeeded",
            "record outside/a:succeeded",
        ]
        assert world.progress == [(3, 4), (4, 4)]

    def test_our_own_record_of_an_outside_subscription_needs_no_provider(self) -> None:
        rename = a_change(Kind.RENAME, "outside/b", before={"name": "a"}, after={"name": "b"})
        world = World([rename, *off("outside/b")], ["outside/a"])
        assert outcomes(world.execute()) == [SUCCEEDED, SUCCEEDED]
        assert world.outside.seen == [a_stored("outside/b")]
        assert list(world.store.rows) == [a_key("outside/b")]

    def test_what_is_adopted_is_recorded_as_it_was_seen_and_then_changed(self) -> None:
        seen = a_stored("outside/a", seats=7)
        adopt = a_change(Kind.ADOPT, "outside/a", before={}, after={})
        world = World([adopt, *off("outside/a")], settled={seen.key: seen})
        assert outcomes(world.execute()) == [SUCCEEDED, SUCCEEDED]
        assert world.outside.seen == [seen]
        assert world.store.rows[seen.key] == replace(seen, recurring=Recurring.OFF)

    def test_one_whose_record_could_not_be_made_is_never_ordered(self) -> None:
        update = a_change(Kind.UPDATE, "outside/a", after={"seats": 1})
        world = World([update, *off("outside/a", "outside/b")], ["outside/b"])
        world.served = replace(world.served, recorders={**world.served.recorders, "outside": Refusing()})
        report = world.execute()
        assert outcomes(report) == [FAILED, SKIPPED, SUCCEEDED]
        assert [item.error for item in report.changes] == [
            "refused by the vendor",
            "an earlier change of this subscription failed",
            None,
        ]

    def test_one_begun_in_a_run_that_was_cut_off_keeps_its_operation_id(self) -> None:
        (change,) = off("outside/a")
        now = operation_id(LINEAGE, 7, change)
        world = World([change], ["outside/a"], repeated={now: "f" * 32})
        world.execute()
        assert {entry.operation_id for entry in world.store.journal} == {"f" * 32}

    def test_what_elapsed_abroad_leaves_the_record_that_was_seen(self) -> None:
        seen = a_stored("outside/a", seats=9)
        event = Event(seen.key, EventKind.NOTICED, NOW, {"seats": "7"}, {"seats": "9"})
        world = World([], ["outside/a"], elapsed=(event,), settled={seen.key: seen})
        assert world.execute().elapsed == (event,)
        assert world.store.rows[seen.key] == seen


class Refusing:
    """ports.Recorder that refuses everything."""

    name = "refusing"

    def execute(self, change: Change, row: StoredSubscription | None, operation_id: str, now: datetime) -> Outcome:
        return FAILURE


class TestTasks:
    def test_a_task_is_intended_accepted_and_not_done(self) -> None:
        world = World(off("desk/a"), ["desk/a"])
        report = world.execute()
        assert outcomes(report) == [OutcomeKind.ACCEPTED]
        assert world.store.log == ["begin run-1", "freeze?", "intend desk/a", "accept desk/a", "finish run-1"]
        assert world.store.rows[a_key("desk/a")] == a_stored("desk/a")
        assert world.store.journal[-1].outcome == Outcome(OutcomeKind.ACCEPTED, token="task of desk/a")

    def test_one_whose_record_failed_gets_none(self) -> None:
        world = World([a_change(Kind.UPDATE, "desk/a"), *off("desk/a")], ["desk/a"])
        world.served = replace(world.served, recorders={"desk": Refusing()})
        assert outcomes(world.execute()) == [FAILED, SKIPPED]

    @pytest.mark.parametrize("method", ["intend", "accept"])
    def test_a_task_that_cannot_be_journaled_is_not_issued(self, method: str) -> None:
        world = World([*off("contoso/a"), *off("desk/a")], ["contoso/a", "desk/a"])
        world.store.fails = {method: 0}
        assert outcomes(world.execute()) == [SUCCEEDED, FAILED]

    def test_what_is_over_is_closed_as_not_done(self) -> None:
        intent = an_open_intent("desk/a")
        world = World([], ["desk/a"], closing=(Closing(intent, "withdrawn"),))
        world.execute()
        (entry,) = world.store.journal
        assert (entry.operation_id, entry.change) == (intent.operation_id, intent.change)
        assert entry.outcome == Outcome(FAILED, error="withdrawn")

    def test_where_that_cannot_be_journaled_the_run_ends(self) -> None:
        world = World(off("contoso/a"), ["contoso/a"], closing=(Closing(an_open_intent("desk/a"), "withdrawn"),))
        world.store.fails = {"record": 1}
        assert outcomes(world.execute()) == [SUCCEEDED]
        assert "finish run-1" not in world.store.log


class TestBookkeeping:
    KEPT = Bookkeeping(accounts={"contoso": ("ledger", None), "outside": ("outside", "t-1")}, as_of=NOW)

    def test_accounts_that_were_written_to_are_recorded(self) -> None:
        world = World(off("contoso/a", "outside/a"), ["contoso/a", "outside/a"], bookkeeping=self.KEPT)
        world.execute()
        assert world.store.kept == self.KEPT

    def test_a_tenant_that_nothing_was_written_to_is_not(self) -> None:
        register = [a_change(Kind.REGISTER, "contoso/a"), a_change(Kind.REGISTER, "outside/a")]
        world = World(register, bookkeeping=self.KEPT)
        world.served = replace(world.served, recorders={"contoso": LedgerProvider(), "outside": Refusing()})
        world.execute()
        assert world.store.kept is not None
        assert world.store.kept.accounts == {"contoso": ("ledger", None)}


def test_what_was_read_back_is_kept_with_the_run() -> None:
    seen = a_seen(recurring=Recurring.OFF)
    world = World(off("outside/a"), ["outside/a"])
    world.outside.answers = {"outside/a": Outcome(SUCCEEDED, a_stored("outside/a"), seen=seen)}
    world.execute()
    assert world.store.observed["outside"].subscriptions == {seen.id: seen}

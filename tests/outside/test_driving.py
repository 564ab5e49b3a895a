"""Many changes at once: their order, their pace, one commit for many, and what stops them."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from reconciler.answers import Accepted, Pace, Rejected
from reconciler.changes import Kind
from reconciler.errors import (
    ExtraMissing,
    ProviderTrouble,
    RoleTooWeak,
    SignInFailed,
    WrongTenant,
)
from reconciler.journal import Entry, Outcome, OutcomeKind
from reconciler.model import Cancel, Recurring, Status
from reconciler.outside.asking import Asker
from reconciler.outside.driving import Drive
from reconciler.outside.ending import Making, failed
from reconciler.outside.errands import Errand
from reconciler.outside.pacing import Pacers
from reconciler.outside.writing import Step, carry_out
from reconciler.ports import Writer
from tests.outside.vendor import (
    DROP_AFTER,
    DROP_BEFORE,
    REFUSED,
    Hours,
    Notes,
    Vendor,
    account,
    order_of,
    shown,
    step,
)
from tests.outside.world import AWAY, FAILED, OFF, SKIPPED, SUCCEEDED, UNKNOWN, World, told, world


class TestManyChanges:
    def many(self, count: int, **fields: Any) -> tuple[World, list[Step]]:
        vendor = Vendor({f"s{number}": shown(f"s{number}") for number in range(count)}, **fields)
        steps = [step(vendor, order_of(id=f"s{number}"), f"op-{number}") for number in range(count)]
        return World(vendor), steps

    def test_one_failure_stops_no_other_and_reports_are_in_order(self) -> None:
        one, steps = self.many(5, plays={f"{OFF} s1": [REFUSED], "get s3": [AWAY] * 4})
        reports = one.run(*steps)
        assert [report.change.key.name for report in reports] == ["s0", "s1", "s2", "s3", "s4"]
        assert [report.outcome for report in reports] == [SUCCEEDED, FAILED, SUCCEEDED, FAILED, SUCCEEDED]

    def test_they_start_in_plan_order(self) -> None:
        one, steps = self.many(40, pace=Pace(9999, 9999, threads=1))
        one.run(*steps)
        gets = [call for call in one.vendor.calls if call.startswith("get")]
        assert list(dict.fromkeys(gets)) == [f"get s{number}" for number in range(40)]

    def test_what_is_ready_together_is_journaled_together(self) -> None:
        one, steps = self.many(40)
        one.run(*steps)
        assert one.notes.commits["intend"] <= 10
        assert len(one.notes.recorded) == 40

    def test_what_was_read_before_a_write_does_not_grow_old_while_it_waits_for_its_turn(self) -> None:
        one, steps = self.many(20, pace=Pace(9999, 1, threads=8))
        read: dict[str, float] = {}
        gaps: list[float] = []

        class Watched(list[str]):
            def append(self, call: str) -> None:
                word, id, *_ = call.split(" ")
                if word == "get":
                    read.setdefault(id, one.hours.passed)
                else:
                    gaps.append(one.hours.passed - read[id])

        one.vendor.calls = Watched()
        one.run(*steps)
        assert len(gaps) == 20
        assert max(gaps) <= 2.01

    def test_progress_counts_what_is_over(self) -> None:
        one, steps = self.many(3)
        seen: list[tuple[int, int]] = []
        one.run(*steps, progress=lambda done, total: seen.append((done, total)))
        assert seen == [(1, 3), (2, 3), (3, 3)]

    def test_nothing_to_do_is_nothing_done(self) -> None:
        assert carry_out([], Notes(), Hours().timing()) == []

    def test_of_one_subscription_one_change_is_under_way_at_a_time(self) -> None:
        one = world()
        on = order_of(Kind.TURN_ON)
        reports = one.run(step(one.vendor), step(one.vendor, on, "op-2"), step(one.vendor, order_of(), "op-3"))
        assert [report.outcome for report in reports] == [SUCCEEDED] * 3
        assert one.effects == [Kind.TURN_OFF, Kind.TURN_ON, Kind.TURN_OFF]

    def test_after_a_failed_one_the_next_of_the_same_subscription_is_not_tried(self) -> None:
        one = world(plays={OFF: [REFUSED]})
        reports = one.run(
            step(one.vendor), step(one.vendor, order_of(Kind.TURN_ON), "op-2"), step(one.vendor, None, "op-3")
        )
        assert [report.outcome for report in reports] == [FAILED, SKIPPED, SKIPPED]
        assert reports[2].error == "an earlier change of this subscription failed"

    def test_long_waits_hold_nobody_up(self) -> None:
        one, steps = self.many(200, pace=Pace(9999, 9999, threads=2))
        for number in range(200):
            one.vendor.plays[f"{OFF} s{number}"] = [Accepted(f"job-{number}*3")]
        assert {report.outcome for report in one.run(*steps)} == {SUCCEEDED}

    @pytest.mark.parametrize("seed", range(3))
    def test_threads_do_it_as_one_does(self, seed: int) -> None:
        one, steps = self.many(120, lag=seed, pace=Pace(99999, 99999, threads=8))
        others = Vendor({f"t{number}": shown(f"t{number}") for number in range(30)}, idempotent=False)
        for number in range(0, 120, 7):
            one.vendor.plays[f"{OFF} s{number}"] = [DROP_AFTER]
        for number in range(1, 120, 7):
            one.vendor.plays[f"{OFF} s{number}"] = [Accepted(f"job-{number}*2")]
        for number in range(30):
            change = order_of(id=f"t{number}", key=f"tailspin/t{number}")
            steps.append(step(others, change, f"oq-{number}", account=account("tailspin")))
        reports = carry_out(steps, one.notes, one.hours.timing(ThreadPoolExecutor))
        assert {report.outcome for report in reports} == {SUCCEEDED}
        assert sorted(one.vendor.ledger) == sorted((f"s{n}", Kind.TURN_OFF, f"op-{n}") for n in range(120))
        assert len(others.ledger) == 30
        assert (one.vendor.opened, one.vendor.closed, one.notes.intents) == (1, 1, {})


class TestAccounts:
    @pytest.mark.parametrize("where", ["open", "check"])
    @pytest.mark.parametrize(
        ("raised", "code"),
        [
            (WrongTenant("wrong-tenant", "that is contoso"), "wrong-tenant"),
            (SignInFailed("sign-in-failed", "expired"), "sign-in-failed"),
            (ExtraMissing("extra-missing", "install it"), "extra-missing"),
            (OSError("hunter2"), "provider-broken"),
        ],
    )
    def test_where_nobody_can_sign_in_nothing_of_the_account_is_tried(
        self, raised: Exception, code: str, where: str
    ) -> None:
        bad = Vendor({id: shown(id) for id in "abc"}, plays={where: [raised]})
        one = world()
        steps = [
            step(bad, order_of(id=id, key=f"bad/{id}"), id, account=account("bad", shared="fabrikam")) for id in "abc"
        ]
        reports = one.run(*steps, step(one.vendor))
        assert [told(report) for report in reports] == [
            (FAILED, code),
            (SKIPPED, code),
            (SKIPPED, code),
            (SUCCEEDED, None),
        ]
        assert "hunter2" not in repr(reports)
        assert (bad.calls, bad.opened, bad.closed) == ([], 1, int(where == "check"))

    def test_changes_wait_for_their_account_to_be_opened_and_it_is_opened_once(self) -> None:
        one = world()
        other = Vendor({id: shown(id) for id in "abc"})
        steps = [
            step(other, order_of(id=id, key=f"tail/{id}"), id, account=account("tail", shared="fabrikam"))
            for id in "abc"
        ]
        reports = one.run(step(one.vendor), *steps)
        assert [report.outcome for report in reports] == [SUCCEEDED] * 4
        assert (other.opened, other.closed) == (1, 1)

    def test_several_that_wait_for_an_account_in_trouble_are_told_so(self) -> None:
        one = world()
        bad = Vendor(plays={"check": [WrongTenant("wrong-tenant", "that is contoso")]})
        steps = [
            step(bad, order_of(id=id, key=f"bad/{id}"), id, account=account("bad", shared="fabrikam")) for id in "abc"
        ]
        reports = one.run(step(one.vendor), *steps)
        assert [report.outcome for report in reports] == [SUCCEEDED, FAILED, SKIPPED, SKIPPED]
        assert one.notes.outcomes() == {"s1": SUCCEEDED, "a": FAILED}

    @pytest.mark.parametrize("kind", [SignInFailed, RoleTooWeak, WrongTenant, ExtraMissing])
    def test_a_verb_that_may_not_be_sent_stops_the_rest_of_its_account(self, kind: type[ProviderTrouble]) -> None:
        bad = Vendor(
            {id: shown(id) for id in "abc"},
            plays={OFF: [kind("some-code", "no")]},
            pace=Pace(9999, 0.5, threads=1),
        )
        one = world()
        steps = [step(bad, order_of(id=id, key=f"bad/{id}"), id, account=account("bad")) for id in "abc"]
        reports = one.run(*steps, step(one.vendor))
        assert told(reports[0]) == (FAILED, "some-code")
        assert told(reports[2]) == (SKIPPED, "some-code")
        assert told(reports[3]) == (SUCCEEDED, None)

    @pytest.mark.parametrize(
        ("code", "stops"), [("sign-in-failed", True), ("wrong-tenant", True), ("role-too-weak", False)]
    )
    def test_an_order_refused_for_the_sign_in_stops_the_rest_of_its_account(self, code: str, stops: bool) -> None:
        refused = Rejected(code, "no", "sign in anew")
        bad = Vendor({id: shown(id) for id in "abc"}, plays={OFF: [refused]}, pace=Pace(9999, 0.5, threads=1))
        one = world()
        steps = [step(bad, order_of(id=id, key=f"bad/{id}"), id, account=account("bad")) for id in "abc"]
        reports = one.run(*steps)
        assert (told(reports[0]), reports[0].error) == ((FAILED, code), "no; sign in anew")
        assert told(reports[2]) == ((SKIPPED, code) if stops else (SUCCEEDED, None))

    @pytest.mark.parametrize(
        ("code", "stops"), [("sign-in-failed", True), ("wrong-tenant", True), ("role-too-weak", False)]
    )
    def test_a_sign_in_that_ends_midway_stops_the_rest_of_its_account(self, code: str, stops: bool) -> None:
        trouble = ProviderTrouble(code, "no")
        bad = Vendor({id: shown(id) for id in "abc"}, plays={"get a": [trouble]}, pace=Pace(9999, 0.5, threads=1))
        one = world()
        steps = [step(bad, order_of(id=id, key=f"bad/{id}"), id, account=account("bad")) for id in "abc"]
        reports = one.run(*steps)
        assert told(reports[0]) == (FAILED, code if stops else "unreadable")
        assert told(reports[2]) == ((SKIPPED, code) if stops else (SUCCEEDED, None))

    def test_what_closing_raises_changes_nothing(self) -> None:
        assert told(world(plays={"close": [OSError()]}).one()) == (SUCCEEDED, None)


class TestHalted:
    def many(self, **fields: Any) -> tuple[World, list[Step]]:
        vendor = Vendor({id: shown(id) for id in "abcdef"}, pace=Pace(9999, 1, threads=1))
        one = World(vendor, Notes(**fields))
        return one, [step(vendor, order_of(id=id), f"op-{id}") for id in "abcdef"]

    @pytest.mark.parametrize("begun", [0, 2, 4])
    def test_what_was_begun_is_finished_and_the_rest_is_skipped(self, begun: int) -> None:
        one, steps = self.many(halts_after=begun)
        reports = one.run(*steps)
        assert [report.outcome for report in reports] == [SUCCEEDED] * begun + [SKIPPED] * (6 - begun)
        assert (len(one.vendor.ledger), one.notes.intents) == (begun, {})
        assert {report.error for report in reports} == {None}

    def test_asked_to_stop_while_it_waits_for_its_turn_nothing_is_sent(self) -> None:
        one, steps = self.many()
        one.notes.on = lambda hop: setattr(one, "stopped", True)
        reports = one.run(*steps)
        assert {report.outcome for report in reports} == {SUCCEEDED, SKIPPED}
        assert len(one.vendor.ledger) == sum(report.outcome is SUCCEEDED for report in reports)

    def test_a_store_that_cannot_say_whether_to_go_on_is_broken(self) -> None:
        one, steps = self.many(fails={"halted": 0})
        assert {(report.outcome, report.error) for report in one.run(*steps)} == {(SKIPPED, "the store is gone")}
        assert one.vendor.calls == []


class TestBrokenStore:
    def many(self, **fails: int) -> tuple[World, list[Step]]:
        vendor = Vendor({id: shown(id) for id in "abcdef"}, pace=Pace(9999, 1, threads=1))
        one = World(vendor, Notes(fails=fails))
        return one, [step(vendor, order_of(id=id), f"op-{id}") for id in "abcdef"]

    def test_without_an_intent_nothing_is_sent(self) -> None:
        one, steps = self.many(intend=0)
        reports = one.run(*steps)
        assert one.vendor.ledger == []
        assert [report.outcome for report in reports] == [FAILED, FAILED, SKIPPED, SKIPPED, SKIPPED, SKIPPED]
        assert {report.error for report in reports} == {"no space left"}

    def test_what_was_sent_and_cannot_be_recorded_is_unknown(self) -> None:
        one, steps = self.many(record=0)
        reports = one.run(*steps)
        sent = {id for id, _, _ in one.vendor.ledger}
        assert 0 < len(sent) < 6
        for report in reports:
            known = report.change.key.name in sent
            assert report.outcome is (UNKNOWN if known else SKIPPED)
            assert report.error == "no space left"
        assert {f"op-{id}" for id in sent} == one.notes.intents.keys()

    def test_a_token_that_cannot_be_journaled_leaves_it_unknown(self) -> None:
        one, steps = self.many(accept=0)
        one.vendor.plays[f"{OFF} a"] = [Accepted("job*3")]
        reports = one.run(*steps)
        assert (told(reports[0]), reports[0].error) == ((UNKNOWN, "outcome-unknown"), "no space left")
        assert one.vendor.called("poll") == 0

    def test_what_is_still_under_way_when_the_store_breaks_stays_unknown(self) -> None:
        vendor = Vendor({id: shown(id) for id in "abc"}, idempotent=False)
        vendor.plays[f"{OFF} b"] = [Accepted("job*3")]
        vendor.plays[f"{OFF} c"] = [DROP_BEFORE]
        one = World(vendor, Notes(fails={"record": 0}))
        reports = one.run(*(step(vendor, order_of(id=id), f"op-{id}") for id in "abc"))
        assert [told(report) for report in reports] == [(UNKNOWN, "outcome-unknown")] * 3
        assert [report.error for report in reports[:2]] == ["no space left"] * 2
        assert one.notes.intents.keys() == {"op-a", "op-b", "op-c"}
        assert one.notes.commits["accept"] == 0

    def test_once_it_is_broken_no_long_wait_goes_on(self) -> None:
        one, steps = self.many(record=0)
        askers: list[Asker] = []
        asked_before: list[bool] = []

        def begin(writer: Writer, asker: Asker) -> Making:
            askers.append(asker)
            asked_before.append(asker.stop())
            yield None
            return failed("some-code", "no")

        entry = Entry("op-a", steps[0].change, Outcome(OutcomeKind.INTENDED))
        errand = Errand(account(), "a", one.vendor.open, begin, entry)
        timing = one.hours.timing()
        Drive([errand], one.notes, timing, lambda: False, lambda done, total: None, Pacers(timing)).run()
        assert (asked_before, askers[0].stop()) == ([False], True)

    def test_what_was_not_sent_keeps_its_own_reason(self) -> None:
        one, steps = self.many(record=0)
        one.vendor.subscriptions["a"] = shown("a", status=Status.DISABLED, cancellation=Cancel.AT_RENEWAL)
        one.vendor.plays["get a"] = ["gone"]
        reports = one.run(*steps)
        assert told(reports[0]) == (FAILED, "vanished")

    def test_what_stood_already_and_cannot_be_recorded_has_failed(self) -> None:
        one, steps = self.many(record=0)
        one.vendor.subscriptions["a"] = shown("a", recurring=Recurring.OFF)
        (report,) = one.run(steps[0])
        assert (told(report), report.error) == ((FAILED, "store-full"), "no space left")

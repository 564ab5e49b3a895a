"""One change: what is sent, what never is, and what is known afterwards."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from reconciler.answers import Accepted, Ambiguous, Done, Rejected
from reconciler.changes import Kind
from reconciler.errors import (
    Malformed,
    ProviderTrouble,
    Throttled,
)
from reconciler.journal import OutcomeKind
from reconciler.model import Cancel, Recurring, Status
from reconciler.observed import Capabilities, ObservedSubscription, Obstacle
from reconciler.outside.pacing import Pacers
from tests.builders import a_stored
from tests.outside.vendor import (
    DROP_AFTER,
    DROP_BEFORE,
    FAST,
    LIE,
    REFUSED,
    Vendor,
    intent_of,
    order_of,
    shown,
)
from tests.outside.world import AWAY, FAILED, OFF, SETTLED, SKIPPED, SUCCEEDED, UNKNOWN, World, told, world


class TestOneChange:
    def test_it_is_read_journaled_sent_read_back_and_recorded(self) -> None:
        one = world()
        report = one.one(base=a_stored("fabrikam/s1", owner="it@contoso.example", labels={"team": "sales"}))
        assert told(report) == (SUCCEEDED, None)
        assert one.vendor.calls == ["get s1", f"{OFF} s1 op-1", "get s1"]
        assert one.notes.log == ["intend s1:intended", "record s1:succeeded"]
        (entry,) = one.notes.recorded
        row = entry.outcome.row
        assert row is not None
        assert (row.recurring, row.owner, row.labels, row.id) == (
            Recurring.OFF,
            "it@contoso.example",
            {"team": "sales"},
            "s1",
        )
        assert (entry.operation_id, one.notes.intents, one.vendor.opened, one.vendor.closed) == ("op-1", {}, 1, 1)

    @pytest.mark.parametrize(
        ("kind", "method", "before"),
        [
            (Kind.TURN_ON, "turn_on_recurring", shown(recurring=Recurring.OFF)),
            (Kind.TURN_OFF, "turn_off_recurring", shown()),
            (Kind.CANCEL_AT_RENEWAL, "cancel_at_renewal", shown()),
            (Kind.UNDO_CANCEL, "undo_cancel", shown(recurring=Recurring.OFF, cancellation=Cancel.AT_RENEWAL)),
            (Kind.CANCEL_NOW, "cancel_now", shown()),
            (
                Kind.REACTIVATE,
                "reactivate",
                shown(status=Status.DISABLED, recurring=Recurring.OFF, cancellation=Cancel.IMMEDIATELY),
            ),
        ],
    )
    def test_each_verb_is_carried_out_by_its_own_method(
        self, kind: Kind, method: str, before: ObservedSubscription
    ) -> None:
        one = world(before)
        change = order_of(kind)
        if kind is Kind.REACTIVATE:
            change = replace(change, before={**change.before, "status": "disabled"})
        assert told(one.one(change)) == (SUCCEEDED, None)
        assert (one.effects, one.vendor.calls[1]) == ([kind], f"{method} s1 op-1")

    @pytest.mark.parametrize(
        ("seen", "code", "error"),
        [
            pytest.param(
                None,
                "vanished",
                "the provider has none of that id any more; look there: was it moved to another account?",
                id="gone",
            ),
            pytest.param(
                shown(cancellation=Cancel.AT_RENEWAL, recurring=Recurring.OFF),
                "moved-since-plan",
                "not as it was when this was planned: recurring was on, is off; cancellation was none, is at-renewal; "
                "run again: it is planned anew",
                id="somebody cancelled it",
            ),
            pytest.param(
                shown(status=Status.UNKNOWN, provider_status="Warned"),
                "status-unknown",
                "its status 'Warned' is none that is known, and nothing is written to it; look at it there; "
                "a newer release may know it",
                id="of a status that nobody knows",
            ),
            pytest.param(
                shown(capabilities=Capabilities(barred={Kind.TURN_OFF: Obstacle("renewal-freeze", "it renews today")})),
                "renewal-freeze",
                "it renews today",
                id="barred by the provider",
            ),
            pytest.param(
                shown(term=None),
                "unreadable",
                "its provider reports no term, and none is stored; look at it there",
                id="without dates",
            ),
        ],
    )
    def test_what_is_not_as_approved_is_not_written(
        self, seen: ObservedSubscription | None, code: str, error: str
    ) -> None:
        one = World(Vendor({"s1": seen} if seen else {}))
        report = one.one()
        assert (report.outcome, report.code, report.error) == (FAILED, code, error)
        assert (one.vendor.calls, one.notes.log) == (["get s1"], ["record s1:failed"])

    def test_a_term_that_is_stored_is_enough(self) -> None:
        assert told(world(shown(term=None)).one(base=a_stored("fabrikam/s1"))) == (SUCCEEDED, None)

    def test_what_stands_already_is_not_written(self) -> None:
        one = world(shown(recurring=Recurring.OFF))
        report = one.one()
        assert (told(report), report.note) == ((SUCCEEDED, None), "it stood already: nothing was sent")
        assert (one.vendor.ledger, one.notes.log) == ([], ["record s1:succeeded"])

    def test_what_cannot_be_read_is_not_written(self) -> None:
        one = world(plays={"get s1": [AWAY] * 4})
        report = one.one()
        assert told(report) == (FAILED, "unreadable")
        assert report.error == "it could not be read, so nothing was sent: no answer"
        assert one.vendor.ledger == []

    def test_what_is_busy_is_left_alone(self) -> None:
        one = world(shown(busy="locked for an update"))
        report = one.one()
        said = "locked for an update; it passes by itself: run again later"
        assert (told(report), report.error) == ((SKIPPED, "busy"), said)
        assert one.notes.log == ["record s1:skipped"]

    def test_a_change_without_an_id_is_our_bug(self) -> None:
        with pytest.raises(ValueError, match="names the provider's id"):
            world().one(replace(order_of(), external_id=None))

    def test_a_change_that_is_only_recorded_is_never_sent(self) -> None:
        with pytest.raises(ValueError, match="asks nothing of a provider"):
            world().one(order_of(Kind.RENAME))


class TestRefused:
    def test_a_refusal_is_a_failure_with_its_code(self) -> None:
        one = world(plays={OFF: [REFUSED]})
        report = one.one()
        assert (told(report), report.error) == ((FAILED, "managed-elsewhere"), "a schedule decides; ask the owner")
        assert one.notes.log == ["intend s1:intended", "record s1:failed"]

    @pytest.mark.parametrize(
        ("times", "expected"), [(1, (SUCCEEDED, None)), (3, (SUCCEEDED, None)), (4, (FAILED, "busy"))]
    )
    def test_what_may_pass_is_sent_again_after_a_fresh_look(
        self, times: int, expected: tuple[OutcomeKind, str | None]
    ) -> None:
        one = world(plays={OFF: [Rejected("busy", "locked", retry_after=5.0)] * times})
        assert told(one.one()) == expected
        sent = min(times, 3) + 1
        assert {call for call in one.vendor.calls if call.startswith(OFF)} == {f"{OFF} s1 op-1"}
        assert one.vendor.called(OFF) == sent
        assert one.hours.passed == pytest.approx(min(times, 3) * 5, abs=0.01)
        assert one.vendor.calls[: 2 * sent] == ["get s1", f"{OFF} s1 op-1"] * sent

    def test_nobody_waits_longer_than_two_minutes_for_it(self) -> None:
        one = world(plays={OFF: [Rejected("busy", "locked", retry_after=61.0)] * 2})
        assert told(one.one()) == (FAILED, "busy")
        assert one.vendor.called(OFF) == 2

    def test_nothing_is_sent_so_late_that_it_could_not_be_told_from_what_was_lost(self) -> None:
        one = world(plays={OFF: [Rejected("busy", "locked", retry_after=5.0)]})
        one.vendor.plays["get s1"] = [None, lambda: one.hours.wait(116)]
        assert told(one.one()) == (FAILED, "busy")
        assert one.vendor.called(OFF) == 1

    def test_nor_where_journaling_it_took_too_long(self) -> None:
        one = world()
        one.notes.on = lambda hop: one.hours.wait(121) if hop == "before intend" else None
        report = one.one()
        assert (told(report), report.error) == (
            (FAILED, "not-carried-out"),
            "it was held up for so long that it was not sent; run again: it is planned anew",
        )
        assert (one.vendor.called(OFF), one.notes.log) == (0, ["intend s1:intended", "record s1:failed"])

    def test_asked_to_stop_it_is_not_sent_again(self) -> None:
        one = world(plays={OFF: [Rejected("busy", "locked", retry_after=5.0)]})
        one.notes.on = lambda hop: setattr(one, "stopped", hop == "after intend" or one.stopped)
        assert told(one.one()) == (FAILED, "busy")
        assert one.vendor.called(OFF) == 1

    def test_moved_meanwhile_it_is_not_sent_again(self) -> None:
        one = world(plays={OFF: [Rejected("busy", "locked", retry_after=5.0)]})
        one.vendor.plays["get s1"] = [None, shown(status=Status.SUSPENDED, capabilities=barred())]
        assert told(one.one()) == (FAILED, "suspended")
        assert one.vendor.called(OFF) == 1

    def test_reached_meanwhile_it_is_not_sent_again(self) -> None:
        one = world(plays={OFF: [Rejected("busy", "locked", retry_after=5.0)]})
        one.vendor.plays["get s1"] = [None, shown(recurring=Recurring.OFF)]
        report = one.one()
        assert (told(report), report.note) == ((SUCCEEDED, None), SETTLED)
        assert one.vendor.ledger == []

    def test_still_busy_it_is_looked_at_again(self) -> None:
        one = world(plays={OFF: [Rejected("busy", "locked", retry_after=5.0)]})
        one.vendor.plays["get s1"] = [None, shown(busy="locked"), None]
        assert told(one.one()) == (SUCCEEDED, None)
        assert one.hours.passed == pytest.approx(10, abs=0.01)

    def test_held_back_for_too_long_meanwhile_it_is_not_sent_again(self) -> None:
        one = world(plays={OFF: [Rejected("busy", "locked", retry_after=5.0)]})
        pacers = Pacers(one.hours.timing())
        one.notes.on = lambda hop: pacers.of("fabrikam", FAST).hold(3600) if hop == "after intend" else None
        (report,) = one.run(pacers=pacers)
        assert told(report) == (FAILED, "busy")


def barred(code: str = "suspended") -> Capabilities:
    return Capabilities(barred={Kind.TURN_OFF: Obstacle(code, "unpaid")})


class TestThrottled:
    @pytest.mark.parametrize(
        "answer",
        [
            pytest.param(Throttled("rate-limited", "too many", retry_after=20.0), id="raised"),
            pytest.param(Rejected("rate-limited", "too many", retry_after=20.0), id="answered"),
        ],
    )
    def test_the_whole_group_is_held_back_and_then_it_is_sent_again(self, answer: object) -> None:
        one = world(plays={OFF: [answer]})
        assert told(one.one()) == (SUCCEEDED, None)
        assert one.hours.passed == pytest.approx(20, abs=0.01)
        assert one.effects == [Kind.TURN_OFF]

    def test_throttled_for_too_long_it_has_failed_and_nothing_was_done(self) -> None:
        one = world(plays={OFF: [Throttled("rate-limited", "too many", retry_after=50.0)] * 9})
        assert told(one.one()) == (FAILED, "rate-limited")
        assert (one.hours.passed <= 120, one.vendor.ledger) == (True, [])

    def test_held_back_before_its_turn_for_too_long_nothing_is_begun(self) -> None:
        one = world()
        pacers = Pacers(one.hours.timing())
        pacers.of("fabrikam", FAST).hold(3600)
        (report,) = one.run(pacers=pacers)
        assert told(report) == (FAILED, "rate-limited")
        assert one.vendor.calls == []

    def test_held_back_right_before_its_turn_it_has_failed(self) -> None:
        one = world()
        pacers = Pacers(one.hours.timing())
        one.vendor.plays["check"] = [lambda: pacers.of("fabrikam", FAST).hold(3600)]
        (report,) = one.run(pacers=pacers)
        assert told(report) == (FAILED, "rate-limited")
        assert one.notes.log == ["record s1:failed"]


class TestAmbiguous:
    def test_what_took_effect_is_seen_by_reading(self) -> None:
        one = world(plays={OFF: [DROP_AFTER]})
        report = one.one()
        assert (told(report), report.note, one.effects) == ((SUCCEEDED, None), SETTLED, [Kind.TURN_OFF])
        assert one.vendor.called(OFF) == 1

    def test_what_shows_late_is_waited_for(self) -> None:
        one = world(plays={OFF: [DROP_AFTER]}, lag=4, idempotent=False)
        assert told(one.one()) == (SUCCEEDED, None)
        assert 10 < one.hours.passed < 60
        assert one.effects == [Kind.TURN_OFF]

    @pytest.mark.parametrize("kind", [Kind.TURN_OFF, Kind.CANCEL_NOW])
    def test_idempotent_it_is_sent_once_more_under_its_operation_id(self, kind: Kind) -> None:
        verb = kind.value.replace("-", "_")
        one = world(plays={verb: [DROP_BEFORE]})
        assert told(one.one(order_of(kind))) == (SUCCEEDED, None)
        assert [call for call in one.vendor.calls if call.startswith(verb)] == [f"{verb} s1 op-1"] * 2
        assert one.effects == [kind]

    def test_and_never_more_than_once(self) -> None:
        one = world(plays={OFF: [DROP_BEFORE] * 9})
        report = one.one()
        assert told(report) == (UNKNOWN, "outcome-unknown")
        assert report.error == (
            "no answer tells what became of it (timed out), and it shows recurring on: it may still take effect; "
            "run again: the next apply asks the provider, and settles it"
        )
        assert (one.vendor.called(OFF), one.notes.log, list(one.notes.intents)) == (2, ["intend s1:intended"], ["op-1"])

    def test_not_idempotent_it_is_never_sent_again(self) -> None:
        one = world(plays={OFF: [DROP_BEFORE]}, idempotent=False)
        assert told(one.one()) == (UNKNOWN, "outcome-unknown")
        assert (one.vendor.called(OFF), list(one.notes.intents)) == (1, ["op-1"])

    @pytest.mark.parametrize(
        ("after", "shown_as"),
        [
            pytest.param([AWAY] * 24, "it could not be read since", id="unreadable"),
            pytest.param(["gone"] * 6, "it is not shown any more", id="gone"),
            pytest.param([shown(busy="at work")] * 6, "it shows recurring on", id="busy"),
            pytest.param(
                [shown(cancellation=Cancel.AT_RENEWAL)] * 6,
                "it shows recurring on, cancellation at-renewal",
                id="moved by somebody",
            ),
        ],
    )
    def test_what_does_not_show_it_as_it_was_before_is_never_sent_again(self, after: list[Any], shown_as: str) -> None:
        one = world(plays={OFF: [DROP_BEFORE], "get s1": [None, *after]})
        report = one.one()
        assert told(report) == (UNKNOWN, "outcome-unknown")
        assert shown_as in (report.error or "")
        assert one.vendor.called(OFF) == 1

    @pytest.mark.parametrize(
        ("raised", "detail"),
        [
            pytest.param(AWAY, "no answer", id="no answer"),
            pytest.param(Malformed("malformed-answer", "no JSON"), "no JSON", id="an answer that nobody can read"),
            pytest.param(ProviderTrouble("strange", "teapot"), "teapot", id="some trouble"),
            pytest.param(KeyError("hunter2"), "the provider failed with KeyError", id="a bug of the provider"),
            pytest.param(17, "the provider answered int", id="an answer of no kind"),
        ],
    )
    def test_whatever_may_have_been_sent_is_settled_by_reading(self, raised: Any, detail: str) -> None:
        one = world(plays={OFF: [raised]}, idempotent=False)
        report = one.one()
        assert told(report) == (UNKNOWN, "outcome-unknown")
        assert f"({detail})" in (report.error or "")

    @pytest.mark.parametrize(
        ("second", "later", "expected"),
        [
            pytest.param(REFUSED, [], (FAILED, "managed-elsewhere"), id="refused for good"),
            pytest.param(
                Rejected("busy", "locked", retry_after=9.0), [], (UNKNOWN, "outcome-unknown"), id="refused for now"
            ),
            pytest.param(
                REFUSED, [shown(recurring=Recurring.OFF)], (SUCCEEDED, None), id="refused, for the first did it"
            ),
            pytest.param(REFUSED, [shown(busy="at work")] * 6, (UNKNOWN, "outcome-unknown"), id="refused, and busy"),
            pytest.param(REFUSED, [AWAY] * 24, (UNKNOWN, "outcome-unknown"), id="refused, and unreadable"),
            pytest.param(Accepted("job*1"), [], (SUCCEEDED, None), id="accepted"),
            pytest.param(LIE, [], (FAILED, "still-differs"), id="a lie"),
        ],
    )
    def test_the_second_answer_is_judged_by_reading_too(
        self, second: Any, later: list[Any], expected: tuple[OutcomeKind, str | None]
    ) -> None:
        one = world(plays={OFF: [DROP_BEFORE, second], "get s1": [None] * 7 + later})
        assert told(one.one()) == expected

    def test_held_back_for_too_long_it_is_not_sent_again(self) -> None:
        one = world(plays={OFF: [DROP_BEFORE]}, settles_within=0)
        pacers = Pacers(one.hours.timing())

        def hold() -> ObservedSubscription:
            pacers.of("fabrikam", FAST).hold(3600)
            return shown()

        one.vendor.plays["get s1"] = [None, hold]
        (report,) = one.run(pacers=pacers)
        assert told(report) == (UNKNOWN, "outcome-unknown")
        assert one.vendor.called(OFF) == 1


class TestReadBack:
    def test_a_provider_that_says_yes_and_does_nothing_is_found_out(self) -> None:
        one = world(plays={OFF: [LIE]})
        report = one.one()
        assert told(report) == (FAILED, "still-differs")
        assert report.error == (
            "the provider says that it is done, and it still shows recurring on; "
            "run again; if it stays so, change it there by hand"
        )
        assert one.vendor.called("get") == 1 + 6
        assert one.hours.passed == pytest.approx(60, abs=0.01)

    def test_what_shows_late_has_succeeded(self) -> None:
        one = world(lag=3)
        assert told(one.one()) == (SUCCEEDED, None)
        assert one.vendor.called("get") == 1 + 4

    def test_where_reads_show_at_once_one_look_is_enough(self) -> None:
        one = world(plays={OFF: [LIE]}, settles_within=0)
        assert told(one.one()) == (FAILED, "still-differs")
        assert one.vendor.called("get") == 2
        assert one.hours.passed == pytest.approx(0, abs=0.01)

    @pytest.mark.parametrize(
        ("after", "expected", "word"),
        [
            pytest.param(
                [AWAY] * 24, (UNKNOWN, "outcome-unknown"), "could not be read back: no answer", id="unreadable"
            ),
            pytest.param(["gone"] * 6, (FAILED, "vanished"), "has none of that id any more", id="gone"),
            pytest.param(
                [shown(busy="at work")] * 6, (UNKNOWN, "still-under-way"), "still at work: at work", id="busy"
            ),
            pytest.param(
                [shown(status=Status.SUSPENDED)] * 6,
                (FAILED, "still-differs"),
                "still shows recurring on, status suspended",
                id="suspended",
            ),
            pytest.param(
                [shown(recurring=Recurring.OFF, term=None)],
                (UNKNOWN, "outcome-unknown"),
                "its record cannot be made",
                id="without dates",
            ),
        ],
    )
    def test_what_it_shows_decides(self, after: list[Any], expected: tuple[OutcomeKind, str | None], word: str) -> None:
        one = world(plays={OFF: [Done()], "get s1": [None, *after]})
        report = one.one()
        assert told(report) == expected
        assert word in (report.error or "")


class TestAccepted:
    def test_its_token_is_journaled_before_it_is_asked_for(self) -> None:
        one = world(plays={OFF: [Accepted("job*3")]})
        one.notes.on = one.vendor.calls.append
        assert told(one.one()) == (SUCCEEDED, None)
        assert one.vendor.calls.index("after accept") < one.vendor.calls.index("poll job*3")
        assert one.notes.log == ["intend s1:intended", "accept s1:accepted", "record s1:succeeded"]
        assert one.hours.passed == pytest.approx(0.5 + 1 + 2, abs=0.01)

    def test_what_the_provider_says_is_the_least_that_is_waited(self) -> None:
        one = world(plays={OFF: [Accepted("job*1", retry_after=40.0)]})
        assert told(one.one()) == (SUCCEEDED, None)
        assert one.hours.passed == pytest.approx(40, abs=0.01)

    @pytest.mark.parametrize("deadline", [30.0, 600.0])
    def test_at_the_deadline_it_stays_open_with_its_token(self, deadline: float) -> None:
        one = world(plays={OFF: [Accepted("job*999")]})
        (report,) = one.run(deadline=deadline)
        said = "the provider still works on it; run again: the next apply asks the provider, and settles it"
        assert (told(report), report.error) == ((UNKNOWN, "still-under-way"), said)
        assert one.hours.passed == pytest.approx(deadline, abs=0.01)
        assert one.notes.intents["op-1"].outcome.token == "job*999"

    def test_asked_to_stop_it_is_left_to_the_next_run(self) -> None:
        one = world(plays={OFF: [Accepted("job*999")]})
        one.vendor.plays["poll"] = [None, lambda: setattr(one, "stopped", True)]
        assert told(one.one()) == (UNKNOWN, "still-under-way")
        assert one.vendor.called("poll") == 2

    def test_a_token_that_moves_is_journaled_again(self) -> None:
        told_later = [Accepted("job"), Accepted("other"), Rejected("conflict", "lost a race")]
        one = world(plays={OFF: [Accepted("job")], "poll": told_later})
        assert told(one.one()) == (FAILED, "conflict")
        assert one.notes.log.count("accept s1:accepted") == 2
        assert one.vendor.calls[-1] == "poll other"

    @pytest.mark.parametrize(
        ("answer", "then", "expected"),
        [
            pytest.param(Ambiguous("strange"), [], (UNKNOWN, "still-under-way"), id="an answer that says nothing"),
            pytest.param(
                Ambiguous("strange"), [shown(recurring=Recurring.OFF)], (SUCCEEDED, None), id="it shows all the same"
            ),
            pytest.param(Malformed("malformed-answer", "?"), [], (UNKNOWN, "still-under-way"), id="nobody can read it"),
            pytest.param(ValueError("hunter2"), [AWAY] * 4, (UNKNOWN, "still-under-way"), id="a bug of the provider"),
            pytest.param(17, ["gone"], (UNKNOWN, "still-under-way"), id="an answer of no kind"),
        ],
    )
    def test_where_its_token_tells_nothing_one_look_may(
        self, answer: Any, then: list[Any], expected: tuple[OutcomeKind, str | None]
    ) -> None:
        one = world(plays={OFF: [Accepted("job*1")], "poll": [answer], "get s1": [None, *then]})
        report = one.one()
        assert told(report) == expected
        assert "hunter2" not in repr(report)

    def test_a_question_without_an_answer_is_asked_again(self) -> None:
        one = world(plays={OFF: [Accepted("job*1")], "poll": [AWAY, AWAY, AWAY]})
        assert told(one.one()) == (SUCCEEDED, None)


class TestResumed:
    def test_it_is_sent_under_the_old_operation_id(self) -> None:
        one = world()
        assert told(one.one(resume=intent_of(order_of()))) == (SUCCEEDED, None)
        assert one.vendor.ledger == [("s1", Kind.TURN_OFF, "op-1")]

    def test_busy_it_stays_open(self) -> None:
        one = world(shown(busy="perhaps our own order"))
        assert told(one.one(resume=intent_of(order_of()))) == (SKIPPED, "busy")
        assert one.notes.log == []

    def test_with_a_token_nothing_is_sent(self) -> None:
        one = world(plays={"poll": [Done()]}, settles_within=0)
        assert told(one.one(resume=intent_of(order_of(), token="job"))) == (FAILED, "still-differs")
        assert (one.vendor.called(OFF), one.vendor.called("poll")) == (0, 1)

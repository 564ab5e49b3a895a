"""Plans for outside accounts: by what is shown, adopted once, drift held, and a failed read never absence."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from reconciler.build import build_plan
from reconciler.changes import Kind
from reconciler.diagnostics import Severity
from reconciler.events import EventKind
from reconciler.model import (
    Cancel,
    DesiredSubscription,
    Facts,
    Money,
    Recurring,
    ScheduledIntent,
    Status,
    StoredSubscription,
    Term,
    TermLength,
)
from reconciler.observed import Abroad, Capabilities, ObservedAccount, ObservedState, ObservedSubscription, Obstacle
from reconciler.plan import Plan
from reconciler.selection import EVERYTHING, Selection, glob
from reconciler.settings import AccountSettings, OnDrift
from tests.builders import NOW, START, a_desired, a_key, a_seen, a_stored, an_open_intent
from tests.estates import BINDINGS, a_desired_state, a_rulebook, a_stored_state

ON, OFF = Recurring.ON, Recurring.OFF
KEY = "cloud/visio"
ACCOUNT = AccountSettings("cloud", "microsoft")
ROW = a_stored(KEY, id="sub-1", declared=True)
OFF_ONLY = Capabilities(ends=frozenset({Kind.TURN_OFF}))
CANCEL_ONLY = Capabilities(ends=frozenset({Kind.CANCEL_AT_RENEWAL}))


def wanted(key: str = KEY, **fields: Any) -> DesiredSubscription:
    fields.setdefault("facts", Facts())
    return a_desired(key, id=fields.pop("id", "sub-1"), **fields)


def plan(
    declared: DesiredSubscription | None,
    seen: ObservedSubscription | None = None,
    row: StoredSubscription | None = None,
    *,
    known: ObservedAccount | None = None,
    account: AccountSettings = ACCOUNT,
    correct: tuple[str, ...] = (),
    selection: Selection = EVERYTHING,
    **stored: Any,
) -> Plan:
    """The plan for one subscription, as far as it is declared, shown and stored."""
    desired = a_desired_state(*([declared] if declared else []), accounts={"cloud": account})
    state = a_stored_state(*([row] if row else []), **stored)
    account_seen = known or ObservedAccount("cloud", NOW, {seen.id: seen} if seen else {})
    rules = replace(a_rulebook("cloud"), outside=frozenset({"cloud"}))
    abroad = Abroad(ObservedState({"cloud": account_seen}), None, glob(correct))
    return build_plan(desired, state, NOW, BINDINGS, rules, selection, abroad)


def kinds(made: Plan) -> list[Kind]:
    return [change.kind for change in made.changes]


def codes(made: Plan) -> list[tuple[Kind, str]]:
    return [(block.kind, block.code) for block in made.blocked]


class TestAdopting:
    def test_what_is_shown_for_the_first_time_is_adopted_as_it_is(self) -> None:
        made = plan(wanted(owner="ada", labels={"b": "2", "a": "1"}, protect=True), a_seen(seats=9))
        (change,) = made.changes
        assert (change.kind, change.external_id, change.before) == (Kind.ADOPT, "sub-1", {})
        assert change.after["status"] == "active"
        assert (change.after["seats"], change.after["owner"], change.after["protected"]) == (9, "ada", True)
        taken = made.settled[a_key(KEY)]
        assert (taken.owner, dict(taken.labels), taken.protected, taken.declared) == (
            "ada",
            {"a": "1", "b": "2"},
            True,
            False,
        )
        assert (taken.seats, taken.id) == (9, "sub-1")

    def test_and_changed_in_the_same_run(self) -> None:
        made = plan(wanted(recurring=OFF), a_seen())
        assert kinds(made) == [Kind.ADOPT, Kind.TURN_OFF]
        assert made.changes[1].before["recurring"] == "on"

    def test_nothing_is_to_do_once_it_is_stored_and_shown_as_declared(self) -> None:
        made = plan(wanted(recurring=OFF), a_seen(recurring=OFF), replace(ROW, recurring=OFF))
        assert (made.changes, made.unchanged, made.drift, made.elapsed) == ((), 1, (), ())

    def test_what_is_declared_of_ours_alone_is_an_update(self) -> None:
        facts = Facts(seats=99, price=Money(1, "EUR"))
        made = plan(wanted(owner="ada", facts=facts), a_seen(), ROW)
        (change,) = made.changes
        assert (change.kind, dict(change.after)) == (Kind.UPDATE, {"owner": "ada"})

    def test_a_rename_keeps_the_record(self) -> None:
        made = plan(wanted("cloud/new", previously="visio"), a_seen(), ROW)
        assert kinds(made) == [Kind.RENAME]

    def test_an_id_that_it_does_not_have_is_blocked(self) -> None:
        known = ObservedAccount("cloud", NOW, absent=frozenset({"sub-1"}))
        made = plan(wanted(recurring=OFF), known=known)
        assert codes(made) == [(Kind.ADOPT, "not-found")]

    def test_dates_that_nobody_knows_are_blocked(self) -> None:
        assert codes(plan(wanted(recurring=OFF), a_seen(term=None))) == [(Kind.ADOPT, "dates-unknown")]


class TestUnread:
    @pytest.mark.parametrize(
        ("known", "code"),
        [
            (ObservedAccount("cloud", NOW, trouble=Obstacle("sign-in-failed", "expired")), "sign-in-failed"),
            (
                ObservedAccount("cloud", NOW, unreadable={"sub-1": Obstacle("malformed-answer", "?")}),
                "malformed-answer",
            ),
            (ObservedAccount("cloud", NOW, complete=False), "unreadable"),
            (ObservedAccount("cloud", NOW), "unreadable"),
        ],
        ids=["the account", "this one", "half a list", "an empty list proves nothing"],
    )
    def test_what_was_not_read_blocks_itself(self, known: ObservedAccount, code: str) -> None:
        made = plan(wanted(recurring=OFF), known=known, row=ROW)
        assert codes(made) == [(Kind.UPDATE, code)]
        assert made.changes == ()

    def test_an_account_that_was_not_looked_at_blocks_all_of_it(self) -> None:
        desired = a_desired_state(wanted(recurring=OFF), accounts={"cloud": ACCOUNT})
        made = build_plan(desired, a_stored_state(ROW), NOW, BINDINGS, a_rulebook("cloud"))
        assert codes(made) == [(Kind.UPDATE, "unreadable")]
        assert made.sightings == ()


class TestGone:
    KNOWN = ObservedAccount("cloud", NOW, absent=frozenset({"sub-1"}))

    def test_one_that_lived_has_vanished(self) -> None:
        assert codes(plan(wanted(recurring=OFF), known=self.KNOWN, row=ROW)) == [(Kind.UPDATE, "vanished")]

    def test_one_that_had_ended_is_as_wished(self) -> None:
        made = plan(wanted(recurring=OFF), known=self.KNOWN, row=replace(ROW, status=Status.DELETED))
        assert (made.blocked, made.changes, made.unchanged) == ((), (), 1)

    def test_but_does_not_come_back(self) -> None:
        row = replace(ROW, status=Status.DELETED)
        assert codes(plan(wanted(recurring=ON), known=self.KNOWN, row=row)) == [(Kind.UPDATE, "vanished")]
        inherited = wanted(recurring=ON, own=False)
        assert codes(plan(inherited, known=self.KNOWN, row=row)) == []


class TestDrift:
    """The specs say on, we last left it on, and somebody turned it off outside."""

    SEEN = a_seen(recurring=OFF)

    def test_a_change_that_only_undoes_it_is_held(self) -> None:
        made = plan(wanted(recurring=ON), self.SEEN, ROW)
        assert (made.changes, [item.key for item in made.held]) == ((), [a_key(KEY)])
        assert made.held[0].hint == (
            f"take it over: reconcile accept {KEY}; or undo it: reconcile --correct-drift {KEY}"
        )
        assert [(item.field, item.stored, item.observed) for item in made.drift] == [("recurring", "on", "off")]
        assert (made.elapsed, dict(made.settled)) == ((), {})

    def test_it_is_made_where_the_account_says_so(self) -> None:
        made = plan(wanted(recurring=ON), self.SEEN, ROW, account=replace(ACCOUNT, on_drift=OnDrift.CORRECT))
        assert kinds(made) == [Kind.TURN_ON]
        assert (made.elapsed, made.settled) == ((), {}), "only what succeeds moves the record"

    @pytest.mark.parametrize(("pattern", "made"), [("cloud/*", [Kind.TURN_ON]), ("other/*", [])])
    def test_or_where_the_run_names_it(self, pattern: str, made: list[Kind]) -> None:
        assert kinds(plan(wanted(recurring=ON), self.SEEN, ROW, correct=(pattern,))) == made

    def test_what_the_specs_agree_with_is_taken_note_of(self) -> None:
        made = plan(wanted(recurring=OFF), self.SEEN, ROW)
        (event,) = made.elapsed
        assert (made.changes, made.held, event.kind, event.after) == ((), (), EventKind.NOTICED, {"recurring": "off"})
        assert made.settled[ROW.key].recurring is OFF

    def test_and_what_they_say_nothing_about(self) -> None:
        made = plan(wanted(), self.SEEN, replace(ROW, declared=False))
        assert [event.kind for event in made.elapsed] == [EventKind.NOTICED]

    def test_a_change_that_was_due_without_it_is_no_correction(self) -> None:
        row = replace(ROW, seats=5)
        made = plan(wanted(recurring=OFF), a_seen(seats=9), row)
        assert kinds(made) == [Kind.TURN_OFF]
        assert [item.field for item in made.drift] == ["seats"]

    def test_a_spec_that_changed_as_well_is_no_correction(self) -> None:
        made = plan(wanted(cancel=Cancel.AT_RENEWAL), self.SEEN, ROW)
        assert (kinds(made), made.held) == ([Kind.CANCEL_AT_RENEWAL], ())

    def test_an_end_that_somebody_made_outside_is_held_too(self) -> None:
        made = plan(wanted(recurring=ON), a_seen(status=Status.DISABLED), ROW)
        assert ([item.key for item in made.held], made.changes) == ([a_key(KEY)], ())

    def test_of_a_record_that_no_file_declares_all_is_taken_note_of(self) -> None:
        made = plan(None, self.SEEN, ROW)
        assert (made.unmanaged, [event.kind for event in made.elapsed]) == ((ROW.key,), [EventKind.NOTICED])
        assert made.settled[ROW.key].recurring is OFF
        assert [item.field for item in made.drift] == ["recurring"]

    def test_one_that_was_not_seen_is_left_alone(self) -> None:
        made = plan(None, None, ROW)
        assert (made.unmanaged, made.elapsed) == ((ROW.key,), ())


class TestElapsed:
    def test_a_renewal_is_no_drift_and_no_change(self) -> None:
        term = Term(ROW.term.end, ROW.term.end + timedelta(days=365))
        made = plan(wanted(recurring=ON), a_seen(term=term), ROW)
        assert (made.changes, made.drift, [event.kind for event in made.elapsed]) == ((), (), [EventKind.RENEWED])
        assert made.settled[ROW.key].term == term


class TestBarred:
    def test_what_the_provider_cannot_do_is_blocked_with_why(self) -> None:
        why = Obstacle("managed-elsewhere", "a schedule owns it", "change the schedule")
        made = plan(wanted(recurring=OFF), a_seen(capabilities=Capabilities(barred={Kind.TURN_OFF: why})), ROW)
        assert [(item.code, item.detail, item.hint) for item in made.blocked] == [
            ("managed-elsewhere", "a schedule owns it", "change the schedule")
        ]

    def test_one_that_is_busy_waits(self) -> None:
        assert codes(plan(wanted(recurring=OFF), a_seen(busy="an operation runs"), ROW)) == [(Kind.TURN_OFF, "busy")]

    def test_but_only_if_there_is_anything_to_do(self) -> None:
        assert codes(plan(wanted(recurring=ON), a_seen(busy="an operation runs"), ROW)) == []

    def test_an_unknown_status_is_never_written_to(self) -> None:
        row = replace(ROW, status=Status.UNKNOWN)
        made = plan(wanted(recurring=OFF), a_seen(status=Status.UNKNOWN, provider_status="Odd"), row)
        assert codes(made) == [(Kind.TURN_OFF, "status-unknown")]

    def test_protection_as_it_stood_counts(self) -> None:
        row = replace(ROW, protected=True)
        made = plan(wanted(recurring=OFF, protect=False, protect_own=True), a_seen(), row)
        assert (codes(made), kinds(made)) == ([(Kind.TURN_OFF, "protected")], [Kind.UPDATE])

    def test_an_inherited_on_brings_nothing_back(self) -> None:
        row = replace(ROW, status=Status.DISABLED)
        made = plan(wanted(recurring=ON, own=False), a_seen(status=Status.DISABLED), row)
        assert [item.key for item in made.ended] == [a_key(KEY)]


class TestCancelNow:
    CONFIRM = f"{KEY}@{START.isoformat()}"
    CLOSED = Capabilities(barred={Kind.CANCEL_NOW: Obstacle("past-cancellation-window", "it closed", "wait")})

    def immediately(self, **fields: Any) -> DesiredSubscription:
        made = wanted(cancel=Cancel.IMMEDIATELY, reason="why", confirm=fields.pop("confirm", self.CONFIRM))
        assert made.intent is not None
        return replace(made, intent=replace(made.intent, **fields))

    def test_its_window_is_the_providers_to_tell(self) -> None:
        closes = NOW + timedelta(days=3)
        made = plan(self.immediately(), a_seen(cancel_now_until=closes), ROW)
        (change,) = made.changes
        assert (change.kind, change.impact and change.impact.window_closes) == (Kind.CANCEL_NOW, closes)

    def test_without_a_confirmation_it_is_blocked(self) -> None:
        made = plan(self.immediately(confirm=None), a_seen(), ROW)
        assert codes(made) == [(Kind.CANCEL_NOW, "confirmation-missing")]

    @pytest.mark.parametrize("confirm", [CONFIRM, None])
    def test_a_closed_window_is_told_before_anybody_confirms(self, confirm: str | None) -> None:
        made = plan(self.immediately(confirm=confirm), a_seen(capabilities=self.CLOSED), ROW)
        assert codes(made) == [(Kind.CANCEL_NOW, "past-cancellation-window")]

    def test_what_the_spec_chose_for_that_case_is_done_instead(self) -> None:
        made = plan(self.immediately(on_blocked=Cancel.AT_RENEWAL), a_seen(capabilities=self.CLOSED), ROW)
        assert kinds(made) == [Kind.CANCEL_AT_RENEWAL]
        assert made.changes[0].impact is not None
        assert "past-cancellation-window" in str(made.changes[0].impact.instead_of)

    def test_in_the_provider_s_own_way(self) -> None:
        folds = replace(self.CLOSED, ends=frozenset({Kind.TURN_OFF}))
        chosen = self.immediately(on_blocked=Cancel.AT_RENEWAL)
        assert kinds(plan(chosen, a_seen(capabilities=folds), ROW)) == [Kind.TURN_OFF]
        off = replace(ROW, recurring=OFF)
        assert kinds(plan(chosen, a_seen(capabilities=folds, recurring=OFF), off)) == []

    def test_unless_that_is_barred_as_well(self) -> None:
        both = {**self.CLOSED.barred, Kind.CANCEL_AT_RENEWAL: Obstacle("unsupported", "no")}
        chosen = self.immediately(on_blocked=Cancel.AT_RENEWAL)
        made = plan(chosen, a_seen(capabilities=Capabilities(barred=both)), ROW)
        assert codes(made) == [(Kind.CANCEL_AT_RENEWAL, "unsupported")]


class TestFolding:
    def test_off_at_a_provider_of_cancellations_is_one_and_the_plan_says_so(self) -> None:
        made = plan(wanted(recurring=OFF), a_seen(capabilities=CANCEL_ONLY), ROW)
        (change,) = made.changes
        assert change.kind is Kind.CANCEL_AT_RENEWAL
        assert (
            change.instead_of == "microsoft cannot tell recurring off from a cancellation at renewal: both are this one"
        )

    def test_and_then_it_is_as_wished(self) -> None:
        pending: dict[str, Any] = {"recurring": OFF, "cancellation": Cancel.AT_RENEWAL}
        made = plan(wanted(recurring=OFF), a_seen(capabilities=CANCEL_ONLY, **pending), replace(ROW, **pending))
        assert (made.changes, made.blocked, made.unchanged) == ((), (), 1)

    def test_a_cancellation_where_there_is_only_off(self) -> None:
        made = plan(wanted(cancel=Cancel.AT_RENEWAL), a_seen(capabilities=OFF_ONLY), ROW)
        assert kinds(made) == [Kind.TURN_OFF]
        assert made.changes[0].instead_of is not None

    def test_of_an_ended_one_nothing_is_projected(self) -> None:
        row = replace(ROW, status=Status.EXPIRED)
        made = plan(wanted(cancel=Cancel.NONE), a_seen(capabilities=CANCEL_ONLY, status=Status.EXPIRED), row)
        assert (made.changes, made.blocked) == ((), ())


class TestUndecided:
    """Recurring off alone leads into a paid extension, and its provider says so."""

    TRAP = Capabilities(barred={Kind.TURN_OFF: Obstacle("end-undecided", "a paid extension follows", "decide")})

    def test_off_alone_is_undecided(self) -> None:
        assert codes(plan(wanted(recurring=OFF), a_seen(capabilities=self.TRAP), ROW)) == [
            (Kind.TURN_OFF, "end-undecided")
        ]

    def test_also_where_it_is_off_already(self) -> None:
        seen = a_seen(capabilities=self.TRAP, recurring=OFF)
        made = plan(wanted(recurring=OFF), seen, replace(ROW, recurring=OFF))
        assert codes(made) == [(Kind.TURN_OFF, "end-undecided")]

    def test_who_writes_none_accepts_it(self) -> None:
        made = plan(wanted(recurring=OFF, cancel=Cancel.NONE), a_seen(capabilities=self.TRAP), ROW)
        assert kinds(made) == [Kind.TURN_OFF]
        assert made.changes[0].after["extension"] == "accepted", "it is part of what is approved"

    def test_a_cancellation_is_decided(self) -> None:
        made = plan(wanted(cancel=Cancel.AT_RENEWAL), a_seen(capabilities=self.TRAP), ROW)
        assert kinds(made) == [Kind.CANCEL_AT_RENEWAL]


class TestUnderWay:
    def test_what_has_an_unknown_outcome_is_left_alone(self) -> None:
        made = plan(wanted(recurring=OFF), a_seen(), ROW, open_intents={ROW.key: an_open_intent(KEY)})
        assert (codes(made), made.changes) == ([(Kind.TURN_OFF, "outcome-unknown")], ())

    def test_what_this_run_has_asked_in_vain_is_told_with_what_was_found(self) -> None:
        begun = an_open_intent(KEY, why="it shows recurring on, and an order may still take effect")
        (block,) = plan(wanted(recurring=OFF), a_seen(), ROW, open_intents={ROW.key: begun}).blocked
        assert block.detail == (
            "turn-off-recurring was begun on 2026-11-23 at 12:00 UTC, and whether it takes effect is not known: "
            "it shows recurring on, and an order may still take effect"
        )
        assert block.hint == "run again in some minutes: by then any order would show, and it is settled"
        task = replace(begun, token="https://…/operations/7", why="the provider still works on it")
        (item,) = plan(wanted(recurring=OFF), a_seen(), ROW, open_intents={ROW.key: task}).pending
        assert item.detail == "the provider still works on it"

    def test_what_the_provider_works_on_is_pending(self) -> None:
        task = an_open_intent(KEY, token="https://…/operations/7")
        made = plan(wanted(recurring=OFF), a_seen(), ROW, open_intents={ROW.key: task})
        (item,) = made.pending
        assert (item.key, item.kind, item.overdue, made.changes) == (ROW.key, Kind.TURN_OFF, False, ())

    def test_nothing_is_renamed_meanwhile(self) -> None:
        made = plan(wanted("cloud/new", previously="visio"), a_seen(), ROW, open_intents={ROW.key: an_open_intent(KEY)})
        assert codes(made) == [(Kind.RENAME, "outcome-unknown")]


class TestTelling:
    def test_a_fact_that_is_shown_otherwise_is_a_warning(self) -> None:
        facts = Facts("OTHER", TermLength.MONTHLY, seats=5)
        made = plan(wanted(facts=facts), a_seen(seats=9), ROW)
        assert [(item.code, item.severity) for item in made.diagnostics] == [("fact-differs", Severity.WARNING)] * 3
        assert "seats is 9, the spec says 5" in {item.detail.partition(": ")[2] for item in made.diagnostics}

    def test_what_the_provider_remarks_is_a_note(self) -> None:
        made = plan(wanted(), a_seen(notes=("collection is paused",)), ROW)
        assert [(item.code, item.severity) for item in made.diagnostics] == [("provider-note", Severity.NOTE)]

    def test_a_price_that_only_the_spec_knows_counts(self) -> None:
        made = plan(wanted(recurring=OFF, facts=Facts(price=Money(2060, "EUR"), seats=1)), a_seen(price=None, seats=1))
        assert made.changes[1].impact is not None
        assert made.changes[1].impact.value is not None
        assert made.changes[1].impact.value.money == Money(2060, "EUR")

    def test_a_record_that_has_no_intent_any_more_is_released(self) -> None:
        assert [item.key for item in plan(wanted(), a_seen(), ROW).released] == [ROW.key]

    def test_a_dated_intent_is_foreseen(self) -> None:
        declared = wanted(recurring=ON)
        assert declared.intent is not None
        entry = ScheduledIntent((NOW + timedelta(days=9)).date(), replace(declared.intent, recurring=OFF))
        made = plan(replace(declared, schedule=(entry,)), a_seen(), ROW)
        assert [item.kind for item in made.scheduled] == [Kind.TURN_OFF]

    def test_a_former_name_that_nobody_stored_is_a_warning(self) -> None:
        made = plan(wanted(previously="nobody"), a_seen(), ROW)
        assert [item.code for item in made.diagnostics] == ["previously-not-stored"]

    def test_what_no_file_declares_is_counted(self) -> None:
        others = {f"sub-{number}": a_seen(f"sub-{number}") for number in range(1, 4)}
        others["sub-9"] = a_seen("sub-9", status=Status.DELETED)
        made = plan(wanted(), known=ObservedAccount("cloud", NOW, others), row=ROW)
        (sighting,) = made.sightings
        assert (sighting.account, sighting.seen, sighting.undeclared, sighting.fresh) == ("cloud", 4, 2, True)

    def test_trouble_is_told(self) -> None:
        known = ObservedAccount("cloud", NOW, trouble=Obstacle("unreachable", "no answer"))
        assert [item.trouble for item in plan(wanted(), known=known).sightings] == ["no answer"]

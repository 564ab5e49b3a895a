"""What a plan says of people's tasks: pending while they are asked for, withdrawn once they are not."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest

from reconciler.build import build_plan
from reconciler.changes import Kind, Pending
from reconciler.desired import DesiredState
from reconciler.draft import let_go_task, pending_task
from reconciler.journal import OpenIntent
from reconciler.model import Cancel, Recurring, StoredSubscription
from reconciler.plan import Bindings, Plan
from reconciler.rulebook import Rulebook
from reconciler.settings import AccountSettings
from reconciler.stored import StoredState
from reconciler.tasks import Task, token_of
from reconciler.wishes import Converged, Move
from tests.builders import CLASSIC, NOW, PLACE, a_desired, a_key, a_stored, an_open_intent

TURN_OFF = Move(Kind.TURN_OFF, Recurring.OFF, Cancel.NONE)
ASKED = Task(("Turn it off.",), date(2027, 2, 28), "it@contoso.example", "ada")


def a_task(**fields: Any) -> OpenIntent:
    """An open task to turn recurring billing off."""
    return an_open_intent(token=token_of(ASKED), product="VISIO", **fields)


def planned(task: OpenIntent | None, row: StoredSubscription | None, now: datetime = NOW, **wish: Any) -> Plan:
    """The plan of one subscription of an account that people work; without a wish no file declares it."""
    wanted = {} if not wish else {a_key(): a_desired(**wish)}
    stored = StoredState(
        "lineage",
        subscriptions={} if row is None else {row.key: row},
        open_intents={} if task is None else {task.key: task},
    )
    accounts = {"contoso": AccountSettings("contoso", "manual")}
    bindings = Bindings("", "", "lineage", 1, None)
    return build_plan(DesiredState(wanted, accounts=accounts), stored, now, bindings, Rulebook({"contoso": CLASSIC}))


def only(plan: Plan) -> Pending:
    """The one thing that is pending."""
    (found,) = plan.pending
    return found


def test_a_task_that_is_still_asked_for_is_pending_and_says_how_to_end_it() -> None:
    found = pending_task(a_task(), a_desired(owner="else"), TURN_OFF, NOW)
    assert (found.since, found.deadline, found.overdue, found.withdrawn) == (
        NOW.date(),
        date(2027, 2, 28),
        False,
        False,
    )
    assert (found.owner, found.product) == ("it@contoso.example", "VISIO")
    assert (found.detail, found.hint) == (
        "turn-off-recurring by hand",
        "once it is done: reconcile done contoso/visio-plan-2",
    )


@pytest.mark.parametrize(
    ("day", "overdue"), [("2027-02-28T23:59:59", False), ("2027-03-01T00:00:00", True)], ids=["last day", "after it"]
)
def test_it_is_overdue_from_the_day_after_its_last(day: str, overdue: bool) -> None:
    now = datetime.fromisoformat(day).replace(tzinfo=UTC)
    assert pending_task(a_task(), a_desired(), TURN_OFF, now).overdue is overdue


def test_without_a_last_day_it_is_never_overdue() -> None:
    task = an_open_intent(token=token_of(Task(("Bring it back.",))))
    found = pending_task(task, a_desired(owner="it"), TURN_OFF, datetime(2099, 1, 1, tzinfo=UTC))
    assert (found.deadline, found.overdue, found.owner) == (None, False, "it")


@pytest.mark.parametrize(
    "decision",
    [
        pytest.param(Converged(), id="nothing is left to ask"),
        pytest.param(Move(Kind.TURN_ON, Recurring.ON, Cancel.NONE), id="the contrary"),
        pytest.param(Move(Kind.CANCEL_AT_RENEWAL, Recurring.OFF, Cancel.AT_RENEWAL), id="something like it"),
    ],
)
def test_a_task_that_the_specs_ask_no_more_is_withdrawn_and_not_overdue(decision: Converged | Move) -> None:
    found = pending_task(a_task(), a_desired(), decision, datetime(2099, 1, 1, tzinfo=UTC))
    assert (found.withdrawn, found.overdue) == (True, False)
    assert found == let_go_task(a_task(), PLACE, None)
    assert "reconcile done contoso/visio-plan-2" in found.hint


def test_a_task_that_nobody_was_given_is_issued_anew() -> None:
    plan = planned(an_open_intent(), a_stored(), recurring=Recurring.OFF)
    assert (only(plan).withdrawn, only(plan).hint) == (True, "an apply issues it anew")
    assert [change.kind for change in plan.changes] == [Kind.TURN_OFF]


def test_a_pending_task_is_asked_for_once() -> None:
    plan = planned(a_task(), a_stored(), recurring=Recurring.OFF)
    assert (plan.changes, only(plan).withdrawn, plan.unchanged) == ((), False, 0)


def test_a_wish_that_moved_on_is_a_task_of_its_own() -> None:
    plan = planned(a_task(), a_stored(), cancel=Cancel.AT_RENEWAL)
    assert ([change.kind for change in plan.changes], only(plan).withdrawn) == ([Kind.CANCEL_AT_RENEWAL], True)


def test_what_is_declared_without_a_pair_asks_for_nothing() -> None:
    plan = planned(a_task(), a_stored(), labels={})
    assert (only(plan).withdrawn, plan.changes) == (True, ())


def test_what_no_file_declares_asks_for_nothing() -> None:
    plan = planned(a_task(), a_stored(owner="it"))
    assert (only(plan).withdrawn, plan.unmanaged, plan.changes) == (True, (a_key(),), ())
    assert only(planned(a_task(source=None), a_stored())).place.location.file == ""
    assert planned(an_open_intent(), a_stored()).pending == ()


@pytest.mark.parametrize(
    ("wish", "kinds"),
    [
        pytest.param({"recurring": Recurring.OFF}, [Kind.REGISTER, Kind.TURN_OFF], id="off is asked for"),
        pytest.param({"cancel": Cancel.AT_RENEWAL}, [Kind.REGISTER, Kind.CANCEL_AT_RENEWAL], id="so is a cancellation"),
        pytest.param({"recurring": Recurring.ON}, [Kind.REGISTER], id="on is what everything begins with"),
        pytest.param({"labels": {}}, [Kind.REGISTER], id="nothing is asked for"),
    ],
)
def test_a_new_record_renews_until_somebody_has_seen_to_it(wish: dict[str, Any], kinds: list[Kind]) -> None:
    plan = planned(None, None, **wish)
    assert [change.kind for change in plan.changes] == kinds
    assert (plan.changes[0].after["recurring"], plan.changes[0].after["cancellation"]) == ("on", "none")
    assert plan.changes[0].declares is ("labels" not in wish)


def test_a_new_record_that_its_spec_protects_is_not_ended() -> None:
    plan = planned(None, None, recurring=Recurring.OFF, protect=True)
    assert [change.kind for change in plan.changes] == [Kind.REGISTER]
    assert [item.code for item in plan.blocked] == ["protected"]

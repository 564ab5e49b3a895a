"""A task says where to go, what to do there and until when, by the agreement of the account, and is never done."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from reconciler.changes import INTENTS, Kind
from reconciler.consequences import Impact
from reconciler.providers.manual import ManualProvider, task_for
from reconciler.settings import AccountSettings
from reconciler.tasks import AGREEMENTS, OPTIONS, PRODUCT, Task, task_of
from tests.builders import a_change, a_run, a_stored


def asked(kind: Kind, agreement: str | None = None, **fields: str) -> Task:
    """The task for a change of that kind under that agreement."""
    account = AccountSettings("contoso", "manual", options={} if agreement is None else {"agreement": agreement})
    row = a_stored(id="sub-1", owner="it@contoso.example")
    change = a_change(kind, product="VISIOCLIENT", reason="moved to another tool", **fields)
    return task_for(account, change, row, a_run())


def test_it_is_issued_as_a_token_and_nothing_more() -> None:
    accepted = ManualProvider().issue(AccountSettings("contoso", "manual"), a_change(), a_stored(), a_run())
    assert task_of(accepted.token) == task_for(AccountSettings("contoso", "manual"), a_change(), a_stored(), a_run())
    assert (ManualProvider.name, ManualProvider.options) == ("manual", OPTIONS)


def test_it_says_who_asks_on_which_decision_and_why() -> None:
    task = asked(Kind.TURN_OFF)
    assert (task.asked_by, task.commit, task.why) == ("ada", "c0ffee1", "moved to another tool")
    assert (task.owner, task.deadline) == ("it@contoso.example", date(2027, 2, 28))


@pytest.mark.parametrize("agreement", AGREEMENTS)
@pytest.mark.parametrize("kind", sorted(INTENTS))
def test_every_change_of_the_pair_has_its_steps_under_every_agreement(kind: Kind, agreement: str) -> None:
    steps = asked(kind, agreement).steps
    assert len(steps) >= 4
    assert any(f"{PRODUCT} (sub-1)" in step for step in steps[:3])
    assert steps[-2] == "Then record it: reconcile done contoso/visio-plan-2 --evidence 'WHAT SHOWS IT'"
    assert steps[-1] == "If it cannot be done: reconcile done contoso/visio-plan-2 --failed 'WHY'"
    assert not any("{" in step.replace(PRODUCT, "") for step in steps)


@pytest.mark.parametrize(
    ("kind", "agreement", "step"),
    [
        pytest.param(Kind.TURN_OFF, "microsoft-customer-agreement", "choose Off, and Save.", id="recurring off"),
        pytest.param(
            Kind.CANCEL_AT_RENEWAL,
            "microsoft-customer-agreement",
            "choose Off, and Save.",
            id="a customer agreement knows no cancellation at renewal",
        ),
        pytest.param(
            Kind.CANCEL_AT_RENEWAL,
            "microsoft-online-services",
            "Cancel before the next renewal date",
            id="online services do",
        ),
        pytest.param(Kind.CANCEL_NOW, "microsoft-online-services", "25 licences", id="and bar many licences"),
        pytest.param(Kind.CANCEL_NOW, "microsoft-customer-agreement", "window is over: stop", id="the window"),
        pytest.param(Kind.REACTIVATE, "microsoft-customer-agreement", "another id from now on", id="a new purchase"),
        pytest.param(Kind.TURN_OFF, "microsoft-enterprise", "by an order, not in the admin center", id="an order"),
        pytest.param(Kind.TURN_OFF, "reseller", "Ask the reseller not to let it renew", id="a reseller"),
        pytest.param(Kind.UNDO_CANCEL, None, "set recurring billing to On", id="where nothing is said, a portal"),
    ],
)
def test_the_steps_are_those_of_the_agreement(kind: Kind, agreement: str | None, step: str) -> None:
    assert any(step in line for line in asked(kind, agreement).steps)


@pytest.mark.parametrize("kind", [Kind.TURN_OFF, Kind.CANCEL_AT_RENEWAL])
def test_that_scheduled_changes_are_lost_is_told_before_the_click(kind: Kind) -> None:
    steps = asked(kind, "microsoft-customer-agreement").steps
    warned = next(at for at, step in enumerate(steps) if "scheduled changes" in step)
    assert "choose Off" in steps[warned + 1]


def test_an_id_that_holds_braces_stands_as_it_is() -> None:
    task = task_for(AccountSettings("contoso", "manual"), a_change(), a_stored(id="{key} {x}"), a_run())
    assert task.steps[0] == "Sign in to the vendor's billing portal, and open {product} ({key} {x})."


def test_a_product_is_named_when_the_task_is_shown() -> None:
    task = task_for(AccountSettings("contoso", "manual"), a_change(), a_stored(), a_run()).named("Visio {key}")
    assert task.steps[0] == "Sign in to the vendor's billing portal, and open Visio {key}."


def test_of_an_end_at_once_the_last_day_is_that_of_its_window() -> None:
    change = a_change(Kind.CANCEL_NOW)
    account, row = AccountSettings("contoso", "manual"), a_stored()
    closes = replace(change, impact=Impact(window_closes=datetime(2026, 12, 1, tzinfo=UTC)))
    assert task_for(account, closes, row, a_run()).deadline == date(2026, 11, 30)
    for open_end in (change, replace(change, impact=Impact())):
        assert task_for(account, open_end, row, a_run()).deadline == date(2027, 2, 28)


def test_bringing_one_back_has_no_last_day_that_is_known() -> None:
    assert asked(Kind.REACTIVATE).deadline is None

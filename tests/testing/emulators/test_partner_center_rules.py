"""What an update of a subscription comes to, and with which code it is turned away."""

from __future__ import annotations

from typing import Any

import pytest

from reconciler.testing.emulators.partner_center_estate import legacy, seats, usage
from reconciler.testing.emulators.partner_center_rules import updated
from reconciler.testing.emulators.partner_center_wire import TurnedAway
from tests.builders import NOW

CANCEL = {"scheduleType": "TermEnd", "actionType": "Cancel"}
EXTEND = {"scheduleType": "TermEnd", "actionType": "RenewToExtendedServiceTerm"}
RENEW = {"scheduleType": "TermEnd", "actionType": "RenewToNewTerm"}
MOVE = {"scheduleType": "TermEnd", "actionType": "Transition"}


def values(fields: dict[str, Any], others: dict[str, Any] | None = None, **changes: Any) -> dict[str, Any]:
    """What the whole subscription with these changes comes to."""
    return updated({"fields": {"id": "x", **fields}, **(others or {})}, {"id": "x", **fields, **changes}, NOW)


def turned_away(fields: dict[str, Any], others: dict[str, Any] | None = None, **changes: Any) -> str:
    with pytest.raises(TurnedAway) as caught:
        values(fields, others, **changes)
    return str(caught.value.response.body["code"])


def test_the_same_again_changes_nothing() -> None:
    assert values(seats(NOW)) == {}


def test_what_is_shown_only_may_come_back_as_it_likes() -> None:
    assert values(seats(NOW), links={"self": {}}, attributes={"etag": "x"}) == {}


@pytest.mark.parametrize("name", ["termDuration", "commitmentEndDate", "billingCycle", "invented"])
def test_what_cannot_be_changed_is_turned_away(name: str) -> None:
    changes: dict[str, Any] = {name: "x"}
    assert turned_away(seats(NOW), **changes) == "3000"


def test_off_deletes_what_is_scheduled_for_the_next_term() -> None:
    fields = seats(NOW, scheduledNextTermInstructions={"quantity": 3}, nextChargeInstructions={"quantity": 3})
    gone = {"scheduledNextTermInstructions": None, "nextChargeInstructions": None}
    assert values(fields, autoRenewEnabled=False) == {"autoRenewEnabled": False, **gone}


def test_other_seats_delete_it_too() -> None:
    fields = seats(NOW, scheduledNextTermInstructions={"quantity": 3})
    assert values(fields, quantity=9) == {"quantity": 9, "scheduledNextTermInstructions": None}


@pytest.mark.parametrize(
    ("status", "others", "code"),
    [
        ("deleted", {}, "2011"),
        ("expired", {}, "900279"),
        ("disabled", {}, "900279"),
        ("pending", {}, "800082"),
        ("suspended", {}, "800091"),
        ("active", {"coming": {}}, "800082"),
        ("active", {"renewing": "2026-11-23T00:00:00Z"}, "900278"),
    ],
)
def test_what_takes_no_updates_says_so(status: str, others: dict[str, Any], code: str) -> None:
    assert turned_away(seats(NOW, status=status), others) == code


def test_a_cancellation_in_its_window_drops_everything_else() -> None:
    fields = seats(NOW, days=3, scheduledActions=[CANCEL])
    came = values(fields, status="deleted", friendlyName="lost")
    assert (came["status"], came["autoRenewEnabled"], came["scheduledActions"]) == ("deleted", False, None)
    assert "friendlyName" not in came


@pytest.mark.parametrize("until", [None, "2026-11-23T12:00:00Z"])
def test_a_cancellation_outside_of_it_is_turned_away(until: str | None) -> None:
    assert turned_away(seats(NOW, cancellationAllowedUntilDate=until), status="deleted") == "900117"


def test_the_old_kind_is_not_cancelled() -> None:
    assert turned_away(legacy(NOW), status="deleted") == "800096"


def test_suspending_turns_recurring_off_and_resuming_does_not_turn_it_on() -> None:
    suspended = values(seats(NOW, scheduledNextTermInstructions={"quantity": 3}), status="suspended")
    assert (suspended["autoRenewEnabled"], suspended["scheduledNextTermInstructions"]) == (False, None)
    resumed = values(seats(NOW, status="suspended", autoRenewEnabled=False), status="active")
    assert resumed == {"status": "active", "suspensionReasons": None}


@pytest.mark.parametrize("status", ["expired", "pending", "nonsense"])
def test_no_other_status_can_be_asked_for(status: str) -> None:
    assert turned_away(seats(NOW), status=status) == "800096"


def test_what_is_billed_by_its_use_does_not_renew() -> None:
    assert turned_away(usage(NOW), autoRenewEnabled=True) == "800093"


def test_a_switch_that_is_none_is_turned_away() -> None:
    assert turned_away(seats(NOW), autoRenewEnabled="yes") == "3000"


@pytest.mark.parametrize(
    ("on", "scheduled"),
    [(False, [CANCEL]), (False, [EXTEND]), (True, [RENEW]), (True, [MOVE]), (False, [MOVE, CANCEL]), (True, [])],
)
def test_what_goes_together_is_taken(on: bool, scheduled: list[dict[str, Any]]) -> None:
    assert values(seats(NOW), autoRenewEnabled=on, scheduledActions=scheduled)["scheduledActions"] == scheduled


@pytest.mark.parametrize(
    ("on", "scheduled", "code"),
    [
        (True, [CANCEL], "3000"),
        (True, [EXTEND], "3000"),
        (False, [RENEW], "3000"),
        (False, [CANCEL, EXTEND], "3000"),
        (False, [{"scheduleType": "TermEnd", "actionType": "Explode"}], "900126"),
        (False, [{"actionType": "Cancel"}], "900126"),
    ],
)
def test_what_does_not_is_turned_away(on: bool, scheduled: list[dict[str, Any]], code: str) -> None:
    assert turned_away(seats(NOW), autoRenewEnabled=on, scheduledActions=scheduled) == code


def test_nothing_is_scheduled_for_the_old_kind() -> None:
    assert turned_away(legacy(NOW), autoRenewEnabled=False, scheduledActions=[CANCEL]) == "800042"

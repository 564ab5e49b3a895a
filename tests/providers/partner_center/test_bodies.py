"""What is sent back is everything that was read, with just that changed which the order is about."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from reconciler.providers.partner_center import bodies
from tests.providers.partner_center.partner import published

CANCEL = {"scheduleType": "TermEnd", "actionType": "Cancel"}
EXTEND = {"scheduleType": "TermEnd", "actionType": "RenewToExtendedServiceTerm"}
RENEW = {"scheduleType": "TermEnd", "actionType": "RenewToNewTerm"}
MOVE = {"scheduleType": "TermEnd", "actionType": "Transition", "instructions": {"quantity": 3}}
DATED = {"scheduleType": "CustomDate", "actionType": "Cancel", "effectiveDate": "2027-01-01T00:00:00Z"}

Edit = Callable[[Mapping[str, Any]], dict[str, Any]]


def extended(fields: Mapping[str, Any]) -> dict[str, Any]:
    return bodies.ending(fields, extending=True)


def ended(fields: Mapping[str, Any]) -> dict[str, Any]:
    return bodies.ending(fields, extending=False)


EDITS = [bodies.renewing, ended, extended, bodies.cancelled_at_term_end, bodies.cancelled]
MAY_MOVE = {"autoRenewEnabled", "scheduledActions", "status"}


@pytest.mark.parametrize("edit", EDITS)
@pytest.mark.parametrize("name", ["get-new-commerce", "get-add-on", "get-azure", "schedule-response"])
def test_nothing_else_moves(edit: Edit, name: str) -> None:
    fields = {**published(name), "somethingNew": {"of": ["a", "later", "version"]}, "scheduledActions": [MOVE]}
    before = {key: value for key, value in fields.items() if key not in MAY_MOVE}
    body = edit(fields)
    assert {key: value for key, value in body.items() if key not in MAY_MOVE} == before
    assert fields["scheduledActions"] == [MOVE]


def test_the_published_update_is_made_of_the_published_subscription() -> None:
    sent = published("update-new-commerce-request")
    assert ended({**sent, "autoRenewEnabled": True}) == sent


def test_the_published_cancellation_is_made_of_the_published_subscription() -> None:
    sent = published("cancel-response")
    assert bodies.cancelled({**sent, "status": "active"}) == sent


@pytest.mark.parametrize(
    ("edit", "before", "after"),
    [
        pytest.param(ended, None, None, id="off: nothing is scheduled where nothing was"),
        pytest.param(ended, [], [], id="off: an empty list stays"),
        pytest.param(ended, [CANCEL], [], id="off without a cancellation takes one out"),
        pytest.param(ended, [RENEW, MOVE], [MOVE], id="off takes out that it renews"),
        pytest.param(extended, None, [EXTEND], id="off that accepts the extension says so"),
        pytest.param(extended, [CANCEL, DATED], [DATED, EXTEND], id="the extension takes the cancellation's place"),
        pytest.param(bodies.cancelled_at_term_end, None, [CANCEL], id="a cancellation where nothing was"),
        pytest.param(bodies.cancelled_at_term_end, [EXTEND], [CANCEL], id="a cancellation in the extension's place"),
        pytest.param(bodies.cancelled_at_term_end, [CANCEL], [CANCEL], id="a cancellation that stands"),
        pytest.param(bodies.renewing, None, None, id="on: nothing is scheduled where nothing was"),
        pytest.param(bodies.renewing, [CANCEL, MOVE], [MOVE], id="on takes the cancellation out"),
        pytest.param(bodies.renewing, [EXTEND], [], id="on takes the extension out"),
        pytest.param(bodies.renewing, [RENEW], [RENEW], id="on leaves that it renews"),
        pytest.param(bodies.cancelled, [CANCEL], [CANCEL], id="cancelled now, and nothing else"),
    ],
)
def test_what_is_scheduled_for_the_end_of_the_term(
    edit: Edit, before: list[dict[str, Any]] | None, after: list[dict[str, Any]] | None
) -> None:
    fields = {"id": "x"} | ({} if before is None else {"scheduledActions": before})
    assert edit(fields).get("scheduledActions") == after


def test_a_cancellation_that_stands_with_more_fields_is_left_as_it_is() -> None:
    stands = {"scheduleType": "termEnd", "actionType": "cancel", "effectiveDate": "2027-01-01T00:00:00Z"}
    fields = {"autoRenewEnabled": False, "scheduledActions": [stands]}
    assert bodies.cancelled_at_term_end(fields) == fields


@pytest.mark.parametrize(
    ("edit", "on", "status"),
    [
        (bodies.renewing, True, "active"),
        (ended, False, "active"),
        (extended, False, "active"),
        (bodies.cancelled_at_term_end, False, "active"),
        (bodies.cancelled, True, "deleted"),
    ],
)
def test_each_order_sets_its_own_switch(edit: Edit, on: bool, status: str) -> None:
    fields = {"autoRenewEnabled": edit is not bodies.renewing, "status": "active"}
    body = edit(fields)
    assert (body["autoRenewEnabled"], body["status"]) == (on, status)

"""What Chargebee's words become."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from reconciler_chargebee.convert import Garbled, converted

from reconciler.changes import Kind
from reconciler.model import Cancel, Recurring, Status, Term, TermLength
from reconciler.observed import ObservedSubscription, Unreadable

START, END = datetime(2026, 11, 13, tzinfo=UTC), datetime(2026, 12, 13, tzinfo=UTC)


def a_body(**values: Any) -> dict[str, Any]:
    """A subscription as the documents print it, with other values."""
    body = {
        "id": "AzqYLaTk8Example1",
        "status": "active",
        "billing_period": 1,
        "billing_period_unit": "month",
        "current_term_start": int(START.timestamp()),
        "current_term_end": int(END.timestamp()),
        "subscription_items": [
            {"item_price_id": "analytics-EUR-monthly", "item_type": "plan"},
            {"item_price_id": "seats-EUR-monthly", "item_type": "addon"},
        ],
    }
    return body | values


def seen(**values: Any) -> ObservedSubscription:
    """It, readable."""
    found = converted(a_body(**values))
    assert isinstance(found, ObservedSubscription), found
    return found


@pytest.mark.parametrize(
    ("word", "status"),
    [
        ("future", Status.SCHEDULED),
        ("in_trial", Status.ACTIVE),
        ("active", Status.ACTIVE),
        ("non_renewing", Status.ACTIVE),
        ("paused", Status.SUSPENDED),
        ("cancelled", Status.DISABLED),
        ("transferred", Status.DELETED),
        ("hibernating", Status.UNKNOWN),
    ],
)
def test_every_word_has_a_status(word: str, status: Status) -> None:
    assert (seen(status=word).status, seen(status=word).provider_status) == (status, word)


@pytest.mark.parametrize(
    ("values", "pair"),
    [
        ({}, (Recurring.ON, Cancel.NONE)),
        ({"status": "non_renewing", "cancelled_at": int(END.timestamp())}, (Recurring.OFF, Cancel.AT_RENEWAL)),
        ({"status": "non_renewing", "cancelled_at": int(END.timestamp()) - 86400}, (Recurring.OFF, Cancel.NONE)),
        ({"status": "cancelled", "cancelled_at": int(END.timestamp())}, (Recurring.OFF, Cancel.AT_RENEWAL)),
        ({"status": "cancelled", "cancelled_at": int(START.timestamp())}, (Recurring.OFF, Cancel.IMMEDIATELY)),
        ({"status": "transferred"}, (Recurring.OFF, Cancel.NONE)),
    ],
)
def test_the_pair_is_told_by_when_it_ends(values: dict[str, Any], pair: tuple[Recurring, Cancel]) -> None:
    found = seen(**values)
    assert (found.recurring, found.cancellation) == pair


def test_what_was_bought_is_the_item_price_of_its_plan() -> None:
    found = seen()
    assert (found.product, found.term, found.length) == ("analytics-EUR-monthly", Term(START, END), TermLength.MONTHLY)


def test_the_end_of_a_trial_is_the_end_of_its_term() -> None:
    trial = {"trial_start": int(START.timestamp()), "trial_end": int(END.timestamp())}
    found = seen(status="in_trial", current_term_start=None, current_term_end=None, **trial)
    assert (found.term, found.notes) == (Term(START, END), ("in trial",))


def test_an_end_on_a_date_of_its_own_is_told_and_left_alone() -> None:
    found = seen(status="non_renewing", cancelled_at=int(END.timestamp()) - 86400, has_scheduled_changes=True)
    assert found.notes == ("ends on 2026-12-12, a date of its own", "changes are scheduled for it")
    assert {found.capabilities.barred[kind].code for kind in (Kind.UNDO_CANCEL, Kind.TURN_ON)} == {"ends-on-date"}
    assert Kind.CANCEL_NOW not in found.capabilities.barred


@pytest.mark.parametrize(
    "values",
    [
        {"status": None},
        {"current_term_end": "soon"},
        {"current_term_end": int(START.timestamp())},
        {"subscription_items": None},
        {"subscription_items": []},
    ],
)
def test_what_is_garbled_is_unreadable(values: dict[str, Any]) -> None:
    found = converted(a_body(**values))
    assert isinstance(found, Unreadable)
    assert found.why.code == "unreadable"


def test_what_has_no_id_cannot_even_be_called_unreadable() -> None:
    with pytest.raises(Garbled):
        converted(a_body(id=None))

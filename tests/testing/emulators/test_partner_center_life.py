"""What time does to a subscription that a partner sold."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from reconciler.testing.emulators import partner_center_life as life
from reconciler.testing.emulators.ledger import Document
from reconciler.testing.emulators.partner_center_estate import legacy, seats, usage
from tests.builders import NOW

CANCEL = [{"scheduleType": "TermEnd", "actionType": "Transition"}, {"scheduleType": "TermEnd", "actionType": "Cancel"}]
END = datetime(2027, 8, 15, tzinfo=UTC)
"""Of a year that began a hundred days ago."""


def a_document(fields: dict[str, Any] | None = None, **changes: Any) -> Document:
    return {"fields": fields or seats(NOW, **changes), "version": 1}


def after(document: Document, steps: int = 1) -> Document:
    for _ in range(steps):
        document = life.elapse(document)
    return document


def test_a_renewal_waits_in_the_queue_and_its_window_opens_when_it_is_complete() -> None:
    queued = after(a_document())
    assert queued["fields"]["status"] == "active"
    assert life.due(queued) == END + life.RENEWAL_TAKES
    renewed = after(queued)["fields"]
    assert renewed["effectiveStartDate"].startswith("2027-08-15T00:00:00")
    assert renewed["commitmentEndDateTime"] == "2028-08-14T23:59:59Z"
    assert renewed["cancellationAllowedUntilDate"].startswith("2027-08-22T06:00:00")
    assert life.due(after(queued)) == datetime(2028, 8, 15, tzinfo=UTC)


def test_a_renewal_takes_what_was_scheduled_for_it() -> None:
    next_term = {"product": {"termDuration": "P1M"}, "quantity": 3}
    renewed = after(a_document(scheduledNextTermInstructions=next_term), 2)["fields"]
    assert (renewed["quantity"], renewed["termDuration"]) == (3, "P1M")
    assert renewed["commitmentEndDateTime"] == "2027-09-14T23:59:59Z"
    assert "scheduledNextTermInstructions" not in renewed


def test_a_trial_that_renews_is_one_no_more() -> None:
    assert after(a_document(isTrial=True), 2)["fields"]["isTrial"] is False


def test_the_old_kind_renews_at_its_instant() -> None:
    renewed = after(a_document(legacy(NOW)), 2)["fields"]
    assert renewed["commitmentEndDate"] == "2028-05-07T00:00:00Z"
    assert "cancellationAllowedUntilDate" not in renewed


def test_off_alone_goes_on_as_a_paid_extension_month_by_month() -> None:
    extended = after(a_document(autoRenewEnabled=False))
    assert extended["extended"] is True
    assert extended["fields"]["status"] == "active"
    assert extended["fields"]["commitmentEndDateTime"] == "2027-09-14T23:59:59Z"
    assert after(extended)["fields"]["commitmentEndDateTime"] == "2027-10-14T23:59:59Z"
    stopped = {**extended, "fields": {**extended["fields"], "scheduledActions": CANCEL}}
    assert after(stopped)["fields"]["status"] == "disabled"


def test_a_cancellation_ends_it_with_its_term_without_free_days() -> None:
    ended = after(a_document(autoRenewEnabled=False, scheduledActions=CANCEL))
    assert ended["fields"]["status"] == "disabled"
    assert life.due(ended) == END + timedelta(days=90)
    assert after(ended)["fields"]["status"] == "deleted"
    assert life.due(after(ended)) is None


def test_off_where_nothing_is_extended_expires_is_disabled_and_deleted() -> None:
    document = a_document(legacy(NOW) | {"autoRenewEnabled": False})
    stages = [after(document, steps)["fields"]["status"] for steps in range(4)]
    assert stages == ["active", "expired", "disabled", "deleted"]


def test_a_suspended_one_is_not_renewed() -> None:
    ended = after(a_document(status="suspended"))
    assert ended["fields"]["status"] == "disabled"
    assert life.due(ended) == END + timedelta(days=120)


@pytest.mark.parametrize(("status", "days"), [("expired", 30), ("disabled", 120)])
def test_one_that_was_put_in_a_stage_stays_its_days(status: str, days: int) -> None:
    assert life.due(a_document(status=status)) == END + timedelta(days=days)


def test_what_has_no_end_has_no_time() -> None:
    document = a_document(usage(NOW))
    assert life.due(document) is None
    assert life.elapse(document) == document
    assert life.extends(usage(NOW)) is False
    assert life.due(a_document(status="deleted")) is None


def test_a_slow_update_is_made_when_it_is_due() -> None:
    document = {**a_document(), "coming": {"at": "2026-11-23T13:00:00+00:00", "fields": {"autoRenewEnabled": False}}}
    assert life.due(document) == datetime(2026, 11, 23, 13, tzinfo=UTC)
    made = life.elapse(document)
    assert (made["fields"]["autoRenewEnabled"], made["coming"], made["version"]) == (False, None, 2)

"""What each change leaves of a record."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from types import MappingProxyType

import pytest

from reconciler.changes import Kind
from reconciler.effects import carried_out, confirmation
from reconciler.lifecycle import term_over
from reconciler.model import Cancel, Money, Recurring, Status, StoredSubscription, Term, TermLength
from tests.builders import NAME, NOW, a_change, a_key, a_stored

MONTHLY, ANNUAL, _ = TermLength


def day(text: str) -> datetime:
    """Midnight UTC of `2026-01-31`."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def a_term(start: str, end: str) -> Term:
    return Term(day(start), day(end))


def test_a_confirmation_names_the_key_and_the_first_day_of_the_term() -> None:
    assert confirmation(a_stored()) == "contoso/visio-plan-2@2026-03-01"


class TestRegister:
    def test_everything_declared_is_stored(self) -> None:
        after = {
            "product": "SPB",
            "term": "monthly",
            "billing": "annual",
            "start": "2026-01-31",
            "recurring": "off",
            "cancellation": "none",
            "seats": 25,
            "price": "20.60 EUR",
            "last_charge": "515.00 EUR",
            "owner": "it@contoso.example",
            "labels": {"team": "sales"},
            "protected": True,
        }
        change = a_change(Kind.REGISTER, after=after, external_id="6f0d", declares=True)
        assert carried_out(change, None, NOW) == StoredSubscription(
            key=a_key(NAME),
            product="SPB",
            length=MONTHLY,
            billing=ANNUAL,
            start=date(2026, 1, 31),
            anchor=date(2026, 1, 31),
            term=a_term("2026-10-31", "2026-11-30"),
            recurring=Recurring.OFF,
            id="6f0d",
            seats=25,
            price=Money(2060, "EUR"),
            last_charge=Money(51500, "EUR"),
            owner="it@contoso.example",
            labels={"team": "sales"},
            protected=True,
            declared=True,
        )

    def test_what_is_not_declared_is_empty(self) -> None:
        row = carried_out(a_change(Kind.REGISTER), None, NOW)
        assert (row.id, row.seats, row.price, row.owner) == (None, None, None, None)
        assert (row.labels, row.protected, row.declared) == ({}, False, False)

    def test_a_cancellation_at_renewal_ends_with_the_term_that_holds_now(self) -> None:
        change = a_change(Kind.REGISTER)
        change = replace(change, after={**change.after, "recurring": "off", "cancellation": "at-renewal"})
        row = carried_out(change, None, NOW)
        assert (row.recurring, row.cancellation) == (Recurring.OFF, Cancel.AT_RENEWAL)
        assert (row.requested_at, row.effective_at) == (NOW, day("2027-03-01"))

    def test_a_start_to_come_is_scheduled(self) -> None:
        change = a_change(Kind.REGISTER)
        row = carried_out(replace(change, after={**change.after, "start": "2026-11-24"}), None, NOW)
        assert (row.status, row.term) == (Status.SCHEDULED, a_term("2026-11-24", "2027-11-24"))

    def test_a_start_today_is_active(self) -> None:
        change = a_change(Kind.REGISTER)
        row = carried_out(replace(change, after={**change.after, "start": "2026-11-23"}), None, day("2026-11-23"))
        assert (row.status, row.term) == (Status.ACTIVE, a_term("2026-11-23", "2027-11-23"))


class TestPair:
    def test_turning_off_and_on_moves_recurring_alone(self) -> None:
        row = a_stored()
        off = carried_out(a_change(Kind.TURN_OFF), row, NOW)
        assert off == replace(row, recurring=Recurring.OFF)
        assert carried_out(a_change(Kind.TURN_ON), off, NOW) == row

    def test_cancelling_at_renewal_takes_effect_when_the_term_ends(self) -> None:
        row = carried_out(a_change(Kind.CANCEL_AT_RENEWAL), a_stored(), NOW)
        assert (row.recurring, row.cancellation, row.status) == (Recurring.OFF, Cancel.AT_RENEWAL, Status.ACTIVE)
        assert (row.requested_at, row.effective_at) == (NOW, day("2027-03-01"))

    @pytest.mark.parametrize("recurring", Recurring)
    def test_undoing_that_leaves_no_trace_of_it(self, recurring: Recurring) -> None:
        cancelled = carried_out(a_change(Kind.CANCEL_AT_RENEWAL), a_stored(), NOW)
        undo = a_change(Kind.UNDO_CANCEL, after={"recurring": recurring.value, "cancellation": "none"})
        assert carried_out(undo, cancelled, NOW) == replace(a_stored(), recurring=recurring)

    def test_cancelling_now_disables_at_once(self) -> None:
        row = carried_out(a_change(Kind.CANCEL_NOW), a_stored(), NOW)
        assert (row.recurring, row.cancellation, row.status) == (Recurring.OFF, Cancel.IMMEDIATELY, Status.DISABLED)
        assert (row.requested_at, row.effective_at) == (NOW, NOW)
        assert row.term == a_stored().term

    def test_cancelling_now_leaves_nothing_where_the_rules_delete_at_once(self) -> None:
        row = carried_out(a_change(Kind.CANCEL_NOW, after={"status": "deleted"}), a_stored(), NOW)
        assert (row.status, row.effective_at) == (Status.DELETED, NOW)

    def test_reactivating_leaves_a_paid_extension(self) -> None:
        ended = a_stored(status=Status.DISABLED, recurring=Recurring.OFF, extended=True)
        assert not carried_out(a_change(Kind.REACTIVATE), ended, NOW).extended

    def test_reactivating_starts_a_new_term_and_anchor_that_day(self) -> None:
        ended = a_stored(
            status=Status.EXPIRED,
            recurring=Recurring.OFF,
            cancellation=Cancel.AT_RENEWAL,
            requested_at=NOW,
            effective_at=NOW,
        )
        row = carried_out(a_change(Kind.REACTIVATE), ended, NOW)
        assert (row.status, row.recurring, row.cancellation) == (Status.ACTIVE, Recurring.ON, Cancel.NONE)
        assert (row.requested_at, row.effective_at) == (None, None)
        assert (row.anchor, row.term) == (date(2026, 11, 23), a_term("2026-11-23", "2027-11-23"))
        assert row.start == ended.start


class TestRenameAndUpdate:
    def test_a_rename_moves_the_key_and_nothing_else(self) -> None:
        row = a_stored("contoso/visio", protected=True, declared=True)
        assert carried_out(a_change(Kind.RENAME), row, NOW) == replace(row, key=a_key(NAME))

    def test_an_update_leaves_what_it_does_not_name(self) -> None:
        row = a_stored(seats=3, price=Money(1, "EUR"), owner="ada", labels={"a": "b"}, protected=True)
        assert carried_out(a_change(Kind.UPDATE, after={"seats": 7}), row, NOW) == replace(row, seats=7)

    def test_an_update_takes_all_that_it_names(self) -> None:
        after = {
            "seats": 7,
            "price": "1.50 EUR",
            "last_charge": "9.00 EUR",
            "owner": "bob",
            "labels": {"c": "d"},
            "protected": True,
        }
        row = carried_out(a_change(Kind.UPDATE, after=after), a_stored(owner="ada", labels={"a": "b"}), NOW)
        assert (row.seats, row.price, row.owner) == (7, Money(150, "EUR"), "bob")
        assert row.last_charge == Money(900, "EUR")
        assert (row.labels, row.protected) == ({"c": "d"}, True)

    def test_labels_of_any_mapping_are_stored_and_those_of_a_dictionary_are_not_copied(self) -> None:
        labels = {"c": "d"}
        for said in (labels, MappingProxyType(labels)):
            row = carried_out(a_change(Kind.UPDATE, after={"labels": said}), a_stored(labels={"a": "b"}), NOW)
            assert (row.labels, type(row.labels)) == (labels, dict)
            assert (row.labels is labels) is (said is labels)
        assert carried_out(a_change(Kind.UPDATE, after={"labels": None}), a_stored(labels={"a": "b"}), NOW).labels == {}

    def test_an_update_lifts_protection(self) -> None:
        change = a_change(Kind.UPDATE, after={"protected": False})
        assert not carried_out(change, a_stored(protected=True), NOW).protected


class TestCorrect:
    def test_another_product_or_billing_moves_no_date(self) -> None:
        after = {"product": "SPB", "billing": "monthly"}
        row = carried_out(a_change(Kind.CORRECT, after=after), a_stored(), NOW)
        assert row == replace(a_stored(), product="SPB", billing=MONTHLY)

    def test_another_start_moves_the_anchor_and_the_term(self) -> None:
        row = carried_out(a_change(Kind.CORRECT, after={"start": "2026-04-30"}), a_stored(), NOW)
        assert (row.start, row.anchor) == (date(2026, 4, 30), date(2026, 4, 30))
        assert row.term == a_term("2026-04-30", "2027-04-30")

    def test_another_length_counts_from_the_same_anchor(self) -> None:
        row = a_stored(anchor=date(2026, 5, 31), start=date(2020, 1, 1))
        after = carried_out(a_change(Kind.CORRECT, after={"term": "monthly"}), row, NOW)
        assert (after.length, after.anchor, after.start) == (MONTHLY, date(2026, 5, 31), date(2020, 1, 1))
        assert after.term == a_term("2026-10-31", "2026-11-30")

    def test_a_start_to_come_makes_it_scheduled_and_back(self) -> None:
        ahead = carried_out(a_change(Kind.CORRECT, after={"start": "2027-01-01"}), a_stored(), NOW)
        assert (ahead.status, ahead.term) == (Status.SCHEDULED, a_term("2027-01-01", "2028-01-01"))
        back = carried_out(a_change(Kind.CORRECT, after={"start": "2026-03-01"}), ahead, NOW)
        assert back == a_stored()

    def test_a_start_at_that_very_instant_is_active(self) -> None:
        row = carried_out(a_change(Kind.CORRECT, after={"start": "2026-11-23"}), a_stored(), day("2026-11-23"))
        assert (row.status, row.term) == (Status.ACTIVE, a_term("2026-11-23", "2027-11-23"))

    def test_the_end_of_a_pending_cancellation_moves_along(self) -> None:
        row = carried_out(a_change(Kind.CANCEL_AT_RENEWAL), a_stored(), NOW)
        moved = carried_out(a_change(Kind.CORRECT, after={"start": "2026-04-01"}), row, NOW)
        assert (moved.requested_at, moved.effective_at) == (NOW, day("2027-04-01"))

    def test_a_last_term_that_is_over_is_not_renewed_by_it(self) -> None:
        row = a_stored(recurring=Recurring.OFF, start=date(2025, 3, 1), term=a_term("2025-03-01", "2026-03-01"))
        moved = carried_out(a_change(Kind.CORRECT, after={"start": "2025-02-01"}), row, NOW)
        assert moved.term == a_term("2025-02-01", "2026-02-01")
        assert term_over(moved, NOW)

    def test_what_has_ended_stays_ended(self) -> None:
        row = a_stored(status=Status.DISABLED, recurring=Recurring.OFF)
        assert carried_out(a_change(Kind.CORRECT), row, NOW).status is Status.DISABLED


@pytest.mark.parametrize("kind", [kind for kind in Kind if kind is not Kind.REGISTER])
def test_only_a_registration_needs_no_record(kind: Kind) -> None:
    with pytest.raises(ValueError, match=f"{kind} of {NAME} needs a record"):
        carried_out(a_change(kind), None, NOW)


@pytest.mark.parametrize("kind", [Kind.ADOPT, Kind.FORGET])
def test_what_leaves_no_ledger_record_is_refused(kind: Kind) -> None:
    with pytest.raises(ValueError, match=f"{kind} leaves no ledger record"):
        carried_out(a_change(kind), a_stored(), NOW)


@pytest.mark.parametrize("kind", [kind for kind in Kind if kind not in (Kind.ADOPT, Kind.FORGET)])
def test_that_the_specs_declare_a_pair_is_kept_with_any_change(kind: Kind) -> None:
    declared = carried_out(a_change(kind, declares=True), a_stored(), NOW)
    assert declared.declared
    assert not carried_out(a_change(kind), a_stored(), NOW).declared
    assert kind is Kind.REGISTER or carried_out(a_change(kind), declared, NOW).declared


@pytest.mark.parametrize("kind", [kind for kind in Kind if kind not in (Kind.ADOPT, Kind.FORGET)])
def test_done_twice_at_one_instant_is_done_once(kind: Kind) -> None:
    once = carried_out(a_change(kind), a_stored(start=date(2026, 2, 1)), NOW)
    assert carried_out(a_change(kind), once, NOW) == once

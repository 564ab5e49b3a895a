"""What each change says. Which are made, and in which order, is in test_build."""

from __future__ import annotations

from datetime import date
from types import MappingProxyType

import pytest

from reconciler.changes import Kind, Risk
from reconciler.diagnostics import Location
from reconciler.model import Cancel, Facts, Intent, Money, Recurring, ScheduledIntent, Status, TermLength
from reconciler.proposals import correction, intent_change, registration, released, rename, update
from reconciler.wishes import Move
from tests.builders import PLACE, START, a_desired, a_stored

OFF = Move(Kind.TURN_OFF, Recurring.OFF, Cancel.NONE)


def test_a_registration_says_all_that_is_declared() -> None:
    facts = Facts("SPB", TermLength.ANNUAL, TermLength.MONTHLY, START, 25, Money(2060, "EUR"), Money(51500, "EUR"))
    change = registration(a_desired(facts=facts, owner="ada", labels={"b": "2", "a": "1"}, protect=True))
    assert change.after == {
        "product": "SPB",
        "term": "annual",
        "billing": "monthly",
        "start": "2026-03-01",
        "recurring": "on",
        "cancellation": "none",
        "seats": 25,
        "price": "20.60 EUR",
        "last_charge": "515.00 EUR",
        "owner": "ada",
        "labels": {"a": "1", "b": "2"},
        "protected": True,
    }
    assert (change.before, change.product) == ({}, "SPB")


def test_labels_are_said_by_name_and_not_copied_where_they_stand_so() -> None:
    ordered, other = {"a": "1", "b": "2"}, {"b": "2", "a": "0"}
    change = update(a_desired(labels=ordered), a_stored(labels=other))
    assert change is not None
    assert change.after["labels"] is ordered
    assert list(dict(change.before)["labels"]) == ["a", "b"]  # type: ignore[arg-type]
    frozen = update(a_desired(labels=MappingProxyType(ordered)), a_stored(labels=other))
    assert frozen is not None
    assert type(frozen.after["labels"]) is dict, "what the journal can write"


@pytest.mark.parametrize("fact", ["product", "term", "start"])
def test_a_registration_without_a_fact_that_the_specs_must_have_given_is_our_mistake(fact: str) -> None:
    facts = {"product": "SPB", "term": TermLength.ANNUAL, "start": START, fact: None}
    with pytest.raises(ValueError, match="lacks a fact"):
        registration(a_desired(facts=Facts(**facts)))  # type: ignore[arg-type]


def test_a_rename_stands_at_previously() -> None:
    place = Location("specs/contoso.yaml", 7, 17)
    change = rename(a_desired(fields={"previously": place}), a_stored("contoso/visio"))
    assert (change.before, change.after, change.place) == ({"name": "visio"}, {"name": "visio-plan-2"}, place)


def test_what_is_as_declared_is_neither_corrected_nor_updated() -> None:
    assert correction(a_desired(), a_stored()) is None
    assert update(a_desired(), a_stored()) is None


def test_a_last_charge_is_updated_like_a_price() -> None:
    facts = Facts("CFQ7TTC0HD32", TermLength.ANNUAL, None, START, last_charge=Money(24000, "EUR"))
    change = update(a_desired(facts=facts), a_stored(last_charge=Money(22000, "EUR")))
    assert change is not None
    assert (change.before, change.after) == ({"last_charge": "220.00 EUR"}, {"last_charge": "240.00 EUR"})


def test_the_term_that_a_pair_acts_on_is_part_of_what_is_approved() -> None:
    intent = Intent(Recurring.OFF, None, PLACE)
    change = intent_change(a_desired(intent=intent), intent, OFF, a_stored(), gone=False)
    assert change.before == {"recurring": "on", "cancellation": "none", "term_end": "2027-03-01"}
    assert (change.after, change.risk) == ({"recurring": "off", "cancellation": "none"}, Risk.REVERSIBLE_UNTIL)


@pytest.mark.parametrize(("gone", "left"), [(False, "disabled"), (True, "deleted")])
def test_an_end_at_once_says_which_status_it_leaves(gone: bool, left: str) -> None:
    intent = Intent(None, Cancel.IMMEDIATELY, PLACE)
    now = Move(Kind.CANCEL_NOW, Recurring.OFF, Cancel.IMMEDIATELY)
    change = intent_change(a_desired(intent=intent), intent, now, a_stored(), gone=gone)
    assert (change.before["status"], change.after["status"], change.risk) == ("active", left, Risk.IRREVERSIBLE)


def test_a_dated_intent_is_told_from_an_own_key() -> None:
    intent = Intent(Recurring.OFF, None, PLACE)
    dated = a_desired(intent=intent, schedule=(ScheduledIntent(date(2026, 1, 1), intent),))
    assert intent_change(dated, intent, OFF, a_stored(), gone=False).scheduled
    assert not intent_change(a_desired(intent=intent), intent, OFF, a_stored(), gone=False).scheduled


def test_what_is_released_says_what_stays() -> None:
    listed = released(a_desired(), a_stored(status=Status.ACTIVE, recurring=Recurring.OFF))
    assert "recurring stays off; its last day is 2027-02-28" in listed.detail

"""Sums, dates and events as machines read them: exact, and never a guess."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import UTC, date, datetime, timedelta, timezone

from reconciler.consequences import Amount, Basis, Charge, Impact, Refund, Totals
from reconciler.events import EventKind
from reconciler.model import Decision, TermLength
from reconciler.views.json_values import (
    amount_values,
    due_values,
    event_values,
    impact_values,
    money_values,
    scheduled_values,
    totals_values,
)
from tests.views.cases import CANCELLED, NO_PRICE, at, declared, due, event, money, real_names, timed

NAMES = real_names()


def test_a_sum_is_text_and_exact_number() -> None:
    assert money_values(money("20.60 EUR")) == {"amount": "20.60 EUR", "minor": 2060, "currency": "EUR"}
    assert money_values(money("1200 JPY")) == {"amount": "1200 JPY", "minor": 1200, "currency": "JPY"}


def test_a_sum_that_is_not_known_is_null_and_says_why() -> None:
    assert amount_values(NO_PRICE) == {
        "amount": None,
        "minor": None,
        "currency": None,
        "basis": "not-known",
        "detail": "no price is declared, and there is no price list",
    }


def test_what_does_not_apply_is_not_there() -> None:
    assert impact_values(None) == {}
    assert impact_values(Impact()) == {"side_effects": [], "unknown": []}
    assert impact_values(Impact(expired_days=0))["expired_days"] == 0


def test_what_is_not_known_is_null() -> None:
    found = impact_values(Impact(unknown=("data_deleted", "charge")))
    assert found == {"data_deleted": None, "charge": None, "side_effects": [], "unknown": ["data_deleted", "charge"]}


def test_fields_stand_in_the_order_of_the_vocabulary() -> None:
    everything = tuple(item.name for item in fields(Impact))
    assert tuple(impact_values(Impact(unknown=everything))) == everything


def test_a_charge_says_when_how_often_and_whether_it_is_avoided() -> None:
    impact = Impact(
        charge=Charge(declared("13.10 EUR", "1 x 13.10 EUR"), date(2026, 11, 30), TermLength.MONTHLY, incurred=False)
    )
    assert impact_values(impact)["charge"] == {
        "amount": "13.10 EUR",
        "minor": 1310,
        "currency": "EUR",
        "basis": "declared",
        "detail": "1 x 13.10 EUR",
        "on": "2026-11-30",
        "per": "P1M",
        "incurred": False,
    }


def test_a_refund_says_its_rule_and_how_it_was_worked_out() -> None:
    found = impact_values(CANCELLED)["refund"]
    assert (found["rule"], found["minor"]) == ("prorated", 167345)
    assert found["detail"] == "5 x 338.40 EUR x 361 / 365; 361 of 365 days left, rounded down"
    assert impact_values(Impact(refund=Refund(Amount(None, Basis.UNKNOWN), "not-known")))["refund"]["detail"] == ""


def test_instants_are_utc_but_for_the_local_one() -> None:
    ends = datetime(2026, 12, 30, tzinfo=UTC)
    local = ends.astimezone(timezone(timedelta(hours=2)))
    found = impact_values(Impact(access_ends=ends, access_ends_local=local))
    assert found["access_ends"] == "2026-12-30T00:00:00Z"
    assert found["access_ends_local"] == "2026-12-30T02:00:00+02:00"


def test_totals_stand_by_currency() -> None:
    assert totals_values(Totals({"USD": 5, "EUR": 618000}, {}, {"JPY": 7}, 2)) == {
        "avoided": [
            {"amount": "6180.00 EUR", "minor": 618000, "currency": "EUR"},
            {"amount": "0.05 USD", "minor": 5, "currency": "USD"},
        ],
        "incurred": [],
        "refunded": [{"amount": "7 JPY", "minor": 7, "currency": "JPY"}],
        "unknown": 2,
    }


def test_an_event_says_when_it_happened_and_what_it_moved() -> None:
    assert event_values(event("contoso/a", EventKind.EXPIRED, date(2026, 8, 1), "VISIOCLIENT"), NAMES) == {
        "subscription": "contoso/a",
        "kind": "expired",
        "product": "VISIOCLIENT",
        "product_name": "Visio Plan 2",
        "at": "2026-08-01T00:00:00Z",
        "before": {"status": "active"},
        "after": {"status": "expired"},
    }


def test_a_dated_intent_tells_its_day_its_verb_and_what_follows() -> None:
    first, second = (scheduled_values(item, NAMES) for item in timed()["scheduled"])
    assert (first["on"], first["kind"], first["reason"]) == (
        "2027-02-01",
        "cancel-at-renewal",
        "replaced by the new report",
    )
    assert first["impact"]["last_day"] == "2027-02-13"
    assert (second["kind"], second["impact"], second["source"]["line"]) == (None, {}, 66)


def test_a_renewal_that_is_due_tells_what_it_commits_to() -> None:
    found = due_values(due("contoso/a", declared("6180.00 EUR"), managed=False), NAMES)
    assert (found["on"], found["length"], found["value"]["minor"]) == ("2026-12-14", "P1Y", 618000)
    assert (found["managed"], found["source"], found["decided"]) == (False, None, None)


def test_a_decision_tells_who_took_it() -> None:
    decided = Decision(date(2026, 12, 14), "finance@contoso.example", "needed", at(91))
    found = due_values(replace(due("contoso/a", NO_PRICE), decided=decided), NAMES)
    assert found["decided"] == {
        "for": "2026-12-14",
        "by": "finance@contoso.example",
        "note": "needed",
        "source": {"file": "specs/contoso/licences.yaml", "line": 91, "column": 5},
    }

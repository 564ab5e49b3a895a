"""What an import asks to record: registrations, differences, and what a record does not let happen."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

import pytest

from reconciler.changes import Change, Kind
from reconciler.diagnostics import Location
from reconciler.importing.compare import Observed, compared, differences, overruled, registrations
from reconciler.importing.rows import ImportedRow
from reconciler.model import (
    Cancel,
    DesiredSubscription,
    Facts,
    Money,
    Recurring,
    Status,
    StoredSubscription,
    SubscriptionKey,
    TermLength,
)
from reconciler.plan import Bindings, Plan
from reconciler.stored import StoredState
from tests.builders import NOW, a_desired, a_key, a_stored
from tests.estates import a_rulebook
from tests.importing.files import a_row

KEY = "contoso/visio"
START = date(2026, 3, 31)
FACTS = Facts("VISIOCLIENT", TermLength.MONTHLY, None, START)
PLACE = Location("specs/contoso.yaml", 5, 3)
BINDINGS = Bindings("", "", "lineage", 1)
RULES = a_rulebook("contoso", "fabrikam")


def a_record(key: str = KEY, **fields: Any) -> StoredSubscription:
    """A record of what `a_row` buys."""
    fields = {"product": "VISIOCLIENT", "length": TermLength.MONTHLY, "start": START, **fields}
    return a_stored(key, **fields)


def a_spec(**fields: Any) -> DesiredSubscription:
    """A spec of what `a_row` buys."""
    return a_desired(KEY, **{"facts": FACTS, "place": PLACE, **fields})


def observed(row: ImportedRow, spec: DesiredSubscription | None = None) -> Observed:
    declared = {} if spec is None else {spec.key: spec}
    return Observed("contoso", "estate.csv", {a_key(KEY): row}, declared)


def plan_of(
    row: ImportedRow, record: StoredSubscription | None = None, spec: DesiredSubscription | None = None
) -> Plan:
    rows: dict[SubscriptionKey, StoredSubscription] = {} if record is None else {record.key: record}
    if record is None and spec is None:
        spec = a_spec()
    return compared(observed(row, spec), StoredState("lineage", 1, rows), NOW, BINDINGS, RULES)


def the_change(plan: Plan) -> Change:
    (change,) = plan.changes
    return change


def test_what_has_no_record_is_registered_as_its_spec_says_and_as_the_row_stands() -> None:
    facts = Facts("VISIOCLIENT", TermLength.MONTHLY, None, START, 5, Money(1310, "EUR"))
    spec = a_spec(facts=facts, owner="me", labels={"a": "b"}, protect=True, id="7", recurring=Recurring.ON, own=False)
    change = the_change(plan_of(a_row(line=9, recurring=Recurring.OFF), spec=spec))
    assert change.after == {
        "product": "VISIOCLIENT",
        "term": "monthly",
        "billing": "monthly",
        "start": "2026-03-31",
        "recurring": "off",
        "cancellation": "none",
        "seats": 5,
        "price": "13.10 EUR",
        "owner": "me",
        "labels": {"a": "b"},
        "protected": True,
    }
    assert (change.kind, change.external_id, change.reason) == (Kind.REGISTER, "7", "import of estate.csv")
    assert str(change.place.location) == "estate.csv:9:1"
    assert change.declares


@pytest.mark.parametrize(
    ("pair", "expected"),
    [
        ({}, ("on", "none")),
        ({"recurring": Recurring.ON}, ("on", "none")),
        ({"recurring": Recurring.OFF}, ("off", "none")),
        ({"cancel": Cancel.NONE}, ("on", "none")),
        ({"cancel": Cancel.AT_RENEWAL}, ("off", "at-renewal")),
        ({"recurring": Recurring.OFF, "cancel": Cancel.AT_RENEWAL}, ("off", "at-renewal")),
        ({"recurring": Recurring.OFF, "cancel": Cancel.NONE}, ("off", "none")),
    ],
)
def test_a_record_begins_with_the_pair_of_its_row(pair: Mapping[str, Any], expected: tuple[str, str]) -> None:
    change = the_change(plan_of(a_row(**pair)))
    assert (change.after["recurring"], change.after["cancellation"]) == expected
    assert not change.declares


def test_a_row_that_says_nothing_of_the_pair_begins_with_the_declared_one() -> None:
    change = the_change(plan_of(a_row(), spec=a_spec(recurring=Recurring.OFF)))
    assert change.after["recurring"] == "off"
    assert change.declares


def test_a_spec_with_a_former_name_that_was_never_stored_is_registered_without_a_warning() -> None:
    plan = plan_of(a_row(), spec=a_spec(previously="old"))
    assert the_change(plan).kind is Kind.REGISTER
    assert plan.diagnostics == ()


@pytest.mark.parametrize(
    ("row", "record"),
    [
        pytest.param(a_row(), a_record(), id="the very same"),
        pytest.param(
            a_row(),
            a_record(
                seats=5,
                price=Money(1, "EUR"),
                last_charge=Money(5, "EUR"),
                owner="me",
                id="7",
                labels={"a": "b"},
                recurring=Recurring.OFF,
            ),
            id="empty cells say nothing",
        ),
        pytest.param(
            a_row(term=TermLength.ANNUAL),
            a_record(length=TermLength.ANNUAL, billing=TermLength.MONTHLY),
            id="billing that the row does not state",
        ),
        pytest.param(a_row(labels={"a": "b"}), a_record(labels={"a": "b", "c": "d"}), id="a label that the row lacks"),
        pytest.param(
            a_row(recurring=Recurring.OFF),
            a_record(recurring=Recurring.OFF, cancellation=Cancel.AT_RENEWAL),
            id="off leaves a pending cancellation alone",
        ),
        pytest.param(a_row(), a_record(declared=True), id="a record whose pair was declared"),
    ],
)
def test_a_row_that_fits_its_record_changes_nothing(row: ImportedRow, record: StoredSubscription) -> None:
    plan = plan_of(row, record)
    assert (plan.changes, plan.blocked, plan.released, plan.declared, plan.unchanged) == ((), (), (), frozenset(), 1)


@pytest.mark.parametrize(
    ("row", "record", "kind", "before", "after"),
    [
        pytest.param(
            a_row(seats=30, price=Money(99, "EUR"), last_charge=Money(9, "EUR"), owner="you", labels={"a": "c"}),
            a_record(seats=25, labels={"a": "b", "x": "y"}),
            Kind.UPDATE,
            {"seats": 25, "price": None, "last_charge": None, "owner": None, "labels": {"a": "b", "x": "y"}},
            {
                "seats": 30,
                "price": "0.99 EUR",
                "last_charge": "0.09 EUR",
                "owner": "you",
                "labels": {"a": "c", "x": "y"},
            },
            id="what an update may set",
        ),
        pytest.param(
            a_row(id="7", start=date(2026, 4, 30)),
            a_record(id="7"),
            Kind.CORRECT,
            {"start": "2026-03-31"},
            {"start": "2026-04-30"},
            id="what a correction may set",
        ),
        pytest.param(
            a_row(term=TermLength.ANNUAL),
            a_record(),
            Kind.CORRECT,
            {"term": "monthly", "billing": "monthly"},
            {"term": "annual", "billing": "annual"},
            id="billing goes with the term that it was",
        ),
        pytest.param(
            a_row(recurring=Recurring.OFF),
            a_record(),
            Kind.TURN_OFF,
            {"recurring": "on", "cancellation": "none", "term_end": "2026-11-30"},
            {"recurring": "off", "cancellation": "none"},
            id="turned off at the vendor",
        ),
        pytest.param(
            a_row(recurring=Recurring.ON),
            a_record(recurring=Recurring.OFF),
            Kind.TURN_ON,
            {"recurring": "off", "cancellation": "none", "term_end": "2026-11-30"},
            {"recurring": "on", "cancellation": "none"},
            id="turned on at the vendor",
        ),
        pytest.param(
            a_row(cancel=Cancel.AT_RENEWAL),
            a_record(),
            Kind.CANCEL_AT_RENEWAL,
            {"recurring": "on", "cancellation": "none", "term_end": "2026-11-30"},
            {"recurring": "off", "cancellation": "at-renewal"},
            id="cancelled at the vendor",
        ),
        pytest.param(
            a_row(recurring=Recurring.ON),
            a_record(recurring=Recurring.OFF, cancellation=Cancel.AT_RENEWAL),
            Kind.UNDO_CANCEL,
            {"recurring": "off", "cancellation": "at-renewal", "term_end": "2026-11-30"},
            {"recurring": "on", "cancellation": "none"},
            id="cancellation undone at the vendor",
        ),
    ],
)
def test_a_difference_is_a_change_with_the_file_as_its_reason(
    row: ImportedRow, record: StoredSubscription, kind: Kind, before: Mapping[str, Any], after: Mapping[str, Any]
) -> None:
    plan = plan_of(row, record)
    change = the_change(plan)
    assert (change.kind, change.before, change.after) == (kind, before, after)
    assert change.reason == "import of estate.csv"
    assert str(change.place.location) == "estate.csv:2:1"
    assert not change.declares
    assert differences(plan) == (change,)
    assert registrations(plan) == ()


def test_a_difference_of_a_subscription_with_a_declared_pair_keeps_that_known() -> None:
    plan = plan_of(a_row(recurring=Recurring.OFF), a_record(), a_spec(recurring=Recurring.ON))
    assert the_change(plan).declares


@pytest.mark.parametrize(
    ("record", "code"),
    [
        (a_record(protected=True), "protected"),
        (a_record(status=Status.SUSPENDED), "suspended"),
        (a_record(status=Status.UNKNOWN), "status-unknown"),
    ],
)
def test_what_no_spec_may_do_to_a_record_no_import_may(record: StoredSubscription, code: str) -> None:
    plan = plan_of(a_row(recurring=Recurring.OFF), record)
    assert plan.changes == ()
    assert [item.code for item in plan.blocked] == [code]


def test_an_ended_record_is_not_brought_back_by_a_row() -> None:
    plan = plan_of(a_row(recurring=Recurring.ON), a_record(status=Status.EXPIRED, recurring=Recurring.OFF))
    assert plan.changes == ()
    assert [str(item.key) for item in plan.ended] == [KEY]


def test_records_without_a_row_are_listed_for_this_account_only() -> None:
    records = {row.key: row for row in (a_record(), a_record("contoso/other"), a_record("fabrikam/visio"))}
    plan = compared(observed(a_row()), StoredState("lineage", 1, records), NOW, BINDINGS, RULES)
    assert [str(key) for key in plan.unmanaged] == ["contoso/other"]


def test_a_spec_that_says_otherwise_will_win_and_is_warned_of() -> None:
    facts = Facts("VISIOCLIENT", TermLength.MONTHLY, None, START, 25, Money(1310, "EUR"), Money(32750, "EUR"))
    fields = {"seats": Location("specs/contoso.yaml", 9, 14)}
    spec = a_spec(facts=facts, owner="me", labels={"a": "b", "c": "d"}, fields=fields)
    charge = Money(39300, "EUR")
    row = a_row(
        seats=30, price=Money(1310, "EUR"), last_charge=charge, owner="you", labels={"a": "x", "z": "y"}, id="7"
    )
    found = list(overruled(observed(row, spec)))
    assert [(str(item.location), item.code, item.detail) for item in found] == [
        ("specs/contoso.yaml:9:14", "import-overruled", "contoso/visio: seats is 25, estate.csv:2:1 says 30"),
        (
            "specs/contoso.yaml:5:3",
            "import-overruled",
            "contoso/visio: last_charge is 327.50 EUR, estate.csv:2:1 says 393.00 EUR",
        ),
        ("specs/contoso.yaml:5:3", "import-overruled", "contoso/visio: owner is me, estate.csv:2:1 says you"),
        ("specs/contoso.yaml:5:3", "import-overruled", "contoso/visio: labels is a=b, estate.csv:2:1 says a=x"),
    ]
    assert found[0].hint == "the next apply goes by the spec; if the file is right, write 30 there"


def test_billing_that_a_spec_leaves_to_the_term_can_be_overruled() -> None:
    (found,) = overruled(observed(a_row(billing=TermLength.ANNUAL), a_spec()))
    assert "billing is monthly" in found.detail


def test_a_row_that_no_spec_declares_is_overruled_by_none() -> None:
    assert list(overruled(observed(a_row(seats=1)))) == []

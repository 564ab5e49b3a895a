"""The fingerprint: what is in it, what is not, and that it is the same everywhere."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import fields, replace
from datetime import date, timedelta
from hashlib import sha256

import pytest

from reconciler.changes import Change, JsonValue, Kind, Risk
from reconciler.consequences import Impact
from reconciler.diagnostics import Location
from reconciler.model import Cancel, Facts, Recurring, TermLength
from reconciler.plan import Bindings, Plan, Verdict, approval, canonical, fingerprint
from tests.builders import NAME, NOW, a_change, a_desired, a_key, a_stored
from tests.conftest import REPOSITORY
from tests.estates import BINDINGS, LINEAGE, plan_of

NOTHING = "37387b27a67b70e10af0d9752666fdd331107f59eaa458d2c905ae8a24553354"
ESTATE = "2e7f8b4a20e00cb22383643cf18018621ff22e5ef5e427f1eb1c7f6a484780d2"


def the_estate() -> Plan:
    """A plan with every kind of change that an estate of two accounts can need."""
    facts = Facts("SPB", TermLength.ANNUAL, None, date(2026, 3, 1), 25)
    wanted = [
        a_desired("contoso/new", facts=facts, labels={"team": "sales", "\u00e9": "\u4e2d\U0001f600"}, id="6f0d"),
        a_desired("contoso/off", recurring=Recurring.OFF, reason="moved"),
        a_desired("contoso/renamed", previously="old", cancel=Cancel.AT_RENEWAL),
        a_desired("contoso/gone", cancel=Cancel.IMMEDIATELY, confirm="contoso/gone@2026-03-01"),
        a_desired("fabrikam/back", recurring=Recurring.ON, facts=facts, owner='o"\\\n\u2028'),
    ]
    rows = [a_stored("contoso/off"), a_stored("contoso/old", id="77"), a_stored("contoso/gone")]
    rows.append(a_stored("fabrikam/back", recurring=Recurring.OFF, cancellation=Cancel.AT_RENEWAL))
    return plan_of(wanted, rows)


def by_hand(plan: Plan) -> str:
    """The fingerprint as the contract describes it, by other means."""
    changes = [
        [str(item.key), item.external_id, str(item.kind), dict(item.before), dict(item.after)] for item in plan.changes
    ]
    text = json.dumps(
        [plan.bindings.store_lineage, changes], sort_keys=True, separators=(",", ":"), ensure_ascii=False
    )  # fmt: skip
    return sha256(text.encode()).hexdigest()


def test_fingerprints_are_the_known_ones() -> None:
    assert Plan(NOW, BINDINGS).fingerprint == by_hand(Plan(NOW, BINDINGS)) == NOTHING
    assert the_estate().fingerprint == by_hand(the_estate()) == ESTATE
    assert len(the_estate().changes) == 8


def test_canonical_json_has_one_spelling() -> None:
    assert canonical({"b": [None, True, 1], "a": "\u00e9\n"}) == '{"a":"\u00e9\\n","b":[null,true,1]}'.encode()


CHANGE = a_change(
    Kind.UPDATE, before={"seats": None, "owner": "ada"}, after={"seats": 7, "owner": "bob"}, external_id="6f0d"
)  # fmt: skip
OUTSIDE: Mapping[str, object] = {
    "place": Location("other.yaml", 9, 9),
    "risk": Risk.IRREVERSIBLE,
    "reason": "another",
    "product": "SPB",
    "declares": True,
    "scheduled": True,
    "impact": Impact(),
    "instead_of": "its provider cannot tell it from another",
}
INSIDE: Mapping[str, object] = {
    "key": a_key("contoso/other"),
    "kind": Kind.CORRECT,
    "external_id": None,
    "before": {"seats": 0, "owner": "ada"},
    "after": {"seats": 8, "owner": "bob"},
}


def test_every_field_of_a_change_is_known_to_be_in_or_out() -> None:
    assert {field.name for field in fields(Change)} == INSIDE.keys() | OUTSIDE.keys()


@pytest.mark.parametrize("name", OUTSIDE)
def test_what_only_tells_is_not_in_it(name: str) -> None:
    other = replace(CHANGE, **{name: OUTSIDE[name]})  # type: ignore[arg-type]
    assert other != CHANGE
    assert fingerprint(LINEAGE, [other]) == fingerprint(LINEAGE, [CHANGE])
    assert approval(other) == approval(CHANGE)


@pytest.mark.parametrize("name", INSIDE)
def test_what_is_done_is_in_it(name: str) -> None:
    other = replace(CHANGE, **{name: INSIDE[name]})  # type: ignore[arg-type]
    assert fingerprint(LINEAGE, [other]) != fingerprint(LINEAGE, [CHANGE])
    assert approval(other) != approval(CHANGE)


BASE: dict[str, JsonValue] = {"seats": 1, "labels": {"a": "1"}}


@pytest.mark.parametrize(
    "moved",
    [
        pytest.param({"seats": 2, "labels": {"a": "1"}}, id="a number"),
        pytest.param({"seats": "1", "labels": {"a": "1"}}, id="a text for a number"),
        pytest.param({"seats": True, "labels": {"a": "1"}}, id="true for one"),
        pytest.param({"seats": None, "labels": {"a": "1"}}, id="null"),
        pytest.param({"labels": {"a": "1"}}, id="a field less"),
        pytest.param({"seats": 1, "labels": {"a": "2"}}, id="a label's value"),
        pytest.param({"seats": 1, "labels": {"b": "1"}}, id="a label's name"),
        pytest.param({"seats": 1, "labels": {}}, id="no labels"),
        pytest.param({"seats": 1, "labels": {"a": "1"}, "owner": ""}, id="a field more"),
    ],
)
@pytest.mark.parametrize("side", ["before", "after"])
def test_any_other_value_makes_another(moved: dict[str, JsonValue], side: str) -> None:
    changes = [replace(CHANGE, **{side: value}) for value in (BASE, moved)]  # type: ignore[arg-type]
    assert fingerprint(LINEAGE, changes[:1]) != fingerprint(LINEAGE, changes[1:])


def test_the_order_in_which_values_were_put_together_is_not_in_it() -> None:
    one = replace(CHANGE, after={"seats": 7, "labels": {"a": "1", "b": "2"}})
    other = replace(CHANGE, after={"labels": {"b": "2", "a": "1"}, "seats": 7})
    assert fingerprint(LINEAGE, [one]) == fingerprint(LINEAGE, [other])


def test_the_plans_order_and_the_lineage_are_in_it() -> None:
    one, other = a_change(Kind.TURN_OFF, "contoso/a"), a_change(Kind.TURN_OFF, "contoso/b")
    found = {
        fingerprint(lineage, changes)
        for lineage in (LINEAGE, None, "another")
        for changes in ([one, other], [other, one], [one], [])
    }
    assert len(found) == 12


def test_when_where_and_from_what_a_plan_was_made_is_not_in_it() -> None:
    plan = the_estate()
    bindings = Bindings("other specs", "other settings", LINEAGE, 99, "c0ffee1")
    other = replace(
        plan, as_of=NOW + timedelta(days=1), bindings=bindings, headlines=("x",), blocked=(), unmanaged=(a_key(),)
    )
    assert other.fingerprint == plan.fingerprint


@pytest.mark.parametrize(
    "environment",
    [
        pytest.param({"LC_ALL": "tr_TR.UTF-8", "TZ": "Pacific/Kiritimati", "PYTHONHASHSEED": "0"}, id="far east"),
        pytest.param({"LC_ALL": "C", "TZ": "WEST+11", "PYTHONHASHSEED": "4242"}, id="far west"),
        pytest.param({"LC_ALL": "POSIX", "TZ": "", "PYTHONUTF8": "0", "PYTHONHASHSEED": "random"}, id="nothing set"),
    ],
)
def test_it_is_the_same_under_any_locale_zone_and_hash_seed(environment: dict[str, str]) -> None:
    command = "from tests.test_plan import the_estate; print(the_estate().fingerprint)"
    done = subprocess.run(
        [sys.executable, "-c", command],
        cwd=REPOSITORY,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.stdout.strip(), done.stderr) == (ESTATE, "")


def test_a_plan_counts_its_changes_by_verb() -> None:
    plan = the_estate()
    assert plan.counts == {
        "register": 1,
        "turn-off-recurring": 1,
        "rename": 1,
        "cancel-at-renewal": 1,
        "cancel-now": 1,
        "correct": 1,
        "update": 1,
        "undo-cancel": 1,
    }
    assert plan.counts["forget"] == 0


def test_a_verdict_is_clear_where_nothing_was_refused() -> None:
    assert Verdict(()).clear
    assert approval(a_change())[0] == NAME

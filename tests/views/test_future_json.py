"""The documents of looking ahead: exact sums, every month, and nothing that their schemas do not describe."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import orjson
import pytest

from reconciler.diagnostics import Location, warning
from reconciler.views.future_json import comparison_json, due_json, forecast_json, sum_values, what_if_json
from tests.builders import NOW, a_key
from tests.views.futures import PREMIUM, a_comparison, a_due, a_forecast, hostile, names, ways

FOUND = (warning("decision-fits-nothing", "a summary", Location("a.yaml", 3, 1)),)


def read(document: bytes) -> dict[str, Any]:
    """What a program reads."""
    found: dict[str, Any] = orjson.loads(document)
    return found


def test_a_forecast_has_a_number_for_every_month() -> None:
    found = read(forecast_json(a_forecast(by="account"), names, FOUND))
    assert (found["command"], found["as_of"], found["until"]) == ("forecast", "2026-11-23T12:00:00Z", "2027-03-31")
    assert [part["group"] for part in found["groups"]] == ["contoso", "fabrikam"]
    months = found["total"]["months"]
    assert [month["month"] for month in months] == ["2026-11", "2026-12", "2027-01", "2027-02", "2027-03"]
    assert months[1]["cash"] == [
        {"amount": "4.00 CHF", "minor": 400, "currency": "CHF"},
        {"amount": "515.00 EUR", "minor": 51500, "currency": "EUR"},
    ]
    assert [month["renewals"] for month in months] == [0, 0, 0, 0, 2]
    assert [month["monthly_renewals"] for month in months] == [0, 1, 1, 1, 1]
    assert (found["total"]["charges_not_known"], found["not_known"]) == (1, ["fabrikam/unpriced"])
    assert found["unforeseen"] == ["fabrikam/suspended"]
    assert found["diagnostics"][0]["code"] == "decision-fits-nothing"


def test_what_is_ahead_is_told_one_by_one() -> None:
    found = read(forecast_json(a_forecast(), names))
    assert found["groups"][0]["group"] is None
    assert found["occurrences"][0] == {"on": "2026-11-30", "subscription": "contoso/visio", "occasion": "ends"}
    subject = next(item for item in found["subscriptions"] if item["subscription"] == str(PREMIUM.key))
    assert (subject["product_name"], subject["value"]["minor"], subject["length"]) == (
        "Microsoft 365 Business Premium",
        618000,
        "P1Y",
    )
    assert found["compared"] is None


def test_a_comparison_holds_both_and_the_difference() -> None:
    found = read(comparison_json(a_comparison(), names))
    compared = found["compared"]
    assert compared["what"] == "with ../other"
    assert {item["currency"]: item["minor"] for item in compared["difference"]["total"]["cash"]} == {
        "CHF": 0,
        "EUR": -51500,
    }
    assert compared["difference"]["total"]["renewals"] == -1
    assert [item["occasion"] for item in compared["other"]["occurrences"]].count("ends") == 2


def test_what_is_due_has_its_sums() -> None:
    found = read(due_json(a_due(), names, as_of=NOW, last=date(2027, 3, 23)))
    assert [item["subscription"] for item in found["due"]] == ["contoso/business-premium", "fabrikam/unpriced"]
    assert (found["sums"], found["not_known"]) == ([sum_values(618000, "EUR")], 1)


def test_four_ways_have_their_dates_and_money() -> None:
    found = read(what_if_json(PREMIUM, ways(), names, as_of=NOW))
    by_way = {item["way"]: item for item in found["ways"]}
    assert list(by_way) == ["on", "off", "at-renewal", "now"]
    assert (by_way["on"]["change"], by_way["on"]["renews"], by_way["on"]["impact"]) == (None, "2027-03-01", {})
    assert (by_way["off"]["change"], by_way["off"]["last_day"]) == ("turn-off-recurring", "2027-02-28")
    assert by_way["now"]["cash"] == [sum_values(-12016, "EUR")]
    assert by_way["now"]["impact"]["refund"]["minor"] == 12016


def test_what_is_barred_has_a_code_and_no_money() -> None:
    row = replace(PREMIUM, protected=True)
    found = read(what_if_json(row, ways(row), names, as_of=NOW))
    assert (found["ways"][1]["blocked"]["code"], found["ways"][1]["cash"]) == ("protected", [])


@pytest.mark.parametrize("minor", [-2060, 0, 2060])
def test_sums_may_be_negative(minor: int) -> None:
    assert sum_values(minor, "EUR")["minor"] == minor


def test_hostile_texts_do_nothing() -> None:
    row = hostile()
    for document in (
        forecast_json(a_forecast(row, by="owner"), names),
        due_json(a_due(row), names, as_of=NOW, last=date(2027, 3, 23)),
        what_if_json(row, ways(row), names, as_of=NOW),
    ):
        assert b"\x1b" not in document
        assert read(document)["diagnostics"] == []


def test_an_extension_that_lacks_a_price_or_a_rule_is_not_known_either() -> None:
    found = replace(a_forecast(), perhaps_extended=(a_key("contoso/b"),), unpriced_extensions=(a_key("contoso/a"),))
    assert read(forecast_json(found, names))["not_known"] == ["contoso/a", "contoso/b", "fabrikam/unpriced"]

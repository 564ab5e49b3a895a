"""The documents of `status` and `show`."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import orjson
import pytest

from reconciler.diagnostics import Location, error
from reconciler.documents import StatusDocument
from reconciler.documents.estate import SubscriptionPart
from reconciler.journal import HistoryEntry, OutcomeKind
from reconciler.model import Cancel, Decision, Intent, Money, Recurring, ScheduledIntent
from reconciler.policy import Extension
from reconciler.views.show import Shown
from reconciler.views.status_json import show_json, status_json, status_values
from tests.builders import NOW, PLACE, a_desired, a_lifecycle, a_stored
from tests.views.cases import HOSTILE
from tests.views.test_status import RICH, a_row, ended

ENTRY = HistoryEntry(
    "run-1", NOW, "contoso/b", "update", OutcomeKind.SUCCEEDED, {}, {}, None, None, "ada", None, None, None, None
)  # fmt: skip
ROWS = [
    a_row("contoso/b", labels={"team": "sales"}, id="6f0d", last_charge=Money(500, "JPY"), **RICH),
    a_row("contoso/a", recurring=Recurring.OFF, lifecycle=a_lifecycle(extension=Extension(None)), owner=HOSTILE),
    a_row("contoso/c", managed=False, **ended(200)),
]


def test_the_rows_stand_in_the_order_given_and_as_the_model_says() -> None:
    printed = b"".join(status_json(ROWS, as_of=NOW))
    document = StatusDocument.model_validate_json(printed)
    assert [item.subscription for item in document.subscriptions] == ["contoso/b", "contoso/a", "contoso/c"]
    assert printed.endswith(b"\n}\n")
    assert (document.command, document.as_of) == ("status", "2026-11-23T12:00:00Z")


@pytest.mark.parametrize("count", range(4))
def test_the_document_made_in_parts_is_the_one_that_is_printed_whole(count: int) -> None:
    found = [error("a", 'b "subscriptions": []', Location("a.yaml", 1, 1))]
    printed = b"".join(status_json(ROWS[:count], as_of=NOW, diagnostics=found))
    option = orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE
    whole = orjson.dumps(orjson.loads(printed), option=option)
    assert orjson.loads(printed)["diagnostics"][0]["code"] == "a"
    if count < 2:  # a hostile text is escaped beyond what JSON asks for
        assert printed == whole


def test_each_row_is_a_part_of_its_own() -> None:
    assert len(list(status_json(ROWS, as_of=NOW))) == len(ROWS) + 1


def test_every_field_is_the_models() -> None:
    for row in ROWS:
        assert set(status_values(row)) == set(SubscriptionPart.model_fields)


def test_what_comes_next_and_what_a_term_costs_are_told() -> None:
    rich, unsure, gone = map(status_values, ROWS)
    assert rich["next"] == {"occasion": "renews", "on": "2027-03-01", "sure": True}
    assert (rich["days_left"], rich["labels"], rich["last_charge"]["minor"]) == (98, {"team": "sales"}, 500)
    assert rich["cost"] == {
        "amount": "309000.00 EUR",
        "minor": 30900000,
        "currency": "EUR",
        "basis": "declared",
        "detail": "1250 x 20.60 EUR x 12",
    }
    assert unsure["next"] == {"occasion": "ends", "on": "2027-03-01", "sure": False}
    assert (unsure["cost"]["amount"], unsure["cost"]["basis"]) == (None, "not-known")
    assert (gone["next"], gone["days_left"], gone["cost"], gone["renews"]) == (None, None, None, None)


def test_one_subscription_is_shown_with_its_history() -> None:
    decided = Decision(date(2027, 3, 1), "finance@contoso.example", "budget 2027", PLACE)
    later = ScheduledIntent(date(2027, 1, 1), Intent(Recurring.OFF, None, PLACE, "moving"))
    spec = replace(a_desired("contoso/b"), decided=decided, schedule=(later,))
    document = orjson.loads(show_json(Shown(ROWS[0], spec, NOW, (later,)), [ENTRY], as_of=NOW))
    shown = document["subscription"]
    assert shown["decided"] == {
        "for": "2027-03-01",
        "by": "finance@contoso.example",
        "note": "budget 2027",
        "source": {"file": PLACE.file, "line": PLACE.line, "column": PLACE.column},
    }
    assert [(item["on"], item["recurring"], item["cancel"], item["reason"]) for item in shown["scheduled"]] == [
        ("2027-01-01", "off", None, "moving")
    ]
    assert (shown["window_closes"], shown["start"], shown["anchor"]) == ("2026-11-23T12:00:00Z", *["2026-03-01"] * 2)
    assert shown["source"]["line"] == PLACE.line
    assert [item["run"] for item in document["entries"]] == ["run-1"]
    SubscriptionPart.model_validate_json(orjson.dumps(shown))


def test_what_is_declared_and_not_decided_has_no_decision() -> None:
    shown = orjson.loads(show_json(Shown(ROWS[0], a_desired("contoso/b")), [], as_of=NOW))["subscription"]
    assert shown["decided"] is None
    assert shown["source"] is not None


def test_what_nobody_declares_has_no_place_no_decision_and_no_schedule() -> None:
    row = replace(ROWS[2], record=a_stored("contoso/c", requested_at=NOW, cancellation=Cancel.AT_RENEWAL))
    shown = orjson.loads(show_json(Shown(row), [], as_of=NOW))["subscription"]
    assert (shown["source"], shown["decided"], shown["scheduled"], shown["window_closes"]) == (None, None, [], None)
    assert shown["requested_at"] == "2026-11-23T12:00:00Z"

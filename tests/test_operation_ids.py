"""Ids of operations: the same for a repeat, and for nothing else."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import datetime

import pytest

from reconciler.changes import Change, Kind
from reconciler.events import Event, EventKind
from reconciler.model import SubscriptionKey
from reconciler.operation_ids import event_id, operation_id
from tests.builders import a_change, a_key

LINEAGE = "6d1f0a52-3c8b-4b57-9d0e-8f1f2f6b7a10"


def renewals(name: str, *days: str) -> list[Event]:
    """The events of a record that renewed on these days."""
    return [
        Event(a_key(name), EventKind.RENEWED, datetime.fromisoformat(f"{text}T00:00:00Z"), {"term_end": text}, {})
        for text in days
    ]


class TestOperationId:
    CHANGE = a_change(Kind.UPDATE, after={"seats": 7, "labels": {"a": "1", "b": "2"}})

    def test_the_same_change_from_the_same_serial_has_the_same(self) -> None:
        again = replace(self.CHANGE, reason="told otherwise", after={"labels": {"b": "2", "a": "1"}, "seats": 7})
        assert operation_id(LINEAGE, 7, self.CHANGE) == operation_id(LINEAGE, 7, again)

    @pytest.mark.parametrize(
        "other",
        [
            pytest.param((LINEAGE, 8, CHANGE), id="another serial"),
            pytest.param(("another", 7, CHANGE), id="another store"),
            pytest.param((LINEAGE, 7, replace(CHANGE, key=SubscriptionKey("contoso", "other"))), id="another key"),
            pytest.param((LINEAGE, 7, replace(CHANGE, kind=Kind.CORRECT)), id="another verb"),
            pytest.param((LINEAGE, 7, replace(CHANGE, after={"seats": 8})), id="another value"),
            pytest.param((LINEAGE, 7, replace(CHANGE, external_id="x")), id="another provider id"),
        ],
    )
    def test_any_other_has_another(self, other: tuple[str, int, Change]) -> None:
        assert operation_id(*other) != operation_id(LINEAGE, 7, self.CHANGE)

    def test_it_is_32_hexadecimal_digits(self) -> None:
        assert re.fullmatch("[0-9a-f]{32}", operation_id(LINEAGE, 7, self.CHANGE))

    def test_those_of_one_plan_stand_together_in_an_index(self) -> None:
        event = renewals("contoso/a", "2026-10-01")[0]
        others = [replace(self.CHANGE, key=SubscriptionKey("contoso", str(number))) for number in range(3)]
        ids = [event_id(LINEAGE, 10, event), *(operation_id(LINEAGE, 10, change) for change in others)]
        assert {number[:8] for number in ids} == {"0000000a"}
        assert operation_id(LINEAGE, (5 << 32) + 10, self.CHANGE)[:8] == "0000000a"
        assert max(operation_id(LINEAGE, 9, self.CHANGE), *ids) in ids


def test_an_event_has_an_id_of_its_own_that_a_repeat_shares() -> None:
    first, second = renewals("contoso/a", "2026-10-01", "2026-11-01")
    assert event_id(LINEAGE, 7, first) == event_id(LINEAGE, 7, first)
    others = {event_id(LINEAGE, 7, second), event_id(LINEAGE, 8, first), event_id("other", 7, first)}
    assert len({event_id(LINEAGE, 7, first), *others}) == 4

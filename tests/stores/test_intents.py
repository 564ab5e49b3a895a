"""What is open is found without a look at what is over; a damaged intent is named. What is open is in the contract."""

from __future__ import annotations

import pytest

from reconciler.errors import StoreCorrupt
from reconciler.stores import intents
from tests.builders import a_change, an_entry
from tests.stores.contract import LATER, seen
from tests.stores.outside_contract import accepted, opened
from tests.stores.places import SqlitePlace, place

__all__ = ["place"]


def test_what_is_open_is_found_by_indexes_alone(place: SqlitePlace) -> None:
    store = place.make()
    plan = [row[3] for row in store._connection.execute(f"EXPLAIN QUERY PLAN {intents.OPEN}")]
    assert plan[0] == "SCAN journal USING INDEX journal_intents"
    assert not [step for step in plan[1:] if not step.startswith(("SEARCH", "CORRELATED"))]


@pytest.mark.parametrize(
    ("edit", "why"),
    [
        ("UPDATE journal SET before_values = '[]' WHERE number = 3", "journal entry 3: no JSON object"),
        ("UPDATE journal SET kind = 'renewed' WHERE number = 3", "journal entry 3: 'renewed'"),
        ("UPDATE journal SET at = 'today' WHERE number = 4", "journal entry 3: "),
        ("UPDATE journal SET name = x'ff' WHERE number = 3", "journal entry 3: no text"),
        ("UPDATE journal SET source_line = -1 WHERE number = 3", "journal entry 3: no number"),
        ("UPDATE journal SET token = x'ff' WHERE number = 4", "journal entry 3: no text"),
    ],
)
def test_a_damaged_intent_is_named_and_never_left_out(place: SqlitePlace, edit: str, why: str) -> None:
    entry = an_entry(a_change(key="contoso/a"))
    store = opened(place, entry)
    store.accept("run-2", [accepted(entry)], LATER)
    place.open()._connection.execute(edit)
    with pytest.raises(StoreCorrupt, match=why):
        seen(place)

"""History is read in short pages, none of which is lost or told twice; whose history is whose is in the contract."""

from __future__ import annotations

import pytest

from reconciler.changes import Kind
from reconciler.stores import history
from tests.builders import NOW, a_change, an_entry
from tests.stores.contract import recorded, registered, told
from tests.stores.places import SqlitePlace, place

__all__ = ["place"]


@pytest.mark.parametrize("count", [0, 1, 2, 3, 4, 5])
def test_pages_of_any_size_tell_all(place: SqlitePlace, monkeypatch: pytest.MonkeyPatch, count: int) -> None:
    monkeypatch.setattr(history, "_AT_A_TIME", 2)
    store = recorded(place, *(registered(f"contoso/s-{number}") for number in range(count)))
    assert [line[0] for line in told(store)] == [f"contoso/s-{number}" for number in range(count)]


def test_closed_intents_between_pages_are_passed_over(place: SqlitePlace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(history, "_AT_A_TIME", 2)
    store = recorded(place, registered("contoso/a"))
    for number in range(5):
        entry = an_entry(a_change(Kind.UPDATE, "contoso/a"), operation_id=f"op-{number}")
        store.intend("run-1", [entry])
        store.record("run-1", [entry], NOW)
    assert [kind for _, kind, _ in told(store)] == ["register", *["update"] * 5]
    assert told(store) == told(store, "contoso/a")

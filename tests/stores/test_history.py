"""History is read in short pages, none of which is lost or told twice, and what is recent by an index of its own.

Whose history is whose is in the contract.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from reconciler.brakes import COUNTED
from reconciler.changes import Kind
from reconciler.errors import StoreCorrupt
from reconciler.journal import Outcome, OutcomeKind
from reconciler.stores import history
from tests.builders import NOW, a_change, a_run, an_entry
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
        store.intend("run-1", [entry], NOW)
        store.record("run-1", [entry], NOW)
    assert [kind for _, kind, _ in told(store)] == ["register", *["update"] * 5]
    assert told(store) == told(store, "contoso/a")


def test_recent_changes_are_found_by_their_verb_and_instant_without_a_look_at_any_other(place: SqlitePlace) -> None:
    recorded(place, registered("contoso/a"))
    store = place.open()
    values = ("2026-11-23T12:00:00", *sorted(history.COUNTED))
    plan = [row[3] for row in store._connection.execute(f"EXPLAIN QUERY PLAN {history.RECENT}", values)]
    assert plan[:2] == [
        "SEARCH journal USING INDEX journal_recent (kind=? AND at>?)",
        "SEARCH runs USING INTEGER PRIMARY KEY (rowid=?)",
    ]


def test_what_was_begun_and_accepted_is_recent_until_it_is_over(place: SqlitePlace) -> None:
    store = recorded(place, registered("contoso/a"), registered("contoso/b"))
    asked, only_intended = an_entry(a_change(key="contoso/a")), an_entry(a_change(key="contoso/b"))
    since = datetime(1970, 1, 1, tzinfo=UTC)
    store.intend("run-1", [asked, only_intended], NOW)
    assert list(store.recent(since)) == []
    store.accept("run-1", [replace(asked, outcome=Outcome(OutcomeKind.ACCEPTED, token="{}"))], NOW)
    assert [item.key for item in store.recent(since)] == [asked.change.key]
    assert list(store.recent(datetime(9000, 1, 1, tzinfo=UTC))) == []
    store.record("run-1", [replace(asked, outcome=Outcome(OutcomeKind.FAILED, error="locked"))], NOW)
    assert list(store.recent(since)) == []


def test_what_is_recent_is_what_the_limits_count() -> None:
    assert frozenset().union(*COUNTED.values()) == history.COUNTED


@pytest.mark.parametrize(
    "edit",
    [
        pytest.param("UPDATE journal SET value_minor = 5", id="a value without a currency"),
        pytest.param("UPDATE journal SET at = '2027'", id="an instant that is none"),
        pytest.param("UPDATE runs SET allowed = '{}'", id="flags that are none"),
    ],
)
def test_a_damaged_entry_is_named_and_never_left_out(place: SqlitePlace, edit: str) -> None:
    recorded(place, an_entry(a_change(key="contoso/a")))
    store = place.open()
    store._connection.execute(edit)
    with pytest.raises(StoreCorrupt, match="journal entry 1: "):
        store.recent(NOW)


def test_a_damaged_freeze_is_named(place: SqlitePlace) -> None:
    store = place.make()
    store.set_freeze(a_run("freeze-1", command="freeze"), None)
    store._connection.execute("UPDATE runs SET started_at = 'today'")
    with pytest.raises(StoreCorrupt, match="run freeze-1: "):
        store.freezes()

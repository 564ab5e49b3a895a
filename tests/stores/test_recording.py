"""Large batches are recorded like small ones; what one entry does is in the contract of the stores."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from reconciler.changes import Kind
from reconciler.events import EventKind
from reconciler.journal import Outcome, OutcomeKind
from reconciler.model import Status
from reconciler.stores import recording
from reconciler.stores.check import check_store
from tests.builders import NOW, a_change, a_run, a_stored, an_entry
from tests.stores.contract import recorded, registered, renamed, told
from tests.stores.places import SqlitePlace, place
from tests.stores.time_contract import happened

__all__ = ["place"]


@pytest.fixture(autouse=True)
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that a few entries are many batches."""
    monkeypatch.setattr(recording, "BATCH", 3)
    monkeypatch.setattr(recording, "_LOOKUPS", 2)


def test_entries_over_several_batches_are_one_transaction_with_one_serial(place: SqlitePlace) -> None:
    store = recorded(place, *(registered(f"contoso/s-{number}") for number in range(10)))
    assert store.snapshot().serial == 1
    assert len(store.snapshot().subscriptions) == 10
    assert check_store(place.path, 0.0) == []


def test_a_failure_in_a_late_batch_undoes_the_early_ones(place: SqlitePlace) -> None:
    store = recorded(place, registered("contoso/a"))
    bad = replace(registered("contoso/z"), outcome=Outcome(OutcomeKind.SUCCEEDED, a_stored("contoso/other")))
    with pytest.raises(RuntimeError, match="contoso/z: register must not leave contoso/other"):
        store.record("run-1", [*(registered(f"contoso/s-{number}") for number in range(7)), bad], NOW)
    assert len(told(store)) == 1
    assert len(store.snapshot().subscriptions) == 1


def test_one_record_may_change_in_several_batches(place: SqlitePlace) -> None:
    others = [registered(f"contoso/s-{number}") for number in range(3)]
    store = recorded(
        place,
        registered("contoso/a"),
        *others,
        renamed("contoso/a", "contoso/b"),
        an_entry(a_change(Kind.UPDATE, "contoso/b")),
        an_entry(a_change(Kind.FORGET, "contoso/s-1")),
    )
    assert [key.name for key in store.snapshot().subscriptions] == ["b", "s-0", "s-2"]
    assert check_store(place.path, 0.0) == []


def test_a_record_that_time_moved_many_times_is_left_as_the_last_one_left_it(place: SqlitePlace) -> None:
    after = a_stored("contoso/a", status=Status.DELETED)
    kinds = [EventKind.RENEWED, EventKind.RENEWED, EventKind.EXPIRED, EventKind.DISABLED, EventKind.DELETED]
    events = [happened(kind, after, NOW - timedelta(days=9 - number)) for number, kind in enumerate(kinds)]
    store = recorded(place, registered("contoso/a"), registered("contoso/b"), *events)
    assert store.snapshot().subscriptions[after.key] == after
    assert [entry.kind for entry in store.history(after.key)] == ["register", *kinds]
    assert check_store(place.path, 0.0) == []


def test_an_entry_that_comes_again_in_a_later_batch_is_recorded_once(place: SqlitePlace) -> None:
    entries = [registered(f"contoso/s-{number}") for number in range(5)]
    store = recorded(place, *entries, *entries)
    assert len(told(store)) == 5


def test_many_intents_are_closed_by_their_outcomes(place: SqlitePlace) -> None:
    store = place.make()
    store.begin(a_run())
    entries = [registered(f"contoso/s-{number}") for number in range(7)]
    store.intend("run-1", entries, NOW)
    assert len(store.snapshot().open_intents) == 7
    store.record("run-1", entries, NOW)
    assert store.snapshot().open_intents == {}
    assert check_store(place.path, 0.0) == []

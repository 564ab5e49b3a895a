"""A batch takes few round trips, however many entries it has."""

from __future__ import annotations

from collections.abc import Callable

import psycopg
import pytest

from reconciler.changes import Kind
from tests.builders import a_change, a_run, an_entry
from tests.stores.contract import LATER, recorded, registered
from tests.stores.postgres.places import Room, place, server

__all__ = ["place", "server"]


def _counted(does: Callable[..., object], said: list[object]) -> Callable[..., object]:
    def counted(*words: object, **more: object) -> object:
        said.append(words)
        return does(*words, **more)

    return counted


def test_a_large_batch_takes_few_statements(place: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    keys = [f"contoso/s-{number:03d}" for number in range(300)]
    store = recorded(place, *map(registered, keys))
    store.begin(a_run("run-2"))
    said: list[object] = []
    for name in ("execute", "copy"):
        monkeypatch.setattr(psycopg.Cursor, name, _counted(getattr(psycopg.Cursor, name), said))
    forgotten = [an_entry(a_change(Kind.FORGET, key)) for key in keys[:100]]
    changed = [an_entry(a_change(Kind.UPDATE, key)) for key in keys[100:]]
    assert store.record("run-2", [*forgotten, *changed], LATER) == 2
    monkeypatch.undo()
    assert len(said) <= 18
    assert len(store.snapshot().subscriptions) == 200

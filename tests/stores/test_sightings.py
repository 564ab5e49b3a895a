"""Observations are kept in few steps and read by the key; a damaged one is named. What is kept is in the contract."""

from __future__ import annotations

import pytest

from reconciler.errors import StoreCorrupt
from reconciler.stores import sightings
from tests.builders import a_seen
from tests.stores.outside_contract import LOCKED, an_account, as_kept
from tests.stores.places import SqlitePlace, place
from tests.test_observations import FULL

__all__ = ["place"]


def test_accounts_that_are_looked_up_in_several_statements_are_all_there(
    place: SqlitePlace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sightings, "_LOOKUPS", 2)
    store = place.make()
    many = {name: an_account(a_seen(f"{name}-1"), a_seen(f"{name}-2"), account=name) for name in "abcde"}
    store.keep_observations([*many.values()])
    for asked in ("", "a", "ab", "abc", "abcde"):
        assert store.observations(asked) == {name: as_kept(many[name]) for name in asked}


def test_one_account_is_found_without_a_look_at_the_others(place: SqlitePlace) -> None:
    store = place.make()
    statements: list[str] = []
    store._connection.set_trace_callback(statements.append)
    store.observations(["contoso"])
    store._connection.set_trace_callback(None)
    plans = [
        row[3]
        for statement in statements
        if " FROM observations " in statement or " FROM sightings " in statement
        for row in store._connection.execute(f"EXPLAIN QUERY PLAN {statement}")
    ]
    assert [plan.partition(" USING ")[0] for plan in plans] == ["SEARCH sightings", "SEARCH observations"]


@pytest.mark.parametrize(
    ("edit", "why"),
    [
        ("UPDATE sightings SET at = 'today'", "sighting contoso: at cannot be 'today'"),
        ("UPDATE sightings SET complete = 2", "sighting contoso: complete cannot be '2'"),
        ("DELETE FROM sightings", "observation contoso/6f0d: its account was never observed"),
        ("UPDATE observations SET shown = '{' WHERE id = '6f0d'", "observation contoso/6f0d: "),
        ("UPDATE observations SET shown = 7 WHERE id = '6f0d'", "observation contoso/6f0d: no JSON object"),
        ("UPDATE observations SET shown = x'ff' WHERE id = '6f0d'", "observation contoso/6f0d: "),
        ("UPDATE observations SET obstacle = '{}' WHERE id = 'b'", "observation contoso/b: other than code, detail"),
        ("UPDATE observations SET obstacle = shown WHERE id = '6f0d'", "observation contoso/6f0d: its values are of"),
        ("UPDATE observations SET id = 'z' WHERE id = '6f0d'", "observation contoso/z: its values are of another"),
        ("UPDATE observations SET id = x'ff' WHERE id = 'b'", "observation contoso/.*: its id is no text"),
    ],
)
def test_a_damaged_observation_is_named_and_never_left_out(place: SqlitePlace, edit: str, why: str) -> None:
    store = place.make()
    store.keep_observations([an_account(FULL, unreadable={"b": LOCKED})])
    store._connection.execute(edit)
    with pytest.raises(StoreCorrupt, match=why):
        store.observations()

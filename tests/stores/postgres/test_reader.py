"""What planning reads on a server is what it reads from a file, record for record and line for line."""

from __future__ import annotations

from datetime import timedelta

import pytest

from reconciler.errors import StoreCorrupt
from reconciler.gist import line_of
from tests.builders import NOW, a_key, a_run, a_stored
from tests.stores.contract import recorded, registered, seen, stored
from tests.stores.postgres.places import Room, place, server
from tests.stores.postgres.server import Server

__all__ = ["place", "server"]
HORIZON = NOW + timedelta(days=30)


def test_lines_are_those_of_the_records(place: Room) -> None:
    rows = [a_stored("contoso/a", owner="ada", labels={"team": "x"}, seats=3), a_stored("contoso/b", owner="a\0\x1a")]
    store = recorded(place, *map(stored, rows), registered("fabrikam/c"))
    found = list(store.lines(["contoso"], NOW, HORIZON))
    assert sorted(found) == [("", line_of(row)) for row in rows]


def test_some_records_are_those_that_were_asked_for(place: Room) -> None:
    keys = ["contoso/a", "contoso/b", "fabrikam/c"]
    store = recorded(place, *map(registered, keys), stored(a_stored("contoso/d", id="id-4")))
    assert [str(key) for key in store.some([a_key("contoso/a")], ["contoso"]).subscriptions] == [keys[0], keys[2]]
    assert [str(key) for key in store.some([], ["contoso", "fabrikam"], ["id-4"]).subscriptions] == ["contoso/d"]
    assert store.some(map(a_key, keys), [], ["id-4"]) == store.snapshot()  # type: ignore[arg-type]
    assert not store.has_twins()


def test_two_records_with_one_id_are_twins(place: Room) -> None:
    store = recorded(place, *(stored(a_stored(key, id="id")) for key in ("contoso/a", "contoso/b")))
    assert store.has_twins()


def test_the_next_ends_are_told(place: Room) -> None:
    row = a_stored("contoso/a")
    store = recorded(place, stored(row))
    assert store.next_ends(NOW, row.term.end) == (row.term.end, None)


def test_many_records_are_staged_and_come_back_in_order(place: Room) -> None:
    keys = [f"contoso/s-{number:04d}" for number in range(120)]
    store = recorded(place, *map(registered, reversed(keys)))
    assert [str(key) for key in store.snapshot().subscriptions] == keys
    store.begin(a_run("run-2"))
    assert len(seen(place).subscriptions) == 120


def test_a_row_that_cannot_be_read_is_damage(place: Room, server: Server) -> None:
    recorded(place, registered("contoso/a"))
    server.say("UPDATE reconcile.subscriptions SET start = 'soon'", database="prepared")
    with pytest.raises(StoreCorrupt) as refused:
        seen(place)
    assert refused.value.code == "store-corrupt"
    assert {finding.code for finding in place.postgres.check(None)} == {"store-row"}


def test_a_reader_that_lost_its_connection_looks_again(place: Room, server: Server) -> None:
    recorded(place, registered("contoso/a"))
    reader = place.read()
    assert reader is not None
    server.say("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'reconcile'")
    assert reader.snapshot() == seen(place)

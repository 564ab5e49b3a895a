"""A place on a server: what stands there, who may do what, and whole stores going in and out."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from reconciler.errors import StoreUnwritable
from reconciler.ports import StorePlace
from reconciler.stores.sqlite_place import SqlitePlace
from tests.builders import a_run
from tests.stores.contract import recorded, registered, told
from tests.stores.places import ROOT
from tests.stores.postgres.places import Room, empty, place, server
from tests.stores.postgres.server import Server

__all__ = ["empty", "place", "server"]


def test_the_ports_are_those_of_the_program(place: Room, tmp_path: Path) -> None:
    places: list[StorePlace] = [place.postgres, SqlitePlace(tmp_path / "state.db", 0.0)]
    for one in places:
        assert not one.there()
        assert one.reader() is one.store() is None
        with one.lease(0.0).hold(), one.create("lineage") as store:
            assert store.snapshot().lineage == "lineage"
        assert one.there()
        assert one.check("lineage") == []
        assert [finding.code for finding in one.check("other")] == ["other-store"]
        reader = one.reader()
        assert reader is not None
        reader.close()


def test_two_schemas_of_one_database_are_two_stores(empty: Room) -> None:
    other = Room(f"{empty.url}?schema=team_b")
    recorded(empty, registered("contoso/a"))
    assert other.read() is None
    recorded(other, registered("contoso/b"))
    assert [len(told(one.open())) for one in (empty, other)] == [1, 1]
    other.close()


def test_a_role_that_plans_reads_everything_and_writes_nothing(empty: Room, server: Server) -> None:
    """With the very statements of the documentation."""
    recorded(empty, registered("contoso/a"))
    name = empty.url.rpartition("/")[2]
    text = (ROOT / "docs" / "postgres.md").read_text(encoding="utf-8")
    (grants,) = re.findall(r"```sql planners\n(.*?)```", text, re.DOTALL)
    server.say(*filter(str.strip, grants.replace("estate", name).split(";")), database=name)
    planner = Room(server.url(name, user="planner"))
    reader = planner.read()
    assert reader is not None
    assert reader.snapshot().serial == 1
    assert len(list(reader.history())) == 1
    with pytest.raises(StoreUnwritable) as refused:
        planner.open().begin(a_run("run-2"))
    assert refused.value.code == "read-only-store"
    planner.close()
    server.say("DROP OWNED BY planner", database=name)
    server.say("DROP ROLE planner")


def test_who_fills_a_store_may_think_for_longer_than_who_writes_to_one(place: Room) -> None:
    with place.place()._filling(place.session()) as connection:
        kept = connection.execute("SHOW idle_in_transaction_session_timeout").fetchone()
    assert kept == ("5min",)


def test_a_store_made_anew_of_the_same_export_is_another_branch(empty: Room) -> None:
    recorded(empty, registered("contoso/a"))
    before, lines = empty.open().snapshot(), list(empty.postgres.export())
    assert empty.open().snapshot().branch == before.branch
    empty.session().connection().execute(b"DROP SCHEMA reconcile CASCADE")
    empty.place().take_in(lines)
    after = empty.open().snapshot()
    assert after == before
    assert after.branch != before.branch
    # The numbers of tables may be the same on another server; the names are not.
    assert before.made.partition(" ")[0] != after.made.partition(" ")[0] != ""

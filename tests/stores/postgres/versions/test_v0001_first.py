"""The first schema holds every table of the one description."""

from __future__ import annotations

from reconciler.stores.tables import EXPORTED, HOLDER
from tests.stores.postgres.places import Room, empty, place, server
from tests.stores.postgres.server import Server

__all__ = ["empty", "place", "server"]


def test_tables_are_those_of_the_one_description_and_texts_stand_in_the_order_of_code_points(
    place: Room, server: Server
) -> None:
    said = server.say(
        "SELECT table_name, column_name, collation_name, data_type FROM information_schema.columns"
        " WHERE table_schema = 'reconcile' AND table_name <> 'reconcile_schema'",
        database="prepared",
    )
    for table in (*EXPORTED, HOLDER):
        assert set(table.names) <= {column for name, column, _, _ in said if name == table.name}
    assert {collation for _, _, collation, kind in said if kind == "text"} == {"C"}

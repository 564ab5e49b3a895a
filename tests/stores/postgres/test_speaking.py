"""Texts that PostgreSQL cannot hold go in and come out as they were; long answers come in portions."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from reconciler.stores.postgres.speaking import AT_A_TIME, Streaming, escaped, unescaped
from tests.stores.postgres.places import Room, place, server

__all__ = ["place", "server"]


@given(st.lists(st.text("\0\x1a0a", max_size=8) | st.none() | st.integers(), max_size=4).map(tuple))
def test_every_row_comes_out_as_it_went_in_and_no_text_of_it_has_a_nul(row: tuple[object, ...]) -> None:
    spelled = tuple(escaped(row))
    assert not any("\0" in value for value in spelled if isinstance(value, str))
    assert unescaped(spelled) == row


def test_a_row_without_such_a_text_is_handed_on_as_it_is() -> None:
    row = ("contoso", 7, None)
    assert escaped(row) is row


def test_a_long_answer_is_whole(place: Room) -> None:
    with place.session().reading("SELECT 1") as (connection, _):
        spoken = Streaming(connection)
        found = spoken.stream(f"SELECT number FROM generate_series(1, {AT_A_TIME + 2}) AS number", ())
        assert sum(number for (number,) in found) == (AT_A_TIME + 2) * (AT_A_TIME + 3) // 2
        assert spoken.execute("SELECT 1").fetchone() == (1,)
        assert spoken.execute("SELECT 1, 2 WHERE false").fetchall() == []

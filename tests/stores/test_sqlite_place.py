"""A place for a file: what stands there, and what cannot be looked at."""

from __future__ import annotations

from pathlib import Path

import pytest

from reconciler.errors import StoreError
from reconciler.stores.sqlite_place import SqlitePlace


def test_a_store_is_made_exported_and_taken_in(tmp_path: Path) -> None:
    place, other = SqlitePlace(tmp_path / "a.db", 0.0), SqlitePlace(tmp_path / "b.db", 0.0)
    assert (place.name, place.there(), place.reader(), place.store()) == (str(tmp_path / "a.db"), False, None, None)
    with place.lease(0.0).hold():
        place.create("lineage").close()
    lines = list(place.export())
    other.take_in(lines)
    assert list(other.export()) == lines
    assert other.check("lineage") == []


def test_where_there_is_none_nothing_is_exported(tmp_path: Path) -> None:
    with pytest.raises(StoreError) as refused:
        list(SqlitePlace(tmp_path / "a.db", 0.0).export())
    assert refused.value.code == "no-store"


def test_what_cannot_be_looked_at_is_no_absence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(StoreError) as refused:
        SqlitePlace(tmp_path / "file" / "a.db", 0.0).there()
    assert refused.value.code == "unreadable-store"

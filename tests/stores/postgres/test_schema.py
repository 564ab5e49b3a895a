"""Bringing a schema up to date, whole or not at all; and schemas that are none of ours."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from reconciler.errors import StoreCorrupt, StoreError
from reconciler.stores.postgres import schema
from reconciler.stores.postgres.versions import v0001_first
from tests.stores.contract import recorded, registered
from tests.stores.postgres.places import Room, empty, place, server
from tests.stores.postgres.server import Server

__all__ = ["empty", "place", "server"]

SECOND = """
from alembic import op
revision, down_revision, branch_labels, depends_on = "0002", "0001", None, None
def upgrade():
    op.execute("ALTER TABLE accounts ADD COLUMN note text")
    op.execute("{last}")
"""


def steps(folder: Path, last: str) -> Path:
    """The steps of a release that is one further."""
    shutil.copy(str(v0001_first.__file__), folder)
    (folder / "v0002.py").write_text(SECOND.format(last=last), encoding="utf-8")
    return folder


def test_an_older_schema_is_brought_up_to_date_whole_or_not_at_all(
    empty: Room, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recorded(empty, registered("contoso/a"))
    known = ("0001", "0002")
    monkeypatch.setattr(schema, "VERSIONS", known)
    monkeypatch.setattr(schema.look, "__defaults__", (known,))
    with pytest.raises(StoreError) as refused:
        empty.read()
    assert refused.value.code == "older-store"
    folder = steps(tmp_path, "SELECT 1 / 0")
    with pytest.raises(StoreError):
        schema.prepare(empty.session(), known, folder)
    assert schema.look(empty.session())[0] is schema.Found.BEHIND
    schema.prepare(empty.session(), known, steps(tmp_path, "SELECT 1"))
    assert schema.look(empty.session())[0] is schema.Found.CURRENT
    monkeypatch.undo()
    for act in (empty.read, empty.open):
        with pytest.raises(StoreError) as newer:
            act()
        assert newer.value.code == "newer-store"


def test_somebody_elses_tables_are_left_alone(empty: Room, server: Server) -> None:
    name = empty.url.rpartition("/")[2]
    server.say("CREATE SCHEMA reconcile", "CREATE TABLE reconcile.theirs (id int)", database=name)
    for act in (empty.postgres.there, empty.read, empty.make, empty.lease().hold().__enter__):
        with pytest.raises(StoreCorrupt) as refused:
            act()
        assert refused.value.code == "not-a-store"

"""Bringing a schema up to date, whole or not at all; and schemas that are none of ours."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from reconciler.distributing import Shift, work
from reconciler.errors import LeaseHeld, StoreCorrupt, StoreError
from reconciler.options import Options
from reconciler.runtime import Runtime
from reconciler.stores.postgres import schema
from reconciler.stores.postgres.versions import v0001_first
from tests.stores.contract import recorded, registered
from tests.stores.postgres.places import Room, empty, place, server
from tests.stores.postgres.server import Server

__all__ = ["empty", "place", "server"]

KNOWN = ("0001", "0002")
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


def upgrade(monkeypatch: pytest.MonkeyPatch, folder: Path, last: str = "SELECT 1") -> None:
    """From now on this is a release that is one step further."""
    monkeypatch.setattr(schema, "VERSIONS", KNOWN)
    monkeypatch.setattr(schema.look, "__defaults__", (KNOWN,))
    monkeypatch.setattr(schema.prepare, "__defaults__", (KNOWN, steps(folder, last)))


def behind(room: Room) -> bool:
    return schema.look(room.session(), KNOWN)[0] is schema.Found.BEHIND


def test_an_older_schema_is_brought_up_to_date_whole_or_not_at_all(
    empty: Room, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recorded(empty, registered("contoso/a"))
    upgrade(monkeypatch, tmp_path, "SELECT 1 / 0")
    with pytest.raises(StoreError) as refused:
        empty.read()
    assert refused.value.code == "older-store"
    with empty.postgres.lease(0.0).hold():
        with pytest.raises(StoreError):
            empty.open()
        assert behind(empty)
        steps(tmp_path, "SELECT 1")
        empty.open()
    assert not behind(empty)
    monkeypatch.undo()
    for act in (empty.read, empty.open):
        with pytest.raises(StoreError) as newer:
            act()
        assert newer.value.code == "newer-store"


def test_an_older_schema_stays_as_it_is_while_an_apply_of_the_older_release_has_the_lease(
    empty: Room, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recorded(empty, registered("contoso/a"))
    with empty.lease().hold():
        upgrade(monkeypatch, tmp_path)
        with pytest.raises(LeaseHeld), empty.lease().hold():
            pass
        assert behind(empty)


def test_without_the_lease_an_older_schema_is_not_brought_up_to_date(
    empty: Room, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recorded(empty, registered("contoso/a"))
    upgrade(monkeypatch, tmp_path)
    with pytest.raises(StoreError) as refused:
        empty.open()
    assert refused.value.code == "older-store"
    assert behind(empty)


def test_an_older_schema_is_not_brought_up_to_date_under_a_lease_that_was_lost(
    empty: Room, server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recorded(empty, registered("contoso/a"))
    upgrade(monkeypatch, tmp_path)
    with empty.postgres.lease(0.0).hold():
        server.say("UPDATE reconcile.lease SET fence = fence + 1", database=empty.url.rpartition("/")[2])
        with pytest.raises(StoreError) as refused:
            empty.open()
    assert refused.value.code == "lease-lost"
    assert behind(empty)


def test_a_worker_leaves_an_older_schema_to_the_next_apply(
    empty: Room, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recorded(empty, registered("contoso/a"))
    upgrade(monkeypatch, tmp_path)
    (tmp_path / "reconcile.yaml").write_text("version: 1\naccounts:\n  contoso: {provider: ledger}\n", encoding="utf-8")
    (tmp_path / "specs").mkdir()
    runtime = Runtime(Options(directory=tmp_path, store=empty.url, lock_timeout=0.5), environ={})
    with pytest.raises(StoreError) as refused:
        work(runtime, Shift(until_idle=True), lambda: False)
    assert refused.value.code == "older-store"
    assert behind(empty)


def test_somebody_elses_tables_are_left_alone(empty: Room, server: Server) -> None:
    name = empty.url.rpartition("/")[2]
    server.say("CREATE SCHEMA reconcile", "CREATE TABLE reconcile.theirs (id int)", database=name)
    for act in (empty.postgres.there, empty.read, empty.make, empty.lease().hold().__enter__):
        with pytest.raises(StoreCorrupt) as refused:
            act()
        assert refused.value.code == "not-a-store"

"""What writes, moves or saves a store as a whole while workers carry a run out of it."""

from __future__ import annotations

import pytest

from reconciler.errors import StoreBusy
from reconciler.moving import copy_store
from reconciler.shards import Taken
from reconciler.stores.sqlite_place import SqlitePlace
from tests.cli.outside.crew import place
from tests.cli.outside.world import Outside, barred, outcomes
from tests.cli.test_working import handed_over
from tests.stores.postgres.places import Room, empty, server

__all__ = ["empty", "place", "server"]


def refused(place: Outside, *words: str) -> tuple[int, str, str]:
    """Exit code, code and hint of a command that does nothing."""
    done = place.run(*words, "--format", "json")
    assert "error" in done.document, done
    error = done.document["error"]
    return done.code, error["code"], error["hint"]


def test_a_store_with_a_run_under_way_is_neither_copied_nor_exported(place: Outside, empty: Room) -> None:
    place.end(1)
    _, run = handed_over(place)
    back = place.world.root / "back.db"
    for words in (["copy", empty.url, f"sqlite:///{back}"], ["export", "out.jsonl"]):
        code, name, hint = refused(place, "store", *words)
        assert (code, name) == (4, "run-under-way")
        assert f"reconcile runs {run} --take-back" in hint
    assert not back.exists()
    assert not (place.world.root / "out.jsonl").exists()
    assert place.run("worker", "--until-idle").code == 0
    assert place.run("store", "export", "out.jsonl").code == 0
    assert place.run("store", "copy", empty.url, f"sqlite:///{back}").code == 0
    assert place.effects == ["s1"]


def test_what_was_taken_back_is_copied_and_carried_out_where_the_copy_is(
    place: Outside, empty: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    place.end(1, 2)
    _, run = handed_over(place)
    assert place.run("runs", run, "--take-back").code == 5
    here = f"sqlite:///{place.world.root}/here.db"
    assert place.run("store", "copy", empty.url, here).code == 0
    monkeypatch.setenv("RECONCILE_STORE", here)
    assert place.apply().code == 0
    monkeypatch.setenv("RECONCILE_STORE", empty.url)
    assert place.run("worker", "--until-idle").code == 0
    assert sorted(place.effects) == ["s1", "s2"]


def test_a_run_that_a_worker_has_keeps_the_store_from_being_copied(place: Outside, empty: Room) -> None:
    place.end(1)
    handed_over(place)
    book = empty.book()
    (shard,) = book.open_shards()
    assert isinstance(book.take(shard, "w", 20.0), Taken)
    assert refused(place, "store", "export", "out.jsonl")[:2] == (4, "run-under-way")
    with pytest.raises(StoreBusy, match="1 shard"):
        copy_store(empty.postgres, SqlitePlace(place.world.root / "back.db", 0.0), 0.0)


def test_a_record_that_a_run_has_is_not_forgotten(place: Outside) -> None:
    place.end(1)
    _, run = handed_over(place)
    place.declare()
    lines = (place.world.root / "specs/cloud.yaml").read_text().splitlines(keepends=True)
    place.world.write("specs/cloud.yaml", "".join(lines[:3] + lines[7:]))
    code, name, hint = refused(place, "forget", "cloud/s1")
    assert (code, name, f"reconcile runs {run}" in hint) == (5, "under-way", True)
    assert place.run("forget", "cloud/s2").code == 0
    assert place.run("worker", "--until-idle").code == 0
    assert place.run("forget", "cloud/s1").code == 0
    assert place.effects == ["s1"]


def test_a_record_that_a_run_has_keeps_its_name_until_the_run_is_over(place: Outside) -> None:
    place.end(1)
    handed_over(place)
    text = (place.world.root / "specs/cloud.yaml").read_text()
    place.world.write("specs/cloud.yaml", text.replace("  s1:", "  new:\n    previously: s1"))
    done = place.apply()
    assert (outcomes(done.document), barred(done.document)) == ([], [("new", "outcome-unknown")])
    assert place.run("worker", "--until-idle").code == 0
    assert place.effects == ["s1"]
    assert place.apply().code == 0
    place.converged()
    assert place.effects == ["s1"]

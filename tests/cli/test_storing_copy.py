"""`store copy`: from one place to another, as its user sees it."""

from __future__ import annotations

from tests.cli.world import World
from tests.stores.postgres.places import Room, empty, server

__all__ = ["empty", "server"]

SPEC = """
visio:
  facts: {product: VISIOCLIENT, term: monthly, start: 2026-03-31}
"""


def test_a_store_is_moved_to_a_server_and_an_apply_goes_on_there(world: World, empty: Room) -> None:
    world.specs(SPEC)
    assert world.apply().code == 0
    here = f"sqlite:///{world.store}"
    done = world.run("store", "copy", here, empty.url, "--format", "json", as_of=None)
    assert (done.code, done.document["command"], done.document["serial"]) == (0, "store-copy", 1), done.err
    assert world.run("--dry-run", "--store", empty.url).last == "Renew within 30 days, undecided: 0."
    world.specs(SPEC + "new:\n  facts: {product: SPB, term: annual, start: 2026-02-14}\n")
    assert world.run("--store", empty.url).code == 0
    again = world.run("store", "copy", here, empty.url, as_of=None)
    assert (again.code, "there is a store already" in again.err) == (1, True)
    same = world.run("store", "copy", here, here, "--format", "json", as_of=None)
    assert (same.code, same.document["error"]["code"]) == (64, "same-store")
    back = world.run("store", "copy", empty.url, "sqlite:///back.db", as_of=None)
    assert (back.code, back.out.startswith("Copied: the store ")) == (0, True)
    assert world.run("store", "check", "--store", "sqlite:///back.db", as_of=None).code == 0


def test_a_first_apply_makes_the_store_on_a_server_and_every_command_reads_it(world: World, empty: Room) -> None:
    world.specs(SPEC)
    store = ("--store", empty.url)
    assert world.run("--dry-run", *store).code == 0
    assert world.run(*store).code == 0
    assert world.run("store", "check", *store, as_of=None).last == "The store is sound."
    for words in (["status"], ["show", "contoso/visio"], ["history"], ["store", "export", "out.jsonl"]):
        assert world.run(*words, *store, as_of=None).code == 0
    assert not world.store.exists()


def test_no_message_shows_the_password_of_a_store(world: World) -> None:
    world.specs(SPEC)
    url = "postgresql://ada:hunter2@127.0.0.1:1/estate"
    for words in (["--dry-run"], ["store", "check"], ["store", "copy", url, "sqlite:///x.db"]):
        done = world.run(*words, "--store", url, as_of=None)
        assert done.code == 1
        assert "hunter2" not in done.out + done.err

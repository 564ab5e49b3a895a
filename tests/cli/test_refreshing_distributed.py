"""`reconcile refresh --distributed`: the same looks, kept and told of alike, whoever makes them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from hashlib import sha256
from pathlib import Path

import pytest

from reconciler import distributing
from reconciler.dispatching.queue import Queue
from reconciler.looks import TakenLook
from reconciler.options import Options, SystemClock
from reconciler.outside.pacing import Pacers
from reconciler.runtime import Runtime
from reconciler.shards import Progress
from reconciler.stores.postgres.shards import PostgresShards
from tests.builders import NOW
from tests.cli.outside.houses import COUNT, HOUSES
from tests.cli.outside.world import Outside, outside
from tests.cli.world import Done
from tests.stores.postgres.places import Room, empty, server

__all__ = ["empty", "server"]


@pytest.fixture
def shop(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, empty: Room
) -> Iterator[Outside]:
    """Two accounts at an outside provider, one of them somebody else's, and a store on a server."""
    monkeypatch.setenv("RECONCILE_STORE", empty.url)
    with outside("stripe", tmp_path / "repository", capfd, monkeypatch) as made:
        made.adopt()
        yield made


def with_another(place: Outside, more: str) -> None:
    """Another account beside the first, with one subscription that nobody has."""
    account = f"provider: {place.house.provider}, "
    place.world.write(
        "reconcile.yaml",
        f"version: 1\naccounts:\n  cloud: {{{account}{place.house.account}}}\n  other: {{{account}{more}}}\n",
    )
    place.world.write("specs/other.yaml", "version: 1\naccount: other\nsubscriptions: {x: {id: sub_1None}}\n")


def handed_over(place: Outside, *words: str, code: int = 5) -> str:
    """The run that workers have now."""
    done = place.run("refresh", "--distributed", "--format", "json", *words)
    assert done.code == code, done
    run = str(done.document["run"])
    assert f"Run {run} is with the workers; watch it: reconcile runs {run}" in done.err
    return run


def working_meanwhile(monkeypatch: pytest.MonkeyPatch, act: Callable[[], object] = lambda: None) -> None:
    """A worker comes as soon as somebody waits for one."""
    wait = distributing.once_over

    def waiting(runtime: Runtime, run: str, tell: Callable[[int, int], None]) -> Progress:
        distributing.work(runtime, distributing.Shift(run=run), lambda: False)
        act()
        return wait(runtime, run, tell)

    monkeypatch.setattr(distributing, "once_over", waiting)


def waited_for(place: Outside, monkeypatch: pytest.MonkeyPatch, *words: str) -> Done:
    """A refresh that stays until a worker has done it."""
    with monkeypatch.context() as patched:
        working_meanwhile(patched)
        return place.run("refresh", "--distributed", "--wait", *words)


def digest(room: Room) -> str:
    return sha256(b"".join(room.postgres.export())).hexdigest()


@pytest.mark.parametrize("provider", sorted(HOUSES))
@pytest.mark.parametrize("trouble", ["", "invalid-json", "drop-before-commit", "cursor-loop", "duplicate-id"])
def test_it_leaves_the_store_and_says_what_a_refresh_by_one_process_does(
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    empty: Room,
    provider: str,
    trouble: str,
) -> None:
    monkeypatch.setenv("RECONCILE_STORE", empty.url)
    with outside(provider, tmp_path / "repository", capfd, monkeypatch) as place:
        place.adopt()
        with_another(place, place.house.others)
        place.house.turn(1, on=False)
        place.house.vanish(2)
        place.declare(count=1)

        def instant(seconds: int) -> None:  # retries and turns take time, and are not what is compared
            monkeypatch.setattr(place.hours, "now", lambda: NOW + timedelta(seconds=seconds))

        def refreshed(act: Callable[..., Done]) -> tuple[object, ...]:
            instant(60)
            place.house.emulator.faults.clear()
            if trouble:
                place.fault(trouble, place.house.listing, times=None)
            text = act()
            instant(7200)
            machine = act("--format", "json")
            return text.code, text.out, machine.code, {**machine.document, "run": None}, digest(empty)

        before = list(empty.postgres.export())
        one = refreshed(lambda *words: place.run("refresh", *words))
        store_again(empty, before)
        many = refreshed(lambda *words: waited_for(place, monkeypatch, *words))
    assert many == one
    assert (one[0], one[2]) in ((1, 1), (3, 3))  # the other account is somebody else's


def store_again(room: Room, lines: list[bytes]) -> None:
    """The store as it was."""
    room.session().connection().execute(b"DROP SCHEMA reconcile CASCADE")
    room.place().take_in(lines)


def test_it_is_handed_over_and_a_worker_looks(shop: Outside) -> None:
    shop.hours.wait(60)
    shop.house.turn(1, on=False)
    requests = shop.house.emulator.requests
    run = handed_over(shop)
    assert shop.house.emulator.requests == requests
    waiting = shop.run("runs", run)
    assert (waiting.code, "under way  refresh by" in waiting.out, "0 of 1 account" in waiting.out) == (5, True, True)
    assert f"reconcile worker --run {run}" in waiting.out
    assert shop.run("worker", "--until-idle").code == 0
    over = shop.run("runs", run)
    assert (over.code, "finished  refresh by" in over.out, "1 of 1 account, 1 succeeded" in over.out) == (0, True, True)
    plan = shop.plan("--refresh", "none").document
    assert {item["subscription"] for item in plan["drift"]} == {"cloud/s1"}
    assert plan["sightings"][0]["at"] == "2026-11-23T12:01:00Z"


def test_it_is_no_run_and_no_history(shop: Outside, empty: Room) -> None:
    def told() -> tuple[object, ...]:
        snapshot = empty.open().snapshot()
        return shop.run("history").out, snapshot.serial, snapshot.last_run, snapshot.open_intents, snapshot.unfinished

    before = told()
    handed_over(shop)
    assert told() == before
    assert shop.run("worker", "--until-idle").code == 0
    assert told() == before


def test_one_accounts_trouble_fails_its_own_shard_and_is_told_with_its_code(shop: Outside) -> None:
    with_another(shop, shop.house.others)
    run = handed_over(shop)
    assert shop.run("worker", "--until-idle").code == 0
    told = shop.run("runs", run)
    assert told.code == 5
    assert "2 of 2 accounts, 1 succeeded, 1 failed" in told.out
    assert "  failed: other wrong-tenant: " in told.out
    assert "  next: refresh again: " in told.out
    (document,) = shop.run("runs", run, "--format", "json").document["runs"]
    (failure,) = document["failures"]
    assert (document["command"], document["accounts"], document["done"]) == ("refresh", 2, 2)
    assert (failure["account"], failure["code"]) == ("other", "wrong-tenant")


def test_waiting_for_it_ends_as_a_refresh_does(shop: Outside, monkeypatch: pytest.MonkeyPatch) -> None:
    with_another(shop, shop.house.others)
    done = waited_for(shop, monkeypatch)
    assert (done.code, done.last) == (3, f"Refreshed 1 of 2 accounts, {COUNT} subscriptions, 1 in trouble.")
    assert done.err.rstrip().endswith("is over: 2 of 2 accounts.")


def test_an_account_that_is_stored_as_another_is_not_even_asked(shop: Outside, monkeypatch: pytest.MonkeyPatch) -> None:
    shop.account(shop.house.others)
    requests = shop.house.emulator.requests
    alone = shop.run("refresh", "--distributed")
    assert (alone.code, "with the workers" in alone.err, shop.house.emulator.requests) == (3, False, requests)
    cloud, other = (f"{{provider: stripe, {account}}}" for account in (shop.house.others, shop.house.account))
    shop.world.write("reconcile.yaml", f"version: 1\naccounts:\n  cloud: {cloud}\n  other: {other}\n")
    shop.world.write("specs/other.yaml", "version: 1\naccount: other\nsubscriptions: {x: {id: sub_1None}}\n")
    at_once = shop.run("refresh", "--distributed", "--format", "json")
    (account,) = at_once.document["accounts"]
    assert (at_once.code, account["account"], account["trouble"]["code"]) == (3, "cloud", "wrong-account")
    done = waited_for(shop, monkeypatch, "--format", "json")
    assert (done.code, [item["account"] for item in done.document["accounts"]]) == (3, ["cloud", "other"])


def test_what_was_recorded_as_another_meanwhile_is_not_kept(
    shop: Outside, empty: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.hours.wait(60)
    run = handed_over(shop)
    empty.session().connection().execute(b"UPDATE reconcile.accounts SET tenant = 'acct_1SomebodyElse'")
    assert shop.run("worker", "--run", run).code == 0
    assert "  failed: cloud wrong-account: it was recorded as stripe" in shop.run("runs", run).out
    assert empty.open().observations()["cloud"].at == NOW


def test_only_the_accounts_that_are_named_are_looked_at(shop: Outside) -> None:
    with_another(shop, shop.house.others)
    run = handed_over(shop, "--account", "cloud")
    assert shop.run("worker", "--run", run).code == 0
    assert shop.run("runs", run).code == 0
    wrong = shop.run("refresh", "--distributed", "--account", "clod", "--format", "json")
    assert (wrong.code, wrong.document["error"]["code"]) == (64, "no-such-account")


def test_what_no_worker_came_for_is_taken_back(shop: Outside, empty: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    run = handed_over(shop)
    back = shop.run("runs", run, "--take-back", "--format", "json")
    assert (back.code, back.document["runs"][0]["stage"]) == (5, "taken-back")
    requests = shop.house.emulator.requests
    assert shop.run("worker", "--until-idle").code == 0
    assert shop.house.emulator.requests == requests
    with monkeypatch.context() as patched:
        wait = distributing.once_over

        def taken_back(runtime: Runtime, run: str, tell: Callable[[int, int], None]) -> Progress:
            empty.book().withdraw(run, NOW)
            return wait(runtime, run, tell)

        patched.setattr(distributing, "once_over", taken_back)
        done = shop.run("refresh", "--distributed", "--wait")
    assert (done.code, done.last) == (5, "Nothing was looked at: it was taken back.")


def test_a_freeze_does_not_keep_workers_from_looking(shop: Outside) -> None:
    run = handed_over(shop)
    assert shop.run("freeze", "--reason", "audit").code == 0
    assert shop.run("worker", "--run", run).code == 0
    assert shop.run("runs", run).code == 0


def test_a_refresh_and_an_apply_under_way_at_once_harm_neither(shop: Outside, empty: Room) -> None:
    shop.end(1)
    book, timing = empty.book(), shop.hours.timing(SystemClock())
    (shard,) = book.open_shards(handed_over(shop))
    taken = book.take(shard, "slow", 60.0)
    assert isinstance(taken, TakenLook)
    runtime, began = Runtime(Options(directory=shop.world.root)), shop.hours.now()
    found = distributing._seen(runtime, Pacers(timing), taken.look, lambda: False)
    shop.hours.wait(30)
    assert shop.apply("--distributed").code == 5  # the lease is free, and nothing of it waits for the refresh
    assert shop.run("worker", "--run", applied(shop)).code == 0
    assert shop.effects == ["s1"]
    shop.hours.wait(30)
    book.end_look(taken, replace(found, at=shop.hours.now()), began)
    assert shop.plan("--refresh", "none").document["drift"] == []
    (sighting,) = shop.plan("--refresh", "none").document["sightings"]
    assert sighting["at"] == "2026-11-23T12:00:30Z"
    shop.converged()


def applied(place: Outside) -> str:
    """The run that workers have of an apply."""
    runs = place.run("runs", "--format", "json").document["runs"]
    return str(next(item["run"] for item in runs if item["command"] == "apply"))


@pytest.mark.parametrize(
    ("owner", "name"),
    [(Queue, "prepare"), (PostgresShards, "put_looks"), (Queue, "submit")],
    ids=["queue", "looks", "jobs"],
)
def test_a_refresh_that_dies_while_it_hands_over_leaves_nothing_of_it(
    shop: Outside, empty: Room, monkeypatch: pytest.MonkeyPatch, owner: type, name: str
) -> None:
    act = getattr(owner, name)

    def dying(self: object, *words: object) -> None:
        act(self, *words)
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(owner, name, dying)
        assert shop.run("refresh", "--distributed").code == 130
    assert empty.book().open_shards() == []
    assert {item["command"] for item in shop.run("runs", "--format", "json").document["runs"]} == {"apply"}


def test_without_a_store_there_is_nowhere_to_keep_it(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, empty: Room
) -> None:
    monkeypatch.setenv("RECONCILE_STORE", empty.url)
    with outside("stripe", tmp_path / "new", capfd, monkeypatch) as place:
        assert "there is no store at" in place.run("refresh", "--distributed").err

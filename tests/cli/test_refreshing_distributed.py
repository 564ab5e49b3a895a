"""`reconcile refresh --distributed`: the same looks, kept and told of alike, whoever makes them."""

from __future__ import annotations

from collections.abc import Callable
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
from reconciler.stores.postgres.shards import PostgresShards
from tests.builders import NOW
from tests.cli.outside.crew import a_worker, before_waiting, place
from tests.cli.outside.houses import COUNT, HOUSES
from tests.cli.outside.world import Outside, outside
from tests.cli.world import Done
from tests.stores.postgres.places import Room, empty, server

__all__ = ["empty", "place", "server"]


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


def waited_for(place: Outside, monkeypatch: pytest.MonkeyPatch, *words: str) -> Done:
    """A refresh that stays until a worker has done it."""
    with monkeypatch.context() as patched:
        before_waiting(patched)
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


def test_it_is_handed_over_and_a_worker_looks(place: Outside) -> None:
    place.hours.wait(60)
    place.house.turn(1, on=False)
    requests = place.house.emulator.requests
    run = handed_over(place)
    assert place.house.emulator.requests == requests
    waiting = place.run("runs", run)
    assert (waiting.code, "under way  refresh by" in waiting.out, "0 of 1 account" in waiting.out) == (5, True, True)
    assert f"reconcile worker --run {run}" in waiting.out
    assert place.run("worker", "--until-idle").code == 0
    over = place.run("runs", run)
    assert (over.code, "finished  refresh by" in over.out, "1 of 1 account, 1 succeeded" in over.out) == (0, True, True)
    plan = place.plan("--refresh", "none").document
    assert {item["subscription"] for item in plan["drift"]} == {"cloud/s1"}
    assert plan["sightings"][0]["at"] == "2026-11-23T12:01:00Z"


def test_it_is_no_run_and_no_history(place: Outside, empty: Room) -> None:
    def told() -> tuple[object, ...]:
        snapshot = empty.open().snapshot()
        return place.run("history").out, snapshot.serial, snapshot.last_run, snapshot.open_intents, snapshot.unfinished

    before = told()
    handed_over(place)
    assert told() == before
    assert place.run("worker", "--until-idle").code == 0
    assert told() == before


def test_one_accounts_trouble_fails_its_own_shard_and_is_told_with_its_code(place: Outside) -> None:
    with_another(place, place.house.others)
    run = handed_over(place)
    assert place.run("worker", "--until-idle").code == 0
    told = place.run("runs", run)
    assert told.code == 5
    assert "2 of 2 accounts, 1 succeeded, 1 failed" in told.out
    assert "  failed: other wrong-tenant: " in told.out
    assert "  next: refresh again: " in told.out
    (document,) = place.run("runs", run, "--format", "json").document["runs"]
    (failure,) = document["failures"]
    assert (document["command"], document["accounts"], document["done"]) == ("refresh", 2, 2)
    assert (failure["account"], failure["code"]) == ("other", "wrong-tenant")


def test_waiting_for_it_ends_as_a_refresh_does(place: Outside, monkeypatch: pytest.MonkeyPatch) -> None:
    with_another(place, place.house.others)
    done = waited_for(place, monkeypatch)
    assert (done.code, done.last) == (3, f"Refreshed 1 of 2 accounts, {COUNT} subscriptions, 1 in trouble.")
    assert done.err.rstrip().endswith("is over: 2 of 2 accounts.")


def test_an_account_that_is_stored_as_another_is_not_even_asked(
    place: Outside, monkeypatch: pytest.MonkeyPatch
) -> None:
    place.account(place.house.others)
    requests = place.house.emulator.requests
    alone = place.run("refresh", "--distributed")
    assert (alone.code, "with the workers" in alone.err, place.house.emulator.requests) == (3, False, requests)
    cloud, other = (f"{{provider: stripe, {account}}}" for account in (place.house.others, place.house.account))
    place.world.write("reconcile.yaml", f"version: 1\naccounts:\n  cloud: {cloud}\n  other: {other}\n")
    place.world.write("specs/other.yaml", "version: 1\naccount: other\nsubscriptions: {x: {id: sub_1None}}\n")
    at_once = place.run("refresh", "--distributed", "--format", "json")
    (account,) = at_once.document["accounts"]
    assert (at_once.code, account["account"], account["trouble"]["code"]) == (3, "cloud", "wrong-account")
    done = waited_for(place, monkeypatch, "--format", "json")
    assert (done.code, [item["account"] for item in done.document["accounts"]]) == (3, ["cloud", "other"])


def test_what_was_recorded_as_another_meanwhile_is_not_kept(
    place: Outside, empty: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    place.hours.wait(60)
    run = handed_over(place)
    empty.session().connection().execute(b"UPDATE reconcile.accounts SET tenant = 'acct_1SomebodyElse'")
    assert place.run("worker", "--run", run).code == 0
    assert "  failed: cloud wrong-account: it was recorded as stripe" in place.run("runs", run).out
    assert empty.open().observations()["cloud"].at == NOW


def test_only_the_accounts_that_are_named_are_looked_at(place: Outside) -> None:
    with_another(place, place.house.others)
    run = handed_over(place, "--account", "cloud")
    assert place.run("worker", "--run", run).code == 0
    assert place.run("runs", run).code == 0
    wrong = place.run("refresh", "--distributed", "--account", "clod", "--format", "json")
    assert (wrong.code, wrong.document["error"]["code"]) == (64, "no-such-account")


def test_what_no_worker_came_for_is_taken_back(place: Outside, empty: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    run = handed_over(place)
    back = place.run("runs", run, "--take-back", "--format", "json")
    assert (back.code, back.document["runs"][0]["stage"]) == (5, "taken-back")
    requests = place.house.emulator.requests
    assert place.run("worker", "--until-idle").code == 0
    assert place.house.emulator.requests == requests
    with monkeypatch.context() as patched:
        before_waiting(patched, lambda _, run: empty.book().withdraw(run, NOW))
        done = place.run("refresh", "--distributed", "--wait")
    assert (done.code, done.last) == (5, "Nothing was looked at: it was taken back, or a later refresh took it over.")


def test_a_refresh_every_hour_that_no_worker_comes_for_leaves_one_look_at_each_account(
    place: Outside, empty: Room
) -> None:
    with_another(place, place.house.others)
    first = handed_over(place)
    there = empty.book().open_shards()
    jobs = in_the_queue(empty)
    handed_over(place)
    done = place.run("refresh", "--distributed", "--format", "json")
    assert "2 accounts still waited for a worker; looked at in this run instead." in done.err
    assert (empty.book().open_shards(), in_the_queue(empty)) == (there, jobs)
    given_up = place.run("runs", first)
    assert (given_up.code, "taken back  refresh by" in given_up.out) == (5, True)
    assert "next: refresh again, if no later refresh took over" in given_up.out
    requests = place.house.emulator.requests
    assert place.run("worker", "--until-idle").code == 0
    asked = place.house.emulator.requests - requests
    (last,) = place.run("runs", str(done.document["run"]), "--format", "json").document["runs"]
    assert (last["command"], last["done"], last["outcomes"]) == ("refresh", 2, {"succeeded": 1, "failed": 1})
    assert place.run("refresh").code == 3
    assert asked == place.house.emulator.requests - requests - asked


def in_the_queue(room: Room) -> object:
    with room.open().reading() as spoken:
        return spoken.connection.execute(b"SELECT id, args FROM procrastinate_jobs ORDER BY id").fetchall()


def test_a_look_that_failed_for_good_in_the_queue_is_handed_out_again(place: Outside, empty: Room) -> None:
    handed_over(place)
    with empty.open().together() as spoken:
        spoken.connection.execute(b"UPDATE procrastinate_jobs SET status = 'failed'")
    run = handed_over(place)
    assert place.run("worker", "--until-idle").code == 0
    assert place.run("runs", run).code == 0


def test_what_a_later_refresh_took_over_is_told_to_whoever_waits(
    place: Outside, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_another(place, place.house.others)
    with monkeypatch.context() as patched:

        def meanwhile(runtime: Runtime, run: str) -> None:
            patched.undo()
            assert handed_over(place, "--account", "other") != run
            a_worker(runtime, run)

        before_waiting(patched, meanwhile)
        done = place.run("refresh", "--distributed", "--wait")
    assert (done.code, done.last.partition(". ")[2]) == (5, "1 account taken back, or taken over by a later refresh.")


def test_a_freeze_does_not_keep_workers_from_looking(place: Outside) -> None:
    run = handed_over(place)
    assert place.run("freeze", "--reason", "audit").code == 0
    assert place.run("worker", "--run", run).code == 0
    assert place.run("runs", run).code == 0


def test_a_refresh_and_an_apply_under_way_at_once_harm_neither(place: Outside, empty: Room) -> None:
    place.end(1)
    book, timing = empty.book(), place.hours.timing(SystemClock())
    (shard,) = book.open_shards(handed_over(place))
    taken = book.take(shard, "slow", 60.0)
    assert isinstance(taken, TakenLook)
    runtime, began = Runtime(Options(directory=place.world.root)), place.hours.now()
    found = distributing._seen(runtime, Pacers(timing), taken.look, lambda: False)
    place.hours.wait(30)
    assert place.apply("--distributed").code == 5  # the lease is free, and nothing of it waits for the refresh
    assert place.run("worker", "--run", applied(place)).code == 0
    assert place.effects == ["s1"]
    place.hours.wait(30)
    book.end_look(taken, replace(found, at=place.hours.now()), began)
    assert place.plan("--refresh", "none").document["drift"] == []
    (sighting,) = place.plan("--refresh", "none").document["sightings"]
    assert sighting["at"] == "2026-11-23T12:00:30Z"
    place.converged()


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
    place: Outside, empty: Room, monkeypatch: pytest.MonkeyPatch, owner: type, name: str
) -> None:
    act = getattr(owner, name)

    def dying(self: object, *words: object) -> None:
        act(self, *words)
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(owner, name, dying)
        assert place.run("refresh", "--distributed").code == 130
    assert empty.book().open_shards() == []
    assert {item["command"] for item in place.run("runs", "--format", "json").document["runs"]} == {"apply"}


def test_without_a_store_there_is_nowhere_to_keep_it(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, empty: Room
) -> None:
    monkeypatch.setenv("RECONCILE_STORE", empty.url)
    with outside("stripe", tmp_path / "new", capfd, monkeypatch) as place:
        assert "there is no store at" in place.run("refresh", "--distributed").err

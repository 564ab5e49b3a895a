"""A distributed apply, the worker that carries it out, and `runs`, as their user sees them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from reconciler.dispatching.queue import Queue
from reconciler.runtime import Runtime
from reconciler.stores.postgres.session import Session
from reconciler.stores.postgres.shards import PostgresShards
from reconciler.stores.postgres.store import PostgresStore
from tests.cli.outside.crew import a_worker, before_waiting, place
from tests.cli.outside.world import Outside, outcomes
from tests.cli.world import Done, World
from tests.stores.postgres.places import Room, empty, server

__all__ = ["empty", "place", "server"]


def handed_over(place: Outside, *words: str) -> tuple[Done, str]:
    """What a distributed apply leaves, and the run that workers have now."""
    done = place.apply("--distributed", *words)
    return done, str(done.document["run"])


def test_an_apply_hands_over_and_a_worker_carries_out(place: Outside) -> None:
    place.end(1, 2)
    done, run = handed_over(place)
    assert done.code == 5, done
    assert {item[2] for item in outcomes(done.document)} == {"accepted"}
    assert f"Run {run} is with the workers; watch it: reconcile runs {run}" in done.err
    assert place.effects == []
    worked = place.run("worker", "--until-idle")
    assert worked.code == 0, worked
    assert sorted(place.effects) == ["s1", "s2"]
    told = place.run("runs", run)
    assert (told.code, "finished" in told.out, "2 of 2 changes, 2 succeeded" in told.out) == (0, True, True), told
    place.converged()


def test_a_plan_leaves_alone_what_workers_have(place: Outside) -> None:
    place.end(1)
    _, run = handed_over(place)
    plan = place.plan("--format", "json")
    assert plan.document["changes"] == []
    (pending,) = plan.document["pending"]
    assert f"run {run} carries it out: it waits for a worker" in str(pending)
    again = place.apply()
    assert (again.code, outcomes(again.document)) == (5, [])
    twice, _ = handed_over(place)
    assert (twice.code, outcomes(twice.document), "with the workers" in twice.err) == (5, [], False)
    assert place.run("worker", "--run", run).code == 0
    assert place.effects == ["s1"]
    place.converged()


def test_a_run_that_no_worker_came_for_is_taken_back_and_planned_anew(place: Outside) -> None:
    place.end(1)
    _, run = handed_over(place)
    waiting = place.run("runs", run)
    assert (waiting.code, "none has taken a shard now" in waiting.out) == (5, True)
    assert f"reconcile runs {run} --take-back" in waiting.out
    back = place.run("runs", run, "--take-back", "--format", "json")
    assert (back.code, back.document["runs"][0]["stage"]) == (5, "taken-back")
    assert "Took 1 shards back" in back.err
    assert place.run("worker", "--until-idle").code == 0
    assert place.effects == []
    assert place.apply().code == 0
    assert place.effects == ["s1"]
    place.converged()


def test_waiting_for_the_workers_ends_with_what_became_of_it(place: Outside, monkeypatch: pytest.MonkeyPatch) -> None:
    place.end(1, 2)
    looked: list[str] = []

    def worker_comes(runtime: Runtime, run: str) -> None:
        looked.append(run)
        a_worker(runtime, run)

    before_waiting(monkeypatch, worker_comes)
    done = place.run("--distributed", "--wait")
    assert (done.code, sorted(place.effects)) == (0, ["s1", "s2"]), done
    assert f"Run {looked[0]} is over: 2 of 2 changes." in done.err
    nothing = place.apply("--distributed", "--wait")
    assert (nothing.code, "workers" in nothing.err) == (0, False)


STEPS = {
    "before the tables of the queue": (Queue, "prepare", False),
    "after the tables of the queue": (Queue, "prepare", True),
    "before the shards": (PostgresShards, "put", False),
    "after the shards": (PostgresShards, "put", True),
    "before the jobs": (Queue, "submit", False),
    "after the jobs": (Queue, "submit", True),
    "before the commit": (Session, "commit", False),
}


@pytest.mark.parametrize("step", STEPS.values(), ids=STEPS)
def test_an_apply_that_dies_while_it_hands_over_leaves_nothing_of_it(
    place: Outside, monkeypatch: pytest.MonkeyPatch, step: tuple[Any, str, bool], empty: Room
) -> None:
    place.end(1)
    owner, name, after = step
    act = getattr(owner, name)
    joined: list[PostgresStore] = []
    together = PostgresStore.together

    @contextmanager
    def joining(self: PostgresStore) -> Iterator[Any]:
        with together(self) as spoken:
            joined.append(self)
            yield spoken

    def dying(self: Any, *words: Any) -> Any:
        if not joined or (owner is Session and self is not joined[0]._session):
            return act(self, *words)
        if after:
            act(self, *words)
        joined[0]._session.drop()
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(PostgresStore, "together", joining)
        patched.setattr(owner, name, dying)
        assert place.apply("--distributed").code != 0
    assert empty.book().open_shards() == []
    assert place.effects == []
    assert place.run("worker", "--until-idle").code == 0
    assert place.effects == []
    _, run = handed_over(place)
    assert place.run("worker", "--until-idle").code == 0
    assert (place.effects, place.run("runs", run).code) == (["s1"], 0)


def test_a_freeze_holds_what_workers_have_not_begun(place: Outside) -> None:
    place.end(1)
    _, run = handed_over(place)
    assert place.run("freeze", "--reason", "audit").code == 0
    runs = place.run("runs", "--format", "json").document["runs"]
    assert [item["command"] for item in runs][:2] == ["freeze", "apply"]
    assert place.run("thaw").code == 0
    assert place.run("worker", "--run", run).code == 0
    assert place.effects == ["s1"]


def test_workers_need_a_store_that_they_can_share(world: World) -> None:
    world.specs("visio:\n  facts: {product: VISIOCLIENT, term: monthly, start: 2026-03-31}\n")
    told = set()
    for words in (["--distributed"], ["refresh", "--distributed"], ["worker"], ["runs"]):
        done = world.run(*words, "--format", "json", as_of=None)
        assert (done.code, done.document["error"]["code"]) == (64, "not-distributable")
        told.add((done.document["error"]["message"], done.document["error"]["hint"]))
    assert len(told) == 1
    assert not world.store.exists()
    for words in (["--wait"], ["refresh", "--wait"]):
        done = world.run(*words, "--format", "json", as_of=None)
        assert (done.code, done.document["error"]["code"]) == (64, "not-distributed")


def test_a_run_that_there_is_none_of_is_told(place: Outside) -> None:
    for words in (["runs", "nonesuch"], ["runs", "nonesuch", "--take-back"], ["worker", "--run", "nonesuch"]):
        done = place.run(*words, "--format", "json")
        assert (done.code, done.document["error"]["code"]) == (64, "no-such-run")
    assert place.run("runs", "--take-back", "--format", "json").document["error"]["code"] == "no-such-run"


def test_what_is_ours_to_record_needs_no_worker(world: World, empty: Room) -> None:
    world.specs("visio:\n  facts: {product: VISIOCLIENT, term: monthly, start: 2026-03-31}\n")
    done = world.run("--distributed", "--store", empty.url, as_of=None)
    assert (done.code, "with the workers" in done.err) == (0, False)
    told = world.run("runs", "--store", empty.url, as_of=None)
    assert (told.code, "finished  apply by" in told.out) == (0, True)

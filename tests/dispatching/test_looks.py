"""Looks by workers as processes: a real server, and emulators of two billing systems that misbehave."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from typing import Any

import pytest

from reconciler.cli.entry import run
from reconciler.model import Cancel
from reconciler.testing.emulators import Fault, serve
from reconciler.testing.emulators.wire import Delivery, Request
from tests.cli.outside.houses import COUNT, House, Microsoft, Stripe
from tests.dispatching.lookout import start_worker
from tests.dispatching.test_workers import SLUGGISH, ending, until
from tests.stores.postgres.places import Room, empty, server

__all__ = ["empty", "server"]

SHOPS = 6


@dataclass
class Estate:
    """Shops that are all served by one emulator, and two accounts of another."""

    folder: Path
    room: Room
    shops: House
    cloud: House
    environ: dict[str, str]
    capture: pytest.CaptureFixture[str]

    def reconcile(self, *words: str) -> tuple[int, dict[str, Any]]:
        """A command of this process, and its document."""
        self.capture.readouterr()
        code = run([*words, "--format", "json", "-C", str(self.folder)])
        return code, json.loads(self.capture.readouterr().out)

    def handed_over(self) -> str:
        """The refresh that workers have now."""
        code, document = self.reconcile("refresh", "--distributed")
        assert code == 5, document
        return str(document["run"])

    def worker(self, lasts: float = 20.0) -> subprocess.Popen[str]:
        """One more worker."""
        return start_worker(self.folder, self.environ, lasts)

    def kept(self) -> list[dict[str, Any]]:
        """The store, but for when things were looked at."""
        *lines, _digest = (json.loads(line) for line in b"".join(self.room.postgres.export()).splitlines())
        return [{**line, "at": None} for line in lines]

    def names(self) -> set[str]:
        """The accounts of which anything is kept."""
        return set(self.room.open().observations())

    def lists(self, house: House) -> int:
        """So often was somebody asked for a list."""
        return sum("subscriptions?" in line.lower() for line in house.emulator.asked)


@pytest.fixture
def estate(
    tmp_path: Path, empty: Room, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> Iterator[Estate]:
    """An estate with a store that knows nothing yet."""
    shops, cloud = Stripe(), Microsoft()
    accounts = {f"shop-{number}": f"{{provider: stripe, {shops.account}}}" for number in range(SHOPS)}
    accounts["cloud"] = f"{{provider: microsoft, {cloud.account}}}"
    settings = "".join(f"  {name}: {said}\n" for name, said in accounts.items())
    (tmp_path / "specs").mkdir()
    (tmp_path / "reconcile.yaml").write_text(f"version: 1\naccounts:\n{settings}", encoding="utf-8")
    for name in accounts:
        id = "90000000-0000-0000-0000-000000000009" if name == "cloud" else f"sub_1None{name}"
        text = f"version: 1\naccount: {name}\nsubscriptions: {{x: {{id: {id}}}}}\n"
        (tmp_path / f"specs/{name}.yaml").write_text(text, encoding="utf-8")
    empty.make()
    with serve(shops.emulator) as first, serve(cloud.emulator) as second:
        environ = {"RECONCILE_STORE": empty.url, shops.endpoint: first, cloud.endpoint: second}
        for name, value in environ.items():
            monkeypatch.setenv(name, value)
        yield Estate(tmp_path, empty, shops, cloud, environ, capfd)


@contextmanager
def working(*workers: subprocess.Popen[str]) -> Iterator[None]:
    """They end well, once there is nothing left."""
    with ending(*workers):
        yield
        assert [worker.wait(SLUGGISH) for worker in workers] == [0] * len(workers)


def test_workers_leave_what_a_refresh_by_one_process_leaves(estate: Estate) -> None:
    refresh = estate.handed_over()
    with working(estate.worker(), estate.worker()):
        pass
    code, document = estate.reconcile("runs", refresh)
    (found,) = document["runs"]
    assert (code, found["stage"], found["outcomes"]) == (0, "finished", {"succeeded": SHOPS + 1})
    by_workers = estate.kept()
    code, document = estate.reconcile("refresh")
    assert (code, [item["seen"] for item in document["accounts"]]) == (0, [COUNT] * (SHOPS + 1))
    assert estate.kept() == by_workers


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        ({"status": 429, "headers": {"Retry-After": "3600"}}, "rate-limited"),
        ({"status": 503}, "unreachable"),
    ],
    ids=["429", "503"],
)
def test_an_account_that_does_not_answer_fails_alone(estate: Estate, answer: dict[str, Any], code: str) -> None:
    estate.cloud.emulator.faults.add(Fault("status", times=None, value=answer))
    refresh = estate.handed_over()
    with working(estate.worker(), estate.worker()):
        pass
    assert estate.names() == {f"shop-{number}" for number in range(SHOPS)}
    ended, document = estate.reconcile("runs", refresh)
    (found,) = document["runs"]
    assert (ended, found["outcomes"]) == (5, {"succeeded": SHOPS, "failed": 1})
    assert [(item["account"], item["code"]) for item in found["failures"]] == [("cloud", code)]


def test_what_a_worker_was_killed_in_the_middle_of_is_looked_at_by_another(estate: Estate) -> None:
    estate.shops.emulator.faults.add(Fault("hang", estate.shops.listing, 1, 60))
    refresh = estate.handed_over()
    first = estate.worker(lasts=1.0)
    with ending(first):
        until(lambda: estate.lists(estate.shops) == 1, "it does not look")
        first.kill()
        first.wait(SLUGGISH)
        assert estate.reconcile("runs", refresh)[0] == 5
        with working(estate.worker(lasts=1.0)):
            pass
    assert estate.reconcile("runs", refresh)[0] == 0
    assert len(estate.names()) == SHOPS + 1
    assert estate.lists(estate.shops) == SHOPS + 1  # but for that one, each was asked once


def test_what_a_worker_sees_that_was_frozen_past_its_lease_is_not_kept(estate: Estate) -> None:
    first, woken = Event(), Event()
    answer = estate.shops.emulator.answer

    def late(request: Request, wait: Callable[[float], None] = lambda seconds: None) -> Delivery:
        found = answer(request, wait)
        if "subscriptions?" in request.line() and not first.is_set():
            first.set()
            woken.wait(SLUGGISH)
        return found

    estate.shops.emulator.answer = late  # type: ignore[method-assign]
    refresh = estate.handed_over()
    frozen = estate.worker(lasts=2.0)
    with ending(frozen):
        assert first.wait(SLUGGISH)
        os.kill(frozen.pid, signal.SIGSTOP)
        for number in range(1, COUNT + 1):
            estate.shops.turn(number, on=False)
        with working(estate.worker(lasts=2.0)):
            pass
        assert estate.reconcile("runs", refresh)[0] == 0
        before = b"".join(estate.room.postgres.export())
        woken.set()
        os.kill(frozen.pid, signal.SIGCONT)
        assert frozen.wait(SLUGGISH) == 0
    assert b"".join(estate.room.postgres.export()) == before
    kept = estate.room.open().observations()
    shown = [seen for name in kept if name != "cloud" for seen in kept[name].subscriptions.values()]
    assert {seen.cancellation for seen in shown} == {Cancel.AT_RENEWAL}

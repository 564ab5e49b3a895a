"""kill -9 between the intent and the call, between the call and its outcome, and while polling; then it is run again.

The command is a process of its own; so is the billing system where that is killed as well, with its ledger in a file.
"""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from urllib.request import urlopen

import pytest

from reconciler.testing.emulators import serve
from reconciler.testing.emulators.microsoft import MicrosoftEmulator
from tests.cli.outside.houses import HOUSES, House
from tests.cli.outside.world import Hours, Outside
from tests.cli.world import World
from tests.conftest import REPOSITORY

SLUGGISH = 60.0
"""Seconds after which a process is taken to hang."""

_DRIVER = """
import os, signal, sys
from importlib import import_module
import reconciler.services as services
from reconciler.cli.entry import run
from reconciler.outside.timing import Timing

services.timing_of = lambda clock: Timing(clock.now, wait=lambda seconds: None)
module, owner, name, when, nth = *sys.argv[1].split(":"), sys.argv[2], int(sys.argv[3])
holder = getattr(import_module(module), owner)
inner, calls = getattr(holder, name), 0


def wrapped(*args, **kwargs):
    global calls
    calls += 1
    if calls == nth and when == "before":
        os.kill(os.getpid(), signal.SIGKILL)
    result = inner(*args, **kwargs)
    if calls == nth and when == "after":
        os.kill(os.getpid(), signal.SIGKILL)
    return result


setattr(holder, name, wrapped)
sys.exit(run(sys.argv[4:]))
"""

_SERVER = """
import signal, sys
from datetime import datetime
from pathlib import Path
from reconciler.testing.emulators import serve
from tests.cli.outside.houses import HOUSES

house = HOUSES[sys.argv[1]](Path(sys.argv[2]), datetime.fromisoformat(sys.argv[3]))
with serve(house.emulator, port=int(sys.argv[4])) as url:
    print(url, flush=True)
    signal.pause()
"""

STORE = "reconciler.stores.sqlite:SqliteStore"
INTENDED = (f"{STORE}:intend", "after", 1)
"""The intent is durable, and nothing was sent."""
SENT = (f"{STORE}:record", "before", 1)
"""It was sent and answered, and nobody has taken that down."""
ACCEPTED = (f"{STORE}:accept", "before", 1)
"""It was accepted, and its token is lost."""
TAKEN_DOWN = (f"{STORE}:accept", "after", 1)
"""Its token is durable."""
POLLING = ("reconciler.providers.microsoft.writing:MicrosoftWriter:poll", "after", 1)
"""It was asked for once."""

Hop = tuple[str, str, int]


def real_now() -> datetime:
    """The machine's time: a process of its own has no other."""
    return datetime.now(UTC).replace(microsecond=0)


@contextmanager
def at(house: House, url: str, root: Path, capture: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Outside]:
    """A repository whose subscriptions are stored, and whose first one is to end."""
    hours = Hours(house.now)
    with monkeypatch.context() as patched:
        hours.set_for(patched)
        patched.setenv(house.endpoint, url)
        place = Outside(World(root, capture), house, url, hours)
        place.account()
        place.adopt()
        yield place


@pytest.fixture(params=sorted(HOUSES))
def place(
    request: pytest.FixtureRequest, tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Outside]:
    """An account at each billing system, in real time until somebody waits."""
    house: House = HOUSES[request.param](None, real_now())
    with serve(house.emulator) as url, at(house, url, tmp_path / "repository", capfd, monkeypatch) as made:
        yield made


def killed(place: Outside, hop: Hop) -> None:
    """An apply that does not get beyond that hop."""
    place.hours.passed = (real_now() - place.hours.start).total_seconds()
    command = [sys.executable, "-c", _DRIVER, hop[0], hop[1], str(hop[2]), "-C", str(place.world.root)]
    done = subprocess.run(command, capture_output=True, check=False, timeout=SLUGGISH)
    assert done.returncode == -signal.SIGKILL, done.stderr.decode() + done.stdout.decode()


def run_again(place: Outside, *, once: int) -> None:
    """The dry run tells what is open, and runs after it finish it; `once`: so often it was carried out before."""
    assert len(place.effects) == once
    looked = place.plan()
    assert (looked.code, looked.document["changes"]) == (0, [])
    open_ones = [item["detail"] for item in (*looked.document["blocked"], *looked.document["pending"])]
    assert len(open_ones) == 1
    assert "was begun on" in open_ones[0] or "works on it" in open_ones[0]
    assert "run-cut-off" in [item["code"] for item in looked.document["diagnostics"]]
    soon = place.apply()
    assert soon.code == (6 if soon.document["blocked"] else 5 if soon.document["pending"] else 0), soon
    if soon.code:
        assert "run again" in str(soon.document["blocked"]) or "the next apply asks" in str(soon.document["pending"])
        assert len(place.effects) == once, "nothing is sent on a guess"
        place.later()
        assert place.apply().code == 0
    elif once:
        notes = [item["detail"] for item in soon.document["diagnostics"] if item["code"] == "settled"]
        assert [note.endswith("was carried out") for note in notes] == [True]
    assert place.effects == ["s1"]
    place.converged()
    entries = place.run("history", "cloud/s1", "--format", "json").document["entries"]
    assert [entry["outcome"] for entry in entries if entry["kind"] != "adopt"][-1] == "succeeded"
    assert len([entry for entry in entries if entry["outcome"] == "succeeded"]) == 2, "adopted, and ended once"


@pytest.mark.parametrize(("hop", "once"), [(INTENDED, 0), (SENT, 1)], ids=["before the call", "after the call"])
def test_killed_around_the_call_nothing_is_lost_and_nothing_doubled(place: Outside, hop: Hop, once: int) -> None:
    place.end(1)
    killed(place, hop)
    run_again(place, once=once)
    assert not place.house.renews(1)


def test_killed_after_an_end_at_once_it_is_ended_once(place: Outside) -> None:
    place.kill(1)
    killed(place, SENT)
    run_again(place, once=1)
    assert [place.house.alive(number) for number in (1, 2, 3)] == [False, True, True]


@pytest.mark.parametrize("place", ["microsoft"], indirect=True)
@pytest.mark.parametrize(
    "hop", [ACCEPTED, TAKEN_DOWN, POLLING], ids=["before its token is kept", "its token kept", "while polling"]
)
def test_killed_while_the_provider_works_on_it_it_is_asked_for_again(place: Outside, hop: Hop) -> None:
    assert isinstance(place.house.emulator, MicrosoftEmulator)
    place.house.emulator.polls = 3
    place.kill(1)
    killed(place, hop)
    run_again(place, once=1)
    assert not place.house.alive(1)


@contextmanager
def emulator(provider: str, ledger: Path, port: int, now: datetime) -> Iterator[str]:
    """A billing system as a process of its own, which ends by kill -9."""
    command = [sys.executable, "-c", _SERVER, provider, str(ledger), now.isoformat(), str(port)]
    with subprocess.Popen(command, cwd=REPOSITORY, stdout=subprocess.PIPE, text=True) as running:
        try:
            assert running.stdout is not None
            url = running.stdout.readline().strip()
            assert url, "it did not start"
            yield url
        finally:
            running.kill()


def _effects(url: str) -> list[str]:
    with urlopen(f"{url}/_control/effects") as answer:
        return [effect["subscription"] for effect in json.load(answer)["effects"]]


@pytest.mark.parametrize("provider", sorted(HOUSES))
def test_killed_together_with_the_billing_system_it_is_carried_out_once(
    provider: str, tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    house: House = HOUSES[provider](None, real_now())  # only for its words: the one that is asked is a process
    ledger = tmp_path / "ledger"
    with emulator(provider, ledger, 0, house.now) as url:
        with at(house, url, tmp_path / "repository", capfd, monkeypatch) as place:
            place.end(1)
            killed(place, SENT)
        assert _effects(url) == [house.id(1)]
    port = urlsplit(url).port
    assert port is not None
    with emulator(provider, ledger, port, house.now) as again, monkeypatch.context() as patched:
        place.hours.set_for(patched)
        patched.setenv(house.endpoint, again)
        assert place.apply().code == 0
        assert _effects(again) == [house.id(1)]
        place.converged()

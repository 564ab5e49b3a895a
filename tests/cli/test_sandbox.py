"""`reconcile sandbox`: what it prints can be put into a shell as it is, and leads to the estate that it serves."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event
from urllib.request import urlopen

import pytest

from reconciler.cli import sandbox
from reconciler.desired import SpecText
from reconciler.registry import Registry
from reconciler.spec import load_settings
from reconciler.spec.options import missing_options
from reconciler.testing.emulators import EMULATORS
from tests.cli.world import World

SLUGGISH = 30.0
"""Seconds after which a process is taken to hang."""


@contextmanager
def process(*words: str, cwd: Path) -> Iterator[subprocess.Popen[str]]:
    """A sandbox as a process of its own, which is gone afterwards."""
    command = [sys.executable, "-m", "reconciler", "sandbox", *words]
    with subprocess.Popen(command, cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as running:
        try:
            yield running
        finally:
            running.kill()


def printed(running: subprocess.Popen[str]) -> list[str]:
    """All that it says before it waits."""
    assert running.stdout is not None
    lines: list[str] = []
    while not lines or "Ctrl-C" not in lines[-1]:
        line = running.stdout.readline()
        assert line, running.stderr.read() if running.stderr else ""
        lines.append(line)
    return lines


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody presses Ctrl-C as soon as it waits."""

    @contextmanager
    def stopped() -> Iterator[Event]:
        event = Event()
        event.set()
        yield event

    monkeypatch.setattr(sandbox, "_asked_to_stop", stopped)


@pytest.mark.parametrize("signal_number", [signal.SIGINT, signal.SIGTERM], ids=["Ctrl-C", "SIGTERM"])
def test_it_serves_until_it_is_told_to_stop_and_what_it_prints_can_be_put_into_a_shell(
    tmp_path: Path, signal_number: int
) -> None:
    with process("microsoft", "--size", "5", cwd=tmp_path) as running:
        lines = printed(running)
        shell = "".join(line for line in lines if not line.startswith("reconcile "))
        shell += "echo $RECONCILE_MICROSOFT_ENDPOINT\n"
        done = subprocess.run(["/bin/sh", "-e"], input=shell, cwd=tmp_path, capture_output=True, check=True, text=True)
        with urlopen(f"{done.stdout.strip()}/_control/state", timeout=SLUGGISH) as answer:
            assert answer.status == 200
        text = (tmp_path / "reconcile.yaml").read_text("utf-8")
        assert load_settings(SpecText("reconcile.yaml", text), Registry())[1] == ()
        assert (tmp_path / "specs").is_dir()
        running.send_signal(signal_number)
        assert running.wait(SLUGGISH) == 0
        assert running.stderr is not None
        assert running.stderr.read() == "Stopped.\n"


@pytest.mark.usefixtures("at_once")
@pytest.mark.parametrize("name", EMULATORS)
def test_the_settings_that_it_prints_are_all_that_the_provider_needs(world: World, name: str) -> None:
    done = world.run("sandbox", name, "--format", "json", as_of=None)
    assert done.code == 0
    document = done.document
    registry = Registry()
    settings, found = load_settings(SpecText("reconcile.yaml", document["settings"]), registry)
    assert found == ()
    assert settings is not None
    account = settings.accounts["sandbox"]
    assert account.provider == document["sandbox"] == name
    assert missing_options(account, registry.provider(name)) == []
    ((variable, url),) = document["environment"].items()
    assert (variable, url) == (f"RECONCILE_{name.upper().replace('-', '_')}_ENDPOINT", document["url"])
    assert url.startswith("http://127.0.0.1:")
    assert document["next"][1] == "reconcile import --account sandbox --from-provider -o specs/sandbox.yaml"


@pytest.mark.usefixtures("at_once")
def test_a_ledger_keeps_the_estate_for_the_next_time(world: World) -> None:
    first = world.run("sandbox", "microsoft", "--size", "3", "--ledger", "estate.jsonl", as_of=None)
    kept = (world.root / "estate.jsonl").read_bytes()
    again = world.run("sandbox", "microsoft", "--size", "9", "--ledger", "estate.jsonl", as_of=None)
    assert (first.code, again.code) == (0, 0)
    assert (world.root / "estate.jsonl").read_bytes() == kept


@pytest.mark.usefixtures("at_once")
def test_a_file_that_is_no_ledger_is_left_alone(world: World) -> None:
    world.write("estate.jsonl", "mine\n")
    done = world.run("sandbox", "microsoft", "--ledger", "estate.jsonl", "--format", "json", as_of=None)
    assert (done.code, done.document["error"]["code"]) == (1, "wrong-ledger")
    assert (world.root / "estate.jsonl").read_text("utf-8") == "mine\n"
    done = world.run("sandbox", "microsoft", "--ledger", "no/such/folder", "--format", "json", as_of=None)
    assert (done.code, done.document["error"]["code"]) == (1, "cannot-write")


@pytest.mark.usefixtures("at_once")
def test_a_port_that_is_taken_is_wrong_usage(world: World) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        done = world.run("sandbox", "stripe", "--port", port, "--format", "json", as_of=None)
    assert (done.code, done.document["error"]["code"]) == (64, "cannot-serve")
    assert f"port {port} cannot be used: Address already in use" in done.document["error"]["message"]


@pytest.mark.parametrize("words", ["google", "", "stripe --port 65536", "stripe --size 0"])
def test_what_there_is_not_is_wrong_usage(world: World, words: str) -> None:
    assert world.run("sandbox", *words.split(), as_of=None).code == 64


@pytest.mark.usefixtures("at_once")
def test_the_signals_of_the_caller_are_as_they_were(world: World) -> None:
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    assert world.run("sandbox", "stripe", "--size", "1", as_of=None).code == 0
    assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)] == before


def test_it_stops_where_it_is_told_to() -> None:
    with sandbox._asked_to_stop() as stop:
        assert not stop.is_set()
        os.kill(os.getpid(), signal.SIGINT)
        assert stop.wait(SLUGGISH)


def test_programs_that_start_it_get_the_document_before_it_waits(tmp_path: Path) -> None:
    with process("stripe", "--size", "2", "--format", "json", cwd=tmp_path) as running:
        assert running.stdout is not None
        text, depth = "", 0
        for line in running.stdout:
            text += line
            depth += line.count("{") - line.count("}")
            if depth == 0:
                break
        assert json.loads(text)["sandbox"] == "stripe"

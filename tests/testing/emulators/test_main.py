from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

import pytest

from reconciler.testing.emulators import sample_estate
from reconciler.testing.emulators.__main__ import WRONG, main
from reconciler.testing.emulators.microsoft_estate import CONTOSO
from tests.testing.emulators.asking import Client


@contextmanager
def running(*words: str) -> Iterator[tuple[subprocess.Popen[str], Client]]:
    """An emulator as a process of its own, and a client of it; ended when the block ends."""
    command = [sys.executable, "-m", "reconciler.testing.emulators", *words]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    client = Client(process.stdout.readline().strip(), {"Authorization": "Bearer sandbox"})
    try:
        yield process, client
    finally:
        client.http.close()
        process.terminate()
        process.wait(10)
        process.stdout.close()


def product_path() -> str:
    name = next(iter(sample_estate("microsoft", 1).table("products"))).rpartition("/")[2]
    account = quote(CONTOSO)
    return f"/providers/Microsoft.Billing/billingAccounts/{account}/products/{name}?api-version=2024-04-01"


def test_what_was_done_survives_a_kill(tmp_path: Path) -> None:
    ledger = str(tmp_path / "microsoft.jsonl")
    words = ("microsoft", "--ledger", ledger, "--size", "1")
    with running(*words) as (process, client):
        client.control("POST", "faults", {"kind": "drop-after-commit", "match": "PATCH"})
        with pytest.raises(ConnectionError):
            client.ask("PATCH", product_path(), {"properties": {"autoRenew": "Off"}})
        effects = client.control("GET", "effects").body
        os.kill(process.pid, signal.SIGKILL)
        assert process.wait(10) == -signal.SIGKILL
    with running(*words) as (process, client):
        assert client.control("GET", "effects").body == effects
        assert [effect["verb"] for effect in effects["effects"]] == ["PATCH products"]
        assert client.ask("GET", product_path()).body["properties"]["autoRenew"] == "Off"
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0


def test_it_prints_its_url_first_and_ends_when_it_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    stop = threading.Event()
    stop.set()
    assert main(["stripe", "--size", "3", "--latency", "1"], until=stop) == 0
    assert capsys.readouterr().out.startswith("http://127.0.0.1:")


def test_a_ledger_of_another_emulator_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "other.jsonl"
    path.write_text("{}\n")
    assert main(["stripe", "--ledger", str(path)], until=threading.Event()) == WRONG
    assert "it is no ledger of the emulator stripe" in capsys.readouterr().err


def test_an_unknown_emulator_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["paypal"])
    assert caught.value.code == WRONG
    assert "microsoft" in capsys.readouterr().err

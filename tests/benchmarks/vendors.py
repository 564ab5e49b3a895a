"""Emulators as processes of their own, and what a measurement asks of them."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlsplit


@dataclass(frozen=True, slots=True)
class Vendor:
    """One emulator that runs."""

    name: str
    url: str

    def control(self, what: str, body: object = None) -> Any:
        """What its control endpoint answers; with a body it is told something."""
        line = HTTPConnection(urlsplit(self.url).netloc, timeout=60)
        sent = None if body is None else json.dumps(body).encode()
        line.request("GET" if body is None else "POST", f"/_control/{what}", sent)
        answer = line.getresponse()
        said = json.loads(answer.read())
        line.close()
        if answer.status != 200:
            raise SystemExit(f"the emulator says: {said}")
        return said

    def table(self, name: str) -> dict[str, Any]:
        """One table of its documents."""
        found: dict[str, Any] = self.control(f"state?table={name}")["tables"][name]
        return found


@contextmanager
def vendor(name: str, size: int) -> Iterator[Vendor]:
    """An emulator of so many subscriptions, in a process of its own."""
    words = (sys.executable, "-m", "reconciler.testing.emulators", name, "--size", str(size))
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield Vendor(name, process.stdout.readline().strip())
        finally:
            process.terminate()
            process.wait(timeout=30)

"""One Chromium for each module of these tests, cut off from every network; gone again before other tests run."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, sync_playwright

FLAGS = (
    "--disable-gpu --disable-quic --no-first-run --disable-background-networking --disable-component-update "
    "--disable-sync --host-resolver-rules=MAP*~NOTFOUND"
).split()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """The machine's own Chromium; whoever asks for it is marked `needs("chromium")`."""
    # Its sandbox does not work for root, as which CI runs; the pages are our own.
    root = ["--no-sandbox"] if os.geteuid() == 0 else []
    # What it leaves behind must not meet other tests in the home directory.
    with tempfile.TemporaryDirectory() as home, sync_playwright() as playwright:
        surroundings: dict[str, str | float | bool] = {**os.environ, "HOME": home}
        opened = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=[*FLAGS, *root], env=surroundings
        )
        yield opened
        opened.close()

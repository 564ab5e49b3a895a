"""Virtual environments for peers, outside of this repository: made when first needed, from the machine's package index.

Each is named after its exact requirement and the Python it was made with, so that a change of either makes another.
"""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path

from tests.benchmarks.peers.contender import NotThere

_COMPLETE = "complete"


def default_folder() -> Path:
    """Where they are kept unless one says otherwise."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "reconcile-bench-peers"


def environment_of(requirement: str, folder: Path) -> Path:
    """The environment that holds this `name==version`; made on demand, and only a complete one is ever taken."""
    place = folder / f"{requirement}-py{platform.python_version()}"
    if not (place / _COMPLETE).exists():
        shutil.rmtree(place, ignore_errors=True)
        place.parent.mkdir(parents=True, exist_ok=True)
        _run(requirement, [sys.executable, "-m", "venv", str(place)])
        pip = [str(place / "bin" / "python"), "-m", "pip", "--disable-pip-version-check", "install", "--quiet"]
        _run(requirement, [*pip, "--only-binary", ":all:", requirement])
        (place / _COMPLETE).touch()
    return place


def _run(requirement: str, words: list[str]) -> None:
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        last = done.stderr.strip().splitlines()[-1:] or ["no word why"]
        raise NotThere(f"{requirement} cannot be installed: {last[0]}")


def version_of(place: Path, package: str) -> str:
    """What is installed there."""
    words = [
        str(place / "bin" / "python"),
        "-c",
        "import sys, importlib.metadata as m; print(m.version(sys.argv[1]))",
        package,
    ]
    return subprocess.run(words, capture_output=True, text=True, check=True).stdout.strip()

"""Runs one process to its end or its limit, and measures it from the outside: wall time, processor time, peak memory.

What a starter holds counts in the peak memory of what it starts. So the starter is a bare interpreter, and not us.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from tests.benchmarks.peers.contender import Asked, NotTheWork

_STARTER = """
import json, os, signal, sys, time
output, *words = sys.argv[1:]
files = [
    (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
    (os.POSIX_SPAWN_OPEN, 1, output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600),
    (os.POSIX_SPAWN_DUP2, 1, 2),
]
ended = {signal.SIGTERM}
signal.pthread_sigmask(signal.SIG_BLOCK, ended)  # until there is something that can be ended
began = time.perf_counter()
child = os.posix_spawnp(words[0], words, os.environ, file_actions=files, setpgroup=0, setsigmask=())
signal.signal(signal.SIGTERM, lambda *_: os.killpg(child, signal.SIGKILL))
signal.pthread_sigmask(signal.SIG_UNBLOCK, ended)
_, status, usage = os.wait4(child, 0)
seconds = time.perf_counter() - began
print(json.dumps([seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss, os.waitstatus_to_exitcode(status)]))
"""
_TAIL = 16_384
_PER_MEBIBYTE = 1024 * 1024 if sys.platform == "darwin" else 1024


@dataclass(frozen=True, slots=True)
class Timed:
    """A process that ended well: seconds by the clock and of the processor, and the peak of its largest process."""

    seconds: float
    processor: float
    mebibytes: float
    output: str
    """The end of what it printed, on either stream."""


def environment(home: Path) -> dict[str, str]:
    """What every measured process gets, and no more: nobody's settings, nobody's caches, no calls home."""
    return {
        "PATH": os.defpath,
        "HOME": str(home),
        "XDG_CACHE_HOME": str(home / "cache"),
        "LANG": "C.UTF-8",
        "TZ": "UTC",
        "CHECKPOINT_DISABLE": "1",  # Terraform would ask for newer versions of itself
    }


def timed(asked: Asked, home: Path, limit: float) -> Timed | None:
    """Run it; None where it was ended at its limit, with all that it had started."""
    home.mkdir(parents=True, exist_ok=True)
    output = home / "output.txt"
    words = [sys.executable, "-I", "-S", "-c", _STARTER, str(output), *asked.words]
    surroundings = environment(home) | dict(asked.environment)
    with subprocess.Popen(
        words, cwd=asked.cwd, env=surroundings, stdout=subprocess.PIPE, text=True, start_new_session=True
    ) as process:
        try:
            told, _ = process.communicate(timeout=limit)
        except subprocess.TimeoutExpired:
            return None
        finally:
            process.terminate()  # it ends what it started, and waits for that: so the time of it is known to be ours
    return _judged(asked, told, _tail(output))


def _judged(asked: Asked, told: str, output: str) -> Timed:
    if not told:
        raise NotTheWork(f"{asked.words[0]} could not be started")
    seconds, processor, peak, code = json.loads(told)
    if code != 0:
        raise NotTheWork(f"{' '.join(asked.words)} ended with {code}:\n{output}")
    return Timed(seconds, processor, peak / _PER_MEBIBYTE, output)


def _tail(output: Path) -> str:
    with output.open("rb") as file:
        file.seek(max(0, output.stat().st_size - _TAIL))
        return file.read().decode("utf-8", "replace")

"""A worker as a process, with all that `reconcile worker` has, but for how soon it counts as gone.

python -m tests.dispatching.lookout FOLDER LASTS
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping
from pathlib import Path

from reconciler.carrying import Tenure
from reconciler.dispatching.queue import Beats
from reconciler.distributing import Shift, work
from reconciler.options import Options
from reconciler.runtime import Runtime


def start_worker(folder: Path, environ: Mapping[str, str], lasts: float = 20.0) -> subprocess.Popen[str]:
    """Until nothing is left for anybody. Its store and the endpoints are in the environment."""
    words = (sys.executable, "-m", "tests.dispatching.lookout", str(folder), str(lasts))
    return subprocess.Popen(words, env={**os.environ, **environ}, text=True)


def main() -> None:
    folder, lasts = Path(sys.argv[1]), float(sys.argv[2])
    asked = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: asked.set())
    beats = Beats(lasts / 4, lasts, "* * * * * *")
    work(Runtime(Options(directory=folder)), Shift(1, True, None, Tenure(lasts, lasts / 4), beats), asked.is_set)


if __name__ == "__main__":
    main()

"""What stands for this program's version, and for that of its code while somebody works on it. Must stay light."""

from __future__ import annotations

import os
import sys


def program() -> bytes:
    """Another one after every change of this package or of the Python that runs it."""
    newest = files = 0
    folders = [os.path.dirname(__file__)]  # noqa: PTH120 - start-up: a Path for each of some hundred
    while folders:
        with os.scandir(folders.pop()) as entries:
            for entry in entries:
                if entry.name.endswith(".py"):
                    files += 1
                    newest = max(newest, entry.stat().st_mtime_ns)
                elif entry.is_dir(follow_symlinks=False) and not entry.name.startswith("__"):
                    folders.append(entry.path)
    version = sys.modules[__name__.partition(".")[0]].__version__  # to import it would lead upwards
    return f"{version} {files} {newest} {sys.version}".encode()

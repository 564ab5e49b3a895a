"""The yardstick for reading very many specs: every event of every file, by PyYAML's parser in C, in some processes.

Run as a process of its own: `python -m tests.benchmarks.scanning FOLDER [PROCESSES]`.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from yaml._yaml import CParser
from yaml.events import StreamEndEvent


def scan(files: list[Path]) -> int:
    """How many events these files hold."""
    events = 0
    for path in files:
        get_event = CParser(path.read_text(encoding="utf-8")).get_event
        while get_event().__class__ is not StreamEndEvent:
            events += 1
    return events


def main(folder: str, processes: int) -> None:
    """Scan the folder's files, each process its share."""
    files = sorted(Path(folder).rglob("*.yaml"))
    children = []
    for number in range(processes):
        child = os.fork()
        if not child:
            scan(files[number::processes])
            os._exit(0)
        children.append(child)
    for child in children:
        os.waitpid(child, 0)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 2)

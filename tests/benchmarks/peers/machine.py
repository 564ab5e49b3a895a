"""What a run's figures depend on beside the programs: processors, memory, system, and how busy the machine was."""

from __future__ import annotations

import os
import platform
import re
import resource
import time
from dataclasses import dataclass, field
from pathlib import Path

_STAT = Path("/proc/stat")


def machine() -> dict[str, str]:
    """In words, for people; what a system does not tell is left out."""
    found = {
        "system": f"{platform.system()}, {platform.machine()}",
        "processors": str(os.cpu_count()),
        "processor": _first("/proc/cpuinfo", r"^model name\s*: (.+)$"),
        "memory": _memory(),
    }
    return {name: value for name, value in found.items() if value}


@dataclass(frozen=True, slots=True)
class Beside:
    """How many processors others kept busy since this was made: what no figure here can be cleared of."""

    began: float = field(default_factory=time.monotonic)
    busy: float = field(default_factory=lambda: _busy() - _own())

    def processors(self) -> str:
        """On average, in words; nothing where the system does not tell."""
        if not _STAT.exists():
            return ""
        return f"{max(0.0, _busy() - _own() - self.busy) / (time.monotonic() - self.began):.2f}"


def _busy() -> float:
    """Seconds that all processors together have worked since the machine was started, waiting left out."""
    if not _STAT.exists():
        return 0.0
    user, nice, system, _idle, _waiting, *interrupts = map(int, _STAT.read_text("utf-8").split("\n")[0].split()[1:8])
    return float(user + nice + system + sum(interrupts)) / os.sysconf("SC_CLK_TCK")


def _own() -> float:
    """Seconds of processor time of this process, and of all that it started and that ended."""
    both = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in both)


def _memory() -> str:
    kibibytes = _first("/proc/meminfo", r"^MemTotal:\s*(\d+) kB$")
    return f"{int(kibibytes) / 1024 / 1024:.0f} GiB" if kibibytes else ""


def _first(file: str, pattern: str) -> str:
    path = Path(file)
    found = re.search(pattern, path.read_text("utf-8"), re.MULTILINE) if path.exists() else None
    return found[1] if found else ""

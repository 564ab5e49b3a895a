"""What a command line said, as values: where to run, what to narrow to, what to allow, how long to wait.

Decides nothing; the runtime builds a command's world from it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from reconciler.errors import UsageError
from reconciler.refresh import Refresh
from reconciler.safety import Allow


class SystemClock:
    """Real time."""

    def now(self) -> datetime:
        """Now, to the second: what is stored and compared has no finer grain."""
        return datetime.now(UTC).replace(microsecond=0)


@dataclass(frozen=True, slots=True)
class Options:
    """What the command line said, parsed; defaults mean `not said`."""

    directory: Path = Path()
    settings_file: str | None = None
    store: str | None = None
    as_of: datetime | None = None
    select: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    paths: tuple[str, ...] = ()
    """Files and folders as given, relative to `directory`."""
    shown_paths: tuple[str, ...] | None = None
    """The same as shown, from a saved plan; instead of `paths`."""
    allow: tuple[Allow, ...] = ()
    lock_timeout: float | None = None
    refresh: Refresh = field(default_factory=Refresh)
    correct: tuple[str, ...] = ()
    """The patterns of `--correct-drift`."""
    verify_content: bool = False
    """Look into every file, however it looks from outside."""


def new_lineage() -> str:
    """A new store's identity: a random UUID."""
    from uuid import uuid4  # start-up: only the first apply needs one

    return str(uuid4())


def parse_duration(text: str) -> float:
    """Seconds, from `10s`, `2m`, `500ms` or a bare number of seconds; UsageError for anything else."""
    for suffix, factor in (("ms", 0.001), ("s", 1.0), ("m", 60.0), ("h", 3600.0), ("", 1.0)):
        number = text.removesuffix(suffix) if suffix else text
        if text.endswith(suffix) and number.replace(".", "", 1).isascii() and number.replace(".", "", 1).isdigit():
            return min(float(number) * factor, 86_400.0)
    raise UsageError("bad-duration", f"{text!r} is no duration", "write 10s, 2m or 500ms")

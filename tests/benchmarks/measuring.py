"""What a measurement of a process tells: shared by those who measure, which are run by each other."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol


class Measured(Protocol):
    """What a measurement tells of a process."""

    @property
    def seconds(self) -> float:
        """Wall time."""
        ...

    @property
    def mebibytes(self) -> float:
        """Peak memory."""
        ...


Measure = Callable[[Sequence[str], Path], Measured]

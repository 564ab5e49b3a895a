"""The product's modules compiled, as pip leaves them: what is measured is never the compiling of our own sources."""

from __future__ import annotations

import compileall
from pathlib import Path

import reconciler


def compiled() -> None:
    """Compile what has changed since it was last compiled, also where PYTHONDONTWRITEBYTECODE keeps runs from it."""
    if not compileall.compile_dir(Path(reconciler.__file__).parent, quiet=2):
        raise SystemExit("some module cannot be compiled")

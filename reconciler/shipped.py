"""Texts that ship with the package and are read when they are asked for: the lifecycle policies, a file for each.

Must not know what a policy says: the spec package reads its YAML.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from reconciler.desired import SpecText

_FOLDER: Final = Path(__file__).parent / "data" / "lifecycles"
_SHOWN_AS: Final = "reconciler/data/lifecycles"


def lifecycle_text(name: str) -> SpecText:
    """The policy file of a lifecycle that ships with the package; its name is one of `spec.lifecycles.SHIPPED`."""
    return SpecText(f"{_SHOWN_AS}/{name}.yaml", (_FOLDER / f"{name}.yaml").read_text("utf-8"))

"""PyYAML's C parser, or a plain word about its absence: the Python one is too slow, and differs in places."""

from __future__ import annotations

from reconciler.errors import ReconcilerError

try:
    from yaml._yaml import CParser
except ImportError as missing:
    raise ReconcilerError(
        "no-libyaml",
        "this PyYAML was built without libyaml, its parser in C",
        "install PyYAML from a wheel: pip install --force-reinstall --only-binary :all: PyYAML",
    ) from missing

__all__ = ["CParser"]

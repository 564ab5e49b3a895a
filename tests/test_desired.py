"""What the specs want, as a whole."""

from __future__ import annotations

from reconciler.desired import DesiredState
from reconciler.diagnostics import error, warning


def test_only_an_error_forbids_planning() -> None:
    assert not DesiredState(diagnostics=(warning("a", "x"),)).has_errors
    assert DesiredState(diagnostics=(warning("a", "x"), error("b", "y"))).has_errors

"""The public API is pinned: a name that comes or goes is a decision, and a line here."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import reconciler

PUBLIC = (
    "ApplyReport Change DesiredSubscription Diagnostic Kind Money Options Outcome Plan Provider ReconcilerError "
    "Runtime StoredSubscription SubscriptionKey Term Verdict"
).split()


def test_the_public_names_are_these() -> None:
    assert reconciler.__all__ == PUBLIC


@pytest.mark.parametrize("name", PUBLIC)
def test_each_public_name_is_there(name: str) -> None:
    assert getattr(reconciler, name).__name__ == name


def test_type_checkers_see_the_same_names() -> None:
    tree = ast.parse(Path(reconciler.__file__).read_text(encoding="utf-8"))
    seen = [
        name.asname for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) for name in node.names if name.asname
    ]
    assert sorted(seen) == PUBLIC


def test_another_name_is_not_there() -> None:
    with pytest.raises(AttributeError, match="no attribute 'destroy'"):
        _ = reconciler.destroy


def test_importing_it_loads_no_module_of_ours() -> None:
    script = "import sys, reconciler; print([name for name in sys.modules if name.startswith('reconciler.')])"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True, text=True)
    assert done.stdout == "[]\n"

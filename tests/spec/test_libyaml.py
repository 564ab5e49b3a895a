"""PyYAML's C parser must be there; without it there is a plain word instead of a traceback."""

from __future__ import annotations

import importlib
import sys

import pytest

from reconciler.errors import ReconcilerError
from reconciler.spec import libyaml


def test_the_parser_is_that_of_libyaml() -> None:
    assert libyaml.CParser.__module__ == "yaml._yaml"


def test_a_pyyaml_without_libyaml_is_an_expected_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "yaml._yaml", None)
    monkeypatch.delitem(sys.modules, "reconciler.spec.libyaml")
    with pytest.raises(ReconcilerError) as caught:
        importlib.import_module("reconciler.spec.libyaml")
    assert caught.value.code == "no-libyaml"
    assert "wheel" in caught.value.hint

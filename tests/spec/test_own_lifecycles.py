"""Settings with lifecycles of their own are the settings, and one key more."""

from __future__ import annotations

from reconciler.desired import SpecText
from reconciler.shipped import lifecycle_text
from reconciler.spec.own_lifecycles import WholeSettingsFile
from reconciler.spec.settings import load_settings
from reconciler.spec.settings_file import SettingsFile


def test_it_knows_one_key_more() -> None:
    assert WholeSettingsFile.model_fields.keys() - SettingsFile.model_fields.keys() == {"lifecycles"}


def test_a_key_that_is_nearly_that_one_is_told_so() -> None:
    text = "version: 1\naccounts: {contoso: {}}\nlifecycle: {mine: {like: classic}}\n"
    _, found = load_settings(SpecText("reconcile.yaml", text), {"ledger"}, lifecycle_text)
    assert [(item.code, item.hint) for item in found] == [("unknown-key", "did you mean 'lifecycles'?")]

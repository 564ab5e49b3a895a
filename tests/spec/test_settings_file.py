"""The model of reconcile.yaml: what its patterns take and refuse. What a file means is in test_settings."""

from __future__ import annotations

import re

import pytest

from reconciler.spec.settings_file import CREDENTIALS_PATTERN, FILE_PATTERN, FOLDER_PATTERN, URL_PATTERN, SettingsFile


@pytest.mark.parametrize(
    ("pattern", "text", "taken"),
    [
        pytest.param(URL_PATTERN, "sqlite:///state.db", True, id="a store beside the settings"),
        pytest.param(URL_PATTERN, "mysql://host/db", False, id="a store that there is not"),
        pytest.param(CREDENTIALS_PATTERN, "postgresql://u:secret@host/db", True, id="a password in the URL"),
        pytest.param(CREDENTIALS_PATTERN, "postgresql://u@host/db", False, id="a user alone"),
        pytest.param(FOLDER_PATTERN, "specs/all", True, id="a folder below"),
        pytest.param(FOLDER_PATTERN, "../specs", False, id="a folder above"),
        pytest.param(FILE_PATTERN, "lists/prices.csv", True, id="a file below"),
        pytest.param(FILE_PATTERN, "lists/", False, id="a folder where a file is due"),
    ],
)
def test_a_pattern_takes_what_it_should(pattern: str, text: str, taken: bool) -> None:
    assert bool(re.search(pattern, text)) is taken


def test_what_is_not_given_has_its_default() -> None:
    model = SettingsFile.model_validate({"version": 1, "accounts": {"contoso": {}}})
    assert (model.specs, model.store, model.prices, model.timezone) == ("specs", None, None, None)
    assert (model.accounts["contoso"].provider, model.accounts["contoso"].lifecycle) == ("ledger", None)

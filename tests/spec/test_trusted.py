"""The policies that ship, read the quick way: just what the models read."""

from __future__ import annotations

import pytest

from reconciler.diagnostics import Diagnostics, Location
from reconciler.shipped import lifecycle_text
from reconciler.spec.lifecycles import read_lifecycles
from reconciler.spec.positions import Document
from reconciler.spec.trusted import SHIPPED, shipped_lifecycles
from reconciler.spec.validate import Checked


@pytest.mark.parametrize("name", SHIPPED)
def test_a_shipped_policy_is_read_as_its_models_read_it(name: str) -> None:
    found = Diagnostics()
    place = Location("reconcile.yaml")
    document = Document("reconcile.yaml", "")
    by_models = read_lifecycles([(name, place)], {}, lifecycle_text, document, Checked(None), found)
    assert list(found) == []
    assert shipped_lifecycles([name], lifecycle_text) == by_models


def test_each_file_is_read_once_however_many_accounts_name_it() -> None:
    asked: list[str] = []

    def shipped(name: str) -> object:
        asked.append(name)
        return lifecycle_text(name)

    shipped_lifecycles(["plain", "classic", "plain"], shipped)  # type: ignore[arg-type]
    assert asked == ["plain", "classic"]

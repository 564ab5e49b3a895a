"""The providers there are: built in, and offered by installed packages."""

from __future__ import annotations

import importlib.metadata
import tomllib
from importlib.metadata import EntryPoint

import pytest

from reconciler.errors import ReconcilerError
from reconciler.providers.ledger import LedgerProvider
from reconciler.registry import GROUP, Registry
from tests.conftest import REPOSITORY


class Elsewhere(LedgerProvider):
    """A provider of another package."""

    name = "elsewhere"


class Rival(LedgerProvider):
    """Another that claims a name that is taken."""


def offer(monkeypatch: pytest.MonkeyPatch, **claims: str) -> list[str]:
    """Installed packages that claim these names; answers the groups that were asked for."""
    asked: list[str] = []

    def entry_points(*, group: str) -> list[EntryPoint]:
        asked.append(group)
        return [EntryPoint(name.rstrip("_"), f"{__name__}:{value}", GROUP) for name, value in claims.items()]

    monkeypatch.setattr(importlib.metadata, "entry_points", entry_points)
    return asked


def test_the_ledger_is_there_without_asking_the_installed_packages(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = offer(monkeypatch)
    registry = Registry()
    assert "ledger" in registry
    assert isinstance(registry.make("ledger"), LedgerProvider)
    assert asked == []


def test_the_ledger_is_registered_like_any_other(monkeypatch: pytest.MonkeyPatch) -> None:
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text("utf-8"))["project"]
    ((name, value),) = project["entry-points"][GROUP].items()
    monkeypatch.setattr(importlib.metadata, "entry_points", lambda group: [EntryPoint(name, value, group)])
    assert EntryPoint(name, value, GROUP).load() is LedgerProvider
    assert list(Registry()) == ["ledger"]


def test_a_package_adds_a_provider_and_is_asked_once(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = offer(monkeypatch, elsewhere="Elsewhere", ledger="LedgerProvider")
    registry = Registry()
    assert isinstance(registry.make("elsewhere"), Elsewhere)
    assert "elsewhere" in registry
    assert "nowhere" not in registry
    assert 7 not in registry
    assert list(registry) == ["elsewhere", "ledger"]
    assert asked == [GROUP]


@pytest.mark.parametrize(
    "claims", [{"ledger": "Rival"}, {"elsewhere": "Elsewhere", "elsewhere_": "Rival"}], ids=["built in", "each other's"]
)
def test_two_claims_on_one_name_are_refused(monkeypatch: pytest.MonkeyPatch, claims: dict[str, str]) -> None:
    offer(monkeypatch, **claims)
    with pytest.raises(ReconcilerError, match="two installed packages offer a provider named") as caught:
        list(Registry())
    assert (caught.value.code, caught.value.hint) == ("provider-claimed-twice", "remove one of them")
    assert f"{__name__}:Rival is one" in caught.value.message


def test_a_provider_that_cannot_be_loaded_is_an_expected_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    offer(monkeypatch, elsewhere="Missing")
    with pytest.raises(ReconcilerError, match=f"the provider elsewhere \\({__name__}:Missing\\) cannot be") as caught:
        "elsewhere" in Registry()  # noqa: B015 - asking is what fails
    assert (caught.value.code, caught.value.hint) == ("provider-broken", "mend or remove the package that offers it")

"""One command's world: settings, specs, prices and store, each found where it was said to be."""

from __future__ import annotations

from pathlib import Path

import pytest

from reconciler.errors import InputError, SpecError, UsageError
from reconciler.options import Options
from reconciler.world import World

SETTINGS = "version: 1\naccounts:\n  contoso: {provider: ledger}\n"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "specs").mkdir()
    (tmp_path / "reconcile.yaml").write_text(SETTINGS)
    return tmp_path


def a_world(root: Path, environ: dict[str, str] | None = None, **options: str) -> World:
    return World(Options(directory=root, **options), environ or {})  # type: ignore[arg-type]


def test_a_folder_without_settings_is_told_of_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        _ = a_world(tmp_path).settings_path
    assert caught.value.code == "no-settings"


def test_the_option_goes_before_the_environment_and_that_before_the_settings(root: Path) -> None:
    environ = {"RECONCILE_STORE": "sqlite:///there.db"}
    assert a_world(root).place.file == str(root / ".reconcile" / "state.db")
    assert a_world(root, environ).place.file == str(root / "there.db")
    assert a_world(root, environ, store="sqlite:///here.db").place.file == str(root / "here.db")


def test_what_is_no_store_is_refused(root: Path) -> None:
    with pytest.raises(UsageError) as caught:
        _ = a_world(root, store="mysql://x").place
    assert caught.value.code == "bad-store-url"


def test_specs_that_are_a_link_out_of_the_repository_are_refused(
    root: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    (root / "specs").rmdir()
    (root / "specs").symlink_to(tmp_path_factory.mktemp("elsewhere"), target_is_directory=True)
    with pytest.raises(SpecError) as caught:
        _ = a_world(root).texts
    assert [item.code for item in caught.value.diagnostics] == ["link-outside"]


def test_the_price_list_has_a_digest_and_none_has_none(root: Path) -> None:
    assert a_world(root).price_digest == ""
    (root / "reconcile.yaml").write_text(f"{SETTINGS}prices: prices.csv\n")
    (root / "prices.csv").write_text("product,term,billing,price\n")
    first = a_world(root).price_digest
    (root / "prices.csv").write_text("product,term,billing,price\nSPB,annual,annual,20 EUR\n")
    assert first not in ("", a_world(root).price_digest)

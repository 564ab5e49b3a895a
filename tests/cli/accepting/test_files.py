"""Spec files as they come: changed meanwhile, with a mark, behind a link, read twice; and how it is printed."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from reconciler.cli.replacing import replace_texts
from reconciler.registry import Registry
from tests.builders import NOW
from tests.cli.accepting.shop import FILE, OFF, ON, Shop
from tests.counter.patcher import patched


def test_a_file_that_was_changed_meanwhile_is_left_alone(drifted: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    file = drifted.world.root / FILE

    def meanwhile(place: Callable[..., None], /) -> Callable[..., None]:
        def placed(root: Path, files: Any) -> None:
            file.write_text("somebody else's\n")
            place(root, files)

        return placed

    monkeypatch.setattr("reconciler.cli.accepting.replace_texts", meanwhile(replace_texts))
    done = drifted.run("accept", "shop/visio", "--format", "json")
    assert (done.code, done.document["error"]["code"]) == (1, "file-changed")
    assert file.read_text() == "somebody else's\n"


def test_a_file_of_windows_keeps_its_breaks_its_mark_and_its_rights(drifted: Shop) -> None:
    file = drifted.world.root / FILE
    file.write_bytes(b"\xef\xbb\xbf" + file.read_bytes().rstrip(b"\n").replace(b"\n", b"\r\n"))
    file.chmod(0o640)
    before = file.read_bytes()
    patch = drifted.run("accept", "shop/visio", "--patch").out
    assert drifted.run("accept", "shop/visio").code == 0
    assert file.read_bytes() == before.replace(b"recurring: on", b"recurring: off")
    assert file.stat().st_mode & 0o777 == 0o640
    assert patched({FILE: before.decode()}, patch)[FILE] == file.read_bytes().decode()


def test_a_link_is_followed_and_stays_one(drifted: Shop) -> None:
    file, real = drifted.world.root / FILE, drifted.world.root / "specs" / ".shop.real"
    file.rename(real)
    file.symlink_to(real.name)
    assert drifted.run("accept", "shop/visio").code == 0
    assert file.is_symlink()
    assert "recurring: off" in real.read_text()


def test_a_file_that_is_read_under_two_paths_is_for_a_person(drifted: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is written for one account would be read for the other one, too."""
    monkeypatch.setattr(Registry, "__contains__", lambda self, name: True)
    settings = "version: 1\naccounts:\n  base: {provider: vendor}\n"
    root = drifted.world.root
    shutil.rmtree(root / ".reconcile")
    text = drifted.text.replace("account: shop\n", "")
    (root / FILE).unlink()
    drifted.world.write("reconcile.yaml", settings)
    for name in ("shop", "kiosk"):
        drifted.world.write(f"specs/{name}/_account.yaml", f"version: 1\naccount: {name}\nlike: base\ntenant: {name}\n")
    file = drifted.world.write("specs/shop/a.yaml", text)
    (root / "specs" / "kiosk" / "a.yaml").symlink_to("../shop/a.yaml")
    drifted.click("s1", recurring=ON)
    drifted.reconcile()
    drifted.click("s1", recurring=OFF)
    done = drifted.run("accept", "shop/visio", "--format", "json")
    (said,) = done.document["subscriptions"]
    assert (done.code, said["code"], file.read_text()) == (1, "unsafe-edit", text)
    assert said["why"].endswith("its file is read under another path, too")
    assert said["instead"] == "write it by hand: `recurring: off` at specs/shop/a.yaml:3:3"


def test_specs_with_errors_are_mended_first(drifted: Shop) -> None:
    drifted.world.write("specs/broken.yaml", "version: [1\n")
    assert drifted.run("accept", "shop/visio").code == 1


def test_formats_of_prose_have_the_patch_and_the_words(drifted: Shop) -> None:
    for name in ("github", "markdown"):
        done = drifted.run("accept", "shop/visio", "--patch", "--format", name)
        assert "+    recurring: off   # for now" in done.out
        assert "Accepted by the patch (1)" in done.out
    assert "+    recurring" not in drifted.run("accept", "shop/visio", "--format", "github").out


def test_what_was_kept_of_an_earlier_look_is_told_to_be_old(drifted: Shop) -> None:
    drifted.run()
    (said,) = drifted.accept("shop/visio", "--refresh", "none")["subscriptions"]
    assert said["notes"] == [
        f"so it was on {NOW:%Y-%m-%d at %H:%M} UTC, and nobody has looked since: --refresh all does"
    ]

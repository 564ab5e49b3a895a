"""What was changed outside goes into the spec, and then nothing is held any more."""

from __future__ import annotations

import subprocess
from datetime import timedelta
from typing import Any

import pytest

from reconciler.changes import Kind
from reconciler.model import Cancel
from reconciler.observed import Capabilities, Obstacle
from tests.builders import NOW
from tests.cli.accepting.shop import FILE, OFF, ON, VISIO, Shop, settled
from tests.counter.patcher import patched


def test_the_live_value_goes_into_the_spec_and_nothing_is_held_any_more(drifted: Shop) -> None:
    before = drifted.text
    store = drifted.world.store.read_bytes()
    done = drifted.run("accept", "shop/visio")
    assert done.code == 0, done.err
    assert drifted.text == before.replace("recurring: on", "recurring: off")
    assert "recurring on -> off outside" in done.out
    assert f"`recurring: off`    {FILE}:8:16" in done.out
    assert done.last == (
        "1 subscription accepted into 1 file. No provider was written to; look at it: reconcile --dry-run"
    )
    assert drifted.world.store.read_bytes() == store, "the store is only read"
    settled(drifted)
    entries = drifted.run("history", "shop/visio", "--format", "json").document["entries"]
    assert [entry["kind"] for entry in entries] == ["adopt", "noticed"]


def test_the_patch_is_the_same_and_writes_nothing(drifted: Shop) -> None:
    before = drifted.text
    done = drifted.run("accept", "shop/visio", "--patch")
    assert (done.code, drifted.text) == (0, before)
    assert done.out.startswith(f"--- a/{FILE}\n+++ b/{FILE}\n")
    assert "Nothing is written yet: `git apply` it, then `reconcile --dry-run`." in done.err
    taken = patched({FILE: before}, done.out)[FILE]
    assert drifted.run("accept", "shop/visio").code == 0
    assert drifted.text == taken


@pytest.mark.needs("git")
def test_git_takes_the_patch(drifted: Shop) -> None:
    patch = drifted.run("accept", "--all", "--patch").out
    subprocess.run(["git", "apply"], cwd=drifted.world.root, input=patch.encode(), check=True)
    settled(drifted)


def test_a_second_accept_has_nothing_to_do(drifted: Shop) -> None:
    drifted.run("accept", "shop/visio")
    text = drifted.text
    done = drifted.run("accept", "shop/visio")
    assert (done.code, drifted.text) == (0, text)
    assert "its spec wants already what stands there; the next apply takes note of it" in done.out
    assert done.last == "Nothing was accepted: 1 with nothing to accept."
    done = drifted.run("accept", "shop/visio", "--patch")
    assert (done.code, done.out) == (0, "")


OWN = [
    pytest.param("    recurring: off\n", {"recurring": ON}, "recurring: on", id="turned on outside"),
    pytest.param("    recurring: on\n", {"recurring": OFF}, "recurring: off", id="turned off outside"),
    pytest.param(
        "    recurring: on\n    reason: needed\n",
        {"recurring": OFF, "cancellation": Cancel.AT_RENEWAL},
        "cancel: at-renewal",
        id="cancelled at renewal outside",
    ),
    pytest.param(
        "    cancel: at-renewal\n", {"recurring": ON, "cancellation": Cancel.NONE}, "recurring: on", id="undone"
    ),
    pytest.param(
        "    cancel:\n      when: at-renewal\n      reason: gone\n",
        {"recurring": OFF, "cancellation": Cancel.NONE},
        "recurring: off",
        id="undone, and left off",
    ),
    pytest.param(
        "    cancel: {when: at-renewal, reason: gone}\n",
        {"recurring": ON, "cancellation": Cancel.NONE},
        "recurring: on",
        id="a block in braces",
    ),
    pytest.param(
        "    recurring: off\n    cancel: none\n",
        {"recurring": OFF, "cancellation": Cancel.AT_RENEWAL},
        "cancel: at-renewal",
        id="cancelled although none was wished",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("own", "click", "line"), OWN)
def test_each_way_to_drift(shop: Shop, own: str, click: dict[str, Any], line: str) -> None:
    shop.sells("s1", "s2")
    shop.specs(f"{VISIO}{own}  other: {{id: s2, recurring: on}}\n")
    shop.reconcile()
    shop.click("s1", **click)
    assert len(shop.plan()["held"]) == 1
    done = shop.run("accept", "shop/visio")
    assert done.code == 0, done.out
    head = f"version: 1\naccount: shop\nsubscriptions:\n{VISIO}"
    assert shop.text == f"{head}    {line}\n  other: {{id: s2, recurring: on}}\n"
    settled(shop)


@pytest.mark.parametrize(
    ("ends", "before", "click", "line"),
    [
        (Kind.TURN_OFF, {"recurring": ON}, {"recurring": OFF}, "recurring: off"),
        (
            Kind.CANCEL_AT_RENEWAL,
            {"recurring": ON},
            {"recurring": OFF, "cancellation": Cancel.AT_RENEWAL},
            "cancel: at-renewal",
        ),
    ],
    ids=["one that knows off alone", "one that knows the cancellation alone"],
)
def test_a_provider_that_folds_both_ends_is_told_in_its_own_word(
    shop: Shop, ends: Kind, before: dict[str, Any], click: dict[str, Any], line: str
) -> None:
    shop.sells("s1", capabilities=Capabilities(ends=frozenset({ends})), **before)
    shop.specs(f"{VISIO}    recurring: on\n")
    shop.reconcile()
    shop.click("s1", **click)
    assert shop.accept("shop/visio")["subscriptions"][0]["lines"] == [line]
    assert f"    {line}\n" in shop.text
    settled(shop)


def test_off_that_leads_into_a_paid_extension_is_said_in_full(shop: Shop) -> None:
    barred = {Kind.TURN_OFF: Obstacle("end-undecided", "off alone is extended", "say which")}
    shop.sells("s1", capabilities=Capabilities(barred=barred))
    shop.specs(f"{VISIO}    recurring: on\n")
    shop.reconcile()
    shop.click("s1", recurring=OFF)
    (said,) = shop.accept("shop/visio")["subscriptions"]
    assert said["lines"] == ["recurring: off", "cancel: none"]
    assert said["notes"] == [
        "it goes over into a paid extension when its term ends; `cancel: at-renewal` stops it then"
    ]
    settled(shop)


def test_an_inherited_pair_stays_where_it_is(shop: Shop) -> None:
    shop.sells("s1", "s2")
    shop.specs(f"{VISIO}  other: {{id: s2}}\n", head="defaults: {recurring: on}\n")
    shop.reconcile()
    shop.click("s1", recurring=OFF)
    before = shop.text
    (said,) = shop.accept("shop/visio")["subscriptions"]
    (note,) = said["notes"]
    assert note == f"it inherits `recurring: on` from {FILE}:3:23, which its own keys are stronger than"
    assert shop.text == before.replace("    id: s1\n", "    id: s1\n    recurring: off\n")
    settled(shop)


def test_the_entry_of_the_schedule_that_holds_is_written(shop: Shop) -> None:
    day, later = (NOW - timedelta(days=9)).date(), (NOW + timedelta(days=90)).date()
    shop.sells("s1", recurring=OFF)
    entries = f"    - from: {day}\n      recurring: off   # now\n      reason: planned\n"
    entries += f"    - {{from: {later}, recurring: on}}\n"
    shop.specs(f"{VISIO}    recurring: on\n    schedule:\n{entries}")
    shop.reconcile()
    shop.click("s1", recurring=ON)
    (said,) = shop.accept("shop/visio")["subscriptions"]
    assert (said["answer"], said["entry"]) == ("write", day.isoformat())
    assert said["notes"] == [f"from {later} on its schedule sets `recurring: on`"]
    assert f"    - from: {day}\n      recurring: on   # now\n    - {{from: {later}, recurring: on}}\n" in shop.text
    assert "    recurring: on\n    schedule:" in shop.text, "its own keys stay as they are"
    settled(shop)

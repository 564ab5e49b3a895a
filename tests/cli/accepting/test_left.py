"""What is left to a person, what is nothing to accept, and what cannot be read."""

from __future__ import annotations

from typing import Any

import pytest

from reconciler.errors import Unreachable
from reconciler.model import Status
from tests.cli.accepting.shop import FILE, OFF, ON, TERM, VISIO, Shop, refused, settled
from tests.cli.world import World


def test_what_ended_outside_is_for_a_person_to_take_out(shop: Shop) -> None:
    shop.sells("s1")
    shop.specs(f"{VISIO}    recurring: on\n")
    shop.reconcile()
    shop.click("s1", status=Status.DISABLED)
    said = refused(shop)
    assert (said["code"], said["why"]) == ("ended-outside", "it ended outside: it is disabled, which no spec can want")
    assert said["instead"] == (
        f"take `recurring: on` out at {FILE}:8:16, and nothing asks it back; or bring it back: "
        "reconcile --correct-drift shop/visio"
    )
    shop.specs(VISIO)
    settled(shop)


def test_one_that_is_deleted_is_not_said_to_come_back(shop: Shop) -> None:
    shop.sells("s1")
    shop.specs(f"{VISIO}    recurring: on\n")
    shop.reconcile()
    shop.click("s1", status=Status.DELETED)
    assert "bring it back" not in refused(shop)["instead"]


def test_one_that_came_back_outside_is_accepted(shop: Shop) -> None:
    shop.sells("s1", status=Status.DISABLED, recurring=OFF)
    shop.specs(f"{VISIO}    recurring: off\n")
    shop.reconcile()
    shop.click("s1", status=Status.ACTIVE, recurring=ON)
    assert [item["subscription"] for item in shop.plan()["held"]] == ["shop/visio"]
    assert shop.run("accept", "shop/visio").code == 0
    settled(shop)


def test_a_block_that_ended_it_at_once_goes_with_what_it_was_for(shop: Shop) -> None:
    start = TERM.start.date()
    block = f"    cancel:\n      when: immediately\n      reason: twice\n      confirm: shop/visio@{start}\n"
    shop.sells("s1", status=Status.DISABLED, recurring=OFF)
    shop.specs(VISIO + block)
    shop.reconcile()
    shop.click("s1", status=Status.ACTIVE, recurring=ON)
    assert shop.run("accept", "shop/visio").code == 0
    assert shop.text.endswith(f"{VISIO}    recurring: on\n")
    settled(shop)


def test_a_wish_that_nobody_applied_yet_is_no_drift(shop: Shop) -> None:
    shop.sells("s1")
    shop.specs(f"{VISIO}    recurring: on\n")
    shop.reconcile()
    shop.specs(f"{VISIO}    cancel: at-renewal\n")
    shop.click("s1", recurring=OFF)
    said = refused(shop)
    assert said["code"] == "wanted-otherwise"
    assert "its spec asks for cancel-at-renewal whatever happened outside" in said["why"]
    assert f"take `cancel: at-renewal` out at {FILE}:8:13" in said["instead"]


def test_an_end_at_once_that_waits_for_its_confirmation_is_left_alone(shop: Shop) -> None:
    shop.sells("s1")
    shop.specs(f"{VISIO}    recurring: on\n")
    shop.reconcile()
    shop.specs(f"{VISIO}    cancel: {{when: immediately, reason: twice}}\n")
    shop.click("s1", recurring=OFF)
    assert refused(shop)["code"] == "wanted-otherwise"


def test_protection_binds_us_and_nobody_else(shop: Shop) -> None:
    shop.sells("s1")
    shop.specs(f"{VISIO}    recurring: on\n    protect: true\n")
    shop.reconcile()
    shop.click("s1", recurring=OFF)
    (said,) = shop.accept("shop/visio")["subscriptions"]
    assert said["notes"] == [
        "it is protected, and it ends all the same: protection holds back what we do, and nobody else"
    ]
    settled(shop)


@pytest.mark.parametrize(
    ("click", "code"),
    [
        ({"recurring": OFF, "busy": "an operation is under way"}, "busy"),
        ({"recurring": OFF, "status": Status.UNKNOWN, "provider_status": "Odd"}, "status-unknown"),
    ],
)
def test_what_is_in_flux_is_not_written_down(shop: Shop, click: dict[str, Any], code: str) -> None:
    shop.sells("s1")
    shop.specs(f"{VISIO}    recurring: on\n")
    shop.reconcile()
    shop.click("s1", **click)
    assert refused(shop)["code"] == code


def test_what_is_not_there_any_more_is_told(drifted: Shop) -> None:
    del drifted.vendor.subscriptions["s1"]
    said = refused(drifted)
    assert (said["code"], said["why"]) == ("vanished", "shop does not have it any more")


def test_what_cannot_be_read_is_an_error_and_the_others_go_on(drifted: Shop) -> None:
    drifted.sells("s2")
    drifted.specs(f"{VISIO}    recurring: on\n  other: {{id: s2, recurring: on}}\n")
    drifted.run()
    drifted.click("s2", recurring=OFF)
    drifted.vendor.plays["get s1"] = [lambda: Unreachable("unreachable", "no answer")] * 20
    done = drifted.run("accept", "shop/visio", "shop/other", "--format", "json")
    said = {item["subscription"]: (item["answer"], item["code"]) for item in done.document["subscriptions"]}
    assert done.code == 5
    assert said["shop/other"] == ("write", None)
    assert said["shop/visio"][0] == "refused"
    assert "other: {id: s2, recurring: off}" in drifted.text


def test_an_account_in_trouble_is_an_error(drifted: Shop) -> None:
    drifted.vendor.plays["check"] = [lambda: Unreachable("unreachable", "no answer")] * 20
    assert refused(drifted)["code"] == "unreachable"


@pytest.mark.parametrize(
    ("account", "recorded", "said"),
    [
        ("provider: stripe, tenant: acct_2", "stripe, tenant acct_1", "stripe, tenant acct_2"),
        ("provider: stripe", "stripe, tenant acct_1", "stripe without a tenant"),
    ],
    ids=["another tenant", "none any more"],
)
@pytest.mark.parametrize("words", [("shop/visio",), ("--account", "shop"), ("--all",)], ids=" ".join)
def test_what_stands_in_another_account_than_the_recorded_one_is_no_drift(
    drifted: Shop, words: tuple[str, ...], account: str, recorded: str, said: str
) -> None:
    drifted.world.write("reconcile.yaml", f"version: 1\naccounts:\n  shop: {{{account}}}\n")
    before = drifted.text
    done = drifted.run("accept", "--format", "json", *words)
    (reply,) = done.document["subscriptions"]
    assert (done.code, reply["answer"], reply["code"], drifted.text) == (3, "refused", "wrong-account", before)
    assert reply["why"] == f"shop was recorded as {recorded}, the settings say {said}"
    assert [item["limit"] for item in drifted.plan()["refused"]] == ["wrong-account"], "as any run has it"


def test_the_others_are_accepted_beside_another_account(drifted: Shop) -> None:
    accounts = "  shop: {provider: stripe, tenant: acct_1}\n  fair: {provider: stripe, tenant: acct_9}\n"
    drifted.world.write("reconcile.yaml", f"version: 1\naccounts:\n{accounts}")
    drifted.sells("s2")
    drifted.world.write("specs/fair.yaml", "version: 1\naccount: fair\nsubscriptions:\n  word: {id: s2}\n")
    drifted.run()
    drifted.world.write("reconcile.yaml", f"version: 1\naccounts:\n{accounts.replace('acct_9', 'acct_8')}")
    done = drifted.run("accept", "--all")
    assert (done.code, "recurring: off" in drifted.text) == (3, True)
    assert "1 subscription accepted" in done.last


NOTHING: list[Any] = [
    pytest.param("    recurring: on\n", {}, "nothing of it was changed outside since we last knew it", id="no drift"),
    pytest.param("    recurring: on\n", {"seats": 9}, "only its seats changed outside, which no spec sets", id="seats"),
    pytest.param("", {"recurring": OFF}, "its spec says nothing about it", id="no pair"),
]


@pytest.mark.parametrize(("own", "click", "why"), NOTHING)
def test_without_drift_there_is_nothing_to_accept(shop: Shop, own: str, click: dict[str, Any], why: str) -> None:
    shop.sells("s1")
    shop.specs(VISIO + own)
    shop.reconcile()
    shop.click("s1", **click)
    before = shop.text
    done = shop.run("accept", "shop/visio")
    assert (done.code, shop.text) == (0, before)
    assert why in done.out


def test_what_an_inherited_wish_does_not_bring_back_is_not_held(shop: Shop) -> None:
    shop.sells("s1")
    shop.specs(VISIO, head="defaults: {recurring: on}\n")
    shop.reconcile()
    shop.click("s1", status=Status.DISABLED)
    assert "does not bring it back: nothing is held" in shop.run("accept", "shop/visio").out


def test_a_record_of_ours_cannot_drift(world: World) -> None:
    world.specs("visio: {facts: {product: SPB, term: annual, start: 2026-02-14}}")
    done = world.run("accept", "contoso/visio")
    assert done.code == 0
    assert "its records are our own, and none of them drifts" in done.out
    done = world.run("accept", "--all")
    assert (done.code, done.last) == (0, "Nothing was accepted.")


def test_one_that_is_not_adopted_has_not_drifted(shop: Shop) -> None:
    shop.sells("s1")
    shop.specs(f"{VISIO}    recurring: off\n")
    done = shop.run("accept", "shop/visio")
    assert done.code == 0
    assert "it is not adopted yet" in done.out


def test_one_that_no_file_declares_any_more_is_taken_note_of(drifted: Shop) -> None:
    drifted.specs("  other: {id: s2}\n")
    done = drifted.run("accept", "shop/visio")
    assert done.code == 0
    assert "no file declares it" in done.out


def test_everything_of_an_account_is_told_where_there_is_something(drifted: Shop) -> None:
    drifted.sells("s2", "s3")
    drifted.specs(f"{VISIO}    recurring: on\n  two: {{id: s2, recurring: on}}\n  three: {{id: s3}}\n")
    drifted.run()
    drifted.click("s2", recurring=OFF)
    for words in (("--account", "shop"), ("--all",)):
        done = drifted.run("accept", "--patch", "--format", "json", *words)
        document = done.document
        assert (done.code, document["others"], document["written"]) == (0, 1, False)
        assert [item["subscription"] for item in document["subscriptions"]] == ["shop/two", "shop/visio"]
    done = drifted.run("accept", "--all")
    assert done.last.startswith("2 subscriptions accepted into 1 file, 1 with nothing to accept.")
    settled(drifted)


@pytest.mark.parametrize(
    ("words", "code", "ends"),
    [
        ((), "accept-what", 64),
        (("shop/visio", "--all"), "accept-what", 64),
        (("--account", "shop", "--all"), "accept-what", 64),
        (("--account", "ship"), "no-such-account", 64),
        (("visio",), "bad-key", 64),
        (("shop/vision",), "not-declared", 1),
        (("--all", "--select", "shop/*"), "not-narrowed", 64),
    ],
)
def test_what_means_nothing_is_refused(drifted: Shop, words: tuple[str, ...], code: str, ends: int) -> None:
    done = drifted.run("accept", "--format", "json", *words)
    assert (done.document["error"]["code"], done.code) == (code, ends)

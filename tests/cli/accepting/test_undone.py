"""`reconcile undo RUN` for an account that lies with others: by what it shows now, the patch and the next apply."""

from __future__ import annotations

from typing import Any

import pytest

from reconciler.answers import Accepted
from reconciler.changes import Kind
from reconciler.errors import Unreachable
from reconciler.model import Cancel, Term
from reconciler.observed import Capabilities
from tests.cli.accepting.shop import FILE, OFF, ON, TERM, VISIO, Shop
from tests.counter.patcher import patched

ONLY_CANCELS = Capabilities(ends=frozenset({Kind.CANCEL_AT_RENEWAL}))
ONLY_TURNS_OFF = Capabilities(ends=frozenset({Kind.TURN_OFF}))


def said(shop: Shop, *words: str) -> list[tuple[str, str, str]]:
    """Each reply of undo as (verb, answer, why)."""
    document = shop.run("undo", "last", "--format", "json", *words).document
    return [(item["kind"], item["answer"], item["why"]) for item in document["changes"]]


def taken(shop: Shop, *words: str) -> None:
    """Undo the last run, and take its patch into the specs."""
    done = shop.run("undo", "last", *words)
    assert done.code == 0, done.out + done.err
    shop.world.write(FILE, patched({FILE: shop.text}, done.out)[FILE])


CANCELLED = {"recurring": OFF, "cancellation": Cancel.AT_RENEWAL}
WAYS = [
    pytest.param("recurring: on", "recurring: off", {}, id="turned off"),
    pytest.param("recurring: off", "recurring: on", {"recurring": OFF}, id="turned on"),
    pytest.param("recurring: on", "cancel: at-renewal", {}, id="cancelled at renewal"),
    pytest.param("cancel: at-renewal", "recurring: on", CANCELLED, id="a cancellation undone"),
]


@pytest.mark.parametrize(("first", "second", "standing"), WAYS)
@pytest.mark.parametrize(
    "capabilities", [Capabilities(), ONLY_CANCELS, ONLY_TURNS_OFF], ids=["both ends", "only cancels", "only turns off"]
)
def test_a_change_at_a_provider_goes_back_by_the_patch_and_the_next_apply(
    shop: Shop, first: str, second: str, standing: dict[str, Any], capabilities: Capabilities
) -> None:
    if capabilities is ONLY_CANCELS and "recurring" in standing:
        standing = CANCELLED
    if capabilities is ONLY_TURNS_OFF and "cancellation" in standing:
        standing = {"recurring": OFF}
    shop.sells("s1", capabilities=capabilities, **standing)
    before = shop.vendor.subscriptions["s1"]
    shop.specs(f"{VISIO}    {first}\n")
    shop.reconcile()
    shop.specs(f"{VISIO}    {second}\n")
    shop.reconcile()
    assert len(shop.vendor.ledger) == 1
    store = shop.world.store.read_bytes()
    taken(shop)
    assert (shop.world.store.read_bytes(), len(shop.vendor.ledger)) == (store, 1), "undo itself changes nothing"
    shop.reconcile()
    assert (shop.vendor.subscriptions["s1"], len(shop.vendor.ledger)) == (before, 2)
    assert shop.plan()["changes"] == []


def turned_off(shop: Shop) -> None:
    """The last run turned it off."""
    shop.sells("s1", "s2")
    shop.specs(f"{VISIO}    recurring: on\n  word: {{id: s2}}\n")
    shop.reconcile()
    shop.specs(f"{VISIO}    recurring: off\n  word: {{id: s2}}\n")
    shop.reconcile()


def test_what_is_ours_goes_back_without_a_call(shop: Shop) -> None:
    shop.sells("s1")
    shop.specs(VISIO)
    shop.reconcile()
    shop.specs(VISIO.replace("it@x", "ops@x"))
    shop.reconcile()
    taken(shop)
    assert shop.text.endswith(VISIO)
    shop.reconcile()
    assert (shop.vendor.ledger, shop.plan()["changes"]) == ([], [])


def test_a_name_goes_back(shop: Shop) -> None:
    shop.sells("s1")
    shop.specs(VISIO)
    shop.reconcile()
    shop.specs(f"{VISIO.replace('visio:', 'viso:')}    previously: visio\n")
    shop.reconcile()
    assert said(shop) == [("rename", "patch", "")]
    taken(shop)
    shop.reconcile()
    assert shop.plan()["changes"] == []
    assert shop.run("show", "shop/visio").code == 0


@pytest.mark.parametrize("live", [{"recurring": ON}, {"cancellation": Cancel.AT_RENEWAL}], ids=["back on", "cancelled"])
def test_what_somebody_changed_since_is_left_to_a_person(shop: Shop, live: dict[str, Any]) -> None:
    turned_off(shop)
    shop.click("s1", **live)
    done = shop.run("undo", "last")
    assert (done.code, done.out) == (5, "")
    assert "it is no longer as that run left it" in done.err
    assert "it was changed outside since: `reconcile --dry-run` tells what" in done.err


def test_drift_of_another_one_is_no_concern_of_it(shop: Shop) -> None:
    turned_off(shop)
    shop.click("s2", recurring=OFF, seats=9)
    assert said(shop) == [("turn-off-recurring", "patch", "")]


def test_a_term_that_is_over_by_now_cannot_be_taken_back(shop: Shop) -> None:
    turned_off(shop)
    shop.click("s1", term=Term(TERM.end, TERM.end.replace(year=TERM.end.year + 1)))
    ((kind, answer, why),) = said(shop)
    assert (kind, answer) == ("turn-off-recurring", "none")
    assert why.startswith("it has renewed since, on ")


def test_the_trouble_of_its_account_is_told(shop: Shop) -> None:
    turned_off(shop)
    shop.vendor.plays["check"] = [Unreachable("unreachable", "no answer") for _ in range(50)]
    ((kind, answer, why),) = said(shop)
    assert (kind, answer) == ("turn-off-recurring", "none")
    assert why == shop.plan()["blocked"][0]["detail"]


def test_one_that_is_gone_is_told(shop: Shop) -> None:
    turned_off(shop)
    del shop.vendor.subscriptions["s1"]
    assert said(shop) == [
        ("turn-off-recurring", "none", "it is stored as active, and shop does not have it any more"),
    ]


def test_nobody_is_asked_where_what_is_kept_will_do(shop: Shop) -> None:
    turned_off(shop)
    asked = len(shop.vendor.calls)
    assert said(shop, "--refresh", "none") == [("turn-off-recurring", "patch", "")]
    assert len(shop.vendor.calls) == asked
    assert said(shop) == [("turn-off-recurring", "patch", "")]
    assert len(shop.vendor.calls) > asked


def test_an_account_that_the_run_did_not_touch_is_not_asked(shop: Shop) -> None:
    turned_off(shop)
    accounts = "  shop: {provider: stripe, tenant: acct_1}\n  own: {provider: ledger}\n"
    shop.world.write("reconcile.yaml", f"version: 1\naccounts:\n{accounts}")
    shop.world.specs(
        "spb:\n  facts: {product: SPB, term: annual, start: 2026-02-14}", file="specs/own.yaml", account="own"
    )
    shop.reconcile()
    asked = len(shop.vendor.calls)
    assert said(shop) == [("register", "none", "only by its name a record is dropped, never by a spec")]
    assert len(shop.vendor.calls) == asked


def test_what_a_run_adopted_and_noticed_is_told_as_such(shop: Shop) -> None:
    turned_off(shop)
    shop.sells("s3")
    shop.click("s2", seats=9)
    shop.specs(f"{VISIO}    recurring: off\n  word: {{id: s2}}\n  more: {{id: s3}}\n")
    shop.reconcile()
    done = shop.run("undo", "last")
    assert (done.code, done.out) == (5, "")
    assert "adopted    shop/more" in done.err
    assert "remove it from the specs, then `reconcile forget shop/more`" in done.err
    assert "What time and others did is never taken back: 1 event." in done.err


def test_a_run_that_only_noticed_has_nothing_to_undo(shop: Shop) -> None:
    turned_off(shop)
    shop.click("s2", seats=9)
    shop.reconcile()
    entries = shop.run("history", "--format", "json").document["entries"]
    (run,) = {entry["run"] for entry in entries if entry["kind"] == "noticed"}
    done = shop.run("undo", run)
    assert done.code == 1
    assert f"the run {run} recorded only what others had done" in done.err


def test_what_is_still_under_way_is_waited_for(shop: Shop) -> None:
    shop.sells("s1")
    shop.specs(f"{VISIO}    recurring: on\n")
    shop.reconcile()
    shop.specs(f"{VISIO}    recurring: off\n")
    shop.vendor.plays["turn_off_recurring"] = [Accepted("token*9999")]
    assert shop.run().code == 6
    entries = shop.run("history", "shop/visio", "--format", "json").document["entries"]
    done = shop.run("undo", entries[-1]["run"], "--format", "json")
    (reply,) = done.document["changes"]
    assert (done.code, reply["answer"]) == (5, "none")
    assert reply["why"] == "it was begun and is not done yet, by its provider or by hand"

"""The other exit: what was changed outside is undone, where the account, the run or the plan says so."""

from __future__ import annotations

import json

from tests.cli.accepting.shop import OFF, ON, Shop, settled


def test_drift_is_undone_where_the_account_says_so(drifted: Shop) -> None:
    drifted.world.write(
        "reconcile.yaml",
        "version: 1\naccounts:\n  shop: {provider: stripe, tenant: acct_1, on_drift: correct}\n",
    )
    plan = drifted.plan()
    assert ([item["kind"] for item in plan["changes"]], plan["held"]) == (["turn-on-recurring"], [])
    drifted.reconcile()
    assert drifted.vendor.subscriptions["s1"].recurring is ON
    assert drifted.plan()["changes"] == []


def test_an_account_that_corrects_can_be_overruled_before(drifted: Shop) -> None:
    drifted.world.write(
        "reconcile.yaml",
        "version: 1\naccounts:\n  shop: {provider: stripe, tenant: acct_1, on_drift: correct}\n",
    )
    assert drifted.run("accept", "shop/visio").code == 0
    settled(drifted)


def test_drift_is_undone_where_the_run_names_it(drifted: Shop) -> None:
    assert drifted.run("--correct-drift", "other/*").code == 5, "held is not reached"
    assert drifted.vendor.subscriptions["s1"].recurring is OFF
    drifted.reconcile("--correct-drift", "shop/vis*")
    assert drifted.vendor.subscriptions["s1"].recurring is ON
    assert drifted.plan()["held"] == []


def test_a_saved_plan_undoes_what_it_was_made_to_undo(drifted: Shop) -> None:
    done = drifted.run("plan", "-o", "plan.json", "--correct-drift", "shop/*")
    assert done.code == 0
    saved = json.loads((drifted.world.root / "plan.json").read_text())
    assert saved["bindings"]["correct"] == ["shop/*"]
    done = drifted.run("apply", "plan.json")
    assert done.code == 0, done.out + done.err
    assert drifted.vendor.subscriptions["s1"].recurring is ON


def test_a_saved_plan_that_holds_it_goes_on_holding_it(drifted: Shop) -> None:
    drifted.run("plan", "-o", "plan.json")
    assert drifted.run("apply", "plan.json").code == 5
    assert drifted.vendor.subscriptions["s1"].recurring is OFF


def test_nobody_widens_a_saved_plan(drifted: Shop) -> None:
    drifted.run("plan", "-o", "plan.json")
    done = drifted.run("apply", "plan.json", "--correct-drift", "shop/*", "--format", "json")
    assert (done.code, done.document["error"]["code"]) == (64, "narrowed-apply")
    file = drifted.world.root / "plan.json"
    file.write_text(file.read_text().replace('"correct": []', '"correct": ["*"]'))
    done = drifted.run("apply", "plan.json", "--format", "json")
    assert (done.code, done.document["error"]["code"]) == (4, "stale-plan"), "what it would do was never approved"
    assert drifted.vendor.subscriptions["s1"].recurring is OFF
